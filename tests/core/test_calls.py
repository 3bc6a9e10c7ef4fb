"""One call out of the tellings of several deliveries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.calls import CANONICAL_FIELDS, Call, CallStage, Direction, Transfer, Turn, merge

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)

# Big values tell nothing here: what counts is which facts are there.
few = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
words = st.sampled_from(["one", "two", "Two", "#1001", "12.50"])
texts = st.none() | words
seconds = st.none() | st.sampled_from([0.0, 0.5, 145.0])
values = words | st.booleans() | st.lists(words, min_size=1, max_size=2).map(tuple)
names = st.sampled_from(sorted(CANONICAL_FIELDS))
calls = st.builds(
    Call,
    call_id=st.just("call_1"),
    stage=st.sampled_from(CallStage),
    status=texts,
    families=st.lists(st.sampled_from(["E", "U", "L", "REST"]), unique=True).map(tuple),
    direction=st.none() | st.sampled_from(Direction),
    from_number=texts,
    to_number=texts,
    agent_id=texts,
    started_at=st.none() | st.integers(0, 10**6).map(lambda late: NOW + timedelta(seconds=late)),
    duration_seconds=seconds,
    hangup_reason=texts,
    sentiment=texts,
    summary=texts,
    transcript=st.lists(st.builds(Turn, words, words, seconds, seconds), max_size=2).map(tuple),
    recording_url=texts,
    transfer=st.none() | st.builds(Transfer, texts, texts, texts),
    fields=st.dictionaries(names, values, max_size=4),
    other_fields=st.dictionaries(words, words, max_size=2),
    unread_fields=st.dictionaries(names, words, max_size=2),
    conflicts=st.lists(names, unique=True, max_size=2).map(tuple),
)
STAGES = list(CallStage)


def call(**facts) -> Call:
    return Call("call_1", **facts)


@few
@given(calls)
def test_the_first_telling_is_taken_as_it_is_and_again_changes_nothing(news):
    assert merge(None, news) == news
    assert merge(news, news) == news


@few
@given(calls, calls)
def test_the_same_telling_twice_changes_nothing(known, news):
    once = merge(known, news)
    assert merge(once, news) == once


@few
@given(calls, calls)
def test_nothing_that_was_known_is_lost_and_the_stage_never_goes_back(known, news):
    merged = merge(known, news)
    assert STAGES.index(merged.stage) == max(STAGES.index(known.stage), STAGES.index(news.stage))
    assert set(known.families) | set(news.families) == set(merged.families)
    assert set(known.conflicts) | set(news.conflicts) <= set(merged.conflicts)
    assert known.fields.keys() | news.fields.keys() == merged.fields.keys()
    for fact in ("direction", "from_number", "summary", "transcript", "recording_url", "started_at"):
        assert bool(getattr(merged, fact)) == bool(getattr(known, fact) or getattr(news, fact))


@few
@given(st.lists(calls, min_size=1, max_size=4))
def test_a_conflict_once_seen_stays(tellings):
    seen: set[str] = set()
    merged = None
    for news in tellings:
        merged = merge(merged, news)
        assert seen <= set(merged.conflicts)
        seen = set(merged.conflicts)


def test_a_late_initiated_does_not_undo_a_completed():
    done = call(stage=CallStage.COMPLETED, status="completed", families=("E",), summary="Asked for a refund.")
    late = call(stage=CallStage.INITIATED, status="initiated", families=("E",), agent_id="agent_1")
    merged = merge(done, late)
    assert (merged.stage, merged.status, merged.agent_id) == (CallStage.COMPLETED, "completed", "agent_1")
    assert merged.summary == "Asked for a refund."


def test_a_later_value_wins_and_a_missing_one_does_not():
    merged = merge(
        call(summary="First.", sentiment="neutral", duration_seconds=12.0),
        call(summary="Second.", duration_seconds=0.0),
    )
    assert (merged.summary, merged.sentiment, merged.duration_seconds) == ("Second.", "neutral", 0.0)


def test_the_parts_of_a_transfer_are_put_together():
    merged = merge(
        call(transfer=Transfer("+12137779999", "started")), call(transfer=Transfer(None, "completed", "dest_1"))
    )
    assert merged.transfer == Transfer("+12137779999", "completed", "dest_1")


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("order_id", "1001", "1002"),
        ("requested_action", ("refund",), ("cancel order",)),
        ("customer_email", "a@example.com", "b@example.com"),
        ("customer_phone", "+12137771234", "+12137771235"),
        ("customer_name", "Jane Doe", "John Doe"),
        ("caller_role", "sender", "recipient"),
        ("new_address", "1 Main St", "2 Main St"),
        ("new_expiration", "2026-12-24", "2026-12-31"),
        ("order_value", "10.00", "1000.00"),
    ],
)
def test_two_tellings_that_differ_on_what_decides_are_a_conflict(name, first, second):
    merged = merge(call(fields={name: first}), call(fields={name: second}))
    assert merged.conflicts == (name,)
    assert merged.fields[name] == second


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("order_id", "#A-1001", "order a1001"),
        ("requested_action", ("refund", "cancel order"), ("Cancel_Order", "Refund!")),
        ("customer_name", "Doe, Jane", "jane doe"),
        ("new_address", "1 Main St., Springfield", "1 main st springfield"),
        ("order_value", "10.00", "10.000"),
        ("summary_like_field", "one", "two"),
        ("next_step", "Call back.", "Send mail."),
    ],
)
def test_another_way_of_writing_and_what_decides_nothing_are_no_conflict(name, first, second):
    assert merge(call(fields={name: first}), call(fields={name: second})).conflicts == ()


def test_a_missing_value_disagrees_with_nothing():
    assert merge(call(fields={"order_id": "1001"}), call()).conflicts == ()


def test_a_field_read_after_all_is_unread_no_longer_and_a_new_doubt_is_kept():
    unread = call(unread_fields={"customer_email": "is no e-mail address"})
    read = call(fields={"customer_email": "a@example.com"})
    assert merge(unread, read).unread_fields == {}
    assert merge(read, unread).unread_fields == {"customer_email": "is no e-mail address"}


def test_two_different_calls_are_never_merged():
    with pytest.raises(ValueError, match="different calls"):
        merge(call(), replace(call(), call_id="call_2"))


def test_the_callers_number_is_that_of_the_person_whoever_dialled():
    numbers = {"from_number": "+12137771234", "to_number": "+12137771235"}
    assert call(**numbers, direction=Direction.OUTBOUND).caller_number == "+12137771235"
    assert call(**numbers, direction=Direction.INBOUND).caller_number == "+12137771234"
