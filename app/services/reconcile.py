"""Fetch the calls that no webhook told of, and send them the way of all others.

DialNexa promises no delivery: it tries four times at most. Its list of calls is read again and again from a little
before where we were. What it shows and we do not hold is fetched and kept as a delivery of our own, which is
understood, matched and decided like one that was posted; a webhook that arrives after all is merged by the call's id.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.completeness import LONGEST_CALL, gap_of_call, is_open, may_change
from app.db import audit, deliveries, jobs
from app.db.accounts import REST_CALL, hold_calls
from app.db.bookmarks import find_bookmark, set_bookmark
from app.db.facts import dump
from app.db.jobs import Job
from app.errors import DestinationUnavailableError
from app.ports.senders import CallPage, Envelope, RestCall
from app.services.parts import RECONCILER, Parts
from app.services.schedule import list_calls_at_work, schedule_understanding
from app.services.turn import PATIENCE_BY_HAND_SECONDS, looks, turn_at

log = structlog.get_logger()

# The list is read again from a little before the last time: clocks differ, and a row may be saved later than its date.
OVERLAP = timedelta(minutes=15)
READ_UP_TO = "dialnexa.calls"
LAST_ROUND = "dialnexa.calls_reconciled"
# Nobody signed it: we asked for it, over TLS, with our key.
FETCHED = "rest"


@dataclass(slots=True)
class Round:
    """What one reading of the list found. `unsettled_at` is when the oldest call began of which more may come."""

    started_at: datetime
    listed: int = 0
    open: int = 0
    unreadable: int = 0
    fetched: int = 0
    unsettled_at: datetime | None = None

    def note_unsettled(self, began_at: datetime | None) -> None:
        if began_at is not None and began_at > self.started_at - LONGEST_CALL:
            self.unsettled_at = min(began_at, self.unsettled_at or began_at)


async def reconcile_calls_job(parts: Parts, job: Job) -> None:
    await reconcile_calls(parts)
    async with parts.database.transaction() as conn:
        await jobs.finish(conn, job)


async def reconcile_calls(
    parts: Parts, *, since: datetime | None = None, until: datetime | None = None
) -> Round | None:
    """Fetch what is missing; None where another process does so already, or no key is set.

    The first time begins a quarter of an hour ago: what was called before we were there is fetched by `since` alone.
    Raises DestinationError; what was fetched until then is kept, and the next round goes on from there.
    """
    if not parts.calls.can_be_asked:
        return None
    async with turn_at(parts, READ_UP_TO) as is_ours:
        return await _go_round(parts, since=since, until=until) if is_ours else None


async def reconcile_calls_in_turn(parts: Parts, *, since: datetime | None, until: datetime | None) -> Round | None:
    """The same for one who needs it done: another process's turn is waited for. None where no key is set."""
    if not parts.calls.can_be_asked:
        return None
    async for _ in looks(PATIENCE_BY_HAND_SECONDS):
        done = await reconcile_calls(parts, since=since, until=until)
        if done is not None:
            return done
    raise DestinationUnavailableError("dialnexa: another process is still reading its calls; try again later")


async def is_reconciled_since(conn: AsyncConnection, moment: datetime) -> bool:
    at = await find_bookmark(conn, LAST_ROUND)
    return at is not None and at >= moment


async def _go_round(parts: Parts, *, since: datetime | None, until: datetime | None) -> Round:
    done = Round(parts.clock.now())
    async with parts.database.transaction() as conn:
        read_up_to = await find_bookmark(conn, READ_UP_TO)
    begin = since or (read_up_to or done.started_at) - OVERLAP
    async for page in parts.calls.list_calls(since=begin, until=until):
        await _fetch_gaps(parts, page, done)
    async with parts.database.transaction() as conn:
        if since is None and until is None:
            await set_bookmark(conn, READ_UP_TO, min(done.started_at, done.unsettled_at or done.started_at))
            await set_bookmark(conn, LAST_ROUND, done.started_at)
    log.info("calls_reconciled", listed=done.listed, fetched=done.fetched, open=done.open, unreadable=done.unreadable)
    return done


async def _fetch_gaps(parts: Parts, page: CallPage, done: Round) -> None:
    done.listed += len(page.calls)
    done.unreadable += page.unreadable
    ids = list({each.call.call_id for each in page.calls})
    async with parts.database.transaction() as conn:
        held = await hold_calls(conn, parts.calls.name, ids)
        at_work = await list_calls_at_work(conn, ids)
    for listed in page.calls:
        call, now = listed.call, parts.clock.now()
        # What waits to be read in our own queue is on its way as well.
        is_on_its_way = is_open(call, now=now) or call.call_id in at_work
        if is_on_its_way or may_change(call, now=now):
            done.note_unsettled(call.started_at)
        if is_on_its_way:
            done.open += 1
        elif gap_of_call(call, held[call.call_id].call) is not None:
            done.fetched += await _fetch(parts, listed)


async def _fetch(parts: Parts, listed: RestCall) -> bool:
    """Whether it brought anything that we had not fetched before."""
    call_id = listed.call.call_id
    try:
        fetched = await parts.calls.fetch_rest_call(call_id)
    except DestinationUnavailableError as error:
        if error.status_code != 403:
            raise
        fetched = None
    # A call that is listed and cannot be opened is known by its row alone.
    answer = fetched or listed
    envelope = Envelope(REST_CALL, call_id, message_id=_message_id(answer))
    async with parts.database.transaction() as conn:
        delivery_id = await deliveries.store_delivery(
            conn,
            sender=parts.calls.name,
            envelope=envelope,
            body=answer.body,
            headers={},
            signature_variant=FETCHED,
            vault=parts.vault,
        )
        if delivery_id is None:
            return False
        await audit.write(
            conn,
            actor=RECONCILER,
            event="delivery.fetched",
            at=parts.clock.now(),
            call_id=call_id,
            data={
                "delivery_id": delivery_id,
                "sender": parts.calls.name,
                "kind": REST_CALL,
                "body_sha256": hashlib.sha256(answer.body).hexdigest(),
                "is_row_of_list": fetched is None,
            },
        )
        await schedule_understanding(conn, delivery_id, call_id)
    return True


def _message_id(answer: RestCall) -> str:
    """The same for the same facts: each answer carries another pre-signed link to the same recording."""
    facts = json.dumps(dump(replace(answer.call, recording_url=None)), sort_keys=True)
    return f"rest:{hashlib.sha256(facts.encode()).hexdigest()}"
