"""The one place that opens and commits a transaction: what is written inside `transaction()` is saved whole."""

import asyncio
import select
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

# A marker on the connection, set by db/jobs.py: this transaction put work into the queue.
ENQUEUED = "handoff_enqueued"
# Another: it was used before.
CHECKED_OUT = "handoff_checked_out"
# A word of ours in the database's URL: `?pgbouncer=true` says that a pooler in transaction mode stands before it.
POOLED = "pgbouncer"
# A server whose machine is gone says no farewell. Left to themselves, the driver would wait two minutes for a
# connection, and the kernel a quarter of an hour for an answer. Seconds, but for the last. The URL may say otherwise.
PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


class Database:
    """A pool of connections to one Postgres."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        address, connect_args = connect_arguments(url)
        # The connection used last is used next: a few stay warm, with their plans made, rather than all lukewarm.
        # Parameters hold personal data: no error text may show them.
        self._engine: AsyncEngine = create_async_engine(
            address,
            connect_args=connect_args,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_use_lifo=True,
            hide_parameters=True,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_the_dead)
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

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for statements that read on their own: without a transaction, so each saves two round trips."""
        async with self._engine.connect() as conn:
            yield await conn.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        await self._engine.dispose()


def connect_arguments(url: str) -> tuple[URL, dict[str, Any]]:
    """The URL without our own word for a pooler, and what the driver has to be told besides.

    In transaction mode each transaction may get another connection, where a statement prepared before is unknown.
    """
    address = make_url(url)
    arguments: dict[str, Any] = {name: value for name, value in PATIENCE.items() if name not in address.query}
    if str(address.query.get(POOLED, "")).lower() == "true":
        arguments["prepare_threshold"] = None
    return address.difference_update_query([POOLED]), arguments


def _refuse_the_dead(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that died with a restarted Postgres is replaced before it can fail a request.

    An idle one has nothing to read: what can be read is its end. To ask Postgres would cost each request a round trip.
    """
    driver = connection.driver_connection
    if record.info.setdefault(CHECKED_OUT, False) and (driver.closed or select.select([driver], [], [], 0)[0]):
        raise DisconnectionError
    record.info[CHECKED_OUT] = True  # a new one is not asked: the pool gives up when two in a row are refused


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
