"""`handoff jobs dead` and `handoff alarms`: what stands still, and what to do about it.

Whoever runs these has the database at hand, so `--by` is taken on trust. Heavy parts are imported by their command.
"""

# ruff: noqa: PLC0415 (imports inside commands, for the reason above)

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.errors import InputError
from app.policy_arguments import with_parts

if TYPE_CHECKING:
    from app.core.alarms import AlarmKind
    from app.db.alarms import AlarmRecord
    from app.services.parts import Parts

jobs_cli = typer.Typer(no_args_is_help=True, help="Jobs that used up their tries.")
dead_cli = typer.Typer(help="By what they died of; preview, replay, drop.")
alarms_cli = typer.Typer(help="Actions that stand still: listed, acknowledged.")
jobs_cli.add_typer(dead_cli, name="dead")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; shown in the audit.")]
JobId = Annotated[int, typer.Argument(metavar="ID", min=1)]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit. No personal data.")]
PerMinute = Annotated[int, typer.Option(min=1, max=60_000, help="How many begin in a minute.")]


@dead_cli.callback(invoke_without_command=True)
def list_dead(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the groups of dead jobs: how many of a kind died of the same, since when, with samples."""
    if context.invoked_subcommand is not None:
        return
    from app.db.dead_jobs import list_dead_groups

    async def run(parts: "Parts") -> Any:
        async with parts.database.transaction() as conn:
            return await list_dead_groups(conn)

    groups = with_parts(run)
    lines = [
        f"{group.id}  {group.number:>5} x {group.kind:<12} {group.first_at:%Y-%m-%d %H:%M} to"
        f" {group.last_at:%Y-%m-%d %H:%M}  {group.cause}  e.g. {', '.join(map(str, group.samples))}"
        for group in groups
    ]
    _print([asdict(group) for group in groups], "\n".join(lines) or "no job is dead", as_json=as_json)


@dead_cli.command("preview")
def preview_dead(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Tell what the replay of one would do, and how what it is about stands now."""
    from app.services.revive import preview

    shown = with_parts(lambda parts: preview(parts, job_id))
    text = f"{shown.job.kind} {json.dumps(dict(shown.job.payload))}\ndied of: {shown.job.last_error}\n"
    about = ", ".join(f"{name} {value}" for name, value in shown.about.items())
    _print(asdict(shown), f"{text}now: {about}\n{shown.would}", as_json=as_json)


@dead_cli.command("replay")
def replay_dead(
    job_id: Annotated[int | None, typer.Argument(metavar="[ID]", min=1, help="One of them, now.")] = None,
    *,
    by: By,
    group: Annotated[str | None, typer.Option(help="All of a group.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are dead.")] = False,
    per_minute: PerMinute = 60,
) -> None:
    """Give one, a group or all of them their tries again; many begin one after the other."""
    if [job_id is not None, group is not None, everything].count(True) != 1:
        raise InputError("ID, --group, --all", "exactly one of them says which jobs are meant")
    from app.services.revive import Wish, replay_many, replay_one

    name = _name(by)

    async def run(parts: "Parts") -> int:
        if job_id is None:
            return await replay_many(parts, Wish(group, per_minute), by=name)
        await replay_one(parts, job_id, by=name)
        return 1

    typer.echo(f"{with_parts(run)} given back to the queue")


@dead_cli.command("drop")
def drop_dead(job_id: JobId, *, by: By, reason: Reason) -> None:
    """Drop one for ever; the audit keeps what it was about, and why."""
    from app.services.revive import drop

    name, why = _name(by), _said(reason)
    with_parts(lambda parts: drop(parts, job_id, by=name, reason=why))
    typer.echo(f"{job_id} is dropped")


@alarms_cli.callback(invoke_without_command=True)
def list_alarms(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the alarms that stand, newest first."""
    if context.invoked_subcommand is not None:
        return
    from app.core.alarms import WORDS
    from app.db.alarms import list_alarms as db_list_alarms

    async def run(parts: "Parts") -> "Sequence[AlarmRecord]":
        async with parts.database.transaction() as conn:
            return await db_list_alarms(conn, states=("open", "acknowledged"), before=None, limit=200)

    def line(alarm: "AlarmRecord") -> str:
        kind: AlarmKind = alarm.kind
        whose = f" ({alarm.acknowledged_by}: {alarm.reason})" if alarm.acknowledged_by else ""
        head = f"{alarm.id}  {alarm.raised_at:%Y-%m-%d %H:%M}  {kind}  action {alarm.action_id}"
        return f"{head}{whose}\n    {WORDS[kind].says} {WORDS[kind].next_step}"

    found = with_parts(run)
    shown = [{**asdict(alarm), "state": alarm.state} for alarm in found]
    _print(shown, "\n".join(map(line, found)) or "no alarm stands", as_json=as_json)


@alarms_cli.command("acknowledge")
def acknowledge_alarm(alarm_id: Annotated[UUID, typer.Argument(metavar="ID")], *, by: By, reason: Reason) -> None:
    """Say that you see to one. It is cleared by itself once the action goes on."""
    from app.services.alarm import acknowledge

    name, why = _name(by), _said(reason)
    with_parts(lambda parts: acknowledge(parts, alarm_id, by=name, reason=why))
    typer.echo(f"{alarm_id} is acknowledged by {name}")


def _name(by: str) -> str:
    if not by.strip() or by.startswith("system:"):
        raise InputError("--by", "has to be a name of a person; names that start with system: are the machine's own")
    return by.strip()


def _said(reason: str) -> str:
    if not 3 <= len(reason.strip()) <= 300:
        raise InputError("--reason", "has to say why, in 3 to 300 characters")
    return reason.strip()


def _print(shown: Any, text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(shown, default=str) if as_json else text)
