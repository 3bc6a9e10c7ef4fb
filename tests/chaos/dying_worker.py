"""A worker that kills itself with SIGKILL at one named point of its work on one call.

    python -m tests.chaos.dying_worker --call CALL --order ORDER --at POINT   one such worker
    python -m tests.chaos.dying_worker --call CALL --order ORDER              one that only tells the points it passes
    python -m tests.chaos.dying_worker                                        one after another, as told on stdin

The product has no hooks for this: what it commits, what it sends to the shop and where its handlers return is watched
from outside, so every such step of every kind is a point, also of kinds that are written later. A point is named by the
job, the step, and whether it comes before, in the middle or after:

    execute: before the commit of action.start
    execute: sent POST cancel           the request has left, nobody has read an answer
    execute: after GET orders
    execute: returned                   its handler is done; the worker does not know yet
"""

import argparse
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import httpx
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

import app.bootstrap
import app.db.opening
import app.worker
from app.__main__ import main as run_product
from app.adapters.http import VendorHttp
from app.adapters.notify.mail import Mailer
from app.db import audit
from app.db.engine import Database
from app.db.jobs import Job
from app.settings import Settings

# The kind of the job under way, where it is work on our call; None for all other work.
working_on: ContextVar[str | None] = ContextVar("working_on", default=None)
# What the transaction under way has written: events of the audit, and tables.
written: ContextVar[list[str] | None] = ContextVar("written", default=None)

WRITE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
ID = re.compile(r"[0-9a-f-]{36}|call_\w+")


class Way:
    """The points passed so far; ends the process at the one that is wanted."""

    def __init__(self, at: str | None) -> None:
        self._at = at
        self._passed: Counter[str] = Counter()

    def reach(self, point: str) -> None:
        job = working_on.get()
        if job is None:
            return
        name = f"{job}: {point}"
        self._passed[name] += 1
        if self._passed[name] > 1:
            name = f"{name} ({self._passed[name]})"
        if self._at is None:
            tell("passed", name)
        elif name == self._at:
            tell("dies", name)
            os.kill(os.getpid(), signal.SIGKILL)


def tell(word: str, what: object) -> None:
    # One write, because parent and child share the pipe.
    os.write(sys.stdout.fileno(), f"{word}\t{what}\n".encode())


def watch(way: Way, lanes: frozenset[str]) -> None:
    """Wrap the doors through which everything leaves: transactions, requests to vendors, handlers."""
    _watch_handlers(way, lanes)
    _watch_commits(way)
    _watch_requests(way)
    _watch_mails(way)


def _watch_handlers(way: Way, lanes: frozenset[str]) -> None:
    handlers_of = app.bootstrap.handlers_of

    async def watched(handler: Callable[[Job], Any], job: Job) -> None:
        token = working_on.set(job.kind if job.lane in lanes else None)
        try:
            await handler(job)
            way.reach("returned")
        finally:
            working_on.reset(token)

    def watched_handlers(parts: Any) -> Mapping[str, Any]:
        return {kind: partial(watched, handler) for kind, handler in handlers_of(parts).items()}

    app.bootstrap.handlers_of = watched_handlers  # type: ignore[assignment]


def _watch_commits(way: Way) -> None:
    transaction, write = Database.transaction, audit.write

    @asynccontextmanager
    async def watched(self: Database) -> AsyncIterator[AsyncConnection]:
        notes: list[str] = []
        token = written.set(notes)
        try:
            async with transaction(self) as conn:
                yield conn
                name = _name(notes)
                if name:
                    way.reach(f"before the commit of {name}")
            if name:
                way.reach(f"after the commit of {name}")
        finally:
            written.reset(token)

    async def noted(conn: AsyncConnection, *, event: str, **fields: Any) -> None:
        await write(conn, event=event, **fields)
        notes = written.get()
        if notes is not None:
            notes.append(f"!{event}")

    def note_table(_conn: Any, _cursor: Any, statement: str, *_: object) -> None:
        notes, found = written.get(), WRITE.match(statement)
        if notes is not None and found:
            notes.append(found.group(1))

    Database.transaction = watched  # type: ignore[method-assign]
    audit.write = noted
    event.listen(Engine, "before_cursor_execute", note_table)


def _name(notes: list[str]) -> str:
    """By the audit's words where it has any, else by the tables.

    Jobs are told only where nothing else is: whether a step leaves one may depend on what another process did meanwhile.
    """
    events = [note.removeprefix("!") for note in notes if note.startswith("!")]
    tables = [table for table in dict.fromkeys(notes) if table != "jobs"]
    return ", ".join(events or tables or dict.fromkeys(notes))


def _watch_requests(way: Way) -> None:
    send = VendorHttp._send

    async def watched(self: VendorHttp, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        parts = [part for part in request.url.path.split("/") if part not in {"", "v1"} and not ID.fullmatch(part)]
        name = f"{request.method} {parts[-1]}"
        way.reach(f"before {name}")

        async def trace(step: str, _info: Mapping[str, Any]) -> None:
            if step == "http11.send_request_body.complete":
                way.reach(f"sent {name}")

        if request.method != "GET":
            request.extensions["trace"] = trace
        response = await send(self, client, request)
        way.reach(f"after {name}")
        return response

    VendorHttp._send = watched  # type: ignore[method-assign]


def _watch_mails(way: Way) -> None:
    """Those that are an act; where handoffs go is another job's."""
    send_word = Mailer.send_word

    async def watched(self: Mailer, *words: Any, **more: Any) -> None:
        way.reach("before the mail")
        await send_word(self, *words, **more)
        way.reach("after the mail")

    Mailer.send_word = watched  # type: ignore[method-assign]


def lanes_of(call_id: str, order_id: str | None) -> list[str]:
    """Where the work on a call and on its order runs."""
    return [f"call:{call_id}", f"order:goody:{order_id}"]


def be_a_worker(call_id: str, order_id: str | None, at: str | None) -> None:
    watch(Way(at), frozenset(lanes_of(call_id, order_id)))
    sys.argv = ["handoff", "worker"]
    run_product()


def serve_cases() -> None:
    """A fork for each line of stdin (JSON: call, order, at); what takes seconds is made once: imports, files read."""
    adapters = app.bootstrap.build_adapters(Settings.load())
    app.bootstrap.build_adapters = lambda _: adapters  # type: ignore[assignment]
    for line in sys.stdin:
        case = json.loads(line)
        child = os.fork()
        if child == 0:
            be_a_worker(case["call"], case["order"], case["at"])
            os._exit(0)
        tell("child", child)
        _, status = os.waitpid(child, 0)
        tell("ended", os.waitstatus_to_exitcode(status))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--call")
    parser.add_argument("--order")
    parser.add_argument("--at")
    arguments = parser.parse_args()
    if arguments.call is None:
        serve_cases()
    else:
        be_a_worker(arguments.call, arguments.order, arguments.at)


if __name__ == "__main__":
    main()
