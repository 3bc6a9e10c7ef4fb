"""`handoff reconcile` and `handoff completeness`: mend what webhooks missed, and account for a period."""

# ruff: noqa: PLC0415 (imports inside commands, as in __main__)

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.errors import DestinationError, HandoffError, InputError
from app.log import configure_logging
from app.settings import Settings

if TYPE_CHECKING:
    from app.core.completeness import Completeness
    from app.services.parts import Parts

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Since = Annotated[
    str | None, typer.Option(metavar="ISO", help="From this time on, e.g. 2026-11-20T00:00:00Z; without a zone, UTC.")
]
Until = Annotated[str | None, typer.Option(metavar="ISO", help="Up to this time; now, where it is left out.")]

# By hand nobody waits for the next round: as many orders are looked for as are due.
MOST_LOOKED_FOR = 100_000
# A worker reads what was fetched within seconds, unless none runs. Each look asks the vendors for the whole period.
PAUSES_SECONDS = (1, 2, 4, 8, 16, 30)
SHOWN_MISSING = 20

SINCE_IS_NEEDED = "not given; a report is of a period: give the time it begins, e.g. 2026-11-20T00:00:00Z"
REMEDIES = {
    "absent": "nothing of it reached us: run `handoff reconcile --since` with the period's begin",
    "behind": "we hold an older state: run `handoff reconcile --since` with the period's begin",
    "analysis": "its analysis is not here: run `handoff reconcile --since` with the period's begin",
    "unread": "it is stored and not read yet: see that a worker runs, and look at the dead jobs",
    "untreated": "it is understood and not matched yet: see that a worker runs, and look at the dead jobs",
}


def reconcile(
    *,
    since: Since = None,
    until: Until = None,
    report: Annotated[
        bool,
        typer.Option("--report", help="Account for the period afterwards; exits with 1 where anything is missing."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the calls and read the orders that no webhook told of; a worker does the same every few minutes."""
    settings = _settings()
    begin, end = _period(since, until)
    if begin is None and (report or until is not None):
        raise InputError("--since", SINCE_IS_NEEDED)

    async def run(parts: "Parts") -> tuple[dict[str, Any], "Completeness | None", list[str]]:
        done, failures = await _mend(parts, begin, end)
        account = await _account_when_read(parts, begin, end) if report and begin and not failures else None
        return done, account, failures

    done, account, failures = _run(settings, run)
    shown = {**done, "report": _show(account) if account else None}
    _say(shown, [_describe(done), *(_lines_of(account) if account else [])], as_json=as_json)
    if failures:
        raise HandoffError("; ".join(failures) + ". What was read until then is kept; run it again.")
    if account is not None and not account.is_complete:
        raise typer.Exit(1)


def completeness(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Hold what the vendors list of a period against what reached us; exits with 1 where anything is missing.

    Fetches nothing: what it finds missing is missing. The result is entered into the audit.
    """
    settings = _settings()
    begin, end = _period(since, until)
    if begin is None:
        raise InputError("--since", SINCE_IS_NEEDED)
    from app.services.account import account_for

    async def run(parts: "Parts") -> "Completeness":
        return await account_for(parts, since=begin, until=end or parts.clock.now())

    account = _run(settings, run)
    _say(_show(account), _lines_of(account), as_json=as_json)
    if not account.is_complete:
        raise typer.Exit(1)


async def _mend(parts: "Parts", since: datetime | None, until: datetime | None) -> tuple[dict[str, Any], list[str]]:
    """Both sides, also when one of them is away; and what went wrong."""
    from app.services.mirror import look_for_orders, sync_orders
    from app.services.reconcile import reconcile_calls_in_turn
    from app.services.turn import PATIENCE_BY_HAND_SECONDS

    failures: list[str] = []
    done: dict[str, Any] = {"calls": None, "orders_read": {}, "orders_looked_for": {}}
    try:
        went = await reconcile_calls_in_turn(parts, since=since, until=until)
        if went is not None:
            done["calls"] = {
                "listed": went.listed,
                "fetched": went.fetched,
                "open": went.open,
                "unreadable": went.unreadable,
            }
    except DestinationError as error:
        failures.append(str(error))
    for name, shop in parts.shops.items():
        try:
            done["orders_read"][name] = await sync_orders(
                parts, shop, since=since, patience_seconds=PATIENCE_BY_HAND_SECONDS
            )
            done["orders_looked_for"][name] = await look_for_orders(parts, shop, most=MOST_LOOKED_FOR)
        except DestinationError as error:
            failures.append(str(error))
    return done, failures


async def _account_when_read(parts: "Parts", since: datetime, until: datetime | None) -> "Completeness":
    """A worker has to read what was fetched: what is only that far is given time, and the last look is what counts."""
    from app.services.account import account_for, what_is_missing

    end = until or parts.clock.now()
    for pause in PAUSES_SECONDS:
        missing = await what_is_missing(parts, since=since, until=end)
        if not missing or any(account.way is None for account in missing):
            break
        await asyncio.sleep(pause)
    return await account_for(parts, since=since, until=end)


def _settings() -> Settings:
    settings = Settings.load()
    configure_logging(settings.log_level)
    settings.require("goody_api_key")
    return settings


def _run(settings: Settings, work: "Callable[[Parts], Awaitable[Any]]") -> Any:
    from app.bootstrap import build_adapters, open_parts
    from app.db.opening import open_database

    adapters = build_adapters(settings)

    async def run(url: str) -> Any:
        async with open_parts(settings, adapters, url) as parts:
            return await work(parts)

    with open_database(settings) as database:
        return asyncio.run(run(database.url))


def _period(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    begin, end = _moment("--since", since), _moment("--until", until)
    if begin and (end or datetime.now(UTC)) - begin <= timedelta(0):
        raise InputError("--since", "is not before the period's end; give an earlier time")
    return begin, end


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(option, "is no ISO 8601 time; give one such as 2026-11-20T00:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _show(account: "Completeness") -> dict[str, Any]:
    from app.services.account import show_counts, show_missing

    return {
        "since": account.since.isoformat(),
        "until": account.until.isoformat(),
        "is_complete": account.is_complete,
        **show_counts(account),
        "missing": [show_missing(each) | {"remedy": REMEDIES[each.gap or "absent"]} for each in account.missing],
        "unasked": dict(account.unasked),
        "unreadable": dict(account.unreadable),
        "not_looked_for": dict(account.not_looked_for),
        "digest": account.digest,
    }


def _describe(done: dict[str, Any]) -> str:
    calls = done["calls"]
    lines = (
        [f"dialnexa: {calls['listed']} calls listed, {calls['fetched']} fetched, {calls['open']} still open"]
        if calls
        else ["dialnexa: no calls read, because HANDOFF_DIALNEXA_API_KEY is not set or DialNexa did not answer"]
    )
    for name, read in done["orders_read"].items():
        lines.append(
            f"{name}: {read} orders read, {done['orders_looked_for'].get(name) or 0} more looked for by their id"
        )
    return "\n".join(lines)


def _lines_of(account: "Completeness") -> list[str]:
    from app.core.completeness import Subject

    lines = [f"From {account.since.isoformat()} to {account.until.isoformat()}:"]
    for subject in Subject:
        tally = account.tally(subject)
        ways = ", ".join(f"{number} by {way}" for way, number in tally.by_way.items() if number)
        lines.append(
            f"{subject}s: {tally.total} listed ({ways or 'none reached us'}), {tally.open} still open,"
            f" {tally.missing} missing: {tally.share:.2%} accounted for"
        )
    lines += [
        f"MISSING {each.subject} {each.id} ({each.belongs_to}): {REMEDIES[each.gap or 'absent']}"
        for each in account.missing[:SHOWN_MISSING]
    ]
    if len(account.missing) > SHOWN_MISSING:
        lines.append(f"and {len(account.missing) - SHOWN_MISSING} more; --json names all of them")
    lines += [f"NOT ASKED {vendor}: {why}" for vendor, why in account.unasked.items()]
    lines += [
        f"UNREADABLE {vendor}: {rows} rows of its lists; tell us of them" for vendor, rows in account.unreadable.items()
    ]
    lines += [
        f"{shop}: {number} orders that may still move were not read since the period began, and no feed tells of all"
        " that can happen to them"
        for shop, number in account.not_looked_for.items()
        if number
    ]
    lines.append(f"digest of the full list: {account.digest}")
    if account.is_complete:
        lines.append("nothing is missing")
    return lines


def _say(shown: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    typer.echo(json.dumps(shown) if as_json else "\n".join(lines))
