"""Settle what was attempted or asked for: apply an ending, look again where no answer came, believe the shop."""

import random
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind, is_confirmed, is_fulfilled
from app.core.execution import Ending, Sight, judge_look, look_pause_seconds
from app.core.lifecycle import ActionStatus, Verb
from app.core.orders import Order
from app.core.retry import pause_seconds
from app.db import audit, jobs
from app.db.actions import (
    ActionRecord,
    confirm_attempts,
    find_unsettled_attempt,
    get_action,
    list_unconfirmed_actions_of_order,
    list_unfinished_actions_of_order,
    record_attempt,
)
from app.db.facts import dump
from app.db.jobs import Job
from app.db.orders import OrderRecord
from app.errors import DestinationMissingError
from app.services.case import Case, load_case
from app.services.deeds import deed_of
from app.services.hand_off import hand_off
from app.services.learn import learn_from_confirmation
from app.services.parts import EXECUTOR, MIRROR, Parts
from app.services.queue import ask_for_assistance, close_open_review, put_before_people_again
from app.services.schedule import (
    schedule_check,
    schedule_decision,
    schedule_execution,
    schedule_settling,
    schedule_sync,
)
from app.services.transition import transition

# How long the next attempt waits after one of which we are certain that nothing happened.
RETRY_BASE_SECONDS, RETRY_CAP_SECONDS = 1.0, 300.0


async def end_attempt(
    conn: AsyncConnection,
    parts: Parts,
    case: Case,
    attempt_id: UUID,
    attempt_number: int,
    ending: Ending,
    *,
    before: Sight | None,
    after: Sight | None,
) -> None:
    """Write how the attempt ended and move its action; all in the caller's transaction."""
    seen = after or before
    case = case.seeing(seen.order if seen else None)
    ending = replace(ending, detail=_without_people(ending.detail, case.order))
    await record_attempt(
        conn,
        attempt_id,
        outcome=ending.outcome,
        at=parts.clock.now(),
        detail=ending.detail,
        before=_shown(before),
        after=_shown(after),
    )
    attempt: dict[str, Any] = {"attempt": attempt_number, "outcome": ending.outcome}
    if seen is not None and seen.made is not None:
        attempt["made"] = dict(seen.made)
    if ending.verb is Verb.TOO_LATE:
        await ask_for_assistance(conn, parts, case, Verb.TOO_LATE, actor=EXECUTOR, why=ending.detail, attempt=attempt)
        return
    data = {**attempt, "why": ending.detail}
    await transition(conn, case.action.id, ending.verb, actor=EXECUTOR, at=parts.clock.now(), data=data)
    await _go_on(conn, parts, case, ending, attempt_number)


def _shown(sight: Sight | None) -> Any:
    if sight is None:
        return None
    return dump(sight.order) if sight.order else dict(sight.made) if sight.made else None


async def _go_on(conn: AsyncConnection, parts: Parts, case: Case, ending: Ending, attempt_number: int) -> None:
    """Whatever has to follow the action's new status."""
    action, order = case.action, case.order
    match ending.verb:
        case Verb.SUCCEED if action.kind is ActionKind.ORDER_STATUS:
            await hand_off(conn, parts, case)
        case Verb.SUCCEED if order is not None:
            # The order moved: others may wait for just that, or lose their ground.
            await schedule_check(conn, order)
        case Verb.SUCCEED:
            await _read_what_is_new(conn, parts, case)
        case Verb.AWAIT_CONFIRMATION | Verb.LOSE_ANSWER:
            await schedule_settling(conn, action.id, call_id=action.call_id, order=order, looks=0, in_seconds=0)
        case Verb.RETRY | Verb.DISPROVE:
            pause = pause_seconds(
                attempt_number,
                base=RETRY_BASE_SECONDS,
                cap=RETRY_CAP_SECONDS,
                jitter=random.random(),  # noqa: S311 (no secret)
            )
            pause = max(pause, ending.wait_at_least_seconds)
            await schedule_execution(conn, action.id, call_id=action.call_id, order=order, in_seconds=pause)
        case Verb.REOPEN:
            await put_before_people_again(conn, parts, case)
        case Verb.REDECIDE:
            await schedule_decision(conn, action.id, call_id=action.call_id, order=order)
        case Verb.LAPSE | Verb.GIVE_UP:
            pass
        case _:
            raise AssertionError(f"an attempt does not end by {ending.verb}")


async def _read_what_is_new(conn: AsyncConnection, parts: Parts, case: Case) -> None:
    """An order that we sent shall be in the mirror before anybody calls about it."""
    if case.action.kind is ActionKind.SEND_ORDER:
        for name, shop in parts.shops.items():
            if case.action.kind in shop.abilities:
                await schedule_sync(conn, name)


def _without_people(text: str, order: Order | None) -> str:
    """A shop's sentence may quote the people of the order; they stay in the order, where they can be erased."""
    people = (order.recipient, order.sender) if order else ()
    words = {word for person in people for word in (person.email, person.first_name, person.last_name) if word}
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "[…]", text, flags=re.IGNORECASE)
    return text


async def settle_action(parts: Parts, job: Job) -> None:
    """Look at what an act left behind that got no answer, or that no read has shown yet."""
    async with parts.database.transaction() as conn:
        action = await get_action(conn, UUID(job.payload["action_id"]))
        case = await load_case(conn, action)
    deed = deed_of(parts, case)
    if action.status not in {ActionStatus.OUTCOME_UNKNOWN, ActionStatus.AWAITING_CONFIRMATION} or deed is None:
        async with parts.database.transaction() as conn:
            await jobs.finish(conn, job)
        return
    try:
        sight = await deed.look()
    except DestinationMissingError:
        sight = Sight(case.order)
    async with parts.database.transaction() as conn:
        action = await get_action(conn, action.id, lock=True)
        if action.status is ActionStatus.OUTCOME_UNKNOWN:
            await _look(conn, parts, case, sight, looks=job.payload["looks"])
        elif action.status is ActionStatus.AWAITING_CONFIRMATION:
            await _await_confirmation(conn, parts, case, sight, looks=job.payload["looks"])
        await jobs.finish(conn, job)


async def _look(conn: AsyncConnection, parts: Parts, case: Case, sight: Sight, *, looks: int) -> None:
    attempt = await find_unsettled_attempt(conn, case.action.id)
    if attempt is None:
        raise AssertionError(f"action {case.action.id} has an unknown outcome without an attempt")
    ending = judge_look(attempt.number, sight, looks=looks)
    if ending is None:
        await _look_again(conn, case, looks)
        return
    await end_attempt(conn, parts, case, attempt.id, attempt.number, ending, before=None, after=sight)


async def _await_confirmation(conn: AsyncConnection, parts: Parts, case: Case, sight: Sight, *, looks: int) -> None:
    if sight.is_fulfilled:
        await transition(conn, case.action.id, Verb.CONFIRM, actor=EXECUTOR, at=parts.clock.now())
        return
    await _look_again(conn, case, looks)


async def _look_again(conn: AsyncConnection, case: Case, looks: int) -> None:
    action, pause = case.action, look_pause_seconds(looks)
    await schedule_settling(
        conn, action.id, call_id=action.call_id, order=case.order, looks=looks + 1, in_seconds=pause
    )


async def settle_by_order(conn: AsyncConnection, parts: Parts, record: OrderRecord, *, event: str | None) -> None:
    """The shop shows the order anew: move what waited for that. `event` is the shop's own word for what happened."""
    for action in await list_unfinished_actions_of_order(conn, record.id):
        await _settle_one(conn, parts, await get_action(conn, action.id, lock=True), record, event=event)
    if event is None:
        return
    for action in await list_unconfirmed_actions_of_order(conn, record.id):
        if is_fulfilled(action.kind, action.parameters, record.order) and await confirm_attempts(
            conn, action.id, at=parts.clock.now()
        ):
            await audit.write(
                conn,
                actor=MIRROR,
                event="attempt.confirmed",
                at=parts.clock.now(),
                call_id=action.call_id,
                action_id=action.id,
                data={"event": event},
            )
            await learn_from_confirmation(conn, parts, await load_case(conn, action))


async def _settle_one(
    conn: AsyncConnection, parts: Parts, action: ActionRecord, record: OrderRecord, *, event: str | None
) -> None:
    order, at = record.order, parts.clock.now()
    data = {"event": event, "order_status": order.status}
    fulfilled = is_fulfilled(action.kind, action.parameters, order)
    match action.status:
        case ActionStatus.AWAITING_REVIEW if fulfilled:
            await transition(conn, action.id, Verb.LAPSE, actor=MIRROR, at=at, data=data)
            await close_open_review(conn, parts, action.id, status="lapsed")
        case ActionStatus.AWAITING_REVIEW:
            await schedule_decision(conn, action.id, call_id=action.call_id, order=order)
        case ActionStatus.AWAITING_ASSISTANCE | ActionStatus.AWAITING_CONFIRMATION if is_confirmed(
            action.kind, action.parameters, order
        ):
            await transition(conn, action.id, Verb.CONFIRM, actor=MIRROR, at=at, data=data)
            await close_open_review(conn, parts, action.id, status="approved")
        case ActionStatus.FAILED if fulfilled:
            await transition(conn, action.id, Verb.CONFIRM, actor=MIRROR, at=at, data=data)
        case ActionStatus.OUTCOME_UNKNOWN if fulfilled:
            await _settle_unknown(conn, parts, action, order)
        case _:
            pass  # its own job is on its way, or nothing of this concerns it


async def _settle_unknown(conn: AsyncConnection, parts: Parts, action: ActionRecord, order: Order) -> None:
    case = await load_case(conn, action)
    attempt = await find_unsettled_attempt(conn, action.id)
    if attempt is None:
        raise AssertionError(f"action {action.id} has an unknown outcome without an attempt")
    ending = Ending(
        Verb.SUCCEED, "succeeded", "The answer was lost; the shop's event and a read show that it was done."
    )
    await end_attempt(conn, parts, case, attempt.id, attempt.number, ending, before=None, after=Sight(order))
