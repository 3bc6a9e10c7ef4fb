"""The worker: runs jobs, seals the audit chain, keeps the mirror of orders up to date, alarms of what stands still."""

import asyncio
from collections.abc import Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.db.engine import Bell
from app.services.alarm import keep_watch
from app.services.mirror import is_round_done_since
from app.services.parts import Parts
from app.services.reconcile import is_reconciled_since
from app.services.schedule import (
    is_call_reconciliation_at_work,
    is_sync_at_work,
    schedule_call_reconciliation,
    schedule_sync,
)
from app.services.seal import run_sealer
from app.services.work import Handler, Worker

log = structlog.get_logger()

# How often it is looked whether a round of reading the vendors is due.
LOOK_SECONDS = 10.0


async def run_worker(
    parts: Parts, handlers: Mapping[str, Handler], stopping: asyncio.Event, *, concurrency: int
) -> None:
    """Until told to stop; then jobs under way are finished first."""
    bell = Bell()
    parts.database.on_enqueued(bell.ring)
    worker = Worker(parts.database, handlers, concurrency=concurrency, bell=bell, pause_before=parts.pause_before)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run(stopping))
        tasks.create_task(run_sealer(parts.database, stopping))
        tasks.create_task(_reconcile_in_time(parts, stopping))
        tasks.create_task(keep_watch(parts, stopping))


async def _reconcile_in_time(parts: Parts, stopping: asyncio.Event) -> None:
    """All processes look, and the queue holds at most one round of a kind; a round that fails comes again by itself."""
    pause = min(LOOK_SECONDS, parts.reconcile_every.total_seconds())
    while not stopping.is_set():
        try:
            async with parts.database.transaction() as conn:
                due = parts.clock.now() - parts.reconcile_every
                # One that failed waits for its next try: asking a vendor that is away more often helps nobody.
                for name, shop in parts.shops.items():
                    if not (await is_round_done_since(conn, shop, due) or await is_sync_at_work(conn, name)):
                        await schedule_sync(conn, name)
                is_due = parts.calls.can_be_asked and not await is_reconciled_since(conn, due)
                if is_due and not await is_call_reconciliation_at_work(conn):
                    await schedule_call_reconciliation(conn)
        except SQLAlchemyError as error:
            log.warning("reconciliation_not_scheduled", error=type(error).__name__)
        try:
            await asyncio.wait_for(stopping.wait(), pause)
        except TimeoutError:
            continue
