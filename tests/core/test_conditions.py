"""What rules ask: three values, and no test that could never be judged."""

from itertools import product
from typing import Any

import pytest

from app.core.conditions import AllOf, AnyOf, Condition, Not, Operator, Test, facts_of
from app.core.quantities import Duration, Money

O = Operator  # noqa: E741 - the table below reads better
YES, NO, OPEN = True, False, None
CENT = Money(1, "USD")
MONEY, STAGE, FLAGS, VIP = "order.amount_cents", "order.stage", "call.risk_flags", "call.vip_status"
CALLS, EXPIRY = "history.calls_about_order_7d", "order.hours_to_expiry"
KNOWN: dict[str, Any] = {
    MONEY: 500,
    "order.currency": "USD",
    CALLS: 500,
    EXPIRY: 24.0,
    STAGE: "open",
    FLAGS: ["fraud_concern"],
    "order.is_present": True,
}


@pytest.mark.parametrize(
    ("fact", "operator", "value", "answer"),
    [
        (CALLS, O.GTE, 500, YES),
        (CALLS, O.GTE, 501, NO),
        (CALLS, O.GT, 499.5, YES),
        (CALLS, O.GT, 500, NO),
        (CALLS, O.LTE, 500, YES),
        (CALLS, O.LTE, 499, NO),
        (CALLS, O.LT, 501, YES),
        (CALLS, O.LT, 500, NO),
        (CALLS, O.EQ, 500, YES),
        (MONEY, O.GTE, Money(500, "USD"), YES),
        (MONEY, O.GTE, Money(501, "USD"), NO),
        (MONEY, O.LT, Money(501, "USD"), YES),
        (EXPIRY, O.LTE, Duration(24 * 3600), YES),
        (EXPIRY, O.LTE, Duration(24 * 3600 - 60), NO),
        (STAGE, O.EQ, "open", YES),
        (STAGE, O.EQ, "shipped", NO),
        (STAGE, O.IN, frozenset({"open", "shipped"}), YES),
        (STAGE, O.IN, frozenset({"shipped"}), NO),
        (FLAGS, O.CONTAINS_ANY, frozenset({"fraud_concern", "other"}), YES),
        (FLAGS, O.CONTAINS_ANY, frozenset({"other"}), NO),
        (FLAGS, O.PRESENT, True, YES),
        (FLAGS, O.PRESENT, False, NO),
        ("order.is_present", O.EQ, True, YES),
        ("order.is_present", O.EQ, False, NO),
    ],
)
def test_a_known_fact_is_compared(fact: str, operator: Operator, value: Any, answer: bool) -> None:  # noqa: FBT001
    assert Test(fact, operator, value).judge(KNOWN) is answer


def test_a_missing_fact_leaves_the_answer_open_and_a_missing_claim_is_no() -> None:
    assert Test(MONEY, O.GTE, CENT).judge({}) is OPEN
    assert Test(MONEY, O.PRESENT, value=False).judge({}) is YES
    assert Test(VIP, O.EQ, value=True).judge({}) is NO
    assert Test("call.order_value_cents", O.GTE, CENT).judge({VIP: None}) is NO


def test_an_amount_of_another_currency_cannot_be_compared_and_nothing_is_nothing_in_any() -> None:
    for currency in ("EUR", None, 7):
        assert Test(MONEY, O.GTE, CENT).judge({MONEY: 500, "order.currency": currency}) is OPEN
        assert Test(MONEY, O.GTE, CENT).judge({MONEY: 0, "order.currency": currency}) is NO
    assert Test("call.order_value_cents", O.GTE, CENT).judge({"call.order_value_cents": 500}) is YES


@pytest.mark.parametrize("wrong", ["500", True, float("nan"), float("inf"), [500], {"a": 1}])
def test_a_fact_of_another_type_leaves_the_answer_open(wrong: Any) -> None:
    assert Test(CALLS, O.GTE, 1).judge({CALLS: wrong}) is OPEN
    assert Test(MONEY, O.GTE, CENT).judge({MONEY: wrong}) is OPEN
    assert Test(EXPIRY, O.GTE, Duration(60)).judge({EXPIRY: wrong}) is OPEN
    assert Test("call.order_value_cents", O.LT, CENT).judge({"call.order_value_cents": wrong}) is OPEN


def test_an_empty_set_of_words_is_not_present() -> None:
    assert Test(FLAGS, O.PRESENT, value=True).judge({FLAGS: []}) is NO
    assert Test(FLAGS, O.PRESENT, value=True).judge({}) is OPEN


LEAVES: dict[bool | None, Condition] = {
    YES: Test("order.is_present", O.EQ, value=True),
    NO: Test("order.is_present", O.EQ, value=False),
    OPEN: Test("identity.confidence", O.GTE, 0.5),
}


@pytest.mark.parametrize(("left", "right"), list(product([YES, NO, OPEN], repeat=2)))
def test_one_decisive_answer_settles_and_a_missing_one_leaves_open(left: bool | None, right: bool | None) -> None:  # noqa: FBT001
    parts = (LEAVES[left], LEAVES[right])
    both = NO if NO in (left, right) else OPEN if OPEN in (left, right) else YES
    either = YES if YES in (left, right) else OPEN if OPEN in (left, right) else NO
    assert AllOf(parts).judge(KNOWN) is both
    assert AnyOf(parts).judge(KNOWN) is either


def test_not_turns_yes_and_no_and_leaves_open_open() -> None:
    assert [Not(LEAVES[answer]).judge(KNOWN) for answer in (YES, NO, OPEN)] == [NO, YES, OPEN]


def test_the_facts_of_a_condition_come_in_the_order_written() -> None:
    condition = AllOf((LEAVES[YES], Not(AnyOf((LEAVES[OPEN], Test(MONEY, O.GTE, CENT))))))
    assert list(facts_of(condition)) == ["order.is_present", "identity.confidence", MONEY]


@pytest.mark.parametrize(
    ("fact", "operator", "value", "problem"),
    [
        ("order.amout_cents", O.GTE, 1, "order.amout_cents is not in the catalogue of facts"),
        (CALLS, O.IN, frozenset({"a"}), "holds a number: it can be asked eq, gt, gte, lt, lte, present, not in"),
        (MONEY, O.EQ, CENT, "holds money, like 500.00 USD: it can be asked gt, gte, lt, lte, present, not eq"),
        (CALLS, O.GTE, "500", "history.calls_about_order_7d is compared with a number"),
        (CALLS, O.GTE, True, "history.calls_about_order_7d is compared with a number"),
        (CALLS, O.GTE, float("nan"), "history.calls_about_order_7d is compared with a number"),
        (CALLS, O.GTE, frozenset({"a"}), "history.calls_about_order_7d is compared with a number"),
        (CALLS, O.GTE, CENT, "history.calls_about_order_7d is compared with a number"),
        (CALLS, O.GTE, 1_001, "history.calls_about_order_7d is never more than 1,000: counts stop there"),
        (MONEY, O.GTE, 500, "order.amount_cents is compared with money, like 500.00 USD"),
        (MONEY, O.GTE, Duration(60), "order.amount_cents is compared with money"),
        (EXPIRY, O.LTE, 24, "order.hours_to_expiry is compared with a length of time, like 30m, 24h or 90d"),
        ("time.at", O.EQ, "2026-11-22", "time.at holds a moment: it can be asked present"),
        (STAGE, O.EQ, "opne", "order.stage is never opne; it is one of accepted, cancelled, delivered"),
        (STAGE, O.EQ, 3, "order.stage is compared with a word"),
        (STAGE, O.IN, "open", "in takes a list of words"),
        (FLAGS, O.CONTAINS_ANY, frozenset({"fraud"}), "call.risk_flags is never fraud"),
        (FLAGS, O.CONTAINS_ANY, frozenset(), "contains_any takes a list of words"),
        (VIP, O.EQ, "yes", "call.vip_status is compared with a flag"),
        (VIP, O.PRESENT, "yes", "present takes true or false"),
    ],
)
def test_a_test_that_could_never_be_judged_cannot_be_made(
    fact: str, operator: Operator, value: Any, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Test(fact, operator, value)
