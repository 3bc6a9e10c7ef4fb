"""Ask a vendor only when it is worth it: a circuit breaker, its Retry-After and its rate budget, shared by all workers.

It opens after so many outages in a row (no connection, no whole answer, 5xx), never for a 4xx, which is an answer.
While it is open, jobs for that vendor are put back without using up a try; then one job alone asks whether it is up
again. Where our own database is away nothing is held back: the breaker is a courtesy, not a promise.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from app.db import audit, breakers
from app.db.breakers import Standing, find_standing
from app.db.engine import Database
from app.db.jobs import Job
from app.errors import (
    DestinationError,
    DestinationPausedError,
    DestinationUnavailableError,
    DestinationUnknownError,
)
from app.ports.clock import Clock
from app.services import schedule
from app.services.work import OUTAGE

log = structlog.get_logger()

BREAKER = "system:breaker"

# A worker has eight requests under way: one cut of the network alone must not open it.
MOST_OUTAGES = 10
# The first pause is soon over; the longest is what a shop that is back waits for us at most.
PAUSE_BASE_SECONDS, PAUSE_CAP_SECONDS = 5.0, 60.0
# Longer than a read with all its tries takes; then whoever probed has died.
PROBE_SECONDS = 30.0
# A read waits so long for its turn, a job longer than that goes back to the queue and leaves its place to others.
PATIENCE_SECONDS = 5.0
# Whatever a vendor asks for: a mistake of its own must not stop us for a day.
LONGEST_HOLD_SECONDS = 3600.0

# Jobs that can do nothing without the vendor. Others, such as matching, know what to do without it.
NEED_THE_VENDOR = frozenset({schedule.EXECUTE, schedule.SETTLE, schedule.UNDO, schedule.OBSERVE, schedule.SYNC_ORDERS})
OF_ONE_VENDOR = {schedule.RECONCILE_CALLS: "dialnexa"}


class SharedLimits:
    """Implements ports.limits.Limits. `per_minute` is each vendor's budget; who has none is bound by Retry-After."""

    def __init__(self, database: Database, clock: Clock, per_minute: Mapping[str, int]) -> None:
        self._database = database
        self._clock = clock
        self._per_minute = per_minute

    @asynccontextmanager
    async def request(self, vendor: str, *, is_write: bool) -> AsyncIterator[None]:
        standing = await self._find_standing(vendor)
        if not is_write:
            await self._hold_back(vendor, standing)
        await self._await_slot(vendor, is_write=is_write)
        try:
            yield
        except DestinationError as error:
            await self._learn(vendor, standing, error)
            raise
        await self._learn(vendor, standing, None)

    async def pause_before(self, job: Job) -> float:
        """Seconds until the job is worth beginning, 0 for at once; takes the probe where it is the one that asks."""
        vendor = vendor_of(job)
        if vendor is None:
            return 0.0
        standing = await self._find_standing(vendor)
        wait = max(standing.held_for, standing.slot_in if standing.slot_in > PATIENCE_SECONDS else 0.0)
        if standing.is_open and not wait:
            wait = standing.retry_in or (0.0 if await self._take_probe(vendor) else PAUSE_BASE_SECONDS)
        return wait * random.uniform(1, 1.25)  # noqa: S311 (so that not all come back in the same moment)

    async def _find_standing(self, vendor: str) -> Standing:
        try:
            async with self._database.reading() as conn:
                return await find_standing(conn, vendor)
        except OUTAGE:
            return Standing()

    async def _hold_back(self, vendor: str, standing: Standing) -> None:
        if standing.held_for > PATIENCE_SECONDS:
            raise _paused(vendor, "asked us to stay away", standing.held_for)
        if standing.is_open and not standing.is_probed and (standing.retry_in or not await self._take_probe(vendor)):
            raise _paused(vendor, "has been down", standing.retry_in or PAUSE_BASE_SECONDS)
        await asyncio.sleep(standing.held_for)

    async def _take_probe(self, vendor: str) -> bool:
        try:
            async with self._database.reading() as conn:
                return await breakers.take_probe(conn, vendor, seconds=PROBE_SECONDS)
        except OUTAGE:
            return True

    async def _await_slot(self, vendor: str, *, is_write: bool) -> None:
        per_minute = self._per_minute.get(vendor)
        if per_minute is None:
            return
        most = LONGEST_HOLD_SECONDS if is_write else PATIENCE_SECONDS
        try:
            async with self._database.reading() as conn:
                wait = await breakers.take_slot(conn, vendor, per_minute=per_minute, most_seconds=most)
        except OUTAGE:
            return
        if wait is None:
            raise _paused(vendor, "has had all requests of its budget", PATIENCE_SECONDS)
        await asyncio.sleep(wait)

    async def _learn(self, vendor: str, standing: Standing, error: DestinationError | None) -> None:
        try:
            if error is not None and _is_outage(error):
                await self._count_outage(vendor, error)
            elif standing.failures and (error is None or error.status_code is not None):
                await self._end_outage(vendor)
            if error is not None and error.retry_after_seconds:
                async with self._database.reading() as conn:
                    await breakers.hold(conn, vendor, min(error.retry_after_seconds, LONGEST_HOLD_SECONDS))
        except OUTAGE as obstacle:
            log.warning("breaker_not_told", vendor=vendor, error=type(obstacle).__name__)

    async def _count_outage(self, vendor: str, error: DestinationError) -> None:
        word = "no answer" if error.status_code is None else f"answered {error.status_code}"
        async with self._database.transaction() as conn:
            failures = await breakers.count_outage(
                conn,
                vendor,
                error=word,
                most=MOST_OUTAGES,
                base_seconds=PAUSE_BASE_SECONDS,
                cap_seconds=PAUSE_CAP_SECONDS,
            )
            if failures == MOST_OUTAGES:
                data = {"vendor": vendor, "failures": failures, "last_error": word}
                await audit.write(conn, actor=BREAKER, event="breaker.opened", at=self._clock.now(), data=data)
        if failures == MOST_OUTAGES:
            log.error("breaker_opened", vendor=vendor, failures=failures, last_error=word)

    async def _end_outage(self, vendor: str) -> None:
        async with self._database.transaction() as conn:
            opened_at = await breakers.end_outage(conn, vendor)
            if opened_at is not None:
                data = {"vendor": vendor, "opened_at": opened_at.isoformat()}
                await audit.write(conn, actor=BREAKER, event="breaker.closed", at=self._clock.now(), data=data)
        if opened_at is not None:
            log.info("breaker_closed", vendor=vendor)


def vendor_of(job: Job) -> str | None:
    """The vendor without which the job can do nothing; None where there is none, or it is not named."""
    if job.kind not in NEED_THE_VENDOR:
        return OF_ONE_VENDOR.get(job.kind)
    named = job.payload.get("destination")
    if isinstance(named, str):
        return named
    scope, _, rest = (job.lane or "").partition(":")
    return rest.partition(":")[0] if scope == "order" else None


def _is_outage(error: DestinationError) -> bool:
    is_silence = error.status_code is None or error.status_code >= 500
    return isinstance(error, DestinationUnavailableError | DestinationUnknownError) and is_silence


def _paused(vendor: str, why: str, seconds: float) -> DestinationPausedError:
    return DestinationPausedError(f"{vendor} {why}: nothing was sent", retry_after_seconds=seconds)
