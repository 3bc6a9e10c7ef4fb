"""Evidence in bits, Bayes' rule and training without known answers."""

import random
from dataclasses import replace
from itertools import pairwise
from math import log2

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.fellegi_sunter import (
    Candidate,
    Field,
    Group,
    Weight,
    estimate_u,
    fit,
    posterior,
    score,
    term_bits,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

NAME = Field(("name.same", "name.near", "name.other"))
PHONE = Field(("phone.same", "phone.other"))
PLACE = Field(("place.same", "place.near", "place.far", "place.other"))
FIELDS = (NAME, PHONE, PLACE)
START = {
    "name.same": Weight(0.6, 0.02),
    "name.near": Weight(0.2, 0.08),
    "name.other": Weight(0.2, 0.90),
    "phone.same": Weight(0.7, 0.001),
    "phone.other": Weight(0.3, 0.999),
    "place.same": Weight(0.6, 0.05),
    "place.near": Weight(0.2, 0.10),
    "place.far": Weight(0.1, 0.25),
    "place.other": Weight(0.1, 0.60),
}
PLANTED = {
    "name.same": 0.75,
    "name.near": 0.17,
    "name.other": 0.08,
    "phone.same": 0.55,
    "phone.other": 0.45,
    "place.same": 0.50,
    "place.near": 0.30,
    "place.far": 0.15,
    "place.other": 0.05,
}

levels_of_a_candidate = st.tuples(
    *(st.none() | st.sampled_from(field.levels) for field in FIELDS),
).map(lambda levels: tuple(level for level in levels if level is not None))
candidates = st.builds(Candidate, levels_of_a_candidate, st.floats(min_value=-8, max_value=8))


@st.composite
def groups_of_candidates(draw: st.DrawFn) -> Group:
    found = tuple(draw(st.lists(candidates, max_size=4)))
    group = Group(
        found, population=draw(st.floats(min_value=max(1, len(found)), max_value=1e6)), count=draw(st.integers(1, 9))
    )
    if draw(st.booleans()):
        return group
    places = [None, *range(len(found))]
    return replace(group, is_answered=True, right=draw(st.sampled_from(places)))


def simulate(count: int, *, share_in: float, size: int, seed: int = 7) -> list[Group]:
    """Groups of `size` candidates; the right one, where there is one, shows the planted `m`, the others `u`."""
    dice = random.Random(seed)

    def show(share_of: dict[str, float]) -> Candidate:
        return Candidate(tuple(dice.choices(f.levels, [share_of[level] for level in f.levels])[0] for f in FIELDS))

    wrong = {level: weight.u for level, weight in START.items()}
    groups = []
    for _ in range(count):
        found = [show(wrong) for _ in range(size)]
        if dice.random() < share_in:
            found[dice.randrange(size)] = show(PLANTED)
        groups.append(Group(tuple(found), population=size))
    return groups


@unhurried
@given(levels_of_a_candidate, st.floats(min_value=-20, max_value=20), st.randoms())
def test_bits_sum_to_the_score_in_whatever_order(levels, extra, dice):
    shuffled = list(levels)
    dice.shuffle(shuffled)
    bits = [START[level].bits for level in levels]
    assert score(levels, START, extra) == pytest.approx(sum(bits) + extra)
    assert score(shuffled, START, extra) == score(levels, START, extra)


def test_a_rare_value_weighs_more_than_a_common_one():
    assert term_bits(0.01, 0.0001) == pytest.approx(log2(100))
    assert term_bits(0.01, 0.04) == pytest.approx(-2)
    assert START["name.same"].bits + term_bits(0.02, 0.005) == pytest.approx(log2(0.6 / 0.005))


@unhurried
@given(
    st.lists(st.floats(min_value=-3000, max_value=3000), max_size=8),
    st.floats(min_value=1e-12, max_value=1),
    st.floats(min_value=1e-12, max_value=1),
)
def test_probabilities_share_one_and_follow_the_bits(bits, each, none):
    shares = posterior(bits, each, none)
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1 + 1e-9
    ranked = [share for _, share in sorted(zip(bits, shares, strict=True))]
    assert ranked == sorted(ranked)


def test_one_candidate_is_bayes_for_a_pair():
    assert posterior([3.0], 0.2, 0.8) == [pytest.approx(8 * 0.2 / (8 * 0.2 + 0.8))]
    assert posterior([], 0.2, 0.8) == []
    assert posterior([5.0], 0.0, 0.0) == [0.0]


@unhurried
@given(st.lists(groups_of_candidates(), max_size=12), st.floats(min_value=0.01, max_value=0.99))
def test_training_never_loses_likelihood_and_no_weight_is_infinite(groups, share_in):
    fitted = fit(groups, FIELDS, START, share_in=share_in, strength=1.0, rounds=15)
    for before, after in pairwise(fitted.objectives):
        assert after >= before - 1e-9 * max(1, abs(before))
    assert 0 < fitted.share_in < 1
    for field in FIELDS:
        assert sum(fitted.weights[level].m for level in field.levels) == pytest.approx(1)
        assert all(0 < fitted.weights[level].m < 1 for level in field.levels)


@unhurried
@given(st.lists(groups_of_candidates(), max_size=12))
def test_a_weaker_level_of_an_ordered_field_never_weighs_more(groups):
    fitted = fit(groups, FIELDS, START, strength=0.1, rounds=10)
    assert fitted.rounds <= 10
    if fitted.rounds:
        for field in FIELDS:
            bits = [fitted.weights[level].bits for level in field.levels]
            assert all(weaker <= stronger + 1e-9 for stronger, weaker in pairwise(bits))


def test_an_unordered_field_may_weigh_as_it_was_seen():
    field = Field(("phone.same", "phone.other"), is_ordered=False)
    groups = [Group((Candidate(("phone.other",)),), count=500, is_answered=True, right=0)]
    start = {"phone.same": Weight(0.7, 0.5), "phone.other": Weight(0.3, 0.5)}
    fitted = fit(groups, [field], start, strength=1.0)
    assert fitted.weights["phone.other"].bits > fitted.weights["phone.same"].bits


@pytest.mark.parametrize(("size", "count", "share_in"), [(1, 20_000, 0.3), (5, 6_000, 0.7)])
def test_planted_weights_are_recovered_from_pairs_and_from_groups(size, count, share_in):
    fitted = fit(simulate(count, share_in=share_in, size=size), FIELDS, START, rounds=300)
    assert fitted.share_in == pytest.approx(share_in, abs=0.02)
    for level, m in PLANTED.items():
        assert fitted.weights[level].m == pytest.approx(m, abs=0.03), level
        assert fitted.weights[level].u == START[level].u


def test_a_count_is_as_good_as_repetition():
    once = simulate(40, share_in=0.5, size=2)
    counted = fit([replace(group, count=3) for group in once], FIELDS, START)
    repeated = fit(once * 3, FIELDS, START)
    for level in START:
        assert counted.weights[level].m == pytest.approx(repeated.weights[level].m)


def test_known_answers_are_believed():
    """Reviewers said that in spite of the same phone none of these was right."""
    same_phone = Group((Candidate(("phone.same",)), Candidate(("phone.other",))), population=2, count=400)
    unknown = fit([same_phone], FIELDS, START)
    denied = fit([replace(same_phone, is_answered=True)], FIELDS, START)
    confirmed = fit([replace(same_phone, is_answered=True, right=1)], FIELDS, START)
    assert denied.share_in < 0.05
    assert unknown.share_in > 0.9
    assert confirmed.weights["phone.other"].m > denied.weights["phone.other"].m


def test_without_observations_the_start_stays():
    fitted = fit([], FIELDS, START, share_in=0.4)
    assert fitted.share_in == pytest.approx(0.4)
    for level, weight in START.items():
        assert fitted.weights[level].m == pytest.approx(weight.m)


def test_what_was_not_found_counts_as_none():
    groups = [Group((Candidate(("phone.same",)),), count=10), Group((), count=990)]
    fitted = fit(groups, FIELDS, START, share_in=0.05)
    assert fitted.share_in == pytest.approx(0.01, abs=0.003)


def test_training_is_the_same_every_time():
    groups = simulate(100, share_in=0.5, size=3)
    assert fit(groups, FIELDS, START) == fit(groups, FIELDS, START)


def test_u_is_what_wrong_pairs_show():
    observed = [(("name.same", "phone.other"), 3_000.0), (("name.near",), 7_000.0), (("name.other",), 90_000.0)]
    weights = estimate_u(observed, FIELDS, START)
    assert weights["name.same"].u == pytest.approx(0.03, rel=0.01)
    assert weights["name.near"].u == pytest.approx(0.07, rel=0.01)
    assert weights["name.same"].m == START["name.same"].m


def test_u_of_a_level_too_rare_for_the_sample_stays_and_of_one_that_was_expected_falls():
    few = estimate_u([(("phone.other",), 50.0)], FIELDS, START)
    many = estimate_u([(("phone.other",), 1e6)], FIELDS, START)
    none = estimate_u([], FIELDS, START)
    assert few["phone.same"].u == pytest.approx(0.001, rel=0.1)
    assert many["phone.same"].u == pytest.approx(0.5 / 1e6, rel=0.01)
    assert none["phone.same"].u == pytest.approx(0.001)
