"""Read a stored delivery into the facts of its call. What was asked for becomes actions once the call is matched."""

from dataclasses import replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.calls import Call, CallStage, merge
from app.db import audit, jobs
from app.db.calls import lock_call, save_call
from app.db.deliveries import get_delivery, park_delivery
from app.db.evidence import find_transcript, save_transcript
from app.db.jobs import Job
from app.errors import DestinationError, PayloadError
from app.services.keep_recording import await_recording
from app.services.parts import UNDERSTANDER, Parts
from app.services.schedule import schedule_matching

log = structlog.get_logger()

# After so many tries the call goes on without the vendor's REST record: waiting is worse than a missing number.
TRIES_TO_FETCH = 4
# DialNexa documents that an analysis typically comes within 30 seconds of the call's end.
ANALYSIS_GRACE_SECONDS = 60


async def understand(parts: Parts, job: Job) -> None:
    async with parts.database.transaction() as conn:
        delivery = await get_delivery(conn, job.payload["delivery_id"], vault=parts.vault)
    try:
        call = parts.calls.read_call(delivery.body)
    except PayloadError as error:
        await _park(parts, job, delivery.id, delivery.subject, str(error))
        return
    fetched = await _fetch_what_is_missing(parts, job, call)
    async with parts.database.transaction() as conn:
        await _save(conn, parts, [fetched, call] if fetched else [call], delivery_id=delivery.id)
        await jobs.finish(conn, job)


async def _park(parts: Parts, job: Job, delivery_id: int, call_id: str | None, reason: str) -> None:
    async with parts.database.transaction() as conn:
        await park_delivery(conn, delivery_id, reason)
        await audit.write(
            conn,
            actor=UNDERSTANDER,
            event="delivery.parked",
            at=parts.clock.now(),
            call_id=call_id,
            data={"delivery_id": delivery_id, "parked_reason": reason},
        )
        await jobs.finish(conn, job)
    log.warning("delivery_parked", delivery_id=delivery_id)


async def _fetch_what_is_missing(parts: Parts, job: Job, call: Call) -> Call | None:
    """The REST record of a finished call whose delivery brought no number (family U), where a key is set."""
    if call.stage is not CallStage.COMPLETED or call.from_number or call.to_number:
        return None
    try:
        return await parts.calls.fetch_call(call.call_id)
    except DestinationError:
        if job.tries < TRIES_TO_FETCH:
            raise
        log.warning("call_not_fetched", call_id=call.call_id)
        return None


async def _save(conn: AsyncConnection, parts: Parts, news: list[Call], *, delivery_id: int) -> None:
    call_id = news[-1].call_id
    record = await lock_call(conn, call_id)
    known = merged = await _with_transcript(conn, parts, record.call) if record else None
    for piece in news:
        merged = merge(merged, piece)
    if merged is None or merged == known:
        return
    revision = record.revision + 1 if record else 1
    # Deliveries of one call run in one lane, so nobody else can have written its first revision meanwhile.
    await save_call(conn, merged, revision=revision)
    if known is None or merged.transcript != known.transcript:
        await save_transcript(conn, call_id, merged.transcript, vault=parts.vault)
    await audit.write(
        conn,
        actor=UNDERSTANDER,
        event="call.not_connected" if merged.stage is CallStage.NOT_CONNECTED else "call.understood",
        at=parts.clock.now(),
        call_id=call_id,
        data={
            "delivery_id": delivery_id,
            "revision": revision,
            "stage": merged.stage,
            "families": list(merged.families),
            "fields": sorted(merged.fields),
            "unread_fields": dict(merged.unread_fields),
            "conflicts": list(merged.conflicts),
        },
    )
    await await_recording(conn, parts, merged)
    if merged.stage is CallStage.COMPLETED:
        await schedule_matching(conn, call_id, in_seconds=_pause_seconds(merged))


async def _with_transcript(conn: AsyncConnection, parts: Parts, call: Call) -> Call:
    return replace(call, transcript=await find_transcript(conn, call.call_id, vault=parts.vault))


def _pause_seconds(call: Call) -> float:
    """Family L tells of the transcript before the analysis, which is never told of where none is configured."""
    return ANALYSIS_GRACE_SECONDS if call.families == ("L",) and not call.fields else 0
