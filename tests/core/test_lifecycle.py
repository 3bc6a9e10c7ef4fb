"""Every status against every verb, compared with a table written down a second time and in another shape."""

import pytest

from app.core.lifecycle import MOVING, TERMINAL, TRANSITIONS, WAITING, ActionStatus, Verb, next_status, verbs_from
from app.errors import ConflictError, TransitionError

EXPECTED: dict[str, dict[str, str]] = {
    "proposed": {
        "approve_by_policy": "approved",
        "ask": "awaiting_review",
        "assist": "awaiting_assistance",
        "hand_off": "handed_off",
        "refuse": "refused",
        "lapse": "lapsed",
    },
    "awaiting_review": {
        "approve": "approved",
        "reject": "rejected",
        "renew": "awaiting_review",
        "lapse": "lapsed",
    },
    "approved": {
        "start": "executing",
        "reopen": "awaiting_review",
        "redecide": "proposed",
        "assist": "awaiting_assistance",
        "hand_off": "handed_off",
        "lapse": "lapsed",
    },
    "executing": {
        "succeed": "done",
        "await_confirmation": "awaiting_confirmation",
        "lose_answer": "outcome_unknown",
        "too_late": "awaiting_assistance",
        "retry": "approved",
        "reopen": "awaiting_review",
        "redecide": "proposed",
        "lapse": "lapsed",
        "give_up": "failed",
    },
    "outcome_unknown": {
        "succeed": "done",
        "disprove": "approved",
        "too_late": "awaiting_assistance",
        "reopen": "awaiting_review",
        "give_up": "failed",
    },
    "awaiting_assistance": {
        "assisted": "awaiting_confirmation",
        "confirm": "done",
        "finish": "done",
        "reject": "rejected",
        "lapse": "lapsed",
    },
    "awaiting_confirmation": {
        "confirm": "done",
        "reopen_assistance": "awaiting_assistance",
        "lapse": "lapsed",
    },
    "failed": {
        "reopen": "awaiting_review",
        "reject": "rejected",
        "confirm": "done",
        "lapse": "lapsed",
    },
    "handed_off": {},
    "done": {},
    "rejected": {},
    "refused": {},
    "lapsed": {},
}


def test_the_expected_table_names_every_status() -> None:
    assert set(EXPECTED) == {str(status) for status in ActionStatus}


@pytest.mark.parametrize("status", list(ActionStatus))
@pytest.mark.parametrize("verb", list(Verb))
def test_every_status_meets_every_verb_as_the_table_says(status: ActionStatus, verb: Verb) -> None:
    expected = EXPECTED[status].get(verb)
    if expected is None:
        with pytest.raises(TransitionError, match=f"{status} cannot {verb}"):
            next_status(status, verb)
    else:
        assert next_status(status, verb) == expected


def test_the_table_has_no_line_beyond_the_expected_ones() -> None:
    assert len(TRANSITIONS) == sum(len(verbs) for verbs in EXPECTED.values())


def test_a_forbidden_verb_is_a_conflict_for_those_who_sort_errors_by_family() -> None:
    with pytest.raises(ConflictError):
        next_status(ActionStatus.DONE, Verb.START)


def test_every_verb_is_used() -> None:
    assert {verb for _, verb in TRANSITIONS} == set(Verb)


def test_a_verb_leads_to_one_status_wherever_it_is_said_from() -> None:
    """So that a log line with the verb alone is never ambiguous."""
    results = {verb: {after for (_, said), after in TRANSITIONS.items() if said is verb} for verb in Verb}
    assert {verb: after for verb, after in results.items() if len(after) != 1} == {}


def test_no_verb_leaves_a_terminal_status_and_every_other_has_a_way_out() -> None:
    assert {status for status in ActionStatus if not verbs_from(status)} == TERMINAL


def test_a_status_is_either_terminal_or_waiting_or_moving() -> None:
    assert set(ActionStatus) == TERMINAL | WAITING | MOVING
    assert len(TERMINAL) + len(WAITING) + len(MOVING) == len(ActionStatus)


def reachable_from(start: ActionStatus) -> set[ActionStatus]:
    seen, open_ends = {start}, [start]
    while open_ends:
        status = open_ends.pop()
        for verb in verbs_from(status):
            after = next_status(status, verb)
            if after not in seen:
                seen.add(after)
                open_ends.append(after)
    return seen


def test_each_status_is_reachable_from_proposed() -> None:
    assert reachable_from(ActionStatus.PROPOSED) == set(ActionStatus)


@pytest.mark.parametrize("status", sorted(set(ActionStatus) - TERMINAL))
def test_each_status_can_come_to_an_end(status: ActionStatus) -> None:
    assert reachable_from(status) & TERMINAL


def test_nothing_that_may_have_happened_is_tried_again_without_a_disproof() -> None:
    unknown = ActionStatus.OUTCOME_UNKNOWN
    ways_back_to_acting = {
        verb
        for verb in verbs_from(unknown)
        if next_status(unknown, verb) in {ActionStatus.APPROVED, ActionStatus.EXECUTING}
    }
    assert ways_back_to_acting == {Verb.DISPROVE}
