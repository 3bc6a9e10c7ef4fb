"""Pairs that compete for a partner, held against all assignments counted one by one."""

from itertools import combinations
from math import exp, log

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.evaluation.competition import Competing, compete

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared


def by_counting(pairs: list[Competing], *, is_left_single: bool, is_right_single: bool) -> list[float]:
    """The probability of each pair over every set of pairs that is allowed."""
    total, of_pair = 0.0, [0.0] * len(pairs)
    places = range(len(pairs))
    for chosen in (each for size in range(len(pairs) + 1) for each in combinations(places, size)):
        lefts, rights = [pairs[place].left for place in chosen], [pairs[place].right for place in chosen]
        if is_left_single and len(set(lefts)) < len(lefts):
            continue
        if is_right_single and len(set(rights)) < len(rights):
            continue
        weight = exp(sum(pairs[place].log_odds for place in chosen))
        total += weight
        for place in chosen:
            of_pair[place] += weight
    return [share / total for share in of_pair]


def probabilities(pairs: list[Competing], **sides: bool) -> list[float]:
    return [1 / (1 + exp(-log_odds)) for log_odds in compete(pairs, **sides)]


@pytest.mark.parametrize("is_left_single", [True, False])
@pytest.mark.parametrize("is_right_single", [True, False])
def test_without_cycles_it_is_exact(is_left_single, is_right_single):
    chain = [
        Competing(0, 0, 2.0),
        Competing(0, 1, 1.0),
        Competing(1, 1, 3.0),
        Competing(1, 2, -1.0),
        Competing(2, 2, 0.5),
    ]
    sides = {"is_left_single": is_left_single, "is_right_single": is_right_single}
    assert probabilities(chain, **sides) == pytest.approx(by_counting(chain, **sides))


def test_a_pair_that_is_surely_right_frees_nobody_for_another():
    pairs = [Competing(0, 0, 20.0), Competing(0, 1, 3.0), Competing(1, 1, 3.0)]
    sure, crossed, other = probabilities(pairs, is_left_single=True, is_right_single=True)
    assert sure > 0.999
    assert crossed < 0.001
    assert other == pytest.approx(exp(3) / (1 + exp(3)), abs=0.001)


def test_two_equal_candidates_share():
    first, second = probabilities(
        [Competing(0, 0, 30.0), Competing(0, 1, 30.0)], is_left_single=True, is_right_single=True
    )
    assert first == second == pytest.approx(0.5)


graphs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.floats(-900, 900)), max_size=12, unique_by=lambda pair: pair[:2]
)


@unhurried
@given(graphs)
def test_competition_only_lowers_and_without_it_all_stays(found):
    pairs = [Competing(*pair) for pair in found]
    final = compete(pairs, is_left_single=True, is_right_single=True)
    assert all(after <= pair.log_odds + 1e-9 for after, pair in zip(final, pairs, strict=True))
    alone = compete(pairs, is_left_single=False, is_right_single=False)
    assert alone == [min(600.0, pair.log_odds) for pair in pairs]


@unhurried
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(-9, 9)), max_size=9, unique_by=lambda pair: pair[:2]
    )
)
def test_the_partners_of_a_record_share_at_most_one(found):
    pairs = [Competing(*pair) for pair in found]
    shares = probabilities(pairs, is_left_single=True, is_right_single=True)
    for record in range(4):
        assert sum(share for share, pair in zip(shares, pairs, strict=True) if pair.left == record) <= 1.05
        assert sum(share for share, pair in zip(shares, pairs, strict=True) if pair.right == record) <= 1.05


@unhurried
@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_in_a_cycle_it_is_surer_than_counting_but_of_the_same_mind(a, b, c, d):
    square = [Competing(0, 0, a), Competing(0, 1, b), Competing(1, 0, c), Competing(1, 1, d)]
    sides = {"is_left_single": True, "is_right_single": True}
    exact = by_counting(square, **sides)
    found = probabilities(square, **sides)
    assert found == pytest.approx(exact, abs=0.35)
    assert all((near > 0.5) == (true > 0.5) for near, true in zip(found, exact, strict=True) if abs(true - 0.5) > 0.01)


def test_nothing_competes_for_nothing():
    assert compete([], is_left_single=True, is_right_single=True) == []
    assert compete([Competing(0, 0, log(3))], is_left_single=True, is_right_single=True) == [pytest.approx(log(3))]
