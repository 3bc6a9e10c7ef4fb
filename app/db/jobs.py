"""The queue: work that must happen, saved in the transaction that caused it.

A job runs at least once. What must happen once is written in the transaction that finishes the job, so that both are
saved or neither; a worker that comes late, after its lease ran out and the job went to another, is refused there. The
clock is Postgres's alone, because workers run on several machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import ColumnElement, bindparam, delete, func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.engine import ENQUEUED
from app.db.tables import jobs
from app.errors import ConflictError, LeaseLostError, NotFoundError

# One reaping is one short transaction; what is left comes with the next.
REAPED_AT_ONCE = 100
LEASE_RAN_OUT = "its lease ran out: the worker died, was cut off, or stood still"

JOB = (jobs.c.id, jobs.c.kind, jobs.c.payload, jobs.c.lane, jobs.c.tries, jobs.c.max_tries, jobs.c.fence)

# The time is not now(), when the transaction began: one that began early and had to wait would overtake in its lane. DO
# UPDATE and not DO NOTHING, also where nothing changes: it locks the waiting job, which otherwise could run before our
# commit, miss what we wrote, and nobody would run after it.
ENQUEUE = text("""
    INSERT INTO jobs (kind, payload, lane, dedupe_key, run_at, max_tries)
    VALUES (:kind, :payload, :lane, :dedupe_key, clock_timestamp() + make_interval(secs => :run_in_seconds), :max_tries)
    ON CONFLICT (dedupe_key) WHERE status = 'waiting' DO UPDATE
    SET run_at = excluded.run_at WHERE excluded.run_at < jobs.run_at
""").bindparams(bindparam("payload", type_=JSONB))

# Walking the due jobs in the order they fell due meets the head of each lane before its followers, so a walk that
# remembers the lanes it passed needs no second look, and its cost is linear; asking of each job whether it heads its
# lane is quadratic in a long lane. It collects more heads than asked for, because claims that run at this very moment
# have locked the first ones. Id 0 is the row the walk starts from. Two conditions are put so that the planner cannot
# reason about them (coalesce, NOT IN): by statistics of another hour it would sort all that is due at every step, or
# read an index of all that wait.
CLAIM = text("""
    WITH RECURSIVE running AS MATERIALIZED (
        SELECT coalesce(jsonb_object_agg(lane, true), '{}') AS lanes FROM jobs
        WHERE status = 'running' AND lane IS NOT NULL
    ), head (run_at, id, passed) AS (
        SELECT '-infinity'::timestamptz, 0::bigint, ARRAY[]::text[]
      UNION ALL
        SELECT next.run_at, next.id, head.passed || array_remove(ARRAY[next.lane], NULL)
        FROM head, LATERAL (
            SELECT run_at, id, lane FROM jobs
            WHERE status = 'waiting' AND run_at <= now() AND (run_at, id) > (head.run_at, head.id)
                AND NOT coalesce(lane = ANY (head.passed) OR (SELECT lanes FROM running) ? lane, false)
            ORDER BY run_at, id LIMIT 1
        ) AS next
    )
    UPDATE jobs
    SET status = 'running', tries = tries + 1, fence = fence + 1,
        leased_until = now() + make_interval(secs => :lease_seconds)
    WHERE id = ANY (ARRAY(
        SELECT id FROM jobs
        WHERE id = ANY (ARRAY(SELECT id FROM head WHERE id > 0 LIMIT 4 * :limit))
            AND status NOT IN ('running', 'dead')
        ORDER BY run_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ))
    RETURNING id, kind, payload, lane, tries, max_tries, fence
""").columns(*JOB)

# Taken out and put in anew instead of updated, because only an INSERT can give way: where the same work was asked for
# again meanwhile, the job that waits for it does it for both.
PUT_BACK = text("""
    WITH job AS (DELETE FROM jobs WHERE id = :id AND fence = :fence AND status = :status RETURNING *)
    INSERT INTO jobs (id, kind, payload, lane, dedupe_key, run_at, tries, max_tries, fence, last_error, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT id, kind, payload, lane, dedupe_key, clock_timestamp() + make_interval(secs => :run_in_seconds),
        :tries, max_tries, fence, coalesce(:error, last_error), created_at
    FROM job
    ON CONFLICT (dedupe_key) WHERE status = 'waiting' DO UPDATE
    SET run_at = least(jobs.run_at, excluded.run_at), tries = greatest(jobs.tries, excluded.tries),
        last_error = coalesce(excluded.last_error, jobs.last_error)
""")


# The oldest is the first of an index, whatever the statistics say; only the count reads on.
BACKLOG = text("""
    SELECT coalesce(extract(epoch FROM now() - (
        SELECT run_at FROM jobs WHERE status = 'waiting' AND run_at <= now() ORDER BY run_at LIMIT 1
    )), 0)::float8 AS oldest_seconds, (
        SELECT count(*) FROM (SELECT FROM jobs WHERE status = 'waiting' AND run_at <= now() LIMIT :most) AS due
    ) AS due
""")
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """`due` is at most MOST_COUNTED; `oldest_seconds` is how long the oldest of them has waited for its turn."""

    due: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `tries` counts this one too; `fence` is the number of the claim, which only its holder knows."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    lane: str | None
    tries: int
    max_tries: int
    fence: int


async def enqueue(
    conn: AsyncConnection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    lane: str | None = None,
    dedupe_key: str | None = None,
    run_in_seconds: float = 0,
    max_tries: int = 12,
) -> None:
    """Jobs of one lane run one at a time, in the order they fall due. Of one dedupe key at most one job waits."""
    await conn.execute(
        ENQUEUE,
        {
            "kind": kind,
            "payload": dict(payload),
            "lane": lane,
            "dedupe_key": dedupe_key,
            "run_in_seconds": run_in_seconds,
            "max_tries": max_tries,
        },
    )
    conn.info[ENQUEUED] = True


async def claim(conn: AsyncConnection, *, limit: int, lease_seconds: float) -> list[Job]:
    """Up to `limit` due jobs, at most one of a lane. A job that pauses lets the next of its lane pass.

    Seldom a ConflictError: begin a new transaction and claim again. A savepoint here would cost as much as the claim.
    """
    try:
        rows = await conn.execute(CLAIM, {"limit": limit, "lease_seconds": lease_seconds})
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == "one_running_job_per_lane":
            raise ConflictError("another claim took a lane between our look and our update") from error
        raise
    return [Job(**row) for row in rows.mappings()]


async def hold(conn: AsyncConnection, job: Job) -> None:
    """Until this transaction ends nobody can take the job over; LeaseLostError when somebody did."""
    held = await conn.execute(select(jobs.c.id).where(_is_held_under(job)).with_for_update())
    _check_held(job, len(held.all()))


async def finish(conn: AsyncConnection, job: Job) -> None:
    """The job is done, if this transaction is committed."""
    done = await conn.execute(delete(jobs).where(_is_held_under(job)))
    _check_held(job, done.rowcount)


async def finish_what_is_held(conn: AsyncConnection, held: Sequence[Job]) -> None:
    """Finish those that were not finished, put back or lost."""
    if held:
        await conn.execute(delete(jobs).where(_is_one_of(held), jobs.c.status == "running"))


async def reschedule(
    conn: AsyncConnection, job: Job, *, run_in_seconds: float, error: str | None = None, counts_as_try: bool = True
) -> None:
    """Put the job back. With counts_as_try=False nothing went wrong: it only has to wait."""
    tries = job.tries if counts_as_try else job.tries - 1
    put_back = await _put_back(
        conn, job.id, job.fence, "running", tries=tries, run_in_seconds=run_in_seconds, error=error
    )
    _check_held(job, put_back)


async def hurry(conn: AsyncConnection, dedupe_keys: Sequence[str]) -> None:
    """Those of these that wait for a later time may run now."""
    if dedupe_keys:
        await conn.execute(
            update(jobs)
            .where(jobs.c.dedupe_key.in_(dedupe_keys), jobs.c.status == "waiting", jobs.c.run_at > func.now())
            .values(run_at=func.clock_timestamp())
        )
        conn.info[ENQUEUED] = True


async def bury(conn: AsyncConnection, job: Job, *, error: str) -> None:
    """Lay the job aside for a person (dead letter)."""
    buried = await conn.execute(
        update(jobs).where(_is_held_under(job)).values(status="dead", leased_until=None, last_error=error)
    )
    _check_held(job, buried.rowcount)


async def extend_leases(conn: AsyncConnection, held: Sequence[Job], lease_seconds: float) -> None:
    """Those that a transaction holds at this moment are passed over: it protects them better than a lease."""
    if held:
        free = select(jobs.c.id).where(_is_one_of(held), jobs.c.status == "running").with_for_update(skip_locked=True)
        await conn.execute(
            update(jobs).where(jobs.c.id.in_(free)).values(leased_until=func.now() + _interval(lease_seconds))
        )


async def reap(conn: AsyncConnection) -> int:
    """Put back jobs whose lease ran out; bury those without tries: one that kills its worker would do so for ever."""
    expired = await conn.execute(
        select(*JOB)
        .where(jobs.c.status == "running", jobs.c.leased_until < func.now())
        .order_by(jobs.c.leased_until)
        .limit(REAPED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = [Job(**row) for row in expired.mappings()]
    for job in found:
        if job.tries >= job.max_tries:
            await bury(conn, job, error=LEASE_RAN_OUT)
        else:
            await reschedule(conn, job, run_in_seconds=0, error=LEASE_RAN_OUT)
    return len(found)


async def count_by_status(conn: AsyncConnection) -> dict[str, int]:
    rows = await conn.execute(select(jobs.c.status, func.count().label("number")).group_by(jobs.c.status))
    return {"waiting": 0, "running": 0, "dead": 0} | {row.status: row.number for row in rows}


async def measure_backlog(conn: AsyncConnection) -> Backlog:
    """What is due and not begun. Counted up to a bound, so that the deeper it is the slower no probe gets."""
    row = (await conn.execute(BACKLOG, {"most": MOST_COUNTED})).one()
    return Backlog(row.due, row.oldest_seconds)


async def revive(conn: AsyncConnection, job_id: int, *, run_in_seconds: float = 0) -> None:
    """Give a dead job (db/dead_jobs.py) all its tries again, from now on or a little later."""
    fence = await conn.scalar(
        select(jobs.c.fence).where(jobs.c.id == job_id, jobs.c.status == "dead").with_for_update()
    )
    if fence is None:
        raise NotFoundError(f"no dead job {job_id}")
    await _put_back(conn, job_id, fence, "dead", tries=0, run_in_seconds=run_in_seconds, error=None)


async def _put_back(
    conn: AsyncConnection, job_id: int, fence: int, status: str, *, tries: int, run_in_seconds: float, error: str | None
) -> int:
    result = await conn.execute(
        PUT_BACK,
        {
            "id": job_id,
            "fence": fence,
            "status": status,
            "tries": tries,
            "run_in_seconds": run_in_seconds,
            "error": error,
        },
    )
    conn.info[ENQUEUED] = True
    return result.rowcount


def _is_held_under(job: Job) -> ColumnElement[bool]:
    return (jobs.c.id == job.id) & (jobs.c.fence == job.fence) & (jobs.c.status == "running")


def _is_one_of(held: Sequence[Job]) -> ColumnElement[bool]:
    return tuple_(jobs.c.id, jobs.c.fence).in_([(job.id, job.fence) for job in held])


def _check_held(job: Job, rows: int) -> None:
    if rows != 1:
        raise LeaseLostError(f"job {job.id} ({job.kind}) is no longer held under claim {job.fence}")


def _interval(seconds: float) -> ColumnElement[Any]:
    return func.make_interval(0, 0, 0, 0, 0, 0, literal(seconds))
