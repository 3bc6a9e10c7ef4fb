"""What we ask of those who post to us, and of the one who can be asked about a call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.core.calls import Call


@dataclass(frozen=True, slots=True)
class Envelope:
    """As much of a delivery as is read before it is stored.

    `subject` is what it is about (a call id, an order id), None where that could not be read. `parked_reason` says why
    nothing will be done with it; a parked delivery is kept and listed. `message_id` is the sender's own of the message.
    """

    kind: str
    subject: str | None = None
    message_id: str | None = None
    parked_reason: str | None = None


class Sender(Protocol):
    """A vendor that posts deliveries."""

    name: str

    def verify(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The name of the signature variant that matched, None where none did. Header names are lower case."""
        ...

    def read_envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope: ...


class CallSource(Protocol):
    """DialNexa, read: its bodies, and its REST API where a key is set."""

    def read_call(self, body: bytes) -> Call:
        """Raises PayloadError naming the field where the body is of no documented shape."""
        ...

    async def fetch_call(self, call_id: str) -> Call | None:
        """The call as REST knows it; None where no key is set or the vendor knows none. Raises DestinationError."""
        ...

    async def list_calls(self, *, since: datetime) -> list[Call]: ...

    async def close(self) -> None: ...
