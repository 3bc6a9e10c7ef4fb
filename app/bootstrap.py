"""The only file that knows every part: from settings to a database, adapters and services that work together."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from app.adapters.dialnexa.client import connect as connect_dialnexa
from app.adapters.dialnexa.sender import DialNexa
from app.adapters.goody.client import Goody
from app.adapters.goody.webhooks import GoodyWebhooks
from app.adapters.mapping_file import load_mapping
from app.adapters.policy_file import load_policy
from app.core.mapping import CallMapping
from app.db.embedded import EmbeddedPostgres
from app.db.engine import Database
from app.db.migrate import check_schema, migrate
from app.errors import HandoffError
from app.ports.clock import SystemClock
from app.ports.commerce import Commerce
from app.ports.senders import Sender
from app.services import schedule
from app.services.decide import decide_action
from app.services.execute import execute
from app.services.match import match_call
from app.services.mirror import sync_orders_job
from app.services.observe import observe
from app.services.parts import Parts
from app.services.settle import settle_action
from app.services.understand import understand
from app.services.work import Handler
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


@asynccontextmanager
async def open_parts(settings: Settings, url: str) -> AsyncIterator[Parts]:
    """The parts of one process, closed in the end."""
    async with AsyncExitStack() as stack:
        # Each job under way may hold one connection; requests take theirs from the same pool.
        database = Database(url, pool_size=settings.worker_concurrency + 8)
        stack.push_async_callback(database.close)
        mapping = load_mapping(settings.mapping_file)
        calls = _open_dialnexa(settings, mapping)
        stack.push_async_callback(calls.close)
        shops = _open_shops(settings)
        for shop in shops.values():
            stack.push_async_callback(shop.close)
        senders: dict[str, Sender] = {}
        if settings.dialnexa_webhook_secrets:
            senders[calls.name] = calls
        if settings.goody_webhook_secrets:
            goody = GoodyWebhooks([secret.get_secret_value() for secret in settings.goody_webhook_secrets])
            senders[goody.name] = goody
        yield Parts(
            database=database,
            clock=SystemClock(),
            senders=senders,
            calls=calls,
            shops=shops,
            policy=load_policy(settings.policy_file),
            words=mapping.action_words,
        )


def handlers_of(parts: Parts) -> dict[str, Handler]:
    """What is done with each kind of job."""
    return {
        schedule.UNDERSTAND: partial(understand, parts),
        schedule.MATCH: partial(match_call, parts),
        schedule.DECIDE: partial(decide_action, parts),
        schedule.EXECUTE: partial(execute, parts),
        schedule.SETTLE: partial(settle_action, parts),
        schedule.OBSERVE: partial(observe, parts),
        schedule.SYNC_ORDERS: partial(sync_orders_job, parts),
    }


def _open_dialnexa(settings: Settings, mapping: CallMapping) -> DialNexa:
    key = settings.dialnexa_api_key
    http = connect_dialnexa(settings.dialnexa_base_url, key.get_secret_value()) if key else None
    return DialNexa([secret.get_secret_value() for secret in settings.dialnexa_webhook_secrets], mapping, http)


def _open_shops(settings: Settings) -> dict[str, Commerce]:
    key = settings.goody_api_key
    goody = Goody(settings.goody_base_url, api_key=key.get_secret_value()) if key else None
    return {goody.name: goody} if goody else {}
