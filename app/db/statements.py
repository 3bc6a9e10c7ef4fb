"""Statements of fixed text, given to the driver as they are: nothing is compiled for each call, and several that need
nothing of each other's answers go in one round trip.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

NAME = re.compile(r"(?<![:\w]):([a-z]\w*)")


class Asked(NamedTuple):
    """A statement with `:name` where a value belongs, as in SQLAlchemy's `text`, and the values."""

    statement: str
    values: Mapping[str, Any]


async def ask(conn: AsyncConnection, *asked: Asked) -> list[Sequence[Any]]:
    """The rows of each, by the names of their columns, in the order asked; of an INSERT, none.

    Raises what `conn.execute` would.
    """
    driver = _driver_of(conn)
    cursors = [psycopg.AsyncRawCursor(driver, row_factory=namedtuple_row) for _ in asked]
    try:
        async with driver.pipeline():
            for cursor, (statement, values) in zip(cursors, asked, strict=True):
                numbered, names = _numbered(statement)
                await cursor.execute(numbered, [values[name] for name in names])
        return [await cursor.fetchall() if cursor.description else () for cursor in cursors]
    except psycopg.Error as error:
        is_lost = bool(driver.closed)
        if is_lost:
            await conn.invalidate()
        raise _as_ours(error, is_lost=is_lost) from error


@cache
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """With $1, $2 ... as Postgres has it, and the names in that order."""
    names = tuple(dict.fromkeys(NAME.findall(statement)))
    numbers = {name: number for number, name in enumerate(names, 1)}
    return NAME.sub(lambda found: f"${numbers[found[1]]}", statement).encode(), names


def _driver_of(conn: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    # Not by get_raw_connection(), which asks the same in a greenlet of its own.
    connection = cast("Connection", conn.sync_connection).connection
    return cast("psycopg.AsyncConnection[Any]", connection.driver_connection)


def _as_ours(error: psycopg.Error, *, is_lost: bool) -> StatementError:
    """The same error as whoever calls knows it: by the classes of SQLAlchemy, and without the values."""
    return DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=is_lost)
