"""A TCP proxy that cuts connections: all at once when told to, or one at a planned request, also inside its answer.

Listens on loopback; its target, which may change while it runs, is a Unix socket or one of several loopback ports.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Self

# unsent: the request never arrives. unanswered: it arrives and is acted on, its answer is lost. torn: so is all but
# the beginning of the answer.
Cut = Literal["unsent", "unanswered", "torn"]
CUTS: tuple[Cut, ...] = ("unsent", "unanswered", "torn")

Target = str | Sequence[int]
# What is let through of an answer that is torn: less than the smallest message of either protocol.
TORN_BYTES = 3
CHUNK = 1 << 16


def is_commit(chunk: bytes) -> bool:
    """Of Postgres' protocol; a client says it alone and waits for the answer, so it is never in two chunks."""
    return chunk.endswith(b"Q\x00\x00\x00\x0bCOMMIT\x00")


def is_write(chunk: bytes) -> bool:
    """The head of a request over HTTP that changes something."""
    return chunk.startswith((b"POST ", b"DELETE "))


@dataclass
class Proxy:
    """`cuts` says what happens to the n-th request that `counts`, from 1; each is used once."""

    target: Target
    counts: Callable[[bytes], bool] = is_commit
    cuts: Mapping[int, Cut] = field(default_factory=dict)
    counted: int = 0
    made: list[tuple[int, Cut]] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        self._turn = itertools.count()
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="proxy", daemon=True)
        self._thread.start()
        assert started.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def cut_all(self) -> None:
        """Every connection there is, wherever it is in its work."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def calm(self) -> None:
        """No more planned cuts."""
        self.cuts = {}

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self._stopping = asyncio.Event()
        self._handlers: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        server.close()
        self._abort_all()
        for handler in self._handlers.copy():
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    def _abort_all(self) -> None:
        for writer in self._open.copy():
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._take(reader, writer))
        self._handlers.add(task)
        task.add_done_callback(self._handlers.discard)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            server_reader, server_writer = await self._connect()
        except OSError:
            self._open.discard(writer)
            writer.transport.abort()
            return
        self._open.add(server_writer)
        line = _Line(self, writer, server_writer)
        try:
            await asyncio.gather(line.pass_requests(reader), line.pass_answers(server_reader))
        finally:
            for end in (writer, server_writer):
                self._open.discard(end)
                end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the next of several ports in turn, passing over those where nobody listens."""
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        for _ in range(len(self.target)):
            port = self.target[next(self._turn) % len(self.target)]
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        raise ConnectionRefusedError


@dataclass
class _Line:
    """One connection through the proxy; `cut` is what the request under way came to."""

    proxy: Proxy
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    cut: Cut | None = None

    async def pass_requests(self, reader: asyncio.StreamReader) -> None:
        while chunk := await _read(reader):
            if self.proxy.counts(chunk):
                self.proxy.counted += 1
                self.cut = self.proxy.cuts.get(self.proxy.counted)
                if self.cut is not None:
                    self.proxy.made.append((self.proxy.counted, self.cut))
            if self.cut == "unsent":
                break
            self.server.write(chunk)
        self._end()

    async def pass_answers(self, reader: asyncio.StreamReader) -> None:
        while chunk := await _read(reader):
            if self.cut is not None:
                if self.cut == "torn":
                    self.client.write(chunk[:TORN_BYTES])
                    await asyncio.sleep(0.01)  # or the end would overtake the bytes
                break
            self.client.write(chunk)
        self._end()

    def _end(self) -> None:
        for end in (self.client, self.server):
            if self.cut is None and not end.transport.is_closing():
                end.close()  # what was written still leaves
            else:
                end.transport.abort()


async def _read(reader: asyncio.StreamReader) -> bytes:
    with suppress(OSError):
        return await reader.read(CHUNK)
    return b""
