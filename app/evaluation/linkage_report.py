"""What a linkage is worth, held against the truth: figures for people and for programs."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from app.evaluation.linkage import THRESHOLD, VERSION, Linkage
from app.evaluation.metrics import (
    ReliabilityPoint,
    expected_calibration_error,
    quality,
    recall_at_precision,
    reliability,
)

FIGURES = 6  # decimals shown: the data have no more to say


@dataclass(frozen=True, slots=True)
class LinkageReport:
    figures: dict[str, Any]
    points: list[ReliabilityPoint]


def report_linkage(
    linkage: Linkage, truth: Collection[tuple[str, str]], *, records: tuple[int, int], seconds: float
) -> LinkageReport:
    """The decision is the model's own, at a fixed probability; the truth chooses nothing."""
    known = set(truth)
    judged = [(link, (link.left_id, link.right_id) in known) for link in linkage.links]
    decided = [is_right for link, is_right in judged if link.probability >= THRESHOLD]
    found = quality(sum(decided), len(decided), len(known))
    ranked = [(link.bits, is_right) for link, is_right in judged]
    points = reliability([(link.probability, is_right) for link, is_right in judged])
    figures: dict[str, Any] = {
        "precision": found.precision,
        "recall": found.recall,
        "f1": found.f1,
        "recall_at_precision_0_999": recall_at_precision(ranked, len(known), precision=0.999),
        "recall_at_precision_1": recall_at_precision(ranked, len(known), precision=1.0),
        "expected_calibration_error": expected_calibration_error(points),
        "seconds": seconds,
    }
    figures = {name: round(value, FIGURES) for name, value in figures.items()}
    figures |= {
        "pairs_compared": linkage.pairs_compared,
        "pairs_decided": len(decided),
        "pairs_true": len(known),
        "records_left": records[0],
        "records_right": records[1],
        "threshold": THRESHOLD,
        "version": VERSION,
        "is_left_single": linkage.is_left_single,
        "is_right_single": linkage.is_right_single,
    }
    return LinkageReport(figures, points)
