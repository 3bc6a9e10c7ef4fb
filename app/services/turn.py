"""Turns: one process at a time reads a vendor's feed; the others leave it to that one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.leases import claim_lease, extend_lease, release_lease
from app.services.parts import Parts

log = structlog.get_logger()

# Who finds another process reading and needs it done waits for so long, and then says so.
SECONDS_BETWEEN_LOOKS, LOOKS_FOR_THE_TURN = 0.2, 100
# Longer than the longest read of one page, retries and waits included, after which the turn is extended.
TURN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Turn:
    name: str
    holder: UUID

    async def extend(self, conn: AsyncConnection) -> None:
        """Call it after each read. Who lost the turn all the same may go on: what is read is kept in any order."""
        await extend_lease(conn, self.name, self.holder, seconds=TURN_SECONDS)


@asynccontextmanager
async def turn_at(parts: Parts, name: str) -> AsyncIterator[Turn | None]:
    """The turn, given back in the end; None while another process has it."""
    turn = Turn(name, uuid4())
    async with parts.database.transaction() as conn:
        is_ours = await claim_lease(conn, name, turn.holder, seconds=TURN_SECONDS)
    if not is_ours:
        yield None
        return
    try:
        yield turn
    finally:
        try:
            async with parts.database.transaction() as conn:
                await release_lease(conn, name, turn.holder)
        except SQLAlchemyError as error:
            log.warning("turn_not_given_back", name=name, error=type(error).__name__)  # it ends by itself
