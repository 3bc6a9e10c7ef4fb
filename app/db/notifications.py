"""Notifications: one handoff on its way to one channel, and how far it came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import handoffs, notifications
from app.errors import NotFoundError

STATUSES = ("pending", "delivered", "dead")


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    id: UUID
    handoff_id: UUID
    team: str
    channel: str
    status: str
    tries: int
    last_error: str | None
    created_at: datetime
    tried_at: datetime | None
    delivered_at: datetime | None
    escalated_at: datetime | None


async def insert_notification(
    conn: AsyncConnection, *, handoff_id: UUID, team: str, channel: str, at: datetime
) -> UUID | None:
    """None when this handoff went to this channel before."""
    written: UUID | None = await conn.scalar(
        insert(notifications)
        .values(handoff_id=handoff_id, team=team, channel=channel, created_at=at)
        .on_conflict_do_nothing()
        .returning(notifications.c.id)
    )
    return written


async def get_notification(conn: AsyncConnection, notification_id: UUID, *, lock: bool = False) -> NotificationRecord:
    query = select(notifications).where(notifications.c.id == notification_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"no notification {notification_id}")
    return NotificationRecord(**row)


async def list_channels_taken(conn: AsyncConnection, handoff_id: UUID) -> set[str]:
    """Whatever became of them."""
    query = select(notifications.c.channel).where(notifications.c.handoff_id == handoff_id)
    return set((await conn.scalars(query)).all())


async def is_delivered(conn: AsyncConnection, handoff_id: UUID, team: str) -> bool:
    """By any channel of the team's line."""
    line = (notifications.c.handoff_id == handoff_id) & (notifications.c.team == team)
    return bool(await conn.scalar(select(exists().where(line, notifications.c.status == "delivered"))))


async def record_try(conn: AsyncConnection, notification_id: UUID, *, at: datetime) -> None:
    await _set(conn, notification_id, tries=notifications.c.tries + 1, tried_at=at)


async def record_failure(conn: AsyncConnection, notification_id: UUID, *, error: str) -> None:
    await _set(conn, notification_id, last_error=error)


async def mark_delivered(conn: AsyncConnection, notification_id: UUID, *, at: datetime) -> None:
    await _set(conn, notification_id, status="delivered", delivered_at=at)


async def mark_dead(conn: AsyncConnection, notification_id: UUID, *, error: str) -> None:
    await _set(conn, notification_id, status="dead", last_error=error)


async def mark_escalated(conn: AsyncConnection, notification_id: UUID, *, at: datetime) -> None:
    await _set(conn, notification_id, escalated_at=at)


async def mark_pending(conn: AsyncConnection, notification_id: UUID) -> None:
    """With all its tries again."""
    await _set(conn, notification_id, status="pending", tries=0)


async def list_notifications(
    conn: AsyncConnection,
    *,
    status: str | None,
    call_id: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Newest first, each with what its handoff is about."""
    about = (handoffs.c.call_id, handoffs.c.action_id, handoffs.c.urgency)
    query = select(notifications, *about).join(handoffs, handoffs.c.id == notifications.c.handoff_id)
    if status is not None:
        query = query.where(notifications.c.status == status)
    if call_id is not None:
        query = query.where(handoffs.c.call_id == call_id)
    if before is not None:
        query = query.where(tuple_(notifications.c.created_at, notifications.c.id) < before)
    query = query.order_by(notifications.c.created_at.desc(), notifications.c.id.desc()).limit(limit)
    return [dict(row) for row in (await conn.execute(query)).mappings()]


async def count_notifications(conn: AsyncConnection) -> dict[str, int]:
    query = select(notifications.c.status, func.count().label("number")).group_by(notifications.c.status)
    return dict.fromkeys(STATUSES, 0) | {row.status: row.number for row in await conn.execute(query)}


async def _set(conn: AsyncConnection, notification_id: UUID, **values: Any) -> None:
    await conn.execute(update(notifications).where(notifications.c.id == notification_id).values(**values))
