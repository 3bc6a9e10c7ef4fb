"""What we ask of a shop to account for a period: what it lists of it, each row with its own id.

Raises as the reads of ports/commerce.py do. None stands for a row that cannot be read: it must be counted, because a
report that left it out would claim more than it knows.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from app.core.completeness import OrderChange
from app.core.orders import Order


class OrderHistory(Protocol):
    """The lists of one shop. Rows may be repeated when the shop is busy."""

    name: str

    def list_placed(self, *, since: datetime, until: datetime) -> AsyncIterator[Order | None]:
        """Orders placed in the period, both ends included, in their present state."""
        ...

    def list_changes(self, *, since: datetime, until: datetime) -> AsyncIterator[OrderChange | None]:
        """What the change feed tells of the period. Raises DestinationMissingError where there is no such feed."""
        ...

    async def close(self) -> None: ...
