"""Statements that are given to the driver as they are: rows, order, transactions and errors are as with any other."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from app.db.engine import Database
from app.db.statements import Asked, ask

KEPT = Asked("SELECT name FROM kept ORDER BY name", {})


def keep(name: str) -> Asked:
    return Asked("INSERT INTO kept VALUES (:name)", {"name": name})


@pytest.fixture
async def kept(database, database_url):
    async with database.transaction() as conn:
        await conn.execute(text("CREATE TABLE kept (name text UNIQUE)"))


async def test_rows_come_by_the_names_of_their_columns_in_the_order_asked(database: Database):
    async with database.transaction() as conn:
        ones, none, twos = await ask(
            conn,
            Asked("SELECT 1 AS number, :name AS name", {"name": "a"}),
            Asked("SELECT 1 AS number WHERE false", {}),
            Asked("SELECT number FROM generate_series(2, 3) AS number", {}),
        )
    assert [(row.number, row.name) for row in ones] == [(1, "a")]
    assert list(none) == []
    assert [row.number for row in twos] == [2, 3]


async def test_a_later_statement_sees_what_an_earlier_one_wrote(kept, database: Database):
    async with database.transaction() as conn:
        written, rows = await ask(conn, keep("a"), KEPT)
    assert list(written) == []
    assert [row.name for row in rows] == ["a"]


async def test_they_are_saved_or_undone_with_the_rest_of_their_transaction(kept, database: Database):
    async with database.transaction() as conn:
        await conn.execute(text("INSERT INTO kept VALUES ('by others')"))
        await ask(conn, keep("kept"))
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as conn:
            1 / len(*await ask(conn, keep("lost")))
    async with database.reading() as conn:
        (rows,) = await ask(conn, KEPT)
    assert [row.name for row in rows] == ["by others", "kept"]


async def test_the_first_that_fails_is_the_one_told_of_and_nothing_of_the_rest_is_done(kept, database: Database):
    with pytest.raises(ProgrammingError, match="no_such_table") as failure:
        async with database.transaction() as conn:
            await ask(conn, keep("a"), Asked("SELECT :said::text FROM no_such_table", {"said": "a secret"}), keep("b"))
    assert "a secret" not in str(failure.value)
    async with database.transaction() as conn:
        assert [list(rows) for rows in await ask(conn, KEPT)] == [[]]


async def test_a_lost_connection_is_an_outage_and_the_next_transaction_has_another(
    database: Database, superuser_url: str
):
    async def ask_twice() -> None:
        async with database.transaction() as conn:
            ((mine,),) = await ask(conn, Asked("SELECT pg_backend_pid() AS pid", {}))
            with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", [mine.pid])
            await ask(conn, KEPT)

    with pytest.raises(OperationalError) as failure:
        await ask_twice()
    assert failure.value.connection_invalidated
    async with database.transaction() as conn:
        ((row,),) = await ask(conn, Asked("SELECT 1 AS number", {}))
    assert row.number == 1


async def test_a_value_that_the_driver_cannot_write_is_an_error_of_the_database_too(database: Database):
    with pytest.raises(DBAPIError):
        async with database.transaction() as conn:
            await ask(conn, Asked("SELECT :name AS name", {"name": "\0"}))


async def test_a_name_may_stand_in_several_places_and_a_cast_is_no_name(database: Database):
    async with database.transaction() as conn:
        ((row,),) = await ask(
            conn, Asked("SELECT :name || :other AS both, :name::text AS again", {"other": "b", "name": "a"})
        )
    assert (row.both, row.again) == ("ab", "a")
