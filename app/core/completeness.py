"""Whether all that the vendors know has reached us: what is open, what is missing, and the account of a period.

The vendors' own lists are the measure, never our rows. A vendor's list may be read while calls run and webhooks are on
their way: what may still come by itself is open, and neither counts as missing nor is it fetched.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.calls import Call, CallStage
from app.core.orders import Order, OrderStage

# A webhook that is retried three times is here by then, as a rule.
WEBHOOK_GRACE = timedelta(minutes=1)
# DialNexa documents that an analysis typically comes within 30 seconds of the call's end.
ANALYSIS_GRACE = timedelta(minutes=10)
# A call that is said to run for longer never got its end, and is taken as it is.
LONGEST_CALL = timedelta(hours=24)

_CALL_STAGES = tuple(CallStage)
_ENDED = frozenset({CallStage.COMPLETED, CallStage.NOT_CONNECTED})
_ORDER_STAGES = (
    OrderStage.OPEN,
    OrderStage.ACCEPTED,
    OrderStage.SHIPPED,
    OrderStage.DELIVERED,
    OrderStage.CANCELLED,
    OrderStage.UNKNOWN,
)


class Way(StrEnum):
    """How something reached us."""

    WEBHOOK = "webhook"
    READ = "read"  # no webhook told of it: a reconciler, or another read of ours, found it
    BOTH = "both"


class Gap(StrEnum):
    """What is missing of it."""

    ABSENT = "absent"  # nothing of it ever reached us
    BEHIND = "behind"  # the vendor shows a later state than we hold
    ANALYSIS = "analysis"  # DialNexa found out more about the call than we hold
    UNREAD = "unread"  # a webhook is stored, and no job has read it yet
    UNTREATED = "untreated"  # the call is understood, and no job has matched it yet


class Subject(StrEnum):
    CALL = "call"
    ORDER = "order"  # placed or changed in the period, in its present state
    CHANGE = "change"  # one row of the shop's change feed


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A row of a shop's change feed. `told_by` is the kind of webhook that tells of the same; None where none does."""

    id: str
    order: Order  # in its present state, not in that of the change
    status: str
    stage: OrderStage
    told_by: str | None


@dataclass(frozen=True, slots=True)
class HeldCall:
    """What we hold of a call; nothing of it is the default."""

    call: Call | None = None
    is_matched: bool = False
    came_by_webhook: bool = False
    was_fetched: bool = False


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """What we hold of an order, with the kinds of webhook that told of it."""

    order: Order | None = None
    told_by: frozenset[str] = frozenset()
    read_at: datetime | None = None  # when the shop last showed it to us; None with the order


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one thing that a vendor lists. `belongs_to` is the call or the order, by the vendor's id."""

    subject: Subject
    id: str
    belongs_to: str
    way: Way | None  # None where nothing of it reached us
    gap: Gap | None = None
    is_open: bool = False  # it may still come by itself


@dataclass(frozen=True, slots=True)
class Tally:
    """`share` is of what is not open; 1 where there is nothing."""

    total: int
    by_way: Mapping[str, int]
    open: int
    missing: int

    @property
    def share(self) -> float:
        counted = self.total - self.open
        return (counted - self.missing) / counted if counted else 1.0


@dataclass(frozen=True, slots=True)
class Completeness:
    """The account of a period. `unasked` names what could not be asked, `unreadable` rows that nobody can read.

    `not_looked_for` are orders that may still move and were not read since the period began. No list tells of them, and
    whether anything happened to them is not known; it does not make the account incomplete.
    """

    since: datetime
    until: datetime
    accounts: tuple[Account, ...]
    unasked: Mapping[str, str]  # vendor to what to do about it
    unreadable: Mapping[str, int]  # vendor to number of rows
    not_looked_for: Mapping[str, int]  # shop to number of orders

    @property
    def missing(self) -> tuple[Account, ...]:
        return tuple(account for account in self.accounts if account.gap is not None and not account.is_open)

    @property
    def is_complete(self) -> bool:
        return not self.missing and not self.unasked and not any(self.unreadable.values())

    def tally(self, subject: Subject) -> Tally:
        accounts = [account for account in self.accounts if account.subject is subject]
        ways = Counter(account.way.value for account in accounts if account.way is not None)
        return Tally(
            total=len(accounts),
            by_way={way.value: ways[way.value] for way in Way},
            open=sum(account.is_open for account in accounts),
            missing=sum(account.gap is not None and not account.is_open for account in accounts),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the full list in one order: who keeps the list can show later that it is the one reported."""
        return hashlib.sha256("\n".join(sorted(map(line_of, self.accounts))).encode()).hexdigest()


def line_of(account: Account) -> str:
    """One line of the full list: ids and words, no personal data."""
    parts = (account.subject, account.id, account.belongs_to, account.way, account.gap, account.is_open)
    return json.dumps(parts, separators=(",", ":"))


# Calls


def is_open(listed: Call, *, now: datetime) -> bool:
    """The call still runs, or has ended so shortly ago that its webhook may be on its way."""
    if listed.started_at is None:
        return False
    if listed.stage not in _ENDED:
        return now - listed.started_at < LONGEST_CALL
    # An end in the future is a clock that differs from ours: nothing can be told from it.
    return timedelta(0) <= now - _ended_at(listed, listed.started_at) < WEBHOOK_GRACE


def may_change(listed: Call, *, now: datetime) -> bool:
    """DialNexa may still tell more of it: it is open, or has ended a while ago and was not analysed."""
    if is_open(listed, now=now):
        return True
    if listed.stage is not CallStage.COMPLETED or listed.started_at is None or _analysed(listed):
        return False
    return now - _ended_at(listed, listed.started_at) < ANALYSIS_GRACE


def gap_of_call(listed: Call, held: Call | None) -> Gap | None:
    """What DialNexa's list shows of the call and we do not hold."""
    if held is None:
        return Gap.ABSENT
    if _CALL_STAGES.index(held.stage) < _CALL_STAGES.index(listed.stage):
        return Gap.BEHIND
    if _analysed(listed) - _analysed(held) - held.unread_fields.keys():
        return Gap.ANALYSIS
    return None


def account_for_call(listed: Call, held: HeldCall, *, now: datetime) -> Account:
    gap = gap_of_call(listed, held.call)
    if gap is Gap.ABSENT and (held.came_by_webhook or held.was_fetched):
        gap = Gap.UNREAD
    if gap is None and listed.stage is CallStage.COMPLETED and not held.is_matched:
        gap = Gap.UNTREATED
    way = _way_of(held)
    return Account(Subject.CALL, listed.call_id, listed.call_id, way, gap, is_open(listed, now=now))


def _way_of(held: HeldCall) -> Way | None:
    if held.came_by_webhook:
        return Way.BOTH if held.was_fetched else Way.WEBHOOK
    return Way.READ if held.was_fetched else None


def _ended_at(call: Call, started_at: datetime) -> datetime:
    return started_at + timedelta(seconds=call.duration_seconds or 0)


def _analysed(call: Call) -> set[str]:
    return {*call.fields, *call.other_fields}


# Orders


def account_for_order(present: Order, held: HeldOrder, *, asked_at: datetime) -> Account:
    """Whether our mirror shows the order as the shop did, or as it was read since we asked for the list."""
    gap = _gap_of_order(present, held, asked_at)
    return Account(Subject.ORDER, present.external_id, present.external_id, _way_of_order(held, held.told_by), gap)


def account_for_change(change: OrderChange, held: HeldOrder, *, asked_at: datetime) -> Account:
    """Whether our mirror shows the order as it is since this change, or as it became later."""
    present, told = change.order, held.told_by & {change.told_by}
    gap = _gap_of_order(present, held, asked_at)
    if gap is not None and held.order is not None:
        gap = None if _is_included(change, held.order) else Gap.UNREAD if told else Gap.BEHIND
    way = _way_of_order(held, told)
    return Account(Subject.CHANGE, change.id, present.external_id, way, gap)


def shows_the_same(present: Order, held: Order) -> bool:
    """Lists of a shop do not show when an order was placed or accepted, and no read shows that it was refunded."""
    seen = replace(present, placed_at=held.placed_at, accepted_at=held.accepted_at)
    return replace(seen, refunded_at=held.refunded_at) == held


def _gap_of_order(present: Order, held: HeldOrder, asked_at: datetime) -> Gap | None:
    if held.order is None or held.read_at is None:
        return Gap.UNREAD if held.told_by else Gap.ABSENT
    is_newer = held.read_at >= asked_at
    return None if is_newer or shows_the_same(present, held.order) else Gap.BEHIND


def _way_of_order(held: HeldOrder, told: Iterable[str | None]) -> Way | None:
    if any(told):
        return Way.WEBHOOK
    return Way.READ if held.order is not None else None


def _is_included(change: OrderChange, held: Order) -> bool:
    """Whether an order in this state has the change behind it, although it is not in its present state."""
    if change.status == held.status:
        return True
    changed, holds = _rank(change.stage), _rank(held.stage)
    return changed < holds or (changed == holds and change.status != change.order.status)


def _rank(stage: OrderStage) -> int:
    return _ORDER_STAGES.index(stage)


def complete(
    *,
    since: datetime,
    until: datetime,
    accounts: Sequence[Account],
    unasked: Mapping[str, str],
    unreadable: Mapping[str, int],
    not_looked_for: Mapping[str, int],
) -> Completeness:
    """The report, in an order that does not depend on how the vendors list."""
    in_order = tuple(sorted(accounts, key=line_of))
    return Completeness(since, until, in_order, dict(unasked), dict(unreadable), dict(not_looked_for))
