"""Dead letters: grouped by what they died of, looked at before, replayed at a pace, dropped with a reason."""

from itertools import pairwise
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from walked_actions import approved, entries, failed, parts_on

from app.db import jobs
from app.db.dead_jobs import count_dead_by_kind, list_dead_groups
from app.db.tables import jobs as jobs_table
from app.errors import NotFoundError
from app.services import revive
from app.services.revive import REPLAYED_AT_ONCE, Wish


@pytest.fixture
def parts(database):
    return parts_on(database)


async def die(database, kind, error, **payload):
    """A job that used up its tries as any does; its id."""
    async with database.transaction() as conn:
        await jobs.enqueue(conn, kind, payload, max_tries=1, lane=f"{kind}:{uuid4()}")
        (job,) = await claim_only(conn, kind)
        await jobs.bury(conn, job, error=error)
    return job.id


async def claim_only(conn, kind):
    await conn.execute(text("update jobs set run_at = now() - interval '1 h' where kind = :kind"), {"kind": kind})
    claimed = await jobs.claim(conn, limit=1, lease_seconds=30)
    assert [job.kind for job in claimed] == [kind]
    return claimed


async def groups(database):
    async with database.transaction() as conn:
        return await list_dead_groups(conn)


async def jobs_in(database, *statuses):
    async with database.transaction() as conn:
        query = select(jobs_table).where(jobs_table.c.status.in_(statuses)).order_by(jobs_table.c.run_at)
        return list(await conn.execute(query))


async def test_jobs_that_died_of_the_same_are_one_group_whatever_ids_the_error_names(database):
    same = [
        f"DestinationUnavailableError: goody: GET /v1/orders/{uuid4()} answered 503",
        f"DestinationUnavailableError: goody: GET /v1/orders/{uuid4()} answered 503",
        "DestinationUnavailableError: goody: GET /v1/orders/DRKRUKB5XGWR answered 503",
    ]
    ids = [await die(database, "settle", error, action_id=str(uuid4())) for error in same]
    await die(database, "settle", same[0].replace("503", "500"))
    await die(database, "observe", same[0])
    await die(database, "decide", "ValueError in app.services.decide, line 88")
    largest, *others = await groups(database)
    assert (largest.kind, largest.number, largest.samples) == ("settle", 3, ids[::-1])
    assert largest.cause == "DestinationUnavailableError: goody: GET /v1/orders/… answered 503"
    assert largest.first_at <= largest.last_at
    assert [group.number for group in others] == [1, 1, 1]
    assert "ValueError in app.services.decide, line 88" in {group.cause for group in others}
    assert (await groups(database))[0].id == largest.id
    async with database.transaction() as conn:
        assert await count_dead_by_kind(conn) == {"settle": 4, "observe": 1, "decide": 1}


async def test_a_preview_says_what_the_replay_would_do_as_things_stand_now(database, parts):
    ready, over = await approved(parts), await failed(parts)
    async with database.transaction() as conn:
        await conn.execute(text("delete from jobs"))
    for action_id, would, status in (
        (ready, revive.BEGINS, "approved"),
        (over, revive.IDLE, "failed"),
    ):
        shown = await revive.preview(parts, await die(database, "execute", "x", action_id=str(action_id)))
        assert (shown.would, shown.about["status"], shown.about["action_id"]) == (would, status, str(action_id))
    gone = await revive.preview(parts, await die(database, "execute", "x", action_id=str(uuid4())))
    assert (gone.would, gone.about["status"]) == (revive.IDLE, None)
    read = await revive.preview(parts, await die(database, "observe", "x", destination="goody", subject="o-1"))
    assert read.would.startswith("Reads the order at the shop")
    assert (await jobs_in(database, "waiting")) == []


async def test_a_replayed_job_has_all_its_tries_again(database, parts):
    job_id = await die(database, "work", "hopeless")
    await revive.replay_one(parts, job_id, by="ada")
    (job,) = await jobs_in(database, "waiting")
    assert (job.id, job.tries) == (job_id, 0)
    (entry,) = await entries(database, "jobs.")
    assert (entry.event, entry.actor, entry.data["job_ids"]) == ("jobs.replayed", "ada", [job_id])
    with pytest.raises(NotFoundError):
        await revive.replay_one(parts, job_id, by="ada")


async def test_a_group_is_replayed_one_after_the_other_and_the_others_stay_dead(database, parts):
    wanted = [await die(database, "settle", "the shop was down") for _ in range(4)]
    other = await die(database, "settle", "something else")
    group = next(each for each in await groups(database) if each.number == 4)
    assert await revive.replay_many(parts, Wish(group.id, per_minute=6), by="ada") == 4
    waiting = await jobs_in(database, "waiting")
    assert [job.id for job in waiting] == wanted
    gaps = [(later.run_at - former.run_at).total_seconds() for former, later in pairwise(waiting)]
    assert gaps == pytest.approx([10, 10, 10], abs=1)
    assert [job.id for job in await jobs_in(database, "dead")] == [other]
    (entry,) = await entries(database, "jobs.replayed")
    assert (entry.data["group"], entry.data["per_minute"]) == (group.id, 6)


async def test_all_are_replayed_batch_by_batch_at_one_pace(database, parts):
    number = REPLAYED_AT_ONCE + 20
    async with database.transaction() as conn:
        for _ in range(number):
            await jobs.enqueue(conn, "work", {})
        await conn.execute(text("update jobs set status = 'dead', last_error = 'x'"))
    assert await revive.replay_many(parts, Wish(None, per_minute=600), by="ada") == number
    waiting = await jobs_in(database, "waiting")
    assert len(waiting) == number
    span = (waiting[-1].run_at - waiting[0].run_at).total_seconds()
    assert span == pytest.approx((number - 1) / 10, abs=2)
    replays = await entries(database, "jobs.replayed")
    assert [len(entry.data["job_ids"]) for entry in replays] == [REPLAYED_AT_ONCE, 20]
    assert await revive.replay_many(parts, Wish(None), by="ada") == 0


async def test_dead_jobs_that_would_do_the_same_become_one(database, parts):
    async with database.transaction() as conn:
        for _ in range(2):
            await jobs.enqueue(conn, "match", {"call_id": "c"}, dedupe_key="match:c")
            await conn.execute(text("update jobs set status = 'dead', last_error = 'x'"))
    assert await revive.replay_many(parts, Wish(None), by="ada") == 2
    assert len(await jobs_in(database, "waiting", "dead")) == 1


async def test_a_group_that_there_is_none_of_is_named(parts):
    with pytest.raises(NotFoundError, match=r"no dead job is of group abc; GET /v1/jobs/dead"):
        await revive.replay_many(parts, Wish("abc"), by="ada")


async def test_a_dropped_job_is_gone_and_the_audit_keeps_what_it_was_about(database, parts):
    job_id = await die(database, "notify", "hopeless", notification_id="n-1")
    await revive.drop(parts, job_id, by="ada", reason="told them by phone")
    assert await jobs_in(database, "waiting", "dead") == []
    (entry,) = await entries(database, "job.dropped")
    assert entry.actor == "ada"
    assert entry.data == {
        "job_id": job_id, "kind": "notify", "payload": {"notification_id": "n-1"}, "reason": "told them by phone",
    }  # fmt: skip


async def test_what_is_not_dead_is_neither_replayed_nor_dropped(database, parts):
    async with database.transaction() as conn:
        await jobs.enqueue(conn, "work", {})
    (job,) = await jobs_in(database, "waiting")
    for attempt in (
        revive.preview(parts, job.id),
        revive.replay_one(parts, job.id, by="ada"),
        revive.drop(parts, job.id, by="ada", reason="why not"),
    ):
        with pytest.raises(NotFoundError, match=f"no dead job {job.id}"):
            await attempt
