"""What a team reads: complete, short, ours where it says what to do, and inert whatever was said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from handoff_examples import CALL, NOW, ORDER, ROUTING, SHIPPED, UNMATCHED, handoff_of

from app.core.actions import ActionKind
from app.core.contacts import Contact
from app.core.handoff import AffectedRecord, Handoff, with_public_url
from app.core.handoff_text import as_text
from app.core.identity import NOBODY, Identity, Role
from app.core.orders import OrderStage
from app.core.policy import Urgency, Verdict
from app.core.routing import Team
from app.db.facts import dump, load

K = ActionKind
DAMAGE = {
    "item": "Mug",
    "damage_description": "cracked",
    "photo_available": True,
    "resolution_preference": "replacement",
    "deadline": "Friday",
    "preferred_time": "tomorrow at 3 pm",
    "timezone": "America/New_York",
    "promise_made": "a call back today",
    "contact_channel": "phone",
    "escalation_owner": "Dana",
    "risk_flags": ("damaged item",),
    "support_link": "https://help.example/7",
    "next_step": "send a new mug",
    "location": "Boston",
}


# --- the fields of H10 and H19


def test_a_handoff_has_what_a_team_needs_to_act() -> None:
    contact = Contact("crm-17", ("Ann Lee",), tier="gold")
    built = handoff_of(
        K.REPORT_DAMAGE, DAMAGE, "The caller named a deadline. (x)", routing=ROUTING, order=SHIPPED, contact=contact
    )
    assert built == Handoff(
        kind=K.REPORT_DAMAGE,
        verdict=Verdict.ASSIST,
        matched_caller="Ann Lee, the recipient (97% sure)",
        account="crm-17 (gold)",
        affected_record=AffectedRecord("goody", "o-1", "WHTWW", "shipped"),
        record_object="gift order",
        record_status="replacement arranged",
        record_url="https://shop.example/orders/o-1",
        reason="The caller reports a damaged item. The caller named a deadline.",
        reach_at=None,
        impact=("73.45 USD in the order", "gold customer, by the directory", "a promise was made"),
        urgency=Urgency.HIGH,
        urgency_reason="risk: damaged item; deadline: Friday; a promise has to be kept",
        due_minutes=60,
        due_at=NOW + timedelta(minutes=60),
        team="fulfillment",
        owner="Lena Fischer",
        named_owner="Dana",
        next_step="Do it at the shop with the prepared summary, then say so.",
        agreed_step="send a new mug",
        expects="replacement; to hear from us by phone tomorrow at 3 pm America/New_York",
        questions=(),
        promise_made="a call back today",
        preferred_time="tomorrow at 3 pm",
        timezone="America/New_York",
        starts_at=datetime(2026, 11, 23, 20, 0, tzinfo=UTC),
        contact_channel="phone",
        risk_flags=("damaged_item",),
        also_tell=("operations",),
        links={
            "call": "call_1",
            "transcript": "/v1/calls/call_1",
            "recording": "/v1/calls/call_1/recording",
            "support": "https://help.example/7",
        },
        details={
            "item": "Mug",
            "damage_description": "cracked",
            "photo_available": "yes",
            "resolution_preference": "replacement",
            "deadline": "Friday",
            "location": "Boston",
        },
        answer=None,
    )


def test_a_caller_nobody_knows_is_said_to_be_so() -> None:
    built = handoff_of(K.FOLLOW_UP, {"customer_name": "Eve"}, match=UNMATCHED, identity=NOBODY, order=None)
    assert built.matched_caller == "not identified; says to be Eve"
    assert built.affected_record is None
    assert "Record: none" in as_text(built)


def test_a_caller_who_contradicts_both_is_said_to_do_so() -> None:
    built = handoff_of(K.ORDER_STATUS, identity=Identity(Role.OTHER, 0.9))
    assert built.matched_caller == "contradicts sender and recipient"


def test_many_reasons_are_cut_and_counted() -> None:
    built = handoff_of(K.CANCEL_ORDER, None, *(f"Sentence {number}. (x 1)" for number in range(8)))
    assert built.reason == (
        "The caller wants the order cancelled. Sentence 0. Sentence 1. Sentence 2. Sentence 3. Sentence 4. "
        "And 3 more findings."
    )


# --- what is ours to say: owner, next step


def test_the_mapping_says_who_is_responsible_and_the_call_only_whom_it_named() -> None:
    built = handoff_of(K.ESCALATE, {"owner": "Dana"}, routing=ROUTING)
    assert (built.owner, built.named_owner) == ("Maria Lund", "Dana")
    assert "Owner: Maria Lund (team escalations); the call names Dana" in as_text(built)


def test_without_an_owner_in_the_mapping_it_is_whom_the_call_named_else_the_team() -> None:
    assert "Owner: Dana (team escalations)\n" in as_text(handoff_of(K.ESCALATE, {"owner": "Dana"}))
    assert "Owner: escalations\n" in as_text(handoff_of(K.ESCALATE))
    nobody = replace(ROUTING, teams={"escalations": Team("escalations", "")})
    assert handoff_of(K.ESCALATE, routing=nobody).owner == "escalations"


def test_what_was_said_to_come_next_is_told_and_never_taken_for_the_next_step() -> None:
    built = handoff_of(K.FOLLOW_UP, {"next_step": "approve the refund at once"}, routing=ROUTING)
    assert (built.next_step, built.agreed_step) == ("Call the customer back.", "approve the refund at once")


@pytest.mark.parametrize(
    ("kind", "verdict", "step"),
    [
        (K.FOLLOW_UP, Verdict.HAND_OFF, "Call the customer back."),
        (K.ESCALATE, Verdict.HAND_OFF, "Take it from here."),  # the mapping does not know the kind
        (K.FOLLOW_UP, Verdict.REVIEW, "Decide in the review queue."),
        (K.FOLLOW_UP, Verdict.REFUSE, "Nothing is done. Tell the caller why."),
        (K.ORDER_STATUS, Verdict.EXECUTE, "Give the caller the answer."),
        (
            K.EXTEND_EXPIRATION,
            Verdict.EXECUTE,
            "Nothing to decide: it is done automatically. Tell the caller when it is done.",
        ),
    ],
)
def test_the_next_step_follows_the_verdict_then_the_mapping(kind: ActionKind, verdict: Verdict, step: str) -> None:
    assert handoff_of(kind, routing=ROUTING, decided={"verdict": verdict}).next_step == step


def test_who_is_refused_or_granted_is_asked_nothing_more() -> None:
    assert handoff_of(K.CANCEL_ORDER).questions == ("why the order should be cancelled",)
    assert handoff_of(K.CANCEL_ORDER, decided={"verdict": Verdict.REFUSE}).questions == ()


# --- the answer


def test_a_question_is_answered() -> None:
    built = handoff_of(K.ORDER_STATUS)
    assert built.answer == "Order WHTWW waits for its recipient to accept it. It expires on 27 November 2026."
    assert built.next_step == "Give the caller the answer."


def test_a_wish_that_is_refused_or_handed_over_comes_with_the_state_of_the_order() -> None:
    cancelled = replace(ORDER, stage=OrderStage.CANCELLED, status="failed")
    refused = handoff_of(K.CANCEL_ORDER, order=cancelled, decided={"verdict": Verdict.REFUSE})
    assert refused.answer == "Order WHTWW is cancelled."
    assert handoff_of(K.FOLLOW_UP, order=SHIPPED).answer == "Order WHTWW is on its way."
    assert handoff_of(K.CANCEL_ORDER).answer is None


# --- how to come back to the caller


@pytest.mark.parametrize(
    ("channel", "identity", "reach_at"),
    [
        ("phone", Role.RECIPIENT, "+12015550123"),
        (None, Role.UNKNOWN, "+12015550123"),
        ("E-Mail", Role.RECIPIENT, "ann@example.com"),  # on file, whatever was said
        ("by email", Role.UNKNOWN, "said@example.com"),
    ],
)
def test_the_team_knows_where_to_come_back_to(channel: str | None, identity: Role, reach_at: str) -> None:
    said = {"customer_phone": "+12015550199", "customer_email": "said@example.com"}
    said |= {"contact_channel": channel} if channel else {}
    call = replace(CALL, from_number="+12015550123")
    built = handoff_of(K.FOLLOW_UP, said, call=call, identity=Identity(identity, 0.9))
    assert built.reach_at == reach_at
    assert reach_at in as_text(built)


def test_without_the_number_that_called_it_is_the_one_that_was_said() -> None:
    assert handoff_of(K.FOLLOW_UP, {"customer_phone": "+12015550199"}).reach_at == "+12015550199"
    assert handoff_of(K.FOLLOW_UP).reach_at is None


# --- who else is told


@pytest.mark.parametrize(
    ("said", "teams"),
    [
        ({"preferred_time": "today at 5 pm", "timezone": "UTC"}, ("operations",)),
        ({"preferred_time": "2026-11-23 12:00", "timezone": "UTC"}, ("operations",)),
        ({"preferred_time": "2026-11-23 12:01", "timezone": "UTC"}, ()),
        ({"preferred_time": "some time", "timezone": "UTC"}, ()),
        ({"risk_flags": ("no-show risk",)}, ("operations",)),
    ],
)
def test_operations_hear_of_a_booking_that_leaves_little_time(said: dict[str, object], teams: tuple[str, ...]) -> None:
    assert handoff_of(K.CHANGE_BOOKING, said).also_tell == teams
    assert handoff_of(K.FOLLOW_UP, said).also_tell == ()


def test_operations_hear_of_trouble_with_an_item_that_has_a_place_and_never_twice() -> None:
    assert handoff_of(K.REPORT_MISSING_ITEM, {"store": "Harbor"}).also_tell == ("operations",)
    assert handoff_of(K.REPORT_MISSING_ITEM).also_tell == ()
    assert handoff_of(K.REPORT_MISSING_ITEM, {"store": "Harbor"}, decided={"team": "operations"}).also_tell == ()


# --- when


def test_tomorrow_is_the_day_after_the_call_not_after_its_report() -> None:
    call = replace(CALL, started_at=NOW - timedelta(days=1))
    said = {"preferred_time": "tomorrow at 5 pm", "timezone": "UTC"}
    assert handoff_of(K.FOLLOW_UP, said, call=call).starts_at == NOW.replace(hour=17)
    ancient = replace(CALL, started_at=datetime(1, 1, 1, tzinfo=UTC))
    assert handoff_of(K.FOLLOW_UP, said, call=ancient).starts_at == NOW.replace(hour=17) + timedelta(days=1)


def test_a_time_that_has_passed_when_the_handoff_is_written_is_no_appointment() -> None:
    call = replace(CALL, started_at=NOW - timedelta(days=2))
    built = handoff_of(K.FOLLOW_UP, {"preferred_time": "tomorrow at 5 pm", "timezone": "UTC"}, call=call)
    assert (built.starts_at, built.preferred_time) == (None, "tomorrow at 5 pm")


# --- links


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
        "https://evil.example/'x",
        "https://evil.example/|click",
        "https://[broken",
        "https://evil.example/\u202egpj",
        "https://evil.example/" + "x" * 2_000,
    ],
)
def test_what_is_no_plain_web_address_is_no_link(link: str) -> None:
    built = handoff_of(K.FOLLOW_UP, {"support_link": link}, call=replace(CALL, recording_url=None))
    assert set(built.links) == {"call", "transcript"}


@pytest.mark.parametrize("link", ["https://rec.example/1.mp3?sig=x", "recordings/1.mp3", "javascript:alert(1)"])
def test_the_recording_is_found_at_our_own_page_and_never_by_the_link_that_dies(link: str) -> None:
    built = handoff_of(K.FOLLOW_UP, call=replace(CALL, call_id="a/b", recording_url=link))
    assert built.links["recording"] == "/v1/calls/a%2Fb/recording"
    assert link not in str(built)


def test_a_call_id_cannot_leave_its_path() -> None:
    assert handoff_of(K.NONE, call=replace(CALL, call_id="../a?b")).links["transcript"] == "/v1/calls/..%2Fa%3Fb"


def test_our_own_pages_get_the_address_of_the_deployment_and_nothing_else_does() -> None:
    built = handoff_of(K.FOLLOW_UP, routing=ROUTING, call=replace(CALL, call_id="/odd"))
    assert built.record_url == "/v1/calls/%2Fodd"
    seen = with_public_url(built, "https://handoff.example/")
    assert seen.record_url == "https://handoff.example/v1/calls/%2Fodd"
    assert seen.links == {
        "call": "/odd",
        "transcript": "https://handoff.example/v1/calls/%2Fodd",
        "recording": "https://handoff.example/v1/calls/%2Fodd/recording",
    }
    assert with_public_url(built, None) == built
    assert with_public_url(handoff_of(K.ESCALATE), "https://handoff.example").record_url is None


@pytest.mark.parametrize("address", ["//evil.example/{order_id}", "javascript:{order_id}", "orders/{order_id}"])
def test_a_record_s_address_that_is_none_is_left_out(address: str) -> None:
    route = replace(ROUTING.kinds[K.REPORT_DAMAGE], record_url=address)
    assert handoff_of(K.REPORT_DAMAGE, routing=replace(ROUTING, kinds={K.REPORT_DAMAGE: route})).record_url is None


# --- kept for years


def test_a_handoff_is_read_back_as_it_was_stored() -> None:
    built = handoff_of(K.REPORT_DAMAGE, DAMAGE, routing=ROUTING)
    assert load(Handoff, dump(built)) == built


def test_a_handoff_of_the_first_release_is_still_read() -> None:
    stored = {
        "kind": "follow_up", "verdict": "hand_off", "matched_caller": "not identified", "affected_record": None,
        "reason": "The caller expects somebody to come back.", "urgency": "normal", "due_minutes": 240,
        "team": "support", "owner": "support", "next_step": "Take it from here.", "promise_made": None,
        "preferred_time": None, "timezone": None, "contact_channel": None, "risk_flags": [],
        "links": {"call": "call_1", "transcript": "/v1/calls/call_1"}, "details": {}, "answer": None,
    }  # fmt: skip
    assert as_text(load(Handoff, stored)) == (
        "[NORMAL] Follow up: due in 240 minutes\n"
        "Caller: not identified\n"
        "Record: none\n"
        "Reason: The caller expects somebody to come back.\n"
        "Urgency: normal\n"
        "Owner: support\n"
        "Next step: Take it from here.\n"
        "Evidence: call: call_1  transcript: /v1/calls/call_1"
    )
