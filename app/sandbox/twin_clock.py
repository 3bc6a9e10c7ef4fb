"""A twin's clock: it runs like the one it is given, and can be put ahead or back, so that days pass in a second."""

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict


class ClockInput(BaseModel):
    """How far a twin's clock is ahead of the real one; behind it, where negative."""

    model_config = ConfigDict(extra="forbid")

    ahead_seconds: float


class TwinClock:
    """Call it for the twin's time."""

    def __init__(self, base: Callable[[], datetime]) -> None:
        self._base = base
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._base() + self.ahead

    def put(self, wanted: ClockInput) -> dict[str, str]:
        self.ahead = timedelta(seconds=wanted.ahead_seconds)
        return {"now": self().isoformat()}
