"""A calendar invite for a booking change or a follow-up whose time was said so that it can only be one moment (H25).

iTIP request (RFC 5546) with one event in UTC, so that no time zone has to travel with it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from icalendar import Calendar, Event, vCalAddress, vText

from app.core.actions import ActionKind
from app.core.contacts import normalise_email
from app.core.handoff import Handoff
from app.core.handoff_text import as_text, subject_of

LENGTH: dict[ActionKind, timedelta] = {
    ActionKind.CHANGE_BOOKING: timedelta(hours=1),  # a place in the calendar; how long a booking takes nobody said
    ActionKind.FOLLOW_UP: timedelta(minutes=15),
}
NAMESPACE = UUID("6f7a0a9e-7c1b-5d0e-9a55-0c2f3d1b8e47")  # ours, so that UIDs of two systems cannot meet


def invite_of(
    handoff: Handoff, *, organizer: str, attendees: Sequence[str], stamped_at: datetime, sequence: int = 0
) -> bytes | None:
    """The body of a `text/calendar; method=REQUEST` part; None where the kind or the time asks for no event.

    The addresses are the deployment's own, never words of a call: ValueError where one is no mail address.
    """
    length = LENGTH.get(handoff.kind)
    if length is None or handoff.starts_at is None:
        return None
    event = Event()
    event.add("uid", str(_uid(handoff)))
    event.add("dtstamp", stamped_at.astimezone(UTC))
    event.add("dtstart", handoff.starts_at.astimezone(UTC))
    event.add("dtend", handoff.starts_at.astimezone(UTC) + length)
    event.add("sequence", sequence)
    event.add("summary", subject_of(handoff))
    event.add("description", as_text(handoff))
    if place := handoff.details.get("location") or handoff.details.get("store"):
        event.add("location", place)
    event.add("organizer", _address(organizer))
    for attendee in attendees:
        event.add("attendee", _invited(attendee))
    event.add("status", "TENTATIVE")  # the caller wishes it; the owner who accepts makes it so
    calendar = Calendar()
    calendar.add("prodid", "-//Handoff//handoff//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _uid(handoff: Handoff) -> UUID:
    """The same for the same wish, so that an invite that is built again takes the place of the first."""
    record = handoff.affected_record
    order = f"{record.destination}:{record.order_id}" if record else ""
    return uuid5(NAMESPACE, f"{handoff.links['transcript']}|{handoff.kind}|{order}")


def _address(text: str) -> vCalAddress:
    email = normalise_email(text)
    if email is None:
        raise ValueError("an organizer or attendee of an invite is not a mail address")
    return vCalAddress(f"mailto:{email}")


def _invited(text: str) -> vCalAddress:
    address = _address(text)
    address.params["ROLE"] = vText("REQ-PARTICIPANT")
    address.params["PARTSTAT"] = vText("NEEDS-ACTION")
    address.params["RSVP"] = vText("TRUE")
    return address
