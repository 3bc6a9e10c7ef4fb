"""What we hold of the things that vendors list: read for many ids at once, by reconcilers and by their report."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, ColumnElement, exists, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.calls import Call
from app.core.completeness import HeldCall, HeldOrder
from app.core.lifecycle import ActionStatus
from app.core.orders import Order
from app.db.facts import load
from app.db.tables import actions, calls, deliveries, jobs, orders

# The kind of the deliveries that we fetched ourselves.
REST_CALL = "rest.call"

# What a change of the order may end, or take the ground from.
AWAITING = (
    ActionStatus.AWAITING_REVIEW,
    ActionStatus.EXECUTING,
    ActionStatus.OUTCOME_UNKNOWN,
    ActionStatus.AWAITING_ASSISTANCE,
    ActionStatus.AWAITING_CONFIRMATION,
)

# In the words of the index orders_to_look_for, without which it would not be used.
_MOVES: ColumnElement[bool] = literal_column("orders.stage <> all (array['delivered', 'cancelled'])", Boolean)
_looked_at = func.greatest(orders.c.read_at, orders.c.looked_for_at)


async def hold_calls(conn: AsyncConnection, sender: str, call_ids: Sequence[str]) -> dict[str, HeldCall]:
    """Each of the calls, with nothing where we hold nothing."""
    ids = list(call_ids)
    columns = (calls.c.call_id, calls.c.facts, calls.c.matched_revision.is_not(None).label("is_matched"))
    known = {row.call_id: row for row in await conn.execute(select(*columns).where(calls.c.call_id == func.any(ids)))}
    is_fetched = deliveries.c.kind == REST_CALL
    told = {
        row.subject: row
        for row in await conn.execute(
            select(
                deliveries.c.subject,
                func.bool_or(is_fetched).label("was_fetched"),
                func.bool_or(~is_fetched).label("came_by_webhook"),
            )
            .where(
                deliveries.c.subject == func.any(ids),
                deliveries.c.sender == sender,
                deliveries.c.parked_reason.is_(None),
            )
            .group_by(deliveries.c.subject)
        )
    }
    return {
        call_id: HeldCall(
            call=load(Call, known[call_id].facts) if call_id in known else None,
            is_matched=call_id in known and known[call_id].is_matched,
            came_by_webhook=call_id in told and told[call_id].came_by_webhook,
            was_fetched=call_id in told and told[call_id].was_fetched,
        )
        for call_id in ids
    }


async def list_lanes_at_work(conn: AsyncConnection, lanes: Sequence[str], *, kind: str) -> set[str]:
    """Those of the lanes in which a job of this kind waits or runs."""
    at_work = select(jobs.c.lane).where(
        jobs.c.lane == func.any(list(lanes)), jobs.c.kind == kind, jobs.c.status.in_(["waiting", "running"])
    )
    return {row.lane for row in await conn.execute(at_work)}


async def hold_orders(conn: AsyncConnection, destination: str, external_ids: Sequence[str]) -> dict[str, HeldOrder]:
    """Each of the orders, with nothing where we hold nothing."""
    ids = list(external_ids)
    mine = select(orders.c.external_id, orders.c.facts, orders.c.read_at).where(
        orders.c.destination == destination, orders.c.external_id == func.any(ids)
    )
    known = {row.external_id: (load(Order, row.facts), row.read_at) for row in await conn.execute(mine)}
    by_webhook = (
        select(deliveries.c.subject, func.array_agg(deliveries.c.kind.distinct()).label("kinds"))
        .where(
            deliveries.c.subject == func.any(ids),
            deliveries.c.sender == destination,
            deliveries.c.parked_reason.is_(None),
        )
        .group_by(deliveries.c.subject)
    )
    told = {row.subject: frozenset(row.kinds) for row in await conn.execute(by_webhook)}
    held = {}
    for external_id in ids:
        order, read_at = known.get(external_id, (None, None))
        held[external_id] = HeldOrder(order, told.get(external_id, frozenset()), read_at)
    return held


async def list_orders_to_look_for(
    conn: AsyncConnection, destination: str, *, awaited_before: datetime, others_before: datetime, limit: int
) -> list[str]:
    """Ids of orders that an action waits for, or that may still move, and that were not looked for since these times.

    Those that are waited for come first; where there are many, half of the places are left to the others.
    """
    is_awaited = exists().where(actions.c.order_id == orders.c.id, actions.c.status.in_(AWAITING))
    awaited = await _list_to_look_for(conn, destination, is_awaited, before=awaited_before, limit=limit)
    others = await _list_to_look_for(conn, destination, _MOVES & ~is_awaited, before=others_before, limit=limit)
    half = max(1, limit // 2)
    return [*awaited[:half], *others[: limit - len(awaited[:half])], *awaited[half:]][:limit]


async def _list_to_look_for(
    conn: AsyncConnection, destination: str, which: ColumnElement[bool], *, before: datetime, limit: int
) -> list[str]:
    query = (
        select(orders.c.external_id)
        .where(orders.c.destination == destination, which, before > _looked_at)
        .order_by(_looked_at)
        .limit(limit)
    )
    return list(await conn.scalars(query))


async def note_looked_for(conn: AsyncConnection, destination: str, external_id: str, at: datetime) -> None:
    """Whether the shop showed it or not: one that it does not show must not hold up the others."""
    await conn.execute(
        update(orders)
        .where(orders.c.destination == destination, orders.c.external_id == external_id)
        .values(looked_for_at=at)
    )


async def count_not_read_since(conn: AsyncConnection, destination: str, moment: datetime) -> int:
    """Orders that may have moved unseen: no feed tells of all that can happen to them."""
    query = (
        select(func.count())
        .select_from(orders)
        .where(orders.c.destination == destination, _MOVES, orders.c.read_at < moment)
    )
    return int(await conn.scalar(query) or 0)
