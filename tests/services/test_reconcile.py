"""Reconciling: what no webhook told of is fetched once, goes the way of all others, and every gap is found."""

import asyncio
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from two_twins import DIALNEXA_SECRET, TwoTwins, running_twins

from app.adapters.mapping_file import load_mapping
from app.bootstrap import (
    Adapters,
    build_adapters,
    build_dialnexa,
    build_histories,
    build_shops,
    handlers_of,
    open_parts,
)
from app.core.actions import ActionKind
from app.core.calls import CallStage
from app.core.completeness import Gap, Subject, Way
from app.db import jobs
from app.db.accounts import list_orders_to_look_for
from app.db.actions import insert_action, list_actions_of_call
from app.db.calls import find_call
from app.db.orders import find_order
from app.db.tables import audit_entries, deliveries
from app.db.tables import jobs as jobs_table
from app.db.tables import leases as leases_table
from app.db.tables import orders as orders_table
from app.errors import DestinationUnavailableError
from app.services import schedule
from app.services.account import account_for
from app.services.mirror import MOST_LOOKED_FOR, look_for_orders, refresh_order, sync_orders
from app.services.receive import receive
from app.services.reconcile import READ_UP_TO, reconcile_calls
from app.services.turn import turn_at
from app.settings import Settings

MINUTES_AGO = timedelta(minutes=-5)  # where the twins' clocks are: what ended then is no longer on its way


class MovableClock:
    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(scope="module")
def running():
    with running_twins() as twins:
        yield twins


@pytest.fixture
def twins(running: TwoTwins) -> TwoTwins:
    for twin in (running.dialnexa, running.goody):
        twin.post("/_twin/reset").raise_for_status()
    running.put_clocks(MINUTES_AGO)
    return running


def settings_beside(twins: TwoTwins, **changed: str | None) -> Settings:
    given = {name.removeprefix("HANDOFF_").lower(): value for name, value in twins.settings.items()}
    return Settings(_env_file=None, **(given | changed))


@pytest.fixture(scope="module")
def adapters(running: TwoTwins) -> Adapters:
    """Policy, mapping and weights, which take their time to be read; each test connects for itself."""
    return build_adapters(settings_beside(running))


@pytest.fixture
async def parts(twins, adapters, database_url):
    settings = settings_beside(twins)
    calls = build_dialnexa(settings, load_mapping())
    connected = replace(adapters, calls=calls, shops=build_shops(settings), histories=build_histories(settings))
    async with open_parts(settings, connected, database_url) as opened:
        moving = replace(opened, clock=MovableClock())
        # The rounds that tests speak of begin here.
        await sync_orders(moving, moving.shops["goody"])
        await reconcile_calls(moving)
        yield moving


async def work(parts):
    """Every job that is due, and those that follow from it."""
    handlers = handlers_of(parts)
    while True:
        async with parts.database.transaction() as conn:
            claimed = await jobs.claim(conn, limit=20, lease_seconds=30)
        if not claimed:
            return
        for job in claimed:
            await handlers[job.kind](job)
        async with parts.database.transaction() as conn:
            await jobs.finish_what_is_held(conn, claimed)


async def call_of(parts, call_id):
    async with parts.database.transaction() as conn:
        return await find_call(conn, call_id)


async def kinds_of(parts, call_id):
    async with parts.database.transaction() as conn:
        query = select(deliveries.c.kind).where(deliveries.c.subject == call_id).order_by(deliveries.c.id)
        return list(await conn.scalars(query))


async def actions_of(parts, call_id):
    async with parts.database.transaction() as conn:
        return await list_actions_of_call(conn, call_id)


async def execute(parts, statement):
    async with parts.database.transaction() as conn:
        return await conn.execute(statement)


def place_lost_call(twins, **placement):
    return twins.call(**{"faults": {"drop": True}, "analysis": {"Requested Action": "cancel order"}, **placement})


async def post_webhook(parts, twins, call_id, event="call_ended"):
    """The webhook of a call that the twin holds, as it would arrive late."""
    call = {"id": call_id, "status": "completed", "direction": "inbound", "from_number": "12137771234"}
    return await post(parts, event, call | {"post_call_analysis": {"Requested Action": "cancel order"}})


async def post(parts, event, call):
    body = json.dumps({"event_type": event, "payload": {"call": call}}).encode()
    headers = {"x-dialnexa-signature": hmac.digest(DIALNEXA_SECRET.encode(), body, "sha256").hex()}
    receipt = await receive(parts, parts.senders["dialnexa"], headers, body)
    assert receipt is not None
    assert receipt.envelope.parked_reason is None


# Calls


async def test_a_call_that_no_webhook_told_of_is_fetched_and_goes_the_way_of_all_others(parts, twins):
    order = twins.place(recipient_email="ann@mail.example.com", status="notified")
    call_id = place_lost_call(twins, analysis={"Order ID": order["reference_id"], "Requested Action": "cancel order"})
    done = await reconcile_calls(parts)
    assert (done.listed, done.fetched, done.open) == (1, 1, 0)
    await work(parts)

    record = await call_of(parts, call_id)
    assert (record.call.stage, record.call.families) == (CallStage.COMPLETED, ("REST",))
    assert record.match.best.order_id == order["id"]
    assert [action.kind for action in await actions_of(parts, call_id)] == [ActionKind.CANCEL_ORDER]
    assert await kinds_of(parts, call_id) == ["rest.call"]
    async with parts.database.transaction() as conn:
        query = select(audit_entries.c.actor, audit_entries.c.event).where(audit_entries.c.call_id == call_id)
        told = [tuple(row) for row in await conn.execute(query.order_by(audit_entries.c.id))]
    assert told[0] == ("system:reconciler", "delivery.fetched")
    assert ("system:understander", "call.understood") in told


async def test_what_was_fetched_is_not_fetched_again_although_its_recording_link_is_another(parts, twins):
    call_id = place_lost_call(twins)
    await reconcile_calls(parts)
    # Nobody has read it yet, and so it is on its way.
    assert (await reconcile_calls(parts)).open == 1
    await execute(parts, update(jobs_table).values(status="dead", leased_until=None))
    assert (await reconcile_calls(parts)).fetched == 0
    assert await kinds_of(parts, call_id) == ["rest.call"]


async def test_a_call_in_progress_is_left_alone_until_it_has_ended_however_long_that_takes(parts, twins):
    call_id = place_lost_call(twins, status="initiated")
    assert (await reconcile_calls(parts)).open == 1
    assert await kinds_of(parts, call_id) == []

    # Rounds go on, and the list is read from the call's begin as long as it runs.
    parts.clock.ahead = timedelta(hours=3)
    assert (await reconcile_calls(parts)).listed == 1
    twins.dialnexa.post("/_twin/clock", json={"ahead_seconds": MINUTES_AGO.total_seconds()}).raise_for_status()
    place_lost_call(twins, id=call_id, duration_seconds=7_200)
    parts.clock.ahead = timedelta(hours=4)
    assert (await reconcile_calls(parts)).fetched == 1
    await work(parts)
    assert (await call_of(parts, call_id)).call.stage is CallStage.COMPLETED


async def test_a_call_that_has_just_ended_is_left_to_its_webhook(parts, twins):
    twins.put_clocks(timedelta(0))
    call_id = place_lost_call(twins, duration_seconds=0)
    assert (await reconcile_calls(parts)).open == 1
    parts.clock.ahead = timedelta(minutes=2)
    assert (await reconcile_calls(parts)).fetched == 1
    assert await kinds_of(parts, call_id) == ["rest.call"]


async def test_a_webhook_that_comes_after_the_fetch_does_nothing_twice(parts, twins):
    order = twins.place(recipient_email="ann@mail.example.com", status="notified")
    call_id = place_lost_call(twins, analysis={"Order ID": order["reference_id"], "Requested Action": "cancel order"})
    await reconcile_calls(parts)
    await work(parts)
    (before,) = await actions_of(parts, call_id)
    await post_webhook(parts, twins, call_id)
    await work(parts)
    (after,) = await actions_of(parts, call_id)
    assert after.id == before.id
    assert (await call_of(parts, call_id)).call.families == ("REST", "E")
    assert (await reconcile_calls(parts)).fetched == 0


async def test_a_webhook_that_waits_to_be_read_is_not_fetched_as_well(parts, twins):
    call_id = place_lost_call(twins)
    await post_webhook(parts, twins, call_id)
    done = await reconcile_calls(parts)
    assert (done.fetched, done.open) == (0, 1)
    await work(parts)
    assert (await reconcile_calls(parts)).fetched == 0
    assert await kinds_of(parts, call_id) == ["call_ended"]


async def test_a_call_of_which_only_the_begin_was_told_gets_its_end(parts, twins):
    call_id = place_lost_call(twins)
    await post(parts, "call_initiated", {"id": call_id, "status": "initiated", "direction": "inbound"})
    await work(parts)
    assert (await reconcile_calls(parts)).fetched == 1
    await work(parts)
    record = await call_of(parts, call_id)
    assert (record.call.stage, record.call.families) == (CallStage.COMPLETED, ("E", "REST"))


async def test_an_analysis_that_came_later_than_the_webhook_is_fetched(parts, twins):
    call_id = place_lost_call(twins, analysis={})
    await post(parts, "call_ended", {"id": call_id, "status": "completed", "direction": "inbound"})
    await work(parts)
    assert (await reconcile_calls(parts)).fetched == 0
    place_lost_call(twins, id=call_id, analysis={"Order ID": "ABC123"})
    assert (await reconcile_calls(parts)).fetched == 1
    await work(parts)
    assert (await call_of(parts, call_id)).call.fields["order_id"] == "ABC123"


async def test_a_call_that_may_not_be_opened_is_kept_as_its_row_shows_it(parts, twins):
    call_id = place_lost_call(twins)
    await reconcile_calls(_with_calls(parts, _Closed(parts.calls)))
    await work(parts)
    record = await call_of(parts, call_id)
    assert record.call.stage is CallStage.COMPLETED
    assert "requested_action" in record.call.fields
    assert record.call.from_number is None, "a row does not tell it"


async def test_a_round_that_breaks_off_keeps_what_it_has_and_the_next_one_goes_on(parts, twins):
    placed = [place_lost_call(twins) for _ in range(5)]
    async with parts.database.transaction() as conn:
        before = await conn.scalar(text("SELECT at FROM bookmarks WHERE name = :name"), {"name": READ_UP_TO})
    breaking = _with_calls(parts, _Breaking(parts.calls, after=2))
    with pytest.raises(DestinationUnavailableError):
        await reconcile_calls(breaking)
    async with parts.database.transaction() as conn:
        assert before == await conn.scalar(text("SELECT at FROM bookmarks WHERE name = :name"), {"name": READ_UP_TO})
    await work(parts)
    assert (await reconcile_calls(parts)).fetched == 3
    assert [await kinds_of(parts, call_id) for call_id in placed] == [["rest.call"]] * 5


async def test_calls_from_before_the_first_round_are_fetched_when_asked_for(parts, twins):
    twins.put_clocks(timedelta(days=-3))
    call_id = place_lost_call(twins)
    assert (await reconcile_calls(parts)).listed == 0
    assert (await reconcile_calls(parts, since=parts.clock.now() - timedelta(days=4))).fetched == 1
    assert await kinds_of(parts, call_id) == ["rest.call"]


# Turns


async def test_one_process_at_a_time_reads_and_the_others_leave_it_to_that_one(parts, twins):
    place_lost_call(twins)
    async with turn_at(parts, READ_UP_TO) as is_ours:
        assert is_ours
        assert await reconcile_calls(parts) is None
    assert (await reconcile_calls(parts)).fetched == 1


async def test_the_turn_of_one_who_was_killed_ends_by_itself(parts):
    async with turn_at(parts, READ_UP_TO) as is_ours:
        assert is_ours
        await execute(parts, update(leases_table).values(leased_until=func.now() - text("interval '1 second'")))
        assert await reconcile_calls(parts) is not None


async def test_a_turn_is_kept_for_as_long_as_its_holder_reads(parts):
    async with turn_at(parts, READ_UP_TO) as is_ours:
        assert is_ours
        first = await execute(parts, select(leases_table.c.leased_until))
        before = first.scalar_one()
        while (await execute(parts, select(leases_table.c.leased_until))).scalar_one() == before:
            await asyncio.sleep(0.2)
    async with turn_at(parts, READ_UP_TO) as is_free:
        assert is_free


async def test_matchers_that_need_the_shop_at_the_same_moment_read_it_once(parts):
    counting = _Counting(parts.shops["goody"])
    await asyncio.gather(*[sync_orders(parts, counting) for _ in range(6)])
    # Who waited is content with a reading that began after it asked; who began to wait while one ran is not.
    assert 1 <= counting.lists <= 2


# Orders


async def test_a_matcher_does_not_wait_for_orders_that_are_looked_for_one_by_one(parts):
    shop = parts.shops["goody"]
    async with turn_at(parts, "goody.orders_looked_for") as is_ours:
        assert is_ours
        assert await look_for_orders(parts, shop, most=1) is None
        await asyncio.wait_for(sync_orders(parts, shop), 20)


async def test_reading_since_a_late_time_skips_nothing_that_was_not_read_before(parts, twins):
    shop = parts.shops["goody"]
    order = twins.place(status="opened")
    parts.clock.ahead = timedelta(hours=5)
    await sync_orders(parts, shop, since=parts.clock.now() - timedelta(minutes=1))
    assert await status_of(parts, order) == "opened"


async def test_an_order_that_no_feed_tells_of_is_looked_for(parts, twins):
    shop = parts.shops["goody"]
    order = twins.place(status="opened", created_at="2026-01-05T00:00:00Z")
    await sync_orders(parts, shop, since=datetime(2026, 1, 1, tzinfo=UTC))
    twins.advance(order, "accepted")
    await sync_orders(parts, shop)
    assert await look_for_orders(parts, shop, most=MOST_LOOKED_FOR) == 0, "it was read a moment ago"
    assert await status_of(parts, order) == "opened", "the feed has no word for it"

    parts.clock.ahead = timedelta(hours=7)
    assert await look_for_orders(parts, shop, most=MOST_LOOKED_FOR) == 1
    assert await status_of(parts, order) == "accepted"
    assert await look_for_orders(parts, shop, most=MOST_LOOKED_FOR) == 0


async def test_an_order_that_an_action_waits_for_is_looked_for_soon_and_first(parts, twins):
    shop = parts.shops["goody"]
    waiting, other = (twins.place(status="opened") for _ in range(2))
    call_id = place_lost_call(twins, analysis={"Order ID": waiting["reference_id"], "Requested Action": "cancel order"})
    await sync_orders(parts, shop)
    await reconcile_calls(parts)
    await work(parts)
    (action,) = await actions_of(parts, call_id)
    assert action.order_id is not None
    twins.cancel(waiting)

    parts.clock.ahead = timedelta(minutes=11)
    assert await look_for_orders(parts, shop, most=MOST_LOOKED_FOR) == 1
    assert await status_of(parts, waiting) == "failed"
    # The check that follows ends what nothing is left to do for.
    await work(parts)
    assert (await actions_of(parts, call_id))[0].status == "lapsed"
    assert await status_of(parts, other) == "opened"


async def test_orders_that_are_waited_for_leave_places_to_the_others(parts, twins):
    placed = [twins.place(status="opened") for _ in range(4)]
    await sync_orders(parts, parts.shops["goody"])
    for order in placed[:3]:
        place_lost_call(twins, analysis={"Order ID": order["reference_id"], "Requested Action": "cancel order"})
    await reconcile_calls(parts)
    await work(parts)
    await execute(parts, text("UPDATE orders SET read_at = now() - interval '9 hours'"))
    now = datetime.now(UTC)
    async with parts.database.transaction() as conn:
        due = await list_orders_to_look_for(conn, "goody", awaited_before=now, others_before=now, limit=2)
        all_due = await list_orders_to_look_for(conn, "goody", awaited_before=now, others_before=now, limit=9)
    assert due[0] in {order["id"] for order in placed[:3]}
    assert due[1] == placed[3]["id"]
    assert sorted(all_due) == sorted(order["id"] for order in placed), "each once"


async def test_an_order_that_the_shop_no_longer_shows_does_not_hold_up_the_others(parts, twins):
    shop = parts.shops["goody"]
    gone, there = (twins.place(status="opened") for _ in range(2))
    await sync_orders(parts, shop)
    twins.goody.post("/_twin/reset").raise_for_status()
    parts.clock.ahead = timedelta(hours=7)
    looked = [await look_for_orders(parts, shop, most=1) for _ in range(3)]
    assert looked == [1, 1, 0]
    assert [await status_of(parts, order) for order in (gone, there)] == ["opened", "opened"]


async def test_whoever_reads_a_change_first_tells_those_who_wait_for_it(parts, twins):
    shop = parts.shops["goody"]
    order = twins.place(status="opened")
    await sync_orders(parts, shop)
    async with parts.database.transaction() as conn:
        record = await find_order(conn, "goody", order["id"])
    call_id = place_lost_call(twins, analysis={})
    await reconcile_calls(parts)
    await work(parts)
    async with parts.database.transaction() as conn:
        await insert_action(conn, call_id=call_id, kind=ActionKind.CANCEL_ORDER, order_id=record.id, parameters={})
    twins.cancel(order)
    await refresh_order(parts, shop, order["id"])
    async with parts.database.transaction() as conn:
        waiting = list(await conn.scalars(select(jobs_table.c.kind).where(jobs_table.c.status == "waiting")))
    assert schedule.OBSERVE in waiting


async def status_of(parts, order):
    async with parts.database.transaction() as conn:
        return (await find_order(conn, "goody", order["id"])).order.status


# The report


def period(parts):
    return {"since": datetime.now(UTC) - timedelta(hours=1), "until": parts.clock.now() + timedelta(minutes=1)}


async def test_a_report_tells_how_everything_came_and_is_entered_into_the_audit(parts, twins):
    fetched, told = place_lost_call(twins), place_lost_call(twins)
    await post_webhook(parts, twins, told)
    order = twins.place(status="opened")
    twins.advance(order, "shipped")
    await sync_orders(parts, parts.shops["goody"])
    await reconcile_calls(parts)
    await work(parts)

    report = await account_for(parts, **period(parts))
    assert report.is_complete, report.missing
    ways = {account.id: account.way for account in report.accounts}
    assert (ways[fetched], ways[told], ways[order["id"]]) == (Way.READ, Way.WEBHOOK, Way.READ)
    changes = [account.belongs_to for account in report.accounts if account.subject is Subject.CHANGE]
    assert changes == [order["id"]] * 6  # created, opened, pending payment, paid, ordered, shipped
    async with parts.database.transaction() as conn:
        query = select(audit_entries.c.data).where(audit_entries.c.event == "completeness.reported")
        (entered,) = list(await conn.scalars(query))
    assert entered["digest"] == report.digest
    assert (entered["calls"]["total"], entered["calls"]["share"], entered["missing"]) == (2, 1, [])


async def test_a_report_finds_every_kind_of_gap(parts, twins):
    orders = [twins.place(status="opened") for _ in range(3)]
    shop = parts.shops["goody"]
    await sync_orders(parts, shop)
    calls = [place_lost_call(twins) for _ in range(4)]
    await reconcile_calls(parts)
    await work(parts)
    assert (await account_for(parts, **period(parts))).is_complete

    lost = place_lost_call(twins)
    await execute(
        parts,
        text(
            "UPDATE calls SET stage = 'initiated', facts = facts || '{\"stage\": \"initiated\"}' WHERE call_id = :id"
        ).bindparams(id=calls[0]),
    )
    await execute(parts, text("UPDATE calls SET matched_revision = NULL WHERE call_id = :id").bindparams(id=calls[1]))
    await execute(
        parts,
        text("UPDATE calls SET facts = jsonb_set(facts, '{fields}', '{}') WHERE call_id = :id").bindparams(id=calls[2]),
    )
    await execute(parts, orders_table.delete().where(orders_table.c.external_id == orders[0]["id"]))
    twins.advance(orders[1], "shipped")

    report = await account_for(parts, **period(parts))
    assert not report.is_complete
    found = {(account.subject, account.belongs_to, account.gap) for account in report.missing}
    assert found == {
        (Subject.CALL, lost, Gap.ABSENT),
        (Subject.CALL, calls[0], Gap.BEHIND),
        (Subject.CALL, calls[1], Gap.UNTREATED),
        (Subject.CALL, calls[2], Gap.ANALYSIS),
        (Subject.ORDER, orders[0]["id"], Gap.ABSENT),
        (Subject.CHANGE, orders[0]["id"], Gap.ABSENT),
        (Subject.ORDER, orders[1]["id"], Gap.BEHIND),
        (Subject.CHANGE, orders[1]["id"], Gap.BEHIND),
    }
    late = [account for account in report.missing if account.gap is Gap.BEHIND and account.subject is Subject.CHANGE]
    assert len(late) == 4, "pending payment, paid, ordered and shipped; created and opened are known"


async def test_a_report_says_which_orders_may_have_moved_unseen(parts, twins):
    shop = parts.shops["goody"]
    twins.place(status="opened", created_at="2026-01-05T00:00:00Z")
    delivered = twins.place(status="delivered", created_at="2026-01-05T00:00:00Z")
    await sync_orders(parts, shop, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert await status_of(parts, delivered) == "delivered"
    parts.clock.ahead = timedelta(days=2)
    a_day = {"since": parts.clock.now() - timedelta(days=1), "until": parts.clock.now()}
    assert (await account_for(parts, **a_day)).not_looked_for == {"goody": 1}
    await look_for_orders(parts, shop, most=MOST_LOOKED_FOR)
    assert (await account_for(parts, **a_day)).not_looked_for == {"goody": 0}


async def test_without_a_key_calls_cannot_be_accounted_for(twins, database_url):
    settings = settings_beside(twins, dialnexa_api_key=None)
    async with open_parts(settings, build_adapters(settings), database_url) as keyless:
        assert await reconcile_calls(keyless) is None
        report = await account_for(keyless, **period(keyless))
    assert not report.is_complete
    assert "HANDOFF_DIALNEXA_API_KEY" in report.unasked["dialnexa"]


# Vendors that fail


def _with_calls(parts, calls):
    return replace(parts, calls=calls)


class _Passing:
    """DialNexa's REST API, passed on."""

    name, can_be_asked = "dialnexa", True

    def __init__(self, calls) -> None:
        self.calls = calls

    def list_calls(self, *, since, until=None):
        return self.calls.list_calls(since=since, until=until)


class _Closed(_Passing):
    async def fetch_rest_call(self, call_id):
        raise DestinationUnavailableError("dialnexa: answered 403", status_code=403)


class _Breaking(_Passing):
    def __init__(self, calls, *, after: int) -> None:
        super().__init__(calls)
        self.left = after

    async def fetch_rest_call(self, call_id):
        self.left -= 1
        if self.left < 0:
            raise DestinationUnavailableError("dialnexa: answered 503", status_code=503)
        return await self.calls.fetch_rest_call(call_id)


class _Counting:
    """A shop whose lists are counted, and take their time."""

    name = "goody"

    def __init__(self, shop) -> None:
        self.shop = shop
        self.lists = 0

    async def list_orders(self, *, placed_after):
        self.lists += 1
        await asyncio.sleep(0.2)
        async for order in self.shop.list_orders(placed_after=placed_after):
            yield order

    def list_changed_orders(self, *, after):
        return self.shop.list_changed_orders(after=after)

    def list_batches(self):
        return self.shop.list_batches()
