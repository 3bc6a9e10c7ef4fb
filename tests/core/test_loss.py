"""How sure one has to be follows from what a mistake costs; nothing that makes it dearer or less sure frees anything."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.policy_file import load_policy
from app.core.business_hours import BusinessHours, time_facts
from app.core.claims import RISK_FLAGS, changed_field_of, loyalty_of
from app.core.loss import Losses, Mistake, confidence_needed, confidence_reached
from app.core.policy import AUTHORITY, STRICTNESS, Decision, decide_from_inputs
from app.core.policy_examples import example_inputs
from app.core.quantities import Duration, Money, read_duration, read_money

POLICY = load_policy()
LOSSES = Losses(Money(400, "USD"), {"extend_expiration": Mistake(Money(1_000, "USD"), 0.1, 0.85)})


@pytest.mark.parametrize(
    ("cents", "needed"),
    [
        (0, 0.85),  # 1 - 4/10 is less than the floor
        (16_600, 0.85),
        (30_000, 0.9),  # 1 - 4/40
        (40_000, 0.92),
        (390_000, 0.99),  # 1 - 4/400
    ],
)
def test_the_confidence_needed_weighs_a_mistake_against_a_review_and_never_falls_below_the_floor(cents, needed):
    assert confidence_needed(LOSSES, "extend_expiration", cents, "USD") == pytest.approx(needed)


def test_at_the_confidence_needed_acting_alone_costs_as_much_as_a_review():
    needed = confidence_needed(LOSSES, "extend_expiration", 40_000, "USD")
    assert (1 - needed) * (1_000 + 0.1 * 40_000) == pytest.approx(LOSSES.review.cents)


def test_what_cannot_be_priced_needs_a_person():
    assert confidence_needed(LOSSES, "cancel_order", 100, "USD") is None
    assert confidence_needed(LOSSES, None, 100, "USD") is None
    assert confidence_needed(LOSSES, "extend_expiration", None, "USD") is None
    assert confidence_needed(LOSSES, "extend_expiration", 100, "EUR") is None


def test_a_price_without_a_share_takes_no_value():
    flat = Losses(Money(400, "USD"), {"update_contact": Mistake(Money(5_000, "USD"), 0, 0.6)})
    assert confidence_needed(flat, "update_contact", None, None) == pytest.approx(0.92)


def test_the_confidence_reached_is_no_more_than_either_and_unknown_where_one_is():
    assert confidence_reached(0.9, 0.95) == pytest.approx(0.855)
    for wrong in (None, "0.9", float("nan"), float("inf"), 1.5, -0.1, True, [0.9]):
        assert confidence_reached(wrong, 0.9) is None
        assert confidence_reached(0.9, wrong) is None


PROBABILITY = st.floats(0, 1)
CENTS = st.integers(0, 10**7)
FLAGS = st.sets(st.sampled_from(sorted(RISK_FLAGS)), max_size=3)
KINDS = st.sampled_from(["extend_expiration", "resend_gift_link", "report_damage", "return_order", "cancel_order"])


def decided(kind, match, identity, cents, claimed, flags) -> Decision:
    given_facts = {
        "action.kind": kind,
        "match.probability": match,
        "identity.confidence": identity,
        "order.amount_cents": cents,
        "call.order_value_cents": claimed,
        "call.risk_flags": sorted(flags),
    }
    return decide_from_inputs(example_inputs(given_facts), POLICY)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(KINDS, PROBABILITY, PROBABILITY, CENTS, st.none() | CENTS, FLAGS, st.data())
def test_more_risk_less_certainty_and_more_money_never_give_more_autonomy(
    kind, match, identity, cents, claimed, flags, data
):
    before = decided(kind, match, identity, cents, claimed, flags)
    after = decided(
        kind,
        data.draw(st.floats(0, match)),
        data.draw(st.floats(0, identity)),
        cents + data.draw(CENTS),
        (claimed or 0) + data.draw(CENTS),
        flags | data.draw(FLAGS),
    )
    assert STRICTNESS[after.verdict] >= STRICTNESS[before.verdict]
    assert after.approvals_needed >= before.approvals_needed
    assert AUTHORITY[after.approval_role] >= AUTHORITY[before.approval_role]
    assert after.due_minutes <= before.due_minutes


# --- money and time as a document writes them


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("500.00 USD", Money(50_000, "USD")),
        ("500 USD", Money(50_000, "USD")),
        ("0.01 EUR", Money(1, "EUR")),
        *(
            (wrong, None)
            for wrong in ("500", "500.5 USD", "500.00", "$500", "1e3 USD", "-1 USD", "500.00 usd", "5 USD ")
        ),
    ],
)
def test_money_is_exact_and_names_its_currency(text, money):
    assert read_money(text) == money


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1_800), ("24h", 86_400), ("90d", 7_776_000), ("24", None), ("1.5h", None), ("1w", None)],
)
def test_a_length_of_time_names_its_unit(text, seconds):
    assert read_duration(text) == (None if seconds is None else Duration(seconds))


def test_quantities_are_shown_as_they_are_written():
    assert [str(each) for each in (Money(50_005, "USD"), Duration(1_800), Duration(86_400), Duration(3_600))] == [
        "500.05 USD", "30m", "1d", "1h",
    ]  # fmt: skip


HOURS = BusinessHours(
    ZoneInfo("America/New_York"), frozenset({"monday", "friday"}), time(9), time(18), frozenset({date(2026, 12, 25)})
)


@pytest.mark.parametrize(
    ("at", "is_open", "weekday", "hour"),
    [
        ("2026-11-20T14:00:00Z", True, "friday", 9),
        ("2026-11-20T13:59:59Z", False, "friday", 8),
        ("2026-11-20T22:59:59Z", True, "friday", 17),
        ("2026-11-20T23:00:00Z", False, "friday", 18),
        ("2026-07-10T13:00:00Z", True, "friday", 9),  # an hour earlier in summer
        ("2026-11-21T02:00:00Z", False, "friday", 21),  # Saturday in UTC
        ("2026-11-19T17:00:00Z", False, "thursday", 12),
        ("2026-12-25T17:00:00Z", False, "friday", 12),
    ],
)
def test_the_clock_is_that_on_the_merchants_wall(at, is_open, weekday, hour):
    assert time_facts(at, HOURS) == {
        "time.is_business_hours": is_open, "time.weekday": weekday, "time.hour": hour,
    }  # fmt: skip


@pytest.mark.parametrize("at", [None, "", "noon", "2026-11-20", "2026-11-20T14:00:00", 7, "9999-12-31T23:59:59Z"])
def test_a_moment_that_cannot_be_read_is_not_known(at):
    assert set(time_facts(at, HOURS).values()) == {None}
    assert set(time_facts(datetime.now(UTC).isoformat(), None).values()) == {None}


# --- claims


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("E-Mail", "email"), ("phone", "phone"), ("marketing opt-in", "consent"), ("note", "note"), ("priority", "priority"),
        ("next step", "next_step"), ("email and password", "access"), ("phone and note", "other"), ("shoe size", "other"),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_field_to_change_becomes_a_known_word(said, word):
    assert changed_field_of(said) == word


@pytest.mark.parametrize(
    ("said", "word"),
    [("Gold member", "gold"), ("has a subscription", "subscriber"), ("gold subscriber", "gold"), ("none", None), ("x", "other")],
)  # fmt: skip
def test_loyalty_becomes_a_known_word(said, word):
    assert loyalty_of(said) == word
