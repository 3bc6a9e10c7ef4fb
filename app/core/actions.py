"""What a caller can want done, which actions a call leads to, and what a kind means for an order.

Pure statements about kinds, words and stages: whether an action *may* be done is policy's question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from app.core.calls import Call, CallStage
from app.core.orders import Order, OrderStage
from app.core.phrases import NOTHING, find_phrase, normalise_phrase, split_wishes


class ActionKind(StrEnum):
    ORDER_STATUS = "order_status"
    EXTEND_EXPIRATION = "extend_expiration"
    RESEND_GIFT_LINK = "resend_gift_link"
    CANCEL_ORDER = "cancel_order"
    REFUND_ORDER = "refund_order"
    CHANGE_ADDRESS = "change_address"
    REPORT_DAMAGE = "report_damage"
    REPORT_MISSING_ITEM = "report_missing_item"
    RETURN_ORDER = "return_order"
    SUBSTITUTE_ITEM = "substitute_item"
    SEND_ORDER = "send_order"
    CREATE_WEBHOOK = "create_webhook"
    DELETE_WEBHOOK = "delete_webhook"
    ROUTE_BUYING_INTENT = "route_buying_intent"
    CHANGE_BOOKING = "change_booking"
    FOLLOW_UP = "follow_up"
    ESCALATE = "escalate"
    CREATE_SUBSCRIBER_CHANNEL = "create_subscriber_channel"
    UPDATE_SUBSCRIBER_CHANNEL = "update_subscriber_channel"
    UPDATE_CONTACT = "update_contact"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action a call leads to, before anybody judged it. `parameters` hold only what the kind needs, as JSON text."""

    kind: ActionKind
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ActionWords:
    """How a deployment's words lead to kinds (from the mapping file).

    `phrases` maps plain words, normalised, to a kind; `implied_by` names, in order of precedence, the canonical
    fields that lead to a kind when nothing was asked for in words.
    """

    phrases: Mapping[str, ActionKind]
    implied_by: tuple[tuple[str, ActionKind], ...]


K = ActionKind
PARAMETERS: Mapping[ActionKind, tuple[str, ...]] = {
    K.ORDER_STATUS: (),
    K.EXTEND_EXPIRATION: ("new_expiration",),
    K.RESEND_GIFT_LINK: (),  # never an address given in the call: the link goes to the contact on file
    K.CANCEL_ORDER: ("return_reason", "refund_expectation"),
    K.REFUND_ORDER: ("refund_expectation", "return_reason"),
    K.CHANGE_ADDRESS: ("new_address",),
    K.REPORT_DAMAGE: ("item", "damage_description", "photo_available", "resolution_preference", "deadline"),
    K.REPORT_MISSING_ITEM: ("item", "resolution_preference", "deadline"),
    K.RETURN_ORDER: ("item", "return_reason", "refund_expectation", "resolution_preference", "deadline"),
    K.SUBSTITUTE_ITEM: ("item", "product", "sku", "resolution_preference", "deadline"),
    K.SEND_ORDER: ("product", "sku", "customer_name", "customer_email", "new_address", "deadline"),
    K.CREATE_WEBHOOK: ("new_value", "owner"),
    K.DELETE_WEBHOOK: ("old_value", "owner"),
    K.ROUTE_BUYING_INTENT: ("product", "sku", "availability_question", "buying_signal", "objection", "next_step"),
    K.CHANGE_BOOKING: ("booking_id", "preferred_time", "timezone", "location", "contact_channel"),
    K.FOLLOW_UP: ("preferred_time", "timezone", "owner", "promise_made", "contact_channel", "next_step"),
    K.ESCALATE: ("escalation_owner", "promise_made", "deadline", "next_step"),
    K.CREATE_SUBSCRIBER_CHANNEL: ("channel", "consent", "new_value"),
    K.UPDATE_SUBSCRIBER_CHANNEL: ("channel", "consent", "field_changed", "old_value", "new_value"),
    K.UPDATE_CONTACT: ("field_changed", "old_value", "new_value", "next_step"),
    K.NONE: (),
}
"""The canonical fields a kind carries. What a kind does not need is not copied: it is all in the call."""

HANDED_OVER = frozenset({K.ROUTE_BUYING_INTENT, K.CHANGE_BOOKING, K.FOLLOW_UP, K.ESCALATE, K.NONE})
"""Kinds whose whole work is that a team hears of it."""

_MOVE_MONEY = frozenset({K.CANCEL_ORDER, K.REFUND_ORDER, K.RETURN_ORDER, K.SEND_ORDER})
_TOUCH_ORDER = frozenset({
    K.ORDER_STATUS, K.EXTEND_EXPIRATION, K.RESEND_GIFT_LINK, K.CANCEL_ORDER, K.REFUND_ORDER, K.CHANGE_ADDRESS,
    K.REPORT_DAMAGE, K.REPORT_MISSING_ITEM, K.RETURN_ORDER, K.SUBSTITUTE_ITEM,
})  # fmt: skip
_WRITE_TO_SHOP = frozenset({
    K.EXTEND_EXPIRATION, K.CANCEL_ORDER, K.REFUND_ORDER, K.CHANGE_ADDRESS, K.SEND_ORDER, K.CREATE_WEBHOOK,
    K.DELETE_WEBHOOK, K.CREATE_SUBSCRIBER_CHANNEL, K.UPDATE_SUBSCRIBER_CHANNEL, K.UPDATE_CONTACT,
})  # fmt: skip
_AFTER_ACCEPTANCE = frozenset({OrderStage.ACCEPTED, OrderStage.SHIPPED, OrderStage.DELIVERED})
_SHOP_NAMES = {"goody": "Goody", "cloudcart": "CloudCart"}
_VERBS = {
    K.CANCEL_ORDER: "cancel",
    K.REFUND_ORDER: "refund by the API",
    K.EXTEND_EXPIRATION: "extend",
    K.RESEND_GIFT_LINK: "accept",
}

MAX_VALUES = 20  # wishes of one call that are read; more are no caller's, and a person looks
MAX_VALUE_LENGTH = 2_000  # characters of one value that are read, for the same reason
MAX_QUOTE_LENGTH = 500  # of what was asked for in words that nobody understood


def propose(call: Call, words: ActionWords) -> tuple[Proposal, ...]:
    """The actions of a connected call, in the order asked for, each kind once; `none` if nothing was asked."""
    if call.stage is not CallStage.COMPLETED:
        return ()
    asked: dict[ActionKind, list[str]] = {}
    for kind, wish in _wishes(call, words):
        asked.setdefault(kind, []).append(wish)
    if not asked:
        asked = {_implied_kind(call, words): []}
    if len(asked) > 1:
        asked.pop(K.NONE, None)
    return tuple(Proposal(kind, _parameters(call, kind, wishes)) for kind, wishes in asked.items())


def resolve_parameters(
    proposal: Proposal, order: Order | None, *, default_extension_days: int, now: datetime
) -> Mapping[str, str]:
    """Fill what a kind needs and was not said, e.g. the new expiry when the caller only asked for more time.

    A wish that makes no sense is kept as it was asked and marked, never mended silently: a person decides about it.
    Resolving what is resolved already changes nothing but the mark.
    """
    parameters = {name: value for name, value in proposal.parameters.items() if name != "expiration_problem"}
    if proposal.kind is not K.EXTEND_EXPIRATION:
        return parameters
    asked = parameters.get("new_expiration")
    if asked is None:
        present = order.expires_at if order else None
        parameters["new_expiration"] = as_utc_text(_later(max(now, present or now), default_extension_days))
    else:
        read = read_time(asked)
        parameters["new_expiration"] = as_utc_text(read) if read else asked
    problem = _expiration_problem(parameters["new_expiration"], order, now)
    return parameters if problem is None else {**parameters, "expiration_problem": problem}


def read_time(text: str) -> datetime | None:
    """An ISO 8601 time in UTC; a bare date is its last second, since "until the 24th" includes the 24th."""
    try:
        read = datetime.fromisoformat(text.strip())
        if "T" not in text.upper() and ":" not in text:
            read = datetime.combine(read.date(), time(23, 59, 59))
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def as_utc_text(moment: datetime) -> str:
    """ISO 8601 in whole seconds with `Z`: shops keep no finer time, so a comparison must not hang on it."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def touches_order(kind: ActionKind) -> bool:
    """Whether the action is about one existing order, so that it needs a match."""
    return kind in _TOUCH_ORDER


def writes_to_shop(kind: ActionKind) -> bool:
    """Whether granting it changes a record at the destination by its API, where the API can."""
    return kind in _WRITE_TO_SHOP


def commits(kind: ActionKind) -> bool:
    """Whether a mistake costs somebody: a write, a message with the gift's link, a request to the shop's support."""
    return kind is not K.ORDER_STATUS and kind not in HANDED_OVER


def moves_money(kind: ActionKind) -> bool:
    return kind in _MOVE_MONEY


def shop_name(destination: str) -> str:
    """The shop as people write it."""
    return _SHOP_NAMES.get(destination, destination)


def is_fulfilled(kind: ActionKind, parameters: Mapping[str, str], order: Order) -> bool:
    """Whether the shop shows what was wanted, by whoever's hand. Never true of what no read can show."""
    match kind:
        case K.CANCEL_ORDER:
            return order.stage is OrderStage.CANCELLED
        case K.REFUND_ORDER:
            return order.refunded_at is not None or order.stage is OrderStage.CANCELLED
        case K.EXTEND_EXPIRATION:
            return _is_extended(parameters, order)
        case K.RESEND_GIFT_LINK:
            return order.stage in _AFTER_ACCEPTANCE  # the link has done its work
        case _:
            return False


def why_impossible(kind: ActionKind, order: Order | None) -> str | None:
    """None when the shop's API could do it in this stage, else one sentence that says why not.

    `order` is None where no order is tied to the call. What a destination's adapter has built is its own `abilities`.
    """
    if not touches_order(kind) or kind is K.ORDER_STATUS:
        return None
    if order is None:
        return "No order is tied to the call."
    return _impossible_ever(kind, order) or _impossible_in_stage(kind, order)


def shows_assistance(kind: ActionKind) -> bool:
    """Whether the shop shows that what a person asked its support for was done; else that person's word has to do.

    That a gift was accepted proves no new address: a direct send is accepted with the address that it has.
    """
    return kind in {K.CANCEL_ORDER, K.REFUND_ORDER, K.RESEND_GIFT_LINK}


def is_confirmed(kind: ActionKind, parameters: Mapping[str, str], order: Order) -> bool:
    """Whether the order, as just read, shows that support did it. `refunded_at` is set from the shop's event."""
    is_refunded = kind is K.CANCEL_ORDER and order.refunded_at is not None  # all that support can still do about it
    return is_refunded or is_fulfilled(kind, parameters, order)


def _wishes(call: Call, words: ActionWords) -> Iterator[tuple[ActionKind, str]]:
    """What was asked for in words, each wish with the kind it means; not understood is a follow-up, never nothing."""
    phrases = {kind.replace("_", " "): kind for kind in ActionKind} | dict(words.phrases)
    values = call.list("requested_action")
    for value in values[:MAX_VALUES]:
        for wish in split_wishes(value[:MAX_VALUE_LENGTH], phrases):
            yield _understand(normalise_phrase(wish), phrases), wish
    is_cut = len(values) > MAX_VALUES or any(len(value) > MAX_VALUE_LENGTH for value in values)
    if is_cut or "requested_action" in call.unread_fields:
        yield K.FOLLOW_UP, ""


def _understand(wish: str, phrases: Mapping[str, ActionKind]) -> ActionKind:
    """The exact phrase, else the longest one contained as whole words.

    That nothing is wanted counts only when it is all that was said ("none of it arrived" is not nothing). What is
    denied ("do not cancel my order") is a person's to understand; a question does no harm, so it is never doubted.
    """
    if wish in NOTHING:
        return K.NONE
    if wish in phrases:
        return phrases[wish]
    found = find_phrase(wish, [phrase for phrase, kind in phrases.items() if kind is not K.NONE])
    if found is None:
        return K.FOLLOW_UP
    kind = phrases[found.phrase]
    return K.FOLLOW_UP if found.is_denied and kind is not K.ORDER_STATUS else kind


def _implied_kind(call: Call, words: ActionWords) -> ActionKind:
    return next((kind for name, kind in words.implied_by if _says_something(call, name)), K.NONE)


def _says_something(call: Call, name: str) -> bool:
    """Whether the field carries something: a flag that is off, or a "none", implies no wish."""
    if name in call.unread_fields:
        return True
    if call.flag(name) is not None:
        return call.flag(name) is True
    text = call.text(name)
    return text is not None and normalise_phrase(text) not in NOTHING | {""}


def _parameters(call: Call, kind: ActionKind, wishes: list[str]) -> Mapping[str, str]:
    said = {name: call.text(name) for name in PARAMETERS[kind]}
    parameters = {name: value for name, value in said.items() if value}
    if kind is K.FOLLOW_UP and any(wishes):
        parameters["requested_action"] = "; ".join(wish for wish in wishes if wish)[:MAX_QUOTE_LENGTH]
    return parameters


def _later(moment: datetime, days: int) -> datetime:
    """A shop's "never" may stand at the end of the calendar: then there is nothing to add, which is marked as such."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return moment


def _expiration_problem(asked: str, order: Order | None, now: datetime) -> str | None:
    wanted = read_time(asked)
    if wanted is None:
        return "not a date that can be read"
    if wanted <= now:
        return "in the past"
    if order is None:
        return None
    if order.expires_at is None:
        return "the order has no expiry, so a date would shorten its life"
    if wanted <= order.expires_at:
        return "not later than the present expiry"
    return None


def _is_extended(parameters: Mapping[str, str], order: Order) -> bool:
    """At least the wanted expiry. A wish before the present expiry shortens it, so there only the very date will do."""
    wanted = read_time(parameters.get("new_expiration", ""))
    if wanted is None or order.expires_at is None:
        return False
    present = order.expires_at.replace(microsecond=0)
    return present == wanted if "expiration_problem" in parameters else present >= wanted


def _impossible_ever(kind: ActionKind, order: Order) -> str | None:
    """What this shop's API cannot do in any stage."""
    shop = shop_name(order.destination)
    match kind:
        case K.CHANGE_ADDRESS if order.stage is OrderStage.OPEN:
            return (
                f"{shop} changes no address: where the recipient enters it on accepting the gift, send the link again."
            )
        case K.CHANGE_ADDRESS:
            return f"{shop} changes an address only through its support."
        case K.REPORT_DAMAGE | K.REPORT_MISSING_ITEM | K.RETURN_ORDER | K.SUBSTITUTE_ITEM:
            return f"{shop} has no way to do this by its API: its support does it."
        case _:
            return None


def _impossible_in_stage(kind: ActionKind, order: Order) -> str | None:
    shop, what = shop_name(order.destination), _VERBS[kind]
    match order.stage:
        case OrderStage.OPEN if kind is K.RESEND_GIFT_LINK and order.gift_link is None:
            return f"{shop} shows no gift link of this order."
        case OrderStage.OPEN if kind is K.RESEND_GIFT_LINK and order.recipient.email is None:
            return f"{shop} knows no e-mail of the recipient to send the link to."
        case OrderStage.OPEN:
            return None
        case OrderStage.CANCELLED:
            return f"The order is cancelled already: there is nothing to {what}."
        case OrderStage.UNKNOWN:
            return f"No document explains the order's status at {shop}: a person has to look."
        case OrderStage.ACCEPTED | OrderStage.SHIPPED | OrderStage.DELIVERED:
            return _too_late(kind, order, shop)


def _too_late(kind: ActionKind, order: Order, shop: str) -> str:
    if kind is K.EXTEND_EXPIRATION:
        return f"The gift is {order.stage}: its expiry means nothing any more."
    if kind is K.RESEND_GIFT_LINK:
        return f"The gift is {order.stage}: its link has done its work."
    if kind is K.REFUND_ORDER and order.refunded_at is not None:
        return "The order is refunded already."
    done = "cancels" if kind is K.CANCEL_ORDER else "refunds"
    return f"The gift is {order.stage}: {shop} {done} it only through its support."
