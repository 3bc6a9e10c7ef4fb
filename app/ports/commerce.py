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
from app.core.sendings import Sending, SendingLine, Sent


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

    async def find_sent(self, key: str) -> Sent | None:
        """What was made of the sending with this key of ours; None where nothing was."""
        ...

    async def send(self, sending: Sending, *, idempotency_key: str) -> None:
        """Refuses a key that it knows, whatever came with it."""
        ...

    async def price(self, sending: Sending) -> int | None:
        """Cents before tax as the shop reckons today; None where it does not tell. Charges nothing."""
        ...

    async def find_product(self, wanted: str) -> SendingLine | None:
        """One piece of the only product of this id or name that needs no further choice; None where there is none."""
        ...

    async def read_sending(self, batch_id: str) -> Sending | str:
        """The sending that an order was made of, as far as it can be made anew; else one sentence that says why not.

        Its key is empty; no shop shows addresses, so there is none.
        """
        ...

    async def create_webhook(self, url: str, events: tuple[str, ...], *, idempotency_key: str) -> str:
        """The new endpoint's id; no read will ever show it again."""
        ...

    async def delete_webhook(self, webhook_id: str, *, idempotency_key: str) -> None: ...

    async def check_key(self) -> datetime | None:
        """A read that any good key may do: the shop's time where it tells, else None. Raises as reads do."""
        ...

    async def close(self) -> None: ...
