"""Let somebody listen to a call: the copy we keep, or else a link that DialNexa renews. Every look is in the audit."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from app.db import audit, evidence
from app.db.calls import get_call
from app.db.evidence import RecordingRecord
from app.db.sealed_pieces import open_pieces
from app.errors import (
    DamagedError,
    DestinationError,
    DestinationMissingError,
    DestinationRefusedError,
    NotFoundError,
    SettingError,
)
from app.ports.recordings import RecordingLink, RecordingStorage
from app.services.parts import Parts


class Absence(StrEnum):
    """Why there is nothing to listen to."""

    NO_KEY = "no_key"
    GONE = "gone"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class NotThere:
    why: Absence
    says: str
    retry_after_seconds: float | None = None


async def find_link(parts: Parts, call_id: str, *, by: str) -> RecordingRecord | RecordingLink | NotThere:
    """What is kept, a fresh link, or the reason for neither. Raises NotFoundError for a call we do not know."""
    async with parts.database.transaction() as conn:
        await get_call(conn, call_id)
        kept = await evidence.find_recording(conn, call_id)
    if kept is not None and kept.status == "kept":
        await _audit(parts, call_id, "call.recording_looked_up", by=by, outcome="kept")
        return kept
    found = await _renew(parts, call_id)
    outcome = found.why if isinstance(found, NotThere) else "renewed"
    await _audit(parts, call_id, "call.recording_looked_up", by=by, outcome=outcome)
    return found


async def open_kept(parts: Parts, call_id: str, *, by: str) -> tuple[RecordingRecord, AsyncIterator[bytes]]:
    """The kept copy as it was recorded, once all of it was held against its hash: no changed byte leaves.

    Raises NotFoundError where none is kept, DamagedError where it is not what was kept, SettingError without its key.
    """
    async with parts.database.transaction() as conn:
        kept = await evidence.find_recording(conn, call_id)
    if kept is None or kept.status != "kept":
        raise NotFoundError(f"no recording of call {call_id} is kept")
    storage = parts.recording_storage
    if storage is None:
        raise SettingError("HANDOFF_RECORDINGS_URL", "is not set, but recordings are kept there", "Set it again.")
    try:
        await _check(parts, storage, kept)
    except DamagedError:
        await _audit(parts, call_id, "call.recording_damaged", by=by, outcome="refused")
        raise
    await _audit(parts, call_id, "call.recording_listened_to", by=by, outcome="kept")
    return kept, read_kept(parts, storage, kept)


def read_kept(parts: Parts, storage: RecordingStorage, kept: RecordingRecord) -> AsyncIterator[bytes]:
    """As it was recorded, not yet held against its hash."""
    stored = storage.read(kept.file_name or "")
    return stored if kept.key_id is None else open_pieces(parts.vault, stored, "recording", kept.call_id)


async def _renew(parts: Parts, call_id: str) -> RecordingLink | NotThere:
    try:
        return await parts.recordings.renew_link(call_id)
    except SettingError as error:
        return NotThere(Absence.NO_KEY, str(error))
    except (DestinationMissingError, DestinationRefusedError) as error:
        return NotThere(Absence.GONE, str(error))
    except DestinationError as error:
        return NotThere(Absence.UNAVAILABLE, str(error), error.retry_after_seconds)


async def _check(parts: Parts, storage: RecordingStorage, kept: RecordingRecord) -> None:
    digest = hashlib.sha256()
    try:
        async for piece in read_kept(parts, storage, kept):
            digest.update(piece)
    except DestinationMissingError:
        raise DamagedError(f"the kept recording of call {kept.call_id} is no longer in the storage") from None
    if digest.digest() != kept.sha256:
        raise DamagedError(f"the kept recording of call {kept.call_id} is not the one whose hash was noted")


async def _audit(parts: Parts, call_id: str, event: str, *, by: str, outcome: str) -> None:
    async with parts.database.transaction() as conn:
        now = parts.clock.now()
        await audit.write(conn, actor=by, event=event, at=now, call_id=call_id, data={"outcome": outcome})
