"""What follows from what the shop shows and answers. Services act on these values; nothing here acts."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import ActionKind
from app.core.lifecycle import Verb
from app.core.orders import Order

MOST_ATTEMPTS = 45
"""With pauses growing to five minutes this bridges an outage of about three hours; then a person has to look."""

LOOK_PAUSES_SECONDS = (2.0, 8.0, 20.0)
"""Between the looks at what got no answer. Their sum exceeds the time a request may take at a slow shop, so that a shop
that shows no change at the last look shows that the act did not happen."""

LONGEST_LOOK_PAUSE_SECONDS = 3600.0
"""What no look can disprove is looked for with pauses that double up to this."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the shop shows of what is wanted.

    `hindrance` says why its API cannot do it now. `is_begun`: some steps are done, so that it has to be brought to an
    end, whatever has moved since. `is_ours`: it carries our own key, so that no other hand can have done it. What no
    read can show (`is_readable` false) rests on the shop's answer alone.
    """

    order: Order | None = None
    is_fulfilled: bool = False
    hindrance: str | None = None
    is_begun: bool = False
    is_ours: bool = False
    is_readable: bool = True
    made: Mapping[str, str | None] | None = None  # ids of what there is now at the shop, for the record and a way back


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
    approved_digest: str
    present_digest: str
    is_by_people: bool
    attempt_number: int


def judge_before(mandate: Mandate, before: Sight) -> Ending | None:
    """Whether the world still is as approved; None when the act may go ahead."""
    if mandate.kind is ActionKind.ORDER_STATUS:
        return Ending(Verb.SUCCEED, "succeeded", "The order was read; nothing had to be written.")
    if before.is_fulfilled:
        return _fulfilled(mandate, before, "failed")
    if before.is_begun:
        return None
    if mandate.present_digest != mandate.approved_digest:
        verb = Verb.REOPEN if mandate.is_by_people else Verb.REDECIDE
        return Ending(verb, "failed", "The order or the evidence moved since it was approved; nothing was sent.")
    if before.hindrance is not None:
        return Ending(Verb.TOO_LATE, "refused", before.hindrance)
    return None


def judge_accepted(after: Sight | None) -> Ending:
    """The shop said yes; `after` is what a read shows, None where there was none to be had."""
    if after is not None and after.is_fulfilled:
        return Ending(Verb.SUCCEED, "succeeded", "Done, and a read shows it.")
    if after is not None and not after.is_readable:
        return Ending(Verb.SUCCEED, "succeeded", "Accepted; no read could show more.")
    return Ending(Verb.AWAIT_CONFIRMATION, "succeeded", "The shop accepted it; no read shows it yet.")


def judge_refused(mandate: Mandate, after: Sight | None, reason: str) -> Ending:
    """The shop said no, mostly because the order moved between our read and our act."""
    if after is not None and after.is_fulfilled:
        return _fulfilled(mandate, after, "refused")
    return Ending(Verb.TOO_LATE, "refused", reason)


def judge_unavailable(mandate: Mandate, reason: str, *, asked_to_wait_seconds: float | None) -> Ending:
    """Certain that nothing happened: again later, no sooner than the shop asked for, but not for ever."""
    verb = Verb.GIVE_UP if mandate.attempt_number >= MOST_ATTEMPTS else Verb.RETRY
    return Ending(verb, "failed", reason, asked_to_wait_seconds or 0)


def judge_look(attempt_number: int, sight: Sight, *, looks: int) -> Ending | None:
    """What a later read says of an act without an answer; None while it says nothing, for ever where none can."""
    if sight.is_fulfilled:
        return Ending(Verb.SUCCEED, "succeeded", "The answer was lost; a read shows that it was done.")
    if looks < len(LOOK_PAUSES_SECONDS) or not sight.is_readable:
        return None
    if sight.is_begun:
        return Ending(Verb.DISPROVE, "failed", "Reads show that it was done in part: it goes on from there.")
    if sight.hindrance is not None:
        return Ending(Verb.TOO_LATE, "failed", sight.hindrance)
    if attempt_number >= MOST_ATTEMPTS:
        return Ending(Verb.GIVE_UP, "failed", "No attempt was ever answered, and reads show that none took effect.")
    return Ending(Verb.DISPROVE, "failed", "Reads show that the act did not happen.")


def look_pause_seconds(looks: int) -> float:
    """How long after so many looks the next one comes."""
    if looks < len(LOOK_PAUSES_SECONDS):
        return LOOK_PAUSES_SECONDS[looks]
    return min(LOOK_PAUSES_SECONDS[-1] * 2.0 ** min(looks, 20), LONGEST_LOOK_PAUSE_SECONDS)


def _fulfilled(mandate: Mandate, sight: Sight, outcome: str) -> Ending:
    """It is as wanted, but not by this attempt: an earlier one of ours took effect late, or somebody else did it."""
    if sight.is_ours or mandate.attempt_number > 1:
        return Ending(Verb.SUCCEED, "succeeded", "An earlier attempt took effect; a read shows it.")
    return Ending(Verb.LAPSE, outcome, "The order already is as wanted, by another hand.")
