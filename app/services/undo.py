"""Take back what was done or begun, where there is a way back: a person asks for it, with a reason.

A webhook that was deleted is made again, one that was made is deleted: both as an action of its own, which waits for
people like any other. An address change that stands half done is backed out by a job, which looks before it acts.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.core.lifecycle import ActionStatus, Verb
from app.db import audit, jobs
from app.db.actions import ActionRecord, get_action, insert_action, list_attempts
from app.db.jobs import Job
from app.db.steps import has_step
from app.db.switches import list_holding
from app.errors import ConflictError
from app.services.case import load_case
from app.services.deeds import deed_of
from app.services.execute import HELD_SECONDS
from app.services.new_address import SEND_ANEW, TAKEN_BACK, NewAddress
from app.services.parts import EXECUTOR, Parts
from app.services.queue import close_open_review
from app.services.review import Decider, Word
from app.services.schedule import schedule_decision, schedule_undoing
from app.services.transition import transition

WAYS_BACK = {
    ActionKind.DELETE_WEBHOOK: ActionKind.CREATE_WEBHOOK,
    ActionKind.CREATE_WEBHOOK: ActionKind.DELETE_WEBHOOK,
}
HALF_DONE = frozenset({ActionStatus.AWAITING_ASSISTANCE, ActionStatus.AWAITING_REVIEW, ActionStatus.FAILED})


async def undo(parts: Parts, action_id: UUID, by: Decider, word: Word) -> None:
    """Raises ConflictError where there is nothing to take back, or it is being taken back already."""
    async with parts.database.transaction() as conn:
        action = await get_action(conn, action_id, lock=True)
        if action.kind in WAYS_BACK and action.status is ActionStatus.DONE:
            await _propose_way_back(conn, action)
        elif action.status in HALF_DONE and await has_step(conn, action.id, SEND_ANEW):
            case = await load_case(conn, action)
            await schedule_undoing(conn, action.id, call_id=action.call_id, order=case.order)
        else:
            raise ConflictError(f"nothing of a {action.kind} that is {action.status} can be undone")
        await audit.write(
            conn,
            actor=by.name,
            event="action.undo_asked",
            at=parts.clock.now(),
            call_id=action.call_id,
            action_id=action.id,
            data={"role": by.role, "reason_code": word.reason_code, "note": word.note},
        )


async def _propose_way_back(conn: AsyncConnection, action: ActionRecord) -> None:
    attempt = (await list_attempts(conn, [action.id]))[action.id][-1]
    kind, made = WAYS_BACK[action.kind], attempt.before or attempt.after
    said = {"new_value": made["url"], "events": made["events"]}
    if kind is ActionKind.DELETE_WEBHOOK:
        said = {"old_value": made["webhook_id"]}
    made_id = await insert_action(conn, call_id=action.call_id, kind=kind, order_id=None, parameters=said)
    if made_id is None:
        raise ConflictError(f"the call has a {kind} already")
    await schedule_decision(conn, made_id, call_id=action.call_id, order=None)


async def back_out(parts: Parts, job: Job) -> None:
    """Cancel what was sent anew. Where even that comes too late the action stays with people."""
    async with parts.database.transaction() as conn:
        action = await get_action(conn, UUID(job.payload["action_id"]))
        if await list_holding(conn, [action.id]):
            await jobs.reschedule(conn, job, run_in_seconds=HELD_SECONDS, counts_as_try=False)
            return
        deed = deed_of(parts, await load_case(conn, action))
    said = await deed.take_back() if isinstance(deed, NewAddress) and action.status in HALF_DONE else None
    async with parts.database.transaction() as conn:
        action = await get_action(conn, action.id, lock=True)
        if said == TAKEN_BACK and action.status in HALF_DONE:
            await transition(conn, action.id, Verb.LAPSE, actor=EXECUTOR, at=parts.clock.now(), data={"why": said})
            await close_open_review(conn, parts, action.id, status="lapsed")
        await jobs.finish(conn, job)
