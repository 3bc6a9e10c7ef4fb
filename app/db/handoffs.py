"""Handoffs: what a team was told, once of each action and once of each of its alarms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.handoff import Handoff
from app.core.handoff_text import as_text
from app.db.facts import dump, load
from app.db.tables import handoffs
from app.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class HandoffRecord:
    id: UUID
    call_id: str
    action_id: UUID
    handoff: Handoff
    created_at: datetime


async def insert_handoff(
    conn: AsyncConnection,
    handoff: Handoff,
    *,
    call_id: str,
    action_id: UUID,
    at: datetime,
    alarm_id: UUID | None = None,
) -> HandoffRecord | None:
    """None when this action's handoff, or this alarm's, was written before."""
    written: UUID | None = await conn.scalar(
        insert(handoffs)
        .values(
            call_id=call_id,
            action_id=action_id,
            team=handoff.team,
            urgency=handoff.urgency,
            body=dump(handoff),
            text=as_text(handoff),
            created_at=at,
            alarm_id=alarm_id,
        )
        .on_conflict_do_nothing()
        .returning(handoffs.c.id)
    )
    return None if written is None else HandoffRecord(written, call_id, action_id, handoff, at)


async def get_handoff(conn: AsyncConnection, handoff_id: UUID, *, lock: bool = False) -> HandoffRecord:
    query = select(handoffs).where(handoffs.c.id == handoff_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFoundError(f"no handoff {handoff_id}")
    return HandoffRecord(row.id, row.call_id, row.action_id, load(Handoff, row.body), row.created_at)


async def list_handoffs(conn: AsyncConnection, call_id: str) -> list[dict[str, Any]]:
    query = select(handoffs).where(handoffs.c.call_id == call_id).order_by(handoffs.c.created_at, handoffs.c.id)
    return [dict(row) for row in (await conn.execute(query)).mappings()]
