"""The web process: the app with its routes, and its server."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from app import __version__
from app.errors import SettingError
from app.services.parts import Parts
from app.web import health, metrics, webhooks
from app.web.api import (
    alarms,
    audit,
    breakers,
    calls,
    jobs,
    links,
    notifications,
    orders,
    policies,
    recordings,
    reviews,
    settlements,
    signals,
    switches,
    tools,
    undo,
)
from app.web.errors import describe_errors, install_error_handlers
from app.web.metrics import RequestMetrics

log = structlog.get_logger()

Background = Callable[[Parts, asyncio.Event], Coroutine[Any, Any, None]]

DESCRIPTION = "Turns the outcome of a voice call into a safe, reviewed and provable action on a commerce order."


def create_app(
    open_parts: Callable[[], AbstractAsyncContextManager[Parts]], background: Background | None = None
) -> FastAPI:
    """The app. `background` runs beside it for as long as it serves, and is told to stop by an event."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts() as parts:
            app.state.parts = parts
            stopping = asyncio.Event()
            task = asyncio.create_task(background(parts, stopping)) if background else None
            if task:
                task.add_done_callback(lambda done: _end_with(done, stopping))
            yield
            stopping.set()
            if task:
                await task

    app = FastAPI(title="Handoff", version=__version__, description=DESCRIPTION, lifespan=lifespan)
    install_error_handlers(app)
    for module in (
        # Before calls, whose path would take what follows a call id for a part of it.
        *(webhooks, recordings, calls, reviews, orders, links, notifications, policies, switches, signals, tools),
        *(audit, undo, settlements, alarms, jobs, breakers),
        *(health, metrics),
    ):
        app.include_router(module.router)
    app.add_middleware(RequestMetrics)
    describe_errors(app)
    return app


def _end_with(task: asyncio.Task[None], stopping: asyncio.Event) -> None:
    """A service whose worker broke must not look alive: end, and let whoever supervises us start it again."""
    if not stopping.is_set() and not task.cancelled() and task.exception() is not None:
        log.critical("background_broke", errors=_leaf_types(task.exception()))
        signal.raise_signal(signal.SIGTERM)


def _leaf_types(error: BaseException | None) -> list[str]:
    """Types alone: a message could quote personal data."""
    if isinstance(error, BaseExceptionGroup):
        return [name for inner in error.exceptions for name in _leaf_types(inner)]
    return [type(error).__name__]


def serve_app(app: FastAPI, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then end requests and background work."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, loop="uvloop", http="httptools", timeout_graceful_shutdown=10
    )
    # uvicorn raises a signal it caught once more when it is done; that must not cut our own cleaning up short.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = _Server(config, on_ready)
    with listener:
        server.run(sockets=[listener])
    if not server.was_ready:
        raise SystemExit(1)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_ready = on_ready
        self.was_ready = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.was_ready = True
            self.on_ready()


def listen(host: str, port: int) -> socket.socket:
    """The address taken, before anything else is started. Raises SettingError where that cannot be."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror:
        raise SettingError(
            "HANDOFF_HOST", "is no address of this machine", "Give one, e.g. 127.0.0.1 or 0.0.0.0."
        ) from None
    listener = socket.socket(address[0], socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address[4])
    except OSError as error:
        listener.close()
        raise SettingError(
            "HANDOFF_PORT", f"cannot be used ({error.strerror})", "Give a free TCP port, or stop what uses it."
        ) from None
    return listener
