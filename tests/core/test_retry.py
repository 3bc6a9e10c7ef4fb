"""Pauses between tries."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.retry import pause_seconds

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

ALMOST_ONE = math.nextafter(1.0, 0.0)


@pytest.mark.parametrize(("attempt", "longest"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 16.0), (5, 30.0), (6, 30.0)])
def test_the_longest_pause_doubles_up_to_the_cap(attempt: int, longest: float) -> None:
    assert pause_seconds(attempt, base=2.0, cap=30.0, jitter=ALMOST_ONE) == pytest.approx(longest)


def test_jitter_takes_any_share_of_the_pause() -> None:
    assert pause_seconds(3, base=2.0, cap=30.0, jitter=0.0) == 0.0
    assert pause_seconds(3, base=2.0, cap=30.0, jitter=0.5) == 4.0


@unhurried
@given(
    attempt=st.integers(min_value=-5, max_value=10**6),
    base=st.floats(min_value=0.001, max_value=600),
    cap=st.floats(min_value=0.001, max_value=86_400),
    jitter=st.floats(min_value=0, max_value=1, exclude_max=True),
)
def test_a_pause_is_never_negative_never_over_the_cap_and_never_shorter_for_a_later_try(
    attempt: int, base: float, cap: float, jitter: float
) -> None:
    pause = pause_seconds(attempt, base=base, cap=cap, jitter=jitter)
    assert 0 <= pause <= cap
    assert pause <= pause_seconds(attempt + 1, base=base, cap=cap, jitter=jitter)
