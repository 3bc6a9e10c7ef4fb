"""The worker: claims jobs, hands each to the handler of its kind, and sees to what fails.

A handler that returns has done its job; one that raises has not, and the job is tried again later. To finish it in the
same commit as its effects, so that they happen once, a handler calls `jobs.finish` in its last transaction; to have it
come back or be laid aside, `jobs.reschedule` or `jobs.bury`. What a handler left open is finished after it returned.
"""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import structlog
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionInTimeError

from app.core.chain import storable_text
from app.core.retry import pause_seconds
from app.db import jobs
from app.db.engine import Bell, Database
from app.db.jobs import Job
from app.errors import (
    ConflictError,
    DestinationPausedError,
    DestinationUnavailableError,
    HandoffError,
    LeaseLostError,
)

Handler = Callable[[Job], Awaitable[None]]
Pause = Callable[[Job], Awaitable[float]]

# What comes out of the driver while Postgres is away, restarts, is too busy, or has just become a standby (internal).
OUTAGE = (OperationalError, InterfaceError, InternalError, NoConnectionInTimeError)
# Asking a Postgres that is away more often helps nobody.
OUTAGE_CAP_SECONDS = 5
# A second try comes within a second, a late one within five minutes.
RETRY_BASE_SECONDS, RETRY_CAP_SECONDS = 1, 300
# Kubernetes kills after 30 seconds: this leaves some for putting back what did not end.
DRAIN_SECONDS = 25
NOT_BEGUN = "not begun: its vendor is down, asked us to stay away, or has had its budget of requests"
# A cancelled handler may clean up for so long.
CANCEL_SECONDS = 2

log = structlog.get_logger()


async def at_once(_: Job) -> float:
    """No job is put back before it is begun."""
    return 0.0


class Worker:
    """Runs up to `concurrency` jobs at a time. `bell` is the one that `Database.on_enqueued` rings.

    `pause_before` tells the seconds until a job is worth beginning; it is put back for so long, which is no try.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int,
        bell: Bell,
        lease_seconds: float = 30,
        poll_seconds: float = 0.5,
        drain_seconds: float = DRAIN_SECONDS,
        pause_before: Pause = at_once,
    ) -> None:
        self._database = database
        self._pause_before = pause_before
        self._handlers = handlers
        self._concurrency = concurrency
        self._bell = bell
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._drain_seconds = drain_seconds
        self._running: dict[asyncio.Task[None], Job] = {}
        # Their handlers returned. Whether these finished the job, only the database knows.
        self._returned: list[Job] = []

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then let the running jobs end. An outage of the database is waited out."""
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(self._keep_leases()),
                group.create_task(self._reap()),
                group.create_task(self._ring_when(stopping)),
            ]
            await self._claim_until(stopping, group)
            await self._drain()
            for helper in helpers:
                helper.cancel()

    async def _claim_until(self, stopping: asyncio.Event, group: asyncio.TaskGroup) -> None:
        outages = 0
        while not stopping.is_set():
            try:
                await self._claim(group)
            except OUTAGE as error:
                outages += 1
                log.warning("worker_waits_for_database", error=type(error).__name__)
                await is_set_within(outage_pause_seconds(outages), stopping)
            else:
                outages = 0
                await self._bell.wait(at_most_seconds=self._poll_seconds)

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        returned, free = self._returned.copy(), self._concurrency - len(self._running)
        if not returned and not free:
            return
        try:
            async with self._database.transaction() as conn:
                await jobs.finish_what_is_held(conn, returned)
                claimed = await jobs.claim(conn, limit=free, lease_seconds=self._lease_seconds) if free else []
        except ConflictError:
            self._bell.ring()  # at once again
            return
        del self._returned[: len(returned)]
        for job in claimed:
            task = group.create_task(self._work_on(job))
            self._running[task] = job
            task.add_done_callback(self._free_its_slot)

    def _free_its_slot(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._bell.ring()

    async def _work_on(self, job: Job) -> None:
        try:
            if pause := await self._pause_before(job):
                await self._put_back(job, pause)
            else:
                await self._find_handler(job)(job)
        except LeaseLostError as error:
            log.warning("job_lost", **_name(job), error=_describe(error))
        except Exception as error:  # noqa: BLE001 whatever it is, the next job must run and this one be tried again
            await self._record_failure(job, error)
        else:
            self._returned.append(job)

    async def _put_back(self, job: Job, pause: float) -> None:
        async with self._database.transaction() as conn:
            await jobs.reschedule(conn, job, run_in_seconds=pause, error=NOT_BEGUN, counts_as_try=False)

    def _find_handler(self, job: Job) -> Handler:
        handler = self._handlers.get(job.kind)
        if handler is None:
            # Tried again like any failure: while versions change, a newer worker may know the kind.
            raise HandoffError(f"no handler for jobs of kind {job.kind}")
        return handler

    async def _record_failure(self, job: Job, failure: Exception) -> None:
        error = _describe(failure)
        try:
            async with self._database.transaction() as conn:
                if job.tries >= job.max_tries:
                    await jobs.bury(conn, job, error=error)
                    log.error("job_buried", **_name(job), error=error)
                else:
                    pause = _pause_seconds(job, failure)
                    await jobs.reschedule(conn, job, run_in_seconds=pause, error=error)
                    log.warning("job_failed", **_name(job), error=error, next_try_in_seconds=round(pause, 1))
        except (LeaseLostError, *OUTAGE) as obstacle:
            # Nobody needs to write it down: another worker has the job, or gets it when its lease runs out.
            log.warning("job_failed", **_name(job), error=error, not_recorded=type(obstacle).__name__)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            with outage_logged("worker_extends_no_leases"):
                if held := [*self._running.values(), *self._returned]:
                    async with self._database.transaction() as conn:
                        await jobs.extend_leases(conn, held, self._lease_seconds)

    async def _reap(self) -> None:
        while True:
            with outage_logged("worker_reaps_nothing"):
                async with self._database.transaction() as conn:
                    reaped = await jobs.reap(conn)
                if reaped:
                    log.warning("jobs_reaped", jobs=reaped)
            await asyncio.sleep(self._lease_seconds / 6)

    async def _ring_when(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._bell.ring()

    async def _drain(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=self._drain_seconds)
        if cut_off := self._running.copy():
            log.warning("worker_cuts_off", jobs=[job.id for job in cut_off.values()])
            for task in cut_off:
                task.cancel()
            await asyncio.wait(cut_off, timeout=CANCEL_SECONDS)
        with outage_logged("worker_releases_nothing"):
            async with self._database.transaction() as conn:
                await jobs.finish_what_is_held(conn, self._returned)
                for job in cut_off.values():
                    with suppress(LeaseLostError):  # it came to an end after all
                        await jobs.reschedule(conn, job, run_in_seconds=0, counts_as_try=False)


@contextmanager
def outage_logged(event: str) -> Iterator[None]:
    """Around a step that is repeated anyway: when the database is away, the next time will do."""
    try:
        yield
    except OUTAGE as error:
        log.warning(event, error=type(error).__name__)


def outage_pause_seconds(attempt: int) -> float:
    return pause_seconds(attempt, base=0.5, cap=OUTAGE_CAP_SECONDS, jitter=random.uniform(0.5, 1))  # noqa: S311


async def is_set_within(seconds: float, event: asyncio.Event) -> bool:
    """Sleep, but no longer than until the event."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


def _pause_seconds(job: Job, failure: Exception) -> float:
    pause = pause_seconds(job.tries, base=RETRY_BASE_SECONDS, cap=RETRY_CAP_SECONDS, jitter=random.random())  # noqa: S311
    # Whoever has a way on without a vendor that is held back anyway shall come to it soon.
    if isinstance(failure, DestinationUnavailableError) and not isinstance(failure, DestinationPausedError):
        return max(pause, failure.retry_after_seconds or 0)
    return pause


def _name(job: Job) -> dict[str, object]:
    return {"job_id": job.id, "kind": job.kind, "tries": job.tries}


def _describe(error: Exception) -> str:
    """Our own texts carry no personal data; of a stranger's error only its type and where in our code it came up."""
    if isinstance(error, HandoffError):
        return storable_text(f"{type(error).__name__}: {error}")
    frames = [(frame.f_globals["__name__"], line) for frame, line in traceback.walk_tb(error.__traceback__)]
    module, line = next(((name, line) for name, line in reversed(frames) if name.startswith("app.")), frames[-1])
    return f"{type(error).__name__} in {module}, line {line}"
