"""Dead letters: what died of what, what a replay would do, and replay at a pace that the vendors can bear.

A replay is never more than the job would have done: what may happen once only is guarded where it happens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.lifecycle import ActionStatus
from app.db import audit, jobs
from app.db.actions import get_action
from app.db.calls import get_call
from app.db.dead_jobs import DeadJob, drop_dead, get_dead, lock_dead
from app.db.notifications import get_notification
from app.errors import NotFoundError
from app.services import schedule
from app.services.parts import Parts

# One transaction gives back so many; its audit entry names them.
REPLAYED_AT_ONCE = 100
# A shop that has just come back is not to be run down again.
PER_MINUTE = 60

# What a job of each kind does. An execution depends on how far its action is.
EFFECTS: Mapping[str, str] = {
    schedule.UNDERSTAND: "Reads the delivery again and takes in what it tells of its call.",
    schedule.MATCH: "Matches the call to an order again and proposes what it leads to.",
    schedule.DECIDE: "Asks the policy about the action, where nobody decided on it yet.",
    schedule.SETTLE: "Reads at the shop whether the act took effect; sends nothing else.",
    schedule.UNDO: "Goes on taking back at the shop what a person wanted taken back.",
    schedule.OBSERVE: "Reads the order at the shop and settles what waits for it.",
    schedule.SYNC_ORDERS: "Reads the shop's orders anew.",
    schedule.RECONCILE_CALLS: "Reads DialNexa's list of calls anew.",
    schedule.NOTIFY: "Sends the handoff to its channel, unless that was done.",
    schedule.ESCALATE: "Tells the next channel, unless somebody was told.",
    schedule.KEEP_RECORDING: "Fetches the call's recording, unless it is kept already.",
}
BEGINS = "Begins an attempt at the shop: the action is approved."
READS = "Reads at the shop what became of the attempt that was begun; never repeats it."
IDLE = "Does nothing: the action has gone another way."


@dataclass(frozen=True, slots=True)
class Preview:
    """A dead job, what its replay would do, and the state of what it is about."""

    job: DeadJob
    would: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which dead jobs to replay: one group, or all where it is None."""

    group: str | None
    per_minute: int = PER_MINUTE


async def preview(parts: Parts, job_id: int) -> Preview:
    """Raises NotFoundError where no such job is dead."""
    async with parts.database.transaction() as conn:
        job = await get_dead(conn, job_id)
        about = await _about(conn, job)
    return Preview(job, _effect(job, about), about)


async def replay_one(parts: Parts, job_id: int, *, by: str) -> None:
    async with parts.database.transaction() as conn:
        job = await get_dead(conn, job_id, lock=True)
        await jobs.revive(conn, job.id)
        await _write(conn, parts, "jobs.replayed", by, job_ids=[job.id], kinds=[job.kind], group=job.group)


async def replay_many(parts: Parts, wish: Wish, *, by: str) -> int:
    """How many were given back, the oldest first. Those that die again meanwhile are not replayed once more."""
    replayed, above_id = 0, 0
    while True:
        async with parts.database.transaction() as conn:
            dead = await lock_dead(conn, group=wish.group, above_id=above_id, limit=REPLAYED_AT_ONCE)
            if not dead:
                break
            for place, job in enumerate(dead, start=replayed):
                await jobs.revive(conn, job.id, run_in_seconds=place * 60 / wish.per_minute)
            told = {"job_ids": [job.id for job in dead], "kinds": sorted({job.kind for job in dead})}
            await _write(conn, parts, "jobs.replayed", by, **told, group=wish.group, per_minute=wish.per_minute)
        replayed += len(dead)
        above_id = dead[-1].id
    if replayed == 0 and wish.group is not None:
        raise NotFoundError(f"no dead job is of group {wish.group}; GET /v1/jobs/dead shows those there are")
    return replayed


async def drop(parts: Parts, job_id: int, *, by: str, reason: str) -> None:
    """Never to be done. What it was about is named in the audit."""
    async with parts.database.transaction() as conn:
        job = await get_dead(conn, job_id, lock=True)
        await drop_dead(conn, job.id)
        await _write(
            conn, parts, "job.dropped", by, job_id=job.id, kind=job.kind, payload=dict(job.payload), reason=reason
        )


def _effect(job: DeadJob, about: Mapping[str, Any]) -> str:
    if job.kind != schedule.EXECUTE:
        return EFFECTS.get(job.kind, "Is handed to a worker that knows jobs of this kind.")
    if about.get("status") == ActionStatus.APPROVED:
        return BEGINS
    return READS if about.get("status") == ActionStatus.EXECUTING else IDLE


async def _about(conn: AsyncConnection, job: DeadJob) -> Mapping[str, Any]:
    """Ids and states; what the job is about may be gone."""
    payload = job.payload
    try:
        if "action_id" in payload:
            action = await get_action(conn, UUID(payload["action_id"]))
            return {
                "action_id": str(action.id),
                "status": action.status,
                "kind": action.kind,
                "call_id": action.call_id,
            }
        if "notification_id" in payload:
            notification = await get_notification(conn, UUID(payload["notification_id"]))
            return {"notification_id": str(notification.id), "status": notification.status}
        if "call_id" in payload:
            return {"call_id": payload["call_id"], "status": (await get_call(conn, payload["call_id"])).call.stage}
    except NotFoundError:
        return {**payload, "status": None}
    return dict(payload)


async def _write(conn: AsyncConnection, parts: Parts, event: str, by: str, **data: Any) -> None:
    await audit.write(conn, actor=by, event=event, at=parts.clock.now(), data=data)
