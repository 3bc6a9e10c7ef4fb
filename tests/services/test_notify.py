"""Handoffs on their way: once by each channel, tried again, laid aside where people see it, escalated in time."""

import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, time

import psycopg
import pytest
from handed_over import handoff
from sinks import HookSink, hook_sink, mail_sink
from sqlalchemy import make_url, select, text, update

from app.adapters.notify.mail import Mailer, MailServer
from app.adapters.notify.slack import SlackHooks
from app.adapters.policy_file import load_policy
from app.bootstrap import handlers_of
from app.core.actions import ActionKind
from app.core.calls import Call, Direction
from app.core.contacts import Contact
from app.core.policy import Urgency
from app.core.routing import Channel, ChannelKind, Hours, Routing, Team
from app.db import jobs
from app.db.actions import insert_action
from app.db.calls import save_call
from app.db.contacts import save_contact
from app.db.handoffs import insert_handoff
from app.db.notifications import count_notifications, list_notifications
from app.db.tables import audit_entries
from app.db.tables import jobs as jobs_table
from app.db.tables import notifications as notifications_table
from app.errors import ConflictError, LeaseLostError, NotFoundError
from app.services.notify import MOST_TRIES, retry_notification, tell_teams
from tests.walked_actions import parts_on

POLICY = load_policy()
NAMES = ("FIRST", "SECOND", "FALLBACK")
FIRST, SECOND, FALLBACK = (Channel(ChannelKind.SLACK, f"HANDOFF_CHANNEL_{name}") for name in NAMES)
ROUTING = Routing(
    {
        "sales": Team("sales", "Sales lead", (FIRST, SECOND)),
        "support": Team("support", "Support lead", (FALLBACK,)),
        "operations": Team("operations", "Operations lead", (SECOND,)),
        "nobody": Team("nobody", "Nobody"),
    }
)


class Channels:
    """Real listeners behind the channels of the routing."""

    def __init__(self, stack: ExitStack) -> None:
        self.sinks: dict[str, HookSink] = {name: stack.enter_context(hook_sink()) for name in NAMES}
        self.first, self.second, self.fallback = (self.sinks[name] for name in NAMES)

    def variables(self) -> dict[str, str]:
        return {f"HANDOFF_CHANNEL_{name}": sink.url for name, sink in self.sinks.items()}

    def taken(self) -> list[int]:
        return [len(self.sinks[name].taken) for name in NAMES]


@pytest.fixture
def channels():
    with ExitStack() as stack:
        yield Channels(stack)


@pytest.fixture
async def parts(database, channels):
    slack = SlackHooks(channels.variables())
    yield parts_on(
        database,
        routing=ROUTING,
        notifiers={ChannelKind.SLACK: slack},
        public_url="https://handoff.acme.example",
    )
    await slack.close()


async def write(parts, call=None, call_id="call-1", **fields):
    """A handoff of an action, told to its teams in the transaction that writes it."""
    told, call = handoff(team="sales", **fields), call or Call(call_id)
    call_id = call.call_id
    async with parts.database.transaction() as conn:
        await save_call(conn, call, revision=1)
        action_id = await insert_action(conn, call_id=call_id, kind=told.kind, order_id=None, parameters={})
        at = parts.clock.now()
        record = await insert_handoff(conn, told, call_id=call_id, action_id=action_id, at=at)
        await tell_teams(conn, parts, record)
    return record


async def run_due(parts, *kinds):
    """Every job that waits, as if its time had come, in one round."""
    handlers = handlers_of(parts)
    async with parts.database.transaction() as conn:
        wanted = jobs_table.c.kind.in_(kinds or ("notify", "escalate"))
        await conn.execute(update(jobs_table).where(wanted).values(run_at=text("now() - interval '1 second'")))
        others = update(jobs_table).where(~wanted).values(run_at=text("now() + interval '1 day'"))
        await conn.execute(others)
    async with parts.database.transaction() as conn:
        claimed = await jobs.claim(conn, limit=20, lease_seconds=30)
    for job in claimed:
        await handlers[job.kind](job)
    return len(claimed)


async def rows(parts, status=None):
    async with parts.database.transaction() as conn:
        found = await list_notifications(conn, status=status, call_id=None, before=None, limit=50)
    return {row["channel"].rpartition("_")[2]: row for row in found}


async def events(parts):
    async with parts.database.transaction() as conn:
        query = select(audit_entries).where(audit_entries.c.event.like("handoff.%")).order_by(audit_entries.c.id)
        return list(await conn.execute(query))


async def test_a_handoff_is_delivered_once_by_its_first_channel(parts, channels):
    await write(parts)
    while await run_due(parts):
        pass
    assert channels.taken() == [1, 0, 0]
    (row,) = (await rows(parts)).values()
    assert (row["status"], row["tries"], row["last_error"], row["team"]) == ("delivered", 1, None, "sales")
    (entry,) = await events(parts)
    assert (entry.event, entry.actor, entry.call_id) == ("handoff.delivered", "system:notifier", "call-1")
    assert entry.data == {"notification_id": str(row["id"]), "team": "sales", "channel": "slack", "tries": 1}
    (post,) = channels.first.taken
    assert "https://handoff.acme.example/v1/calls/call_1" in post.body.decode()
    assert post.headers["webhook-id"] == str(row["id"])


async def test_a_failed_try_is_made_again_under_the_same_id_and_told_without_the_address(parts, channels):
    channels.first.answers(500, 503)
    await write(parts)
    await run_due(parts)
    assert (await rows(parts))["FIRST"]["last_error"] == "unavailable 500"
    await run_due(parts)
    await run_due(parts)
    assert channels.taken() == [1, 0, 0]
    assert len({post.headers["webhook-id"] for post in channels.first.posts}) == 1
    row = (await rows(parts))["FIRST"]
    assert (row["status"], row["tries"]) == ("delivered", 3)


async def test_the_pause_is_as_long_as_the_channel_asks_for_within_reason(parts, channels):
    channels.first.script += [(429, {"Retry-After": "90"}), (503, {"Retry-After": "999999999"})]
    await write(parts)
    for least, most in ((85, 95), (3000, 3700)):
        await run_due(parts)
        async with parts.database.transaction() as conn:
            pause = await conn.scalar(text("select extract(epoch from run_at - now()) from jobs where kind = 'notify'"))
        assert least < pause < most


async def test_a_refused_handoff_is_laid_aside_audited_and_goes_to_the_next_channel(parts, channels):
    channels.first.answers(404)
    await write(parts)
    while await run_due(parts):
        pass
    assert channels.taken() == [0, 1, 0]
    by_channel = await rows(parts)
    assert (by_channel["FIRST"]["status"], by_channel["FIRST"]["last_error"]) == ("dead", "refused 404")
    assert by_channel["FIRST"]["escalated_at"] is not None
    assert by_channel["SECOND"]["status"] == "delivered"
    assert [entry.event for entry in await events(parts)] == [
        "handoff.undelivered", "handoff.escalated", "handoff.delivered",
    ]  # fmt: skip
    assert set(await rows(parts, "dead")) == {"FIRST"}
    async with parts.database.transaction() as conn:
        assert await count_notifications(conn) == {"pending": 0, "delivered": 1, "dead": 1}


async def test_after_the_last_channel_of_a_team_the_fallback_team_hears_of_it(parts, channels):
    channels.first.answers(410)
    channels.second.answers(410)
    await write(parts)
    while await run_due(parts):
        pass
    assert channels.taken() == [0, 0, 1]


async def test_where_every_channel_refuses_all_are_shown_dead_and_nothing_runs_on(parts, channels):
    for sink in channels.sinks.values():
        sink.answers(410)
    await write(parts, urgency=Urgency.URGENT)
    while await run_due(parts):
        pass
    assert channels.taken() == [0, 0, 0]
    assert [row["status"] for row in (await rows(parts)).values()] == ["dead"] * 3


async def test_what_is_urgent_goes_to_the_next_channel_when_the_first_is_silent(parts, channels):
    channels.first.answers(*[500] * 4)
    await write(parts, urgency=Urgency.URGENT)
    await run_due(parts, "notify")
    assert channels.taken() == [0, 0, 0]
    await run_due(parts, "escalate")
    await run_due(parts, "notify")
    assert channels.taken() == [0, 1, 0]
    escalated = [entry for entry in await events(parts) if entry.event == "handoff.escalated"]
    assert [entry.data["why"] for entry in escalated] == ["late"]
    for _ in range(5):
        await run_due(parts)
    assert channels.taken() == [1, 1, 0], "the first is tried on, and nobody else is told"


async def test_what_is_not_urgent_waits_for_its_channel(parts, channels):
    channels.first.answers(500)
    await write(parts, urgency=Urgency.HIGH)
    await run_due(parts, "notify")
    assert await run_due(parts, "escalate") == 0


async def test_an_urgent_handoff_that_was_delivered_is_not_escalated(parts, channels):
    await write(parts, urgency=Urgency.URGENT)
    await run_due(parts, "notify")
    assert await run_due(parts, "escalate") == 1
    assert channels.taken() == [1, 0, 0]
    assert set(await rows(parts)) == {"FIRST"}


async def test_teams_that_plan_around_it_get_a_copy_where_there_are_such_teams(parts, channels):
    await write(parts, also_tell=("operations", "unheard_of", "sales"))
    await run_due(parts)
    assert channels.taken() == [1, 1, 0]


async def test_teams_that_share_a_channel_hear_of_it_once(parts, channels):
    shared = {**ROUTING.teams, "operations": Team("operations", "Operations lead", (FIRST, SECOND))}
    await write(replace(parts, routing=replace(ROUTING, teams=shared)), also_tell=("operations",))
    await run_due(parts)
    assert channels.taken() == [1, 0, 0]


async def test_noise_and_what_is_nobodys_goes_nowhere(parts, channels):
    await write(parts, kind=ActionKind.NONE, urgency=Urgency.URGENT)
    nobodys = replace(ROUTING, teams={"sales": ROUTING.teams["nobody"], "support": Team("support", "Support lead")})
    await write(replace(parts, routing=nobodys), call_id="call-2")
    assert await run_due(parts) == 0
    assert await rows(parts) == {}


async def test_a_team_without_a_channel_is_heard_by_the_fallback_team(parts, channels):
    without = replace(ROUTING, teams=ROUTING.teams | {"sales": Team("sales", "Sales lead")})
    await write(replace(parts, routing=without))
    await run_due(parts)
    assert channels.taken() == [0, 0, 1]


async def test_outside_the_hours_what_is_urgent_goes_to_those_on_call(parts, channels):
    tomorrow = (datetime.now(UTC).weekday() + 2) % 7
    hours = Hours(UTC, frozenset({tomorrow}), time(9), time(10))
    away = Team("sales", "Sales lead", (FIRST,), hours, (SECOND,))
    at_night = replace(parts, routing=replace(ROUTING, teams=ROUTING.teams | {"sales": away}))
    await write(at_night, urgency=Urgency.URGENT)
    await write(at_night, call_id="call-2")
    await run_due(at_night, "notify")
    assert channels.taken() == [1, 1, 0]
    by_channel = await rows(parts)
    assert by_channel["SECOND"]["call_id"] == "call-1"
    assert by_channel["FIRST"]["call_id"] == "call-2"


@pytest.mark.parametrize("lost", ["the channel", "its kind", "its URL"])
async def test_a_channel_that_is_no_more_configured_is_dead_and_the_next_is_taken(parts, channels, lost):
    await write(parts)
    slack = SlackHooks({name: url for name, url in channels.variables().items() if name != FIRST.target})
    only_second = replace(ROUTING, teams=ROUTING.teams | {"sales": Team("sales", "Sales lead", (SECOND,))})
    changed = {
        "the channel": replace(parts, routing=only_second),
        "its kind": replace(parts, notifiers={}),
        "its URL": replace(parts, notifiers={ChannelKind.SLACK: slack}),
    }[lost]
    await run_due(changed)
    await slack.close()
    assert (await rows(parts))["FIRST"]["last_error"] == "not configured"
    await run_due(parts)
    assert channels.taken() == [0, 1, 0]


async def test_a_dead_one_is_tried_again_when_somebody_mended_its_channel(parts, channels):
    channels.first.answers(404)
    channels.second.answers(404)
    channels.fallback.answers(404)
    await write(parts)
    while await run_due(parts):
        pass
    dead = (await rows(parts))["FIRST"]["id"]
    await retry_notification(parts, dead, by="ada")
    await run_due(parts)
    assert channels.taken() == [1, 0, 0]
    with pytest.raises(ConflictError):
        await retry_notification(parts, dead, by="ada")
    (entry,) = [entry for entry in await events(parts) if entry.event == "handoff.retried"]
    assert entry.actor == "ada"


async def test_no_other_notification_can_be_tried_again(parts):
    record = await write(parts)
    with pytest.raises(ConflictError):
        await retry_notification(parts, (await rows(parts))["FIRST"]["id"], by="ada")
    with pytest.raises(NotFoundError):
        await retry_notification(parts, record.id, by="ada")


async def claim_one(parts):
    async with parts.database.transaction() as conn:
        (job,) = await jobs.claim(conn, limit=1, lease_seconds=30)
    return job


TAKE_AWAY = "UPDATE jobs SET status = 'waiting', leased_until = NULL, fence = fence + 1"


async def test_a_worker_that_could_not_say_that_it_sent_is_repeated_under_the_same_id(parts, channels, database_url):
    """The channel took it, the commit never came: the job goes to another worker."""
    await write(parts)
    job = await claim_one(parts)

    def lose_the_job() -> None:
        channels.first.before_answer = lambda: None
        with psycopg.connect(
            make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        ) as conn:
            conn.execute(TAKE_AWAY)

    channels.first.before_answer = lose_the_job
    with pytest.raises(LeaseLostError):
        await handlers_of(parts)[job.kind](job)
    await run_due(parts)
    first, second = channels.first.posts
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert json.loads(first.body) == json.loads(second.body)
    assert (await rows(parts))["FIRST"]["status"] == "delivered"
    assert [entry.event for entry in await events(parts)] == ["handoff.delivered"]


async def test_a_worker_that_lost_its_job_sends_nothing(parts, channels):
    await write(parts)
    job = await claim_one(parts)
    async with parts.database.transaction() as conn:
        await conn.execute(text(TAKE_AWAY))
    with pytest.raises(LeaseLostError):
        await handlers_of(parts)[job.kind](job)
    assert channels.first.posts == []


async def test_tries_come_to_an_end(parts, channels):
    channels.first.answers(*[500] * 3)
    await write(parts)
    async with parts.database.transaction() as conn:
        await conn.execute(update(notifications_table).values(tries=MOST_TRIES - 1))
    await run_due(parts)
    row = (await rows(parts))["FIRST"]
    assert (row["status"], row["tries"], row["last_error"]) == ("dead", MOST_TRIES, "unavailable 500")


async def test_a_handoff_that_ends_its_worker_each_time_is_laid_aside_unsent(parts, channels):
    await write(parts)
    async with parts.database.transaction() as conn:
        await conn.execute(update(notifications_table).values(tries=MOST_TRIES))
    await run_due(parts)
    assert (await rows(parts))["FIRST"]["status"] == "dead"
    assert channels.first.posts == []


# --- a word to the caller


ADA = Contact("c-1", names=("Ada Byron",), emails=("ada@acme.example", "byron@acme.example"), phones=("+12137771234",))
BOOKING = {"kind": ActionKind.CHANGE_BOOKING, "preferred_time": "tomorrow at ten", "details": {"booking_id": "B-77"}}


@pytest.fixture
async def confirming(parts):
    """A deployment that confirms, with a mail server."""
    with mail_sink() as sink:
        mailer = Mailer(MailServer.of_url(sink.url), "handoff@acme.example")
        yield replace(parts, routing=replace(ROUTING, confirms_to_callers=True), caller_mail=mailer), sink


async def known(parts, contact=ADA):
    async with parts.database.transaction() as conn:
        await save_contact(conn, contact, origin="import")


CALLED_BY_ADA = Call("call-1", direction=Direction.INBOUND, from_number="+12137771234")


async def test_a_caller_on_file_is_told_that_a_booking_change_was_passed_on(confirming):
    parts, sink = confirming
    await known(parts)
    await write(parts, CALLED_BY_ADA, **BOOKING)
    await run_due(parts)
    (mail,) = sink.mails
    assert mail["To"] == "ada@acme.example"
    assert "B-77" in mail.get_content()
    row = (await rows(parts))["mail:caller"]
    assert (row["status"], row["team"]) == ("delivered", "caller")
    assert "ada@" not in str(await events(parts)) + str(await rows(parts))


async def test_of_two_addresses_on_file_the_one_that_was_said_is_taken_and_never_one_that_is_not(confirming):
    parts, sink = confirming
    await known(parts)
    said = replace(CALLED_BY_ADA, fields={"customer_email": "byron@acme.example"})
    await write(parts, said, **BOOKING)
    elsewhere = replace(CALLED_BY_ADA, call_id="call-2", fields={"customer_email": "thief@evil.example"})
    await write(parts, elsewhere, **BOOKING)
    await run_due(parts)
    assert sorted(mail["To"] for mail in sink.mails) == ["ada@acme.example", "byron@acme.example"]


@pytest.mark.parametrize("why", ["nobody is on file", "another kind", "not switched on"])
async def test_otherwise_no_caller_is_written_to(confirming, why):
    parts, sink = confirming
    if why != "nobody is on file":
        await known(parts)
    if why == "not switched on":
        parts = replace(parts, routing=ROUTING)
    await write(parts, CALLED_BY_ADA, **({} if why == "another kind" else BOOKING))
    await run_due(parts)
    assert sink.tries == []
    assert "mail:caller" not in await rows(parts)


async def test_a_word_to_the_caller_that_cannot_be_delivered_goes_to_nobody_else(confirming):
    parts, sink = confirming
    await known(parts)
    sink.script.append("550 no such mailbox")
    await write(parts, CALLED_BY_ADA, **BOOKING, urgency=Urgency.URGENT)
    while await run_due(parts):
        pass
    by_channel = await rows(parts)
    assert (by_channel["mail:caller"]["status"], by_channel["mail:caller"]["last_error"]) == ("dead", "refused 550")
    assert set(by_channel) == {"FIRST", "mail:caller"}
