"""What every written form of a handoff shows, and in which order: the most important first, one fact a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.actions import shop_name
from app.core.handoff import Handoff
from app.core.plain_text import clean_text, label

MAX_VALUE = 700  # of one line: five sentences of reasons
MAX_DETAIL_LINES = 6  # so that with the other sixteen it stays a screen
LINK_NAMES = ("transcript", "recording", "payment", "support", "fulfillment")


@dataclass(frozen=True, slots=True)
class Line:
    """`value` is bounded, on one line; `link` is where it can be seen, if anywhere."""

    label: str
    value: str
    link: str | None = None


def title_of(handoff: Handoff) -> str:
    return f"[{handoff.urgency.upper()}] {label(handoff.kind)}"


def due_of(handoff: Handoff) -> str:
    minutes = f"{handoff.due_minutes} minutes"
    return f"due {utc_of(handoff.due_at)} (in {minutes})" if handoff.due_at else f"due in {minutes}"


def utc_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def lines_of(handoff: Handoff) -> tuple[Line, ...]:
    """The facts without heading and evidence; what is not known has no line."""
    lines = (*_fixed_lines(handoff), *_detail_lines(handoff))
    return tuple(Line(line.label, clean_text(line.value, MAX_VALUE), line.link) for line in lines if line.value)


def evidence_of(handoff: Handoff) -> tuple[Line, ...]:
    """The call's id and the links to what was said."""
    links = handoff.links
    found = [Line(label(name), links[name], links[name]) for name in LINK_NAMES if name in links]
    return (Line("Call", clean_text(links.get("call", ""))), *found)


def _fixed_lines(handoff: Handoff) -> Iterator[Line]:
    yield Line("Caller", _with(handoff.matched_caller, "; account ", handoff.account))
    yield Line("Record", _record(handoff), handoff.record_url)
    yield Line("Reason", handoff.reason)
    yield Line("At stake", "; ".join(handoff.impact))
    why = f" ({handoff.urgency_reason})" if handoff.urgency_reason else ""
    yield Line("Urgency", f"{handoff.urgency}{why}")
    yield Line("Answer", handoff.answer or "")
    yield Line("Owner", _owner(handoff))
    yield Line("Next step", handoff.next_step)
    yield Line("Ask the caller", "; ".join(handoff.questions))
    yield Line("Caller expects", handoff.expects or "")
    yield Line("Promised", handoff.promise_made or "")
    yield Line("Said to come next", handoff.agreed_step or "")
    yield Line("Contact", _contact(handoff))
    yield Line("Risk", ", ".join(flag.replace("_", " ") for flag in handoff.risk_flags))


def _detail_lines(handoff: Handoff) -> Iterator[Line]:
    """One a line; what is too much for a screen shares the last one."""
    details = [Line(label(name), value) for name, value in handoff.details.items()]
    if len(details) <= MAX_DETAIL_LINES:
        yield from details
        return
    yield from details[: MAX_DETAIL_LINES - 1]
    rest = details[MAX_DETAIL_LINES - 1 :]
    yield Line("Also", "; ".join(f"{line.label.lower()}: {line.value}" for line in rest))


def _record(handoff: Handoff) -> str:
    """The order where there is one, else what the kind is about, by its booking id."""
    record, waits = handoff.affected_record, handoff.record_status
    if record:
        what = handoff.record_object or "order"
        state = f"{record.status}, waits for: {waits}" if waits else record.status
        return f"{shop_name(record.destination)} {what} {record.reference} ({state})"
    if booking := handoff.details.get("booking_id"):
        return _with(f"{handoff.record_object or 'booking'} {booking}", ", waits for: ", waits)
    if handoff.record_object is None:
        return "none"
    return f"none yet ({_with(handoff.record_object, ', waits for: ', waits)})"


def _owner(handoff: Handoff) -> str:
    team = "" if handoff.owner == handoff.team else f" (team {handoff.team})"
    return _with(f"{handoff.owner}{team}", "; the call names ", handoff.named_owner)


def _contact(handoff: Handoff) -> str:
    way = f"by {handoff.contact_channel}" if handoff.contact_channel else None
    read = f"(that is {utc_of(handoff.starts_at)})" if handoff.starts_at else None
    return " ".join(part for part in (way, handoff.reach_at, handoff.preferred_time, handoff.timezone, read) if part)


def _with(text: str, between: str, more: str | None) -> str:
    return f"{text}{between}{more}" if more else text
