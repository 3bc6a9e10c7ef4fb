"""A time is read only where it can be one moment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.appointment import FARTHEST, read_appointment, read_zone

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-11-24T15:00:00-05:00", "", "2026-11-24T20:00Z"),
        ("2026-11-24T15:00:00Z", "America/New_York", "2026-11-24T15:00Z"),
        ("2026-11-24 15:00", "America/New_York", "2026-11-24T20:00Z"),
        ("tomorrow at 3 pm", "Eastern", "2026-11-23T20:00Z"),
        ("Tuesday at 3pm", "PST", "2026-11-24T23:00Z"),
        ("on tuesday, 15:30", "Europe/Berlin", "2026-11-24T14:30Z"),
        ("November 24 at 9:15 a.m.", "UTC", "2026-11-24T09:15Z"),
        ("3 p.m. November 24th", "UTC+2", "2026-11-24T13:00Z"),
        ("tomorrow at noon", "-03:30", "2026-11-23T15:30Z"),
        ("today 12 am", "Pacific/Auckland", None),  # that midnight is over
        ("2026-11-24 at 12 am", "GMT", "2026-11-24T00:00Z"),
        ("next sunday 10:00", "cet", "2026-11-29T09:00Z"),
    ],
)
def test_a_time_with_its_zone_is_one_moment(text: str, zone: str, moment: str | None) -> None:
    expected = datetime.fromisoformat(moment) if moment else None
    assert read_appointment(text, zone, now=NOW) == expected


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("tomorrow at 3", "UTC"),  # in the morning, or not
        ("tomorrow at 3:30", "UTC"),
        ("tomorrow after 3 pm", "UTC"),
        ("tomorrow between 3 pm and 5 pm", "UTC"),
        ("tomorrow afternoon", "UTC"),
        ("3 pm", "UTC"),  # on no day
        ("tomorrow at 25:00", "UTC"),
        ("tomorrow at 13 pm", "UTC"),
        ("tomorrow at 3 pm", ""),
        ("tomorrow at 3 pm", "IST"),
        ("2026-11-24", "UTC"),  # a day is no time
        ("2026-11-24 15:00", ""),
        ("yesterday at 3 pm", "UTC"),
        ("2026-11-22 12:00", "UTC"),
        ("2028-11-24 15:00", "UTC"),
        ("2027-03-14 02:30", "America/New_York"),  # the clocks go forward: no such time
        ("2027-10-31 02:30", "Europe/Berlin"),  # and back: it comes twice
        ("", ""),
        ("9999-12-31T23:59:59-14:00", ""),
        ("0001-01-01T00:00:00+14:00", ""),
        ("tomorrow at 3 pm" + " " * 100, "UTC"),
    ],
)
def test_what_could_be_two_moments_or_none_is_for_people(text: str, zone: str) -> None:
    assert read_appointment(text, zone, now=NOW) is None


@pytest.mark.parametrize(
    "zone",
    ["../../etc/passwd", "/etc/passwd", "America", "America/Nowhere", "Etc/../UTC", "+15", "UTC+2:99", "\x00", "EST5"],
)
def test_what_is_no_zone_is_none(zone: str) -> None:
    assert read_zone(zone) is None


@given(st.text(max_size=100) | st.from_regex(r"[0-9:apm ./-]{0,20}"), st.text(max_size=40) | st.just("UTC"))
def test_whatever_was_said_a_moment_is_ahead_and_near(text: str, zone: str) -> None:
    moment = read_appointment(text, zone, now=NOW)
    assert moment is None or timedelta(0) < moment - NOW <= FARTHEST
