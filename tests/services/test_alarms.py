"""Alarms: what stands still is told once, on the channels of those who run the place, until it goes on."""

import asyncio
from datetime import timedelta

import pytest
from sinks import hook_sink
from sqlalchemy import func, select
from structlog.testing import capture_logs
from walked_actions import (
    RITA,
    action_of,
    approved,
    asked_for,
    assisted,
    entries,
    failed,
    parts_on,
    pass_time,
    review_of,
    unknown,
)

from app.adapters.notify.slack import SlackHooks
from app.core.alarms import AlarmTimes
from app.core.lifecycle import Verb
from app.core.routing import Channel, ChannelKind, Routing, Team
from app.db import jobs
from app.db.alarms import count_alarms, list_alarms
from app.db.handoffs import list_handoffs
from app.db.tables import handoffs as handoffs_table
from app.db.tables import jobs as jobs_table
from app.errors import ConflictError, NotFoundError
from app.services.alarm import MOST_TOLD, acknowledge, keep_watch, watch
from app.services.notify import deliver
from app.services.review import claim
from app.services.settle_by_hand import Finding, Grounds, settle_by_hand
from app.services.transition import transition

OPS = Channel(ChannelKind.SLACK, "HANDOFF_CHANNEL_OPS")
ROUTING = Routing({"operations": Team("operations", "Operations lead", (OPS,))})


@pytest.fixture
def parts(database):
    return parts_on(database)


async def standing(parts, *states):
    async with parts.database.transaction() as conn:
        return await list_alarms(conn, states=states or ("open", "acknowledged"), before=None, limit=50)


async def kinds(parts):
    return sorted(str(alarm.kind) for alarm in await standing(parts))


async def test_an_unknown_outcome_is_alarmed_of_once_after_the_stated_time(database, parts):
    action_id = await unknown(parts)
    await watch(parts)
    await pass_time(database, minutes=14)
    await watch(parts)
    assert await standing(parts) == []
    await pass_time(database, minutes=2)
    with capture_logs() as logged:
        for _ in range(3):
            await watch(parts)
    (alarm,) = await standing(parts)
    assert (alarm.kind, alarm.action_id, alarm.state) == ("outcome_unknown", action_id, "open")
    (entry,) = await entries(database, "alarm.")
    assert (entry.event, entry.actor, entry.action_id) == ("alarm.raised", "system:watchman", action_id)
    assert entry.data == {
        "alarm_id": str(alarm.id), "kind": "outcome_unknown", "status": "outcome_unknown", "is_told": True,
    }  # fmt: skip
    (line,) = [line for line in logged if line["event"] == "alarm_raised"]
    assert (line["log_level"], line["kind"], line["action_id"]) == ("error", "outcome_unknown", str(action_id))
    assert "Alena" not in str(logged)
    assert "Morgan" not in str(logged)


async def test_the_stated_time_is_the_deployments(database):
    patient = parts_on(database, alarm_times=AlarmTimes(unknown=timedelta(hours=1)))
    await unknown(patient)
    await pass_time(database, minutes=50)
    await watch(patient)
    assert await standing(patient) == []
    await pass_time(database, minutes=11)
    await watch(patient)
    assert await kinds(patient) == ["outcome_unknown"]


async def test_workers_that_look_at_once_raise_one_alarm(database, parts):
    await unknown(parts)
    await failed(parts)
    await pass_time(database, hours=1)
    await asyncio.gather(*(watch(parts) for _ in range(5)))
    assert await kinds(parts) == ["failed", "outcome_unknown"]
    assert len(await entries(database, "alarm.raised")) == 2


async def test_an_alarm_is_over_by_itself_when_the_action_goes_on(database, parts):
    action_id = await unknown(parts)
    await pass_time(database, hours=1)
    await watch(parts)
    await settle_by_hand(parts, action_id, Finding.SUCCEEDED, RITA, Grounds("seen_at_shop", None))
    await watch(parts)
    assert await standing(parts) == []
    (alarm,) = await standing(parts, "cleared")
    assert alarm.cleared_at is not None
    assert [entry.event for entry in await entries(database, "alarm.")] == ["alarm.raised", "alarm.cleared"]


async def test_what_stands_still_a_second_time_is_alarmed_of_again(database, parts):
    action_id = await unknown(parts)
    await pass_time(database, hours=1)
    await watch(parts)
    async with database.transaction() as conn:
        await transition(conn, action_id, Verb.DISPROVE, actor="system:executor", at=parts.clock.now())
    await watch(parts)
    async with database.transaction() as conn:
        for verb in (Verb.START, Verb.LOSE_ANSWER):
            await transition(conn, action_id, verb, actor="system:executor", at=parts.clock.now())
    await pass_time(database, hours=1)
    await watch(parts)
    assert len(await standing(parts, "open")) == len(await standing(parts, "cleared")) == 1


async def test_what_is_given_up_is_alarmed_of_at_once(database, parts):
    await failed(parts)
    await watch(parts)
    assert await kinds(parts) == ["failed"]


async def test_assistance_that_nobody_gives_by_its_due_time_is_alarmed_of(database, parts):
    action_id = await assisted(parts)
    await watch(parts)
    assert await standing(parts) == []
    await pass_time(database, days=1)
    await claim(parts, (await review_of(parts, action_id)).id, RITA, None)
    await watch(parts)
    assert await standing(parts) == []  # late, but somebody is at it
    await pass_time(database, minutes=16)
    await watch(parts)
    assert await kinds(parts) == ["not_assisted"]


async def test_what_nothing_confirms_in_time_is_a_persons_again(database, parts):
    action_id = await asked_for(parts)
    await pass_time(database, hours=47)
    await watch(parts)
    assert (await action_of(parts, action_id)).status == "awaiting_confirmation"
    await pass_time(database, hours=2)
    await watch(parts)
    assert (await action_of(parts, action_id)).status == "awaiting_assistance"
    review = await review_of(parts, action_id)
    assert (review.purpose, review.claimed_by) == ("assistance", None)
    assert "cancel" in review.summary
    assert await kinds(parts) == ["not_confirmed"]
    (entry,) = await entries(database, "action.reopen_assistance")
    assert entry.actor == "system:watchman"


async def test_nothing_else_is_alarmed_of(database, parts):
    await approved(parts)
    await pass_time(database, days=30)
    await watch(parts)
    assert await standing(parts) == []


async def test_somebody_sees_to_it_and_says_how(database, parts):
    await failed(parts)
    await watch(parts)
    (alarm,) = await standing(parts, "open")
    seen = await acknowledge(parts, alarm.id, by="rita", reason="asking the shop")
    assert (seen.state, seen.acknowledged_by, seen.reason) == ("acknowledged", "rita", "asking the shop")
    with pytest.raises(ConflictError, match="acknowledged by rita"):
        await acknowledge(parts, alarm.id, by="sam", reason="me too")
    with pytest.raises(NotFoundError):
        await acknowledge(parts, alarm.action_id, by="sam", reason="me too")
    await watch(parts)
    async with database.transaction() as conn:
        assert await count_alarms(conn) == [("failed", "acknowledged", 1)]
    (entry,) = await entries(database, "alarm.acknowledged")
    assert (entry.actor, entry.data["reason"]) == ("rita", "asking the shop")


async def test_operations_hear_of_it_on_their_channel_beside_what_was_told_before(database):
    with hook_sink() as sink:
        slack = SlackHooks({OPS.target: sink.url})
        parts = parts_on(database, routing=ROUTING, notifiers={ChannelKind.SLACK: slack})
        action_id = await unknown(parts)
        await pass_time(database, hours=1)
        await watch(parts)
        await watch(parts)
        async with database.transaction() as conn:
            action = await action_of(parts, action_id)
            handoffs = await list_handoffs(conn, action.call_id)
            notified = (await conn.execute(select(jobs_table.c.id).where(jobs_table.c.kind == "notify"))).all()
            claimed = [job for job in await jobs.claim(conn, limit=20, lease_seconds=30) if job.kind == "notify"]
        for job in claimed:
            await deliver(parts, job)
        await slack.close()
    assert [handoff["alarm_id"] is None for handoff in handoffs] == [True, False]
    told = handoffs[1]
    assert (told["team"], told["urgency"]) == ("operations", "urgent")
    assert told["body"]["next_step"].startswith("Look at the order at the shop, then settle the action by hand.")
    assert told["body"]["reason"].startswith("The shop's answer never came")
    assert len(notified) == len(claimed) == 1
    (post,) = sink.taken
    assert "settle the action by hand" in post.body.decode()


async def test_of_a_crowd_of_one_kind_the_first_are_told_one_by_one_and_all_are_listed(database, parts):
    for _ in range(MOST_TOLD + 2):
        await failed(parts)
    await unknown(parts)
    await pass_time(database, hours=1)
    await watch(parts)
    assert (await kinds(parts)).count("failed") == MOST_TOLD + 2
    async with database.transaction() as conn:
        told = await conn.scalar(select(func.count()).where(handoffs_table.c.alarm_id.is_not(None)))
    assert told == MOST_TOLD + 1  # of the other kind as well
    raised = await entries(database, "alarm.raised")
    assert sum(entry.data["is_told"] for entry in raised) == told


async def test_the_watch_ends_when_told_and_outlives_an_outage(database, parts):
    await failed(parts)
    gone = parts_on(type(database)("postgresql+psycopg://nobody@127.0.0.1:9/nowhere"))
    stopping = asyncio.Event()
    with capture_logs() as logged:
        running = [asyncio.create_task(keep_watch(each, stopping)) for each in (parts, gone)]
        async with asyncio.timeout(20):
            while not (await standing(parts) and any(line["event"] == "watch_failed" for line in logged)):
                await asyncio.sleep(0.05)
        stopping.set()
        await asyncio.wait_for(asyncio.gather(*running), 10)
    await gone.database.close()
