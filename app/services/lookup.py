"""Answer a voice agent that asks about an order while the caller is on the line. Reads the mirror, calls no vendor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.core.calls import Call, Direction
from app.core.contacts import Contact
from app.core.disclosure import Answer, Level, answer, level_of
from app.core.hearing import heard_from
from app.core.identity import NOBODY, Identity
from app.core.matching import Match, match
from app.core.orders import Order
from app.core.policy import Facts
from app.db import audit
from app.db.calls import CallRecord, call_from, of_call
from app.db.lookups import new_lookup
from app.db.policies import RULING, ruling_from
from app.db.statements import ask
from app.services.live_policy import live_under
from app.services.match import retrieve
from app.services.parts import Parts
from app.services.recognise import recognise

# What an agent may pass on of what it heard; more of a call decides nothing while it lasts.
HEARD_FIELDS = (
    "order_id", "customer_name", "customer_email", "customer_phone", "caller_role", "recipient_name", "sender_name",
    "company", "product", "sku", "item",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """`call_id` is None where the agent sent none: then nobody could tell later what was said to whom."""

    call_id: str | None
    caller_number: str | None
    direction: Direction | None
    heard: Mapping[str, str]  # by names of HEARD_FIELDS


@dataclass(frozen=True, slots=True)
class _Found:
    match: Match
    order: Order | None
    contacts: Sequence[Contact]
    identity: Identity


async def look_up(parts: Parts, question: Question, *, asked_by: str) -> Answer:
    """What the agent may say. The lookup is kept with the call and in the audit, without personal data."""
    async with parts.database.transaction() as conn:
        calls, rulings = await ask(conn, of_call(question.call_id), RULING)
        call = _call_of(question, call_from(calls))
        found = await _find(conn, parts, call)
        policy = await live_under(conn, parts, ruling_from(rulings))
        level = level_of(found.match, found.identity, policy.parameters)
        if question.call_id is None or found.order is None:
            level = Level.NONE
        told = answer(level, _facts(parts, call, found), policy, question.heard)
        await _keep(conn, parts, question, found, told, policy_version=policy.version, asked_by=asked_by)
    return told


def _call_of(question: Question, record: CallRecord | None) -> Call:
    """The call as far as it is told. What DialNexa itself told of it goes before what the agent says of it.

    Only DialNexa's word makes a call one that we placed to the number on file. Where the agent alone says so, what the
    caller knows may be what we told it, and the number proves nothing.
    """
    known = record.call if record else None
    direction, number = question.direction or Direction.INBOUND, question.caller_number
    if known is not None and known.direction is not None and known.caller_number is not None:
        direction, number = known.direction, known.caller_number
    heard = dict(question.heard)
    if direction is Direction.OUTBOUND and (known is None or known.direction is not Direction.OUTBOUND):
        heard.setdefault("customer_phone", number or "")
        number = None
    return Call(
        call_id=question.call_id or "",
        direction=direction,
        from_number=None if direction is Direction.OUTBOUND else number,
        to_number=number if direction is Direction.OUTBOUND else None,
        fields={name: value for name, value in heard.items() if value},
        other_fields=known.other_fields if known else {},
    )


async def _find(conn: AsyncConnection, parts: Parts, call: Call) -> _Found:
    heard, now = heard_from(call), parts.clock.now()
    leads = await retrieve(conn, heard, call_id=call.call_id, now=now)
    found = match(heard, leads.orders, leads.contacts, mirror=leads.mirror, now=now, weights=parts.weights)
    best = found.best and (found.best.destination, found.best.order_id)
    order = next((each for each in leads.orders if (each.destination, each.external_id) == best), None)
    identity = await recognise(conn, parts, call, heard, order, leads.contacts)
    return _Found(found, order, leads.contacts, identity)


def _facts(parts: Parts, call: Call, found: _Found) -> Facts:
    """What policy would read of it, were the call over."""
    return Facts(
        kind=ActionKind.ORDER_STATUS,
        parameters={},
        call=call,
        match=found.match,
        identity=found.identity if found.order else NOBODY,
        order=found.order,
        contact=found.contacts[0] if len(found.contacts) == 1 else None,
        now=parts.clock.now(),
    )


async def _keep(
    conn: AsyncConnection,
    parts: Parts,
    question: Question,
    found: _Found,
    told: Answer,
    *,
    policy_version: str,
    asked_by: str,
) -> None:
    now, order = parts.clock.now(), found.order
    lookup = new_lookup(
        call_id=question.call_id,
        asked_by=asked_by,
        at=now,
        heard=sorted(question.heard),
        level=told.level,
        outcome=found.match.outcome,
        order=order,
    )
    entry = audit.new_entry(
        actor=asked_by,
        event="call.looked_up",
        at=now,
        call_id=question.call_id,
        data={
            "heard": sorted(question.heard),
            "outcome": found.match.outcome,
            "destination": order.destination if order else None,
            "order_id": order.external_id if order else None,
            "role": found.identity.role,
            "confidence": round(found.identity.confidence, 6),
            "level": told.level,
            "model_version": found.match.model_version,
            "policy_version": policy_version,
        },
    )
    await ask(conn, lookup, entry)
