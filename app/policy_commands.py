"""`handoff policy`: from a draft to the live policy and back. Heavy parts are imported by their command.

Whoever runs these has the database at hand, so `--by` is taken on trust; over REST, tokens tell two people apart.
"""

# ruff: noqa: PLC0415 (imports inside commands, for the reason above)

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.errors import InputError, NotFoundError
from app.policy_arguments import (
    author_named,
    find_policy,
    iso_text,
    list_window,
    read_policy_file,
    read_text,
    window_to_look_at,
    with_parts,
)
from app.policy_texts import indented, line_of_change, line_of_difference, line_of_flip, line_of_version, text_of_report
from app.settings import Settings

if TYPE_CHECKING:
    from app.core.policy import Policy
    from app.core.policy_replay import Flip, Report
    from app.services.parts import Parts

policy_cli = typer.Typer(
    no_args_is_help=True, help="The policy: draft, test, compare, replay, sign, publish, roll back."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; shown in the audit.")]
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]
Since = Annotated[datetime | None, typer.Option(formats=TIMES, help="From this day or time on (UTC).")]
Until = Annotated[datetime | None, typer.Option(formats=TIMES, help="Up to this time (UTC); else until now.")]
NAMED = "A version as `handoff policy list` shows it, a file, or one of: live, shadow."
Named = Annotated[str, typer.Argument(metavar="VERSION|FILE", help=NAMED)]
MOST_LISTED = 200


@policy_cli.command("test")
def run_document_examples(
    file: Annotated[
        Path | None, typer.Argument(help="Without it: the file of HANDOFF_POLICY_FILE, or the policy that ships.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Run the examples that stand in the document; exits with 1 where one fails."""
    from app.adapters.policy_file import load_policy
    from app.core.policy_examples import run_examples

    policy = read_policy_file(file) if file is not None else load_policy(Settings.load().policy_file)
    results = run_examples(policy)
    failed = [result for result in results if not result.holds]
    shown = {"version": policy.version, "passed": len(results) - len(failed), "failed": len(failed)}
    examples = [{"name": each.name, "holds": each.holds, "problems": each.problems} for each in results]
    lines = [f"{'ok  ' if each.holds else 'FAIL'}  {each.name}{indented(each.problems)}" for each in results]
    lines.append(f"{policy.version}: {shown['passed']} examples hold, {shown['failed']} fail")
    _print({**shown, "examples": examples}, "\n".join(lines), as_json=as_json)
    if failed:
        raise typer.Exit(1)


@policy_cli.command()
def schema() -> None:
    """Print the JSON Schema of a policy document."""
    from app.adapters.policy_file import policy_schema

    typer.echo(json.dumps(policy_schema(), indent=2))


@policy_cli.command()
def draft(
    file: Annotated[Path, typer.Argument(help="The YAML document.")],
    *,
    by: By,
    note: Annotated[str | None, typer.Option(help="Why, for whoever signs and publishes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep a document as a draft; refused where it does not load or one of its examples fails."""
    from app.services import policy_lifecycle as lifecycle

    document = read_text(file)
    author = author_named(by)
    record, is_new = with_parts(lambda parts: lifecycle.draft(parts, document, by=author, note=note))
    text = f"{record.version}: {'kept as a draft' if is_new else f'kept already, as {record.status}'}"
    _print(asdict(record) | {"is_new": is_new}, text, as_json=as_json)


@policy_cli.command("list")
def list_policies(*, as_json: AsJson = False) -> None:
    """The versions that are kept, newest first."""
    from app.db.policies import list_versions

    async def run(parts: "Parts") -> Any:
        async with parts.database.transaction() as conn:
            return await list_versions(conn, limit=MOST_LISTED)

    records = with_parts(run)
    _print(
        {"data": [asdict(each) for each in records]},
        "\n".join(map(line_of_version, records)) or "none is kept yet",
        as_json=as_json,
    )


@policy_cli.command()
def show(version: str) -> None:
    """Print the document of a version (or of: live, shadow) as it was given."""
    from app.db.policies import find_document, find_ruling

    async def run(parts: "Parts") -> str:
        async with parts.database.transaction() as conn:
            ruling = await find_ruling(conn)
            wanted = {"live": ruling.live, "shadow": ruling.shadow}.get(version, version)
            document = await find_document(conn, wanted) if wanted else None
        if document is None:
            raise NotFoundError(f"no policy of version {version} is kept here; see: handoff policy list")
        return document

    typer.echo(with_parts(run), nl=False)


@policy_cli.command()
def compare(before: Named, after: Named, *, as_json: AsJson = False) -> None:
    """What differs between two policies: rules, parameters, kinds, who may ask for what."""
    from app.core.policy_changes import compare_policies

    async def run(parts: "Parts") -> tuple["Policy", "Policy"]:
        async with parts.database.transaction() as conn:
            return await find_policy(conn, parts, before), await find_policy(conn, parts, after)

    old, new = with_parts(run)
    changes = compare_policies(old, new)
    shown = {"before": old.version, "after": new.version, "changes": [asdict(change) for change in changes]}
    lines = [f"{old.version} -> {new.version}", *map(line_of_change, changes)]
    _print(shown, "\n".join(lines) if changes else f"{old.version} and {new.version} say the same", as_json=as_json)


@policy_cli.command()
def replay(
    *,
    draft_file: Annotated[Path | None, typer.Option("--draft", metavar="FILE", help="A document, kept or not.")] = None,
    version: Annotated[str | None, typer.Option(help="A version that is kept.")] = None,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="Each decision by the very version that made it; exits with 1 if one differs."),
    ] = False,
    since: Since = None,
    until: Until = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line, the report last.")] = False,
) -> None:
    """Decide again what was decided: what would a draft change (30 days back), or can all still be explained?"""
    from app.core.policy_replay import show_flip, show_report
    from app.services.replay_policy import replay_draft, replay_stored

    if sum((draft_file is not None, version is not None, stored)) != 1:
        raise InputError("--draft, --version, --stored", "give exactly one of them")

    window = window_to_look_at(since, until, everything=stored)

    async def run(parts: "Parts") -> "Report":
        if stored:
            return await replay_stored(parts, window, seen)
        async with parts.database.transaction() as conn:
            candidate = await find_policy(conn, parts, str(draft_file or version))
            live = await find_policy(conn, parts, "live")
        return await replay_draft(parts, candidate, live, window, seen)

    def seen(flip: "Flip") -> None:
        typer.echo(json.dumps(show_flip(flip)) if as_json else line_of_flip(flip))

    report = with_parts(run)
    shown = {"since": iso_text(window.since), "until": iso_text(window.until), **show_report(report)}
    typer.echo(json.dumps({"report": shown}) if as_json else text_of_report(shown, is_to_sign=not stored))
    if stored and (report.changed or report.unreadable):
        raise typer.Exit(1)


@policy_cli.command()
def sign(
    version: str,
    *,
    digest: Annotated[str, typer.Option("--list", metavar="DIGEST", help="As the replay of this version prints it.")],
    by: By,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Vouch for exactly this list of decisions that would pass more easily."""
    from app.services import policy_lifecycle as lifecycle

    author = author_named(by)
    signature = with_parts(
        lambda parts: lifecycle.sign(parts, version, digest, by=author, window=list_window(since, until))
    )
    _print(asdict(signature), f"{signature.flips} decisions signed by {signature.signed_by}", as_json=as_json)


@policy_cli.command()
def publish(version: str, *, by: By, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Make it the live one, from the next decision on, in every process."""
    from app.services import policy_lifecycle as lifecycle

    author = author_named(by)
    record = with_parts(lambda parts: lifecycle.publish(parts, version, by=author, window=list_window(since, until)))
    _print(asdict(record), f"{record.version} is live", as_json=as_json)


@policy_cli.command()
def rollback(*, by: By, as_json: AsJson = False) -> None:
    """Back to the version that was live before the one that is."""
    from app.services import policy_lifecycle as lifecycle

    author = author_named(by)
    record = with_parts(lambda parts: lifecycle.roll_back(parts, by=author))
    _print(asdict(record), f"{record.version} is live again", as_json=as_json)


@policy_cli.command()
def shadow(
    version: Annotated[str | None, typer.Argument(metavar="[VERSION|off]", help="To run beside the live one.")] = None,
    *,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who starts or ends it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start or end a shadow; without a version, show what it would have decided otherwise, newest first."""
    from app.services import policy_lifecycle as lifecycle

    if version is None:
        _show_shadow(as_json=as_json)
        return
    if by is None:
        raise InputError("--by", "not given; it is shown in the audit")
    author, wanted = author_named(by), None if version == "off" else version
    with_parts(lambda parts: lifecycle.set_shadow(parts, wanted, by=author))
    _print({"shadow": wanted}, f"{wanted} runs in the shadow" if wanted else "no shadow any more", as_json=as_json)


def _show_shadow(*, as_json: bool) -> None:
    from app.db.policies import find_ruling, list_differences

    async def run(parts: "Parts") -> tuple[str | None, Any]:
        async with parts.database.transaction() as conn:
            running = (await find_ruling(conn)).shadow
            return running, await list_differences(conn, running, limit=MOST_LISTED) if running else []

    running, differences = with_parts(run)
    lines = [f"{running} runs in the shadow" if running else "no policy runs in the shadow"]
    lines += map(line_of_difference, differences)
    shown = {"shadow": running, "differences": [asdict(each) for each in differences]}
    _print(shown, "\n".join(lines), as_json=as_json)


def _print(shown: dict[str, Any], text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(shown, default=str) if as_json else text)
