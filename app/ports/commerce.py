"""What we ask of a shop. An adapter translates each vendor answer once, into a value or a DestinationError.

Reads raise DestinationMissingError (no such order), DestinationUnavailableError (try again). Writes raise besides
DestinationRefusedError (it said no), and DestinationUnknownError (no answer, or one that says nothing): then the caller
of this port must read before it does anything else.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from app.core.actions import ActionKind
from app.core.orders import Order, OrderBatch


class Commerce(Protocol):
    """A destination. `name` is the word orders carry; `abilities` are the kinds it can do by its API."""

    name: str
    abilities: frozenset[ActionKind]

    async def read_order(self, external_id: str) -> Order: ...

    def list_orders(self, *, placed_after: datetime | None) -> AsyncIterator[Order]:
        """Orders placed at or after the time, or all. May repeat or miss rows that move between pages."""
        ...

    def list_changed_orders(self, *, after: datetime) -> AsyncIterator[Order]:
        """Orders the shop's change feed names since the time, in their present state."""
        ...

    def list_batches(self) -> AsyncIterator[OrderBatch]:
        """All batches with their recipients."""
        ...

    async def cancel_order(self, external_id: str, *, idempotency_key: str) -> Order: ...

    async def extend_expiration(self, external_id: str, expires_at: datetime, *, idempotency_key: str) -> Order: ...

    async def check_key(self) -> datetime | None:
        """A read that any good key may do: the shop's time where it tells, else None. Raises as reads do."""
        ...

    async def close(self) -> None: ...
