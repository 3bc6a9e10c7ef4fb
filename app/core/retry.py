"""How long to wait before the next try. The dice are the caller's: this is arithmetic."""

MAX_DOUBLINGS = 60  # far beyond any cap, and still a float


def pause_seconds(attempt: int, *, base: float, cap: float, jitter: float) -> float:
    """Exponential backoff with full jitter: anything from nothing up to `base`, 2 x `base`, 4 x ..., at most `cap`.

    `attempt` counts from 1; `jitter` is a fresh random number in [0, 1). Full jitter spreads a crowd of failed jobs
    over the whole pause, where a fixed pause would let them all come back at once.
    """
    longest = base * 2.0 ** min(max(attempt, 1) - 1, MAX_DOUBLINGS)
    return min(cap, longest) * jitter
