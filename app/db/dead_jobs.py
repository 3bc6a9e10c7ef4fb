"""Dead jobs: those that used up their tries, seen by what they died of, given back to the queue or dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import jobs
from app.errors import NotFoundError

SAMPLES = 5

# A word of four or more signs with a digit among them is an id, a time or an amount; "answered 503" and "line 12" stay,
# for they tell one cause from another.
NAMES_ONE = r"\m(?=[\w-]*\d)[\w-]{4,}\M"


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """Jobs of one kind that died of the same. `id` is made of these two, so it means the same tomorrow."""

    id: str
    kind: str
    cause: str
    number: int
    first_at: datetime  # when the last try of the first of them was due
    last_at: datetime
    samples: Sequence[int]


@dataclass(frozen=True, slots=True)
class DeadJob:
    id: int
    kind: str
    payload: Mapping[str, Any]
    lane: str | None
    tries: int
    last_error: str | None
    created_at: datetime
    run_at: datetime
    group: str


def _cause() -> ColumnElement[str]:
    return func.regexp_replace(func.coalesce(jobs.c.last_error, "unknown"), NAMES_ONE, "…", "g")


def _group() -> ColumnElement[str]:
    return func.left(func.md5(jobs.c.kind.concat(":").concat(_cause())), 12)


async def list_dead_groups(conn: AsyncConnection) -> list[DeadGroup]:
    """The largest first."""
    grouped = select(jobs.c.id, jobs.c.kind, jobs.c.run_at, _cause().label("cause"), _group().label("group"))
    dead = grouped.where(jobs.c.status == "dead").subquery()
    newest_first = func.array_agg(aggregate_order_by(dead.c.id, dead.c.id.desc()))
    query = (
        select(
            dead.c.group.label("id"),
            dead.c.kind,
            dead.c.cause,
            func.count().label("number"),
            func.min(dead.c.run_at).label("first_at"),
            func.max(dead.c.run_at).label("last_at"),
            newest_first.label("samples"),
        )
        .group_by(dead.c.group, dead.c.kind, dead.c.cause)
        .order_by(func.count().desc(), dead.c.group)
    )
    rows = (await conn.execute(query)).mappings()
    return [DeadGroup(**{**row, "samples": row["samples"][:SAMPLES]}) for row in rows]


async def get_dead(conn: AsyncConnection, job_id: int, *, lock: bool = False) -> DeadJob:
    query = _query().where(jobs.c.id == job_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"no dead job {job_id}")
    return DeadJob(**row)


async def lock_dead(conn: AsyncConnection, *, group: str | None, above_id: int, limit: int) -> list[DeadJob]:
    """The oldest of a group, or of all, above this id; those that somebody else has in hand are passed over."""
    query = _query().where(jobs.c.id > above_id).order_by(jobs.c.id).limit(limit).with_for_update(skip_locked=True)
    if group is not None:
        query = query.where(_group() == group)
    return [DeadJob(**row) for row in (await conn.execute(query)).mappings()]


async def drop_dead(conn: AsyncConnection, job_id: int) -> None:
    await conn.execute(delete(jobs).where(jobs.c.id == job_id, jobs.c.status == "dead"))


async def count_dead_by_kind(conn: AsyncConnection) -> dict[str, int]:
    query = select(jobs.c.kind, func.count().label("number")).where(jobs.c.status == "dead").group_by(jobs.c.kind)
    return {row.kind: row.number for row in await conn.execute(query)}


def _query() -> Select[Any]:
    columns = (jobs.c.id, jobs.c.kind, jobs.c.payload, jobs.c.lane, jobs.c.tries, jobs.c.last_error)
    query = select(*columns, jobs.c.created_at, jobs.c.run_at, _group().label("group"))
    return query.where(jobs.c.status == "dead")
