"""What people are alarmed of: an action that stands still where neither a machine nor a person sees to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.core.lifecycle import ActionStatus


class AlarmKind(StrEnum):
    OUTCOME_UNKNOWN = "outcome_unknown"  # reads and webhooks have not settled it in the stated time
    NOT_ASSISTED = "not_assisted"  # nobody claimed or finished it by its due time
    NOT_CONFIRMED = "not_confirmed"  # asked for at the shop, which did not show it in the stated time
    FAILED = "failed"  # given up


@dataclass(frozen=True, slots=True)
class AlarmTimes:
    """How long an action may stand still."""

    unknown: timedelta = timedelta(minutes=15)  # the last look comes half a minute after the act
    confirmation: timedelta = timedelta(hours=48)  # support is asked by mail and has week-ends


@dataclass(frozen=True, slots=True)
class AlarmWords:
    says: str
    next_step: str


STANDS_IN: Mapping[AlarmKind, ActionStatus] = {
    AlarmKind.OUTCOME_UNKNOWN: ActionStatus.OUTCOME_UNKNOWN,
    AlarmKind.NOT_ASSISTED: ActionStatus.AWAITING_ASSISTANCE,
    AlarmKind.NOT_CONFIRMED: ActionStatus.AWAITING_ASSISTANCE,  # to which it is given back
    AlarmKind.FAILED: ActionStatus.FAILED,
}
"""An alarm is over when its action has left this status."""

WORDS: Mapping[AlarmKind, AlarmWords] = {
    AlarmKind.OUTCOME_UNKNOWN: AlarmWords(
        "The shop's answer never came, and no read has shown since whether it was done.",
        "Look at the order at the shop, then settle the action by hand. It is never tried again by itself.",
    ),
    AlarmKind.NOT_ASSISTED: AlarmWords(
        "A person has to do it at the shop, and nobody has by its due time.",
        "Claim its review, do it at the shop with the prepared summary, then say so.",
    ),
    AlarmKind.NOT_CONFIRMED: AlarmWords(
        "It was asked for at the shop, which has not shown it in time.",
        "Ask the shop's support what became of it. Its review is open again, with the prepared summary.",
    ),
    AlarmKind.FAILED: AlarmWords(
        "It was tried and given up; it is certain that nothing happened.",
        "Take it up again, for a new approval, or close it, and tell the caller.",
    ),
}
