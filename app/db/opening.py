"""The database of a deployment, opened: its own by a URL, or the embedded one, started for as long as it is needed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from app.db.embedded import EmbeddedPostgres
from app.db.migrate import check_schema, migrate
from app.errors import HandoffError
from app.settings import Settings

log = structlog.get_logger()

# How often the supervisor of the embedded Postgres is looked after.
KEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class OpenDatabase:
    """Where the system of record is; `embedded` is None with a database of the deployment's own."""

    url: str
    embedded: EmbeddedPostgres | None

    async def keep(self, stopping: asyncio.Event) -> None:
        """Restart an embedded Postgres that died, or take it over from a supervisor that did, until told to stop."""
        if self.embedded is None:
            return
        while not stopping.is_set():
            try:
                await asyncio.to_thread(self.embedded.keep)
            except (HandoffError, OSError) as error:
                # The next second tries again, and /readyz tells.
                log.warning("embedded_postgres_not_kept", error=type(error).__name__)
            await asyncio.sleep(KEEP_SECONDS)


@contextmanager
def open_database(settings: Settings, *, bring_up_to_date: bool = False) -> Iterator[OpenDatabase]:
    """The database of this deployment, running and with the present schema.

    An embedded one is started, for as long as this block lasts where no other process runs it already; an empty one
    is given its schema by whoever comes first. Raises SettingError where a database of the deployment's own has not the
    present schema.
    """
    url = settings.sqlalchemy_url()
    if url is not None:
        check_schema(url)
        yield OpenDatabase(url, None)
        return
    with EmbeddedPostgres(settings.data_dir) as embedded:
        url = embedded.start()
        if bring_up_to_date:
            migrate(url)
        check_schema(url, create_if_empty=True)
        yield OpenDatabase(url, embedded)
