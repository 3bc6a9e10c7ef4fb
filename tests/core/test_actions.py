"""From what was asked to actions, and what a kind means for an order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from handoff_examples import NOW, ORDER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.actions import (
    MAX_VALUE_LENGTH,
    PARAMETERS,
    ActionKind,
    ActionWords,
    Proposal,
    as_utc_text,
    commits,
    is_confirmed,
    is_fulfilled,
    moves_money,
    propose,
    read_time,
    resolve_parameters,
    shows_assistance,
    touches_order,
    why_impossible,
    writes_to_shop,
)
from app.core.calls import CANONICAL_FIELDS, Call, CallStage, FieldValue
from app.core.orders import Order, OrderStage, Person

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

K = ActionKind
WORDS = ActionWords(
    phrases={
        "cancel": K.CANCEL_ORDER,
        "cancel my order": K.CANCEL_ORDER,
        "refund": K.REFUND_ORDER,
        "money back": K.REFUND_ORDER,
        "change address": K.CHANGE_ADDRESS,
        "wrong address": K.CHANGE_ADDRESS,
        "where is my order": K.ORDER_STATUS,
        "order status": K.ORDER_STATUS,
        "more time": K.EXTEND_EXPIRATION,
        "terms and conditions": K.FOLLOW_UP,
        "just saying hello": K.NONE,
    },
    implied_by=(
        ("damage_description", K.REPORT_DAMAGE),
        ("new_address", K.CHANGE_ADDRESS),
        ("availability_question", K.ROUTE_BUYING_INTENT),
        ("repeat_complaint", K.ESCALATE),
    ),
)


def call(asked: FieldValue | None = None, **fields: FieldValue) -> Call:
    said: dict[str, FieldValue] = dict(fields)
    if asked is not None:
        said["requested_action"] = asked
    return Call(call_id="call_1", stage=CallStage.COMPLETED, fields=said)


def kinds(asked: FieldValue | None = None, **fields: FieldValue) -> list[ActionKind]:
    return [proposal.kind for proposal in propose(call(asked, **fields), WORDS)]


# --- propose


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("cancel_order",), [K.CANCEL_ORDER]),
        ("Cancel Order", [K.CANCEL_ORDER]),
        ("  CANCEL-ORDER! ", [K.CANCEL_ORDER]),
        ("where is my order?", [K.ORDER_STATUS]),
        ("The caller wants to know where is my order please", [K.ORDER_STATUS]),
        ("please cancel my order today", [K.CANCEL_ORDER]),
        (("refund", "cancel"), [K.REFUND_ORDER, K.CANCEL_ORDER]),
        (("cancel, refund; change address",), [K.CANCEL_ORDER, K.REFUND_ORDER, K.CHANGE_ADDRESS]),
        ("cancel and refund", [K.CANCEL_ORDER, K.REFUND_ORDER]),
        ("refund & cancel", [K.REFUND_ORDER, K.CANCEL_ORDER]),
        ("cancel, cancel my order", [K.CANCEL_ORDER]),
        ("cancellation of everything", [K.FOLLOW_UP]),  # "cancel" is not a whole word in it
        ("terms and conditions", [K.FOLLOW_UP]),  # a phrase that holds the separator is one wish
        ("sing me a song", [K.FOLLOW_UP]),
        (("refund", "sing me a song"), [K.REFUND_ORDER, K.FOLLOW_UP]),
        ("none", [K.NONE]),
        ("N/A", [K.NONE]),
        ("just saying hello", [K.NONE]),
        (("none", "refund"), [K.REFUND_ORDER]),
        ("none of the gifts arrived", [K.FOLLOW_UP]),
        ("do not cancel my order", [K.FOLLOW_UP]),
        ("I don\u2019t want to cancel", [K.FOLLOW_UP]),
        ("it has not come where is my order", [K.ORDER_STATUS]),
        ("\uff23\uff21\uff2e\uff23\uff25\uff2c", [K.CANCEL_ORDER]),
    ],
)
def test_what_was_asked_leads_to_kinds(asked: FieldValue, expected: list[ActionKind]) -> None:
    assert kinds(asked) == expected


@pytest.mark.parametrize("kind", [kind for kind in ActionKind if kind is not K.NONE])
def test_every_kind_is_understood_by_its_own_name(kind: ActionKind) -> None:
    assert kinds(str(kind)) == [kind]
    assert kinds(kind.replace("_", " ").title()) == [kind]
    assert kinds(f"the caller asks to {kind.replace('_', ' ')} now") == [kind]


def test_a_word_of_the_deployment_overrides_the_name_of_a_kind() -> None:
    words = ActionWords(phrases={"follow up": K.ESCALATE}, implied_by=())
    assert [each.kind for each in propose(call("follow up"), words)] == [K.ESCALATE]


def test_nothing_asked_is_none() -> None:
    assert propose(call(), WORDS) == (Proposal(K.NONE, {}),)


def test_a_field_implies_a_kind_by_precedence_when_nothing_was_asked() -> None:
    assert kinds(new_address="1 Elm St", damage_description="broken") == [K.REPORT_DAMAGE]
    assert kinds(new_address="1 Elm St") == [K.CHANGE_ADDRESS]
    assert kinds("refund", new_address="1 Elm St") == [K.REFUND_ORDER]


@pytest.mark.parametrize("empty", ["none", "N/A", "No", False])
def test_a_field_that_says_nothing_implies_nothing(empty: FieldValue) -> None:
    assert kinds(damage_description=empty) == [K.NONE]


def test_a_flag_that_is_on_implies() -> None:
    assert kinds(repeat_complaint=True) == [K.ESCALATE]
    assert kinds(repeat_complaint=False) == [K.NONE]


def test_a_wish_that_could_not_be_read_is_followed_up() -> None:
    unread = replace(call(), unread_fields={"requested_action": "an object"})
    assert [each.kind for each in propose(unread, WORDS)] == [K.FOLLOW_UP]


def test_a_wish_that_is_too_long_to_read_is_never_lost() -> None:
    assert kinds("refund, " + "x" * MAX_VALUE_LENGTH) == [K.REFUND_ORDER, K.FOLLOW_UP]
    assert kinds(("refund",) * 21) == [K.REFUND_ORDER, K.FOLLOW_UP]


@pytest.mark.parametrize("stage", [CallStage.UNKNOWN, CallStage.INITIATED, CallStage.NOT_CONNECTED])
def test_a_call_that_is_not_completed_asks_for_nothing(stage: CallStage) -> None:
    assert propose(replace(call("cancel"), stage=stage), WORDS) == ()


def test_parameters_hold_what_the_kind_needs_and_no_more() -> None:
    (proposal,) = propose(
        call("report_damage", item="Mug", photo_available=True, damage_description="cracked", customer_name="Ann"),
        WORDS,
    )
    assert proposal.parameters == {"item": "Mug", "damage_description": "cracked", "photo_available": "yes"}


def test_a_link_is_never_sent_to_an_address_given_in_the_call() -> None:
    (proposal,) = propose(call("resend_gift_link", customer_email="thief@example.com", new_value="x"), WORDS)
    assert proposal.parameters == {}


def test_a_wish_nobody_understood_is_quoted_to_the_one_who_follows_up() -> None:
    (proposal,) = propose(call(("sing me a song", "dance"), promise_made="a call back"), WORDS)
    assert proposal.parameters == {"requested_action": "sing me a song; dance", "promise_made": "a call back"}


def test_every_kind_names_canonical_fields_only() -> None:
    assert set(PARAMETERS) == set(ActionKind)
    assert {name for names in PARAMETERS.values() for name in names} <= set(CANONICAL_FIELDS)


@unhurried
@given(st.lists(st.text(max_size=60), max_size=5))
def test_each_kind_comes_once_and_words_are_never_answered_with_silence(values: list[str]) -> None:
    proposals = propose(call(tuple(values)), WORDS)
    found = [proposal.kind for proposal in proposals]
    assert found
    assert len(found) == len(set(found))
    assert all(isinstance(value, str) for proposal in proposals for value in proposal.parameters.values())


# --- resolve_parameters


def resolved(asked: str | None, order: Order | None = ORDER) -> dict[str, str]:
    proposal = Proposal(K.EXTEND_EXPIRATION, {} if asked is None else {"new_expiration": asked})
    return dict(resolve_parameters(proposal, order, default_extension_days=14, now=NOW))


def test_more_time_without_a_date_counts_from_the_present_expiry() -> None:
    assert resolved(None) == {"new_expiration": "2026-12-11T12:00:00Z"}


def test_more_time_for_an_expired_gift_counts_from_now() -> None:
    assert resolved(None, replace(ORDER, expires_at=NOW - timedelta(days=9))) == {
        "new_expiration": "2026-12-06T12:00:00Z"
    }


def test_more_time_without_an_order_counts_from_now() -> None:
    assert resolved(None, None) == {"new_expiration": "2026-12-06T12:00:00Z"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2026-12-24", "2026-12-24T23:59:59Z"),  # until the 24th includes the 24th
        ("2026-12-24T10:00:00+02:00", "2026-12-24T08:00:00Z"),
        ("2026-12-24T10:00:00.5Z", "2026-12-24T10:00:00Z"),
        ("2026-12-24 10:00", "2026-12-24T10:00:00Z"),
    ],
)
def test_a_date_that_was_asked_for_is_kept_as_utc(asked: str, expected: str) -> None:
    assert resolved(asked) == {"new_expiration": expected}


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("2020-01-01", "in the past"),
        ("2026-11-25", "not later than the present expiry"),
        ("next Friday", "not a date that can be read"),
        ("0001-01-01T00:00:00+23:00", "not a date that can be read"),
    ],
)
def test_a_wish_that_makes_no_sense_is_kept_and_marked(asked: str, problem: str) -> None:
    parameters = resolved(asked)
    assert parameters["expiration_problem"] == problem
    assert parameters["new_expiration"].startswith(asked)


def test_an_expiry_is_never_given_to_a_gift_that_has_none() -> None:
    assert resolved(None, replace(ORDER, expires_at=None))["expiration_problem"].startswith("the order has no expiry")


def test_an_expiry_at_the_end_of_the_calendar_breaks_nothing() -> None:
    never = replace(ORDER, expires_at=datetime.max.replace(tzinfo=UTC))
    assert resolved(None, never)["expiration_problem"] == "not later than the present expiry"


@unhurried
@given(
    st.one_of(st.none(), st.dates().map(str), st.datetimes().map(lambda each: each.isoformat()), st.text(max_size=12))
)
def test_resolving_twice_is_resolving_once(asked: str | None) -> None:
    once = resolved(asked)
    twice = resolve_parameters(Proposal(K.EXTEND_EXPIRATION, once), ORDER, default_extension_days=14, now=NOW)
    assert twice == once


@unhurried
@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_written_is_read_again_to_the_second(moment: datetime) -> None:
    assert read_time(as_utc_text(moment)) == moment.replace(microsecond=0)


def test_other_kinds_keep_their_parameters() -> None:
    proposal = Proposal(K.CHANGE_ADDRESS, {"new_address": "1 Elm St"})
    assert resolve_parameters(proposal, ORDER, default_extension_days=14, now=NOW) == {"new_address": "1 Elm St"}


# --- what kinds mean


def test_the_families_of_kinds_fit_together() -> None:
    for kind in ActionKind:
        assert commits(kind) or not (writes_to_shop(kind) or moves_money(kind))
    assert touches_order(K.ORDER_STATUS)
    assert not commits(K.ORDER_STATUS)
    assert not touches_order(K.SEND_ORDER)
    assert [kind for kind in ActionKind if not commits(kind) and not touches_order(kind)] == [
        K.ROUTE_BUYING_INTENT,
        K.CHANGE_BOOKING,
        K.FOLLOW_UP,
        K.ESCALATE,
        K.NONE,
    ]


def at(stage: OrderStage, **changes: object) -> Order:
    return replace(ORDER, stage=stage, **changes)  # type: ignore[arg-type]


def test_a_cancelled_order_fulfils_a_cancellation_and_a_refund() -> None:
    assert is_fulfilled(K.CANCEL_ORDER, {}, at(OrderStage.CANCELLED))
    assert is_fulfilled(K.REFUND_ORDER, {}, at(OrderStage.CANCELLED))
    assert is_fulfilled(K.REFUND_ORDER, {}, at(OrderStage.SHIPPED, refunded_at=NOW))
    assert not is_fulfilled(K.CANCEL_ORDER, {}, at(OrderStage.SHIPPED, refunded_at=NOW))
    assert not is_fulfilled(K.REFUND_ORDER, {}, ORDER)


def test_an_extension_is_fulfilled_from_the_wanted_second_on() -> None:
    wanted = {"new_expiration": as_utc_text(NOW + timedelta(days=5))}
    assert is_fulfilled(K.EXTEND_EXPIRATION, wanted, ORDER)
    assert is_fulfilled(K.EXTEND_EXPIRATION, wanted, replace(ORDER, expires_at=NOW + timedelta(days=6)))
    assert not is_fulfilled(K.EXTEND_EXPIRATION, wanted, replace(ORDER, expires_at=NOW + timedelta(days=4)))
    assert not is_fulfilled(K.EXTEND_EXPIRATION, wanted, replace(ORDER, expires_at=None))
    assert not is_fulfilled(K.EXTEND_EXPIRATION, {"new_expiration": "soon"}, ORDER)


def test_a_shortening_is_fulfilled_by_its_very_date_only() -> None:
    wanted = {"new_expiration": as_utc_text(NOW + timedelta(days=2)), "expiration_problem": "not later"}
    assert not is_fulfilled(K.EXTEND_EXPIRATION, wanted, ORDER)
    assert is_fulfilled(K.EXTEND_EXPIRATION, wanted, replace(ORDER, expires_at=NOW + timedelta(days=2)))


@pytest.mark.parametrize("kind", [K.CHANGE_ADDRESS, K.REPORT_DAMAGE, K.ORDER_STATUS, K.SEND_ORDER])
@pytest.mark.parametrize("stage", list(OrderStage))
def test_what_no_read_can_show_is_never_called_fulfilled(kind: ActionKind, stage: OrderStage) -> None:
    assert not is_fulfilled(kind, {}, at(stage))


@pytest.mark.parametrize("kind", [K.CANCEL_ORDER, K.REFUND_ORDER, K.EXTEND_EXPIRATION, K.RESEND_GIFT_LINK])
def test_the_api_does_it_on_an_open_order_only(kind: ActionKind) -> None:
    assert why_impossible(kind, ORDER) is None
    for stage in set(OrderStage) - {OrderStage.OPEN}:
        reason = why_impossible(kind, at(stage))
        assert reason is not None
        assert reason.endswith(".")


def test_the_reason_is_a_sentence_a_reviewer_can_read() -> None:
    assert why_impossible(K.CANCEL_ORDER, at(OrderStage.ACCEPTED)) == (
        "The gift is accepted: Goody cancels it only through its support."
    )
    assert why_impossible(K.CANCEL_ORDER, at(OrderStage.CANCELLED)) == (
        "The order is cancelled already: there is nothing to cancel."
    )
    assert why_impossible(K.CANCEL_ORDER, None) == "No order is tied to the call."
    assert why_impossible(K.REFUND_ORDER, at(OrderStage.SHIPPED, refunded_at=NOW)) == "The order is refunded already."


def test_a_link_needs_a_link_and_somebody_on_file() -> None:
    assert (
        why_impossible(K.RESEND_GIFT_LINK, replace(ORDER, gift_link=None)) == "Goody shows no gift link of this order."
    )
    assert why_impossible(K.RESEND_GIFT_LINK, replace(ORDER, recipient=Person("Ann"))) is not None


@pytest.mark.parametrize("stage", list(OrderStage))
@pytest.mark.parametrize("kind", [K.CHANGE_ADDRESS, K.REPORT_DAMAGE, K.RETURN_ORDER, K.SUBSTITUTE_ITEM])
def test_what_the_api_lacks_is_possible_in_no_stage(kind: ActionKind, stage: OrderStage) -> None:
    assert why_impossible(kind, at(stage)) is not None


@pytest.mark.parametrize("kind", [K.FOLLOW_UP, K.ORDER_STATUS, K.SEND_ORDER, K.NONE])
def test_kinds_that_change_no_existing_order_are_possible_without_one(kind: ActionKind) -> None:
    assert why_impossible(kind, None) is None


@pytest.mark.parametrize("stage", list(OrderStage))
def test_every_kind_has_an_answer_in_every_stage(stage: OrderStage) -> None:
    for kind in ActionKind:
        why_impossible(kind, at(stage))
        is_fulfilled(kind, {}, at(stage))
        is_confirmed(kind, {}, at(stage))


def test_money_is_confirmed_by_the_refund_or_the_cancellation() -> None:
    for kind in (K.REFUND_ORDER, K.CANCEL_ORDER):
        assert shows_assistance(kind)
        assert is_confirmed(kind, {}, at(OrderStage.SHIPPED, refunded_at=NOW))
        assert is_confirmed(kind, {}, at(OrderStage.CANCELLED))
        assert not is_confirmed(kind, {}, at(OrderStage.SHIPPED))


def test_a_link_is_confirmed_by_the_acceptance() -> None:
    assert shows_assistance(K.RESEND_GIFT_LINK)
    assert is_confirmed(K.RESEND_GIFT_LINK, {}, at(OrderStage.DELIVERED))
    assert not is_confirmed(K.RESEND_GIFT_LINK, {}, ORDER)


@pytest.mark.parametrize("kind", [K.CHANGE_ADDRESS, K.REPORT_DAMAGE, K.RETURN_ORDER])
@pytest.mark.parametrize("stage", list(OrderStage))
def test_only_a_persons_word_closes_what_no_event_shows(kind: ActionKind, stage: OrderStage) -> None:
    """A direct send is accepted with the address that it has, so that an acceptance proves no new one."""
    assert not shows_assistance(kind)
    assert not is_confirmed(kind, {"new_address": "5 New Street"}, at(stage))
