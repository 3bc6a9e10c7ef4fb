"""One command, several roles. Heavy parts are imported by the role that needs them: `--help` answers at once."""

# ruff: noqa: PLC0415 (imports inside commands, for the reason above)

import asyncio
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.check_commands import ask_of_mapping, check
from app.errors import HandoffError
from app.jobs_commands import alarms_cli, jobs_cli
from app.log import configure_logging
from app.match_commands import match_cli
from app.policy_commands import policy_cli
from app.reconcile_commands import completeness, reconcile
from app.reseal_command import reseal
from app.settings import Settings, unknown_settings

if TYPE_CHECKING:
    from app.services.parts import Parts

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
token_cli = typer.Typer(no_args_is_help=True, help="Access tokens of the REST API.")
audit_cli = typer.Typer(no_args_is_help=True, help="The audit chain.")
sandbox_cli = typer.Typer(no_args_is_help=True, help="Stand-ins of the vendors, for trying things out.")
cli.add_typer(token_cli, name="token")
cli.add_typer(audit_cli, name="audit")
cli.add_typer(sandbox_cli, name="sandbox")
cli.add_typer(match_cli, name="match")
cli.add_typer(policy_cli, name="policy")
cli.add_typer(jobs_cli, name="jobs")
cli.add_typer(alarms_cli, name="alarms")

cli.command("check")(check)
cli.command("reconcile")(reconcile)
cli.command("completeness")(completeness)
cli.command("reseal")(reseal)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

# What a role cannot work without.
TO_SERVE = ("dialnexa_webhook_secrets", "goody_api_key")
TO_WORK = ("goody_api_key",)
ROLES = ("viewer", "reviewer", "approver", "admin", "agent", "ingest")


def main() -> None:
    """The console script. A failure we know of is one line, with what to do next, and exit code 1."""
    try:
        cli()
    except HandoffError as error:
        sys.exit(f"handoff: {error}")


def _load_settings(*required: str) -> Settings:
    settings = Settings.load()
    configure_logging(settings.log_level)
    for name in unknown_settings():
        typer.echo(f"handoff: {name} is set, but nothing in this version reads it. Is it misspelt?", err=True)
    settings.require(*required)
    return settings


@cli.command()
def serve(
    *,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only the web process; run `handoff worker` beside it.")
    ] = False,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Start although the mapping leaves out what handoffs need.")
    ] = False,
) -> None:
    """Take webhooks and serve the REST API; with a worker in the same process unless told otherwise."""
    settings = _load_settings(*TO_SERVE)
    if not settings.goody_webhook_secrets:
        typer.echo(
            "handoff: HANDOFF_GOODY_WEBHOOK_SECRETS is not set: Goody's webhooks are refused, changes seen by polling.",
            err=True,
        )
    if not settings.master_key:
        typer.echo(
            "handoff: HANDOFF_MASTER_KEY is not set: personal data (deliveries, transcripts, recordings) is stored as"
            " it comes. Make one with: openssl rand -base64 32",
            err=True,
        )
    from app.bootstrap import build_adapters, handlers_of, open_parts, refuse_without_keys
    from app.db.opening import open_database
    from app.main import create_app, listen, serve_app
    from app.worker import run_worker

    adapters = build_adapters(settings)
    ask_of_mapping(settings, adapters, is_incomplete_allowed=allow_incomplete)
    listener = listen(settings.host, settings.port)
    with listener, open_database(settings, bring_up_to_date=True) as database:
        asyncio.run(refuse_without_keys(database.url, adapters.vault))

        async def background(parts: "Parts", stopping: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(database.keep(stopping))
                if not no_worker:
                    concurrency = settings.worker_concurrency
                    tasks.create_task(run_worker(parts, handlers_of(parts), stopping, concurrency=concurrency))

        app = create_app(lambda: open_parts(settings, adapters, database.url), background)

        def on_ready() -> None:
            _spare_the_collector()
            typer.echo(f"handoff: serving at http://{settings.host}:{settings.port} (docs at /docs)", err=True)

        serve_app(app, listener, on_ready)


@cli.command()
def worker() -> None:
    """Run jobs: understand, match, decide, execute, settle. As many of these as are needed may run."""
    settings = _load_settings(*TO_WORK)
    import os
    import signal

    import uvloop

    # Who asks `serve` is waiting on the line; work is not in such a hurry.
    os.nice(5)

    from app.bootstrap import build_adapters, handlers_of, open_parts
    from app.db.opening import open_database
    from app.worker import run_worker

    adapters = build_adapters(settings)

    async def run(url: str) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        async with open_parts(settings, adapters, url) as parts, asyncio.TaskGroup() as tasks:
            _spare_the_collector()
            typer.echo("handoff: working", err=True)
            tasks.create_task(database.keep(stopping))
            tasks.create_task(run_worker(parts, handlers_of(parts), stopping, concurrency=settings.worker_concurrency))

    with open_database(settings) as database:
        uvloop.run(run(database.url))


@cli.command()
def migrate() -> None:
    """Bring the database to the present schema."""
    settings = _load_settings()
    from app.db.migrate import migrate as migrate_database
    from app.db.opening import open_database

    url = settings.sqlalchemy_url()
    if url is not None:
        migrate_database(url)
    else:
        with open_database(settings, bring_up_to_date=True):
            pass
    typer.echo("handoff: the database has the present schema")


@cli.command()
def demo(
    *,
    exit_at_end: Annotated[bool, typer.Option("--exit", help="Stop when the stories are over.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write what was expected and what came, call by call.")
    ] = None,
) -> None:
    """The whole job on this machine, on stand-ins of the vendors and data of its own, told as it happens."""
    settings = _load_settings()
    from app.sandbox.scenario import run_demo

    home = settings.data_dir / "demo"
    raise typer.Exit(run_demo(home, port=settings.port, is_left_running=not exit_at_end, json_file=json_file))


@token_cli.command("create")
def create_token(
    *,
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")],
    name: Annotated[str, typer.Option(help="Whose it is; shown in the audit, unique.")],
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown this once and kept only as a digest."""
    if role not in ROLES:
        raise HandoffError(f"--role {role!r} is not a role; give one of: {', '.join(ROLES)}")
    if not name.strip() or name.startswith("system:"):
        raise HandoffError(
            "--name has to be a name of a person or program; names that start with system: are the machine's own"
        )
    settings = _load_settings()
    token = f"ho_{secrets.token_urlsafe(32)}"
    from app.services.grant import grant_token

    token_id = _run_with_database(settings, lambda database: grant_token(database, name=name, role=role, token=token))
    if token_id is None:
        raise HandoffError(f"there is a token named {name!r} already; choose another --name")
    shown = {"id": str(token_id), "name": name, "role": role, "token": token}
    _report(shown, as_json=as_json, text=f"{token}\n\nKeep it: it is not shown again. Role {role}, name {name}.")


@token_cli.command("revoke")
def revoke_token(*, name: Annotated[str, typer.Option(help="Whose it is.")]) -> None:
    """Take a token back. It is refused from the next request on, and its name is not given again."""
    settings = _load_settings()
    from app.services.grant import take_token_back

    _run_with_database(settings, lambda database: take_token_back(database, name=name))
    typer.echo(f"the token named {name} is revoked")


@audit_cli.command("verify")
def verify_audit(*, as_json: AsJson = False) -> None:
    """Compute the whole chain again; exits with 1 and names the entries that were changed, removed or put in."""
    settings = _load_settings()
    from app.db import audit

    async def run(database: Any) -> Any:
        async with database.transaction() as conn:
            return await audit.verify_chain(conn)

    report = _run_with_database(settings, run)
    shown = {
        "ok": not report.problems,
        "entries": report.entries,
        "sealed": report.sealed,
        "unsealed": report.unsealed,
        "head_position": report.head_position,
        "head_digest": report.head_digest.hex() if report.head_digest else None,
        "problems": [
            {"kind": problem.kind, "position": problem.position, "entry_id": problem.entry_id, "says": problem.says}
            for problem in report.problems
        ],
    }
    lines = [f"{shown['entries']} entries, {shown['sealed']} sealed, {shown['unsealed']} not sealed yet"]
    lines += [f"head {shown['head_position']}: {shown['head_digest']}"]
    lines += [f"PROBLEM {problem.says}" for problem in report.problems] or ["the chain is whole"]
    _report(shown, as_json=as_json, text="\n".join(lines))
    if report.problems:
        raise typer.Exit(1)


@sandbox_cli.command("goody")
def sandbox_goody(
    *,
    host: str = "127.0.0.1",
    port: int = 9101,
    api_key: str = "goody-sandbox-key",
    webhook_url: Annotated[
        str | None, typer.Option(help="Where its events go, e.g. http://127.0.0.1:8080/webhooks/goody")
    ] = None,
    webhook_secret: Annotated[str, typer.Option(help="whsec_ and base64")] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # noqa: S107 (the public example of Svix)
    orders: Annotated[int, typer.Option(help="How many synthetic orders it starts with.")] = 50,
    seed: int = 1,
) -> None:
    """Goody's stand-in: its documented API and signed webhooks over real HTTP; faults are set under /_twin/."""
    from app.sandbox.goody import serve_goody_twin

    serve_goody_twin(
        host, port, api_key=api_key, webhook_secret=webhook_secret, webhook_url=webhook_url, orders=orders, seed=seed
    )


@sandbox_cli.command("dialnexa")
def sandbox_dialnexa(
    *,
    host: str = "127.0.0.1",
    port: int = 9102,
    api_key: str = "key_sandbox:secret",
    secret: Annotated[str, typer.Option(help="Signs its deliveries.")] = "dialnexa-sandbox-secret",  # noqa: S107 (of a stand-in)
    webhook_url: Annotated[
        str | None, typer.Option(help="Where its events go, e.g. http://127.0.0.1:8080/webhooks/dialnexa")
    ] = None,
) -> None:
    """DialNexa's stand-in: signed deliveries of the documented bodies with its retry rules, and its call list."""
    from app.sandbox.dialnexa import serve_dialnexa_twin

    serve_dialnexa_twin(host, port, api_key=api_key, secret=secret, webhook_url=webhook_url)


def _spare_the_collector() -> None:
    """What is there at the start stays: to look through it anew would stop everything for some 200 ms at a time."""
    import gc

    gc.collect()
    gc.freeze()


def _run_with_database(settings: Settings, work: Any) -> Any:
    from app.db.engine import Database
    from app.db.opening import open_database

    async def run(url: str) -> Any:
        database = Database(url, pool_size=1)
        try:
            return await work(database)
        finally:
            await database.close()

    with open_database(settings) as database:
        return asyncio.run(run(database.url))


def _report(shown: dict[str, Any], *, as_json: bool, text: str) -> None:
    typer.echo(json.dumps(shown) if as_json else text)


if __name__ == "__main__":
    main()
