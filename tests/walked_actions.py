"""Actions that walked the lifecycle as the worker walks it, up to where a test takes them over."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text

from app.adapters.policy_file import load_policy, parse_policy
from app.core.actions import ActionKind
from app.core.calls import Call, Direction
from app.core.identity import Identity, Role
from app.core.lifecycle import Verb
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import Order, OrderStage, Person
from app.db.actions import get_action, insert_action, list_attempts, open_attempt, record_attempt
from app.db.calls import save_call, save_match
from app.db.engine import Database
from app.db.orders import save_order
from app.db.reviews import find_open_review
from app.db.tables import audit_entries
from app.ports.clock import SystemClock
from app.services.case import load_case
from app.services.decide import decide_locked
from app.services.parts import Parts
from app.services.queue import ask_for_assistance
from app.services.review import Decider, Word, approve, say_assisted
from app.services.transition import transition

POLICY = load_policy()
RITA = Decider("rita", "approver")


def parts_on(database: Database, **more: Any) -> Parts:
    known = {
        "database": database,
        "clock": SystemClock(),
        "senders": {},
        "calls": None,
        "shops": {},
        "policy": POLICY,
        "parse_policy": partial(parse_policy, name="document"),
        "words": None,
        "weights": None,
    }
    return Parts(**(known | more))


async def proposed(parts: Parts, kind: ActionKind = ActionKind.CANCEL_ORDER) -> UUID:
    """A cancellation awaits people, more time is approved by policy."""
    number = uuid4().hex
    order = Order(
        "goody", number, number[:24].upper(), "notified", OrderStage.OPEN, Person("Alena", "Kenter", "a@x.example"),
        Person("Morgan", "Reed", "m@x.example"), amount_cents=2100, expires_at=datetime.now(UTC) + timedelta(days=5),
    )  # fmt: skip
    match = Match(MatchOutcome.MATCHED, (Candidate("goody", number, order.reference_id, 40.0, 0.999, ()),), "m-1")
    async with parts.database.transaction() as conn:
        await save_call(conn, Call(number, direction=Direction.INBOUND), revision=1)
        await save_match(conn, number, match, Identity(Role.SENDER, 0.99), revision=1)
        record = await save_order(conn, order, read_at=datetime.now(UTC))
        action_id = await insert_action(conn, call_id=number, kind=kind, order_id=record.id, parameters={})
        await decide_locked(conn, parts, await get_action(conn, action_id, lock=True))
    return action_id


async def approved(parts: Parts) -> UUID:
    action_id = await proposed(parts)
    review = await review_of(parts, action_id)
    await approve(parts, review.id, RITA, Word("caller_asked", None, review.version))
    return action_id


async def unknown(parts: Parts) -> UUID:
    """An act was sent, and its answer never came."""
    return await _attempted(parts, Verb.LOSE_ANSWER, "unknown")


async def failed(parts: Parts) -> UUID:
    return await _attempted(parts, Verb.GIVE_UP, "failed")


async def assisted(parts: Parts) -> UUID:
    """A person is to do it at the shop."""
    action_id = await _begun(parts)
    async with parts.database.transaction() as conn:
        attempt = (await list_attempts(conn, [action_id]))[action_id][-1]
        await record_attempt(conn, attempt.id, outcome="refused", at=parts.clock.now(), detail="too late")
        case = await load_case(conn, await get_action(conn, action_id))
        await ask_for_assistance(conn, parts, case, Verb.TOO_LATE, actor="system:executor", why="too late")
    return action_id


async def asked_for(parts: Parts) -> UUID:
    """A person said that they asked the shop's support for it."""
    action_id = await assisted(parts)
    review = await review_of(parts, action_id)
    await say_assisted(parts, review.id, RITA, Word("asked_support", None, review.version))
    return action_id


async def _begun(parts: Parts) -> UUID:
    action_id = await approved(parts)
    async with parts.database.transaction() as conn:
        await open_attempt(conn, action_id, idempotency_key=f"k:{action_id}", at=parts.clock.now())
        await transition(conn, action_id, Verb.START, actor="system:executor", at=parts.clock.now())
    return action_id


async def _attempted(parts: Parts, verb: Verb, outcome: str) -> UUID:
    action_id = await _begun(parts)
    async with parts.database.transaction() as conn:
        attempt = (await list_attempts(conn, [action_id]))[action_id][-1]
        await record_attempt(conn, attempt.id, outcome=outcome, at=parts.clock.now(), detail="no answer")
        await transition(conn, action_id, verb, actor="system:executor", at=parts.clock.now())
    return action_id


async def pass_time(database: Database, **span: float) -> None:
    """As if everything had happened so much earlier."""
    at = {"span": timedelta(**span)}
    async with database.transaction() as conn:
        await conn.execute(text("update actions set updated_at = updated_at - :span"), at)
        await conn.execute(
            text("update reviews set due_at = due_at - :span, claimed_until = claimed_until - :span"), at
        )


async def action_of(parts: Parts, action_id: UUID) -> Any:
    async with parts.database.transaction() as conn:
        return await get_action(conn, action_id)


async def attempts_of(parts: Parts, action_id: UUID) -> list[Any]:
    async with parts.database.transaction() as conn:
        return (await list_attempts(conn, [action_id]))[action_id]


async def review_of(parts: Parts, action_id: UUID) -> Any:
    """The open one; None where there is none."""
    async with parts.database.transaction() as conn:
        return await find_open_review(conn, action_id)


async def entries(database: Database, beginning: str) -> list[Any]:
    """Of the audit, by how their event begins."""
    async with database.transaction() as conn:
        query = select(audit_entries).where(audit_entries.c.event.like(f"{beginning}%")).order_by(audit_entries.c.id)
        return list(await conn.execute(query))
