"""Keep the mirror: read orders from the shop, all of them at first and what changed since then."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.orders import Order
from app.db import audit, jobs
from app.db.accounts import list_orders_to_look_for, note_looked_for
from app.db.actions import list_unfinished_actions_of_order
from app.db.bookmarks import find_bookmark, set_bookmark
from app.db.jobs import Job
from app.db.orders import find_order, key_orders, save_batch, save_order
from app.errors import DestinationError, DestinationMissingError, DestinationUnavailableError
from app.ports.commerce import Commerce
from app.services.parts import MIRROR, Parts
from app.services.schedule import schedule_check
from app.services.turn import PATIENCE_OF_JOBS_SECONDS, looks, turn_at

log = structlog.get_logger()

# A feed is read again from a little before the last time: clocks differ, and a row may be saved later than its date.
OVERLAP = timedelta(minutes=5)
ROWS_PER_TRANSACTION = 100

# Goody's feed has no word for notified, accepted, refunded or a moved expiration: orders are looked for by their id as
# well. Those that an action waits for soon, the others so often that what a caller hears is of the same day.
LOOK_FOR_AWAITED_AFTER = timedelta(minutes=10)
LOOK_FOR_OTHERS_AFTER = timedelta(hours=6)
MOST_LOOKED_FOR = 100  # in one round of the worker


@dataclass(frozen=True, slots=True)
class Observed:
    """An order as the shop shows it, and whether the mirror showed another."""

    order: Order
    has_changed: bool


async def refresh_order(parts: Parts, shop: Commerce, external_id: str) -> Order:
    """Read the order at the shop and keep it. Raises DestinationError, as the port says.

    Whoever reads a change first has to say so: to the next reader it will be none.
    """
    asked_at = parts.clock.now()
    order = await shop.read_order(external_id)
    async with parts.database.transaction() as conn:
        observed = await keep_order(conn, order, read_at=asked_at)
        if observed.has_changed:
            await _check_if_somebody_waits(conn, observed.order)
    return observed.order


async def keep_order(conn: AsyncConnection, order: Order, *, read_at: datetime) -> Observed:
    """Save what was read, unless the mirror holds something newer; then that is what is observed."""
    known = await find_order(conn, order.destination, order.external_id)
    saved = await save_order(conn, order, read_at=read_at)
    if saved is None:
        newer = await find_order(conn, order.destination, order.external_id)
        return Observed(order if newer is None else newer.order, has_changed=False)
    return Observed(saved.order, has_changed=known is not None and known.order != saved.order)


async def sync_orders_job(parts: Parts, job: Job) -> None:
    """Read what changed, then some of the orders that no feed tells of; what another process does is left to it."""
    shop = parts.shops[job.payload["destination"]]
    started_at = parts.clock.now()
    async with turn_at(parts, _feed(shop)) as is_ours:
        if is_ours:
            await _read_feeds(parts, shop, since=None)
    looked_for = await look_for_orders(parts, shop, most=MOST_LOOKED_FOR)
    async with parts.database.transaction() as conn:
        if looked_for is not None:
            await set_bookmark(conn, _round(shop), started_at)
        await jobs.finish(conn, job)


async def sync_orders(
    parts: Parts,
    shop: Commerce,
    *,
    since: datetime | None = None,
    patience_seconds: float = PATIENCE_OF_JOBS_SECONDS,
) -> int:
    """Bring the mirror up to now; the number of orders read. The first time that is a back-fill of everything.

    Where another process reads the same already, its end is waited for. Raises DestinationUnavailableError when that
    takes too long. `since` reads from then on at least, whatever was read before.
    """
    wanted_at = parts.clock.now()
    async for look in looks(patience_seconds):
        if look and since is None and await _is_read_since(parts, shop, wanted_at):
            return 0
        async with turn_at(parts, _feed(shop)) as is_ours:
            if is_ours:
                return await _read_feeds(parts, shop, since=since)
    raise DestinationUnavailableError(f"{shop.name}: another process is still reading its orders; try again later")


async def look_for_orders(parts: Parts, shop: Commerce, *, most: int) -> int | None:
    """Read orders that may have moved without any feed telling, one by one; how many, None where another does so.

    A turn of its own: a matcher that waits for the feeds must not wait for this.
    """
    async with turn_at(parts, _round(shop)) as is_ours:
        return await _look_for_orders(parts, shop, most=most) if is_ours else None


async def _read_feeds(parts: Parts, shop: Commerce, *, since: datetime | None) -> int:
    started_at = parts.clock.now()
    async with parts.database.transaction() as conn:
        read_up_to = await find_bookmark(conn, _feed(shop))
    # Whatever was asked for, nothing between the last reading and now is skipped.
    begin = read_up_to - OVERLAP if read_up_to else None
    since = min(begin, since) if begin and since else begin
    number = await _save_all(parts, shop.list_orders(placed_after=since), read_at=started_at)
    if since is None:
        await _back_fill_batches(parts, shop)
    else:
        number += await _save_changes(parts, shop, since, read_at=started_at)
    await _key_anew(parts)
    async with parts.database.transaction() as conn:
        await set_bookmark(conn, _feed(shop), started_at)
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


async def _look_for_orders(parts: Parts, shop: Commerce, *, most: int) -> int:
    now = parts.clock.now()
    async with parts.database.transaction() as conn:
        due = await list_orders_to_look_for(
            conn,
            shop.name,
            awaited_before=now - LOOK_FOR_AWAITED_AFTER,
            others_before=now - LOOK_FOR_OTHERS_AFTER,
            limit=most,
        )
    for external_id in due:
        try:
            await refresh_order(parts, shop, external_id)
        except DestinationMissingError:
            log.warning("order_gone_from_the_shop", destination=shop.name, order_id=external_id)
        async with parts.database.transaction() as conn:
            await note_looked_for(conn, shop.name, external_id, now)
    return len(due)


def _feed(shop: Commerce) -> str:
    return f"{shop.name}.orders"


def _round(shop: Commerce) -> str:
    return f"{shop.name}.orders_looked_for"


async def _is_read_since(parts: Parts, shop: Commerce, moment: datetime) -> bool:
    async with parts.database.transaction() as conn:
        return await is_mirror_read_since(conn, shop, moment)


async def _key_anew(parts: Parts) -> None:
    """Orders that an older version of the service has saved are found by today's keys, too."""
    keyed = ROWS_PER_TRANSACTION
    while keyed == ROWS_PER_TRANSACTION:
        async with parts.database.transaction() as conn:
            keyed = await key_orders(conn, most=ROWS_PER_TRANSACTION)


async def is_mirror_read_since(conn: AsyncConnection, shop: Commerce, moment: datetime) -> bool:
    """Whether the mirror shows every order placed before the moment."""
    read_up_to = await find_bookmark(conn, _feed(shop))
    return read_up_to is not None and read_up_to >= moment


async def is_round_done_since(conn: AsyncConnection, shop: Commerce, moment: datetime) -> bool:
    """Whether orders were looked for as well: matching a call reads the feeds alone."""
    done_at = await find_bookmark(conn, _round(shop))
    return done_at is not None and done_at >= moment


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
            observed = await keep_order(conn, order, read_at=read_at)
            if observed.has_changed:
                await _check_if_somebody_waits(conn, observed.order)
    return len(page)


async def _check_if_somebody_waits(conn: AsyncConnection, order: Order) -> None:
    record = await find_order(conn, order.destination, order.external_id)
    if record is not None and await list_unfinished_actions_of_order(conn, record.id):
        await schedule_check(conn, order)
