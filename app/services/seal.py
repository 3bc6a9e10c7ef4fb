"""Seals audit entries into the chain right after they appear."""

import asyncio

import structlog

from app.db.audit import LowWater, seal_batch
from app.db.engine import Database
from app.services.work import OUTAGE, is_set_within, outage_pause_seconds

BATCH = 1000

log = structlog.get_logger()


async def run_sealer(database: Database, stopping: asyncio.Event, *, pause_seconds: float = 0.2) -> None:
    """Seal until `stopping` is set, and once more then. Any number of processes may run one; one at a time seals."""
    low_water, outages = LowWater(), 0
    is_last = False
    while not is_last:
        is_last = stopping.is_set()
        try:
            async with database.transaction() as conn:
                sealed = await seal_batch(conn, BATCH, low_water=low_water)
        except OUTAGE as error:
            # A fail-over may have lost the newest seals: what we know of them is worth nothing now.
            low_water, outages = LowWater(), outages + 1
            log.warning("sealer_waits_for_database", error=type(error).__name__)
            await is_set_within(outage_pause_seconds(outages), stopping)
        else:
            outages = 0
            if sealed < BATCH:
                await is_set_within(pause_seconds, stopping)
