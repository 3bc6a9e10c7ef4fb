"""Time, asked for: so that a test can move it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, with UTC as its zone."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
