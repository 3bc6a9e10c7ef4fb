"""The model of Fellegi and Sunter, and its training without known answers: evidence in bits, Bayes' rule, and EM.

Fellegi & Sunter, "A Theory for Record Linkage", JASA 64 (1969): a level of agreement weighs log2(m / u), where m is how
often right candidates show it and u how often wrong ones do. What is compared, and how, is said elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log, log2

LOG_2 = log(2.0)

# EM stops when a round gains less than this share of the log-likelihood: no weight moves by a visible part of a bit.
TOO_LITTLE_GAIN = 1e-9

# Groups of observation that the starting weights count for: a level never seen keeps a finite weight, and a handful of
# groups does not overturn what was known before them.
STRENGTH = 20.0

HALF = 0.5  # of an observation: Jeffreys' prior of a rare event


@dataclass(frozen=True, slots=True)
class Weight:
    """`m`: share of right candidates that show a level; `u`: share of wrong ones that do."""

    m: float
    u: float

    @property
    def bits(self) -> float:
        return log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class Field:
    """The levels at which one field may agree; a candidate shows one of them, or none where the field is missing.

    In an ordered field the strongest level stands first, and training never lets a weaker one weigh more.
    """

    levels: tuple[str, ...]
    is_ordered: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """The levels it shows, one a field; `extra_bits` is what its own values add, such as a rare name's `term_bits`."""

    levels: tuple[str, ...]
    extra_bits: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates of which one is right, or none. One candidate alone is a pair of records as it is commonly linked.

    `population` is the number of records of which these candidates were found; those not found are held to be wrong.
    `count` groups are alike. When `is_answered`, `right` is known: the place of the right candidate, or None.
    """

    candidates: tuple[Candidate, ...]
    population: float = 1.0
    count: float = 1.0
    is_answered: bool = False
    right: int | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """`share_in` is the share of groups whose right record is in the population at all.

    `objectives` are the log-likelihoods round by round, with the say of the starting weights; they never fall.
    """

    weights: Mapping[str, Weight]
    share_in: float
    objectives: tuple[float, ...]

    @property
    def rounds(self) -> int:
        return len(self.objectives) - 1


def score(levels: Iterable[str], weights: Mapping[str, Weight], extra_bits: float = 0.0) -> float:
    """Bits of all levels together. The order of fields is irrelevant, to the last digit."""
    return fsum([extra_bits, *(weights[level].bits for level in levels)])


def term_bits(u: float, frequency: float) -> float:
    """What agreeing on a value of this frequency adds to a level whose `u` is that of an average value."""
    return log2(u / frequency)


def posterior(bits: Sequence[float], prior_each: float, prior_none: float) -> list[float]:
    """Bayes' rule over each candidate and "none of them"; what is missing to 1 is the probability of none."""
    # Shares are taken relative to the heaviest, so that no weight is too large for a float.
    each_log, none_log = (log2(prior) if prior > 0 else float("-inf") for prior in (prior_each, prior_none))
    logs = [each_log + one for one in bits]
    heaviest = max([none_log, *logs])
    if heaviest == float("-inf"):
        return [0.0] * len(logs)
    shares = [2.0 ** (one - heaviest) for one in logs]
    total = fsum([*shares, 2.0 ** (none_log - heaviest)])
    return [share / total for share in shares]


def estimate_u(
    observed: Iterable[tuple[tuple[str, ...], float]], fields: Sequence[Field], start: Mapping[str, Weight]
) -> dict[str, Weight]:
    """Starting weights with the `u` of wrong candidates as observed: their levels, and for how many they count.

    A level counts as half seen beforehand, among as many as its starting `u` takes for that: what is too rare for the
    sample stays as it was, what could have been seen and was not becomes as rare as the sample proves.
    """
    counts = dict.fromkeys(start, 0.0)
    for levels, count in observed:
        for level in levels:
            counts[level] += count
    weights = dict(start)
    for field in fields:
        total = fsum(counts[level] for level in field.levels)
        seen = {level: (counts[level] + HALF) / (total + HALF / start[level].u) for level in field.levels}
        weights |= {level: Weight(start[level].m, u) for level, u in _shares(seen).items()}
    return weights


def fit(
    groups: Sequence[Group],
    fields: Sequence[Field],
    start: Mapping[str, Weight],
    *,
    share_in: float = 0.5,
    strength: float = STRENGTH,
    rounds: int = 100,
) -> Fitted:
    """Learn every `m` and the share of groups with a right candidate by EM; every `u` is held as it is.

    `start` and `share_in` are where it begins and, with the weight of `strength` groups, what it is drawn to.
    """
    prior = {
        level: m * strength
        for field in fields
        for level, m in _shares({level: start[level].m for level in field.levels}).items()
    }
    weights = dict(start)
    for field in fields:  # the start keeps the order, too
        weights |= _maximise({level: prior[level] for level in field.levels}, start, is_ordered=field.is_ordered)
    share, prior_share = share_in, share_in
    objectives: list[float] = []
    for _ in range(rounds + 1):
        expected = _expect(groups, weights, share)
        say = fsum(prior[level] * log(weights[level].m) for level in prior)
        say += strength * (prior_share * log(share) + (1.0 - prior_share) * log(1.0 - share))
        objectives.append(expected.log_likelihood + say)
        if len(objectives) > rounds or _has_settled(objectives):
            break
        total = fsum(group.count for group in groups)
        share = (expected.found + strength * prior_share) / (total + strength)
        for field in fields:
            counts = {level: expected.counts.get(level, 0.0) + prior[level] for level in field.levels}
            weights |= _maximise(counts, weights, is_ordered=field.is_ordered)
    return Fitted(weights, share, tuple(objectives))


@dataclass(frozen=True, slots=True)
class _Expected:
    counts: Mapping[str, float]  # how many right candidates show each level
    found: float  # how many groups have a right candidate
    log_likelihood: float


def _expect(groups: Iterable[Group], weights: Mapping[str, Weight], share_in: float) -> _Expected:
    bits_of: dict[tuple[str, ...], float] = {}  # candidates repeat one another's levels
    weight_of: dict[tuple[str, ...], float] = {}
    found = log_likelihood = 0.0
    for group in groups:
        shares, likelihood = _shares_of(group, bits_of, weights, share_in)
        for candidate, share in zip(group.candidates, shares, strict=True):
            found += share * group.count
            weight_of[candidate.levels] = weight_of.get(candidate.levels, 0.0) + share * group.count
        log_likelihood += group.count * likelihood
    counts: dict[str, float] = {}
    for levels, weight in weight_of.items():
        for level in levels:
            counts[level] = counts.get(level, 0.0) + weight
    return _Expected(counts, found, log_likelihood)


def _shares_of(
    group: Group, bits_of: dict[tuple[str, ...], float], weights: Mapping[str, Weight], share_in: float
) -> tuple[list[float], float]:
    """How likely each candidate is the right one, and the natural logarithm of the group's likelihood ratio."""
    logs = []
    prior = log(share_in / group.population)
    for candidate in group.candidates:
        bits = bits_of.get(candidate.levels)
        if bits is None:
            bits = bits_of[candidate.levels] = score(candidate.levels, weights)
        logs.append(prior + (bits + candidate.extra_bits) * LOG_2)
    none = log(1.0 - share_in)
    if group.is_answered:
        known = [float(place == group.right) for place in range(len(logs))]
        return known, none if group.right is None else logs[group.right]
    heaviest = max(none, *logs) if logs else none
    shares = [exp(each - heaviest) for each in logs]
    total = sum(shares) + exp(none - heaviest)
    return [share / total for share in shares], heaviest + log(total)


def _maximise(counts: Mapping[str, float], weights: Mapping[str, Weight], *, is_ordered: bool) -> dict[str, Weight]:
    """The likeliest `m`. In an ordered field neighbours that stand the wrong way round are pooled to the same weight:
    that is the maximum under the order (isotonic regression of m / u; Robertson, Wright & Dykstra 1988).
    """
    total = fsum(counts.values())
    pools: list[tuple[list[str], float, float]] = []  # levels, their count, their u; ratios fall from pool to pool
    for level, count in counts.items():
        levels, seen, u = [level], count, weights[level].u
        while is_ordered and pools and pools[-1][1] * u < seen * pools[-1][2]:
            before, seen_before, u_before = pools.pop()
            levels, seen, u = before + levels, seen_before + seen, u_before + u
        pools.append((levels, seen, u))
    return {
        level: Weight(seen / total * weights[level].u / u, weights[level].u)
        for levels, seen, u in pools
        for level in levels
    }


def _has_settled(objectives: Sequence[float]) -> bool:
    if len(objectives) < 2:
        return False
    before, now = objectives[-2:]
    return now - before <= TOO_LITTLE_GAIN * max(1.0, abs(now))


def _shares(counts: Mapping[str, float]) -> dict[str, float]:
    total = fsum(counts.values())
    return {name: count / total for name, count in counts.items()}
