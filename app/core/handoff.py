"""The message to a team: who called, about what, why, what to do next, and where the evidence is. No more.

Built from typed fields. What was said in free words is bounded and laid on one line, so that it can neither flood a
message nor pass for a part of it; what is ours to say (owner, next step) is never taken from it. The gift link is a
bearer secret and never gets here. How a handoff is written down is in the modules beside this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from app.core.actions import ActionKind
from app.core.appointment import read_appointment
from app.core.calls import Call
from app.core.contacts import Contact
from app.core.gift_links import without_gift_link
from app.core.handoff_details import details_of, questions_for_caller
from app.core.identity import Identity, Role
from app.core.order_words import describe_order
from app.core.orders import Order, Person
from app.core.phrases import NOTHING, normalise_phrase
from app.core.plain_text import clean_text
from app.core.policy import Decision, Facts, Urgency, Verdict, sentence_of
from app.core.routing import Routing
from app.core.stakes import impact_of, urgency_reason_of
from app.core.wishes import WANTS

MAX_REASONS = 5
LONGEST_LINK = 2_000  # beyond this browsers cut
LONGEST_REACH = 254  # an e-mail address has no more (RFC 5321)
TIGHT_BOOKING = timedelta(hours=24)  # sooner than this operations have planned already
OLDEST_CALL = timedelta(days=30)  # a call told later has a wrong clock, or nobody waits for its appointment any more
OPERATIONS = "operations"
NOBODY_IDENTIFIED = "not identified"

K = ActionKind
_NEXT_STEPS: Mapping[Verdict, str] = {
    Verdict.EXECUTE: "Nothing to decide: it is done automatically. Tell the caller when it is done.",
    Verdict.HAND_OFF: "Take it from here.",
    Verdict.ASSIST: "Do it at the shop with the prepared summary, then say so.",
    Verdict.REVIEW: "Decide in the review queue.",
    Verdict.REFUSE: "Nothing is done. Tell the caller why.",
}
_PEOPLE_ACT = frozenset({Verdict.HAND_OFF, Verdict.ASSIST, Verdict.REVIEW})
_TROUBLE_WITH_ITEM = frozenset({K.REPORT_DAMAGE, K.REPORT_MISSING_ITEM, K.SUBSTITUTE_ITEM})
_MAIL_WORDS = frozenset({"mail", "email"})
_UPSETS_PLANS = frozenset({"no_show_risk", "urgent_travel"})


@dataclass(frozen=True, slots=True)
class AffectedRecord:
    destination: str
    order_id: str
    reference: str
    status: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """What a team needs in order to act without the transcript. Absent is None or empty.

    It is stored, and read again for as long as calls are kept: what was added to it later has a default.
    """

    kind: ActionKind
    verdict: Verdict
    matched_caller: str
    affected_record: AffectedRecord | None
    reason: str
    urgency: Urgency
    due_minutes: int
    team: str  # who gets it
    owner: str  # who is responsible: by the mapping, else whom the call named, else the team
    next_step: str
    promise_made: str | None
    preferred_time: str | None  # in the caller's words
    timezone: str | None
    contact_channel: str | None
    risk_flags: tuple[str, ...]
    links: Mapping[str, str]
    details: Mapping[str, str]
    answer: str | None
    account: str | None = None  # the caller's entry in the merchant's directory
    named_owner: str | None = None  # whom the call named, where somebody else is responsible
    agreed_step: str | None = None  # what was said in the call to come next; a claim, not an instruction
    impact: tuple[str, ...] = ()
    urgency_reason: str | None = None
    due_at: datetime | None = None
    starts_at: datetime | None = None  # the preferred time, where it can only be one moment
    reach_at: str | None = None  # the number or address for coming back to the caller
    expects: str | None = None  # what the caller waits for
    questions: tuple[str, ...] = ()  # what the caller has to be asked before anybody can act
    also_tell: tuple[str, ...] = ()  # teams that plan around it
    record_object: str | None = None  # what the kind is about, in the deployment's words: "gift order", "booking"
    record_status: str | None = None  # what that record waits for
    record_url: str | None = None


def build_handoff(facts: Facts, decision: Decision, routing: Routing | None = None) -> Handoff:
    """The handoff of one decided action; `routing` knows the deployment's owners, records and next steps."""
    facts = without_gift_link(facts)
    call, known = facts.call, routing or Routing()
    route = known.route_of(facts.kind)
    named = _said(call, "escalation_owner") or _said(call, "owner")
    owner = known.owner_of(decision.team) or named or decision.team
    starts_at = _starts_at(facts)
    return Handoff(
        kind=facts.kind,
        verdict=decision.verdict,
        matched_caller=_caller(call, facts.order, facts.identity),
        affected_record=_record(facts.order),
        reason=_reason(facts, decision),
        urgency=decision.urgency,
        due_minutes=decision.due_minutes,
        team=decision.team,
        owner=owner,
        next_step=_next_step(facts, decision, route.next_step if route else None),
        promise_made=_said(call, "promise_made"),
        preferred_time=_said(call, "preferred_time"),
        timezone=_said(call, "timezone"),
        contact_channel=_said(call, "contact_channel"),
        risk_flags=_flags(decision),
        links=_links(call),
        details=details_of(facts),
        answer=describe_order(facts.order, facts.now) if facts.order and _needs_answer(facts, decision) else None,
        account=_account(facts.contact),
        named_owner=named if named != owner else None,
        agreed_step=_said(call, "next_step"),
        impact=impact_of(facts),
        urgency_reason=urgency_reason_of(facts, decision),
        due_at=facts.now + timedelta(minutes=decision.due_minutes),
        starts_at=starts_at,
        reach_at=_reach_at(facts),
        expects=_expectation(facts),
        questions=questions_for_caller(facts) if decision.verdict in _PEOPLE_ACT else (),
        also_tell=_also_tell(facts, decision, starts_at),
        record_object=clean_text(route.destination_object) or None if route else None,
        record_status=clean_text(route.status) or None if route else None,
        record_url=_plain_address(known.record_url(facts.kind, facts.order, call.call_id)),
    )


def with_public_url(handoff: Handoff, public_url: str | None) -> Handoff:
    """The handoff whose links to our own pages can be followed from a mail; unchanged where nobody said our address."""
    if public_url is None:
        return handoff
    links = {name: link if name == "call" else _absolute(link, public_url) for name, link in handoff.links.items()}
    record_url = _absolute(handoff.record_url, public_url) if handoff.record_url else None
    return replace(handoff, links=links, record_url=record_url)


def is_web_address(link: str) -> bool:
    """An absolute http(s) address in plain ASCII, without what could end it early in a message."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    is_plain = len(link) <= LONGEST_LINK and link.isascii() and link.isprintable() and not set(" \"<>`|\\'") & set(link)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_plain


def _caller(call: Call, order: Order | None, identity: Identity) -> str:
    """Who we take the caller for and how surely, else what they said of themselves, marked as such."""
    person = _person(order, identity)
    if person is not None:
        name = clean_text(person.full_name) or "unnamed"
        return f"{name}, the {identity.role} ({identity.confidence:.0%} sure)"
    said = _said(call, "customer_name")
    who = "contradicts sender and recipient" if identity.role is Role.OTHER else NOBODY_IDENTIFIED
    return f"{who}; says to be {said}" if said else who


def _person(order: Order | None, identity: Identity) -> Person | None:
    return {Role.SENDER: order.sender, Role.RECIPIENT: order.recipient}.get(identity.role) if order else None


def _account(contact: Contact | None) -> str | None:
    """The merchant's own id of the caller: whoever shares what was heard, and no more than that."""
    if contact is None:
        return None
    tier = clean_text(contact.tier or "", 40)
    return f"{clean_text(contact.contact_id, 80)}{f' ({tier})' if tier else ''}" or None


def _record(order: Order | None) -> AffectedRecord | None:
    if order is None:
        return None
    reference, status = clean_text(order.reference_id), clean_text(order.status)
    return AffectedRecord(order.destination, clean_text(order.external_id), reference, status)


def _reason(facts: Facts, decision: Decision) -> str:
    """What is wanted, and the sentences of the findings that decided it."""
    why = [sentence_of(finding) for finding in decision.findings if finding.fired and finding.rule != "kind"]
    more = [f"And {len(why) - MAX_REASONS} more findings."] if len(why) > MAX_REASONS else []
    return " ".join([f"The caller {WANTS[facts.kind]}.", *why[:MAX_REASONS], *more])


def _next_step(facts: Facts, decision: Decision, of_route: str | None) -> str:
    """Ours alone: a step that was named in a call could be anybody's wish."""
    if facts.kind is K.ORDER_STATUS and decision.verdict is Verdict.EXECUTE:
        return "Give the caller the answer."
    if decision.verdict is Verdict.HAND_OFF and of_route:
        return clean_text(of_route)
    return _NEXT_STEPS[decision.verdict]


def _needs_answer(facts: Facts, decision: Decision) -> bool:
    """A question is answered; so is a wish that only a word to the caller can meet."""
    return facts.kind is K.ORDER_STATUS or decision.verdict in {Verdict.HAND_OFF, Verdict.REFUSE}


def _flags(decision: Decision) -> tuple[str, ...]:
    flags = decision.inputs.get("call.risk_flags")
    return tuple(flags) if isinstance(flags, list) else ()


def _reach_at(facts: Facts) -> str | None:
    """The number that called before one that was said; for mail the address on file before that."""
    call = facts.call
    if _MAIL_WORDS.isdisjoint(normalise_phrase(_said(call, "contact_channel") or "").split()):
        return clean_text(call.caller_number or "", LONGEST_REACH) or _said(call, "customer_phone")
    person = _person(facts.order, facts.identity)
    return clean_text((person and person.email) or "", LONGEST_REACH) or _said(call, "customer_email")


def _expectation(facts: Facts) -> str | None:
    """What the caller waits for, out of what they said they want and how they want to hear of it."""
    call = facts.call
    wishes = (_said(call, name) for name in ("resolution_preference", "refund_expectation"))
    wish = next((text for text in wishes if text and normalise_phrase(text) not in NOTHING), None)
    way, when, zone = (_said(call, name) for name in ("contact_channel", "preferred_time", "timezone"))
    hears = " ".join(part for part in ("to hear from us", f"by {way}" if way else None, when, zone) if part)
    is_waiting = way or when or facts.kind in {K.FOLLOW_UP, K.ESCALATE}
    return clean_text("; ".join(part for part in (wish, hears if is_waiting else None) if part)) or None


def _starts_at(facts: Facts) -> datetime | None:
    """Read as of the day of the call: "tomorrow" was said then."""
    started_at = facts.call.started_at or facts.now
    said_at = started_at if abs(facts.now - started_at) <= OLDEST_CALL else facts.now
    time, zone = facts.call.text("preferred_time"), facts.call.text("timezone")
    moment = read_appointment(time or "", zone or "", now=said_at)
    return moment if moment and moment > facts.now else None


def _also_tell(facts: Facts, decision: Decision, starts_at: datetime | None) -> tuple[str, ...]:
    """Operations, where a booking leaves little time or an item has to be mended at a place (H21, H25)."""
    if facts.kind is K.CHANGE_BOOKING:
        is_soon = starts_at is not None and starts_at - facts.now <= TIGHT_BOOKING
        is_tight = is_soon or decision.urgency is Urgency.URGENT or not _UPSETS_PLANS.isdisjoint(_flags(decision))
    else:
        has_place = bool(_said(facts.call, "location") or _said(facts.call, "store"))
        is_tight = facts.kind in _TROUBLE_WITH_ITEM and has_place
    return (OPERATIONS,) if is_tight and decision.team != OPERATIONS else ()


def _links(call: Call) -> dict[str, str]:
    """Evidence by the call's id; other links only where they are web addresses, since they come from a call.

    The vendor's link to the recording is none of them: it dies in days, and whoever is sent it could listen.
    """
    here = f"/v1/calls/{quote(call.call_id, safe='')}"
    links = {"call": clean_text(call.call_id), "transcript": here}
    if call.recording_url:
        links["recording"] = f"{here}/recording"
    found = {
        name.removesuffix("_link"): call.text(name) for name in ("payment_link", "support_link", "fulfillment_link")
    }
    return links | {name: link.strip() for name, link in found.items() if link and is_web_address(link.strip())}


def _plain_address(link: str | None) -> str | None:
    """An address as the mapping makes it, where it is a web address or a path of ours."""
    if link is None:
        return None
    is_path = link.startswith("/") and not link.startswith("//") and is_web_address(f"https://here{link}")
    return link if is_path or is_web_address(link) else None


def _absolute(link: str, public_url: str) -> str:
    return public_url.rstrip("/") + link if link.startswith("/") else link


def _said(call: Call, name: str) -> str | None:
    return clean_text(call.text(name) or "") or None
