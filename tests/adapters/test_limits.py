"""What all workers know together of a vendor: that it is down, that it asked to be left alone, what its budget allows."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress

import pytest
from loopback import Vendor, cut, running, say
from sqlalchemy import text

from app.adapters.http import VendorHttp
from app.db.audit import list_entries
from app.db.breakers import list_breakers
from app.db.engine import Database
from app.db.jobs import Job
from app.errors import (
    DestinationError,
    DestinationMissingError,
    DestinationPausedError,
    DestinationUnavailableError,
)
from app.ports.clock import SystemClock
from app.services.breaker import MOST_OUTAGES, SharedLimits, vendor_of

DOWN = say(503, {"error": "down"})
FINE = say(200, {"is": "fine"})


@asynccontextmanager
async def a_client(vendor, database, **budgets):
    http = VendorHttp(vendor.base_url, name="goody", headers={}, timeout_seconds=60)
    http.limits = SharedLimits(database, SystemClock(), budgets)
    try:
        yield http
    finally:
        await http.close()


@pytest.fixture
async def elsewhere(database_url):
    """The database as a worker on another machine has it."""
    other = Database(database_url)
    yield other
    await other.close()


async def write(http, times=1):
    for _ in range(times):
        with suppress(DestinationError):
            await http.post_json("/v1/act", idempotency_key="k")


async def break_it(http):
    """Writes are sent once and never held back, so each is one outage."""
    await write(http, MOST_OUTAGES)


async def the_pause_is_over(database):
    async with database.transaction() as conn:
        await conn.execute(text("update breakers set retry_at = clock_timestamp()"))


async def the_pause_lasts(database):
    """However slow the machine is that the test runs on."""
    async with database.transaction() as conn:
        await conn.execute(text("update breakers set retry_at = clock_timestamp() + interval '1 h'"))


async def state_of(database):
    async with database.transaction() as conn:
        (row,) = await list_breakers(conn)
    return row


def job(kind="execute", lane="order:goody:o-1", **payload):
    return Job(id=1, kind=kind, payload=payload, lane=lane, tries=1, max_tries=45, fence=1)


async def events(database):
    async with database.transaction() as conn:
        return [entry.event for entry in await list_entries(conn, limit=100)]


@pytest.mark.parametrize("trouble", [DOWN, cut, say(500), say(504)])
async def test_after_so_many_outages_in_a_row_nobody_asks_any_more(database, elsewhere, trouble):
    async with running(Vendor(trouble)) as vendor, a_client(vendor, database) as here:
        await write(here, MOST_OUTAGES - 1)
        assert not (await state_of(database)).is_open
        await write(here)
        assert (await state_of(database)).is_open
        await the_pause_lasts(database)
        arrived = len(vendor.lines)
        async with a_client(vendor, elsewhere) as there:
            with pytest.raises(DestinationPausedError, match=r"goody has been down: nothing was sent") as refused:
                await there.get_json("/v1/orders/1")
        assert refused.value.retry_after_seconds > 0
        assert len(vendor.lines) == arrived
    assert await events(database) == ["breaker.opened"]


async def test_an_answer_in_between_begins_the_row_anew(database):
    script = [*[DOWN] * (MOST_OUTAGES - 1), FINE, *[DOWN] * (MOST_OUTAGES - 1), FINE]
    async with running(Vendor(*script)) as vendor, a_client(vendor, database) as http:
        await write(http, len(script))
    row = await state_of(database)
    assert (row.failures, row.is_open, row.last_error) == (0, False, None)
    assert await events(database) == []


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429])
async def test_a_no_is_an_answer_and_never_opens_it(database, status):
    async with running(Vendor(say(status, {"error": "no"}))) as vendor, a_client(vendor, database) as http:
        await write(http, 2 * MOST_OUTAGES)
        assert len(vendor.lines) == 2 * MOST_OUTAGES
    async with database.transaction() as conn:
        assert await list_breakers(conn) == []


async def test_once_the_pause_is_over_one_asks_and_all_go_on(database, elsewhere):
    async with running(Vendor(DOWN)) as vendor, a_client(vendor, database) as here:
        await break_it(here)
        await the_pause_is_over(database)
        limits = [SharedLimits(each, SystemClock(), {}) for each in (database, elsewhere)]
        pauses = [await each.pause_before(job()) for each in limits]
        assert [pause == 0 for pause in pauses] == [True, False]  # the second waits for what the first hears
        vendor.script = [FINE]
        assert await here.get_json("/v1/orders/1") == {"is": "fine"}
        assert [await each.pause_before(job()) for each in limits] == [0, 0]
    assert not (await state_of(database)).is_open
    assert await events(database) == ["breaker.opened", "breaker.closed"]


async def test_a_probe_in_vain_makes_the_next_pause_longer_once(database):
    async with running(Vendor(DOWN)) as vendor, a_client(vendor, database) as http:
        await break_it(http)
        await the_pause_lasts(database)
        first = await state_of(database)
        await write(http, 5)  # others that were under way when it opened
        assert (await state_of(database)).retry_at == first.retry_at
        await the_pause_is_over(database)
        with pytest.raises(DestinationUnavailableError):
            await http.get_json("/v1/orders/1")
        second = await state_of(database)
        assert second.opened_at == first.opened_at
        assert second.failures == MOST_OUTAGES + 1
        async with database.transaction() as conn:
            pause = await conn.scalar(text("select extract(epoch from retry_at - clock_timestamp()) from breakers"))
        assert 5 < pause <= 10


async def test_a_crowd_of_outages_opens_it_once(database, elsewhere):
    async with (
        running(Vendor(DOWN)) as vendor,
        a_client(vendor, database) as here,
        a_client(vendor, elsewhere) as there,
    ):
        await asyncio.gather(*(write(http) for http in (here, there) for _ in range(2 * MOST_OUTAGES)))
    row = await state_of(database)
    assert (row.failures >= MOST_OUTAGES, row.is_open, row.last_error) == (True, True, "answered 503")
    assert await events(database) == ["breaker.opened"]


async def test_a_probe_whose_worker_died_is_taken_by_another(database, elsewhere):
    async with running(Vendor(DOWN)) as vendor, a_client(vendor, database) as http:
        await break_it(http)
    await the_pause_is_over(database)
    here, there = (SharedLimits(each, SystemClock(), {}) for each in (database, elsewhere))
    assert await here.pause_before(job()) == 0
    assert await there.pause_before(job()) > 0
    async with database.transaction() as conn:
        await conn.execute(text("update breakers set probe_until = clock_timestamp()"))
    assert await there.pause_before(job()) == 0


async def test_what_one_worker_was_asked_to_wait_all_wait(database, elsewhere):
    busy = say(429, {"error": "slow down"}, headers={"Retry-After": "60"})
    async with running(Vendor(busy, FINE)) as vendor, a_client(vendor, database) as here:
        await write(here)
        async with a_client(vendor, elsewhere) as there:
            with pytest.raises(DestinationPausedError, match="asked us to stay away"):
                await there.get_json("/v1/orders/1")
            assert 50 < await there.limits.pause_before(job()) <= 75
        assert len(vendor.lines) == 1
    assert not (await state_of(database)).is_open


async def test_a_read_sits_a_short_wait_out(database, elsewhere):
    busy = say(429, {"error": "slow down"}, headers={"Retry-After": "1"})
    async with running(Vendor(busy, FINE)) as vendor, a_client(vendor, database) as here:
        begun = time.monotonic()
        await write(here)
        async with a_client(vendor, elsewhere) as there:
            assert await there.get_json("/v1/orders/1") == {"is": "fine"}
        assert time.monotonic() - begun >= 0.9


async def test_a_budget_is_one_for_all_workers(database, elsewhere):
    async with running(Vendor(FINE)) as vendor, a_client(vendor, database, goody=600) as here:
        async with a_client(vendor, elsewhere, goody=600) as there:
            begun = time.monotonic()
            await asyncio.gather(*(http.get_json("/v1/orders/1") for http in (here, there) for _ in range(6)))
        assert time.monotonic() - begun >= 1.1  # twelve, a tenth of a second apart
        assert len(vendor.lines) == 12


async def test_a_read_for_which_the_budget_has_no_room_soon_is_not_sent(database):
    async with running(Vendor(FINE)) as vendor, a_client(vendor, database, goody=6) as http:
        await http.get_json("/v1/orders/1")
        with pytest.raises(DestinationPausedError, match="budget"):
            await http.get_json("/v1/orders/1")
        assert len(vendor.lines) == 1
        assert await http.limits.pause_before(job()) > 5


async def test_a_record_that_is_missing_counts_for_an_answer(database):
    async with running(Vendor(DOWN, say(404, {"error": "none"}))) as vendor, a_client(vendor, database) as http:
        await write(http)
        with pytest.raises(DestinationMissingError):
            await http.get_json("/v1/orders/1")
    assert (await state_of(database)).failures == 0


async def test_without_our_own_database_the_vendor_is_asked_all_the_same(database_url):
    gone = Database(database_url.replace("handoff", "nobody", 1))
    async with running(Vendor(FINE, DOWN)) as vendor, a_client(vendor, gone, goody=1) as http:
        assert await http.get_json("/v1/orders/1") == {"is": "fine"}
        await write(http)
        assert await http.limits.pause_before(job()) == 0
    await gone.close()


async def test_the_vendor_of_a_job_is_the_one_it_can_do_nothing_without():
    assert vendor_of(job()) == "goody"
    assert vendor_of(job("settle", "order:cloudcart:7")) == "cloudcart"
    assert vendor_of(job("sync_orders", "sync:goody", destination="goody")) == "goody"
    assert vendor_of(job("decide")) is None
    assert vendor_of(job("match", "call:c-1")) is None
    assert vendor_of(job("execute", "call:c-1")) is None
