"""What we ask of a way to a team. An adapter of each kind translates every answer once, into a return or an error.

`send` raises DestinationRefusedError where repeating will not help, DestinationMissingError where the channel is not
configured, DestinationUnavailableError and DestinationUnknownError where it may be sent again: it always carries the
message's id, by which whoever gets it twice knows it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.core.confirmation import Confirmation
from app.core.handoff import Handoff
from app.core.routing import Channel


@dataclass(frozen=True, slots=True)
class Message:
    """A handoff on its way to one channel. `id` is the same whenever it is sent, and no other channel's is."""

    id: str
    written_at: datetime
    handoff: Handoff


class CallerMail(Protocol):
    """Mail to a caller; raises as Notifier does."""

    async def send_word(self, address: str, confirmation: Confirmation, *, message_id: str, at: datetime) -> None: ...


class Notifier(Protocol):
    """All channels of one kind."""

    def check(self, channel: Channel) -> None:
        """Raises DestinationMissingError, naming what is not set; connects to nothing."""
        ...

    async def send(self, channel: Channel, message: Message) -> None: ...

    async def reach(self, channel: Channel) -> None:
        """Connect as for sending, and send nothing. Raises as `send` does."""
        ...

    async def close(self) -> None: ...
