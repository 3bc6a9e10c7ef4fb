"""The worker: runs jobs, seals the audit chain, keeps the mirror of orders up to date."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.db.engine import Bell
from app.services.mirror import is_mirror_read_since
from app.services.parts import Parts
from app.services.schedule import schedule_sync
from app.services.seal import run_sealer
from app.services.work import Handler, Worker

log = structlog.get_logger()

# Webhooks tell of changes at once; this is the net below them.
SYNC_EVERY = timedelta(minutes=5)
LOOK_SECONDS = 10.0


async def run_worker(
    parts: Parts, handlers: Mapping[str, Handler], stopping: asyncio.Event, *, concurrency: int
) -> None:
    """Until told to stop; then jobs under way are finished first."""
    bell = Bell()
    parts.database.on_enqueued(bell.ring)
    worker = Worker(parts.database, handlers, concurrency=concurrency, bell=bell)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run(stopping))
        tasks.create_task(run_sealer(parts.database, stopping))
        tasks.create_task(_keep_mirrors(parts, stopping))


async def _keep_mirrors(parts: Parts, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            async with parts.database.transaction() as conn:
                for name, shop in parts.shops.items():
                    if not await is_mirror_read_since(conn, shop, parts.clock.now() - SYNC_EVERY):
                        await schedule_sync(conn, name)
        except SQLAlchemyError as error:
            log.warning("mirror_not_scheduled", error=type(error).__name__)
        try:
            await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
        except TimeoutError:
            continue
