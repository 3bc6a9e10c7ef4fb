"""What a handoff of each kind tells beyond its fixed lines, and what the caller has still to be asked (H10, H11, H20 to
H27).

Tables of canonical fields: a field that was not said has no line, unless nobody could act without it. Then it is a
question.
"""

from collections.abc import Iterator, Mapping

from app.core.actions import PARAMETERS, ActionKind
from app.core.buying import questions_of
from app.core.calls import CANONICAL_FIELDS
from app.core.orders import OrderStage
from app.core.phrases import NOTHING, normalise_phrase
from app.core.plain_text import clean_text
from app.core.policy import Facts

MAX_QUESTIONS = 4  # nobody asks a caller more at once

K = ActionKind
_PLACE = ("location", "store")
_EXCEPTION = ("deadline", "delivery_status", *_PLACE)  # H21, H22: what every trouble with a parcel needs
_REASON = ("return_reason",)  # the only field in which an agent keeps why something is wanted

# Besides what the kind's action carries (core.actions.PARAMETERS), which comes first.
BESIDES: Mapping[ActionKind, tuple[str, ...]] = {
    K.ORDER_STATUS: ("product", *_EXCEPTION),
    K.EXTEND_EXPIRATION: ("deadline",),
    K.RESEND_GIFT_LINK: ("deadline",),
    K.CANCEL_ORDER: ("deadline", "delivery_status"),
    K.REFUND_ORDER: ("item", *_EXCEPTION),
    K.CHANGE_ADDRESS: _EXCEPTION,
    K.REPORT_DAMAGE: ("refund_expectation", *_PLACE),
    K.REPORT_MISSING_ITEM: ("refund_expectation", "delivery_status", *_PLACE),
    K.RETURN_ORDER: ("delivery_status", *_PLACE),
    K.SUBSTITUTE_ITEM: _PLACE,
    K.SEND_ORDER: _PLACE,
    K.CREATE_WEBHOOK: _REASON,
    K.DELETE_WEBHOOK: _REASON,
    K.ROUTE_BUYING_INTENT: ("order_value", "deadline", "channel", *_PLACE),
    K.CHANGE_BOOKING: (*_REASON, "availability_question", "deadline", "store"),
    K.FOLLOW_UP: ("product", "item", "deadline"),
    K.ESCALATE: ("item", "damage_description", "return_reason", "refund_expectation", "product", *_PLACE),
    K.CREATE_SUBSCRIBER_CHANNEL: _REASON,
    K.UPDATE_SUBSCRIBER_CHANNEL: ("deadline", "owner", *_REASON),
    K.UPDATE_CONTACT: ("deadline", "owner", *_REASON),
    K.NONE: (),
}

# These have lines of their own in every handoff.
OWN_LINES = frozenset({
    "promise_made", "preferred_time", "timezone", "contact_channel", "next_step", "escalation_owner", "owner",
})  # fmt: skip
ANSWERS = frozenset({"photo_available", "consent", "old_value", "new_value"})
"""Fields in which "no" and "none" say something."""
DERIVED = ("requested_action", "expiration_problem", "question_about")
"""Details that are no canonical field of their own name: wishes nobody understood, a doubt, a known word."""

DETAIL_NAMES = tuple(dict.fromkeys((*DERIVED, *(name for name in CANONICAL_FIELDS if name not in OWN_LINES))))

# A field, and what to ask where the caller did not say it.
_ASK: Mapping[ActionKind, tuple[tuple[str, str], ...]] = {
    K.CANCEL_ORDER: (("return_reason", "why the order should be cancelled"),),
    K.REFUND_ORDER: (("return_reason", "why a refund is wanted"),),
    K.REPORT_DAMAGE: (
        ("item", "which item is damaged"),
        ("damage_description", "what is damaged about it"),
        ("resolution_preference", "whether a replacement or a refund is preferred"),
    ),
    K.REPORT_MISSING_ITEM: (
        ("item", "which item is missing"),
        ("resolution_preference", "whether it should be sent or refunded"),
    ),
    K.RETURN_ORDER: (("item", "which item comes back"), ("return_reason", "why it comes back")),
    K.SUBSTITUTE_ITEM: (("product", "what is wanted instead"),),
    K.SEND_ORDER: (
        ("product", "what should be sent"),
        ("customer_name", "who gets it"),
        ("customer_email", "the e-mail address of whoever gets it"),
    ),
    K.CREATE_WEBHOOK: (("new_value", "the address events should go to"),),
    K.DELETE_WEBHOOK: (("old_value", "which webhook should go"), ("return_reason", "why it should go")),
    K.ROUTE_BUYING_INTENT: (("product", "which product it is about"),),
    K.CHANGE_BOOKING: (
        ("booking_id", "which booking it is"),
        ("preferred_time", "which time would suit"),
        ("timezone", "in which time zone"),
    ),
    K.FOLLOW_UP: (("preferred_time", "when it suits to come back"),),
    K.CREATE_SUBSCRIBER_CHANNEL: (("channel", "by which channel"), ("consent", "whether they consent to it")),
    K.UPDATE_SUBSCRIBER_CHANNEL: (("new_value", "what it should be from now on"),),
    K.UPDATE_CONTACT: (("field_changed", "which detail has changed"), ("new_value", "what it is now")),
}


def details_of(facts: Facts) -> dict[str, str]:
    """By field, in the order in which a team reads them."""
    wanted = (*PARAMETERS[facts.kind], "requested_action", "expiration_problem", *BESIDES[facts.kind])
    names = dict.fromkeys(name for name in wanted if name not in OWN_LINES)
    found = {name: value for name in names if (value := clean_text(_value(facts, name))) and _tells(name, value)}
    if facts.kind is K.ROUTE_BUYING_INTENT and (questions := questions_of(facts.call)):
        return {"question_about": ", ".join(questions), **found}
    return found


def questions_for_caller(facts: Facts) -> tuple[str, ...]:
    """What somebody has to ask before they can act."""
    return tuple(_questions(facts))[:MAX_QUESTIONS]


def _questions(facts: Facts) -> Iterator[str]:
    for field, question in _ASK.get(facts.kind, ()):
        if not clean_text(_value(facts, field)):
            yield question
    match facts.kind:
        case K.REPORT_DAMAGE if facts.call.flag("photo_available") is not True:
            yield "for a photo of the damage"
        case K.FOLLOW_UP if _value(facts, "preferred_time") and not _value(facts, "timezone"):
            yield "in which time zone that is"
        case K.FOLLOW_UP if not (_value(facts, "contact_channel") or facts.call.caller_number):
            yield "how to reach them"
        case K.CHANGE_ADDRESS if facts.order and facts.order.stage is OrderStage.OPEN:
            return  # whoever accepts the gift enters the address
        case K.CHANGE_ADDRESS if not clean_text(_value(facts, "new_address")):
            yield "for the new address"


def _tells(name: str, value: str) -> bool:
    """An analysis that has nothing to say writes "none"; where that is an answer it stays."""
    return name in ANSWERS or normalise_phrase(value) not in NOTHING


def _value(facts: Facts, name: str) -> str:
    """The action's own parameter, which may have been resolved, before what the call says. A doubt has no field."""
    said = facts.call.text(name) if name in CANONICAL_FIELDS and name != "requested_action" else None
    return facts.parameters.get(name) or said or ""
