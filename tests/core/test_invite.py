"""The calendar invite: one event that a calendar library reads, at the moment that was said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from handoff_examples import NOW, ROUTING, SHIPPED, handoff_of
from icalendar import Calendar, Event

from app.core.actions import ActionKind
from app.core.confirmation import confirmation_of
from app.core.handoff import Handoff
from app.core.handoff_text import as_text
from app.core.invite import invite_of

K = ActionKind
SAID = {
    "booking_id": "B-77",
    "preferred_time": "November 24 at 3 pm",
    "timezone": "Eastern",
    "location": "Harbor Street",
}


def invite(built: Handoff) -> bytes | None:
    return invite_of(built, organizer="Handoff <handoff@example.com>", attendees=["jo@example.com"], stamped_at=NOW)


def event_of(built: Handoff) -> Event:
    written = invite(built)
    assert written is not None
    calendar = Calendar.from_ical(written)
    assert calendar["METHOD"] == "REQUEST"
    (event,) = calendar.walk("VEVENT")
    assert isinstance(event, Event)
    return event


def test_a_booking_s_new_time_is_an_event_in_the_owner_s_calendar() -> None:
    built = handoff_of(K.CHANGE_BOOKING, SAID, routing=ROUTING)
    event = event_of(built)
    assert event.decoded("dtstart") == datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(hours=1)
    assert event.decoded("dtstamp") == NOW
    assert event["SUMMARY"] == "[NORMAL] Change booking, order WHTWW"
    assert event["LOCATION"] == "Harbor Street"
    assert event["DESCRIPTION"] == as_text(built)
    assert (event["ORGANIZER"], event["ATTENDEE"]) == ("mailto:handoff@example.com", "mailto:jo@example.com")
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"


def test_a_follow_up_takes_a_quarter_of_an_hour() -> None:
    event = event_of(handoff_of(K.FOLLOW_UP, {"preferred_time": "tomorrow at 9 am", "timezone": "Europe/Berlin"}))
    assert event.decoded("dtstart") == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=15)
    assert "LOCATION" not in event


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (K.CHANGE_BOOKING, {"preferred_time": "some time next week", "timezone": "UTC"}),
        (K.FOLLOW_UP, {"preferred_time": "tomorrow at 9 am"}),
        (K.FOLLOW_UP, {}),
        (K.CANCEL_ORDER, SAID),
    ],
)
def test_without_a_time_that_can_be_read_or_for_another_kind_there_is_no_invite(
    kind: ActionKind, said: dict[str, str]
) -> None:
    assert invite(handoff_of(kind, said)) is None


def test_the_same_wish_has_the_same_uid_and_another_has_another() -> None:
    first = handoff_of(K.CHANGE_BOOKING, SAID)
    again = handoff_of(K.CHANGE_BOOKING, SAID | {"preferred_time": "November 25 at 3 pm"})
    uids = [str(event_of(built)["UID"]) for built in (first, again, handoff_of(K.FOLLOW_UP, SAID))]
    assert uids[0] == uids[1] != uids[2]
    other_order = handoff_of(K.CHANGE_BOOKING, SAID, order=replace(SHIPPED, external_id="o-2"))
    assert str(event_of(other_order)["UID"]) != uids[0]


def test_only_mail_addresses_are_invited() -> None:
    built = handoff_of(K.CHANGE_BOOKING, SAID)
    for bad in ("jo", "jo@example.com\r\nX-EVIL:1", ""):
        with pytest.raises(ValueError, match="not a mail address"):
            invite_of(built, organizer="handoff@example.com", attendees=[bad], stamped_at=NOW)


def test_the_caller_is_told_that_the_wish_is_passed_on_and_not_that_it_is_done() -> None:
    told = confirmation_of(handoff_of(K.CHANGE_BOOKING, SAID))
    assert told is not None
    assert told.text == (
        "Thank you for your call. You asked us to change a booking:\n"
        "Booking: B-77\n"
        "The time you would like: November 24 at 3 pm Eastern\n"
        "It is not changed yet: we let you know as soon as it is, or where something is missing.\n"
        "If you did not call us, please tell us so."
    )
    assert confirmation_of(handoff_of(K.FOLLOW_UP, SAID)) is None
