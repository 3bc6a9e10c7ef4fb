"""Tie a call to an order and to a person, and write down the actions it leads to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import Proposal, propose, touches_order
from app.core.calls import Call
from app.core.contacts import Contact
from app.core.identity import Identity
from app.core.lifecycle import ActionStatus
from app.core.matching import Heard, Match, MatchOutcome, heard_from, match
from app.core.mirror import Mirror
from app.core.orders import Order
from app.db import audit, jobs
from app.db.actions import attach_order, insert_action, list_actions_of_call, save_parameters
from app.db.calls import CallRecord, get_call, lock_call, save_match
from app.db.candidates import BY_INDEX, describe_mirror, retrieved_from, sharing_a_clue
from app.db.contacts import contacts_from, sharing
from app.db.jobs import Job
from app.db.links import holding, linked_contacts_from
from app.db.orders import OrderRecord, find_order
from app.db.statements import Asked, ask
from app.errors import DestinationError, DestinationMissingError
from app.services.mirror import is_mirror_read_since, refresh_order, sync_orders
from app.services.parts import MATCHER, Parts
from app.services.recognise import recognise
from app.services.schedule import schedule_decision

log = structlog.get_logger()

# An order read longer ago is read again before a decision that could act.
FRESH = timedelta(seconds=60)
# After so many tries a call goes on with what the mirror holds: an unreachable shop must not hide it from people.
TRIES_TO_READ_THE_SHOP = 5

# Where a later delivery of the call may still change what an action means.
UNDECIDED = frozenset({ActionStatus.PROPOSED, ActionStatus.AWAITING_REVIEW})


async def match_call(parts: Parts, job: Job) -> None:
    async with parts.database.transaction() as conn:
        record = await get_call(conn, job.payload["call_id"])
        found = await _find(conn, parts, record.call)
        stale = await _stale_mirrors(conn, parts, record)
    if found.outcome is not MatchOutcome.MATCHED and stale and heard_from(record.call).is_anything():
        await _ask_the_shops(parts, job, stale)
        async with parts.database.transaction() as conn:
            found = await _find(conn, parts, record.call)
    await _read_fresh(parts, job, found)
    async with parts.database.transaction() as conn:
        await _save(conn, parts, record, found)
        await jobs.finish(conn, job)


async def _find(conn: AsyncConnection, parts: Parts, call: Call) -> Match:
    heard, now = heard_from(call), parts.clock.now()
    leads = await retrieve(conn, heard, call_id=call.call_id, now=now)
    return match(heard, leads.orders, leads.contacts, mirror=leads.mirror, now=now, weights=parts.weights)


@dataclass(frozen=True, slots=True)
class Leads:
    """What the database knows of what was heard: people, the orders that may be meant, and how common all that is."""

    contacts: Sequence[Contact]
    orders: Sequence[Order]
    mirror: Mirror


async def retrieve(conn: AsyncConnection, heard: Heard, *, call_id: str, now: datetime) -> Leads:
    """In one round trip, for the rest of whose transaction plans are made once and follow indexes."""
    _, known, linked, found = await ask(conn, BY_INDEX, *_of_people(heard), sharing_a_clue(heard))
    retrieved = retrieved_from(found)
    mirror = await describe_mirror(conn, retrieved, now=now)
    return Leads(_people_from(known, linked, call_id=call_id), retrieved.orders, mirror)


async def contacts_of(conn: AsyncConnection, heard: Heard, *, call_id: str) -> list[Contact]:
    """Whom the directory knows by the call's number, by a number or an e-mail that was given, or by the merchant's id;
    and whom other calls taught us to know by a number.
    """
    known, linked = await ask(conn, *_of_people(heard))
    return _people_from(known, linked, call_id=call_id)


def _of_people(heard: Heard) -> tuple[Asked, Asked]:
    return sharing(ids=heard.contact_ids, emails=heard.emails, phones=heard.phones), holding(heard.phones)


def _people_from(known: Sequence[Any], linked: Sequence[Any], *, call_id: str) -> list[Contact]:
    return [*contacts_from(known), *linked_contacts_from(linked, call_id=call_id)]


async def _stale_mirrors(conn: AsyncConnection, parts: Parts, record: CallRecord) -> list[str]:
    """The shops that were last read before the call came: what it is about may have been ordered a minute ago."""
    return [name for name, shop in parts.shops.items() if not await is_mirror_read_since(conn, shop, record.updated_at)]


async def _ask_the_shops(parts: Parts, job: Job, names: list[str]) -> None:
    for name in names:
        try:
            await sync_orders(parts, parts.shops[name])
        except DestinationError:
            if job.tries < TRIES_TO_READ_THE_SHOP:
                raise
            log.warning("matched_without_the_shop", call_id=job.payload["call_id"], destination=name)


async def _read_fresh(parts: Parts, job: Job, found: Match) -> None:
    if found.best is None:
        return
    shop = parts.shops[found.best.destination]
    async with parts.database.transaction() as conn:
        record = await find_order(conn, shop.name, found.best.order_id)
    if record is not None and parts.clock.now() - record.read_at <= FRESH:
        return
    try:
        await refresh_order(parts, shop, found.best.order_id)
    except DestinationMissingError:
        log.warning("order_gone_from_the_shop", destination=shop.name, order_id=found.best.order_id)
    except DestinationError:
        # The executor reads again before it acts; a decision on a stale order can be late, never wrong.
        if job.tries < TRIES_TO_READ_THE_SHOP:
            raise


async def _save(conn: AsyncConnection, parts: Parts, seen: CallRecord, found: Match) -> None:
    record = await lock_call(conn, seen.call.call_id)
    if record is None or record.revision != seen.revision:
        return  # a newer delivery came in between, and with it a newer job for this call
    order = await find_order(conn, found.best.destination, found.best.order_id) if found.best else None
    heard = heard_from(record.call)
    contacts = await contacts_of(conn, heard, call_id=record.call.call_id)
    identity = await recognise(conn, parts, record.call, heard, order.order if order else None, contacts)
    await save_match(conn, record.call.call_id, found, identity, revision=record.revision)
    await _write_audit(conn, parts, record, found, identity)
    for proposal in propose(record.call, parts.words):
        await _propose(conn, record.call.call_id, proposal, order if touches_order(proposal.kind) else None)
    await _schedule_decisions(conn, record.call.call_id, order)


async def _propose(conn: AsyncConnection, call_id: str, proposal: Proposal, order: OrderRecord | None) -> None:
    """One action of a kind per call and order, also when a later delivery says more than the first."""
    known = [action for action in await list_actions_of_call(conn, call_id) if action.kind == proposal.kind]
    undecided = [action for action in known if action.status in UNDECIDED]
    for action in undecided:
        await save_parameters(conn, action.id, proposal.parameters)
    if order is None:
        if not known:
            await insert_action(
                conn, call_id=call_id, kind=proposal.kind, order_id=None, parameters=proposal.parameters
            )
        return
    if any(action.order_id == order.id for action in known):
        return
    without_order = [action for action in undecided if action.order_id is None]
    if without_order:
        await attach_order(conn, without_order[0].id, order.id)
    else:
        await insert_action(
            conn, call_id=call_id, kind=proposal.kind, order_id=order.id, parameters=proposal.parameters
        )


async def _schedule_decisions(conn: AsyncConnection, call_id: str, order: OrderRecord | None) -> None:
    for action in await list_actions_of_call(conn, call_id):
        if action.status in UNDECIDED:
            its_order: Order | None = order.order if order and action.order_id == order.id else None
            await schedule_decision(conn, action.id, call_id=call_id, order=its_order)


async def _write_audit(
    conn: AsyncConnection, parts: Parts, record: CallRecord, found: Match, identity: Identity
) -> None:
    best = found.best
    await audit.write(
        conn,
        actor=MATCHER,
        event="call.matched" if best else f"call.{found.outcome}",
        at=parts.clock.now(),
        call_id=record.call.call_id,
        data={
            "revision": record.revision,
            "model_version": found.model_version,
            "outcome": found.outcome,
            "destination": best.destination if best else None,
            "order_id": best.order_id if best else None,
            "probability": round(best.probability, 6) if best else None,
            "candidates": [
                {
                    "order_id": candidate.order_id,
                    "probability": round(candidate.probability, 6),
                    "bits": round(candidate.bits, 3),
                }
                for candidate in found.candidates
            ],
            "role": identity.role,
            "confidence": round(identity.confidence, 6),
        },
    )
