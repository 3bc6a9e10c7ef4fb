"""Where handoffs arrive in tests: a real SMTP server and a real HTTP server, each answering by a script."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class MailSink:
    """`script`: what the next mails are answered with; after it, every mail is taken."""

    script: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)  # the Message-ID of every try
    url: str = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.tries.append(mail["Message-ID"])
        if self.script:
            return self.script.pop(0)
        self.mails.append(mail)
        return "250 taken"


@contextmanager
def mail_sink(*script: str) -> Iterator[MailSink]:
    sink = MailSink(list(script))
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        return await loop.create_server(lambda: SMTP(sink, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)

    async def stop() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        sink.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(frozen=True)
class Post:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HookSink:
    """`script`: statuses of the next answers, each with its headers; after it, every post is answered with a 200."""

    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    taken: list[Post] = field(default_factory=list)
    url: str = ""
    before_answer: Callable[[], None] = lambda: None

    def answers(self, *statuses: int) -> None:
        self.script += [(status, {}) for status in statuses]


@contextmanager
def hook_sink(*statuses: int) -> Iterator[HookSink]:
    sink = HookSink()
    sink.answers(*statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            post = Post(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            sink.posts.append(post)
            sink.before_answer()
            status, headers = sink.script.pop(0) if sink.script else (200, {})
            if status == 200:
                sink.taken.append(post)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        sink.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/secret-part"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()


def eventually(look: Callable[[], object], what: str, *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.05)
