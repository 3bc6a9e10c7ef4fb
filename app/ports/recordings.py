"""What we ask of the one who has recordings, and of the place where we keep them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from app.errors import DestinationMissingError, DestinationRefusedError


@dataclass(frozen=True, slots=True)
class RecordingLink:
    """Whoever holds it can listen: never in logs, errors or the audit."""

    url: str = field(repr=False)
    is_from_api: bool  # just told by the vendor's API; else a delivery told it, whose links die


@dataclass(frozen=True, slots=True)
class Download:
    media_type: str
    pieces: AsyncIterator[bytes]  # may raise a DestinationError


class RecordingSource(Protocol):
    """DialNexa, asked for recordings."""

    async def renew_link(self, call_id: str) -> RecordingLink:
        """Raises SettingError without a key, DestinationMissingError where the call or its recording is gone."""
        ...

    def download(self, link: RecordingLink) -> AbstractAsyncContextManager[Download]:
        """Raises DestinationMissingError of a dead link, DestinationRefusedError of one that may not be followed."""
        ...

    async def close(self) -> None: ...


class NoRecordings:
    """The RecordingSource of a process that has nothing to do with recordings: it knows of none."""

    async def renew_link(self, call_id: str) -> RecordingLink:
        raise DestinationMissingError(f"nobody is asked for the recording of call {call_id}")

    def download(self, link: RecordingLink) -> AbstractAsyncContextManager[Download]:
        raise DestinationRefusedError(f"no link is followed ({link})")

    async def close(self) -> None:
        return None


class RecordingStorage(Protocol):
    """A folder or bucket of files. Whatever goes wrong is a DestinationUnavailableError."""

    async def write(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """All of it or nothing."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """In pieces of any size. Raises DestinationMissingError where there is no such file."""
        ...

    async def delete(self, name: str) -> None:
        """Also one that is not there."""
        ...
