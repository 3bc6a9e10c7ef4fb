"""The life of an action: which verb leads from which status to which. Nothing else in the codebase chooses a status.

`services/transition.py` is the one door that applies it; why a verb is used is decided by the services and by policy.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.errors import TransitionError


class ActionStatus(StrEnum):
    PROPOSED = "proposed"  # the call leads to it; nobody judged it yet
    AWAITING_REVIEW = "awaiting_review"  # in the queue of people
    APPROVED = "approved"  # may be done, by a person's word or by policy's
    EXECUTING = "executing"  # an attempt is committed; the shop may be being asked right now
    OUTCOME_UNKNOWN = "outcome_unknown"  # the shop's answer never came: it may have happened
    AWAITING_ASSISTANCE = "awaiting_assistance"  # a person has to do it at the shop
    AWAITING_CONFIRMATION = "awaiting_confirmation"  # done or asked for; the shop has not shown it yet
    HANDED_OFF = "handed_off"  # a team has it
    DONE = "done"
    REJECTED = "rejected"  # a person said no
    REFUSED = "refused"  # policy said no
    FAILED = "failed"  # tried and given up; stays in people's sight
    LAPSED = "lapsed"  # nothing is left to do


class Verb(StrEnum):
    APPROVE_BY_POLICY = "approve_by_policy"
    ASK = "ask"
    ASSIST = "assist"
    HAND_OFF = "hand_off"
    REFUSE = "refuse"
    APPROVE = "approve"
    REJECT = "reject"
    RENEW = "renew"
    LAPSE = "lapse"
    START = "start"
    REOPEN = "reopen"
    REDECIDE = "redecide"
    SUCCEED = "succeed"
    LOSE_ANSWER = "lose_answer"
    TOO_LATE = "too_late"
    RETRY = "retry"
    GIVE_UP = "give_up"
    AWAIT_CONFIRMATION = "await_confirmation"
    DISPROVE = "disprove"
    ASSISTED = "assisted"
    REOPEN_ASSISTANCE = "reopen_assistance"
    CONFIRM = "confirm"
    FINISH = "finish"


S, V = ActionStatus, Verb
TRANSITIONS: Mapping[tuple[ActionStatus, Verb], ActionStatus] = {
    # --- policy decides
    (S.PROPOSED, V.APPROVE_BY_POLICY): S.APPROVED,  # verdict execute
    (S.PROPOSED, V.ASK): S.AWAITING_REVIEW,  # verdict review
    (S.PROPOSED, V.ASSIST): S.AWAITING_ASSISTANCE,  # verdict assist: the API cannot, and no approval is needed
    (S.PROPOSED, V.HAND_OFF): S.HANDED_OFF,  # verdict hand off: a team takes it from here
    (S.PROPOSED, V.REFUSE): S.REFUSED,  # verdict refuse
    (S.PROPOSED, V.LAPSE): S.LAPSED,  # a later delivery took the wish back, or tied the call to another order
    # --- people decide
    (S.AWAITING_REVIEW, V.APPROVE): S.APPROVED,  # the last approval that was needed
    (S.AWAITING_REVIEW, V.REJECT): S.REJECTED,  # a person said no, with a reason code
    (S.AWAITING_REVIEW, V.RENEW): S.AWAITING_REVIEW,  # order or evidence moved: approvals lapse, the review stays
    (S.AWAITING_REVIEW, V.LAPSE): S.LAPSED,  # the shop shows what was wanted by another hand, or the order is gone
    # --- about to act
    (S.APPROVED, V.START): S.EXECUTING,  # an attempt is committed before anything is sent
    (S.APPROVED, V.REOPEN): S.AWAITING_REVIEW,  # fingerprint moved under a person's approval, or it was withdrawn
    (S.APPROVED, V.REDECIDE): S.PROPOSED,  # fingerprint moved under policy's approval: policy decides anew
    (S.APPROVED, V.ASSIST): S.AWAITING_ASSISTANCE,  # approved, but the API cannot do it in this stage, or at all
    (S.APPROVED, V.HAND_OFF): S.HANDED_OFF,  # approved, and of a kind that a team does
    (S.APPROVED, V.LAPSE): S.LAPSED,  # somebody else did it while it waited for its turn
    # --- acting
    (S.EXECUTING, V.SUCCEED): S.DONE,  # read after the act: the shop shows what was wanted
    (S.EXECUTING, V.AWAIT_CONFIRMATION): S.AWAITING_CONFIRMATION,  # accepted by the shop, not visible by a read yet
    (S.EXECUTING, V.LOSE_ANSWER): S.OUTCOME_UNKNOWN,  # timeout, cut, or the process died in the middle of the act
    (S.EXECUTING, V.TOO_LATE): S.AWAITING_ASSISTANCE,  # the shop refused it for its stage: only its support can
    (S.EXECUTING, V.RETRY): S.APPROVED,  # certain that nothing happened: again later
    (S.EXECUTING, V.REOPEN): S.AWAITING_REVIEW,  # the read before the act shows another world than a person approved
    (S.EXECUTING, V.REDECIDE): S.PROPOSED,  # the same, where policy approved
    (S.EXECUTING, V.LAPSE): S.LAPSED,  # the read before the act shows it done by another hand: nothing was sent
    (S.EXECUTING, V.GIVE_UP): S.FAILED,  # refused for good, or the tries are used up; certain that nothing happened
    # --- nobody knows: reads, webhooks or a person settle it, never a second try
    (S.OUTCOME_UNKNOWN, V.SUCCEED): S.DONE,  # the shop shows it
    (S.OUTCOME_UNKNOWN, V.DISPROVE): S.APPROVED,  # reads show that it did not happen: it may be tried again
    (S.OUTCOME_UNKNOWN, V.TOO_LATE): S.AWAITING_ASSISTANCE,  # it did not happen, and the order has moved past the API
    (S.OUTCOME_UNKNOWN, V.REOPEN): S.AWAITING_REVIEW,  # a person saw that it did not happen: it needs a new approval
    (S.OUTCOME_UNKNOWN, V.GIVE_UP): S.FAILED,  # nothing settles it: a person has to look
    # --- a person does it at the shop
    (S.AWAITING_ASSISTANCE, V.ASSISTED): S.AWAITING_CONFIRMATION,  # asked for at the shop's support
    (S.AWAITING_ASSISTANCE, V.CONFIRM): S.DONE,  # the shop shows it before anybody told us
    (S.AWAITING_ASSISTANCE, V.FINISH): S.DONE,  # a kind that no shop event can confirm: the person's word closes it
    (S.AWAITING_ASSISTANCE, V.REJECT): S.REJECTED,  # a person, or the shop's support, said no
    (S.AWAITING_ASSISTANCE, V.LAPSE): S.LAPSED,  # nothing left to do
    # --- waiting for the shop to show it
    (S.AWAITING_CONFIRMATION, V.CONFIRM): S.DONE,  # an event or a read shows it
    (S.AWAITING_CONFIRMATION, V.REOPEN_ASSISTANCE): S.AWAITING_ASSISTANCE,  # nothing confirms it in time, or denied
    (S.AWAITING_CONFIRMATION, V.LAPSE): S.LAPSED,  # the order took another way (cancelled): nothing will confirm it
    # --- given up is not forgotten: a call has one action of a kind per order for ever, so it must be able to go on
    (S.FAILED, V.REOPEN): S.AWAITING_REVIEW,  # a person takes it up again; it needs a new approval
    (S.FAILED, V.REJECT): S.REJECTED,  # a person closes it
    (S.FAILED, V.CONFIRM): S.DONE,  # a late event proves that the act we gave up on did happen
    (S.FAILED, V.LAPSE): S.LAPSED,  # done by another hand since
}

TERMINAL: frozenset[ActionStatus] = frozenset({S.HANDED_OFF, S.DONE, S.REJECTED, S.REFUSED, S.LAPSED})
"""No verb leaves these."""

WAITING: frozenset[ActionStatus] = frozenset(
    {S.AWAITING_REVIEW, S.AWAITING_ASSISTANCE, S.AWAITING_CONFIRMATION, S.FAILED}
)
"""People or the shop move these, and people can see them: a machine may leave an action here."""

MOVING: frozenset[ActionStatus] = frozenset(ActionStatus) - TERMINAL - WAITING
"""A machine has to move these: an action that stays here without a job is stuck."""


def next_status(status: ActionStatus, verb: Verb) -> ActionStatus:
    """The status after the verb; TransitionError where the table has no such line."""
    try:
        return TRANSITIONS[status, verb]
    except KeyError:
        raise TransitionError(f"an action that is {status} cannot {verb}") from None


def verbs_from(status: ActionStatus) -> frozenset[Verb]:
    """What can happen to an action of this status."""
    return frozenset(verb for before, verb in TRANSITIONS if before is status)
