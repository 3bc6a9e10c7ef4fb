"""The figures of an evaluation with synthetic callers, as one JSON object and as a table for people."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from app.core.matching import MatchOutcome
from app.core.weights import Weights
from app.evaluation.metrics import ReliabilityPoint, expected_calibration_error, reliability
from app.evaluation.spoken import SAMPLED, SEED_OF_ORDERS, SMALL, Asked, ask_all, spoken_calls, strangers, thieves
from app.evaluation.synthetic_mirror import Mirrors

MOST_STRANGERS = 10_000
MOST_THIEVES = 2_000
SMALL_CALLS = 4_000


def evaluate_spoken(
    mirrors: Mirrors, weights: Weights, *, orders: int, calls: int, seed: int
) -> tuple[dict[str, Any], list[ReliabilityPoint]]:
    """Callers about orders, callers without one, and callers who quote a stranger's; and the points of the diagram."""
    begun = perf_counter()
    mirror = mirrors.open(orders, seed=SEED_OF_ORDERS, sampled=SAMPLED)
    asked = ask_all(mirror, spoken_calls(mirror, calls, seed=seed), weights)
    without = ask_all(mirror, strangers(min(calls, MOST_STRANGERS), seed=seed), weights)
    quoting = ask_all(mirror, thieves(mirror, min(calls, MOST_THIEVES), seed=seed), weights)
    small = mirrors.open(min(orders, SMALL), seed=SEED_OF_ORDERS, sampled=SAMPLED)
    beside = ask_all(small, spoken_calls(small, min(calls, SMALL_CALLS), seed=seed), weights)
    points = reliability([(each.probability, each.is_right) for each in asked if each.best is not None])
    figures = {
        "orders": orders,
        "calls": calls,
        "seed": seed,
        "weights_version": weights.version,
        "enough": weights.enough,
        "clear_of_next": weights.clear_of_next,
        **_outcomes(asked),
        "expected_calibration_error": expected_calibration_error(points),
        "latency_ms": _latency(asked),
        f"latency_ms_at_{small.orders}": _latency(beside),
        "p99_ratio": _latency(asked)["p99"] / _latency(beside)["p99"],
        "without_orders": _unwanted(without),
        "with_a_strangers_reference": _unwanted(quoting)
        | {"acted_on_alone": sum(each.is_acted_on_alone for each in quoting)},
        "by_story": {story: _outcomes(those) for story, those in _by_story(asked)},
        "seconds": perf_counter() - begun,
    }
    return figures, points


def _outcomes(asked: Sequence[Asked]) -> dict[str, Any]:
    matched = [each for each in asked if each.outcome is MatchOutcome.MATCHED]
    owners = [each for each in asked if each.call.about is not None]
    right = sum(each.is_right for each in matched)
    return {
        "matched": len(matched),
        "matched_wrong": len(matched) - right,
        "precision_of_matched": right / len(matched) if matched else 1.0,
        "recall_of_matched": _share(sum(each.is_right for each in matched), len(owners)),
        "top1_recall": _share(sum(each.is_right for each in owners), len(owners)),
        "listed_recall": _share(sum(each.was_listed for each in owners), len(owners)),
        "ambiguity_rate": _share(sum(each.outcome is MatchOutcome.AMBIGUOUS for each in asked), len(asked)),
        "unmatched_rate": _share(sum(each.outcome is MatchOutcome.UNMATCHED for each in asked), len(asked)),
    }


def _unwanted(asked: Sequence[Asked]) -> dict[str, Any]:
    matched = sum(each.outcome is MatchOutcome.MATCHED for each in asked)
    return {"calls": len(asked), "matched": matched, "share_matched": _share(matched, len(asked))}


def _latency(asked: Iterable[Asked]) -> dict[str, float]:
    ordered = sorted(each.milliseconds for each in asked)
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


def _by_story(asked: Iterable[Asked]) -> list[tuple[str, list[Asked]]]:
    stories: dict[str, list[Asked]] = defaultdict(list)
    for each in asked:
        stories[each.call.story].append(each)
    return sorted(stories.items())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
