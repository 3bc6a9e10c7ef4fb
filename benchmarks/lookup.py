"""How long a voice agent waits for an in-call lookup, with so many orders in the mirror, while calls come in.

`serve --no-worker` answers lookups and takes signed deliveries, and one `worker` matches them, on the same Postgres and
machine as this load generator. With `--serves 2` two get the requests in turn, as behind a balancer. Both loads come
as from many callers who know nothing of each other (Poisson, seeded), whatever the answers take, and a lookup is timed
from when it was due: waiting in line counts. With `--lookups-per-second 0` each lookup comes when the one before is
answered: what one takes by itself. The mirror and its callers are synthetic (app/evaluation); a filled mirror is kept
in the folder, since a million orders take minutes to load.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import accumulate, chain, cycle
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from app.db.embedded import EmbeddedPostgres
from app.evaluation.spoken import SAMPLED
from app.evaluation.synthetic_mirror import NOW, SyntheticMirror, synthetic_mirrors
from app.sandbox.spoken.callers import SpokenCall, callers
from app.services.lookup import HEARD_FIELDS
from benchmarks.throughput import API_KEY, SECRET, answers, free_port, post_of, run, running, wait_until

# Asked before time is taken: connections, plans, pages of the mirror, the worker's first look at the shop.
WARM_UP = 200
TOKEN = "agent-token-of-the-benchmark"  # noqa: S105 (of a service that lives for a minute)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--lookups", type=int, default=1_000)
    parser.add_argument("--lookups-per-second", type=float, default=10, help="0: one after another")
    parser.add_argument("--calls-per-second", type=float, default=5, help="the intake beside it; 0 for none")
    parser.add_argument(
        "--no-worker", action="store_true", help="take calls in and leave them, as with workers elsewhere"
    )
    parser.add_argument("--serves", type=int, default=1, help="processes that answer and take in")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where filled mirrors are kept; else they are thrown away")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        # Not below a folder that the user Postgres runs as could not pass when root runs this.
        Path(scratch).chmod(0o711)
        figures = measure(arguments, Path(scratch))
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<42}{value:>12,.3f}" if isinstance(value, float) else f"{name:<42}{value!s:>12}")


def measure(arguments: argparse.Namespace, scratch: Path) -> dict[str, object]:
    folder = arguments.folder or scratch / "mirror"
    folder.mkdir(parents=True, exist_ok=True)
    with synthetic_mirrors(folder) as mirrors:
        mirror = mirrors.open(arguments.orders, seed=arguments.seed, sampled=SAMPLED)
    with EmbeddedPostgres(folder) as postgres, copied(postgres, mirror) as url:
        spoken = list(callers(mirror.sample, 2 * arguments.lookups + WARM_UP, seed=arguments.seed, now=NOW))
        latencies, levels = serve_and_ask(arguments, scratch, url, spoken)
    latencies.sort()
    return {
        "orders": arguments.orders,
        "lookups": len(latencies),
        "lookups_per_second": arguments.lookups_per_second,
        "calls_per_second": arguments.calls_per_second,
        "serves": arguments.serves,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        "slowest_ms": latencies[-1] * 1000,
        **{f"level_{level}": count for level, count in sorted(levels.items())},
    }


@contextmanager
def copied(postgres: EmbeddedPostgres, mirror: SyntheticMirror) -> Iterator[str]:
    """The mirror to write into; the kept one stays as it is."""
    name, source = f"lookup_{os.getpid()}", make_url(mirror.url).database
    with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {source} OWNER handoff".encode())
        try:
            admin.execute("CHECKPOINT")  # else the copy is still being written while lookups are timed
            yield make_url(mirror.url).set(database=name).render_as_string(hide_password=False)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def serve_and_ask(
    arguments: argparse.Namespace, scratch: Path, url: str, spoken: Sequence[SpokenCall]
) -> tuple[list[float], Counter[str]]:
    goody_port, ports = free_port(), [free_port() for _ in range(arguments.serves)]
    environment = os.environ | {
        "HANDOFF_DATABASE_URL": url,
        "HANDOFF_LOG_LEVEL": "error",
        "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": SECRET,
        "HANDOFF_GOODY_API_KEY": API_KEY,
        "HANDOFF_GOODY_BASE_URL": f"http://127.0.0.1:{goody_port}",
        "HANDOFF_ADMIN_TOKEN": TOKEN,
    }
    twin = ["sandbox", "goody", "--port", str(goody_port), "--api-key", API_KEY, "--orders", "1"]
    lookups = [lookup_of(call) for call in spoken[: arguments.lookups]]
    calls = [post_of(body_of(call)) for call in spoken[arguments.lookups : 2 * arguments.lookups]]
    warm_up = [lookup_of(call) for call in spoken[2 * arguments.lookups :]]
    with ExitStack() as processes:
        processes.enter_context(running(twin, environment, scratch / "goody.log"))
        wait_until(lambda: answers(f"http://127.0.0.1:{goody_port}/_twin/ledger"), "the Goody twin")
        run(["migrate"], environment)
        for port in ports:
            serve = running(
                ["serve", "--no-worker"], environment | {"HANDOFF_PORT": str(port)}, scratch / f"{port}.log"
            )
            processes.enter_context(serve)
        if not arguments.no_worker:
            processes.enter_context(running(["worker"], environment, scratch / "worker.log"))
        for port in ports:
            wait_until(lambda port=port: answers(f"http://127.0.0.1:{port}/readyz"), "the service")
        return asyncio.run(ask_while_calls_come(arguments, ports, warm_up, lookups, calls))


async def ask_while_calls_come(
    arguments: argparse.Namespace,
    ports: Sequence[int],
    warm_up: Sequence[bytes],
    lookups: Sequence[bytes],
    calls: Sequence[bytes],
) -> tuple[list[float], Counter[str]]:
    ask = partial(send, per_second=arguments.lookups_per_second) if arguments.lookups_per_second else send_in_turn
    await ask(ports, warm_up)
    intake = asyncio.create_task(send_for_ever(ports, calls, arguments.calls_per_second))
    answered = await ask(ports, lookups)
    intake.cancel()
    return [seconds for seconds, _ in answered], Counter(json.loads(body)["level"] for _, body in answered)


async def send_for_ever(ports: Sequence[int], requests: Sequence[bytes], per_second: float) -> None:
    """The same again once they are through, as a vendor that delivers twice."""
    while per_second:
        await send(ports, requests, per_second)


async def send_in_turn(ports: Sequence[int], requests: Sequence[bytes]) -> list[tuple[float, bytes]]:
    """Each as soon as the one before is answered: nobody waits in line, and the machine does not fall asleep."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
    answered = []
    for request, (reader, writer) in zip(requests, cycle(connections), strict=False):
        begun = time.perf_counter()
        body = await exchange(reader, writer, request)
        answered.append((time.perf_counter() - begun, body))
    for _, writer in connections:
        writer.close()
    return answered


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(f"answered {head[:200]!r}")
    return await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))


async def send(ports: Sequence[int], requests: Sequence[bytes], per_second: float) -> list[tuple[float, bytes]]:
    """Each request when it is due, over whatever connection is free; seconds since it was due, and the answer."""
    connections: dict[int, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {port: [] for port in ports}
    gaps = random.Random(len(requests))  # noqa: S311 (a load, no secret)
    moments = list(accumulate(gaps.expovariate(per_second) for _ in requests))
    started = time.perf_counter()

    async def send_one(after: float, request: bytes, port: int) -> tuple[float, bytes]:
        due, free = started + after, connections[port]
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        while free and free[-1][0].at_eof():  # the service closes what is idle
            free.pop()[1].close()
        reader, writer = free.pop() if free else await asyncio.open_connection("127.0.0.1", port)
        body = await exchange(reader, writer, request)
        free.append((reader, writer))
        return time.perf_counter() - due, body

    answered = await asyncio.gather(*map(send_one, moments, requests, cycle(ports)))
    for _, writer in chain.from_iterable(connections.values()):
        writer.close()
    return answered


def lookup_of(call: SpokenCall) -> bytes:
    """What an agent passes on in the middle of the call."""
    heard = {name: call.fields[name] for name in HEARD_FIELDS if name in call.fields}
    body = json.dumps({"call_id": call.call_id, "caller_number": call.caller_number, **heard}).encode()
    head = (
        "POST /v1/tools/order-lookup HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def body_of(call: SpokenCall) -> bytes:
    """The same kind of call when it is over, as DialNexa documents it."""
    number = call.caller_number or "anonymous"
    numbers = {"from_number": number} if call.direction == "inbound" else {"to_number": number}
    told = {
        "id": call.call_id,
        "direction": call.direction,
        "status": "completed",
        **numbers,
        "initiated_at": NOW.isoformat(),
        "post_call_analysis": {**call.fields, "requested_action": "where is my order"},
    }
    return json.dumps({"event_type": "call_ended", "payload": {"call": told}}).encode()


if __name__ == "__main__":
    main()
