"""What an agent may say at each level, and above all what it may not."""

import json
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.policy_file import load_policy
from app.core.actions import ActionKind
from app.core.calls import Call
from app.core.disclosure import DISCLOSED, Level, OrderAnswer, answer, level_of
from app.core.identity import NOBODY, Identity, Role
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import Order, OrderItem, OrderStage, Person, Shipment
from app.core.policy import Facts

K = ActionKind
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
POLICY = load_policy()
SECRETS = (
    "Alena",
    "Kenter",
    "alena@ongoody.example",
    "Morgan",
    "Reed",
    "DRKRUKB5",
    "goody-id",
    "7345",
    "73.45",
    "https",
)
ORDER = Order(
    "goody", "goody-id", "DRKRUKB5XGWRB7VRKNZBWN5Q", "notified", OrderStage.OPEN,
    recipient=Person("Alena", "Kenter", "alena@ongoody.example"), sender=Person("Morgan", "Reed", "morgan@acme.example"),
    items=(OrderItem("Cookies"), OrderItem("Tea")), amount_cents=7345, gift_link="https://gifts.example.com/secret",
    expires_at=NOW + timedelta(days=5),
)  # fmt: skip
SHIPPED = replace(
    ORDER, stage=OrderStage.SHIPPED, shipments=(Shipment("in_transit", "UPS", eta_at=NOW + timedelta(days=2)),)
)
MATCHED = Match(MatchOutcome.MATCHED, (Candidate("goody", "goody-id", ORDER.reference_id, 40.0, 0.999, ()),), "m-1")
UNMATCHED = Match(MatchOutcome.UNMATCHED, (), "m-1")
AMBIGUOUS = replace(MATCHED, outcome=MatchOutcome.AMBIGUOUS)
ALL_HEARD = ("order_id", "customer_name", "customer_email")


def facts(identity=None, *, order=ORDER, match=MATCHED):
    identity = identity or Identity(Role.SENDER, 0.99)
    return Facts(K.ORDER_STATUS, {}, Call("call-1"), match, identity, order, None, NOW)


def told(level=Level.CLEAR, role=Role.SENDER, *, order=ORDER, heard=ALL_HEARD):
    return answer(level, facts(Identity(role, 0.99), order=order), POLICY, heard)


@pytest.mark.parametrize(
    ("match", "identity", "level"),
    [
        (MATCHED, Identity(Role.SENDER, 0.95), Level.CLEAR),
        (MATCHED, Identity(Role.RECIPIENT, 0.9), Level.CLEAR),
        (MATCHED, Identity(Role.RECIPIENT, 0.89), Level.LOW),
        (MATCHED, Identity(Role.SENDER, 0.5), Level.LOW),
        (MATCHED, Identity(Role.SENDER, 0.49), Level.NONE),
        (MATCHED, Identity(Role.SENDER, float("nan")), Level.NONE),
        (MATCHED, Identity(Role.OTHER, 0.99), Level.NONE),
        (MATCHED, Identity(Role.UNKNOWN, 0.99), Level.NONE),
        (MATCHED, NOBODY, Level.NONE),
        (AMBIGUOUS, Identity(Role.SENDER, 0.99), Level.NONE),
        (UNMATCHED, Identity(Role.SENDER, 0.99), Level.NONE),
    ],
)
def test_the_level_follows_from_match_and_identity(match, identity, level):
    assert level_of(match, identity, POLICY.parameters) is level


def test_a_match_in_doubt_is_never_clear():
    doubted = replace(MATCHED, candidates=(replace(MATCHED.candidates[0], probability=0.89),))
    assert level_of(doubted, Identity(Role.SENDER, 0.99), POLICY.parameters) is Level.LOW


@pytest.mark.parametrize("heard", [(), ("order_id",), ("customer_name", "product"), ALL_HEARD])
def test_where_nothing_may_be_said_the_answer_hangs_on_what_was_heard_alone(heard):
    answers = {
        json.dumps(asdict(answer(Level.NONE, facts(identity, order=order, match=match), POLICY, heard)))
        for identity in (NOBODY, Identity(Role.OTHER, 0.4), Identity(Role.SENDER, 0.99))
        for order in (None, ORDER, SHIPPED)
        for match in (MATCHED, AMBIGUOUS, UNMATCHED)
    }
    assert len(answers) == 1
    (only,) = map(json.loads, answers)
    assert (only["level"], only["order"], only["may_offer"]) == ("none", None, ["follow_up"])


def test_it_asks_for_the_fact_that_helps_most_and_in_the_end_for_nothing():
    assert [told(Level.NONE, heard=ALL_HEARD[:known]).ask_next for known in range(4)] == [*ALL_HEARD, None]
    assert "the order reference" in told(Level.NONE, heard=()).say
    assert "a colleague will look into it" in told(Level.NONE).say


def test_at_a_low_level_the_status_is_all():
    low = told(Level.LOW, order=SHIPPED, heard=("customer_name",))
    assert low.order == OrderAnswer(status="on_its_way")
    assert low.say == "The order is on its way. To tell you more I need the order reference."
    assert (low.may_offer, low.ask_next) == ((K.FOLLOW_UP,), "order_id")


def test_at_the_clear_level_a_sender_hears_status_promise_payment_and_what_may_be_done():
    open_order = told()
    assert open_order.say == (
        "The order with Cookies and 1 more is waiting for the recipient to accept it. "
        "It can be accepted until 27 November 2026."
    )
    assert open_order.order == OrderAnswer(
        status="waiting_for_acceptance",
        payment="not_charged_yet",
        expires_on="2026-11-27",
        items=("Cookies", "Tea"),
        eligibility={"cancel_order": "ask_people", "extend_expiration": "yes", "return_order": "no"},
    )
    assert open_order.may_offer == (
        K.EXTEND_EXPIRATION, K.RESEND_GIFT_LINK, K.CHANGE_ADDRESS, K.CANCEL_ORDER, K.FOLLOW_UP,
    )  # fmt: skip
    shipped = told(order=SHIPPED)
    assert shipped.order.delivery_promise == "2026-11-24"
    assert "It is expected on 24 November 2026." in shipped.say


def test_a_recipient_hears_nothing_of_the_payment_and_is_not_offered_what_is_the_senders():
    found = told(role=Role.RECIPIENT)
    assert found.order.payment is None
    assert found.order.eligibility["cancel_order"] == "no"
    assert K.CANCEL_ORDER not in found.may_offer
    assert K.EXTEND_EXPIRATION in found.may_offer


def test_eligibility_is_what_policy_would_say():
    costly = told(order=replace(ORDER, amount_cents=60_000))
    assert costly.order.eligibility["extend_expiration"] == "ask_people"
    assert told(order=replace(ORDER, stage=OrderStage.DELIVERED)).order.eligibility == {
        "cancel_order": "no", "extend_expiration": "no", "return_order": "ask_people",
    }  # fmt: skip
    assert told(order=replace(ORDER, stage=OrderStage.CANCELLED)).may_offer == (K.FOLLOW_UP,)


def test_a_refund_is_told_to_the_sender():
    refunded = told(order=replace(ORDER, stage=OrderStage.DELIVERED, refunded_at=NOW))
    assert refunded.order.payment == "refunded"
    assert refunded.say.endswith("It was refunded.")


def test_a_shop_s_words_are_bounded_and_on_one_line():
    items = tuple(OrderItem(f"thing {number}\n\x00" + "x" * 500) for number in range(50))
    found = told(order=replace(ORDER, items=items))
    assert len(found.order.items) == 5
    assert all(len(item) <= 80 and item.isprintable() for item in found.order.items)
    assert len(found.say) < 300


# --- properties

ORDERS = st.builds(
    lambda stage, has_items, days, refunded: replace(
        ORDER,
        stage=stage,
        items=ORDER.items if has_items else (),
        expires_at=None if days is None else NOW + timedelta(days=days),
        refunded_at=NOW if refunded else None,
    ),
    st.sampled_from(OrderStage),
    st.booleans(),
    st.one_of(st.none(), st.integers(-50, 50)),
    st.booleans(),
)


@settings(deadline=None)
@given(
    st.sampled_from(Level), st.sampled_from([Role.SENDER, Role.RECIPIENT]), ORDERS, st.sets(st.sampled_from(ALL_HEARD))
)
def test_no_answer_names_a_person_a_reference_an_amount_or_a_link(level, role, order, heard):
    said = json.dumps(asdict(told(level, role, order=order, heard=heard)))
    assert [secret for secret in SECRETS if secret in said] == []


@settings(deadline=None)
@given(st.sampled_from(Level), st.sampled_from([Role.SENDER, Role.RECIPIENT]), ORDERS)
def test_a_level_opens_nothing_beyond_its_row_of_the_table(level, role, order):
    found = told(level, role, order=order).order
    opened = {each.name for each in fields(OrderAnswer) if found is not None and getattr(found, each.name) is not None}
    assert opened <= DISCLOSED[level]


def test_each_level_opens_all_that_the_one_below_opens():
    assert DISCLOSED[Level.NONE] <= DISCLOSED[Level.LOW] <= DISCLOSED[Level.CLEAR]
    assert DISCLOSED[Level.CLEAR] == {each.name for each in fields(OrderAnswer)}
