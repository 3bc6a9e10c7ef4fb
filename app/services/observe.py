"""The shop told of an order, or we saw it change: read it before believing it, then settle what waits for it."""

from app.core.orders import Order
from app.db import audit, jobs
from app.db.deliveries import get_delivery
from app.db.jobs import Job
from app.db.orders import find_order, mark_refunded
from app.errors import DestinationMissingError
from app.ports.commerce import Commerce
from app.services.mirror import keep_order
from app.services.parts import MIRROR, Parts
from app.services.schedule import schedule_sync
from app.services.settle import settle_by_order

REFUNDED = "order.refunded"


async def observe(parts: Parts, job: Job) -> None:
    destination, subject = job.payload["destination"], job.payload["subject"]
    shop = parts.shops[destination]
    delivery = None
    if job.payload["delivery_id"] is not None:
        async with parts.database.transaction() as conn:
            delivery = await get_delivery(conn, job.payload["delivery_id"], vault=parts.vault)
    if delivery is not None and delivery.kind.startswith("order_batch."):
        async with parts.database.transaction() as conn:
            await schedule_sync(conn, destination)
            await jobs.finish(conn, job)
        return
    order = await _read(parts, shop, subject)
    event = delivery.kind if delivery else None
    async with parts.database.transaction() as conn:
        if delivery is not None and event == REFUNDED:
            await mark_refunded(conn, destination, subject, delivery.received_at)
        record = await find_order(conn, destination, subject)
        if record is not None:
            await settle_by_order(conn, parts, record, event=event)
        await audit.write(
            conn,
            actor=MIRROR,
            event="order.observed" if order else "order.not_visible",
            at=parts.clock.now(),
            data={
                "destination": destination,
                "order_id": subject,
                "event": event,
                "delivery_id": delivery.id if delivery else None,
                "status": order.status if order else None,
            },
        )
        await jobs.finish(conn, job)


async def _read(parts: Parts, shop: Commerce, order_id: str) -> Order | None:
    """None where the key does not show it: webhooks tell of every order of the organisation, a key of its user's."""
    asked_at = parts.clock.now()
    try:
        order = await shop.read_order(order_id)
    except DestinationMissingError:
        return None
    async with parts.database.transaction() as conn:
        return (await keep_order(conn, order, read_at=asked_at)).order
