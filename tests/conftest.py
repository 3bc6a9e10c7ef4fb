"""A real Postgres for every test that asks for one: a fresh copy of a migrated database, dropped afterwards."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from app.db.embedded import EmbeddedPostgres
from app.db.engine import Database
from app.db.migrate import migrate

# What starts processes and waits for them comes first: the many short tests fill what is left in the end.
LONG = ("chaos", "stories", "model", "evaluation")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(here).parts[0] not in LONG)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One cluster per pytest process, also under xdist: a shared one would die with the process that supervises it."""
    # Not below pytest's own folder, which the user Postgres runs as cannot pass when root runs the tests.
    with tempfile.TemporaryDirectory(prefix="handoff-tests-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder)) as running:
            yield running


@pytest.fixture(scope="session")
def template_url(postgres: EmbeddedPostgres) -> str:
    """The migrated database that all others are copies of. Connect to a copy: nobody may use it while it is copied."""
    url = postgres.start()
    migrate(url)
    return url


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template_url: str) -> Iterator[str]:
    """A fresh database, as the application sees it."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE handoff OWNER handoff")
        yield make_url(template_url).set(database=name).render_as_string(hide_password=False)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def superuser_url(database_url: str) -> str:
    """The same fresh database, for one who may do anything to it."""
    return make_url(database_url).set(username="postgres").render_as_string(hide_password=False)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()
