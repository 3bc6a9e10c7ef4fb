"""Brings a database to the present schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import OperationalError

from app.db.engine import connect_arguments
from app.errors import SettingError

# In a checkout the migrations lie beside the package; in an installed wheel, inside it.
_PACKAGE = Path(__file__).resolve().parents[1]
_LOCATIONS = (_PACKAGE.parent / "migrations", _PACKAGE / "_migrations")
# Two replicas that start together must not migrate together. Any constant does; this one is "handoff" in hexadecimal.
_LOCK = 0x68616E646F6666


def alembic_config() -> Config:
    config = Config()
    location = next(path for path in _LOCATIONS if path.is_dir())
    config.set_main_option("script_location", str(location))
    config.set_main_option("path_separator", "os")
    return config


def migrate(url: str) -> None:
    """Apply what is missing, all of it or nothing, one process at a time."""
    with _connected(url) as conn, conn.begin():
        # For as long as the transaction: behind a pooler, a lock of the session would stay with a stranger.
        conn.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
        config = alembic_config()
        config.attributes["connection"] = conn
        command.upgrade(config, "head")


def check_schema(url: str, *, create_if_empty: bool = False) -> None:
    """Raises SettingError unless the database has the present schema; an empty one is filled when asked to."""
    present = _present_revision(url)
    if present is None and create_if_empty:
        migrate(url)
        return
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if present != head:
        problem = (
            "names a database without our schema"
            if present is None
            else f"names a database at revision {present}, not {head}"
        )
        raise SettingError("HANDOFF_DATABASE_URL", problem, "Run: handoff migrate")


def _present_revision(url: str) -> str | None:
    with _connected(url) as conn:
        return MigrationContext.configure(conn).get_current_revision()


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    # A server that takes the connection and then says nothing must not hold a start-up for ever.
    address, connect_args = connect_arguments(url)
    engine = create_engine(address, connect_args=connect_args)
    try:
        with engine.connect() as conn:
            yield conn
    except OperationalError as error:
        # The driver's text names host and user, never the password.
        raise SettingError(
            "HANDOFF_DATABASE_URL", f"cannot be used ({error.orig})", "Is the database running, and the URL right?"
        ) from None
    finally:
        engine.dispose()
