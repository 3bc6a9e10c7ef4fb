"""The mirror: every order of the shop as last read, indexed by what a caller may say of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core import keys
from app.core.comparing import last_moved_at
from app.core.confusion import sound_of
from app.core.contacts import normalise_name, normalise_reference
from app.core.keys import keys_of
from app.core.orders import Order, OrderBatch
from app.db.facts import dump, load
from app.db.tables import order_batches, orders
from app.errors import NotFoundError


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
        **_found_by(order),
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


def _found_by(order: Order) -> dict[str, object]:
    """The columns that only retrieval reads."""
    return {
        "moved_at": last_moved_at(order),
        "reference_sound": sound_of(normalise_reference(order.reference_id)),
        "keys": keys_of(order),
        "keyed_by": keys.VERSION,
    }


async def key_orders(conn: AsyncConnection, *, most: int) -> int:
    """Key anew some orders that an older version has keyed; how many. Others may do the same at the same time."""
    old = select(orders).where(orders.c.keyed_by < keys.VERSION).limit(most).with_for_update(skip_locked=True)
    rows = (await conn.execute(old)).all()
    for row in rows:
        await conn.execute(update(orders).where(orders.c.id == row.id).values(_found_by(load(Order, row.facts))))
    return len(rows)


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
