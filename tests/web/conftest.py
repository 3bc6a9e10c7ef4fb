"""The web app in this process, over a fresh database, without a worker: only what routes do themselves."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi import FastAPI

from app.bootstrap import build_adapters, open_parts
from app.db.engine import Database
from app.main import create_app
from app.services.grant import grant_token
from app.settings import Settings

SECRET = "dialnexa-secret-of-the-web-tests"
ROLES = ("viewer", "reviewer", "approver", "admin", "agent", "ingest")


@pytest.fixture
def secret() -> str:
    """What DialNexa signs with."""
    return SECRET


@pytest.fixture
async def web(database_url: str, database: Database) -> AsyncIterator[FastAPI]:
    settings = Settings(
        _env_file=None, dialnexa_webhook_secrets=SECRET, goody_api_key="a-key", goody_base_url="http://127.0.0.1:9"
    )
    for role in ROLES:
        await grant_token(database, name=role, role=role, token=role)
    app = create_app(lambda: open_parts(settings, build_adapters(settings), database_url))
    async with app.router.lifespan_context(app):
        yield app


Bearer = Callable[[str | None], httpx.AsyncClient]


@pytest.fixture
async def bearer(web: FastAPI) -> AsyncIterator[Bearer]:
    """A client of somebody with this role; None has no token."""
    async with AsyncExitStack() as clients:
        made: dict[str | None, httpx.AsyncClient] = {}
        for role in (None, *ROLES):
            headers = {"authorization": f"Bearer {role}"} if role else {}
            # As a server does it: an error that nothing handles is an answer 500, not an exception of the client's.
            transport = httpx.ASGITransport(web, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://web", headers=headers)
            made[role] = await clients.enter_async_context(client)
        yield made.__getitem__
