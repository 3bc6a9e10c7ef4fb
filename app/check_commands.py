"""`handoff check`, and what `serve` asks of the mapping before it starts. Heavy parts are imported by their command."""

# ruff: noqa: PLC0415 (imports inside commands, for the reason above)

import json
from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import SettingError
from app.settings import Settings

if TYPE_CHECKING:
    from app.bootstrap import Adapters
    from app.check import Check

MOST_NAMED = 12  # gaps that a refusal lists; `handoff check` has all of them


def check(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Look at settings, mapping, channels, vendors, database and clock; exits with 1 where what is needed is not right.

    Nothing is sent to anybody, and no secret is shown.
    """
    settings = Settings.load()
    from app.check import check_deployment
    from app.log import configure_logging

    configure_logging(settings.log_level)
    found = check_deployment(settings)
    is_ok = not any(each.stops_us for each in found)
    if as_json:
        typer.echo(json.dumps({"ok": is_ok, "checks": [_as_json(each) for each in found]}))
    else:
        _print_table(found)
        typer.echo("fit to start" if is_ok else "not fit to start: mend what is required, then check again")
    if not is_ok:
        raise typer.Exit(1)


def ask_of_mapping(settings: Settings, adapters: "Adapters", *, is_incomplete_allowed: bool) -> None:
    """Raises SettingError where the mapping leaves handoffs without a way; what does no such harm is only told.

    A deployment that gave no mapping has no channels, and its handoffs are read over REST: it is told so.
    """
    from app.check import NAME_CHANNELS, unconfigured

    routing, policy = adapters.routing, adapters.policy
    gaps = list(routing.record_problems(policy))
    if settings.mapping_file is not None:
        lacking = [unconfigured(channel, adapters.notifiers.get(channel.kind)) for channel in routing.channels()]
        gaps += [*routing.channel_problems(policy), *dict.fromkeys(each for each in lacking if each)]
    elif not routing.has_channels():
        typer.echo(f"handoff: NO TEAM HAS A CHANNEL: handoffs are only read over REST. {NAME_CHANNELS}", err=True)
    if not gaps:
        return
    listed = "".join(f"\n  {gap}" for gap in gaps[:MOST_NAMED])
    more = f"\n  and {len(gaps) - MOST_NAMED} more" if len(gaps) > MOST_NAMED else ""
    if not is_incomplete_allowed:
        raise SettingError(
            "HANDOFF_MAPPING_FILE",
            f"leaves out what a handoff needs:{listed}{more}\n",
            "Complete it (`handoff check` shows all that is missing), or start with --allow-incomplete.",
        )
    typer.echo(f"handoff: the mapping is incomplete, as --allow-incomplete allows:{listed}{more}", err=True)


def _as_json(each: "Check") -> dict[str, object]:
    return {
        "subject": each.subject,
        "state": each.state,
        "says": each.says,
        "remedy": each.remedy or None,
        "required": each.is_required,
    }


def _print_table(found: "list[Check]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for heading in ("", "what", "found", "to mend it"):
        table.add_column(heading, overflow="fold")
    colours = {"ok": "green", "missing": "yellow", "wrong": "red"}
    for each in found:
        mark = f"[{colours[each.state]}]{each.state}[/]" + ("" if each.is_required else " (may be)")
        shown_remedy = "" if each.state == "ok" or each.remedy in each.says else each.remedy
        table.add_row(mark, escape(each.subject), escape(each.says), escape(shown_remedy))
    Console().print(table)
