"""How fast a vendor may be asked, and whether at all: known to all processes, asked of before every request."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol


class Limits(Protocol):
    def request(self, vendor: str, *, is_write: bool) -> AbstractAsyncContextManager[None]:
        """Around one request: waits for its turn, and learns from the DestinationError that leaves the block, or none.

        Raises DestinationPausedError where the vendor is not to be asked now. A write is never held back: the read
        right before it was let through, and between the two lies a committed attempt.
        """
        ...


class NoLimits:
    """As a process asks that shares nothing with others: `handoff check`, a test of one adapter."""

    def request(self, vendor: str, *, is_write: bool) -> AbstractAsyncContextManager[None]:  # noqa: ARG002 (the port's)
        return nullcontext()
