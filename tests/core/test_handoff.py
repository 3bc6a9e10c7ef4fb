"""What a team reads: complete, short, and inert whatever was said."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.policy_file import load_policy
from app.core.actions import PARAMETERS, ActionKind
from app.core.calls import CANONICAL_FIELDS, Call, CallStage, FieldType
from app.core.handoff import (
    AffectedRecord,
    Handoff,
    as_text,
    assistance_summary,
    build_handoff,
    clean_text,
    describe_order,
)
from app.core.identity import NOBODY, Identity, Role
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import Order, OrderItem, OrderStage, Person, Shipment
from app.core.policy import Facts, Urgency, Verdict, decide

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

K = ActionKind
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
POLICY = load_policy()
ORDER = Order(
    destination="goody",
    external_id="o-1",
    reference_id="WHTWW",
    status="notified",
    stage=OrderStage.OPEN,
    recipient=Person("Ann", "Lee", "ann@example.com"),
    sender=Person("Bob", "Ray", "bob@example.com"),
    items=(OrderItem("Cookies", "Levain", 2),),
    amount_cents=7345,
    expires_at=NOW + timedelta(days=5),
    gift_link="https://gifts.example/secret",
)
MATCHED = Match(MatchOutcome.MATCHED, (Candidate("goody", "o-1", "WHTWW", 12.5, 0.999, ()),), "model-1")
CALL = Call(call_id="call_1", stage=CallStage.COMPLETED, recording_url="https://rec.example/1.mp3?sig=x")


def handoff(kind: ActionKind, said: dict[str, Any] | None = None, **changes: Any) -> Handoff:
    call = replace(changes.pop("call", CALL), fields=said or {})
    known: dict[str, Any] = {
        "match": MATCHED,
        "identity": Identity(Role.RECIPIENT, 0.97),
        "order": ORDER,
        "contact": None,
        "now": NOW,
        "parameters": {name: text for name in PARAMETERS[kind] if (text := call.text(name))},
    }
    facts = Facts(kind=kind, call=call, **(known | changes))
    return build_handoff(facts, decide(facts, POLICY))


# --- the fields of H19 and H10


def test_a_handoff_has_what_a_team_needs_to_act() -> None:
    built = handoff(
        K.REPORT_DAMAGE,
        {
            "item": "Mug",
            "damage_description": "cracked",
            "photo_available": True,
            "resolution_preference": "replacement",
            "deadline": "Friday",
            "preferred_time": "after 3 pm",
            "timezone": "America/New_York",
            "promise_made": "a call back today",
            "contact_channel": "phone",
            "escalation_owner": "Dana",
            "risk_flags": ("damaged item",),
            "support_link": "https://help.example/7",
        },
    )
    assert built == Handoff(
        kind=K.REPORT_DAMAGE,
        verdict=Verdict.ASSIST,
        matched_caller="Ann Lee, the recipient (97% sure)",
        affected_record=AffectedRecord("goody", "o-1", "WHTWW", "notified"),
        reason="The caller reports a damaged item. The caller named a deadline.",
        urgency=Urgency.HIGH,
        due_minutes=60,
        team="fulfillment",
        owner="Dana",
        next_step="Do it at the shop with the prepared summary, then say so.",
        promise_made="a call back today",
        preferred_time="after 3 pm",
        timezone="America/New_York",
        contact_channel="phone",
        risk_flags=("damaged_item",),
        links={
            "call": "call_1",
            "transcript": "/v1/calls/call_1",
            "recording": "https://rec.example/1.mp3?sig=x",
            "support": "https://help.example/7",
        },
        details={
            "item": "Mug",
            "damage_description": "cracked",
            "photo_available": "yes",
            "resolution_preference": "replacement",
            "deadline": "Friday",
        },
        answer=None,
    )


def test_it_reads_like_a_note_from_a_colleague() -> None:
    text = as_text(handoff(K.CANCEL_ORDER, {"return_reason": "wrong person"}, identity=Identity(Role.SENDER, 0.95)))
    assert text == (
        "[NORMAL] Cancel order: due in 240 minutes\n"
        "Caller: Bob Ray, the sender (95% sure)\n"
        "Record: Goody order WHTWW (notified)\n"
        "Reason: The caller wants the order cancelled.\n"
        "Owner: support\n"
        "Next step: Decide in the review queue.\n"
        "Return reason: wrong person\n"
        "Evidence: call: call_1  transcript: /v1/calls/call_1  recording: https://rec.example/1.mp3?sig=x"
    )


def test_an_owner_who_was_named_stands_beside_the_team() -> None:
    assert "Owner: Dana (team escalations)" in as_text(handoff(K.ESCALATE, {"owner": "Dana"}))


def test_a_caller_nobody_knows_is_said_to_be_so() -> None:
    unmatched = Match(MatchOutcome.UNMATCHED, (), "model-1")
    built = handoff(K.FOLLOW_UP, {"customer_name": "Eve"}, match=unmatched, identity=NOBODY, order=None)
    assert built.matched_caller == "not identified; says to be Eve"
    assert built.affected_record is None
    assert "Record: none" in as_text(built)


def test_a_caller_who_contradicts_both_is_said_to_do_so() -> None:
    assert handoff(K.ORDER_STATUS, identity=Identity(Role.OTHER, 0.9)).matched_caller == (
        "contradicts sender and recipient"
    )


def test_the_reason_says_why_a_person_has_to_look() -> None:
    built = handoff(K.EXTEND_EXPIRATION, {"vip_status": True}, parameters={"new_expiration": "2026-12-11T12:00:00Z"})
    assert built.reason.startswith(
        "The caller wants more time to accept the gift. The caller is, or is said to be, an important customer."
    )


def test_many_reasons_are_cut_and_counted() -> None:
    said = {"vip_status": True, "repeat_complaint": True, "deadline": "now", "risk_flags": ("fraud", "travel", "show")}
    built = handoff(K.RESEND_GIFT_LINK, said, identity=Identity(Role.OTHER, 0.9))
    assert built.reason.endswith("more findings.")
    assert len(built.reason) < 700


# --- the answer


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "Order WHTWW waits for its recipient to accept it. It expires on 27 November 2026."),
        ({"expires_at": NOW}, "Order WHTWW waits for its recipient to accept it. It expired on 22 November 2026."),
        ({"expires_at": None}, "Order WHTWW waits for its recipient to accept it. It does not expire."),
        ({"stage": OrderStage.ACCEPTED}, "Order WHTWW is accepted and being prepared."),
        ({"stage": OrderStage.CANCELLED}, "Order WHTWW is cancelled."),
        (
            {"stage": OrderStage.UNKNOWN, "status": "limbo"},
            "Order WHTWW is in the state 'limbo', which nobody can explain yet.",
        ),
        (
            {"stage": OrderStage.SHIPPED, "shipments": (Shipment("shipped", "UPS", eta_at=NOW + timedelta(days=2)),)},
            "Order WHTWW is on its way. The parcel is sent by UPS and expected on 24 November 2026.",
        ),
        (
            {"stage": OrderStage.SHIPPED, "shipments": (Shipment("shipped", None, shipped_at=NOW),)},
            "Order WHTWW is on its way. The parcel was shipped on 22 November 2026.",
        ),
        (
            {"stage": OrderStage.DELIVERED, "shipments": (Shipment("delivered", "UPS", delivered_at=NOW),)},
            "Order WHTWW is delivered. The parcel was delivered by UPS on 22 November 2026.",
        ),
        (
            {
                "stage": OrderStage.SHIPPED,
                "shipments": (
                    Shipment("delivered", delivered_at=NOW),
                    Shipment("pending"),
                    Shipment("tracking", "USPS"),
                ),
            },
            "Order WHTWW is on its way. It comes in 3 parcels: one was delivered on 22 November 2026; one goes by USPS.",
        ),
        (
            {"stage": OrderStage.SHIPPED, "refunded_at": NOW},
            "Order WHTWW is on its way. It was refunded on 22 November 2026.",
        ),
    ],
)
def test_where_the_order_is_in_words_for_the_caller(changes: dict[str, Any], answer: str) -> None:
    assert describe_order(replace(ORDER, **changes), NOW) == answer


def test_a_question_is_answered() -> None:
    built = handoff(K.ORDER_STATUS)
    assert built.answer == "Order WHTWW waits for its recipient to accept it. It expires on 27 November 2026."
    assert built.next_step == "Give the caller the answer."


def test_a_wish_that_is_refused_or_handed_over_comes_with_the_state_of_the_order() -> None:
    cancelled = replace(ORDER, stage=OrderStage.CANCELLED, status="failed")
    assert handoff(K.CANCEL_ORDER, order=cancelled).answer == "Order WHTWW is cancelled."
    accepted = replace(ORDER, stage=OrderStage.ACCEPTED)
    built = handoff(K.EXTEND_EXPIRATION, order=accepted, parameters={"new_expiration": "2026-12-11T12:00:00Z"})
    assert (built.verdict, built.answer) == (Verdict.HAND_OFF, "Order WHTWW is accepted and being prepared.")
    assert handoff(K.CANCEL_ORDER).answer is None


# --- the prepared text for the shop's support


def test_the_summary_for_support_says_what_to_do_and_why_by_hand() -> None:
    accepted = replace(ORDER, stage=OrderStage.ACCEPTED, status="accepted")
    assert assistance_summary(K.REFUND_ORDER, accepted, {"return_reason": "never\narrived"}) == (
        "To Goody support: a customer wants a refund.\n"
        "Order: WHTWW (id o-1), status accepted\n"
        "Sender: Bob Ray\n"
        "Recipient: Ann Lee\n"
        "Items: 2 x Cookies\n"
        "Return reason: never arrived\n"
        "Why by hand: The gift is accepted: Goody refunds it only through its support."
    )


def test_a_summary_without_an_order_still_says_what_is_wanted() -> None:
    assert assistance_summary(K.RETURN_ORDER, None, {}) == "To the shop support: a customer wants to return the order."


@pytest.mark.parametrize("kind", list(ActionKind))
@pytest.mark.parametrize("stage", list(OrderStage))
def test_the_gift_link_gets_into_no_message(kind: ActionKind, stage: OrderStage) -> None:
    order = replace(ORDER, stage=stage)
    messages = (repr(handoff(kind, order=order)), assistance_summary(kind, order, {}), describe_order(order, NOW))
    assert not any("gifts.example" in message for message in messages)


# --- hostile words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nBcc: eve@example.com", "a Bcc: eve@example.com"),
        ("a\u2028b\u0085c\td", "a b c d"),
        ("\u202eevil\u202c \x1b[31mred", "evil [31mred"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("  ", ""),
        ("x" * 400, "x" * 299 + "\u2026"),
        ("\ud800", ""),
    ],
)
def test_text_becomes_one_plain_bounded_line(text: str, shown: str) -> None:
    assert clean_text(text) == shown


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "recordings/1.mp3",
        "https://",
        "https://evil.example/ x",
        'https://evil.example/"onclick=1',
        "https://[broken",
        "https://evil.example/\u202egpj",
        "https://evil.example/" + "x" * 2_000,
    ],
)
def test_what_is_no_plain_web_address_is_no_link(link: str) -> None:
    built = handoff(K.FOLLOW_UP, {"support_link": link}, call=replace(CALL, recording_url=link))
    assert set(built.links) == {"call", "transcript"}


def test_a_call_id_cannot_leave_its_path() -> None:
    assert handoff(K.NONE, call=replace(CALL, call_id="../a?b")).links["transcript"] == "/v1/calls/..%2Fa%3Fb"


TEXT_FIELDS = sorted(name for name, kind in CANONICAL_FIELDS.items() if kind is FieldType.TEXT)


@unhurried
@given(
    st.sampled_from(ActionKind),
    st.dictionaries(st.sampled_from(TEXT_FIELDS), st.text(max_size=400), max_size=8),
    st.sampled_from(["a\nOwner: eve", "<script>", "*bold* <https://x|y>", "x" * 5_000, "\x00"]),
    st.sampled_from(OrderStage),
)
def test_whatever_was_said_the_message_is_a_screen_of_plain_lines(
    kind: ActionKind, said: dict[str, str], name: str, stage: OrderStage
) -> None:
    person = Person(name, name, name)
    order = replace(ORDER, stage=stage, sender=person, recipient=person, reference_id=name, status=name)
    built = handoff(kind, {**dict.fromkeys(TEXT_FIELDS, name), **said}, order=order)
    lines = as_text(built).split("\n")
    assert 5 <= len(lines) <= 20
    assert as_text(built).splitlines() == lines
    owners = [line for line in lines if line.startswith("Owner: ")]
    assert len(owners) == 1
    assert not any(unicodedata.category(letter).startswith("C") for line in lines for letter in line)
    assert all(len(line) < 2_000 for line in lines if not line.startswith("Evidence"))
