"""Seal anew, with the first master key, what is stored plain or under an older key: then the older keys can go.

Page by page, each in a transaction of its own: it may run beside everything else, and be broken off and begun again.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

from app.db import audit, deliveries, evidence, master_keys
from app.db.evidence import RecordingRecord
from app.db.sealed_pieces import seal_pieces
from app.errors import DamagedError, SettingError
from app.services.parts import ARCHIVIST, Parts
from app.services.recording_link import read_kept

PAGE = 200


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many were sealed anew, and the ids of the keys that nothing needs any more."""

    deliveries: int
    transcripts: int
    recordings: int
    keys_retired: tuple[str, ...]


async def reseal(parts: Parts) -> Resealed:
    """Raises DamagedError or SettingError at what cannot be opened: then every key is still needed."""
    if parts.vault.key_id is None:
        raise SettingError("HANDOFF_MASTER_KEY", "is not set", "Make a key with: openssl rand -base64 32")
    bodies, place = 0, 0
    while page := await _reseal_deliveries(parts, after=place):
        place, number = page
        bodies += number
    said, call_id = 0, ""
    while turn := await _reseal_transcripts(parts, after=call_id):
        call_id, number = turn
        said += number
    heard = 0
    async with parts.database.transaction() as conn:
        stale = await evidence.list_sealed_otherwise(conn, parts.vault)
    for record in stale:
        heard += await _reseal_recording(parts, record)
    async with parts.database.transaction() as conn:
        retired = await master_keys.retire_others(conn, parts.vault)
        done = Resealed(bodies, said, heard, tuple(retired))
        data = {"deliveries": bodies, "transcripts": said, "recordings": heard, "keys_retired": retired}
        await audit.write(conn, actor=ARCHIVIST, event="evidence.resealed", at=parts.clock.now(), data=data)
    return done


async def _reseal_deliveries(parts: Parts, *, after: int) -> tuple[int, int] | None:
    async with parts.database.transaction() as conn:
        return await deliveries.reseal_page(conn, after=after, limit=PAGE, vault=parts.vault)


async def _reseal_transcripts(parts: Parts, *, after: str) -> tuple[str, int] | None:
    async with parts.database.transaction() as conn:
        return await evidence.reseal_page(conn, after=after, limit=PAGE, vault=parts.vault)


async def _reseal_recording(parts: Parts, record: RecordingRecord) -> int:
    """As a new file, which takes the place of the old one only when it is whole and has the hash that was noted."""
    storage = parts.recording_storage
    if storage is None or record.file_name is None:
        raise SettingError("HANDOFF_RECORDINGS_URL", "is not set, but recordings are kept there", "Set it again.")
    file_name, digest = uuid4().hex, hashlib.sha256()
    plain = _counted(read_kept(parts, storage, record), digest, record)
    await storage.write(file_name, seal_pieces(parts.vault, plain, "recording", record.call_id))
    async with parts.database.transaction() as conn:
        await evidence.move_recording(conn, record.call_id, file_name=file_name, key_id=parts.vault.key_id)
        about = {"file_name": file_name, "key_id": parts.vault.key_id}
        event = "call.recording_resealed"
        now = parts.clock.now()
        await audit.write(conn, actor=ARCHIVIST, event=event, at=now, call_id=record.call_id, data=about)
    await storage.delete(record.file_name)
    return 1


async def _counted(
    pieces: AsyncIterator[bytes], digest: "hashlib._Hash", record: RecordingRecord
) -> AsyncIterator[bytes]:
    async for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.digest() != record.sha256:
        raise DamagedError(f"the kept recording of call {record.call_id} is not the one whose hash was noted")
