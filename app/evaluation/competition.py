"""Where a record has at most one partner, pairs compete for it: the probability of each pair among all assignments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log

# Messages settle within a few rounds: competitors are few, and far apart.
ROUNDS = 50
SETTLED = 1e-9
MOST = 600.0  # nats: beyond it a float's exponent ends, and nothing is left to decide


@dataclass(frozen=True, slots=True)
class Competing:
    """A pair by the places of its records, and the logarithm of its odds as if it were alone."""

    left: int
    right: int
    log_odds: float


def compete(pairs: Sequence[Competing], *, is_left_single: bool, is_right_single: bool) -> list[float]:
    """The log-odds of each pair when a left record (and a right one) has at most one partner.

    Belief propagation over the matching: a pair's odds are divided by one plus the odds of what else each of its
    records could be paired with, which in turn have their own competitors. Exact where there are no cycles.
    """
    lefts = _gather(pair.left for pair in pairs)
    rights = _gather(pair.right for pair in pairs)
    odds = [min(MOST, pair.log_odds) for pair in pairs]
    of_left = of_right = [0.0] * len(pairs)
    for _ in range(ROUNDS):
        before = of_left, of_right
        if is_left_single:
            of_left = _against([one - other for one, other in zip(odds, of_right, strict=True)], lefts)
        if is_right_single:
            of_right = _against([one - other for one, other in zip(odds, of_left, strict=True)], rights)
        if _is_near(before[0], of_left) and _is_near(before[1], of_right):
            break
    return [one - left - right for one, left, right in zip(odds, of_left, of_right, strict=True)]


def _gather(records: Iterable[int]) -> list[list[int]]:
    places: dict[int, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        places[record].append(place)
    return list(places.values())


def _against(log_odds: Sequence[float], groups: Sequence[Sequence[int]]) -> list[float]:
    """For each pair the logarithm of one plus the odds of the other pairs of its group."""
    against = [0.0] * len(log_odds)
    for group in groups:
        if len(group) == 1:
            continue
        heaviest = max(0.0, *(log_odds[place] for place in group))
        shares = [exp(log_odds[place] - heaviest) for place in group]
        # Sums before and after each: subtracting a share from the total would lose the small ones beside a large one.
        before = list(accumulate(shares, initial=exp(-heaviest)))
        after = list(accumulate(reversed(shares), initial=0.0))
        for rank, place in enumerate(group):
            against[place] = heaviest + log(before[rank] + after[len(group) - 1 - rank])
    return against


def _is_near(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(abs(first - second) <= SETTLED for first, second in zip(one, other, strict=True))
