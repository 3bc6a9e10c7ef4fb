"""The closed catalogue of facts that policy may read, and how each is read from call, match, identity and order.

Every value is a JSON value without free text and without personal data, so that inputs can be stored with a decision
for ever and decided again. What an analysis wrote in words is reduced to a known word, or to "other".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.core.actions import ActionKind, commits, moves_money, read_time, touches_order
from app.core.calls import CANONICAL_FIELDS, Call, Direction
from app.core.contacts import Contact
from app.core.entitlement import Entitlement
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


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact. `words` is its closed vocabulary, None where any short word may come.

    `absent_is_no`: not said, so no comparison holds (nobody claimed to be a VIP). Without it an absent fact cannot be
    judged, and what cannot be judged goes to a person.
    """

    type: FactType
    words: frozenset[str] | None = None
    absent_is_no: bool = False


RISK_FLAGS = frozenset({
    "wrong_address", "damaged_item", "fraud_concern", "urgent_travel", "no_show_risk", "chargeback", "legal_threat",
    "other",
})  # fmt: skip
_RISK_WORDS = {
    "fraud": "fraud_concern", "scam": "fraud_concern", "stolen": "fraud_concern", "suspicious": "fraud_concern",
    "impersonation": "fraud_concern", "chargeback": "chargeback", "dispute": "chargeback", "legal": "legal_threat",
    "lawyer": "legal_threat", "attorney": "legal_threat", "lawsuit": "legal_threat", "sue": "legal_threat",
    "damaged": "damaged_item", "damage": "damaged_item", "broken": "damaged_item", "address": "wrong_address",
    "travel": "urgent_travel", "show": "no_show_risk", "noshow": "no_show_risk",
}  # fmt: skip
_NO_RISK = NOTHING | {"low", "no risk", "no risks", "no risk flags", "none identified", "not mentioned"}

TIERS = ("vip", "diamond", "platinum", "gold", "silver", "bronze", "member")
"""Words of loyalty, the strongest first: a caller who is said to be "gold, VIP" is taken as VIP."""

W, WS, F, N = FactType.WORD, FactType.WORDS, FactType.FLAG, FactType.NUMBER
CATALOGUE: Mapping[str, FactSpec] = {
    "action.kind": FactSpec(W, frozenset(ActionKind)),
    "action.touches_order": FactSpec(F),
    "action.commits": FactSpec(F),
    "action.moves_money": FactSpec(F),
    "parameters.extension_days": FactSpec(N),  # beyond the present expiry, or beyond now where that has passed
    "parameters.has_expiration_problem": FactSpec(F),
    "match.outcome": FactSpec(W, frozenset(MatchOutcome)),
    "match.probability": FactSpec(N),
    "identity.role": FactSpec(W, frozenset(Role)),
    "identity.confidence": FactSpec(N),
    "identity.is_clear": FactSpec(F),  # derived by the policy from its own threshold; never stored
    "identity.may_ask": FactSpec(W, frozenset(Entitlement)),  # derived from the policy's own table; never stored
    "order.is_present": FactSpec(F),
    "order.stage": FactSpec(W, frozenset(OrderStage)),
    "order.amount_cents": FactSpec(N),
    "order.currency": FactSpec(W),
    "order.is_refunded": FactSpec(F),
    "order.is_expired": FactSpec(F),
    "order.hours_to_expiry": FactSpec(N, absent_is_no=True),
    "contact.tier": FactSpec(W, absent_is_no=True),  # the merchant's own word
    "call.direction": FactSpec(W, frozenset(Direction), absent_is_no=True),
    "call.vip_status": FactSpec(F, absent_is_no=True),
    "call.repeat_complaint": FactSpec(F, absent_is_no=True),
    "call.loyalty": FactSpec(W, frozenset({*TIERS, "other"}), absent_is_no=True),
    "call.order_value_cents": FactSpec(N, absent_is_no=True),  # a claim
    "call.risk_flags": FactSpec(WS, RISK_FLAGS),
    "call.has_deadline": FactSpec(F),
    "call.conflicts": FactSpec(WS, frozenset(CANONICAL_FIELDS)),
    "call.unread_fields": FactSpec(WS, frozenset(CANONICAL_FIELDS)),
}
DERIVED = frozenset({"identity.is_clear", "identity.may_ask"})


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
) -> dict[str, InputValue]:
    """Every fact of the catalogue but the derived ones."""
    return {
        "action.kind": str(kind),
        "action.touches_order": touches_order(kind),
        "action.commits": commits(kind),
        "action.moves_money": moves_money(kind),
        "parameters.extension_days": _extension_days(parameters, order, now),
        "parameters.has_expiration_problem": "expiration_problem" in parameters,
        "match.outcome": str(match.outcome),
        "match.probability": _finite(match.candidates[0].probability) if match.candidates else None,
        "identity.role": str(identity.role),
        "identity.confidence": _finite(identity.confidence),
        **_order_facts(order, now),
        "contact.tier": _tier_word(contact),
        **_call_facts(call),
    }


def _order_facts(order: Order | None, now: datetime) -> dict[str, InputValue]:
    if order is None:
        absent = ("stage", "amount_cents", "currency", "is_refunded", "is_expired", "hours_to_expiry")
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
    }


def _call_facts(call: Call) -> dict[str, InputValue]:
    return {
        "call.direction": str(call.direction) if call.direction else None,
        "call.vip_status": call.flag("vip_status"),
        "call.repeat_complaint": call.flag("repeat_complaint"),
        "call.loyalty": _loyalty(call.text("loyalty_status")),
        "call.order_value_cents": _cents(call.text("order_value")),
        "call.risk_flags": _risk_flags(call.list("risk_flags")),
        "call.has_deadline": normalise_phrase(call.text("deadline") or "") not in NOTHING | {""},
        "call.conflicts": sorted(set(call.conflicts) & set(CANONICAL_FIELDS)),
        "call.unread_fields": sorted(set(call.unread_fields) & set(CANONICAL_FIELDS)),
    }


def _risk_flags(said: tuple[str, ...]) -> list[str]:
    """Known flags; a flag nobody knows is "other", since a claim may lower autonomy and must not vanish."""
    flags: set[str] = set()
    for text in said:
        words = normalise_phrase(text)
        if words and words not in _NO_RISK:
            exact = {words.replace(" ", "_")} & RISK_FLAGS
            flags |= exact or {_RISK_WORDS[word] for word in words.split() if word in _RISK_WORDS} or {"other"}
    return sorted(flags)


def _loyalty(text: str | None) -> str | None:
    words = normalise_phrase(text or "")
    if not words or words in NOTHING:
        return None
    return next((tier for tier in TIERS if tier in words.split()), "other")


def _tier_word(contact: Contact | None) -> str | None:
    """The merchant's word, bounded, so that nothing but a word can get into the stored inputs."""
    word = normalise_phrase(contact.tier or "").replace(" ", "_") if contact else ""
    return word[:40] or None


def _cents(amount: str | None) -> int | None:
    """A claimed value in minor units, upwards: half a cent more can only raise strictness."""
    try:
        value = Decimal(amount or "")
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > 10**12:  # more is no order's value, and would not fit a JSON reader
        return None
    return math.ceil(value * 100)


def _extension_days(parameters: Mapping[str, str], order: Order | None, now: datetime) -> float | None:
    wanted = read_time(parameters.get("new_expiration", ""))
    if wanted is None:
        return None
    start = max(now, order.expires_at) if order and order.expires_at else now
    return round((wanted - start).total_seconds() / 86_400, 4)


def _finite(number: float) -> float | None:
    """What is not a number is not known."""
    return number if math.isfinite(number) else None
