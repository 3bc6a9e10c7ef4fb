"""Keep the mirror: read orders from the shop, all of them at first and what changed since then."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.orders import Order
from app.db import audit, jobs
from app.db.actions import list_unfinished_actions_of_order
from app.db.bookmarks import find_bookmark, set_bookmark
from app.db.jobs import Job
from app.db.orders import OrderRecord, find_order, key_orders, save_batch, save_order
from app.errors import DestinationError, DestinationMissingError
from app.ports.commerce import Commerce
from app.services.parts import MIRROR, Parts
from app.services.schedule import schedule_check

log = structlog.get_logger()

# A feed is read again from a little before the last time: clocks differ, and a row may be saved later than its date.
OVERLAP = timedelta(minutes=5)
ROWS_PER_TRANSACTION = 100


async def refresh_order(parts: Parts, shop: Commerce, external_id: str) -> Order:
    """Read the order at the shop and keep it. Raises DestinationError, as the port says."""
    asked_at = parts.clock.now()
    order = await shop.read_order(external_id)
    async with parts.database.transaction() as conn:
        await save_order(conn, order, read_at=asked_at)
        record = await find_order(conn, shop.name, external_id)
    return order if record is None else record.order


async def sync_orders_job(parts: Parts, job: Job) -> None:
    await sync_orders(parts, parts.shops[job.payload["destination"]])
    async with parts.database.transaction() as conn:
        await jobs.finish(conn, job)


async def sync_orders(parts: Parts, shop: Commerce) -> int:
    """Bring the mirror up to now; the number of orders read. The first time that is a back-fill of everything."""
    bookmark = f"{shop.name}.orders"
    started_at = parts.clock.now()
    async with parts.database.transaction() as conn:
        read_up_to = await find_bookmark(conn, bookmark)
    since = read_up_to - OVERLAP if read_up_to else None
    number = await _save_all(parts, shop.list_orders(placed_after=since), read_at=started_at)
    if since is None:
        await _back_fill_batches(parts, shop)
    else:
        number += await _save_changes(parts, shop, since, read_at=started_at)
    await _key_anew(parts)
    async with parts.database.transaction() as conn:
        await set_bookmark(conn, bookmark, started_at)
        if since is None:
            await audit.write(
                conn,
                actor=MIRROR,
                event="mirror.back_filled",
                at=started_at,
                data={"destination": shop.name, "orders": number},
            )
    log.info("mirror_synced", destination=shop.name, orders=number, back_fill=since is None)
    return number


async def _key_anew(parts: Parts) -> None:
    """Orders that an older version of the service has saved are found by today's keys, too."""
    keyed = ROWS_PER_TRANSACTION
    while keyed == ROWS_PER_TRANSACTION:
        async with parts.database.transaction() as conn:
            keyed = await key_orders(conn, most=ROWS_PER_TRANSACTION)


async def is_mirror_read_since(conn: AsyncConnection, shop: Commerce, moment: datetime) -> bool:
    """Whether the mirror shows every order placed before the moment."""
    read_up_to = await find_bookmark(conn, f"{shop.name}.orders")
    return read_up_to is not None and read_up_to >= moment


async def _save_changes(parts: Parts, shop: Commerce, since: datetime, *, read_at: datetime) -> int:
    try:
        return await _save_all(parts, shop.list_changed_orders(after=since), read_at=read_at)
    except DestinationMissingError:
        # The change feed is newer than the rest of the API; without it webhooks alone tell of changes.
        log.warning("change_feed_missing", destination=shop.name)
        return 0


async def _back_fill_batches(parts: Parts, shop: Commerce) -> None:
    try:
        async for batch in shop.list_batches():
            async with parts.database.transaction() as conn:
                await save_batch(conn, batch, read_at=parts.clock.now())
    except DestinationError as error:
        # Batches only add what a scheduled sending has promised; orders must not wait for them.
        log.warning("batches_not_read", destination=shop.name, reason=str(error))


async def _save_all(parts: Parts, orders: AsyncIterator[Order], *, read_at: datetime) -> int:
    number = 0
    page: list[Order] = []
    async for order in orders:
        page.append(order)
        if len(page) == ROWS_PER_TRANSACTION:
            number += await _save_page(parts, page, read_at=read_at)
            page = []
    return number + await _save_page(parts, page, read_at=read_at)


async def _save_page(parts: Parts, page: list[Order], *, read_at: datetime) -> int:
    async with parts.database.transaction() as conn:
        # In one order everywhere, so that two transactions never hold what the other waits for.
        for order in sorted(page, key=lambda order: order.external_id):
            known = await find_order(conn, order.destination, order.external_id)
            saved = await save_order(conn, order, read_at=read_at)
            if saved is not None and known is not None and known.order != saved.order:
                await _check_if_somebody_waits(conn, saved)
    return len(page)


async def _check_if_somebody_waits(conn: AsyncConnection, record: OrderRecord) -> None:
    if await list_unfinished_actions_of_order(conn, record.id):
        await schedule_check(conn, record.order)
