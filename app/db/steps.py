"""The steps of an action that takes several writes at a shop: each is committed before it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import action_steps

_UNSETTLED = action_steps.c.outcome.is_(None) | (action_steps.c.outcome == "unknown")


@dataclass(frozen=True, slots=True)
class StepRecord:
    number: int
    name: str
    outcome: str | None
    detail: str | None
    made: Mapping[str, Any] | None
    started_at: datetime
    finished_at: datetime | None


async def open_step(conn: AsyncConnection, action_id: UUID, name: str, *, at: datetime) -> int:
    """The number of the new step, from 1."""
    c = action_steps.c
    number = select(func.coalesce(func.max(c.number), 0) + 1).where(c.action_id == action_id)
    row = await conn.execute(
        insert(action_steps)
        .values(action_id=action_id, number=number.scalar_subquery(), name=name, started_at=at)
        .returning(c.number)
    )
    return int(row.scalar_one())


async def close_step(
    conn: AsyncConnection,
    action_id: UUID,
    number: int,
    *,
    outcome: str,
    at: datetime,
    detail: str | None = None,
    made: Mapping[str, Any] | None = None,
) -> None:
    c = action_steps.c
    await conn.execute(
        update(action_steps)
        .where(c.action_id == action_id, c.number == number)
        .values(outcome=outcome, detail=detail, made=made, finished_at=None if outcome == "unknown" else at)
    )


async def settle_steps(conn: AsyncConnection, action_id: UUID, name: str, *, happened: bool, at: datetime) -> None:
    """Those of the name whose end was not known: a read showed whether they took effect."""
    c = action_steps.c
    await conn.execute(
        update(action_steps)
        .where(c.action_id == action_id, c.name == name, _UNSETTLED)
        .values(outcome="succeeded" if happened else "failed", detail="A read showed it.", finished_at=at)
    )


async def has_step(conn: AsyncConnection, action_id: UUID, name: str) -> bool:
    c = action_steps.c
    query = select(c.number).where(c.action_id == action_id, c.name == name).limit(1)
    return (await conn.execute(query)).one_or_none() is not None


async def list_steps(conn: AsyncConnection, action_ids: Sequence[UUID]) -> dict[UUID, list[StepRecord]]:
    found: dict[UUID, list[StepRecord]] = {action_id: [] for action_id in action_ids}
    if action_ids:
        query = select(action_steps).where(action_steps.c.action_id.in_(action_ids)).order_by(action_steps.c.number)
        for row in await conn.execute(query):
            found[row.action_id].append(_step(row))
    return found


def _step(row: Row[Any]) -> StepRecord:
    return StepRecord(
        number=row.number,
        name=row.name,
        outcome=row.outcome,
        detail=row.detail,
        made=row.made,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
