"""Links two files of records: pairs that share a key are compared, weighed by a model that is trained on the files
themselves without knowing any answer, and compete where a record has one partner at most.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log, log2

from app.core.fellegi_sunter import (
    Candidate,
    Fitted,
    Group,
    Weight,
    estimate_u,
    fit,
    posterior,
    score,
)
from app.evaluation.blocking import find_pairs
from app.evaluation.comparators import FIELDS, START, Compared, Record, compare
from app.evaluation.competition import Competing, compete
from app.evaluation.frequencies import Frequencies

VERSION = "linkage-1 2026-11"
THRESHOLD = 0.5  # more likely than not: the model's own decision, whatever the truth

RANDOM_PAIRS = 50_000  # of which `u` is counted: a level of one in a thousand is seen often enough
STRIDE = 0.6180339887498949  # of the golden ratio: never falls into step with the order of a file

NEGLIGIBLE = 2.0**-20  # odds at which a pair competes with nobody and is not kept

# Records with several sure partners show that a file holds several records of one entity; one in a hundred may be
# chance, or a household.
SURE = 0.9
SHARE_WITH_SEVERAL = 0.01

LOG_2 = log(2.0)


@dataclass(frozen=True, slots=True)
class Link:
    """A pair that may be right; `bits` are its log-odds after competition: the score by which pairs are ranked."""

    left_id: str
    right_id: str
    probability: float
    bits: float


@dataclass(frozen=True, slots=True)
class Linkage:
    """`links` are in falling order of their score. A side is single when its records have one partner at most."""

    links: tuple[Link, ...]
    pairs_compared: int
    is_left_single: bool
    is_right_single: bool
    weights: Mapping[str, Weight]


@dataclass(frozen=True, slots=True)
class _Pair:
    left: int
    right: int
    candidate: Candidate


def link(left: Sequence[Record], right: Sequence[Record], *, is_one_to_one: bool | None = None) -> Linkage:
    """`is_one_to_one`: whether a record has one partner at most; None leaves it to the files, side by side."""
    start = _estimate_wrong(left, right)
    frequencies = Frequencies(left, right)
    pairs = [
        _Pair(ours, theirs, _weigh_values(compare(left[ours], right[theirs]), start, frequencies))
        for ours, theirs in find_pairs(left, right)
    ]
    fitted = _train(pairs, start, len(left), len(right))
    alone = _score_alone(pairs, fitted, len(right))
    if is_one_to_one is None:
        is_left_single = _are_single(alone, [pair.left for pair in alone])
        is_right_single = _are_single(alone, [pair.right for pair in alone])
    else:
        is_left_single = is_right_single = is_one_to_one
    # Where "none of them" is an outcome of its own, it holds only what the share of records without a partner leaves.
    gain = -log(1.0 - fitted.share_in) if is_left_single else 0.0
    competing = [Competing(pair.left, pair.right, pair.log_odds + gain) for pair in alone]
    log_odds = compete(competing, is_left_single=is_left_single, is_right_single=is_right_single)
    links = [
        Link(left[pair.left].record_id, right[pair.right].record_id, _probability(final), final / LOG_2)
        for pair, final in zip(competing, log_odds, strict=True)
    ]
    links.sort(key=lambda each: (-each.bits, each.left_id, each.right_id))
    return Linkage(tuple(links), len(pairs), is_left_single, is_right_single, fitted.weights)


def _estimate_wrong(left: Sequence[Record], right: Sequence[Record]) -> dict[str, Weight]:
    """`u` from random pairs, each counted by how surely it is wrong: of small files many random pairs are right."""
    prior = 0.5 / max(len(left), len(right), 1)
    observed = []
    for ours, theirs in _random_pairs(len(left), len(right)):
        levels = compare(left[ours], right[theirs]).levels
        [is_right] = posterior([score(levels, START)], prior, 1.0 - prior)
        observed.append((levels, 1.0 - is_right))
    return estimate_u(observed, list(FIELDS.values()), START)


def _random_pairs(left_size: int, right_size: int) -> Iterator[tuple[int, int]]:
    """All pairs of small files; of larger ones pairs that are spread evenly, the same every time."""
    total = left_size * right_size
    stride = int(total * STRIDE) | 1 if total > RANDOM_PAIRS else 1
    for number in range(min(total, RANDOM_PAIRS)):
        yield divmod(number * stride % total, right_size)


def _weigh_values(compared: Compared, start: Mapping[str, Weight], frequencies: Frequencies) -> Candidate:
    """Agreement on a value weighs by how rare that value is, and not twice what several fields say together."""
    average = [log2(start[level].u) for level in compared.levels if level.endswith((".same", ".exchanged"))]
    own = [log2(frequencies.share(name, value)) for name, value in compared.same]
    twice = frequencies.bits_counted_twice(compared.alike)
    return Candidate(compared.levels, fsum(average) - fsum(own) - twice)


def _train(pairs: Iterable[_Pair], start: Mapping[str, Weight], left_size: int, right_size: int) -> Fitted:
    found: dict[int, list[Candidate]] = defaultdict(list)
    for pair in pairs:
        found[pair.left].append(pair.candidate)
    groups = [Group(tuple(candidates), population=max(right_size, 1)) for candidates in found.values()]
    groups.append(Group((), count=left_size - len(found)))
    return fit(groups, list(FIELDS.values()), start)


def _score_alone(pairs: Iterable[_Pair], fitted: Fitted, right_size: int) -> list[Competing]:
    """Each pair as if there were no other. Pairs that cannot matter are left out, and those that nothing speaks for:
    that two records are the last ones left is no evidence.
    """
    prior = log2(fitted.share_in / max(right_size, 1))
    scored = ((pair, score(pair.candidate.levels, fitted.weights, pair.candidate.extra_bits)) for pair in pairs)
    return [
        Competing(pair.left, pair.right, (prior + bits) * LOG_2)
        for pair, bits in scored
        if bits > max(0.0, log2(NEGLIGIBLE) - prior)
    ]


def _are_single(pairs: Sequence[Competing], records: Sequence[int]) -> bool:
    """`records` are those of one side, pair by pair."""
    is_sure = log(SURE / (1.0 - SURE))
    partners = Counter(record for pair, record in zip(pairs, records, strict=True) if pair.log_odds > is_sure)
    return sum(number > 1 for number in partners.values()) <= SHARE_WITH_SEVERAL * len(partners)


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + exp(-log_odds)) if log_odds > 0 else exp(log_odds) / (1.0 + exp(log_odds))
