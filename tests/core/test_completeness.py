"""What is missing and what is only on its way; and a report whose digest is of everything it counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.calls import Call, CallStage
from app.core.completeness import (
    ANALYSIS_GRACE,
    LONGEST_CALL,
    WEBHOOK_GRACE,
    Account,
    Gap,
    HeldCall,
    HeldOrder,
    OrderChange,
    Subject,
    Way,
    account_for_call,
    account_for_change,
    account_for_order,
    complete,
    gap_of_call,
    is_open,
    may_change,
)
from app.core.orders import Order, OrderStage, Person

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=5)
ENDED = Call("call_1", CallStage.COMPLETED, started_at=LONG_AGO, duration_seconds=60)
ORDER = Order("goody", "o1", "R1", "opened", OrderStage.OPEN, Person("Ann"), Person("Bob"))


def began(before: timedelta, **facts) -> Call:
    return replace(ENDED, started_at=NOW - before, duration_seconds=0, **facts)


# What is open


def test_a_call_that_runs_is_open_until_it_is_older_than_any_call():
    running = began(timedelta(hours=1), stage=CallStage.INITIATED)
    assert is_open(running, now=NOW)
    assert not is_open(replace(running, started_at=NOW - LONGEST_CALL), now=NOW)


def test_a_call_that_has_just_ended_is_open_while_its_webhook_may_be_on_its_way():
    assert is_open(began(timedelta(0)), now=NOW)
    assert not is_open(began(WEBHOOK_GRACE), now=NOW)


def test_a_call_whose_end_lies_in_our_future_is_not_waited_for():
    assert not is_open(began(-timedelta(hours=1)), now=NOW)


def test_an_ended_call_may_change_until_its_analysis_came_or_should_have_come():
    assert may_change(began(WEBHOOK_GRACE), now=NOW)
    assert not may_change(began(ANALYSIS_GRACE), now=NOW)
    assert not may_change(began(WEBHOOK_GRACE, fields={"order_id": "1"}), now=NOW)
    assert not may_change(began(WEBHOOK_GRACE, stage=CallStage.NOT_CONNECTED), now=NOW)


@given(st.sampled_from(CallStage), st.timedeltas(-timedelta(days=3), timedelta(days=3)), st.integers(0, 10_000))
def test_what_is_open_may_change(stage, before, seconds):
    call = replace(ENDED, stage=stage, started_at=NOW - before, duration_seconds=seconds)
    assert may_change(call, now=NOW) or not is_open(call, now=NOW)


# What is missing of a call


def test_a_call_that_is_held_as_it_is_listed_has_no_gap():
    assert gap_of_call(ENDED, ENDED) is None


@pytest.mark.parametrize(
    ("held", "gap"),
    [
        (None, Gap.ABSENT),
        (replace(ENDED, stage=CallStage.INITIATED), Gap.BEHIND),
        (ENDED, Gap.ANALYSIS),
        (replace(ENDED, unread_fields={"order_value": "is no amount"}), Gap.ANALYSIS),
        (replace(ENDED, unread_fields={"order_id": "is too long"}), None),
        (replace(ENDED, fields={"order_id": "2"}), None),
    ],
)
def test_a_gap_of_a_call_is_what_the_list_shows_and_we_do_not_hold(held, gap):
    assert gap_of_call(replace(ENDED, fields={"order_id": "1"}), held) is gap


def test_a_later_stage_of_ours_is_no_gap():
    assert gap_of_call(replace(ENDED, stage=CallStage.INITIATED), ENDED) is None


@pytest.mark.parametrize(
    ("held", "way", "gap"),
    [
        (HeldCall(), None, Gap.ABSENT),
        (HeldCall(came_by_webhook=True), Way.WEBHOOK, Gap.UNREAD),
        (HeldCall(was_fetched=True), Way.READ, Gap.UNREAD),
        (HeldCall(ENDED, came_by_webhook=True), Way.WEBHOOK, Gap.UNTREATED),
        (HeldCall(ENDED, is_matched=True, came_by_webhook=True, was_fetched=True), Way.BOTH, None),
        (HeldCall(ENDED, is_matched=True, was_fetched=True), Way.READ, None),
    ],
)
def test_a_call_is_accounted_for_by_the_way_it_came(held, way, gap):
    assert account_for_call(ENDED, held, now=NOW) == Account(Subject.CALL, "call_1", "call_1", way, gap)


def test_a_call_that_nobody_answered_needs_no_match():
    missed = replace(ENDED, stage=CallStage.NOT_CONNECTED)
    assert account_for_call(missed, HeldCall(missed, came_by_webhook=True), now=NOW).gap is None


# What is missing of an order


def held(order: Order | None, *told_by: str, read_at: datetime = LONG_AGO) -> HeldOrder:
    return HeldOrder(order, frozenset(told_by), read_at if order else None)


def change(status: str, stage: OrderStage, present: Order, told_by: str | None = None) -> OrderChange:
    return OrderChange("c1", present, status, stage, told_by)


@pytest.mark.parametrize(
    ("ours", "way", "gap"),
    [
        (held(None), None, Gap.ABSENT),
        (held(None, "order.created"), Way.WEBHOOK, Gap.UNREAD),
        (held(ORDER), Way.READ, None),
        (held(ORDER, "order.created"), Way.WEBHOOK, None),
        (held(replace(ORDER, status="created")), Way.READ, Gap.BEHIND),
        (held(replace(ORDER, status="created"), read_at=NOW), Way.READ, None),
        (held(replace(ORDER, expires_at=NOW)), Way.READ, Gap.BEHIND),
        (held(replace(ORDER, placed_at=NOW, accepted_at=NOW, refunded_at=NOW)), Way.READ, None),
    ],
)
def test_an_order_is_accounted_for_when_the_mirror_shows_it_as_the_shop_does(ours, way, gap):
    assert account_for_order(ORDER, ours, asked_at=NOW) == Account(Subject.ORDER, "o1", "o1", way, gap)


def test_a_change_that_the_mirror_has_behind_it_is_not_missing_when_a_later_one_is():
    shipped = replace(ORDER, status="shipped", stage=OrderStage.SHIPPED)
    ours = held(ORDER, "order.gift_opened")
    opened = change("opened", OrderStage.OPEN, shipped, "order.gift_opened")
    created = change("created", OrderStage.OPEN, shipped, "order.created")
    moved = change("shipped", OrderStage.SHIPPED, shipped, "order.shipped")
    accounts = [account_for_change(each, ours, asked_at=NOW) for each in (opened, created, moved)]
    assert [(each.way, each.gap) for each in accounts] == [
        (Way.WEBHOOK, None),
        (Way.READ, None),
        (Way.READ, Gap.BEHIND),
    ]


def test_a_change_whose_webhook_is_stored_and_that_no_read_shows_yet_is_unread():
    shipped = replace(ORDER, status="shipped", stage=OrderStage.SHIPPED)
    moved = change("shipped", OrderStage.SHIPPED, shipped, "order.shipped")
    assert account_for_change(moved, held(ORDER, "order.shipped"), asked_at=NOW).gap is Gap.UNREAD


def test_a_change_that_no_webhook_tells_of_is_read():
    paid = replace(ORDER, status="paid", stage=OrderStage.ACCEPTED)
    account = account_for_change(change("paid", OrderStage.ACCEPTED, paid), held(paid, "order.created"), asked_at=NOW)
    assert (account.way, account.gap) == (Way.READ, None)


def test_a_change_of_an_order_that_we_never_saw_is_absent():
    assert account_for_change(change("opened", OrderStage.OPEN, ORDER), held(None), asked_at=NOW).gap is Gap.ABSENT


# The report

ACCOUNTS = st.builds(
    Account,
    subject=st.sampled_from(Subject),
    id=st.text(max_size=5),
    belongs_to=st.text(max_size=5),
    way=st.none() | st.sampled_from(Way),
    gap=st.none() | st.sampled_from(Gap),
    is_open=st.booleans(),
)


def report(accounts, **more):
    return complete(
        since=LONG_AGO,
        until=NOW,
        accounts=accounts,
        **{"unasked": {}, "unreadable": {}, "not_looked_for": {"goody": 3}, **more},
    )


@given(st.lists(ACCOUNTS), st.randoms())
def test_a_report_and_its_digest_do_not_depend_on_the_order_of_lists(accounts, dice):
    shuffled = accounts.copy()
    dice.shuffle(shuffled)
    assert report(shuffled) == report(accounts)
    assert report(shuffled).digest == report(accounts).digest


@given(st.lists(ACCOUNTS, min_size=1), st.data())
def test_a_digest_changes_with_everything_it_vouches_for(accounts, data):
    place = data.draw(st.integers(0, len(accounts) - 1))
    other = replace(accounts[place], id=accounts[place].id + "x")
    changed = [*accounts[:place], other, *accounts[place + 1 :]]
    assert report(changed).digest != report(accounts).digest


@given(st.lists(ACCOUNTS))
def test_a_report_is_complete_exactly_when_every_share_is_whole(accounts):
    tallies = [report(accounts).tally(subject) for subject in Subject]
    assert sum(tally.total for tally in tallies) == len(accounts)
    assert report(accounts).is_complete == all(tally.share == 1 for tally in tallies)


@pytest.mark.parametrize("doubt", [{"unasked": {"dialnexa": "no key"}}, {"unreadable": {"goody": 1}}])
def test_what_could_not_be_asked_or_read_is_not_complete(doubt):
    assert report([]).is_complete
    assert not report([], **doubt).is_complete
