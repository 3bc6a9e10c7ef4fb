"""The sealer as a running part: right after entries appear, through outages, once more at the end."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.db import audit
from app.db.audit import Report, verify_chain
from app.db.embedded import EmbeddedPostgres
from app.db.engine import Database
from app.db.tables import audit_entries, audit_seals, metadata
from app.services.seal import run_sealer


async def write(database: Database, count: int = 1) -> None:
    async with database.transaction() as conn:
        for _ in range(count):
            await audit.write(conn, actor="system:matcher", event="it", at=datetime.now(UTC))


async def verify(database: Database) -> Report:
    async with database.transaction() as conn:
        return await verify_chain(conn)


async def until_sealed(database: Database, count: int) -> None:
    async with asyncio.timeout(20):
        while (await verify(database)).sealed < count:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def sealing(database: Database, pause_seconds: float = 0.05) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    running = asyncio.create_task(run_sealer(database, stopping, pause_seconds=pause_seconds))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(running, 30)


async def test_entries_are_sealed_soon_after_they_appear(database):
    async with sealing(database):
        await write(database, 3)
        await until_sealed(database, 3)
        await write(database, 2)
        await until_sealed(database, 5)
    assert (await verify(database)).problems == []


async def test_two_sealers_in_two_processes_make_one_chain(database, database_url):
    other = Database(database_url)
    async with sealing(database), sealing(other):
        for _ in range(10):
            await write(database, 3)
        await until_sealed(database, 30)
    await other.close()
    assert (await verify(database)).problems == []


async def test_what_was_written_up_to_the_end_is_sealed_at_the_end(database):
    async with sealing(database, pause_seconds=3600):
        await asyncio.sleep(0.3)
        await write(database)
    assert (await verify(database)).unsealed == 0


@pytest.mark.slow
async def test_the_sealer_goes_on_after_postgres_was_killed():
    with tempfile.TemporaryDirectory(prefix="handoff-tests-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder)) as postgres:
            database = Database(postgres.start())
            async with database.transaction() as conn:
                await conn.run_sync(metadata.create_all, tables=[audit_entries, audit_seals])
            async with sealing(database):
                await write(database, 3)
                await until_sealed(database, 3)
                os.kill(int((Path(folder) / "postgres/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                await asyncio.sleep(0.5)
                await asyncio.to_thread(postgres.keep)
                await write(database, 3)
                await until_sealed(database, 6)
            assert (await verify(database)).problems == []
            await database.close()
