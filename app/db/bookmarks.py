"""Up to when a feed has been read."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import bookmarks


async def find_bookmark(conn: AsyncConnection, name: str) -> datetime | None:
    return (await conn.execute(select(bookmarks.c.at).where(bookmarks.c.name == name))).scalar_one_or_none()


async def set_bookmark(conn: AsyncConnection, name: str, at: datetime) -> None:
    statement = insert(bookmarks).values(name=name, at=at)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"at": at}, where=bookmarks.c.at < statement.excluded.at
        )
    )
