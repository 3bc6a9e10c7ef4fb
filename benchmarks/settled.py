"""Settled actions a second with one, two and four workers, and what the queue costs beside a bare claim loop.

Every call asks for more time for a gift of its own, which policy grants: intent, read, act, read, settle, against the
Goody twin over HTTP without faults. The workers share one Postgres and one machine with the twin, so more workers than
cores gain nothing here; the ratios are what to compare. The queue is measured with jobs that do nothing, beside a loop
of `UPDATE ... FOR UPDATE SKIP LOCKED` that claims as many rows at a time and keeps nothing else of a queue.
"""

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy import text

from app.db.embedded import EmbeddedPostgres
from app.db.engine import Bell, Database
from app.db.jobs import Job
from app.db.migrate import migrate
from app.services.work import Worker
from benchmarks.throughput import (
    API_KEY,
    SECRET,
    answers,
    body_of,
    count,
    free_port,
    post_all,
    post_of,
    read_orders,
    run,
    running,
    wait_until,
)

WORKERS = (1, 2, 4)
CONNECTIONS = 16
CONCURRENCY = 8
SETTLED = "select count(*) from actions where status = 'done'"
# What is claimed at a time is what a worker of ours claims at most.
BARE_CLAIM = f"""
    update bare set status = 'done' where id = any (array(
        select id from bare where status = 'waiting' order by id limit {CONCURRENCY} for update skip locked
    )) returning id
"""  # noqa: S608 (a constant)

FILL = text("""
    insert into jobs (kind, payload, lane, max_tries)
    select 'nothing', '{}', 'lane:' || n, 3 from generate_series(1, :rows) n
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    for workers in WORKERS:
        with make_folder() as folder:
            figures[f"settled_per_second_{workers}_workers"] = settled_rate(folder, arguments.calls, workers)
    one = figures["settled_per_second_1_workers"]
    for workers in WORKERS[1:]:
        figures[f"{workers}_workers_per_one"] = figures[f"settled_per_second_{workers}_workers"] / one
    with make_folder() as folder:
        figures |= asyncio.run(queue_rates(folder, arguments.jobs))
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<42}{value:>12,.3f}")


@contextlib.contextmanager
def make_folder() -> Iterator[Path]:
    # Not below a folder that the user Postgres runs as could not pass when root runs this.
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def settled_rate(folder: Path, calls: int, workers: int) -> float:
    """Actions a second from the first that is settled to the last."""
    goody_port, port = free_port(), free_port()
    shop = f"http://127.0.0.1:{goody_port}"
    environment = os.environ | {
        "HANDOFF_DATA_DIR": str(folder / "data"),
        "HANDOFF_PORT": str(port),
        "HANDOFF_LOG_LEVEL": "error",
        "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": SECRET,
        "HANDOFF_GOODY_API_KEY": API_KEY,
        "HANDOFF_GOODY_BASE_URL": shop,
        "HANDOFF_WORKER_CONCURRENCY": str(CONCURRENCY),
    }
    twin = ["sandbox", "goody", "--port", str(goody_port), "--api-key", API_KEY, "--orders", "0"]
    with EmbeddedPostgres(folder / "data") as postgres, running(twin, environment, folder / "goody.log"):
        wait_until(lambda: answers(f"{shop}/_twin/ledger"), "the Goody twin")
        for number in range(calls):
            place_order(shop, number)
        url = postgres.start().replace("postgresql+psycopg", "postgresql")
        run(["migrate"], environment)
        run(["reconcile"], environment)
        requests = [
            post_of(body_of(number, order, wish="extend expiration")) for number, order in enumerate(read_orders(url))
        ]
        with running(["serve", "--no-worker"], environment, folder / "serve.log"):
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "the service")
            asyncio.run(post_all(port, requests, CONNECTIONS))
        return calls / settle(url, calls, workers, environment, folder)


def place_order(shop: str, number: int) -> None:
    """A gift of a person whose name nobody else has, still to be accepted."""
    name = "".join("bdfgklmnprstvz"[number // 14**place % 14] + "aeiou"[number // 5**place % 5] for place in range(4))
    order = {
        "recipient_first_name": name.capitalize(),
        "recipient_last_name": name[::-1].capitalize(),
        "recipient_email": f"{name}.{number}@mail.example.com",
        "status": "notified",
        "is_told": False,
        "expires_at": "2099-01-01T00:00:00Z",
    }
    request = urllib.request.Request(  # noqa: S310 (an address of ours)
        f"{shop}/_twin/orders", json.dumps(order).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def settle(url: str, calls: int, workers: int, environment: dict[str, str], folder: Path) -> float:
    with psycopg.connect(url, autocommit=True) as conn, contextlib.ExitStack() as stack:
        for number in range(workers):
            stack.enter_context(running(["worker"], environment, folder / f"worker-{number}.log"))
        # Starting interpreters is no part of the rate.
        wait_until(lambda: count(conn, SETTLED) > 0, "the workers")
        started = time.perf_counter()
        wait_until(lambda: count(conn, SETTLED) >= calls, "all actions to be settled", seconds=900)
        return time.perf_counter() - started


async def queue_rates(folder: Path, jobs: int) -> dict[str, float]:
    with EmbeddedPostgres(folder / "data") as postgres:
        url = postgres.start()
        migrate(url)
        bare = await bare_rate(url.replace("postgresql+psycopg", "postgresql"), jobs)
        ours = await queue_rate(url, jobs)
    return {"bare_claims_per_second": bare, "queue_jobs_per_second": ours, "queue_per_bare_claim": ours / bare}


async def bare_rate(url: str, rows: int) -> float:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("create table bare (id bigint primary key, status text not null)")
        await conn.execute("create index bare_waiting on bare (id) where status = 'waiting'")
        await conn.execute("insert into bare select n, 'waiting' from generate_series(1, %s) n", (rows,))
        started, claimed = time.perf_counter(), -1
        while claimed:
            claimed = (await conn.execute(BARE_CLAIM.encode())).rowcount
        seconds = time.perf_counter() - started
        await conn.execute("drop table bare")
    return rows / seconds


async def queue_rate(url: str, rows: int) -> float:
    """Jobs of as many lanes as there are jobs, each done in no time."""
    database = Database(url)
    done = 0
    stopping = asyncio.Event()

    async def do_nothing(_job: Job) -> None:
        nonlocal done
        done += 1
        if done == rows:
            stopping.set()

    async with database.transaction() as conn:
        await conn.execute(FILL, {"rows": rows})
    worker = Worker(database, {"nothing": do_nothing}, concurrency=CONCURRENCY, bell=Bell())
    started = time.perf_counter()
    await worker.run(stopping)
    seconds = time.perf_counter() - started
    await database.close()
    return rows / seconds


if __name__ == "__main__":
    main()
