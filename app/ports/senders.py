"""What we ask of those who post to us, and of the one who can be asked about a call."""

from collections.abc import AsyncIterator, Mapping
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


@dataclass(frozen=True, slots=True)
class RestCall:
    """A call as REST told of it, with the answer itself, which is kept as if it had been posted to us."""

    call: Call
    body: bytes


@dataclass(frozen=True, slots=True)
class CallPage:
    """A page of the list of calls. Rows that are no call are counted, since nobody can account for them."""

    calls: tuple[RestCall, ...]
    unreadable: int


class CallSource(Protocol):
    """DialNexa, read: its bodies, and its REST API where a key is set. `can_be_asked` says whether one is."""

    name: str

    @property
    def can_be_asked(self) -> bool: ...

    def read_call(self, body: bytes) -> Call:
        """Raises PayloadError naming the field where the body is of no documented shape."""
        ...

    async def fetch_call(self, call_id: str) -> Call | None:
        """The call as REST knows it; None where no key is set or the vendor knows none. Raises DestinationError."""
        ...

    async def fetch_rest_call(self, call_id: str) -> RestCall | None:
        """The same, with what was answered."""
        ...

    def list_calls(self, *, since: datetime, until: datetime | None = None) -> AsyncIterator[CallPage]:
        """Calls begun in the period, oldest first; a row may come twice. Without a key there is no page."""
        ...

    async def close(self) -> None: ...
