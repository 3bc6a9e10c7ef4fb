"""The evidence of a call: what was said in it, and its recording, both kept when the vendor's own links are dead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.calls import Turn
from app.db.tables import recordings, transcripts
from app.db.vault import Vault

STATUSES = ("awaited", "kept", "missing")
Turns = tuple[Turn, ...]
_TURNS: TypeAdapter[Turns] = TypeAdapter(Turns)


async def save_transcript(conn: AsyncConnection, call_id: str, turns: Turns, *, vault: Vault) -> None:
    """In the place of what was kept of this call before; nothing said takes no place."""
    if not turns:
        return
    body = vault.seal(_TURNS.dump_json(turns), "transcript", call_id)
    written = insert(transcripts).values(call_id=call_id, body=body)
    await conn.execute(
        written.on_conflict_do_update(index_elements=["call_id"], set_={"body": body, "written_at": func.now()})
    )


async def find_transcript(conn: AsyncConnection, call_id: str, *, vault: Vault) -> Turns:
    """Empty where none was told. Raises SettingError where it was sealed with a key that is not given."""
    body = await conn.scalar(select(transcripts.c.body).where(transcripts.c.call_id == call_id))
    return () if body is None else _TURNS.validate_json(vault.open(body, "transcript", call_id))


async def reseal_page(conn: AsyncConnection, *, after: str, limit: int, vault: Vault) -> tuple[str, int] | None:
    """Seal the next so many with the key that seals now: the last call, and how many were not. None at the end."""
    query = select(transcripts).where(transcripts.c.call_id > after).order_by(transcripts.c.call_id).limit(limit)
    rows = (await conn.execute(query.with_for_update())).all()
    stale = [row for row in rows if not vault.seals_so(row.body)]
    for row in stale:
        body = vault.seal(vault.open(row.body, "transcript", row.call_id), "transcript", row.call_id)
        await conn.execute(update(transcripts).where(transcripts.c.call_id == row.call_id).values(body=body))
    return (rows[-1].call_id, len(stale)) if rows else None


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """The recording of one call, as far as we have it. Only a kept one has a hash, a size and a type."""

    call_id: str
    status: str
    tries: int
    last_error: str | None
    file_name: str | None
    sha256: bytes | None
    size_bytes: int | None
    media_type: str | None
    key_id: str | None
    awaited_since: datetime
    kept_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What a try has stored."""

    sha256: bytes
    size_bytes: int
    media_type: str
    key_id: str | None


async def find_recording(conn: AsyncConnection, call_id: str, *, lock: bool = False) -> RecordingRecord | None:
    """None where nobody ever wanted to keep it."""
    query = select(recordings).where(recordings.c.call_id == call_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else RecordingRecord(**row)


async def await_recording(conn: AsyncConnection, call_id: str, *, at: datetime) -> bool:
    """False when it is awaited, kept or given up already."""
    written = insert(recordings).values(call_id=call_id, status="awaited", awaited_since=at)
    row = await conn.scalar(written.on_conflict_do_nothing().returning(recordings.c.call_id))
    return row is not None


async def await_again(conn: AsyncConnection, call_id: str, *, at: datetime) -> None:
    """With all its tries again."""
    await _set(conn, call_id, status="awaited", tries=0, last_error=None, awaited_since=at)


async def record_try(conn: AsyncConnection, call_id: str, *, file_name: str) -> None:
    await _set(conn, call_id, tries=recordings.c.tries + 1, file_name=file_name)


async def record_failure(conn: AsyncConnection, call_id: str, *, error: str) -> None:
    await _set(conn, call_id, last_error=error)


async def forget_try(conn: AsyncConnection, call_id: str, *, error: str) -> None:
    await _set(conn, call_id, tries=recordings.c.tries - 1, last_error=error)


async def mark_kept(conn: AsyncConnection, call_id: str, file: KeptFile, *, at: datetime) -> None:
    await _set(
        conn,
        call_id,
        status="kept",
        last_error=None,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        media_type=file.media_type,
        key_id=file.key_id,
        kept_at=at,
    )


async def mark_missing(conn: AsyncConnection, call_id: str, *, error: str) -> None:
    await _set(conn, call_id, status="missing", last_error=error)


async def list_sealed_otherwise(conn: AsyncConnection, vault: Vault) -> list[RecordingRecord]:
    """The kept ones that are stored plain or under another key than the one that seals now."""
    query = select(recordings).where(recordings.c.status == "kept", recordings.c.key_id.is_distinct_from(vault.key_id))
    return [RecordingRecord(**row) for row in (await conn.execute(query)).mappings()]


async def move_recording(conn: AsyncConnection, call_id: str, *, file_name: str, key_id: str | None) -> None:
    """The same recording lies in another file now."""
    await _set(conn, call_id, file_name=file_name, key_id=key_id)


async def list_recordings(
    conn: AsyncConnection, *, status: str | None, before: tuple[datetime, str] | None, limit: int
) -> list[RecordingRecord]:
    """Newest first; `before` is the time and the call of the last one seen."""
    query = select(recordings).order_by(recordings.c.awaited_since.desc(), recordings.c.call_id.desc())
    if status is not None:
        query = query.where(recordings.c.status == status)
    if before is not None:
        query = query.where(tuple_(recordings.c.awaited_since, recordings.c.call_id) < before)
    return [RecordingRecord(**row) for row in (await conn.execute(query.limit(limit))).mappings()]


async def count_recordings(conn: AsyncConnection) -> dict[str, int]:
    query = select(recordings.c.status, func.count().label("number")).group_by(recordings.c.status)
    return dict.fromkeys(STATUSES, 0) | {row.status: row.number for row in await conn.execute(query)}


async def _set(conn: AsyncConnection, call_id: str, **values: Any) -> None:
    await conn.execute(update(recordings).where(recordings.c.call_id == call_id).values(**values))
