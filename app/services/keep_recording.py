"""Fetch the recording of a call into our own storage while its link lives, with its hash in the audit.

A try is counted and committed before it is made. What never comes ends as `missing`, where people see it and can have
it tried again. A file is named by chance: its name tells nothing, and no two tries write the same file.
"""

import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.calls import Call, CallStage
from app.db import audit, evidence, jobs
from app.db.calls import get_call
from app.db.evidence import KeptFile, RecordingRecord
from app.db.jobs import Job
from app.db.sealed_pieces import seal_pieces
from app.errors import (
    ConflictError,
    DestinationError,
    DestinationMissingError,
    DestinationPausedError,
    DestinationRefusedError,
    DestinationUnavailableError,
    LeaseLostError,
    SettingError,
)
from app.ports.recordings import RecordingLink, RecordingStorage
from app.services.parts import ARCHIVIST, Parts
from app.services.schedule import schedule_keeping

log = structlog.get_logger()

# A recording is made ready after the call; an outage may take a day. All of it ends within four days, while even the
# link that the delivery told lives.
PAUSES_SECONDS = (30, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400, 86_400)
MOST_TRIES = len(PAUSES_SECONDS) + 1


async def await_recording(conn: AsyncConnection, parts: Parts, call: Call) -> None:
    """In the transaction that tells of the call's end; where recordings are kept at all, and once for each call."""
    if parts.recording_storage is None or call.stage is not CallStage.COMPLETED:
        return
    if await evidence.await_recording(conn, call.call_id, at=parts.clock.now()):
        await schedule_keeping(conn, call.call_id)


async def await_recording_again(parts: Parts, call_id: str, *, by: str) -> None:
    """Once what hindered it is mended. Raises NotFoundError, or ConflictError where it is kept or under way."""
    if parts.recording_storage is None:
        raise ConflictError("no recordings are kept here: HANDOFF_RECORDINGS_URL is not set")
    async with parts.database.transaction() as conn:
        call = (await get_call(conn, call_id)).call
        if call.stage is not CallStage.COMPLETED:
            raise ConflictError(f"call {call_id} has no recording: it is {call.stage}")
        now = parts.clock.now()
        record = await evidence.find_recording(conn, call_id, lock=True)
        if record is not None and record.status != "missing":
            raise ConflictError(f"the recording of call {call_id} is {record.status}, not missing")
        if not await evidence.await_recording(conn, call_id, at=now):
            await evidence.await_again(conn, call_id, at=now)
        await schedule_keeping(conn, call_id)
        await audit.write(conn, actor=by, event="call.recording_awaited_again", at=now, call_id=call_id)


async def keep_recording(parts: Parts, job: Job) -> None:
    """One try."""
    async with parts.database.transaction() as conn:
        await jobs.hold(conn, job)
        record = await evidence.find_recording(conn, job.payload["call_id"], lock=True)
        if record is None or record.status != "awaited":
            await jobs.finish(conn, job)
            return
        if record.tries >= MOST_TRIES:  # whatever ended the process each time
            await _give_up(conn, parts, record, record.last_error or "no try came to an end")
            await jobs.finish(conn, job)
            return
        call = (await get_call(conn, record.call_id)).call
        file_name = uuid4().hex
        await evidence.record_try(conn, record.call_id, file_name=file_name)
    try:
        storage = await _storage_without_leftovers(parts, record)
        file = await _fetch(parts, storage, call, file_name)
    except (DestinationError, SettingError) as error:
        await _take_failure(parts, job, error)
        return
    try:
        await _save(parts, job, file, file_name)
    except LeaseLostError:
        await storage.delete(file_name)  # whoever has the job now stores a file of their own
        raise


async def _save(parts: Parts, job: Job, file: KeptFile, file_name: str) -> None:
    call_id = job.payload["call_id"]
    about: dict[str, str | int | None] = {
        "sha256": file.sha256.hex(),
        "size_bytes": file.size_bytes,
        "file_name": file_name,
        "key_id": file.key_id,
    }
    async with parts.database.transaction() as conn:
        await evidence.mark_kept(conn, call_id, file, at=parts.clock.now())
        await _audit(conn, parts, "call.recording_kept", call_id, **about)
        await jobs.finish(conn, job)


async def _storage_without_leftovers(parts: Parts, record: RecordingRecord) -> RecordingStorage:
    """What a try left behind whose process was killed is in nobody's way, but it is somebody's voice."""
    storage = parts.recording_storage
    if storage is None:
        raise SettingError("HANDOFF_RECORDINGS_URL", "is not set", "Set it for the worker as well as for the service.")
    if record.file_name is not None:
        await storage.delete(record.file_name)
    return storage


async def _fetch(parts: Parts, storage: RecordingStorage, call: Call, file_name: str) -> KeptFile:
    """By the link that was delivered; where that is dead or leads where we may not go, by a fresh one."""
    if call.recording_url is not None:
        try:
            told = RecordingLink(call.recording_url, is_from_api=False)
            return await _store(parts, storage, call.call_id, file_name, told)
        except (DestinationMissingError, DestinationRefusedError) as error:
            log.info("recording_link_of_delivery_unfit", call_id=call.call_id, error=type(error).__name__)
    return await _store(parts, storage, call.call_id, file_name, await parts.recordings.renew_link(call.call_id))


async def _store(
    parts: Parts, storage: RecordingStorage, call_id: str, file_name: str, link: RecordingLink
) -> KeptFile:
    digest, size = hashlib.sha256(), 0

    async def counted(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in pieces:
            digest.update(piece)
            size += len(piece)
            yield piece
        if not size:
            raise DestinationUnavailableError("the recording is empty; it may not be ready")

    async with parts.recordings.download(link) as download:
        sealed = seal_pieces(parts.vault, counted(download.pieces), "recording", call_id)
        await storage.write(file_name, sealed)
    return KeptFile(digest.digest(), size, download.media_type, parts.vault.key_id)


async def _take_failure(parts: Parts, job: Job, failure: DestinationError | SettingError) -> None:
    call_id, error = job.payload["call_id"], str(failure)
    asked = (failure.retry_after_seconds if isinstance(failure, DestinationError) else None) or 0
    async with parts.database.transaction() as conn:
        record = await evidence.find_recording(conn, call_id, lock=True)
        if record is None:
            await jobs.finish(conn, job)
            return
        if isinstance(failure, DestinationPausedError):  # nobody was asked: this was no try
            await evidence.forget_try(conn, call_id, error=error)
            await jobs.reschedule(conn, job, run_in_seconds=max(asked, 1), error=error, counts_as_try=False)
            return
        if record.tries >= MOST_TRIES:
            await _give_up(conn, parts, record, error)
            await jobs.finish(conn, job)
            return
        pause = max(PAUSES_SECONDS[record.tries - 1], min(asked, PAUSES_SECONDS[-1]))
        await evidence.record_failure(conn, call_id, error=error)
        await jobs.reschedule(conn, job, run_in_seconds=pause, error=error)
    log.warning("recording_not_kept", call_id=call_id, error=error, tries=record.tries, next_try_in_seconds=pause)


async def _give_up(conn: AsyncConnection, parts: Parts, record: RecordingRecord, error: str) -> None:
    await evidence.mark_missing(conn, record.call_id, error=error)
    await _audit(conn, parts, "call.recording_missing", record.call_id, tries=record.tries, error=error)
    log.error("recording_missing", call_id=record.call_id, error=error, tries=record.tries)


async def _audit(conn: AsyncConnection, parts: Parts, event: str, call_id: str, **data: str | int | None) -> None:
    await audit.write(conn, actor=ARCHIVIST, event=event, at=parts.clock.now(), call_id=call_id, data=data)
