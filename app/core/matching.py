"""Which order a call is about: candidates weighed field by field, in bits, by the Fellegi-Sunter model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import fsum, log2

from app.core.calls import Call
from app.core.comparing import compare, on_file
from app.core.contacts import Contact
from app.core.evidence import Agreement, Evidence
from app.core.hearing import Heard, heard_from
from app.core.levels import Comparison, Level
from app.core.orders import Order
from app.core.weights import FS_0, Weights

__all__ = ["Agreement", "Candidate", "Evidence", "Heard", "Match", "MatchOutcome", "heard_from", "match"]

ENOUGH = 0.95  # a match is wrong in at most one case of twenty by its own account, before anybody's identity counts
CLEAR_OF_NEXT = 10.0  # times the runner-up
MORE_LIKELY_THAN_NOT = 0.5  # all candidates together: below it "none of them" is the better answer
MOST_KEPT = 10  # what a reviewer can look through

# A mirror that has just begun to fill says nothing about how many orders there are: with at least so many, a name alone
# never finds one.
SMALLEST_POPULATION = 50

# Without one of these a call says what and when, but neither which nor whose: no ground to touch an order.
IDENTIFYING = frozenset({"reference", "email", "customer_id", "phone", "name"})


class MatchOutcome(StrEnum):
    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order the call may be about; `probability` is its share among all candidates and "none of them"."""

    destination: str
    order_id: str
    reference_id: str
    bits: float
    probability: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """`candidates` are in falling order of probability; the first is the match when the outcome is `matched`."""

    outcome: MatchOutcome
    candidates: tuple[Candidate, ...]
    model_version: str

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.outcome is MatchOutcome.MATCHED else None


@dataclass(frozen=True, slots=True)
class _Weighed:
    order: Order
    bits: float
    evidence: tuple[Evidence, ...]
    is_supported: bool  # something heard speaks for it
    may_match: bool


def match(
    call: Call,
    orders: Sequence[Order],
    contacts: Sequence[Contact],
    *,
    population: int,
    now: datetime,
    weights: Weights = FS_0,
) -> Match:
    """Weigh each order against what was heard. `population` is the number of orders the mirror holds.

    An order that nothing heard speaks for is weighed with the others but is no candidate: being recent is no lead.
    """
    heard = heard_from(call)
    people = on_file(heard, contacts)
    unique = {(order.destination, order.external_id): order for order in orders}.values()
    weighed = [_weigh(order, compare(heard, order, people, now=now), weights) for order in unique]
    probabilities = _probabilities([each.bits for each in weighed], population, weights.in_mirror)
    supported = [(each, p) for each, p in zip(weighed, probabilities, strict=True) if each.is_supported]
    # Ties stand in the order of their ids, so that the same call always reads the same.
    supported.sort(key=lambda pair: (-pair[0].bits, pair[0].order.destination, pair[0].order.external_id))
    candidates = tuple(_candidate(each, p) for each, p in supported[:MOST_KEPT])
    return Match(_outcome(supported), candidates, weights.version)


def _weigh(order: Order, comparisons: Sequence[Comparison], weights: Weights) -> _Weighed:
    evidence = tuple(
        Evidence(each.field, each.heard, each.known, each.agreement, weights.bits(each.level), each.says)
        for each in comparisons
    )
    speaking_for = {line.field for line in evidence if line.bits > 0}
    # People who read out a whole other reference mean that other order, however well they are known to us here.
    is_vetoed = any(each.level is Level.REFERENCE_OTHER for each in comparisons)
    return _Weighed(
        order,
        bits=fsum(line.bits for line in evidence),
        evidence=evidence,
        is_supported=bool(speaking_for - {"recency"}),
        may_match=bool(speaking_for & IDENTIFYING) and not is_vetoed,
    )


def _probabilities(bits: Sequence[float], population: int, in_mirror: float) -> list[float]:
    """Bayes' rule over "this order", for each, and "none of them", which keeps what is left of the prior.

    Every order of the mirror is equally likely before anything was heard, whether it was retrieved or not.
    """
    size = max(population, len(bits), SMALLEST_POPULATION)
    prior = in_mirror / (size + 1)
    none = 1.0 - prior * len(bits)
    # Shares are taken relative to the heaviest, so that no weight is too large for a float.
    heaviest = max([log2(none), *(log2(prior) + each for each in bits)])
    shares = [2.0 ** (log2(prior) + each - heaviest) for each in bits]
    total = fsum([*shares, 2.0 ** (log2(none) - heaviest)])
    return [share / total for share in shares]


def _candidate(weighed: _Weighed, probability: float) -> Candidate:
    order = weighed.order
    return Candidate(
        order.destination, order.external_id, order.reference_id, weighed.bits, probability, weighed.evidence
    )


def _outcome(supported: Iterable[tuple[_Weighed, float]]) -> MatchOutcome:
    """Of candidates in falling order of probability."""
    ranked = list(supported)
    if not ranked:
        return MatchOutcome.UNMATCHED
    best, probability = ranked[0]
    runner_up = ranked[1][1] if len(ranked) > 1 else 0.0
    if best.may_match and probability >= ENOUGH and probability >= CLEAR_OF_NEXT * runner_up:
        return MatchOutcome.MATCHED
    together = fsum(share for _, share in ranked)
    return MatchOutcome.AMBIGUOUS if together > MORE_LIKELY_THAN_NOT else MatchOutcome.UNMATCHED
