"""The mirror: every order of the shop as last read, indexed by what a caller may say of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Row, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.contacts import normalise_name, normalise_reference
from app.core.orders import Order, OrderBatch
from app.db.facts import dump, load
from app.db.tables import order_batches, orders
from app.errors import NotFoundError

# Retrieval fetches at most so many orders for one kind of clue: a common name must not make one call's work unbounded.
MOST_CANDIDATES_PER_CLUE = 50
# A tail shorter than this fits too many orders to mean any of them.
SHORTEST_TAIL = 6


@dataclass(frozen=True, slots=True)
class OrderRecord:
    id: int
    order: Order
    read_at: datetime


async def save_order(conn: AsyncConnection, order: Order, *, read_at: datetime) -> OrderRecord | None:
    """Write what the shop showed at `read_at`; None when the mirror holds something newer already.

    A refund is known from an event alone, and some reads do not tell when the order was placed: neither is wiped by a
    read that does not show it.
    """
    known = await find_order(conn, order.destination, order.external_id, lock=True)
    if known is not None:
        if known.read_at > read_at:
            return None
        order = replace(
            order,
            refunded_at=order.refunded_at or known.order.refunded_at,
            placed_at=order.placed_at or known.order.placed_at,
            accepted_at=order.accepted_at or known.order.accepted_at,
        )
    values = {
        "destination": order.destination,
        "external_id": order.external_id,
        "reference_id": order.reference_id,
        "reference_key": normalise_reference(order.reference_id),
        "status": order.status,
        "stage": order.stage,
        "recipient_email": order.recipient.email,
        "sender_email": order.sender.email,
        "recipient_name_key": normalise_name(order.recipient.full_name),
        "sender_name_key": normalise_name(order.sender.full_name),
        "facts": dump(order),
        "refunded_at": order.refunded_at,
        "read_at": read_at,
    }
    statement = insert(orders).values(values)
    row = (
        await conn.execute(
            statement.on_conflict_do_update(
                constraint="order_once_per_destination",
                set_=values,
                where=orders.c.read_at <= statement.excluded.read_at,
            ).returning(orders)
        )
    ).one_or_none()
    return None if row is None else _record(row)


async def find_order(
    conn: AsyncConnection, destination: str, external_id: str, *, lock: bool = False
) -> OrderRecord | None:
    query = select(orders).where(orders.c.destination == destination, orders.c.external_id == external_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _record(row)


async def get_order(conn: AsyncConnection, order_id: int) -> OrderRecord:
    row = (await conn.execute(select(orders).where(orders.c.id == order_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"no order {order_id} in the mirror")
    return _record(row)


async def mark_refunded(conn: AsyncConnection, destination: str, external_id: str, at: datetime) -> None:
    """Keep the first refund the shop told of."""
    record = await find_order(conn, destination, external_id, lock=True)
    if record is not None and record.order.refunded_at is None:
        await conn.execute(
            update(orders)
            .where(orders.c.id == record.id)
            .values(refunded_at=at, facts=dump(replace(record.order, refunded_at=at)))
        )


async def find_candidates(
    conn: AsyncConnection,
    *,
    emails: Sequence[str] = (),
    references: Sequence[str] = (),
    tails: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[Order]:
    """Orders that share at least one clue, each clue read from its own index and bounded."""
    clues: list[ColumnElement[bool]] = []
    if emails:
        clues += [orders.c.recipient_email.in_(emails), orders.c.sender_email.in_(emails)]
    if references:
        keys = [normalise_reference(reference) for reference in references]
        clues += [orders.c.reference_key.in_(keys), orders.c.external_id.in_(list(references))]
    clues += [
        func.reverse(orders.c.reference_key).op("like")(normalise_reference(tail)[::-1] + "%")
        for tail in tails
        if len(normalise_reference(tail)) >= SHORTEST_TAIL
    ]
    name_keys = [key for key in map(normalise_name, names) if key]
    if name_keys:
        clues += [orders.c.recipient_name_key.in_(name_keys), orders.c.sender_name_key.in_(name_keys)]
    found: dict[int, Order] = {}
    for clue in clues:
        query = select(orders).where(clue).order_by(orders.c.id.desc()).limit(MOST_CANDIDATES_PER_CLUE)
        found |= {row.id: load(Order, row.facts) for row in await conn.execute(query)}
    return list(found.values())


async def count_orders(conn: AsyncConnection) -> int:
    """How many orders the mirror holds, roughly: exact while it is small, from the statistics once it is large."""
    estimate = (
        await conn.execute(text("select reltuples::bigint from pg_class where oid = 'orders'::regclass"))
    ).scalar_one()
    if estimate > 100_000:
        return int(estimate)
    return int((await conn.execute(select(func.count()).select_from(orders))).scalar_one())


async def list_orders(
    conn: AsyncConnection,
    *,
    emails: Sequence[str] | None,
    reference: str | None,
    before_id: int | None,
    limit: int,
) -> list[OrderRecord]:
    """Newest first; None for a clue that does not matter, an empty list of e-mails fits no order."""
    query = select(orders).order_by(orders.c.id.desc())
    if emails is not None:
        query = query.where(or_(orders.c.recipient_email.in_(emails), orders.c.sender_email.in_(emails)))
    if reference is not None:
        query = query.where(
            or_(orders.c.reference_key == normalise_reference(reference), orders.c.external_id == reference)
        )
    if before_id is not None:
        query = query.where(orders.c.id < before_id)
    return [_record(row) for row in await conn.execute(query.limit(limit))]


async def save_batch(conn: AsyncConnection, batch: OrderBatch, *, read_at: datetime) -> None:
    values = {
        "destination": batch.destination,
        "external_id": batch.external_id,
        "customer_reference_id": batch.customer_reference_id,
        "send_status": batch.send_status,
        "facts": dump(batch),
        "read_at": read_at,
    }
    statement = insert(order_batches).values(values)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["destination", "external_id"],
            set_=values,
            where=order_batches.c.read_at <= statement.excluded.read_at,
        )
    )


def _record(row: Row[tuple[object, ...]]) -> OrderRecord:
    return OrderRecord(id=row.id, order=load(Order, row.facts), read_at=row.read_at)
