"""Which order a call is about: candidates weighed field by field, in bits, by the Fellegi-Sunter model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import exp2, fsum

from app.core.comparing import compare
from app.core.comparing_people import WHOLE_NAMES, on_file
from app.core.contacts import Contact
from app.core.evidence import Agreement, Evidence
from app.core.fellegi_sunter import posterior
from app.core.hearing import Heard, heard_from
from app.core.levels import Comparison, Level
from app.core.mirror import FEWEST_ORDERS, Mirror
from app.core.orders import Order
from app.core.weights import Weights

__all__ = ["Agreement", "Candidate", "Evidence", "Heard", "Match", "MatchOutcome", "heard_from", "match"]

MORE_LIKELY_THAN_NOT = 0.5  # all candidates together: below it "none of them" is the better answer
MOST_KEPT = 10  # what a reviewer can look through

# Each of these names an order or a person; a name does so only beside one of the next.
IDENTIFYING = frozenset({"reference", "gift_link", "email", "customer_id", "phone"})
# What callers say of the order itself, and of themselves.
TOLD_OF_THE_ORDER = frozenset({"name", "counterpart", "product"})
BESIDE_A_NAME = frozenset({"counterpart", "product", "amount"})


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
    comparisons: Sequence[Comparison]
    line_bits: Sequence[float]  # of each comparison
    bits: float
    speaking_for: frozenset[str]  # the fields that do
    speaking_against: frozenset[str]
    may_match: bool
    has_the_name: bool

    @property
    def is_supported(self) -> bool:
        """Whether something heard speaks for it."""
        return bool(self.speaking_for - {"recency"})

    def bits_of(self, field: str) -> float:
        return fsum(bits for each, bits in zip(self.comparisons, self.line_bits, strict=True) if each.field == field)


def match(
    heard: Heard,
    orders: Sequence[Order],
    contacts: Sequence[Contact],
    *,
    mirror: Mirror,
    now: datetime,
    weights: Weights,
) -> Match:
    """Weigh each order against what was heard. `mirror` describes all orders, of which these were retrieved.

    An order that nothing heard speaks for is weighed with the others but is no candidate: being recent is no lead.
    """
    people = on_file(heard, contacts)
    unique = {(order.destination, order.external_id): order for order in orders}.values()
    weighed = [_weigh(order, compare(heard, order, people, mirror=mirror, now=now), weights) for order in unique]
    namesakes = _other_namesakes(weighed, mirror, weights) if heard.names else 0.0
    probabilities = _probabilities(weighed, namesakes, mirror, weights)
    supported = [(each, p) for each, p in zip(weighed, probabilities, strict=True) if each.is_supported]
    # Ties stand in the order of their ids, so that the same call always reads the same.
    supported.sort(key=lambda pair: (-pair[0].bits, pair[0].order.destination, pair[0].order.external_id))
    candidates = tuple(_candidate(each, p) for each, p in supported[:MOST_KEPT])
    return Match(_outcome(supported, weights), candidates, weights.version)


def _weigh(order: Order, comparisons: Sequence[Comparison], weights: Weights) -> _Weighed:
    line_bits = [weights.bits(each) for each in comparisons]
    weighed = list(zip(comparisons, line_bits, strict=True))
    speaking_for = frozenset(each.field for each, bits in weighed if bits > 0)
    levels = {each.level for each in comparisons}
    is_named = "name" in speaking_for and not speaking_for.isdisjoint(BESIDE_A_NAME)
    return _Weighed(
        order,
        comparisons,
        line_bits,
        bits=fsum(line_bits),
        speaking_for=speaking_for,
        speaking_against=frozenset(each.field for each, bits in weighed if bits < 0),
        # People who read out a whole other reference mean that other order, however well they are known to us here.
        may_match=(is_named or not speaking_for.isdisjoint(IDENTIFYING)) and Level.REFERENCE_OTHER not in levels,
        has_the_name=not levels.isdisjoint(WHOLE_NAMES),
    )


def _other_namesakes(weighed: Sequence[_Weighed], mirror: Mirror, weights: Weights) -> float:
    """How many orders with a name like the caller's were not retrieved, each counted by what its age weighs.

    Those retrieved are the latest. Over all orders an age weighs 1 on average, so the others lack what these have over.
    """
    retrieved = [each for each in weighed if each.has_the_name]
    others = max(0, mirror.alike - len(retrieved))
    old = weights.levels[Level.RECENCY_OLD].m / mirror.share_of_age(Level.RECENCY_OLD)
    return max(mirror.alike - fsum(exp2(each.bits_of("recency")) for each in retrieved), others * min(1.0, old))


def _probabilities(weighed: Sequence[_Weighed], namesakes: float, mirror: Mirror, weights: Weights) -> list[float]:
    """Bayes' rule over "this order", for each, and "none of them".

    Every order of the mirror is equally likely before anything was heard. Of those that were not retrieved, only the
    `namesakes` count, with a name that sounds like the caller's: nothing heard speaks for the others.
    """
    size = max(mirror.orders, len(weighed), FEWEST_ORDERS)
    # Ages that no order of the mirror has take no part of the prior.
    ages = fsum(weights.levels[level].m for level, number in mirror.by_age().items() if number > 0)
    prior = weights.in_mirror / (size + 1) / (ages or 1.0)
    as_the_name = max(1.0, weights.levels[Level.NAME_ALIKE].m / mirror.share_of(mirror.alike))
    none = 1.0 - weights.in_mirror + prior * namesakes * as_the_name
    return posterior([each.bits for each in weighed], prior, none)


def _is_sound(best: _Weighed, others: Iterable[_Weighed]) -> bool:
    """Whether what was told of the order bears the match out. Where it contradicts, an address or number is not enough
    (it leads to a person's other order, or to the household), and no other order may agree in just that.
    """
    contradicted = best.speaking_against & TOLD_OF_THE_ORDER
    if not contradicted or best.speaking_for & {"reference", "gift_link"}:
        return True
    return best.has_the_name and not any(other.has_the_name and contradicted <= other.speaking_for for other in others)


def _candidate(weighed: _Weighed, probability: float) -> Candidate:
    order = weighed.order
    evidence = tuple(
        Evidence(each.field, each.heard, each.known, each.agreement, bits, each.says)
        for each, bits in zip(weighed.comparisons, weighed.line_bits, strict=True)
    )
    return Candidate(order.destination, order.external_id, order.reference_id, weighed.bits, probability, evidence)


def _outcome(supported: Iterable[tuple[_Weighed, float]], weights: Weights) -> MatchOutcome:
    """Of candidates in falling order of probability."""
    ranked = list(supported)
    if not ranked:
        return MatchOutcome.UNMATCHED
    best, probability = ranked[0]
    runner_up = ranked[1][1] if len(ranked) > 1 else 0.0
    is_clear = probability >= weights.enough and probability >= weights.clear_of_next * runner_up
    if best.may_match and is_clear and _is_sound(best, [other for other, _ in ranked[1:]]):
        return MatchOutcome.MATCHED
    together = fsum(share for _, share in ranked)
    return MatchOutcome.AMBIGUOUS if together > MORE_LIKELY_THAN_NOT else MatchOutcome.UNMATCHED
