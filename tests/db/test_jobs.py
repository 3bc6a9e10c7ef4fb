"""The queue: what is claimed, in which order, by whom, and what becomes of it."""

import asyncio
import random
import time
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.db import jobs
from app.db.dead_jobs import get_dead
from app.db.engine import Database
from app.db.jobs import Job
from app.db.tables import jobs as table
from app.errors import ConflictError, LeaseLostError, NotFoundError

LEASE = 30
RUN_OUT = 0  # a lease that is over as soon as its claim is committed


async def put(database: Database, name: str = "it", **options: Any) -> None:
    async with database.transaction() as conn:
        await jobs.enqueue(conn, "work", {"name": name}, **options)


async def take(database: Database, limit: int = 10, lease_seconds: float = LEASE) -> list[Job]:
    async with database.transaction() as conn:
        claimed = await jobs.claim(conn, limit=limit, lease_seconds=lease_seconds)
    return sorted(claimed, key=lambda job: job.id)


async def take_one(database: Database, lease_seconds: float = LEASE) -> Job:
    (job,) = await take(database, 1, lease_seconds)
    return job


async def finish(database: Database, job: Job) -> None:
    async with database.transaction() as conn:
        await jobs.finish(conn, job)


async def put_back(database: Database, job: Job, run_in_seconds: float = 0, **options: Any) -> None:
    async with database.transaction() as conn:
        await jobs.reschedule(conn, job, run_in_seconds=run_in_seconds, **options)


async def reap(database: Database) -> int:
    async with database.transaction() as conn:
        return await jobs.reap(conn)


async def counts(database: Database) -> dict[str, int]:
    async with database.transaction() as conn:
        return {status: number for status, number in (await jobs.count_by_status(conn)).items() if number}


async def rows(database: Database) -> list[Any]:
    async with database.transaction() as conn:
        return list(await conn.execute(select(table).order_by(table.c.id)))


def names(claimed: list[Job]) -> list[str]:
    return [job.payload["name"] for job in claimed]


async def test_a_job_put_in_is_claimed_once_and_gone_when_finished(database):
    await put(database, "first", lane="call:1", max_tries=3)
    (job,) = await take(database)
    assert (job.kind, job.payload, job.lane, job.tries, job.max_tries) == ("work", {"name": "first"}, "call:1", 1, 3)
    assert await take(database) == []
    await finish(database, job)
    assert await counts(database) == {}


async def test_a_job_is_saved_with_what_caused_it_or_not_at_all(database):
    async def put_in_and_fail() -> None:
        async with database.transaction() as conn:
            await jobs.enqueue(conn, "work", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_in_and_fail()
    assert await counts(database) == {}


async def test_a_commit_that_puts_a_job_in_rings_and_others_do_not(database):
    rung = []
    database.on_enqueued(lambda: rung.append("ding"))
    await counts(database)
    assert rung == []
    await put(database)
    assert rung == ["ding"]


async def test_a_job_is_not_claimed_before_it_is_due(database):
    await put(database, run_in_seconds=0.3)
    assert await take(database) == []
    await asyncio.sleep(0.35)
    assert len(await take(database)) == 1


async def test_what_fell_due_first_is_claimed_first(database):
    for name in "abc":
        await put(database, name)
    assert [names(await take(database, 1)) for _ in range(3)] == [["a"], ["b"], ["c"]]


async def test_a_claim_takes_no_more_than_asked_for(database):
    for name in "abcde":
        await put(database, name)
    assert names(await take(database, 3)) == ["a", "b", "c"]


async def test_jobs_of_a_lane_run_one_at_a_time_and_first_in_first_out(database):
    for name in ("a1", "a2", "a3"):
        await put(database, name, lane="a")
    await put(database, "b1", lane="b")
    await put(database, "free")
    first = await take(database)
    assert names(first) == ["a1", "b1", "free"]
    assert await take(database) == []
    await put(database, "another")
    assert names(await take(database)) == ["another"]
    await finish(database, first[0])
    (second,) = await take(database)
    assert names([second]) == ["a2"]
    await finish(database, second)
    assert names(await take(database)) == ["a3"]


async def test_a_transaction_that_began_early_does_not_overtake_in_its_lane(database):
    async with database.transaction() as early:
        await early.execute(text("select now()"))
        await put(database, "first", lane="a")
        await jobs.enqueue(early, "work", {"name": "second"}, lane="a")
    assert names([await take_one(database)]) == ["first"]


async def test_a_job_that_pauses_lets_the_next_of_its_lane_pass(database):
    await put(database, "pauses", lane="a")
    await put(database, "passes", lane="a")
    await put_back(database, await take_one(database), run_in_seconds=60)
    assert names(await take(database)) == ["passes"]


async def test_a_job_with_a_later_time_is_passed_by_jobs_of_its_lane_that_are_due(database):
    await put(database, "tomorrow", lane="a", run_in_seconds=86_400)
    await put(database, "now", lane="a")
    assert names(await take(database)) == ["now"]


async def test_many_claimers_never_share_a_job_or_a_lane_and_keep_every_lane_in_order(database_url):
    database = Database(database_url, pool_size=10)
    async with database.transaction() as conn:
        for number in range(240):
            lane = None if number % 4 == 0 else f"lane {number % 9}"
            await jobs.enqueue(conn, "work", {"name": number}, lane=lane)
    done: list[Job] = []
    active: set[str] = set()

    async def work() -> None:
        while len(done) < 240:
            claimed: list[Job] = []
            with suppress(ConflictError):
                claimed = await take(database, random.randint(1, 5))
            for job in claimed:
                if job.lane is not None:
                    assert job.lane not in active
                    active.add(job.lane)
                await asyncio.sleep(random.random() / 500)
                active.discard(job.lane or "")
                await finish(database, job)
                done.append(job)

    await asyncio.wait_for(asyncio.gather(*(work() for _ in range(10))), 60)
    await database.close()
    assert len({job.id for job in done}) == len(done) == 240
    for lane in {job.lane for job in done} - {None}:
        in_lane = [job.id for job in done if job.lane == lane]
        assert in_lane == sorted(in_lane)


async def test_a_claim_that_loses_the_race_for_a_lane_says_so_and_takes_nothing(database):
    await put(database, "in backoff", lane="a", run_in_seconds=60)
    await put(database, "due", lane="a")
    async with database.transaction() as other:
        running = {"status": "running", "leased_until": text("now() + interval '30 s'")}
        await other.execute(update(table).where(table.c.payload["name"].astext == "in backoff").values(running))
        losing = asyncio.create_task(take(database))
        await asyncio.sleep(
            0.2
        )  # it has chosen "due" by now, and waits for our commit to know whether the lane is free
    with pytest.raises(ConflictError):
        await losing
    assert await counts(database) == {"running": 1, "waiting": 1}


async def test_claims_stay_fast_with_a_lane_of_20000_jobs_behind_5000_of_the_future(database):
    fill = """
        insert into jobs (kind, payload, lane, run_at, max_tries)
        select 'work', '{}', 'long', now() + case when n <= 5000 then interval '1 h' else n * interval '-1 us' end, 5
        from generate_series(1, 25000) n
    """
    async with database.transaction() as conn:
        await conn.execute(text(fill))
    await put(database, "after them")
    begun = time.monotonic()
    assert names((await take(database))[1:]) == ["after them"]
    # Linear: some milliseconds. A claim that looks for the head of the lane once a job takes 20 seconds.
    assert time.monotonic() - begun < 5


async def test_a_late_worker_completes_nothing(database):
    await put(database)
    late = await take_one(database, RUN_OUT)
    assert await reap(database) == 1
    now = await take_one(database)
    assert (now.id, now.fence > late.fence) == (late.id, True)
    before = await rows(database)
    for attempt in (
        lambda conn: jobs.hold(conn, late),
        lambda conn: jobs.finish(conn, late),
        lambda conn: jobs.reschedule(conn, late, run_in_seconds=0),
        lambda conn: jobs.bury(conn, late, error="no"),
    ):
        with pytest.raises(LeaseLostError):
            async with database.transaction() as conn:
                await attempt(conn)
    async with database.transaction() as conn:
        await jobs.finish_what_is_held(conn, [late])
        await jobs.extend_leases(conn, [late], 3600)
    assert await rows(database) == before
    await finish(database, now)


async def test_a_job_that_is_held_is_not_taken_over_until_its_transaction_ends(database):
    await put(database)
    job = await take_one(database, RUN_OUT)
    async with database.transaction() as conn:
        await jobs.hold(conn, job)
        assert await reap(database) == 0
        await jobs.finish(conn, job)
    assert await counts(database) == {}


async def test_a_lease_that_is_extended_does_not_run_out(database):
    await put(database, "extended")
    await put(database, "not extended")
    extended, _ = await take(database, 2, RUN_OUT)
    async with database.transaction() as conn:
        await jobs.extend_leases(conn, [extended], LEASE)
    assert await reap(database) == 1
    assert names(await take(database)) == ["not extended"]


async def test_extending_leases_does_not_wait_for_a_job_that_a_transaction_holds(database):
    await put(database, "held")
    await put(database, "other")
    held, other = await take(database, 2, RUN_OUT)
    async with database.transaction() as conn:
        await jobs.hold(conn, held)
        async with asyncio.timeout(5), database.transaction() as keeper:
            await jobs.extend_leases(keeper, [held, other], LEASE)
    assert await reap(database) == 1


async def test_a_job_whose_lease_ran_out_is_tried_again(database):
    await put(database, max_tries=2)
    await take_one(database, RUN_OUT)
    assert await reap(database) == 1
    job = await take_one(database)
    assert job.tries == 2
    assert [row.last_error for row in await rows(database)] == [jobs.LEASE_RAN_OUT]


async def test_a_job_that_kills_its_worker_every_time_is_buried_at_last(database):
    await put(database, max_tries=3)
    for _ in range(3):
        await take_one(database, RUN_OUT)
        assert await reap(database) == 1
    assert await take(database) == []
    assert await counts(database) == {"dead": 1}


async def test_one_reaping_cannot_be_stopped_by_two_jobs_with_one_dedupe_key(database):
    for _ in range(2):
        await put(database, dedupe_key="k")
        await take_one(database, RUN_OUT)
    assert await reap(database) == 2
    assert await counts(database) == {"waiting": 1}


async def test_of_one_dedupe_key_at_most_one_job_waits(database):
    await put(database, "first", dedupe_key="k")
    await put(database, "second", dedupe_key="k")
    await put(database, "of another key", dedupe_key="l")
    await put(database, "without a key")
    await put(database, "without a key")
    assert len(await take(database)) == 4


async def test_work_asked_for_again_while_it_runs_is_done_again(database):
    await put(database, dedupe_key="k")
    running = await take_one(database)
    await put(database, "again", dedupe_key="k")
    await finish(database, running)
    assert names(await take(database)) == ["again"]


async def test_work_asked_for_sooner_is_done_sooner(database):
    await put(database, dedupe_key="k", run_in_seconds=3600)
    await put(database, dedupe_key="k", run_in_seconds=7200)
    assert await take(database) == []
    await put(database, dedupe_key="k")
    await take_one(database)
    assert await counts(database) == {"running": 1}


async def test_a_waiting_job_does_not_run_before_the_one_who_asked_for_it_again_has_committed(database):
    """Otherwise it could miss what that transaction wrote, and nothing would run after it."""
    await put(database, dedupe_key="k")
    async with database.transaction() as conn:
        await jobs.enqueue(conn, "work", {}, dedupe_key="k")
        assert await take(database) == []
    assert len(await take(database)) == 1


async def test_a_job_put_back_gives_way_to_one_that_waits_for_the_same_work(database):
    await put(database, "first", dedupe_key="k")
    failed = await take_one(database)
    await put(database, "asked for again", dedupe_key="k", run_in_seconds=3600)
    await put_back(database, failed, error="boom")
    job = await take_one(database)
    assert names([job]) == ["asked for again"]
    assert job.tries == 2  # its pauses grow on, however often the work is asked for
    assert await counts(database) == {"running": 1}


async def test_a_job_put_back_keeps_its_identity_and_says_why(database):
    await put(database, "it", lane="a", dedupe_key="k", max_tries=5)
    (before,) = await rows(database)
    await put_back(database, await take_one(database), error="boom")
    (after,) = await rows(database)
    assert (after.id, after.payload, after.lane, after.dedupe_key, after.max_tries, after.created_at) == (
        before.id,
        before.payload,
        before.lane,
        before.dedupe_key,
        before.max_tries,
        before.created_at,
    )
    assert (after.status, after.tries, after.last_error, after.leased_until) == ("waiting", 1, "boom", None)


async def test_a_job_that_only_waits_uses_up_no_try(database):
    await put(database, max_tries=1)
    for _ in range(3):
        job = await take_one(database)
        assert job.tries == 1
        await put_back(database, job, counts_as_try=False)


async def test_a_buried_job_is_listed_and_can_be_revived_with_all_its_tries(database):
    await put(database, "it", lane="a", max_tries=1)
    await put(database, "next", lane="a")
    job = await take_one(database)
    async with database.transaction() as conn:
        await jobs.bury(conn, job, error="hopeless")
    async with database.transaction() as conn:
        dead = await get_dead(conn, job.id)
    assert (dead.id, dead.kind, dead.payload, dead.lane, dead.tries, dead.last_error) == (
        job.id, "work", {"name": "it"}, "a", 1, "hopeless",
    )  # fmt: skip
    next_of_lane = await take_one(database)
    assert names([next_of_lane]) == ["next"]
    await finish(database, next_of_lane)
    async with database.transaction() as conn:
        await jobs.revive(conn, job.id)
    revived = await take_one(database)
    assert (revived.id, revived.tries) == (job.id, 1)
    await finish(database, revived)
    assert await counts(database) == {}


async def test_only_a_dead_job_can_be_revived(database):
    await put(database)
    job = await take_one(database)
    for job_id in (job.id, job.id + 1):
        with pytest.raises(NotFoundError):
            async with database.transaction() as conn:
                await jobs.revive(conn, job_id)


async def test_counts_name_every_status(database):
    async with database.transaction() as conn:
        assert await jobs.count_by_status(conn) == {"waiting": 0, "running": 0, "dead": 0}
