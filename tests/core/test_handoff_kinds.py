"""Each kind tells what its requirement asks for: details, what is at stake, why it presses, what is still to be asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from handoff_examples import CALL, NOW, ORDER, SHIPPED, decision_of, facts_of, handoff_of

from app.core.actions import PARAMETERS, ActionKind
from app.core.buying import Question, questions_of
from app.core.calls import CANONICAL_FIELDS
from app.core.contacts import Contact
from app.core.handoff_details import BESIDES, DETAIL_NAMES, OWN_LINES
from app.core.policy import Urgency
from app.core.stakes import impact_of, urgency_reason_of

K = ActionKind

EVERYTHING: dict[str, Any] = {
    "customer_name": "Ada Vale", "customer_email": "ada@mail.example.com", "product": "Cookies", "sku": "CK-1",
    "booking_id": "B-77", "store": "Harbor", "channel": "newsletter", "location": "Boston", "delivery_status": "late",
    "availability_question": "Is it in stock, and what does it cost?", "return_reason": "too small",
    "refund_expectation": "full", "deadline": "Friday", "order_value": "120.00", "item": "Mug",
    "damage_description": "broken handle", "photo_available": True, "resolution_preference": "replacement",
    "new_address": "1 Main St", "buying_signal": "asked for a quote", "objection": "is it safe?", "consent": "yes",
    "field_changed": "email", "old_value": "a@example.com", "new_value": "b@example.com",
}  # fmt: skip

# By requirement: the fields that must be there when they were said.
WANTED = {
    K.REPORT_DAMAGE: (  # H11, H21
        "item", "damage_description", "photo_available", "resolution_preference", "refund_expectation", "deadline",
        "location",
    ),
    K.REPORT_MISSING_ITEM: ("item", "resolution_preference", "deadline", "delivery_status", "location"),  # H21, H22
    K.RETURN_ORDER: ("return_reason", "refund_expectation", "item", "deadline"),  # H22
    K.REFUND_ORDER: ("return_reason", "refund_expectation", "deadline"),
    K.CHANGE_ADDRESS: ("new_address", "deadline", "delivery_status"),
    K.ROUTE_BUYING_INTENT: (  # H23, H24
        "question_about", "product", "sku", "availability_question", "buying_signal", "objection",
    ),
    K.CHANGE_BOOKING: ("booking_id", "location", "return_reason", "deadline"),  # H22, H25
    K.ESCALATE: ("item", "return_reason"),  # H20: the affected object
    K.CREATE_SUBSCRIBER_CHANNEL: ("channel", "consent", "new_value", "return_reason"),  # H26
    K.UPDATE_SUBSCRIBER_CHANNEL: ("channel", "field_changed", "old_value", "new_value", "consent", "return_reason"),
    K.UPDATE_CONTACT: ("field_changed", "old_value", "new_value", "return_reason"),  # H27
    K.DELETE_WEBHOOK: ("old_value", "return_reason"),  # H15
}  # fmt: skip


@pytest.mark.parametrize("kind", WANTED)
def test_what_the_requirements_ask_of_a_kind_is_in_its_details(kind: ActionKind) -> None:
    details = handoff_of(kind, EVERYTHING).details
    assert set(WANTED[kind]) <= set(details)


@pytest.mark.parametrize("kind", list(ActionKind))
def test_every_detail_is_a_canonical_field_and_none_says_what_was_not_said(kind: ActionKind) -> None:
    wanted = {*PARAMETERS[kind], *BESIDES[kind]} - OWN_LINES
    assert wanted <= set(CANONICAL_FIELDS)
    assert handoff_of(kind).details == {}
    assert set(handoff_of(kind, EVERYTHING).details) <= set(DETAIL_NAMES)


def test_the_action_s_own_parameter_goes_before_what_the_call_says() -> None:
    built = handoff_of(
        K.EXTEND_EXPIRATION,
        {"new_expiration": "2026-12-11"},
        parameters={"new_expiration": "2026-12-11T23:59:59Z", "expiration_problem": "in the past"},
    )
    assert built.details == {"new_expiration": "2026-12-11T23:59:59Z", "expiration_problem": "in the past"}


def test_a_wish_nobody_understood_is_told_as_it_was_said() -> None:
    built = handoff_of(K.FOLLOW_UP, parameters={"requested_action": "sing me a song"})
    assert built.details == {"requested_action": "sing me a song"}


def test_a_field_that_says_nothing_has_no_line_where_no_is_not_an_answer() -> None:
    said = {"objection": "none", "refund_expectation": "n/a", "consent": "no", "photo_available": False}
    assert handoff_of(K.ROUTE_BUYING_INTENT, said).details == {}
    assert handoff_of(K.UPDATE_SUBSCRIBER_CHANNEL, said).details == {"consent": "no"}
    damage = handoff_of(K.REPORT_DAMAGE, said)
    assert (damage.details, damage.expects) == ({"photo_available": "no"}, None)


# --- what the caller has still to be asked


@pytest.mark.parametrize(
    ("kind", "said", "questions"),
    [
        (
            K.REPORT_DAMAGE,
            {"item": "Mug", "damage_description": "cracked", "photo_available": False},
            ("whether a replacement or a refund is preferred", "for a photo of the damage"),
        ),
        (K.REPORT_DAMAGE, EVERYTHING, ()),
        (K.FOLLOW_UP, {}, ("when it suits to come back", "how to reach them")),
        (K.FOLLOW_UP, {"preferred_time": "3 pm"}, ("in which time zone that is",)),
        (K.FOLLOW_UP, {"preferred_time": "3 pm", "timezone": "UTC", "contact_channel": "mail"}, ()),
        (K.CHANGE_BOOKING, {"booking_id": "B-7"}, ("which time would suit", "in which time zone")),
        (K.RETURN_ORDER, {"item": "Mug"}, ("why it comes back",)),
        (K.UPDATE_CONTACT, {"field_changed": "email"}, ("what it is now",)),
        (K.DELETE_WEBHOOK, {}, ("which webhook should go", "why it should go")),
        (K.ORDER_STATUS, {}, ()),
    ],
)
def test_what_is_missing_for_acting_is_a_question(
    kind: ActionKind, said: dict[str, Any], questions: tuple[str, ...]
) -> None:
    assert handoff_of(kind, said).questions == questions


def test_a_caller_whose_number_is_known_is_not_asked_how_to_reach_them() -> None:
    built = handoff_of(K.FOLLOW_UP, call=replace(CALL, from_number="+12015550123"))
    assert built.questions == ("when it suits to come back",)


def test_the_address_of_a_gift_that_waits_is_not_asked_for_since_its_recipient_enters_it() -> None:
    assert handoff_of(K.CHANGE_ADDRESS).questions == ()
    assert handoff_of(K.CHANGE_ADDRESS, order=SHIPPED).questions == ("for the new address",)


# --- what the caller expects


@pytest.mark.parametrize(
    ("kind", "said", "expects"),
    [
        (K.FOLLOW_UP, {}, "to hear from us"),
        (K.FOLLOW_UP, {"contact_channel": "mail"}, "to hear from us by mail"),
        (K.REFUND_ORDER, {"refund_expectation": "the full price"}, "the full price"),
        (K.REPORT_DAMAGE, {"resolution_preference": "a new one", "refund_expectation": "full"}, "a new one"),
        (K.CANCEL_ORDER, {}, None),
    ],
)
def test_what_the_caller_expects_is_made_of_what_they_said(
    kind: ActionKind, said: dict[str, str], expects: str | None
) -> None:
    assert handoff_of(kind, said).expects == expects


# --- what is at stake, and why it presses


@pytest.mark.parametrize(
    ("kind", "said", "changes", "impact"),
    [
        (
            K.CANCEL_ORDER,
            {},
            {},
            ("73.45 USD would move", "a cancellation cannot be undone", "the gift expires on 27 November 2026"),
        ),
        (K.REPORT_DAMAGE, {}, {"order": SHIPPED}, ("73.45 USD in the order",)),
        (K.ROUTE_BUYING_INTENT, {"order_value": "900.00"}, {"order": None}, ("said to be worth 900.00", "a sale")),
        (
            K.ESCALATE,
            {"vip_status": True, "repeat_complaint": True, "promise_made": "a call"},
            {"order": None},
            ("said to be VIP", "complained before", "a promise was made"),
        ),
        (K.FOLLOW_UP, {"loyalty_status": "gold"}, {"order": None}, ("said to be gold",)),
        (
            K.FOLLOW_UP,
            {"loyalty_status": "gold"},
            {"order": None, "contact": Contact("c", tier="silver")},
            ("silver customer, by the directory",),
        ),
        (K.FOLLOW_UP, {"loyalty_status": "none", "promise_made": "no"}, {"order": None}, ()),
        (
            K.EXTEND_EXPIRATION,
            {},
            {"order": replace(ORDER, amount_cents=None, expires_at=NOW - timedelta(days=1))},
            ("the gift expired on 21 November 2026",),
        ),
    ],
)
def test_what_is_at_stake(
    kind: ActionKind, said: dict[str, Any], changes: dict[str, Any], impact: tuple[str, ...]
) -> None:
    assert impact_of(facts_of(kind, said, **changes)) == impact


@pytest.mark.parametrize(
    ("kind", "said", "changes", "reason"),
    [
        (K.FOLLOW_UP, {"deadline": "Friday"}, {}, "deadline: Friday"),
        (K.ORDER_STATUS, {"risk_flags": ("travels tomorrow, urgent travel",)}, {}, "risk: urgent travel"),
        (K.ROUTE_BUYING_INTENT, {}, {}, "buying intent cools fast"),
        (K.ESCALATE, {"repeat_complaint": True}, {}, "complained before; the caller asks for somebody in charge"),
        (
            K.EXTEND_EXPIRATION,
            {},
            {"order": replace(ORDER, expires_at=NOW + timedelta(hours=5))},
            "the gift expires within 5 hours",
        ),
        (K.EXTEND_EXPIRATION, {}, {"order": replace(ORDER, expires_at=NOW)}, "the gift has expired"),
        (K.CANCEL_ORDER, {}, {"order": SHIPPED}, "the parcel can be stopped for some hours only"),
        (K.FOLLOW_UP, {}, {}, "a rule of the policy asks for it"),
    ],
)
def test_why_it_presses(kind: ActionKind, said: dict[str, Any], changes: dict[str, Any], reason: str) -> None:
    facts = facts_of(kind, said, **changes)
    assert urgency_reason_of(facts, decision_of(facts, urgency=Urgency.HIGH)) == reason


def test_what_does_not_press_says_so() -> None:
    facts = facts_of(K.FOLLOW_UP)
    assert urgency_reason_of(facts, decision_of(facts)) == "no rule asked for haste"


# --- which question a buyer asks


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("How much is it?", {Question.PRICE}),
        ("Is it available in size M?", {Question.AVAILABILITY, Question.FIT}),
        ("Do you ship to Canada, and how long does it take?", {Question.SHIPPING, Question.DELIVERY_TIME}),
        ("Is it sold out?", {Question.STOCK}),
        ("Which bundles are there?", {Question.PACKAGE}),
        ("Is delivery too slow for Friday?", {Question.DELIVERY_TIME}),
        ("Is this a scam?", {Question.TRUST}),
        ("the costume", {Question.AVAILABILITY}),  # asked, in words nobody knows
        ("none", set()),
        ("", set()),
    ],
)
def test_the_kind_of_question_is_a_known_word(text: str, questions: set[Question]) -> None:
    assert set(questions_of(replace(CALL, fields={"availability_question": text}))) == questions


def test_an_objection_tells_what_stands_in_the_way() -> None:
    assert questions_of(replace(CALL, fields={"objection": "too expensive"})) == (Question.PRICE,)
    assert questions_of(replace(CALL, fields={"objection": "hmm"})) == ()
