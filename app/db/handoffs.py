"""Handoffs: what a team was told, each action's once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.handoff import Handoff, as_text
from app.db.facts import dump
from app.db.tables import handoffs


async def insert_handoff(
    conn: AsyncConnection, handoff: Handoff, *, call_id: str, action_id: UUID, at: datetime
) -> bool:
    """False when this action's handoff was written before."""
    row = await conn.execute(
        insert(handoffs)
        .values(
            call_id=call_id,
            action_id=action_id,
            team=handoff.team,
            urgency=handoff.urgency,
            body=dump(handoff),
            text=as_text(handoff),
            created_at=at,
        )
        .on_conflict_do_nothing()
        .returning(handoffs.c.id)
    )
    return row.one_or_none() is not None


async def list_handoffs(conn: AsyncConnection, call_id: str) -> list[dict[str, Any]]:
    query = select(handoffs).where(handoffs.c.call_id == call_id).order_by(handoffs.c.created_at, handoffs.c.id)
    return [dict(row) for row in (await conn.execute(query)).mappings()]
