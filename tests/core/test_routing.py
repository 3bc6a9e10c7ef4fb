"""Teams, their hours and channels, and the records that kinds of action are about."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actions import ActionKind
from app.core.orders import Order, OrderStage, Person
from app.core.policy import Urgency
from app.core.routing import (
    Channel,
    ChannelKind,
    Hours,
    KindRoute,
    Routing,
    Team,
    fill_template,
    template_problem,
)

DESK = Channel(ChannelKind.MAIL, "support@acme.example")
CHAT = Channel(ChannelKind.SLACK, "HANDOFF_CHANNEL_SUPPORT")
NIGHT = Channel(ChannelKind.MAIL, "night@acme.example")
LAST = Channel(ChannelKind.WEBHOOK, "HANDOFF_CHANNEL_LAST", "HANDOFF_CHANNEL_LAST_SECRET")
BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = Hours(BERLIN, frozenset(range(5)), time(9), time(17, 30))
SUPPORT = Team("support", "Support lead", (DESK, CHAT), WEEKDAYS, (NIGHT,))
ROUTING = Routing({"support": SUPPORT, "last": Team("last", "Somebody", (LAST,)), "nobody": Team("nobody", "Nobody")})
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=BERLIN)
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=BERLIN)
ORDER = Order("goody", "o-1", "DRKRUKB5", "notified", OrderStage.OPEN, Person(), Person())


def ways(urgency, now, team="support"):
    return ROUTING.channels_of(team, urgency, now)


def test_a_team_is_told_by_its_channels_in_order_and_those_on_call_come_last_within_the_hours():
    assert ways(Urgency.NORMAL, MONDAY_NOON) == (DESK, CHAT)
    assert ways(Urgency.URGENT, MONDAY_NOON) == (DESK, CHAT, NIGHT)


def test_outside_the_hours_only_what_is_urgent_wakes_those_on_call():
    assert ways(Urgency.NORMAL, SUNDAY) == ways(Urgency.HIGH, SUNDAY) == (DESK, CHAT)
    assert ways(Urgency.URGENT, SUNDAY) == (NIGHT, DESK, CHAT)


def test_a_team_without_hours_is_always_there():
    always = Routing({"support": replace(SUPPORT, hours=None)})
    assert always.channels_of("support", Urgency.URGENT, SUNDAY) == (DESK, CHAT, NIGHT)


def test_the_line_ends_with_the_fallback_team_and_names_no_channel_twice():
    line = ROUTING.line_to("support", Urgency.NORMAL, MONDAY_NOON, fallback_team="last")
    assert line == (DESK, CHAT, LAST)
    assert ROUTING.line_to("support", Urgency.NORMAL, MONDAY_NOON, fallback_team="support") == (DESK, CHAT)
    assert ROUTING.line_to("unheard_of", Urgency.NORMAL, MONDAY_NOON, fallback_team="last") == (LAST,)


def test_nobody_has_no_line_whatever_it_was_given():
    given_one = Routing({**ROUTING.teams, "nobody": Team("nobody", "Nobody", (DESK,))})
    assert given_one.channels_of("nobody", Urgency.URGENT, MONDAY_NOON) == ()
    assert given_one.line_to("nobody", Urgency.URGENT, MONDAY_NOON, fallback_team="last") == ()


@pytest.mark.parametrize(
    ("day", "clock", "are_on"),
    [
        (23, time(8, 59), False), (23, time(9), True), (23, time(17, 29), True), (23, time(17, 30), False),
        (28, time(12), False),
    ],
)  # fmt: skip
def test_hours_begin_with_their_first_minute_and_end_before_their_last(day, clock, are_on):
    assert WEEKDAYS.are_on(datetime.combine(datetime(2026, 11, day, tzinfo=UTC), clock, BERLIN)) is are_on


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    friday_night = Hours(UTC, frozenset({4}), time(22), time(6))
    assert friday_night.are_on(datetime(2026, 11, 27, 23, tzinfo=UTC))
    assert friday_night.are_on(datetime(2026, 11, 28, 5, 59, tzinfo=UTC))
    assert not friday_night.are_on(datetime(2026, 11, 28, 6, tzinfo=UTC))
    assert not friday_night.are_on(datetime(2026, 11, 28, 23, tzinfo=UTC))
    assert not friday_night.are_on(datetime(2026, 11, 27, 5, tzinfo=UTC))


@given(st.integers(0, 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)))
def test_hours_and_their_opposite_cover_the_week_without_a_gap_or_an_overlap(now):
    every_day = frozenset(range(7))
    day, night = Hours(BERLIN, every_day, time(9), time(17)), Hours(BERLIN, every_day, time(17), time(9))
    assert day.are_on(now) is not night.are_on(now)


def test_hours_move_with_the_clocks_of_their_place():
    summer, winter = datetime(2026, 7, 6, 7, tzinfo=UTC), datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert WEEKDAYS.are_on(summer)
    assert not WEEKDAYS.are_on(winter)
    assert WEEKDAYS.are_on(winter + timedelta(hours=1))


def test_a_record_is_found_by_its_order_or_its_call():
    routing = Routing(
        kinds={
            ActionKind.CANCEL_ORDER: KindRoute("order", "s", "n", "https://shop.example/{order_id}?r={reference_id}"),
            ActionKind.FOLLOW_UP: KindRoute("call", "s", "n", "/v1/calls/{call_id}"),
            ActionKind.ESCALATE: KindRoute("call", "s", "n", None),
        }
    )
    assert routing.record_url(ActionKind.CANCEL_ORDER, ORDER, "c") == "https://shop.example/o-1?r=DRKRUKB5"
    assert routing.record_url(ActionKind.CANCEL_ORDER, None, "c") is None, "no order, no record"
    assert routing.record_url(ActionKind.FOLLOW_UP, None, "call/1") == "/v1/calls/call%2F1"
    assert routing.record_url(ActionKind.ESCALATE, ORDER, "c") is None
    assert routing.record_url(ActionKind.NONE, ORDER, "c") is None


IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(IDS, IDS)
def test_no_value_leads_a_record_address_elsewhere(order_id, call_id):
    filled = fill_template("https://shop.example/{order_id}/{call_id}", {"order_id": order_id, "call_id": call_id})
    assert filled is not None
    prefix, first, second = filled.rsplit("/", 2)
    assert prefix == "https://shop.example"
    assert (unquote(first), unquote(second)) == (order_id, call_id)


@pytest.mark.parametrize("template", ["javascript:alert(1)", "shop.example/{order_id}", "/x/{order}", "/x/{", "//"])
def test_what_can_be_no_address_of_a_record_is_said(template):
    assert template_problem(template) is not None


def test_an_address_of_ours_or_of_the_web_is_one():
    assert template_problem("/v1/calls/{call_id}") is None
    assert template_problem("https://shop.example/{destination}/{order_id}") is None
