"""What a voice agent may say of an order while the caller is on the line, by how sure we are who is calling.

Nothing at all until an order and a person are likely: then the answer hangs on what was heard alone, so that nobody
learns from it whether an order exists. Names, e-mails, addresses, references and amounts are never said.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum

from app.core.actions import ActionKind, Proposal, resolve_parameters
from app.core.entitlement import Entitlement, entitlement_of
from app.core.identity import Identity, Role
from app.core.matching import Match, MatchOutcome
from app.core.orders import Order, OrderStage
from app.core.plain_text import clean_text
from app.core.policy import Facts, Policy, PolicyParameters, Verdict, decide


class Level(StrEnum):
    NONE = "none"
    LOW = "low"  # likelier than not that it is their order
    CLEAR = "clear"  # as sure as policy has to be before it acts alone


LIKELIER_THAN_NOT = 0.5

DISCLOSED: Mapping[Level, frozenset[str]] = {
    Level.NONE: frozenset(),
    Level.LOW: frozenset({"status"}),
    Level.CLEAR: frozenset({"status", "payment", "delivery_promise", "expires_on", "items", "eligibility"}),
}
"""The facts of an order that each level opens; all others are null in the answer."""


class Eligibility(StrEnum):
    """What policy would say, as things stand, to the same wish after the call."""

    YES = "yes"
    ASK_PEOPLE = "ask_people"
    NO = "no"


K = ActionKind
OFFERS: Mapping[OrderStage, tuple[ActionKind, ...]] = {
    OrderStage.OPEN: (K.EXTEND_EXPIRATION, K.RESEND_GIFT_LINK, K.CHANGE_ADDRESS, K.CANCEL_ORDER),
    OrderStage.ACCEPTED: (K.CHANGE_ADDRESS, K.CANCEL_ORDER),
    OrderStage.SHIPPED: (K.CHANGE_ADDRESS, K.REPORT_MISSING_ITEM),
    OrderStage.DELIVERED: (K.RETURN_ORDER, K.REPORT_DAMAGE, K.REPORT_MISSING_ITEM),
    OrderStage.CANCELLED: (),
    OrderStage.UNKNOWN: (),
}
"""What makes sense to ask for in a stage. More can be asked for; it is not offered."""

ALWAYS_OFFERED = K.FOLLOW_UP
TOLD_OF = (K.CANCEL_ORDER, K.EXTEND_EXPIRATION, K.RETURN_ORDER)

STATUS_WORDS: Mapping[OrderStage, str] = {
    OrderStage.OPEN: "waiting_for_acceptance",
    OrderStage.ACCEPTED: "being_prepared",
    OrderStage.SHIPPED: "on_its_way",
    OrderStage.DELIVERED: "delivered",
    OrderStage.CANCELLED: "cancelled",
    OrderStage.UNKNOWN: "being_looked_into",
}
STATUS_SENTENCES: Mapping[OrderStage, str] = {
    OrderStage.OPEN: "is waiting for the recipient to accept it",
    OrderStage.ACCEPTED: "is being prepared",
    OrderStage.SHIPPED: "is on its way",
    OrderStage.DELIVERED: "has been delivered",
    OrderStage.CANCELLED: "is cancelled",
    OrderStage.UNKNOWN: "is being looked into by a colleague",
}
# The shop charges the sender once the gift is accepted; on the way to being shipped it may still be about to.
PAYMENT_WORDS: Mapping[OrderStage, str] = {
    OrderStage.OPEN: "not_charged_yet",
    OrderStage.ACCEPTED: "being_charged",
    OrderStage.SHIPPED: "charged",
    OrderStage.DELIVERED: "charged",
    OrderStage.CANCELLED: "not_charged_or_returned",
}

# What to ask for next, the most telling first, with the words for it.
QUESTIONS: Mapping[str, str] = {
    "order_id": "the order reference",
    "customer_name": "your full name",
    "customer_email": "your e-mail address",
}
MOST_ITEMS = 5
LONGEST_ITEM = 80


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What may be said of the order; None where the level, or what the shop shows, does not give it."""

    status: str | None = None
    payment: str | None = None  # the sender's business alone
    delivery_promise: str | None = None  # a date
    expires_on: str | None = None  # a date
    items: tuple[str, ...] | None = None
    eligibility: Mapping[str, Eligibility] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`say` may be read out as it stands; `may_offer` are kinds of action; `ask_next` the fact that would help most."""

    level: Level
    say: str
    order: OrderAnswer | None
    may_offer: tuple[ActionKind, ...]
    ask_next: str | None


def level_of(match: Match, identity: Identity, parameters: PolicyParameters) -> Level:
    """How much may be said. A person the order does not name, or whom nothing points to, hears nothing."""
    best = match.best
    if match.outcome is not MatchOutcome.MATCHED or best is None:
        return Level.NONE
    if identity.role not in {Role.SENDER, Role.RECIPIENT} or not identity.confidence >= LIKELIER_THAN_NOT:
        return Level.NONE
    is_clear = identity.confidence >= parameters.identity_clear and best.probability >= parameters.match_clear
    return Level.CLEAR if is_clear else Level.LOW


def answer(level: Level, facts: Facts, policy: Policy, heard: Collection[str]) -> Answer:
    """The answer at a level; `heard` names the fields that the agent has asked for already."""
    ask_next = next((field for field in QUESTIONS if field not in heard), None)
    order = facts.order
    if level is Level.NONE or order is None:
        return Answer(Level.NONE, _say_nothing(ask_next), None, (ALWAYS_OFFERED,), ask_next)
    if level is Level.LOW:
        told = _open(level, facts, {})
        say = f"The order {STATUS_SENTENCES[order.stage]}. {_ask(ask_next)}"
        return Answer(level, say.strip(), told, (ALWAYS_OFFERED,), ask_next)
    found = {kind: _eligibility(kind, facts, policy) for kind in dict.fromkeys((*OFFERS[order.stage], *TOLD_OF))}
    offers = tuple(kind for kind in OFFERS[order.stage] if found[kind] is not Eligibility.NO)
    told = _open(level, facts, {str(kind): found[kind] for kind in TOLD_OF})
    return Answer(level, _say_all(order, told), told, (*offers, ALWAYS_OFFERED), None)


def _say_nothing(ask_next: str | None) -> str:
    return _ask(ask_next) or "I cannot look this up with what I have, so a colleague will look into it."


def _ask(ask_next: str | None) -> str:
    return f"To tell you more I need {QUESTIONS[ask_next]}." if ask_next else ""


def _say_all(order: Order, told: OrderAnswer) -> str:
    what = f"The order with {told.items[0]}" if told.items else "The order"
    more = f" and {len(order.items) - 1} more" if told.items and len(order.items) > 1 else ""
    when = f" It is expected on {_spoken(told.delivery_promise)}." if told.delivery_promise else ""
    until = f" It can be accepted until {_spoken(told.expires_on)}." if told.expires_on else ""
    refund = " It was refunded." if told.payment == "refunded" else ""
    return f"{what}{more} {STATUS_SENTENCES[order.stage]}.{when}{until}{refund}"


def _open(level: Level, facts: Facts, eligibility: Mapping[str, Eligibility]) -> OrderAnswer:
    """Every fact of the order, cut down to what the level opens."""
    order = facts.order
    if order is None:
        raise AssertionError("an order is told of where there is none")
    known = OrderAnswer(
        status=STATUS_WORDS[order.stage],
        payment=_payment(order, facts.identity.role),
        delivery_promise=_promise(order),
        expires_on=_date(order.expires_at) if order.stage is OrderStage.OPEN else None,
        items=tuple(clean_text(item.name, LONGEST_ITEM) for item in order.items[:MOST_ITEMS]),
        eligibility=eligibility,
    )
    closed = [field.name for field in fields(OrderAnswer) if field.name not in DISCLOSED[level]]
    return replace(known, **dict.fromkeys(closed))


def _eligibility(kind: ActionKind, facts: Facts, policy: Policy) -> Eligibility:
    order = facts.order
    if order is None or kind not in OFFERS[order.stage]:
        return Eligibility.NO
    if entitlement_of(policy.entitlement, kind, facts.identity.role, order.stage) is Entitlement.REFUSED:
        return Eligibility.NO
    parameters = resolve_parameters(
        Proposal(kind, {}), order, default_extension_days=policy.parameters.default_extension_days, now=facts.now
    )
    match decide(replace(facts, kind=kind, parameters=parameters), policy).verdict:
        case Verdict.EXECUTE:
            return Eligibility.YES
        case Verdict.REVIEW | Verdict.ASSIST:
            return Eligibility.ASK_PEOPLE
        case Verdict.HAND_OFF | Verdict.REFUSE:
            return Eligibility.NO


def _payment(order: Order, role: Role) -> str | None:
    if role is not Role.SENDER:
        return None
    return "refunded" if order.refunded_at else PAYMENT_WORDS.get(order.stage)


def _promise(order: Order) -> str | None:
    """The last parcel decides when all is there."""
    if order.stage not in {OrderStage.ACCEPTED, OrderStage.SHIPPED}:
        return None
    expected = [parcel.eta_at for parcel in order.shipments if parcel.eta_at and not parcel.delivered_at]
    return _date(max(expected)) if expected else None


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).date().isoformat()


def _spoken(day: str) -> str:
    read = datetime.fromisoformat(day)
    return f"{read.day} {read:%B %Y}"
