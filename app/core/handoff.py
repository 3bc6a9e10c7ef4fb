"""The message to a team: who called, about what, why, what to do next, and where the evidence is. No more.

Built from typed fields. What was said in free words is bounded and laid on one line, so that it can neither flood a
message nor pass for a part of it. The gift link is a bearer secret and never gets here.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from app.core.actions import PARAMETERS, ActionKind, shop_name, why_impossible
from app.core.calls import Call
from app.core.identity import Identity, Role
from app.core.orders import Order, OrderStage, Shipment
from app.core.policy import Decision, Facts, Urgency, Verdict, sentence_of

MAX_TEXT_LENGTH = 300
MAX_DETAILS = 6  # so that the whole stays within a screen; the rest is one click away, in the call
MAX_REASONS = 5
NOBODY_IDENTIFIED = "not identified"

K = ActionKind
_WANTS: Mapping[ActionKind, str] = {
    K.ORDER_STATUS: "asks where the order is",
    K.EXTEND_EXPIRATION: "wants more time to accept the gift",
    K.RESEND_GIFT_LINK: "wants the gift link again",
    K.CANCEL_ORDER: "wants the order cancelled",
    K.REFUND_ORDER: "wants a refund",
    K.CHANGE_ADDRESS: "wants another delivery address",
    K.REPORT_DAMAGE: "reports a damaged item",
    K.REPORT_MISSING_ITEM: "reports a missing item",
    K.RETURN_ORDER: "wants to return the order",
    K.SUBSTITUTE_ITEM: "wants another item instead",
    K.SEND_ORDER: "wants a gift sent",
    K.CREATE_WEBHOOK: "asks for a new webhook",
    K.DELETE_WEBHOOK: "asks to remove a webhook",
    K.ROUTE_BUYING_INTENT: "is interested in buying",
    K.CHANGE_BOOKING: "wants to change a booking",
    K.FOLLOW_UP: "expects somebody to come back",
    K.ESCALATE: "asks for somebody in charge",
    K.CREATE_SUBSCRIBER_CHANNEL: "wants to be told by a new channel",
    K.UPDATE_SUBSCRIBER_CHANNEL: "changes how we may contact them",
    K.UPDATE_CONTACT: "changes their contact details",
    K.NONE: "asked for nothing",
}
_NEXT_STEPS: Mapping[Verdict, str] = {
    Verdict.EXECUTE: "Nothing to decide: it is done automatically. Tell the caller when it is done.",
    Verdict.HAND_OFF: "Take it from here.",
    Verdict.ASSIST: "Do it at the shop with the prepared summary, then say so.",
    Verdict.REVIEW: "Decide in the review queue.",
    Verdict.REFUSE: "Nothing is done. Tell the caller why.",
}


@dataclass(frozen=True, slots=True)
class AffectedRecord:
    destination: str
    order_id: str
    reference: str
    status: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """What a team needs in order to act without the transcript. Absent is None or empty."""

    kind: ActionKind
    verdict: Verdict
    matched_caller: str
    affected_record: AffectedRecord | None
    reason: str
    urgency: Urgency
    due_minutes: int
    team: str  # who gets it
    owner: str  # who is named as responsible: a person where the call named one, else the team
    next_step: str
    promise_made: str | None
    preferred_time: str | None
    timezone: str | None
    contact_channel: str | None
    risk_flags: tuple[str, ...]
    links: Mapping[str, str]
    details: Mapping[str, str]
    answer: str | None


def build_handoff(facts: Facts, decision: Decision) -> Handoff:
    """The handoff of one decided action."""
    call = facts.call
    return Handoff(
        kind=facts.kind,
        verdict=decision.verdict,
        matched_caller=_caller(call, facts.order, facts.identity),
        affected_record=_record(facts.order),
        reason=_reason(facts, decision),
        urgency=decision.urgency,
        due_minutes=decision.due_minutes,
        team=decision.team,
        owner=_said(call, "escalation_owner") or _said(call, "owner") or decision.team,
        next_step=_said(call, "next_step") or _next_step(facts, decision),
        promise_made=_said(call, "promise_made"),
        preferred_time=_said(call, "preferred_time"),
        timezone=_said(call, "timezone"),
        contact_channel=_said(call, "contact_channel"),
        risk_flags=_flags(decision),
        links=_links(call),
        details=_details(facts),
        answer=describe_order(facts.order, facts.now) if facts.order and _needs_answer(facts, decision) else None,
    )


def describe_order(order: Order, now: datetime) -> str:
    """Where the order is, in one to three short sentences that may be read to the caller."""
    match order.stage:
        case OrderStage.OPEN:
            told = f"waits for its recipient to accept it. {_expiry_sentence(order, now)}"
        case OrderStage.ACCEPTED:
            told = f"is accepted and being prepared. {_shipments_sentence(order)}"
        case OrderStage.SHIPPED:
            told = f"is on its way. {_shipments_sentence(order)}"
        case OrderStage.DELIVERED:
            told = f"is delivered. {_shipments_sentence(order)}"
        case OrderStage.CANCELLED:
            told = "is cancelled."
        case OrderStage.UNKNOWN:
            told = f"is in the state '{clean_text(order.status)}', which nobody can explain yet."
    refund = f"It was refunded on {_day(order.refunded_at)}." if order.refunded_at else ""
    return " ".join(f"Order {clean_text(order.reference_id)} {told} {refund}".split())


def assistance_summary(kind: ActionKind, order: Order | None, parameters: Mapping[str, str]) -> str:
    """The prepared text for the person who does it at the shop's support; without the link that takes the gift."""
    lines = [_opening(kind, order)]
    if order:
        known = {
            "Order": f"{order.reference_id} (id {order.external_id}), status {order.status}",
            "Sender": order.sender.full_name,
            "Recipient": order.recipient.full_name,
            "Items": "; ".join(f"{item.quantity} x {item.name}" for item in order.items),
        }
        lines += [f"{name}: {clean_text(value)}" for name, value in known.items() if value]
    lines += [f"{_label(name)}: {clean_text(value)}" for name, value in parameters.items() if clean_text(value)]
    why = why_impossible(kind, order) if order else None
    if why:
        lines.append(f"Why by hand: {why}")
    return "\n".join(lines)


def _opening(kind: ActionKind, order: Order | None) -> str:
    if order and order.stage is OrderStage.OPEN and kind in {ActionKind.CHANGE_ADDRESS, ActionKind.RESEND_GIFT_LINK}:
        return (
            "Send the gift's link again, to the recipient's address on file and to no other: "
            "whoever accepts the gift enters where it goes."
        )
    shop = shop_name(order.destination) if order else "the shop"
    return f"To {shop} support: a customer {_WANTS[kind]}."


def as_text(handoff: Handoff) -> str:
    """A message of at most 20 lines, the most important first; one fact a line."""
    record = handoff.affected_record
    lines: list[tuple[str, str | None]] = [
        (f"[{handoff.urgency.upper()}] {_label(handoff.kind)}", f"due in {handoff.due_minutes} minutes"),
        ("Caller", handoff.matched_caller),
        ("Record", f"{shop_name(record.destination)} order {record.reference} ({record.status})" if record else "none"),
        ("Reason", handoff.reason),
        ("Answer", handoff.answer),
        ("Owner", handoff.owner if handoff.owner == handoff.team else f"{handoff.owner} (team {handoff.team})"),
        ("Next step", handoff.next_step),
        ("Promised", handoff.promise_made),
        ("Preferred time", _join(handoff.preferred_time, handoff.timezone)),
        ("Contact by", handoff.contact_channel),
        ("Risk", ", ".join(handoff.risk_flags)),
        *((_label(name), value) for name, value in handoff.details.items()),
        ("Evidence", "  ".join(f"{name}: {link}" for name, link in handoff.links.items())),
    ]
    return "\n".join(f"{name}: {value}" for name, value in lines if value)


def clean_text(text: str, limit: int = MAX_TEXT_LENGTH) -> str:
    """One bounded line without control characters, invisible ones or such that turn the direction of writing."""
    visible = "".join(_visible(letter) for letter in text[: limit * 4])
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\u2026"


def _visible(letter: str) -> str:
    """Breaks become spaces, other characters of no shape (category C: controls, formats, surrogates) go."""
    if letter.isspace():
        return " "
    return "" if unicodedata.category(letter).startswith("C") else letter


def _caller(call: Call, order: Order | None, identity: Identity) -> str:
    """Who we take the caller for and how surely, else what they said of themselves, marked as such."""
    person = {Role.SENDER: order.sender, Role.RECIPIENT: order.recipient}.get(identity.role) if order else None
    if person is not None:
        name = clean_text(person.full_name) or "unnamed"
        return f"{name}, the {identity.role} ({identity.confidence:.0%} sure)"
    said = _said(call, "customer_name")
    who = "contradicts sender and recipient" if identity.role is Role.OTHER else NOBODY_IDENTIFIED
    return f"{who}; says to be {said}" if said else who


def _record(order: Order | None) -> AffectedRecord | None:
    if order is None:
        return None
    reference, status = clean_text(order.reference_id), clean_text(order.status)
    return AffectedRecord(order.destination, clean_text(order.external_id), reference, status)


def _reason(facts: Facts, decision: Decision) -> str:
    """What is wanted, and the sentences of the findings that decided it."""
    why = [sentence_of(finding) for finding in decision.findings if finding.fired and finding.rule != "kind"]
    more = [f"And {len(why) - MAX_REASONS} more findings."] if len(why) > MAX_REASONS else []
    return " ".join([f"The caller {_WANTS[facts.kind]}.", *why[:MAX_REASONS], *more])


def _next_step(facts: Facts, decision: Decision) -> str:
    if facts.kind is K.ORDER_STATUS and decision.verdict is Verdict.EXECUTE:
        return "Give the caller the answer."
    return _NEXT_STEPS[decision.verdict]


def _needs_answer(facts: Facts, decision: Decision) -> bool:
    """A question is answered; so is a wish that only a word to the caller can meet."""
    return facts.kind is K.ORDER_STATUS or decision.verdict in {Verdict.HAND_OFF, Verdict.REFUSE}


def _flags(decision: Decision) -> tuple[str, ...]:
    flags = decision.inputs.get("call.risk_flags")
    return tuple(flags) if isinstance(flags, list) else ()


def _links(call: Call) -> dict[str, str]:
    """Evidence by the call's id; other links only where they are web addresses, since they come from a call."""
    links = {"call": clean_text(call.call_id), "transcript": f"/v1/calls/{quote(call.call_id, safe='')}"}
    found = {
        "recording": call.recording_url,
        **{
            name.removesuffix("_link"): call.text(name) for name in ("payment_link", "support_link", "fulfillment_link")
        },
    }
    return links | {name: link.strip() for name, link in found.items() if link and _is_web_address(link.strip())}


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    is_plain = len(link) <= 2_000 and link.isascii() and link.isprintable() and not set(' "<>`') & set(link)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_plain


def _details(facts: Facts) -> dict[str, str]:
    """What the kind carries and the handoff has no own line for."""
    own_lines = {
        "promise_made", "preferred_time", "timezone", "contact_channel", "next_step", "escalation_owner", "owner",
    }  # fmt: skip
    names = [name for name in facts.parameters if name not in own_lines]
    wanted = [name for name in (*PARAMETERS[facts.kind], "requested_action", "expiration_problem") if name in names]
    cleaned = {name: clean_text(facts.parameters[name]) for name in wanted}
    return {name: value for name, value in list(cleaned.items())[:MAX_DETAILS] if value}


def _said(call: Call, field: str) -> str | None:
    return clean_text(call.text(field) or "") or None


def _expiry_sentence(order: Order, now: datetime) -> str:
    if order.expires_at is None:
        return "It does not expire."
    return f"It {'expired' if order.expires_at <= now else 'expires'} on {_day(order.expires_at)}."


def _shipments_sentence(order: Order) -> str:
    """The last parcel decides when all is there; how many there are is said where it is more than one."""
    sentences = [_shipment_words(shipment) for shipment in order.shipments]
    told = [sentence for sentence in sentences if sentence]
    if not told:
        return ""
    if len(order.shipments) == 1:
        return f"The parcel {told[0]}."
    return f"It comes in {len(order.shipments)} parcels: " + "; ".join(f"one {each}" for each in told[:3]) + "."


def _shipment_words(shipment: Shipment) -> str:
    by = f" by {clean_text(shipment.carrier, 60)}" if shipment.carrier else ""
    if shipment.delivered_at:
        return f"was delivered{by} on {_day(shipment.delivered_at)}"
    if shipment.eta_at:
        return f"is sent{by} and expected on {_day(shipment.eta_at)}"
    if shipment.shipped_at:
        return f"was shipped{by} on {_day(shipment.shipped_at)}"
    return f"goes{by}" if by else ""


def _day(moment: datetime) -> str:
    """A date as people say it, in UTC, which is what the shop keeps."""
    day = moment.astimezone(UTC)
    return f"{day.day} {day:%B %Y}"


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _join(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)
