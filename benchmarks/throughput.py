"""Calls accepted and calls settled a second, beside the raw insert rate of the same Postgres in the same run.

One `serve --no-worker` takes signed deliveries over HTTP from a load generator on the same machine; then one `worker`
does what they lead to, against the Goody twin. The raw rate is that of single-row inserts of the same bodies, each its
own commit, over as many connections. Figures of one machine mean little; the ratios are what to compare.
"""

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psycopg

from app.db.embedded import EmbeddedPostgres

SECRET = "benchmark-secret"  # noqa: S105 (of a service that lives for a minute)
API_KEY = "benchmark-key"
# What callers want, in parts of ten: mostly questions, some changes by themselves, some for a team.
MIX = ("where is my order",) * 5 + ("extend expiration",) * 3 + ("price question",) * 2
# Calls with an action that no job will move further by itself.
CALLS_AT_REST = """
    select count(distinct call_id) from actions
    where status not in ('proposed', 'approved', 'executing', 'outcome_unknown', 'awaiting_confirmation')
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # Not below a folder that the user Postgres runs as could not pass when root runs this.
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        Path(folder).chmod(0o711)
        figures = measure(Path(folder), arguments.calls, arguments.connections, arguments.orders)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<42}{value:>12,.3f}" if isinstance(value, float) else f"{name:<42}{value:>12,}")


def measure(folder: Path, calls: int, connections: int, orders: int) -> dict[str, float | int]:
    goody_port, port = free_port(), free_port()
    environment = os.environ | {
        "HANDOFF_DATA_DIR": str(folder / "data"),
        "HANDOFF_PORT": str(port),
        "HANDOFF_LOG_LEVEL": "error",
        "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": SECRET,
        "HANDOFF_GOODY_API_KEY": API_KEY,
        "HANDOFF_GOODY_BASE_URL": f"http://127.0.0.1:{goody_port}",
    }
    twin = ["sandbox", "goody", "--port", str(goody_port), "--api-key", API_KEY, "--orders", str(orders)]
    with EmbeddedPostgres(folder / "data") as postgres, running(twin, environment, folder / "goody.log"):
        wait_until(lambda: answers(f"http://127.0.0.1:{goody_port}/_twin/ledger"), "the Goody twin")
        url = postgres.start().replace("postgresql+psycopg", "postgresql")
        run(["migrate"], environment)
        run(["reconcile"], environment)
        known = read_orders(url)
        requests = [post_of(body_of(number, known[number % len(known)])) for number in range(calls)]
        raw = raw_insert_rate(url, requests, connections)
        with running(["serve", "--no-worker"], environment, folder / "serve.log"):
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), "the service")
            accept_seconds, latencies = asyncio.run(post_all(port, requests, connections))
        settle_seconds = settle(url, calls, environment, folder)
    latencies.sort()
    accepted, settled = calls / accept_seconds, calls / settle_seconds
    return {
        "calls": calls,
        "connections": connections,
        "raw_inserts_per_second": raw,
        "accepted_calls_per_second": accepted,
        "settled_calls_per_second": settled,
        "accepted_per_raw_insert": accepted / raw,
        "settled_per_raw_insert": settled / raw,
        "accept_p50_ms": latencies[len(latencies) // 2] * 1000,
        "accept_p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
    }


def raw_insert_rate(url: str, requests: list[bytes], connections: int) -> float:
    """Rows a second, one commit a row, over as many connections as post calls later."""

    async def insert(queue: asyncio.Queue[bytes]) -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            with contextlib.suppress(asyncio.QueueEmpty):
                while True:
                    await conn.execute("insert into raw_rate (body) values (%s)", (queue.get_nowait(),))

    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("create table raw_rate (id bigint generated always as identity primary key, body bytea not null)")
    seconds, _ = asyncio.run(share_out(requests, insert, connections))
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("drop table raw_rate")
    return len(requests) / seconds


async def post_all(port: int, requests: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Seconds in all, and of each request. A plain socket, so that the generator costs little of the shared cores."""
    latencies: list[float] = []

    async def post(queue: asyncio.Queue[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                request = queue.get_nowait()
                started = time.perf_counter()
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                latencies.append(time.perf_counter() - started)
        writer.close()

    seconds, _ = await share_out(requests, post, connections)
    return seconds, latencies


async def share_out(
    requests: list[bytes], work: Callable[[asyncio.Queue[bytes]], Awaitable[None]], connections: int
) -> tuple[float, None]:
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    for request in requests:
        queue.put_nowait(request)
    started = time.perf_counter()
    await asyncio.gather(*(work(queue) for _ in range(connections)))
    return time.perf_counter() - started, None


def settle(url: str, calls: int, environment: dict[str, str], folder: Path) -> float:
    """Seconds from the start of one worker until every call has come to rest."""
    with psycopg.connect(url, autocommit=True) as conn, running(["worker"], environment, folder / "worker.log"):
        # Starting an interpreter is no part of the rate: the clock runs from the first job done.
        wait_until(lambda: count(conn, "select count(*) from calls") > 0, "the worker")
        started = time.perf_counter()
        wait_until(lambda: count(conn, CALLS_AT_REST) >= calls, "all calls", seconds=600)
        return time.perf_counter() - started


def body_of(number: int, order: dict[str, str], wish: str | None = None) -> bytes:
    """A call by the recipient of an order, as DialNexa documents it; what it wants is in turn the mix's."""
    call = {
        "id": f"call_bench_{number:06}",
        "direction": "inbound",
        "type": "phone_call",
        "status": "completed",
        "from_number": f"1213777{number % 10000:04}",
        "to_number": "12137771235",
        "agent_id": "agent_1",
        "initiated_at": "2026-11-02T10:21:15.945Z",
        "duration_in_seconds": 145,
        "transcript": json.dumps(
            [{"role": "user", "content": "Hello, it is about my gift. " * 20, "start": 0, "end": 9}]
        ),
        "summary": "The caller asked about a gift.",
        "recording_url": f"https://recordings.example.com/{number}.mp3",
        "post_call_analysis": {
            "Customer Name": order["name"],
            "Customer Email": order["email"],
            "Order ID": order["reference"],
            "Requested Action": wish or MIX[number % len(MIX)],
        },
    }
    return json.dumps({"event_type": "call_ended", "payload": {"call": call}}).encode()


def post_of(body: bytes) -> bytes:
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        "POST /webhooks/dialnexa HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"x-dialnexa-signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def read_orders(url: str) -> list[dict[str, str]]:
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "select reference_id, recipient_email, facts->'recipient'->>'first_name', facts->'recipient'->>'last_name'"
            " from orders where recipient_email is not null order by id"
        ).fetchall()
    return [{"reference": row[0], "email": row[1], "name": f"{row[2]} {row[3] or ''}".strip()} for row in rows]


def count(conn: psycopg.Connection[tuple[int]], query: str) -> int:
    row = conn.execute(query.encode()).fetchone()
    return row[0] if row else 0


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *command], env=environment, stdout=output, stderr=output
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)
    if process.returncode not in {0, -15}:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text()[-2000:]}")


def run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "app", *command], env=environment, check=True, stdout=subprocess.DEVNULL)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (an address of ours)
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
