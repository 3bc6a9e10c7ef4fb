"""Switches: a kind of action or a destination that people switched off. What is not in the table is on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.lifecycle import ActionStatus
from app.db.tables import actions, audit_entries, orders, switches

MOST_LISTED = 100  # held actions that a switch shows; their number is counted in full


@dataclass(frozen=True, slots=True)
class SwitchRecord:
    """`off_since` is None while it is on."""

    scope: str  # kind or destination
    name: str
    off_since: datetime | None
    changed_by: str
    changed_at: datetime
    reason: str

    @property
    def says(self) -> str:
        return f"{self.scope} {self.name} is switched off: {self.reason}"


async def lock_switch(conn: AsyncConnection, scope: str, name: str) -> SwitchRecord | None:
    """None where it was never switched."""
    query = select(switches).where(switches.c.scope == scope, switches.c.name == name).with_for_update()
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else SwitchRecord(**row)


async def save_switch(conn: AsyncConnection, switch: SwitchRecord) -> None:
    changes = {
        "off_since": switch.off_since,
        "changed_by": switch.changed_by,
        "changed_at": switch.changed_at,
        "reason": switch.reason,
    }
    await conn.execute(
        insert(switches)
        .values(scope=switch.scope, name=switch.name, **changes)
        .on_conflict_do_update(index_elements=["scope", "name"], set_=changes)
    )


async def list_switches(conn: AsyncConnection) -> list[SwitchRecord]:
    """All that were ever switched, those that are off first."""
    query = select(switches).order_by(switches.c.off_since.is_(None), switches.c.scope, switches.c.name)
    return [SwitchRecord(**row) for row in (await conn.execute(query)).mappings()]


async def list_holding(conn: AsyncConnection, action_ids: Sequence[UUID]) -> dict[UUID, list[SwitchRecord]]:
    """Of each action the switches that hold what may be done of it; one that nothing holds is not in the answer."""
    held: dict[UUID, list[SwitchRecord]] = {}
    if action_ids:
        query = _held().add_columns(*switches.c).where(actions.c.id.in_(action_ids))
        for row in (await conn.execute(query)).mappings():
            known = dict(row)
            held.setdefault(known.pop("action_id"), []).append(SwitchRecord(**known))
    return held


async def list_held(conn: AsyncConnection, scope: str, name: str, *, limit: int | None = None) -> list[UUID]:
    """The approved actions that this switch holds, or held until now, the oldest first."""
    query = (
        select(actions.c.id)
        .outerjoin(orders, orders.c.id == actions.c.order_id)
        .where(actions.c.status == ActionStatus.APPROVED)
        .where(actions.c.kind == name if scope == "kind" else _is_at(name))
        .order_by(actions.c.created_at, actions.c.id)
        .limit(limit)
    )
    return list((await conn.scalars(query)).all())


async def was_told_held(conn: AsyncConnection, action_id: UUID, since: datetime) -> bool:
    """Whether the audit says already that it is held."""
    entry = exists().where(
        audit_entries.c.action_id == action_id, audit_entries.c.event == "action.held", audit_entries.c.at >= since
    )
    return bool(await conn.scalar(select(entry)))


def _is_at(destination: ColumnElement[str] | str) -> ColumnElement[bool]:
    """What is tied to no order, such as one to be sent, goes to whichever shop can: each that is off holds it."""
    return or_(orders.c.destination == destination, actions.c.order_id.is_(None))


def _held() -> Select[tuple[UUID]]:
    of_kind = and_(switches.c.scope == "kind", switches.c.name == actions.c.kind)
    of_destination = and_(switches.c.scope == "destination", _is_at(switches.c.name))
    return (
        select(actions.c.id.label("action_id"))
        .select_from(actions)
        .outerjoin(orders, orders.c.id == actions.c.order_id)
        .join(switches, or_(of_kind, of_destination))
        .where(switches.c.off_since.is_not(None))
        .order_by(case((switches.c.scope == "kind", 0), else_=1))
    )
