"""Bring a handoff to its teams: one channel after the other, until one took it.

A try is counted and committed before it is made. A crash between the channel's yes and our commit repeats it under the
same message id, by which the receiver can know it; nothing else is sent twice.
"""

import random
from collections.abc import Collection, Sequence
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.core.handoff import with_public_url
from app.core.policy import Urgency
from app.core.retry import pause_seconds
from app.core.routing import TO_CALLER, Channel
from app.db import audit, jobs, notifications
from app.db.handoffs import HandoffRecord, get_handoff
from app.db.jobs import Job
from app.db.notifications import NotificationRecord, get_notification
from app.errors import (
    ConflictError,
    DestinationError,
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
)
from app.ports.notify import Message
from app.services.confirm import send_confirmation, stage_confirmation
from app.services.live_policy import live_policy
from app.services.parts import NOTIFIER, Parts
from app.services.schedule import schedule_escalation, schedule_notification

log = structlog.get_logger()

# With pauses that grow to five minutes, these bridge an outage of about three hours.
MOST_TRIES = 45
RETRY_BASE_SECONDS, RETRY_CAP_SECONDS = 1.0, 300.0
LONGEST_WAIT_SECONDS = 3600.0  # whatever a channel asks for


async def tell_teams(conn: AsyncConnection, parts: Parts, record: HandoffRecord) -> None:
    """Put the handoff on its way, in the transaction that writes it. What asks for nothing is told to nobody."""
    handoff = record.handoff
    if handoff.kind is ActionKind.NONE or not parts.routing.has_channels():
        return  # the second spares a deployment that reads them over REST all the questions below
    others = [team for team in handoff.also_tell if team in parts.routing.teams]
    for team in dict.fromkeys((handoff.team, *others)):
        line = await _line_to(conn, parts, record, team)
        taken = await notifications.list_channels_taken(conn, record.id)
        if line and line[0].name not in taken:  # else it hears of it by the channel it shares
            await _stage_next(conn, parts, record, team, line, taken)
    await stage_confirmation(conn, parts, record)


async def deliver(parts: Parts, job: Job) -> None:
    """One try at one channel."""
    async with parts.database.transaction() as conn:
        await jobs.hold(conn, job)
        notification = await get_notification(conn, UUID(job.payload["notification_id"]), lock=True)
        if notification.status != "pending":
            await jobs.finish(conn, job)
            return
        record = await get_handoff(conn, notification.handoff_id)
        if notification.tries >= MOST_TRIES:  # whatever ended the process each time
            await _give_up(conn, parts, record, notification, notification.last_error or "no answer")
            await jobs.finish(conn, job)
            return
        await notifications.record_try(conn, notification.id, at=parts.clock.now())
    try:
        await _send(parts, notification, record)
    except DestinationError as error:
        await _take_failure(parts, job, record, notification.id, error)
        return
    async with parts.database.transaction() as conn:
        notification = await get_notification(conn, notification.id, lock=True)
        await notifications.mark_delivered(conn, notification.id, at=parts.clock.now())
        await _audit(conn, parts, "handoff.delivered", record, notification, tries=notification.tries)
        await jobs.finish(conn, job)


async def escalate(parts: Parts, job: Job) -> None:
    """Nobody took what is urgent in time: the next channel is told as well, while this one is still tried."""
    async with parts.database.transaction() as conn:
        notification = await get_notification(conn, UUID(job.payload["notification_id"]), lock=True)
        if notification.status == "pending":
            record = await get_handoff(conn, notification.handoff_id, lock=True)
            await _escalate(conn, parts, record, notification, why="late")
        await jobs.finish(conn, job)


async def retry_notification(parts: Parts, notification_id: UUID, *, by: str) -> None:
    """Try a dead one again, once its channel is mended. Raises NotFoundError, or ConflictError where it is not dead."""
    async with parts.database.transaction() as conn:
        notification = await get_notification(conn, notification_id, lock=True)
        if notification.status != "dead":
            raise ConflictError(f"notification {notification_id} is {notification.status}, not dead")
        record = await get_handoff(conn, notification.handoff_id)
        await notifications.mark_pending(conn, notification.id)
        await schedule_notification(conn, notification.id)
        await _audit(conn, parts, "handoff.retried", record, notification, actor=by)


async def _line_to(conn: AsyncConnection, parts: Parts, record: HandoffRecord, team: str) -> tuple[Channel, ...]:
    """By the hours as they are now: who was away when it was written may be there when it escalates."""
    fallback_team = (await live_policy(conn, parts)).fallback_team
    return parts.routing.line_to(team, record.handoff.urgency, parts.clock.now(), fallback_team=fallback_team)


async def _stage_next(
    conn: AsyncConnection,
    parts: Parts,
    record: HandoffRecord,
    team: str,
    line: Sequence[Channel],
    taken: Collection[str],
) -> NotificationRecord | None:
    """Stage the first channel of the line that this handoff did not take yet; None where none is left."""
    for channel in line:
        if channel.name in taken:
            continue
        staged = await notifications.insert_notification(
            conn, handoff_id=record.id, team=team, channel=channel.name, at=parts.clock.now()
        )
        if staged is not None:
            await schedule_notification(conn, staged)
            if record.handoff.urgency is Urgency.URGENT:
                in_seconds = 60.0 * parts.routing.escalate_after_minutes
                await schedule_escalation(conn, staged, in_seconds=in_seconds)
            return await get_notification(conn, staged)
    return None


async def _send(parts: Parts, notification: NotificationRecord, record: HandoffRecord) -> None:
    """Raises a DestinationError, as the port says."""
    if notification.channel == TO_CALLER.name:
        await send_confirmation(parts, record, message_id=str(notification.id))
        return
    channel = parts.routing.find_channel(notification.channel)
    if channel is None:
        raise DestinationMissingError("the mapping names this channel no more")
    notifier = parts.notifiers.get(channel.kind)
    if notifier is None:
        raise DestinationMissingError(f"no {channel.kind} is configured")
    handoff = with_public_url(record.handoff, parts.public_url)
    await notifier.send(channel, Message(str(notification.id), record.created_at, handoff))


async def _take_failure(
    parts: Parts, job: Job, record: HandoffRecord, notification_id: UUID, error: DestinationError
) -> None:
    code = _code_of(error)
    async with parts.database.transaction() as conn:
        notification = await get_notification(conn, notification_id, lock=True)
        is_final = isinstance(error, DestinationRefusedError | DestinationMissingError)
        if is_final or notification.tries >= MOST_TRIES:
            await _give_up(conn, parts, record, notification, code)
            await jobs.finish(conn, job)
            return
        pause = _pause_seconds(notification, error)
        await notifications.record_failure(conn, notification.id, error=code)
        await jobs.reschedule(conn, job, run_in_seconds=pause, error=code)
    log.warning(
        "handoff_not_delivered",
        notification_id=str(notification_id),
        error=code,
        tries=notification.tries,
        next_try_in_seconds=round(pause, 1),
    )


async def _give_up(
    conn: AsyncConnection, parts: Parts, record: HandoffRecord, notification: NotificationRecord, code: str
) -> None:
    """Lay the notification aside, where people see it, and take the next channel."""
    await notifications.mark_dead(conn, notification.id, error=code)
    tries = notification.tries
    await _audit(conn, parts, "handoff.undelivered", record, notification, error=code, tries=tries)
    log.error("handoff_undelivered", notification_id=str(notification.id), error=code, tries=tries)
    await _escalate(conn, parts, await get_handoff(conn, record.id, lock=True), notification, why="dead")


async def _escalate(
    conn: AsyncConnection, parts: Parts, record: HandoffRecord, notification: NotificationRecord, *, why: str
) -> None:
    """Once for each notification, and only while nobody of this team's line was told. The handoff is locked."""
    if notification.channel == TO_CALLER.name:
        return  # nobody else is to be told in their place
    if notification.escalated_at is not None or await notifications.is_delivered(conn, record.id, notification.team):
        return
    line = await _line_to(conn, parts, record, notification.team)
    taken = await notifications.list_channels_taken(conn, record.id)
    following = await _stage_next(conn, parts, record, notification.team, line, taken)
    if following is None:
        log.error("handoff_has_no_channel_left", handoff_id=str(record.id), team=notification.team)
        return
    await notifications.mark_escalated(conn, notification.id, at=parts.clock.now())
    to = _kind_of(following)
    await _audit(
        conn, parts, "handoff.escalated", record, notification, why=why, to=to, next_notification_id=str(following.id)
    )


async def _audit(
    conn: AsyncConnection,
    parts: Parts,
    event: str,
    record: HandoffRecord,
    notification: NotificationRecord,
    *,
    actor: str = NOTIFIER,
    **data: str | int,
) -> None:
    """A channel by its kind alone: its address may be somebody's."""
    about = {"notification_id": str(notification.id), "team": notification.team, "channel": _kind_of(notification)}
    await audit.write(
        conn,
        actor=actor,
        event=event,
        at=parts.clock.now(),
        call_id=record.call_id,
        action_id=record.action_id,
        data={**about, **data},
    )


def _kind_of(notification: NotificationRecord) -> str:
    return notification.channel.partition(":")[0]


def _code_of(error: DestinationError) -> str:
    """What happened in a word of ours, with the status that was answered."""
    match error:
        case DestinationMissingError():
            word = "not configured"
        case DestinationRefusedError():
            word = "refused"
        case DestinationUnavailableError():
            word = "unavailable"
        case _:
            word = "no answer"
    return word if error.status_code is None else f"{word} {error.status_code}"


def _pause_seconds(notification: NotificationRecord, error: DestinationError) -> float:
    pause = pause_seconds(
        notification.tries,
        base=RETRY_BASE_SECONDS,
        cap=RETRY_CAP_SECONDS,
        jitter=random.random(),  # noqa: S311 (no secret)
    )
    return max(pause, min(error.retry_after_seconds or 0.0, LONGEST_WAIT_SECONDS))
