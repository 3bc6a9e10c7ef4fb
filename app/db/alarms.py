"""Alarms: actions that stand still, each raised once for as long as it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.alarms import STANDS_IN, AlarmKind, AlarmTimes
from app.core.lifecycle import ActionStatus
from app.db.tables import actions, alarms, reviews
from app.errors import NotFoundError

# One look is short; what is left comes with the next.
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    id: UUID
    action_id: UUID
    call_id: str
    kind: AlarmKind
    raised_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    reason: str | None
    cleared_at: datetime | None

    @property
    def state(self) -> str:
        if self.cleared_at is not None:
            return "cleared"
        return "open" if self.acknowledged_by is None else "acknowledged"


async def list_standing_still(conn: AsyncConnection, times: AlarmTimes, now: datetime) -> list[tuple[UUID, AlarmKind]]:
    """Actions that nobody was alarmed of yet, with what to be alarmed of; `now` is what due times are held against."""
    found: list[tuple[UUID, AlarmKind]] = []
    for kind in (AlarmKind.OUTCOME_UNKNOWN, AlarmKind.NOT_ASSISTED, AlarmKind.FAILED):
        query = (
            select(actions.c.id)
            .where(_stands_still(kind, times, now), ~_is_raised(kind))
            .order_by(actions.c.updated_at)
            .limit(MOST_AT_ONCE)
        )
        found += [(action_id, kind) for action_id in (await conn.scalars(query)).all()]
    return found


async def stands_still(
    conn: AsyncConnection, action_id: UUID, kind: AlarmKind, times: AlarmTimes, now: datetime
) -> bool:
    query = select(actions.c.id).where(actions.c.id == action_id, _stands_still(kind, times, now))
    return await conn.scalar(query) is not None


async def list_unconfirmed(conn: AsyncConnection, times: AlarmTimes) -> list[UUID]:
    """Actions that the shop should have confirmed by now."""
    query = (
        select(actions.c.id)
        .where(actions.c.status == ActionStatus.AWAITING_CONFIRMATION, _has_lasted(times.confirmation))
        .order_by(actions.c.updated_at)
        .limit(MOST_AT_ONCE)
    )
    return list((await conn.scalars(query)).all())


async def insert_alarm(conn: AsyncConnection, action_id: UUID, kind: AlarmKind, *, at: datetime) -> UUID | None:
    """None where it is raised already."""
    raised: UUID | None = await conn.scalar(
        insert(alarms)
        .values(action_id=action_id, kind=kind, raised_at=at)
        .on_conflict_do_nothing()
        .returning(alarms.c.id)
    )
    return raised


async def clear_alarms(conn: AsyncConnection, *, at: datetime) -> list[AlarmRecord]:
    """Those whose action went on. Locked ones are somebody's who clears or acknowledges them right now."""
    over = select(alarms.c.id).join(actions, actions.c.id == alarms.c.action_id)
    over = over.where(alarms.c.cleared_at.is_(None), actions.c.status != _standing_status())
    over = over.order_by(alarms.c.id).limit(MOST_AT_ONCE).with_for_update(of=alarms, skip_locked=True)
    ids = (await conn.scalars(over)).all()
    if not ids:
        return []
    await conn.execute(update(alarms).where(alarms.c.id.in_(ids)).values(cleared_at=at))
    return [_alarm(row) for row in await conn.execute(_query().where(alarms.c.id.in_(ids)))]


async def get_alarm(conn: AsyncConnection, alarm_id: UUID, *, lock: bool = False) -> AlarmRecord:
    query = _query().where(alarms.c.id == alarm_id)
    row = (await conn.execute(query.with_for_update(of=alarms) if lock else query)).one_or_none()
    if row is None:
        raise NotFoundError(f"no alarm {alarm_id}")
    return _alarm(row)


async def acknowledge_alarm(conn: AsyncConnection, alarm_id: UUID, *, by: str, reason: str, at: datetime) -> None:
    changes = {"acknowledged_by": by, "acknowledged_at": at, "reason": reason}
    await conn.execute(update(alarms).where(alarms.c.id == alarm_id).values(**changes))


async def list_alarms(
    conn: AsyncConnection, *, states: Sequence[str], before: tuple[datetime, UUID] | None, limit: int
) -> list[AlarmRecord]:
    """Newest first."""
    query = _query().where(_state().in_(states)).order_by(alarms.c.raised_at.desc(), alarms.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(alarms.c.raised_at, alarms.c.id) < before)
    return [_alarm(row) for row in await conn.execute(query)]


async def count_raised(conn: AsyncConnection, kind: AlarmKind, *, since: datetime) -> int:
    """Whatever became of them."""
    query = select(func.count()).select_from(alarms).where(alarms.c.raised_at >= since, alarms.c.kind == kind)
    return int(await conn.scalar(query) or 0)


async def count_alarms(conn: AsyncConnection) -> list[tuple[str, str, int]]:
    """Kind, state and how many, of those that stand."""
    state = _state().label("state")
    query = (
        select(alarms.c.kind, state, func.count()).where(alarms.c.cleared_at.is_(None)).group_by(alarms.c.kind, state)
    )
    return [(kind, said, number) for kind, said, number in await conn.execute(query)]


def _stands_still(kind: AlarmKind, times: AlarmTimes, now: datetime) -> ColumnElement[bool]:
    is_there = actions.c.status == STANDS_IN[kind]
    match kind:
        case AlarmKind.OUTCOME_UNKNOWN:
            return and_(is_there, _has_lasted(times.unknown))
        case AlarmKind.NOT_ASSISTED:
            unclaimed = or_(reviews.c.claimed_until.is_(None), reviews.c.claimed_until < now)
            is_late = and_(reviews.c.status == "open", reviews.c.due_at < now, unclaimed)
            return and_(is_there, exists().where(reviews.c.action_id == actions.c.id, is_late))
        case _:
            return is_there


def _has_lasted(time: timedelta) -> ColumnElement[bool]:
    """By Postgres's own clock, which wrote the moment of the last move."""
    return actions.c.updated_at < func.now() - time


def _is_raised(kind: AlarmKind) -> ColumnElement[bool]:
    return exists().where(alarms.c.action_id == actions.c.id, alarms.c.kind == kind, alarms.c.cleared_at.is_(None))


def _standing_status() -> ColumnElement[str]:
    return case(*((alarms.c.kind == kind, str(status)) for kind, status in STANDS_IN.items()))


def _state() -> ColumnElement[str]:
    return case(
        (alarms.c.cleared_at.is_not(None), "cleared"),
        (alarms.c.acknowledged_by.is_not(None), "acknowledged"),
        else_="open",
    )


def _query() -> Select[Any]:
    return select(*alarms.c, actions.c.call_id).join(actions, actions.c.id == alarms.c.action_id)


def _alarm(row: Row[Any]) -> AlarmRecord:
    return AlarmRecord(
        id=row.id,
        action_id=row.action_id,
        call_id=row.call_id,
        kind=AlarmKind(row.kind),
        raised_at=row.raised_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        reason=row.reason,
        cleared_at=row.cleared_at,
    )
