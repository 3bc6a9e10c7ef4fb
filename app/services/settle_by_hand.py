"""A person's word where no machine has one: what became of an act without an answer, what becomes of one given up.

A person may have seen it at the shop, or heard it from its support. Whatever they say, nothing is tried again by it:
what did not happen goes back before people, for a new approval.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.lifecycle import ActionStatus, Verb
from app.db import audit
from app.db.actions import ActionRecord, find_unsettled_attempt, get_action, record_attempt
from app.errors import ConflictError
from app.services.case import load_case
from app.services.parts import Parts
from app.services.queue import put_before_people_again
from app.services.review import Decider
from app.services.schedule import schedule_check
from app.services.transition import transition


class Finding(StrEnum):
    SUCCEEDED = "succeeded"
    DID_NOT_HAPPEN = "did_not_happen"


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why the person says so."""

    reason_code: str
    note: str | None


async def settle_by_hand(parts: Parts, action_id: UUID, finding: Finding, by: Decider, grounds: Grounds) -> None:
    """Raises ConflictError where a read or an event settled it meanwhile, whatever it found: that counts."""
    async with parts.database.transaction() as conn:
        action = await _lock(conn, action_id, ActionStatus.OUTCOME_UNKNOWN, "settled by hand")
        attempt = await find_unsettled_attempt(conn, action.id)
        if attempt is None:
            raise AssertionError(f"action {action.id} has an unknown outcome without an attempt")
        await record_attempt(
            conn,
            attempt.id,
            outcome="succeeded" if finding is Finding.SUCCEEDED else "failed",
            at=parts.clock.now(),
            detail=f"Settled by hand by {by.name}: {finding.replace('_', ' ')} ({grounds.reason_code}).",
        )
        await _write(
            conn, parts, action, by, grounds, "action.settled_by_hand", outcome=finding, attempt=attempt.number
        )
        if finding is Finding.SUCCEEDED:
            await _move(conn, parts, action, Verb.SUCCEED, by)
            await _look_whether_it_shows(conn, action)
        else:
            await _reopen(conn, parts, action, by)


async def reopen_failed(parts: Parts, action_id: UUID, by: Decider, grounds: Grounds) -> None:
    """What was given up is taken up again; it needs a new approval."""
    async with parts.database.transaction() as conn:
        action = await _lock(conn, action_id, ActionStatus.FAILED, "taken up again")
        await _write(conn, parts, action, by, grounds, "action.taken_up_again")
        await _reopen(conn, parts, action, by)


async def reject_failed(parts: Parts, action_id: UUID, by: Decider, grounds: Grounds) -> None:
    """What was given up is closed."""
    async with parts.database.transaction() as conn:
        action = await _lock(conn, action_id, ActionStatus.FAILED, "closed")
        await _write(conn, parts, action, by, grounds, "action.closed_by_hand")
        await _move(conn, parts, action, Verb.REJECT, by)


async def _lock(conn: AsyncConnection, action_id: UUID, wanted: ActionStatus, what: str) -> ActionRecord:
    action = await get_action(conn, action_id, lock=True)
    if action.status is not wanted:
        raise ConflictError(f"the action is {action.status}; only one that is {wanted} can be {what}")
    return action


async def _reopen(conn: AsyncConnection, parts: Parts, action: ActionRecord, by: Decider) -> None:
    await _move(conn, parts, action, Verb.REOPEN, by)
    await put_before_people_again(conn, parts, await load_case(conn, action))


async def _move(conn: AsyncConnection, parts: Parts, action: ActionRecord, verb: Verb, by: Decider) -> None:
    await transition(conn, action.id, verb, actor=by.name, at=parts.clock.now(), data={"by_hand": True})


async def _look_whether_it_shows(conn: AsyncConnection, action: ActionRecord) -> None:
    """The order moved, by what we were told: others may wait for just that, or lose their ground."""
    order = (await load_case(conn, action)).order
    if order is not None:
        await schedule_check(conn, order)


async def _write(
    conn: AsyncConnection,
    parts: Parts,
    action: ActionRecord,
    by: Decider,
    grounds: Grounds,
    event: str,
    **data: str | int,
) -> None:
    await audit.write(
        conn,
        actor=by.name,
        event=event,
        at=parts.clock.now(),
        call_id=action.call_id,
        action_id=action.id,
        data={"role": by.role, "reason_code": grounds.reason_code, "note": grounds.note, **data},
    )
