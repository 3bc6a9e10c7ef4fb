"""Account for a period: hold what the vendors list of it against what reached us, and enter the result into the audit.

Reads and changes nothing else. Reconciling is what mends a gap; that this says there is none is worth something only
because it asks the vendors anew.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from app.core.calls import Call, merge
from app.core.completeness import (
    Account,
    Completeness,
    OrderChange,
    Subject,
    account_for_call,
    account_for_change,
    account_for_order,
    complete,
)
from app.core.orders import Order
from app.db import audit
from app.db.accounts import count_not_read_since, hold_calls, hold_orders
from app.errors import DestinationMissingError
from app.ports.history import OrderHistory
from app.services.parts import RECONCILER, Parts

# Ids a query; and as many missing ones the audit names, the digest vouches for the rest.
IDS_AT_ONCE = 500
NAMED_IN_AUDIT = 100

NO_KEY = "HANDOFF_DIALNEXA_API_KEY is not set: calls cannot be accounted for. Set it and ask again."
NO_SHOP = "no shop is configured: orders cannot be accounted for. Set HANDOFF_GOODY_API_KEY and ask again."
NO_FEED = "its key sees no activities feed: changes of orders cannot be accounted for. Ask the shop for access."

Row = TypeVar("Row")


class _Ledger:
    """What is gathered while the vendors are asked."""

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self.unasked: dict[str, str] = {}
        self.unreadable: dict[str, int] = {}
        self.not_looked_for: dict[str, int] = {}

    def count_unreadable(self, vendor: str, rows: int) -> None:
        if rows:
            self.unreadable[vendor] = self.unreadable.get(vendor, 0) + rows


async def account_for(parts: Parts, *, since: datetime, until: datetime, actor: str = RECONCILER) -> Completeness:
    """The report, entered. Raises DestinationError where a vendor does not answer: half of one would look whole."""
    report = await _gather(parts, since, until)
    await _enter(parts, report, actor)
    return report


async def what_is_missing(parts: Parts, *, since: datetime, until: datetime) -> tuple[Account, ...]:
    """A look without a report."""
    return (await _gather(parts, since, until)).missing


async def _gather(parts: Parts, since: datetime, until: datetime) -> Completeness:
    ledger = _Ledger()
    await _account_for_calls(parts, ledger, since, until)
    if not parts.histories:
        ledger.unasked["shop"] = NO_SHOP
    for history in parts.histories.values():
        await _account_for_orders(parts, history, ledger, since, until)
    return complete(
        since=since,
        until=until,
        accounts=ledger.accounts,
        unasked=ledger.unasked,
        unreadable=ledger.unreadable,
        not_looked_for=ledger.not_looked_for,
    )


async def _account_for_calls(parts: Parts, ledger: _Ledger, since: datetime, until: datetime) -> None:
    source = parts.calls
    if not source.can_be_asked:
        ledger.unasked[source.name] = NO_KEY
        return
    listed: dict[str, Call] = {}
    async for page in source.list_calls(since=since, until=until):
        ledger.count_unreadable(source.name, page.unreadable)
        for each in page.calls:
            listed[each.call.call_id] = merge(listed.get(each.call.call_id), each.call)
    for ids in _parts_of(list(listed)):
        async with parts.database.transaction() as conn:
            held = await hold_calls(conn, source.name, ids)
        now = parts.clock.now()
        ledger.accounts += [account_for_call(listed[each], held[each], now=now) for each in ids]


async def _account_for_orders(
    parts: Parts, history: OrderHistory, ledger: _Ledger, since: datetime, until: datetime
) -> None:
    asked_at = parts.clock.now()
    placed = await _read(
        history.list_placed(since=since, until=until), history.name, ledger, lambda order: order.external_id
    )
    try:
        changes = await _read(
            history.list_changes(since=since, until=until), history.name, ledger, lambda change: change.id
        )
    except DestinationMissingError:
        ledger.unasked[history.name] = NO_FEED
        changes = {}
    async with parts.database.transaction() as conn:
        ledger.not_looked_for[history.name] = await count_not_read_since(conn, history.name, since)
    present: dict[str, Order] = {**placed, **{each.order.external_id: each.order for each in changes.values()}}
    of_order: dict[str, list[OrderChange]] = {}
    for change in changes.values():
        of_order.setdefault(change.order.external_id, []).append(change)
    for ids in _parts_of(list(present)):
        async with parts.database.transaction() as conn:
            held = await hold_orders(conn, history.name, ids)
        for each in ids:
            ledger.accounts.append(account_for_order(present[each], held[each], asked_at=asked_at))
            ledger.accounts += [
                account_for_change(change, held[each], asked_at=asked_at) for change in of_order.get(each, ())
            ]


async def _read(
    rows: AsyncIterator[Row | None], vendor: str, ledger: _Ledger, key: Callable[[Row], str]
) -> dict[str, Row]:
    """Each row once: a list that grows while it is read repeats some."""
    found: dict[str, Row] = {}
    unreadable = 0
    async for row in rows:
        if row is None:
            unreadable += 1
        else:
            found[key(row)] = row
    ledger.count_unreadable(vendor, unreadable)
    return found


def _parts_of(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]


async def _enter(parts: Parts, report: Completeness, actor: str) -> None:
    async with parts.database.transaction() as conn:
        await audit.write(
            conn,
            actor=actor,
            event="completeness.reported",
            at=parts.clock.now(),
            data={
                "since": report.since.isoformat(),
                "until": report.until.isoformat(),
                "is_complete": report.is_complete,
                **show_counts(report),
                "missing": [show_missing(account) for account in report.missing[:NAMED_IN_AUDIT]],
                "unasked": sorted(report.unasked),
                "unreadable": dict(report.unreadable),
                "not_looked_for": dict(report.not_looked_for),
                "digest": report.digest,
            },
        )


def show_counts(report: Completeness) -> dict[str, object]:
    """By the plural of what is counted."""
    shown: dict[str, object] = {}
    for subject in Subject:
        tally = report.tally(subject)
        shown[f"{subject}s"] = {
            "total": tally.total,
            **tally.by_way,
            "open": tally.open,
            "missing": tally.missing,
            "share": round(tally.share, 6),
        }
    return shown


def show_missing(account: Account) -> dict[str, str | None]:
    return {
        "subject": account.subject,
        "id": account.id,
        "belongs_to": account.belongs_to,
        "way": account.way,
        "gap": account.gap,
    }
