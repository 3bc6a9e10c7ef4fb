"""A database server that says nothing any more, not even farewell, is given up within seconds."""

import socket
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.db.engine import PATIENCE, Database, connect_arguments


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections, since the kernel does, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_server_that_does_not_answer_is_given_up_when_the_url_says(silent_port):
    database = Database(f"postgresql+psycopg://handoff@127.0.0.1:{silent_port}/handoff?connect_timeout=2")
    begun = time.monotonic()
    with pytest.raises(OperationalError):
        async with database.transaction():
            pass
    assert time.monotonic() - begun < PATIENCE["connect_timeout"]
    await database.close()


async def test_every_connection_watches_for_a_machine_that_is_gone(database: Database):
    async with database.transaction() as conn:
        assert await conn.scalar(text("SELECT 1")) == 1
        assert conn.sync_connection is not None
        told = conn.sync_connection.connection.driver_connection.info.get_parameters()
    assert {name: int(told[name]) for name in PATIENCE} == PATIENCE


def test_what_the_url_says_goes_before_our_own():
    url, arguments = connect_arguments("postgresql+psycopg://handoff@host/handoff?tcp_user_timeout=5000")
    assert "tcp_user_timeout" not in arguments
    assert url.query["tcp_user_timeout"] == "5000"
