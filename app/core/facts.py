"""The closed catalogue of facts that policy may read, and how each is read from call, match, identity and order.

Every value is a JSON value without free text and without personal data, so that inputs can be stored with a decision
for ever and decided again. What an analysis wrote in words is reduced to a known word, or to "other".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeGuard

from app.core.actions import ActionKind, as_utc_text, commits, moves_money, read_time, touches_order
from app.core.business_hours import WEEKDAYS
from app.core.calls import CANONICAL_FIELDS, Call, Direction
from app.core.claims import CHANGED_FIELDS, RISK_FLAGS, TIERS, cents_of, changed_field_of, loyalty_of, risk_flags_of
from app.core.contacts import Contact
from app.core.entitlement import Entitlement
from app.core.history import NO_HISTORY, History
from app.core.identity import Identity, Role
from app.core.matching import Match, MatchOutcome
from app.core.orders import Order, OrderStage
from app.core.phrases import NOTHING, normalise_phrase

InputValue = str | bool | int | float | list[str] | None
Inputs = Mapping[str, InputValue]


class FactType(StrEnum):
    WORD = "word"
    WORDS = "words"  # a set of words
    FLAG = "flag"
    NUMBER = "number"
    MONEY = "money"  # in minor units, compared with an amount that names its currency
    DURATION = "duration"  # in `FactSpec.unit`, compared with a length of time
    TIME = "time"  # a moment, which no rule compares: what it means is derived from the document's business hours


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact. `words` is its closed vocabulary, None where any short word may come.

    `absent_is_no`: not said, so no comparison holds (nobody claimed to be a VIP). Without it an absent fact cannot be
    judged, and what cannot be judged goes to a person. `currency` is the fact that holds the currency of money; None
    where nobody said one.
    """

    type: FactType
    words: frozenset[str] | None = None
    absent_is_no: bool = False
    unit: str = "h"
    currency: str | None = None


W, WS, F, N = FactType.WORD, FactType.WORDS, FactType.FLAG, FactType.NUMBER
M, D = FactType.MONEY, FactType.DURATION
CATALOGUE: Mapping[str, FactSpec] = {
    "action.kind": FactSpec(W, frozenset(ActionKind)),
    "action.touches_order": FactSpec(F),
    "action.commits": FactSpec(F),
    "action.moves_money": FactSpec(F),
    "parameters.extension_days": FactSpec(D, unit="d"),  # beyond the present expiry, or beyond now if that has passed
    "parameters.has_expiration_problem": FactSpec(F),
    "parameters.field_changed": FactSpec(W, CHANGED_FIELDS, absent_is_no=True),
    "match.outcome": FactSpec(W, frozenset(MatchOutcome)),
    "match.probability": FactSpec(N),
    "identity.role": FactSpec(W, frozenset(Role)),
    "identity.confidence": FactSpec(N),
    "identity.is_clear": FactSpec(F),
    "identity.may_ask": FactSpec(W, frozenset(Entitlement)),
    "confidence.needed": FactSpec(N),
    "confidence.reached": FactSpec(N),
    "confidence.is_enough": FactSpec(F),
    "order.is_present": FactSpec(F),
    "order.stage": FactSpec(W, frozenset(OrderStage)),
    "order.amount_cents": FactSpec(M, currency="order.currency"),
    "order.currency": FactSpec(W),
    "order.is_refunded": FactSpec(F),
    "order.is_expired": FactSpec(F),
    "order.hours_to_expiry": FactSpec(D, absent_is_no=True),
    "order.age_hours": FactSpec(D),
    "contact.tier": FactSpec(W, absent_is_no=True),  # the merchant's own word
    "call.direction": FactSpec(W, frozenset(Direction), absent_is_no=True),
    "call.vip_status": FactSpec(F, absent_is_no=True),
    "call.repeat_complaint": FactSpec(F, absent_is_no=True),
    "call.loyalty": FactSpec(W, frozenset({*TIERS, "other"}), absent_is_no=True),
    "call.order_value_cents": FactSpec(M, absent_is_no=True),  # a claim
    "call.risk_flags": FactSpec(WS, RISK_FLAGS),
    "call.has_deadline": FactSpec(F),
    "call.has_promise": FactSpec(F),  # somebody promised the caller something
    "call.conflicts": FactSpec(WS, frozenset(CANONICAL_FIELDS)),
    "call.unread_fields": FactSpec(WS, frozenset(CANONICAL_FIELDS)),
    # Of a caller who withheld the number, or whom nobody knows, there is nothing to count; identity judges that.
    "history.calls_of_caller_24h": FactSpec(N, absent_is_no=True),
    "history.refused_of_caller_24h": FactSpec(N, absent_is_no=True),
    "history.actions_of_contact_30d": FactSpec(N, absent_is_no=True),
    "history.orders_of_sender_90d": FactSpec(N, absent_is_no=True),
    "history.calls_about_order_7d": FactSpec(N),
    "history.actions_of_order_30d": FactSpec(N),
    "history.same_kind_of_order": FactSpec(N),
    "history.money_actions_today": FactSpec(N),
    "history.money_moved_today_cents": FactSpec(M, currency="history.money_currency"),
    "history.money_currency": FactSpec(W, absent_is_no=True),
    "switches.kind_is_off": FactSpec(F),
    "switches.destination_is_off": FactSpec(F),
    "time.at": FactSpec(FactType.TIME),
    "time.is_business_hours": FactSpec(F),
    "time.weekday": FactSpec(W, frozenset(WEEKDAYS)),
    "time.hour": FactSpec(N),
}
DERIVED = frozenset({
    "identity.is_clear", "identity.may_ask", "confidence.needed", "confidence.reached", "confidence.is_enough",
    "time.is_business_hours", "time.weekday", "time.hour",
})  # fmt: skip
"""Derived by the policy from its own figures and tables; never stored, so that another policy derives its own."""

COUNTED = tuple(name.removeprefix("history.") for name in CATALOGUE if name.startswith("history."))
COUNTS = frozenset(f"history.{name}" for name in COUNTED if CATALOGUE[f"history.{name}"].type is N)


def resolve_inputs(
    *,
    kind: ActionKind,
    parameters: Mapping[str, str],
    call: Call,
    match: Match,
    identity: Identity,
    order: Order | None,
    contact: Contact | None,
    now: datetime,
    history: History = NO_HISTORY,
) -> dict[str, InputValue]:
    """Every fact of the catalogue but the derived ones."""
    return {
        "action.kind": str(kind),
        "action.touches_order": touches_order(kind),
        "action.commits": commits(kind),
        "action.moves_money": moves_money(kind),
        "parameters.extension_days": _extension_days(parameters, order, now),
        "parameters.has_expiration_problem": "expiration_problem" in parameters,
        "parameters.field_changed": changed_field_of(parameters.get("field_changed")),
        "match.outcome": str(match.outcome),
        "match.probability": _finite(match.candidates[0].probability) if match.candidates else None,
        "identity.role": str(identity.role),
        "identity.confidence": _finite(identity.confidence),
        **_order_facts(order, now),
        "contact.tier": _tier_word(contact),
        **_call_facts(call),
        **_history_facts(history),
        "time.at": as_utc_text(now),
    }


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it can be compared: neither truth values nor what is not finite can."""
    kind = type(value)  # compared so, since a union of types costs more than all else: this runs for every figure
    return kind is int or (kind is float and math.isfinite(value))  # type: ignore[arg-type]


def _order_facts(order: Order | None, now: datetime) -> dict[str, InputValue]:
    if order is None:
        absent = ("stage", "amount_cents", "currency", "is_refunded", "is_expired", "hours_to_expiry", "age_hours")
        return {"order.is_present": False} | {f"order.{name}": None for name in absent}
    left = (order.expires_at - now).total_seconds() / 3600 if order.expires_at else None
    return {
        "order.is_present": True,
        "order.stage": str(order.stage),
        "order.amount_cents": order.amount_cents,
        "order.currency": order.currency.upper()[:3],
        "order.is_refunded": order.refunded_at is not None,
        "order.is_expired": order.stage is OrderStage.OPEN and left is not None and left <= 0,
        "order.hours_to_expiry": None if left is None else round(left, 2),
        "order.age_hours": round((now - order.placed_at).total_seconds() / 3600, 2) if order.placed_at else None,
    }


def _call_facts(call: Call) -> dict[str, InputValue]:
    return {
        "call.direction": str(call.direction) if call.direction else None,
        "call.vip_status": call.flag("vip_status"),
        "call.repeat_complaint": call.flag("repeat_complaint"),
        "call.loyalty": loyalty_of(call.text("loyalty_status")),
        "call.order_value_cents": cents_of(call.text("order_value")),
        "call.risk_flags": risk_flags_of(call.list("risk_flags")),
        "call.has_deadline": _says_something(call, "deadline"),
        "call.has_promise": _says_something(call, "promise_made"),
        "call.conflicts": sorted(set(call.conflicts) & set(CANONICAL_FIELDS)),
        "call.unread_fields": sorted(set(call.unread_fields) & set(CANONICAL_FIELDS)),
    }


def _history_facts(history: History) -> dict[str, InputValue]:
    counted = {f"history.{name}": getattr(history, name) for name in COUNTED}
    return counted | {
        "switches.kind_is_off": history.kind_is_off,
        "switches.destination_is_off": history.destination_is_off,
    }


def _says_something(call: Call, name: str) -> bool:
    return normalise_phrase(call.text(name) or "") not in NOTHING | {""}


def _tier_word(contact: Contact | None) -> str | None:
    """The merchant's word, bounded, so that nothing but a word can get into the stored inputs."""
    word = normalise_phrase(contact.tier or "").replace(" ", "_") if contact else ""
    return word[:40] or None


def _extension_days(parameters: Mapping[str, str], order: Order | None, now: datetime) -> float | None:
    wanted = read_time(parameters.get("new_expiration", ""))
    if wanted is None:
        return None
    start = max(now, order.expires_at) if order and order.expires_at else now
    return round((wanted - start).total_seconds() / 86_400, 4)


def _finite(number: float) -> float | None:
    """What is not a number is not known."""
    return number if math.isfinite(number) else None
