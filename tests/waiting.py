"""Whether transactions of this database wait for one another: with it a test lets things happen at once for certain."""

from sqlalchemy import text

from app.db.engine import Database

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def how_many_wait(database: Database) -> int:
    """Transactions that are held up by a lock of another one."""
    async with database.reading() as conn:
        return int(await conn.scalar(_WAITING) or 0)
