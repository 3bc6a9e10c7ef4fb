"""How good a set of decisions is: precision, recall, ranking by score, and calibration of probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import fsum

BINS = 15  # of equal width, as reliability diagrams are commonly drawn


@dataclass(frozen=True, slots=True)
class Quality:
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """One bin of a reliability diagram: what was claimed, what came true, and of how many."""

    claimed: float
    true: float
    count: int


def quality(right: int, decided: int, existing: int) -> Quality:
    """`right` of what was `decided`, where `existing` were to be found. No decision is a wrong one."""
    precision = right / decided if decided else 1.0
    recall = right / existing if existing else 1.0
    return Quality(precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0)


def recall_at_precision(ranked: Sequence[tuple[float, bool]], existing: int, *, precision: float) -> float:
    """The most that a cut of the ranking by score finds while it stays at least so precise.

    Items of the same score stand on the same side of any cut.
    """
    best = decided = right = 0
    ordered = sorted(ranked, key=lambda item: -item[0])
    for _, items in groupby(ordered, key=lambda item: item[0]):
        for _, is_right in items:
            decided += 1
            right += is_right
        if right >= precision * decided:
            best = right
    return best / existing if existing else 1.0


def reliability(claims: Sequence[tuple[float, bool]], *, bins: int = BINS) -> list[ReliabilityPoint]:
    """Probabilities claimed beside what came true, bin by bin; bins without a claim are left out."""
    found: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for probability, is_right in claims:
        found[min(int(probability * bins), bins - 1)].append((probability, is_right))
    return [
        ReliabilityPoint(
            claimed=fsum(probability for probability, _ in claims_of) / len(claims_of),
            true=sum(is_right for _, is_right in claims_of) / len(claims_of),
            count=len(claims_of),
        )
        for claims_of in found
        if claims_of
    ]


def expected_calibration_error(points: Sequence[ReliabilityPoint]) -> float:
    """The mean distance of what is claimed from what comes true; 0 without any claim."""
    total = sum(point.count for point in points)
    return fsum(abs(point.claimed - point.true) * point.count for point in points) / total if total else 0.0
