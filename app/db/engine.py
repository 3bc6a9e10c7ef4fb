"""The one place that opens and commits a transaction: what is written inside `transaction()` is saved whole."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

# A marker on the connection, set by db/jobs.py: this transaction put work into the queue.
ENQUEUED = "handoff_enqueued"


class Database:
    """A pool of connections to one Postgres."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        # Pre-ping: a connection that died with a restarted Postgres is replaced before it can fail a request.
        # Parameters hold personal data: no error text may show them.
        self._engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, hide_parameters=True
        )
        self._wake_ups: list[Callable[[], None]] = []

    def on_enqueued(self, wake_up: Callable[[], None]) -> None:
        """Call `wake_up` after each commit that put a job into the queue: a worker in this process wakes at once."""
        self._wake_ups.append(wake_up)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose work is committed when the block ends, and undone when it raises.

        Never hold one across a call to a vendor: locks would wait for a stranger.
        """
        async with self._engine.connect() as conn:
            conn.info.pop(ENQUEUED, None)
            async with conn.begin():
                yield conn
            enqueued = conn.info.pop(ENQUEUED, False)
        if enqueued:
            for wake_up in self._wake_ups:
                wake_up()

    async def close(self) -> None:
        await self._engine.dispose()


class Bell:
    """Lets a worker sleep until a commit in this process rings, or its poll is due."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, *, at_most_seconds: float) -> None:
        try:
            await asyncio.wait_for(self._event.wait(), at_most_seconds)
        except TimeoutError:
            pass
        finally:
            self._event.clear()
