"""`?pgbouncer=true` in the database's URL: nothing is left behind on a connection that the next transaction may not get."""

import pytest
from sqlalchemy import make_url, text

from app.db.engine import PATIENCE, Database, connect_arguments
from app.db.migrate import check_schema, migrate

# psycopg prepares what it has sent five times.
TIMES = 8
PREPARED = text("SELECT count(*) FROM pg_prepared_statements")


async def prepared_by(url: str) -> int:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as conn:
            for _ in range(TIMES):
                await conn.execute(text("SELECT 1"))
            return int(await conn.scalar(PREPARED) or 0)
    finally:
        await database.close()


@pytest.fixture
def pooled_url(database_url):
    return make_url(database_url).update_query_dict({"pgbouncer": "true"}).render_as_string(hide_password=False)


async def test_no_statement_is_prepared_behind_a_pooler(database_url, pooled_url):
    assert await prepared_by(database_url) > 0
    assert await prepared_by(pooled_url) == 0


@pytest.mark.parametrize("word", ["true", "TRUE"])
def test_the_word_is_ours_and_does_not_reach_the_driver(word):
    url, arguments = connect_arguments(f"postgresql+psycopg://handoff@host/handoff?sslmode=disable&pgbouncer={word}")
    assert dict(url.query) == {"sslmode": "disable"}
    assert arguments == {"prepare_threshold": None, **PATIENCE}


@pytest.mark.parametrize("query", ["", "?pgbouncer=false", "?sslmode=require"])
def test_without_it_statements_are_prepared(query):
    url, arguments = connect_arguments(f"postgresql+psycopg://handoff@host/handoff{query}")
    assert "pgbouncer" not in url.query
    assert arguments == PATIENCE


def test_a_database_is_migrated_and_checked_behind_a_pooler(pooled_url):
    migrate(pooled_url)
    check_schema(pooled_url)
