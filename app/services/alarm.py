"""Alarm people of an action that stands still: once, on their channels; over by itself when the action goes on.

Any number of workers may look at the same time; the database lets an alarm be raised once.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.alarms import WORDS, AlarmKind
from app.core.handoff import OPERATIONS, build_handoff
from app.core.lifecycle import ActionStatus, Verb
from app.core.policy import Urgency
from app.db import alarms, audit
from app.db.actions import get_action
from app.db.alarms import AlarmRecord
from app.db.handoffs import insert_handoff
from app.errors import ConflictError, HandoffError
from app.services.case import Case, load_case
from app.services.notify import tell_teams
from app.services.parts import WATCHMAN, Parts
from app.services.queue import ask_for_assistance
from app.services.work import is_set_within

log = structlog.get_logger()

# Alarms come after minutes at the soonest; a look is a few indexed queries.
LOOK_SECONDS = 15.0
# A shop that is away for long may bring thousands of one kind. So many in an hour are told one by one on the channels;
# of more, the first have told what is wrong, and the list has them all.
MOST_TOLD, TOLD_WITHIN = 20, timedelta(hours=1)


async def keep_watch(parts: Parts, stopping: asyncio.Event) -> None:
    """Look again and again, until told to stop. What goes wrong with one look is left to the next."""
    while not stopping.is_set():
        try:
            await watch(parts)
        except (SQLAlchemyError, HandoffError) as error:
            log.warning("watch_failed", error=type(error).__name__)
        await is_set_within(LOOK_SECONDS, stopping)


async def watch(parts: Parts) -> None:
    """One look: clear what went on, give back what nothing confirmed, alarm of what stands still."""
    await _clear(parts)
    async with parts.database.transaction() as conn:
        unconfirmed = await alarms.list_unconfirmed(conn, parts.alarm_times)
        standing = await alarms.list_standing_still(conn, parts.alarm_times, parts.clock.now())
    for action_id in unconfirmed:
        await _give_back(parts, action_id)
    for action_id, kind in standing:
        await _raise_if_it_still_stands(parts, action_id, kind)


async def acknowledge(parts: Parts, alarm_id: UUID, *, by: str, reason: str) -> AlarmRecord:
    """Somebody sees to it. Raises NotFoundError, or ConflictError where it is over or somebody else's already."""
    async with parts.database.transaction() as conn:
        alarm = await alarms.get_alarm(conn, alarm_id, lock=True)
        if alarm.state != "open":
            by_whom = f" by {alarm.acknowledged_by}" if alarm.state == "acknowledged" else ""
            raise ConflictError(f"the alarm is {alarm.state}{by_whom}; nothing is left to acknowledge")
        at = parts.clock.now()
        await alarms.acknowledge_alarm(conn, alarm_id, by=by, reason=reason, at=at)
        await _write(conn, parts, alarm, "alarm.acknowledged", actor=by, reason=reason)
        return await alarms.get_alarm(conn, alarm_id)


async def _clear(parts: Parts) -> None:
    async with parts.database.transaction() as conn:
        for alarm in await alarms.clear_alarms(conn, at=parts.clock.now()):
            await _write(conn, parts, alarm, "alarm.cleared")


async def _give_back(parts: Parts, action_id: UUID) -> None:
    """What was asked for at the shop, and not shown by it in time, is a person's again, with a review of its own."""
    async with parts.database.transaction() as conn:
        action = await get_action(conn, action_id, lock=True)
        if action.status is not ActionStatus.AWAITING_CONFIRMATION:
            return
        case = await load_case(conn, action)
        why = WORDS[AlarmKind.NOT_CONFIRMED].says
        await ask_for_assistance(conn, parts, case, Verb.REOPEN_ASSISTANCE, actor=WATCHMAN, why=why)
        await _raise(conn, parts, case, AlarmKind.NOT_CONFIRMED)


async def _raise_if_it_still_stands(parts: Parts, action_id: UUID, kind: AlarmKind) -> None:
    async with parts.database.transaction() as conn:
        action = await get_action(conn, action_id, lock=True)
        if await alarms.stands_still(conn, action_id, kind, parts.alarm_times, parts.clock.now()):
            await _raise(conn, parts, await load_case(conn, action), kind)


async def _raise(conn: AsyncConnection, parts: Parts, case: Case, kind: AlarmKind) -> None:
    action, at = case.action, parts.clock.now()
    alarm_id = await alarms.insert_alarm(conn, action.id, kind, at=at)
    if alarm_id is None:
        return
    alarm = await alarms.get_alarm(conn, alarm_id)
    is_told = await alarms.count_raised(conn, kind, since=at - TOLD_WITHIN) <= MOST_TOLD
    await _write(conn, parts, alarm, "alarm.raised", status=action.status, is_told=is_told)
    log.error("alarm_raised", alarm_id=str(alarm_id), action_id=str(action.id), kind=kind, call_id=action.call_id)
    if is_told:
        await _tell(conn, parts, case, alarm)


async def _tell(conn: AsyncConnection, parts: Parts, case: Case, alarm: AlarmRecord) -> None:
    """By a handoff of the alarm's own, to those who run the place; it goes the way all handoffs go."""
    now, words = parts.clock.now(), WORDS[alarm.kind]
    about = build_handoff(case.facts(now), case.decision, parts.routing)
    handoff = replace(
        about,
        team=OPERATIONS,
        owner=parts.routing.owner_of(OPERATIONS) or OPERATIONS,
        urgency=Urgency.URGENT,
        urgency_reason=f"Alarm: {alarm.kind.replace('_', ' ')}.",
        reason=f"{words.says} {about.reason}",
        next_step=words.next_step,
        due_at=now + timedelta(minutes=about.due_minutes),
        answer=None,
        starts_at=None,
        questions=(),
        also_tell=(),
    )
    written = await insert_handoff(
        conn, handoff, call_id=alarm.call_id, action_id=alarm.action_id, at=now, alarm_id=alarm.id
    )
    if written is not None:
        await tell_teams(conn, parts, written)


async def _write(
    conn: AsyncConnection, parts: Parts, alarm: AlarmRecord, event: str, *, actor: str = WATCHMAN, **data: str | bool
) -> None:
    await audit.write(
        conn,
        actor=actor,
        event=event,
        at=parts.clock.now(),
        call_id=alarm.call_id,
        action_id=alarm.action_id,
        data={"alarm_id": str(alarm.id), "kind": alarm.kind, **data},
    )
