"""The worker: what becomes of a job whose handler returns, raises, loses its lease, outlives the worker or the database."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from app.db import jobs
from app.db.embedded import EmbeddedPostgres
from app.db.engine import Bell, Database
from app.db.jobs import Job
from app.db.tables import jobs as table
from app.errors import ConflictError, DestinationPausedError, DestinationUnavailableError
from app.services.work import Handler, Worker


async def put(database: Database, number: int = 0, **options: Any) -> None:
    async with database.transaction() as conn:
        await jobs.enqueue(conn, options.pop("kind", "work"), {"number": number}, **options)


async def rows(database: Database) -> list[Any]:
    async with database.transaction() as conn:
        return list(await conn.execute(select(table).order_by(table.c.id)))


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def until_rows(database: Database, condition: Callable[[list[Any]], bool], seconds: float = 20) -> list[Any]:
    async with asyncio.timeout(seconds):
        while not condition(found := await rows(database)):
            await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def working(database: Database, handlers: Mapping[str, Handler], **options: Any) -> AsyncIterator[asyncio.Event]:
    """A worker that runs while the block does, and is asked to stop at its end."""
    bell, stopping = Bell(), asyncio.Event()
    database.on_enqueued(bell.ring)
    worker = Worker(database, handlers, bell=bell, **({"concurrency": 4, "poll_seconds": 0.05} | options))
    running = asyncio.create_task(worker.run(stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        await asyncio.wait_for(running, 60)


async def test_a_handler_gets_its_job_and_what_it_leaves_open_is_finished(database):
    seen: list[Job] = []

    async def handle(job: Job) -> None:
        seen.append(job)

    await put(database, 7)
    async with working(database, {"work": handle}):
        await until_rows(database, lambda found: not found)
    assert [job.payload for job in seen] == [{"number": 7}]


async def test_a_handler_can_finish_its_job_in_the_transaction_of_its_effects(database):
    async def handle(job: Job) -> None:
        async with database.transaction() as conn:
            await jobs.enqueue(conn, "effect", {"of": job.payload["number"]}, run_in_seconds=60)
            await jobs.finish(conn, job)

    await put(database, 7)
    async with working(database, {"work": handle}):
        found = await until_rows(database, lambda found: [row.kind for row in found] == ["effect"])
    assert found[0].payload == {"of": 7}


async def test_a_job_put_in_by_this_process_starts_at_once_however_rare_the_poll(database):
    started = asyncio.Event()

    async def handle(_: Job) -> None:
        started.set()

    async with working(database, {"work": handle}, poll_seconds=3600):
        await asyncio.sleep(0.3)
        await put(database)
        await asyncio.wait_for(started.wait(), 10)


async def test_a_job_put_in_by_another_process_starts_with_the_next_poll(database, database_url):
    started = asyncio.Event()
    other = Database(database_url)

    async def handle(_: Job) -> None:
        started.set()

    async with working(database, {"work": handle}):
        await put(other)
        await asyncio.wait_for(started.wait(), 10)
    await other.close()


async def test_a_free_slot_is_filled_at_once_and_no_more_run_than_allowed(database):
    together, most = 0, 0

    async def handle(_: Job) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.02)
        together -= 1

    for number in range(12):
        await put(database, number)
    async with working(database, {"work": handle}, concurrency=3, poll_seconds=3600):
        await until_rows(database, lambda found: not found)
    assert most == 3


async def test_a_handler_can_have_its_job_come_back_later_without_using_up_a_try(database):
    tries: list[int] = []

    async def handle(job: Job) -> None:
        tries.append(job.tries)
        if len(tries) < 3:
            async with database.transaction() as conn:
                await jobs.reschedule(conn, job, run_in_seconds=0.01, counts_as_try=False)

    await put(database, max_tries=1)
    async with working(database, {"work": handle}):
        await until_rows(database, lambda found: not found)
    assert tries == [1, 1, 1]


async def test_a_failed_job_is_tried_again_and_the_others_go_on(database):
    tries: list[int] = []

    async def fail_once(job: Job) -> None:
        tries.append(job.tries)
        if job.tries == 1:
            raise ZeroDivisionError

    async def succeed(_: Job) -> None:
        pass

    await put(database, kind="fails once")
    await put(database, kind="succeeds")
    with capture_logs() as logged:
        async with working(database, {"fails once": fail_once, "succeeds": succeed}):
            await until_rows(database, lambda found: not found)
    assert tries == [1, 2]
    assert [line["event"] for line in logged] == ["job_failed"]


async def test_the_log_and_the_job_show_our_own_texts_and_of_a_strangers_error_only_its_kind(database):
    async def fail(job: Job) -> None:
        raise ConflictError("order 4711 moved") if job.payload["number"] else ValueError("Jane Doe, +1 555 0100")

    await put(database, 0, max_tries=5)
    await put(database, 1, max_tries=5)
    with capture_logs() as logged:
        async with working(database, {"work": fail}):
            found = await until_rows(database, lambda found: all(row.last_error for row in found))
    lines = {line["job_id"]: line for line in logged if line["event"] == "job_failed"}
    strangers, ours = (lines[row.id] for row in found)
    assert "Jane" not in str(logged) + str(found)
    assert strangers["error"].startswith("ValueError in ")
    assert ours["error"] == "ConflictError: order 4711 moved"
    assert (ours["kind"], ours["tries"], ours["log_level"]) == ("work", 1, "warning")


async def test_a_text_that_postgres_cannot_store_does_not_stop_the_worker(database):
    async def fail(_: Job) -> None:
        raise ConflictError("order \x00\ud800 moved")

    await put(database)
    async with working(database, {"work": fail}):
        found = await until_rows(database, lambda found: found[0].last_error is not None)
    assert found[0].last_error == "ConflictError: order \ufffd\ufffd moved"


async def test_a_job_without_tries_left_is_buried(database):
    async def fail(_: Job) -> None:
        raise ConflictError("hopeless")

    await put(database, max_tries=1)
    with capture_logs() as logged:
        async with working(database, {"work": fail}):
            (dead,) = await until_rows(database, lambda found: found[0].status == "dead")
    assert dead.last_error == "ConflictError: hopeless"
    assert [(line["event"], line["log_level"]) for line in logged] == [("job_buried", "error")]


async def test_a_job_of_an_unknown_kind_is_tried_again_because_a_newer_worker_may_know_it(database):
    await put(database, kind="from the future")
    async with working(database, {}):
        (job,) = await until_rows(database, lambda found: found[0].last_error is not None)
    assert job.status == "waiting"


async def test_a_shop_that_says_when_to_come_back_is_obeyed(database):
    async def fail(_: Job) -> None:
        raise DestinationUnavailableError("too many requests", status_code=429, retry_after_seconds=120)

    await put(database)
    async with working(database, {"work": fail}):
        await until_rows(database, lambda found: found[0].last_error is not None)
    async with database.transaction() as conn:
        pause = await conn.scalar(text("select extract(epoch from run_at - now()) from jobs"))
    assert 110 < pause <= 120


async def test_a_job_whose_vendor_is_held_back_is_not_begun_and_uses_up_no_try(database):
    pauses, tries = [0.05, 0.05, 0.0], []

    async def pause_before(_: Job) -> float:
        return pauses.pop(0)

    async def handle(job: Job) -> None:
        tries.append(job.tries)

    await put(database, max_tries=1)
    async with working(database, {"work": handle}, pause_before=pause_before):
        await until_rows(database, lambda found: not found)
    assert (tries, pauses) == ([1], [])


async def test_a_vendor_that_is_held_back_keeps_nobody_longer_than_any_failure(database):
    async def fail(_: Job) -> None:
        raise DestinationPausedError("goody has been down", retry_after_seconds=3000)

    await put(database)
    async with working(database, {"work": fail}):
        await until_rows(database, lambda found: found[0].last_error is not None)
    async with database.transaction() as conn:
        assert await conn.scalar(text("select extract(epoch from run_at - now()) from jobs")) <= 1


async def test_a_lost_lease_is_logged_and_nothing_else_happens(database):
    async def lose(job: Job) -> None:
        async with database.transaction() as conn:
            await conn.execute(text("update jobs set fence = fence + 1, leased_until = now() + interval '1 h'"))
        async with database.transaction() as conn:
            await jobs.finish(conn, job)

    await put(database)
    with capture_logs() as logged:
        async with working(database, {"work": lose}):
            await until(lambda: logged)
    assert [line["event"] for line in logged] == ["job_lost"]
    (job,) = await rows(database)
    assert (job.status, job.last_error, job.fence) == ("running", None, 2)


async def test_a_worker_that_loses_the_race_for_a_lane_goes_on(database):
    async def handle(_: Job) -> None:
        pass

    await put(database, 1, lane="a", run_in_seconds=60)
    await put(database, 2, lane="a")
    async with working(database, {"work": handle}, poll_seconds=3600):
        async with database.transaction() as other:
            # As another worker would that finds the first one due; ours has chosen the second meanwhile, and waits for us.
            await other.execute(
                text("update jobs set status = 'running', leased_until = now() + interval '1 h' where run_at > now()")
            )
            await put(database, 3)
            await asyncio.sleep(0.3)
        await until_rows(database, lambda found: [row.payload["number"] for row in found] == [1, 2])


async def test_a_long_job_keeps_its_lease(database):
    starts = 0

    async def take_long(_: Job) -> None:
        nonlocal starts
        starts += 1
        await asyncio.sleep(2)

    await put(database)
    async with working(database, {"work": take_long}, lease_seconds=0.6):
        await until_rows(database, lambda found: not found)
    assert starts == 1


async def test_a_job_of_a_worker_that_died_is_taken_over(database):
    await put(database)
    async with database.transaction() as conn:
        await jobs.claim(conn, limit=1, lease_seconds=0.2)
    tries = []

    async def handle(job: Job) -> None:
        tries.append(job.tries)

    async with working(database, {"work": handle}, lease_seconds=0.6):
        await until_rows(database, lambda found: not found)
    assert tries == [2]


async def test_stopping_lets_running_jobs_end_and_starts_no_others(database):
    started, ended = [], []

    async def handle(job: Job) -> None:
        started.append(job.payload["number"])
        await asyncio.sleep(0.5)
        ended.append(job.payload["number"])

    for number in range(4):
        await put(database, number)
    async with working(database, {"work": handle}, concurrency=2) as stopping:
        await until(lambda: len(started) == 2)
        stopping.set()
    assert sorted(started) == sorted(ended) == [0, 1]
    assert [(row.payload["number"], row.status) for row in await rows(database)] == [(2, "waiting"), (3, "waiting")]


async def test_what_does_not_end_in_time_is_cut_off_and_put_back_without_using_up_a_try(database):
    started = asyncio.Event()

    async def hang(_: Job) -> None:
        started.set()
        await asyncio.sleep(3600)

    await put(database)
    async with working(database, {"work": hang}, drain_seconds=0.2) as stopping:
        await started.wait()
        stopping.set()
    (job,) = await rows(database)
    assert (job.status, job.tries) == ("waiting", 0)


async def test_stopping_an_idle_worker_takes_no_poll(database):
    begun = time.monotonic()
    async with working(database, {}, poll_seconds=3600):
        await asyncio.sleep(0.2)
    assert time.monotonic() - begun < 10


@pytest.mark.slow
async def test_no_job_is_lost_or_completed_twice_when_postgres_is_killed_in_the_middle():
    with tempfile.TemporaryDirectory(prefix="handoff-tests-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder)) as postgres:
            database = Database(postgres.start())
            await _work_through_two_kills(database, postgres, Path(folder))
            await database.close()


async def _work_through_two_kills(database: Database, postgres: EmbeddedPostgres, folder: Path) -> None:
    count, begun = 300, 0

    async def handle(job: Job) -> None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0.01)
        async with database.transaction() as conn:
            await conn.execute(text("insert into completed values (:number)"), job.payload)
            await jobs.finish(conn, job)

    async with database.transaction() as conn:
        await conn.run_sync(table.create)
        await conn.execute(text("create table completed (number int)"))
        for number in range(count):
            await jobs.enqueue(conn, "work", {"number": number}, lane=f"lane {number % 50}", max_tries=100)
    async with working(database, {"work": handle}, concurrency=8, lease_seconds=2):
        for share in (0.25, 0.5):
            await until(lambda share=share: begun > share * count)
            os.kill(int((folder / "postgres/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            await asyncio.sleep(0.5)  # so that the worker meets the outage
            await asyncio.to_thread(postgres.keep)
        await until_rows(database, lambda found: not found, 60)
    async with database.transaction() as conn:
        completed = (await conn.execute(text("select number from completed order by number"))).scalars().all()
    assert completed == list(range(count))
    assert begun > count  # some were under way when it died, and were begun again
