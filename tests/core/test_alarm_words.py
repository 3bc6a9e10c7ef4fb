"""Every kind of alarm stands in a status that something leads out of, and says what is wrong and what to do."""

import pytest

from app.core.alarms import STANDS_IN, WORDS, AlarmKind, AlarmTimes
from app.core.execution import LOOK_PAUSES_SECONDS
from app.core.lifecycle import TERMINAL, verbs_from


@pytest.mark.parametrize("kind", list(AlarmKind))
def test_each_kind_says_what_is_wrong_and_what_to_do(kind: AlarmKind) -> None:
    for sentence in (WORDS[kind].says, WORDS[kind].next_step):
        assert sentence.endswith(".")
        assert "{" not in sentence


@pytest.mark.parametrize("kind", list(AlarmKind))
def test_each_kind_is_over_when_its_action_goes_on(kind: AlarmKind) -> None:
    assert STANDS_IN[kind] not in TERMINAL
    assert verbs_from(STANDS_IN[kind])


def test_nobody_is_alarmed_of_an_unknown_outcome_before_the_looks_are_over() -> None:
    assert AlarmTimes().unknown.total_seconds() > sum(LOOK_PAUSES_SECONDS)
