"""Turns: one process at a time reads a vendor's feed; the others leave it to that one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.db.leases import claim_lease, extend_lease, release_lease
from app.services.parts import Parts

log = structlog.get_logger()

# So long others wait after a holder was killed. One that is alive extends it in time, however long its reading takes.
TURN_SECONDS = 9.0
# A job that finds another process reading and needs it done waits for so long; then it is tried again later, because
# it holds a place of its worker meanwhile. Who asks by hand can wait until a killed holder's turn has ended.
PATIENCE_OF_JOBS_SECONDS, PATIENCE_BY_HAND_SECONDS = 5.0, 30.0
SECONDS_BETWEEN_LOOKS = 0.2


@asynccontextmanager
async def turn_at(parts: Parts, name: str) -> AsyncIterator[bool]:
    """Whether the turn is ours; then it is kept until the block ends. Else another process has it.

    Who stood still and lost it all the same may go on: what is read may be kept by two, in any order.
    """
    holder = uuid4()
    async with parts.database.transaction() as conn:
        is_ours = await claim_lease(conn, name, holder, seconds=TURN_SECONDS)
    if not is_ours:
        yield False
        return
    keeping = asyncio.create_task(_keep(parts, name, holder))
    try:
        yield True
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        try:
            async with parts.database.transaction() as conn:
                await release_lease(conn, name, holder)
        except SQLAlchemyError as error:
            log.warning("turn_not_given_back", name=name, error=type(error).__name__)  # it ends by itself


async def looks(patience_seconds: float) -> AsyncIterator[int]:
    """One after the other, with a pause between them, for so long; each knows how many there were before."""
    for look in range(round(patience_seconds / SECONDS_BETWEEN_LOOKS)):
        yield look
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


async def _keep(parts: Parts, name: str, holder: UUID) -> None:
    while True:
        await asyncio.sleep(TURN_SECONDS / 3)
        try:
            async with parts.database.transaction() as conn:
                await extend_lease(conn, name, holder, seconds=TURN_SECONDS)
        except SQLAlchemyError as error:
            log.warning("turn_not_extended", name=name, error=type(error).__name__)
