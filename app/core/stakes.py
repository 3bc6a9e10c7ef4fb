"""What hangs on an action: money, promise, access, patience; and why it is urgent. From typed facts only (H7, H20)."""

from collections.abc import Iterator, Mapping

from app.core.actions import ActionKind, moves_money, touches_order
from app.core.facts import InputValue
from app.core.order_words import day_of, money_of
from app.core.orders import OrderStage
from app.core.phrases import NOTHING, normalise_phrase
from app.core.plain_text import clean_text
from app.core.policy import Decision, Facts, Urgency

NEAR_EXPIRY_HOURS = 24  # a gift that expires within a day is lost before tomorrow's shift has read of it
MOST_REASONS = 3

K = ActionKind
_UNDER_WAY = frozenset({OrderStage.ACCEPTED, OrderStage.SHIPPED})
_STOPS_PARCEL = frozenset({K.CHANGE_ADDRESS, K.CANCEL_ORDER, K.REFUND_ORDER})
_NATURE: Mapping[ActionKind, str] = {
    K.CANCEL_ORDER: "a cancellation cannot be undone",
    K.DELETE_WEBHOOK: "a removed webhook loses events until there is another",
    K.CREATE_WEBHOOK: "gives an address access to events of orders",
    K.CREATE_SUBSCRIBER_CHANNEL: "a person's consent",
    K.UPDATE_SUBSCRIBER_CHANNEL: "a person's consent",
    K.UPDATE_CONTACT: "how a person is reached, and known again",
    K.ROUTE_BUYING_INTENT: "a sale",
}
_PRESSING: Mapping[ActionKind, str] = {
    K.ROUTE_BUYING_INTENT: "buying intent cools fast",
    K.ESCALATE: "the caller asks for somebody in charge",
}


def impact_of(facts: Facts) -> tuple[str, ...]:
    """What is at stake, the most telling first."""
    return tuple(_stakes(facts))


def urgency_reason_of(facts: Facts, decision: Decision) -> str:
    """Why it is as urgent as it is, in words for the team."""
    if decision.urgency is Urgency.NORMAL:
        return "no rule asked for haste"
    reasons = tuple(_pressing(facts, decision.inputs))[:MOST_REASONS]
    return "; ".join(reasons) or "a rule of the policy asks for it"


def _stakes(facts: Facts) -> Iterator[str]:
    order = facts.order
    if order is not None and order.amount_cents is not None:
        moved = " would move" if moves_money(facts.kind) else ""
        yield money_of(order.amount_cents, order.currency) + (moved or " in the order")
    elif claimed := _said(facts, "order_value"):
        yield f"said to be worth {claimed}"
    if facts.kind in _NATURE:
        yield _NATURE[facts.kind]
    if order is not None and order.stage is OrderStage.OPEN and order.expires_at and touches_order(facts.kind):
        is_over = order.expires_at <= facts.now
        yield f"the gift {'expired' if is_over else 'expires'} on {day_of(order.expires_at)}"
    yield from _standing(facts)
    if _said(facts, "promise_made"):
        yield "a promise was made"


def _pressing(facts: Facts, inputs: Mapping[str, InputValue]) -> Iterator[str]:
    """The facts that policies make urgent, as people say them."""
    flags = inputs.get("call.risk_flags")
    if isinstance(flags, list) and flags:
        yield "risk: " + ", ".join(flag.replace("_", " ") for flag in flags)
    if inputs.get("call.has_deadline") is True:
        yield f"deadline: {_said(facts, 'deadline')}"
    if inputs.get("call.has_promise") is True:
        yield "a promise has to be kept"
    left = inputs.get("order.hours_to_expiry")
    if inputs.get("order.is_expired") is True:
        yield "the gift has expired"
    elif isinstance(left, (int, float)) and 0 < left <= NEAR_EXPIRY_HOURS:
        yield f"the gift expires within {max(1, round(left))} hours"
    if facts.order is not None and facts.order.stage in _UNDER_WAY and facts.kind in _STOPS_PARCEL:
        yield "the parcel can be stopped for some hours only"
    yield from _standing(facts)
    if facts.kind in _PRESSING:
        yield _PRESSING[facts.kind]


def _standing(facts: Facts) -> Iterator[str]:
    """Who the caller is to the merchant, by the directory before what the call says, and how patient they may be."""
    tier = clean_text(facts.contact.tier or "", 40) if facts.contact else ""
    if tier:
        yield f"{tier} customer, by the directory"
    elif facts.call.flag("vip_status"):
        yield "said to be VIP"
    elif loyalty := _said(facts, "loyalty_status"):
        yield f"said to be {loyalty}"
    if facts.call.flag("repeat_complaint"):
        yield "complained before"


def _said(facts: Facts, field: str) -> str | None:
    """What the call says of it; None where that is as good as nothing."""
    text = clean_text(facts.call.text(field) or "", 120)
    return None if normalise_phrase(text) in NOTHING | {""} else text
