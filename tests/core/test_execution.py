"""What follows from what the shop shows and answers."""

from dataclasses import replace

import pytest

from app.core.actions import ActionKind
from app.core.execution import (
    LONGEST_LOOK_PAUSE_SECONDS,
    LOOK_PAUSES_SECONDS,
    MOST_ATTEMPTS,
    Mandate,
    Sight,
    judge_accepted,
    judge_before,
    judge_look,
    judge_refused,
    judge_unavailable,
    look_pause_seconds,
)
from app.core.lifecycle import ActionStatus, Verb, next_status

OPEN = Sight()
ACCEPTED = Sight(hindrance="too late")
DONE = Sight(is_fulfilled=True)
BEGUN = Sight(is_begun=True, is_ours=True)
UNREADABLE = Sight(is_readable=False)
CANCEL = Mandate(ActionKind.CANCEL_ORDER, "same", "same", is_by_people=True, attempt_number=1)
MOVED = replace(CANCEL, present_digest="other")
LAST_LOOK = len(LOOK_PAUSES_SECONDS)


def test_an_unmoved_open_order_may_be_acted_upon():
    assert judge_before(CANCEL, OPEN) is None


def test_an_order_that_moved_goes_back_to_whoever_approved_it():
    assert judge_before(MOVED, ACCEPTED).verb is Verb.REOPEN
    assert judge_before(replace(MOVED, is_by_people=False), ACCEPTED).verb is Verb.REDECIDE


def test_what_was_begun_is_brought_to_an_end_whatever_moved_since():
    assert judge_before(MOVED, BEGUN) is None


def test_an_accepted_order_that_people_approved_as_accepted_needs_a_hand_at_the_shop():
    ending = judge_before(CANCEL, ACCEPTED)
    assert (ending.verb, ending.outcome) == (Verb.TOO_LATE, "refused")


def test_what_another_hand_did_lapses_and_what_an_earlier_attempt_did_succeeds():
    assert judge_before(CANCEL, DONE).verb is Verb.LAPSE
    assert judge_before(replace(CANCEL, attempt_number=2), DONE).verb is Verb.SUCCEED


def test_what_carries_our_own_key_is_our_own_success_at_the_first_attempt_too():
    assert judge_before(CANCEL, replace(DONE, is_ours=True)).verb is Verb.SUCCEED
    assert judge_refused(CANCEL, replace(DONE, is_ours=True), "taken").verb is Verb.SUCCEED


def test_a_question_needs_no_act():
    assert judge_before(replace(MOVED, kind=ActionKind.ORDER_STATUS), ACCEPTED).verb is Verb.SUCCEED


def test_a_yes_counts_only_once_a_read_shows_it_where_one_can():
    assert judge_accepted(DONE).verb is Verb.SUCCEED
    assert judge_accepted(OPEN).verb is Verb.AWAIT_CONFIRMATION
    assert judge_accepted(None).verb is Verb.AWAIT_CONFIRMATION
    assert judge_accepted(UNREADABLE).verb is Verb.SUCCEED


def test_a_no_after_acceptance_becomes_assistance():
    ending = judge_refused(CANCEL, ACCEPTED, "Order can't be canceled")
    assert (ending.verb, ending.outcome, ending.detail) == (Verb.TOO_LATE, "refused", "Order can't be canceled")


def test_what_certainly_did_not_happen_is_tried_again_but_not_for_ever():
    assert judge_unavailable(CANCEL, "503", asked_to_wait_seconds=None).verb is Verb.RETRY
    last = replace(CANCEL, attempt_number=MOST_ATTEMPTS)
    assert judge_unavailable(last, "503", asked_to_wait_seconds=None).verb is Verb.GIVE_UP


def test_the_shop_is_given_the_time_it_asked_for():
    assert judge_unavailable(CANCEL, "429", asked_to_wait_seconds=30).wait_at_least_seconds == 30


def test_a_lost_answer_is_settled_by_looking_and_never_too_early():
    assert judge_look(1, DONE, looks=0).verb is Verb.SUCCEED
    for looks in range(LAST_LOOK):
        assert judge_look(1, OPEN, looks=looks) is None
    assert judge_look(1, OPEN, looks=LAST_LOOK).verb is Verb.DISPROVE
    assert judge_look(1, ACCEPTED, looks=LAST_LOOK).verb is Verb.TOO_LATE
    assert judge_look(1, BEGUN, looks=LAST_LOOK).verb is Verb.DISPROVE
    assert judge_look(MOST_ATTEMPTS, OPEN, looks=LAST_LOOK).verb is Verb.GIVE_UP


def test_what_no_read_can_show_is_never_disproved_by_one():
    assert judge_look(1, UNREADABLE, looks=10_000) is None


def test_looks_come_at_ever_longer_pauses_up_to_a_bound():
    pauses = [look_pause_seconds(looks) for looks in range(50)]
    assert pauses == sorted(pauses)
    assert tuple(pauses[:LAST_LOOK]) == LOOK_PAUSES_SECONDS
    assert pauses[-1] == LONGEST_LOOK_PAUSE_SECONDS


@pytest.mark.parametrize("sight", [OPEN, ACCEPTED, DONE, BEGUN])
@pytest.mark.parametrize("mandate", [CANCEL, MOVED, replace(CANCEL, attempt_number=MOST_ATTEMPTS)])
def test_every_ending_is_a_way_the_lifecycle_has(sight, mandate):
    executing = [judge_before(mandate, sight), judge_accepted(sight), judge_refused(mandate, sight, "no")]
    executing.append(judge_unavailable(mandate, "503", asked_to_wait_seconds=9))
    for ending in filter(None, executing):
        assert next_status(ActionStatus.EXECUTING, ending.verb)
    look = judge_look(mandate.attempt_number, sight, looks=LAST_LOOK)
    assert next_status(ActionStatus.OUTCOME_UNKNOWN, look.verb)
