from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.spoken_dates import read_date, read_full_date

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-11-03", "2026-11-03"),
        ("november third", "2026-11-03"),
        ("the 3rd of November", "2026-11-03"),
        ("on Friday the twenty seventh of November", "2026-11-27"),
        ("january 5th", "2027-01-05"),
        ("november third twenty twenty six", "2026-11-03"),
        ("may the fourth two thousand and twenty seven", "2027-05-04"),
        ("13/2/2026", "2026-02-13"),
        ("today", "2026-11-22"),
        ("yesterday", "2026-11-21"),
        ("last Friday", "2026-11-20"),
        ("last Sunday", "2026-11-15"),
        ("this Friday", "2026-11-27"),
        ("next Friday", "2026-11-27"),
        ("two weeks ago", "2026-11-08"),
        ("a month ago", "2026-10-22"),
        ("in three days", "2026-11-25"),
        ("ten days from now", "2026-12-02"),
        ("a year from now", "2027-11-22"),
        ("end of the month", "2026-11-30"),
    ],
)
def test_a_day_is_read_as_it_is_said(said, day):
    assert read_date(said, today=SUNDAY) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "said",
    ["2/3/2026", "Friday", "may", "june first", "the third", "november", "november 2026", "february thirtieth",
     "last week", "february 30 2026", "2026-02-30", "november third or fourth", "9000 years from now", "a lot"],
)  # fmt: skip
def test_a_day_that_could_be_two_is_none(said):
    assert read_date(said, today=SUNDAY) is None


def test_next_friday_is_unclear_while_this_weeks_is_still_to_come():
    assert read_date("next Friday", today=date(2026, 11, 18)) is None
    assert read_date("next Monday", today=date(2026, 11, 18)) == date(2026, 11, 23)


def test_a_month_ago_is_the_last_day_of_a_shorter_month():
    assert read_date("a month ago", today=date(2026, 3, 31)) == date(2026, 2, 28)


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)), st.integers(1, 400))
def test_days_are_counted_to_the_ends_of_the_calendar(today, count):
    day = read_date(f"{count} days ago", today=today)
    assert day == (today - timedelta(count) if today.toordinal() > count else None)


@given(st.dates(date(1000, 1, 1), date(2999, 12, 31)))
def test_every_day_with_its_year_is_read_on_any_other(day):
    for form in ("%B %d %Y", "the %d of %B %Y", "%d %b %Y", "%Y-%m-%d"):
        assert read_full_date(day.strftime(form)) == day
