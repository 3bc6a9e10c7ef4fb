"""Figures that say how good decisions are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.metrics import (
    ReliabilityPoint,
    expected_calibration_error,
    quality,
    recall_at_precision,
    reliability,
)

claims = st.lists(st.tuples(st.floats(min_value=0, max_value=1), st.booleans()), max_size=60)


def test_precision_and_recall_count_what_was_decided_and_what_exists():
    found = quality(8, 10, 16)
    assert (found.precision, found.recall) == (0.8, 0.5)
    assert found.f1 == pytest.approx(2 * 0.8 * 0.5 / 1.3)


def test_no_decision_is_precise_and_finds_nothing():
    found = quality(0, 0, 5)
    assert (found.precision, found.recall, found.f1) == (1.0, 0.0, 0.0)
    assert quality(0, 3, 5).f1 == 0.0
    assert quality(0, 0, 0).recall == 1.0


def test_recall_at_precision_one_ends_before_the_first_wrong_item():
    ranked = [(9.0, True), (8.0, True), (7.0, False), (6.0, True)]
    assert recall_at_precision(ranked, 4, precision=1.0) == 0.5
    assert recall_at_precision(ranked, 4, precision=0.75) == 0.75
    assert recall_at_precision([], 4, precision=1.0) == 0.0


def test_no_cut_runs_through_items_of_the_same_score():
    assert recall_at_precision([(9.0, True), (9.0, False)], 1, precision=1.0) == 0.0
    assert recall_at_precision([(9.0, False), (9.0, True)], 1, precision=0.5) == 1.0


@given(claims, st.floats(min_value=0.01, max_value=1))
def test_a_stricter_precision_never_finds_more(ranked, precision):
    existing = max(sum(is_right for _, is_right in ranked), 1)
    found = recall_at_precision(ranked, existing, precision=precision)
    assert 0 <= recall_at_precision(ranked, existing, precision=1.0) <= found <= 1


@given(claims)
def test_bins_hold_every_claim_once(claimed):
    points = reliability(claimed)
    assert sum(point.count for point in points) == len(claimed)
    assert 0 <= expected_calibration_error(points) <= 1


def test_claims_that_come_true_as_often_as_claimed_have_no_error():
    points = reliability([(0.5, True), (0.5, False), (1.0, True), (0.0, False)])
    assert [point.count for point in points] == [1, 2, 1]
    assert expected_calibration_error(points) == 0.0
    assert expected_calibration_error([]) == 0.0


def test_the_error_weighs_bins_by_their_claims():
    points = [ReliabilityPoint(0.9, 0.8, 30), ReliabilityPoint(0.1, 0.1, 10)]
    assert expected_calibration_error(points) == pytest.approx(0.075)
