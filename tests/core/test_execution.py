"""What follows from what the shop shows and answers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.core.actions import ActionKind
from app.core.execution import (
    LOOK_PAUSES_SECONDS,
    MOST_ATTEMPTS,
    Mandate,
    judge_accepted,
    judge_before,
    judge_look,
    judge_refused,
    judge_unavailable,
)
from app.core.lifecycle import ActionStatus, Verb, next_status
from app.core.orders import Order, OrderStage, Person

OPEN = Order("goody", "o1", "REF1", "created", OrderStage.OPEN, Person("Ada"), Person("Bea"))
ACCEPTED = replace(OPEN, status="accepted", stage=OrderStage.ACCEPTED)
CANCELLED = replace(OPEN, status="failed", stage=OrderStage.CANCELLED)
CANCEL = Mandate(ActionKind.CANCEL_ORDER, {}, "same", "same", is_by_people=True, attempt_number=1)
MOVED = replace(CANCEL, present_digest="other")
EXTEND = replace(CANCEL, kind=ActionKind.EXTEND_EXPIRATION, parameters={"new_expiration": "2026-12-31T00:00:00Z"})


def test_an_unmoved_open_order_may_be_acted_upon():
    assert judge_before(CANCEL, OPEN) is None


def test_an_order_that_moved_goes_back_to_whoever_approved_it():
    assert judge_before(MOVED, ACCEPTED).verb is Verb.REOPEN
    assert judge_before(replace(MOVED, is_by_people=False), ACCEPTED).verb is Verb.REDECIDE


def test_an_accepted_order_that_people_approved_as_accepted_needs_a_hand_at_the_shop():
    ending = judge_before(CANCEL, ACCEPTED)
    assert (ending.verb, ending.outcome) == (Verb.TOO_LATE, "refused")


def test_what_another_hand_did_lapses_and_what_an_earlier_attempt_did_succeeds():
    assert judge_before(CANCEL, CANCELLED).verb is Verb.LAPSE
    assert judge_before(replace(CANCEL, attempt_number=2), CANCELLED).verb is Verb.SUCCEED


def test_a_question_needs_no_act():
    assert judge_before(replace(MOVED, kind=ActionKind.ORDER_STATUS), ACCEPTED).verb is Verb.SUCCEED


def test_a_yes_counts_only_once_a_read_shows_it():
    assert judge_accepted(CANCEL, CANCELLED).verb is Verb.SUCCEED
    assert judge_accepted(CANCEL, OPEN).verb is Verb.AWAIT_CONFIRMATION
    assert judge_accepted(CANCEL, None).verb is Verb.AWAIT_CONFIRMATION
    until = replace(OPEN, expires_at=datetime(2026, 12, 31, tzinfo=UTC))
    assert judge_accepted(EXTEND, until).verb is Verb.SUCCEED


def test_a_no_after_acceptance_becomes_assistance():
    ending = judge_refused(CANCEL, ACCEPTED, "Order can't be canceled")
    assert (ending.verb, ending.outcome, ending.detail) == (Verb.TOO_LATE, "refused", "Order can't be canceled")


def test_what_certainly_did_not_happen_is_tried_again_but_not_for_ever():
    assert judge_unavailable(CANCEL, "503", asked_to_wait_seconds=None).verb is Verb.RETRY
    assert (
        judge_unavailable(replace(CANCEL, attempt_number=MOST_ATTEMPTS), "503", asked_to_wait_seconds=None).verb
        is Verb.GIVE_UP
    )


def test_the_shop_is_given_the_time_it_asked_for():
    assert judge_unavailable(CANCEL, "429", asked_to_wait_seconds=30).wait_at_least_seconds == 30


def test_a_lost_answer_is_settled_by_looking_and_never_too_early():
    assert judge_look(CANCEL, CANCELLED, looks=0).verb is Verb.SUCCEED
    for looks in range(len(LOOK_PAUSES_SECONDS)):
        assert judge_look(CANCEL, OPEN, looks=looks) is None
    last = len(LOOK_PAUSES_SECONDS)
    assert judge_look(CANCEL, OPEN, looks=last).verb is Verb.DISPROVE
    assert judge_look(CANCEL, ACCEPTED, looks=last).verb is Verb.TOO_LATE
    assert judge_look(replace(CANCEL, attempt_number=MOST_ATTEMPTS), OPEN, looks=last).verb is Verb.GIVE_UP


@pytest.mark.parametrize("order", [OPEN, ACCEPTED, CANCELLED, replace(OPEN, status="odd", stage=OrderStage.UNKNOWN)])
@pytest.mark.parametrize("mandate", [CANCEL, MOVED, EXTEND, replace(CANCEL, attempt_number=MOST_ATTEMPTS)])
def test_every_ending_is_a_way_the_lifecycle_has(order, mandate):
    executing = [judge_before(mandate, order), judge_accepted(mandate, order), judge_refused(mandate, order, "no")]
    executing.append(judge_unavailable(mandate, "503", asked_to_wait_seconds=9))
    for ending in filter(None, executing):
        assert next_status(ActionStatus.EXECUTING, ending.verb)
    look = judge_look(mandate, order, looks=len(LOOK_PAUSES_SECONDS))
    assert next_status(ActionStatus.OUTCOME_UNKNOWN, look.verb)
