"""What follows from what the shop shows and answers. Services act on these values; nothing here acts."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import ActionKind, is_fulfilled, why_impossible
from app.core.lifecycle import Verb
from app.core.orders import Order

MOST_ATTEMPTS = 45
"""With pauses growing to five minutes this bridges an outage of about three hours; then a person has to look."""

LOOK_PAUSES_SECONDS = (2.0, 8.0, 20.0)
"""Between the looks at an order whose act got no answer. Their sum exceeds the time a request may take at a slow shop,
so that an order unchanged at the last look shows that the act did not happen."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: the attempt's outcome and the verb that moves the action."""

    verb: Verb
    outcome: str
    detail: str
    wait_at_least_seconds: float = 0  # before the next attempt, where there is one


@dataclass(frozen=True, slots=True)
class Mandate:
    """What was approved, by whom, and what the order looked like then and now (digests of fingerprints)."""

    kind: ActionKind
    parameters: Mapping[str, str]
    approved_digest: str
    present_digest: str
    is_by_people: bool
    attempt_number: int


def judge_before(mandate: Mandate, before: Order) -> Ending | None:
    """Whether the world still is as approved; None when the act may go ahead."""
    if mandate.kind is ActionKind.ORDER_STATUS:
        return Ending(Verb.SUCCEED, "succeeded", "The order was read; nothing had to be written.")
    if is_fulfilled(mandate.kind, mandate.parameters, before):
        return _fulfilled(mandate, "failed")
    if mandate.present_digest != mandate.approved_digest:
        verb = Verb.REOPEN if mandate.is_by_people else Verb.REDECIDE
        return Ending(verb, "failed", "The order or the evidence moved since it was approved; nothing was sent.")
    too_late = why_impossible(mandate.kind, before)
    if too_late is not None:
        return Ending(Verb.TOO_LATE, "refused", too_late)
    return None


def judge_accepted(mandate: Mandate, after: Order | None) -> Ending:
    """The shop said yes; `after` is what a read shows, None where it could not be read."""
    if after is not None and is_fulfilled(mandate.kind, mandate.parameters, after):
        return Ending(Verb.SUCCEED, "succeeded", "Done, and a read of the order shows it.")
    return Ending(Verb.AWAIT_CONFIRMATION, "succeeded", "The shop accepted it; no read shows it yet.")


def judge_refused(mandate: Mandate, after: Order | None, reason: str) -> Ending:
    """The shop said no, mostly because the order moved between our read and our act."""
    if after is not None and is_fulfilled(mandate.kind, mandate.parameters, after):
        return _fulfilled(mandate, "refused")
    return Ending(Verb.TOO_LATE, "refused", reason)


def judge_unavailable(mandate: Mandate, reason: str, *, asked_to_wait_seconds: float | None) -> Ending:
    """Certain that nothing happened: again later, no sooner than the shop asked for, but not for ever."""
    verb = Verb.GIVE_UP if mandate.attempt_number >= MOST_ATTEMPTS else Verb.RETRY
    return Ending(verb, "failed", reason, asked_to_wait_seconds or 0)


def judge_look(mandate: Mandate, order: Order, *, looks: int) -> Ending | None:
    """What a later read says of an act without an answer; None while it is too early to say."""
    if is_fulfilled(mandate.kind, mandate.parameters, order):
        return Ending(Verb.SUCCEED, "succeeded", "The answer was lost; a read of the order shows that it was done.")
    if looks < len(LOOK_PAUSES_SECONDS):
        return None
    too_late = why_impossible(mandate.kind, order)
    if too_late is not None:
        return Ending(Verb.TOO_LATE, "failed", too_late)
    if mandate.attempt_number >= MOST_ATTEMPTS:
        return Ending(Verb.GIVE_UP, "failed", "No attempt was ever answered, and reads show that none took effect.")
    return Ending(Verb.DISPROVE, "failed", "Reads of the order show that the act did not happen.")


def _fulfilled(mandate: Mandate, outcome: str) -> Ending:
    """It is as wanted, but not by this attempt: an earlier one of ours took effect late, or somebody else did it."""
    if mandate.attempt_number > 1:
        return Ending(Verb.SUCCEED, "succeeded", "An earlier attempt took effect; a read of the order shows it.")
    return Ending(Verb.LAPSE, outcome, "The order already is as wanted, by another hand.")
