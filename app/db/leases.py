"""Leases: who has a turn at something that one process at a time may do. A holder that was killed loses it in time.

A row and not an advisory lock: those belong to a connection, which a pooler in transaction mode gives to others.
"""

from uuid import UUID

from sqlalchemy import delete, func, literal, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import leases


async def claim_lease(conn: AsyncConnection, name: str, holder: UUID, *, seconds: float) -> bool:
    """False while another holds it."""
    until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, literal(seconds))
    statement = insert(leases).values(name=name, holder=holder, leased_until=until)
    claimed = await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "leased_until": until},
            where=leases.c.leased_until < func.clock_timestamp(),
        ).returning(leases.c.name)
    )
    return claimed.one_or_none() is not None


async def extend_lease(conn: AsyncConnection, name: str, holder: UUID, *, seconds: float) -> None:
    """Nothing happens where another has it by now."""
    until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, literal(seconds))
    await conn.execute(
        update(leases).where(leases.c.name == name, leases.c.holder == holder).values(leased_until=until)
    )


async def release_lease(conn: AsyncConnection, name: str, holder: UUID) -> None:
    await conn.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
