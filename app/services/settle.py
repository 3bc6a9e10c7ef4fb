"""Settle what was attempted or asked for: apply an ending, look again where no answer came, believe the shop."""

import random
import re
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind, Confirmation, confirmed_by, is_confirmed, is_fulfilled
from app.core.execution import LOOK_PAUSES_SECONDS, Ending, Mandate, judge_look
from app.core.lifecycle import ActionStatus, Verb
from app.core.orders import Order, OrderStage
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
from app.db.reviews import find_last_review
from app.errors import DestinationMissingError
from app.services.case import Case, load_case
from app.services.hand_off import hand_off
from app.services.learn import learn_from_confirmation
from app.services.mirror import refresh_order
from app.services.parts import EXECUTOR, MIRROR, Parts
from app.services.queue import ask_for_assistance, ask_people, close_open_review, show_again
from app.services.schedule import schedule_check, schedule_decision, schedule_execution, schedule_settling
from app.services.transition import transition

# How long the next attempt waits after one of which we are certain that nothing happened.
RETRY_BASE_SECONDS, RETRY_CAP_SECONDS = 1.0, 300.0
# An accepted act that no read shows yet is looked for with pauses that double up to an hour.
CONFIRMATION_CAP_SECONDS = 3600.0


async def end_attempt(
    conn: AsyncConnection,
    parts: Parts,
    case: Case,
    attempt_id: UUID,
    attempt_number: int,
    ending: Ending,
    *,
    before: Order | None,
    after: Order | None,
) -> None:
    """Write how the attempt ended and move its action; all in the caller's transaction."""
    case = case.seeing(after or before)
    ending = replace(ending, detail=_without_people(ending.detail, case.order))
    action, order, at = case.action, case.order, parts.clock.now()
    if order is None:
        raise AssertionError(f"action {action.id} was attempted without an order")
    await record_attempt(
        conn,
        attempt_id,
        outcome=ending.outcome,
        at=at,
        detail=ending.detail,
        before=dump(before) if before else None,
        after=dump(after) if after else None,
    )
    attempt = {"attempt": attempt_number, "outcome": ending.outcome}
    why = ending.detail
    if ending.verb is Verb.TOO_LATE:
        await ask_for_assistance(conn, parts, case, Verb.TOO_LATE, actor=EXECUTOR, why=why, attempt=attempt)
        return
    await transition(conn, action.id, ending.verb, actor=EXECUTOR, at=at, data={**attempt, "why": why})
    match ending.verb:
        case Verb.SUCCEED:
            if action.kind is ActionKind.ORDER_STATUS:
                await hand_off(conn, parts, case)
            else:
                await schedule_check(
                    conn, order
                )  # the order moved: others may wait for just that, or lose their ground
        case Verb.AWAIT_CONFIRMATION | Verb.LOSE_ANSWER:
            await schedule_settling(conn, action.id, order=order, looks=0, in_seconds=0)
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
            await _show_people_again(conn, parts, case)
        case Verb.REDECIDE:
            await schedule_decision(conn, action.id, call_id=action.call_id, order=order)
        case Verb.LAPSE | Verb.GIVE_UP:
            pass
        case _:
            raise AssertionError(f"an attempt does not end by {ending.verb}")


def _without_people(text: str, order: Order | None) -> str:
    """A shop's sentence may quote the people of the order; they stay in the order, where they can be erased."""
    people = (order.recipient, order.sender) if order else ()
    words = {word for person in people for word in (person.email, person.first_name, person.last_name) if word}
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "[…]", text, flags=re.IGNORECASE)
    return text


async def _show_people_again(conn: AsyncConnection, parts: Parts, case: Case) -> None:
    """What they approved is no more; the next decision job fills in what the policy says to the order as it is now."""
    review = await find_last_review(conn, case.action.id)
    if review is None:
        await ask_people(conn, parts, case, case.decision, case.decided)
    else:
        await show_again(conn, parts, review, case.decision, review.fingerprint)
    await schedule_decision(conn, case.action.id, call_id=case.action.call_id, order=case.order)


async def settle_action(parts: Parts, job: Job) -> None:
    """Look at the order of an action whose act got no answer, or that no read has shown yet."""
    async with parts.database.transaction() as conn:
        action = await get_action(conn, UUID(job.payload["action_id"]))
        case = await load_case(conn, action)
    if action.status not in {ActionStatus.OUTCOME_UNKNOWN, ActionStatus.AWAITING_CONFIRMATION} or case.order is None:
        async with parts.database.transaction() as conn:
            await jobs.finish(conn, job)
        return
    try:
        order = await refresh_order(parts, parts.shops[case.order.destination], case.order.external_id)
    except DestinationMissingError:
        order = case.order
    async with parts.database.transaction() as conn:
        action = await get_action(conn, action.id, lock=True)
        if action.status is ActionStatus.OUTCOME_UNKNOWN:
            await _look(conn, parts, case, order, looks=job.payload["looks"])
        elif action.status is ActionStatus.AWAITING_CONFIRMATION:
            await _await_confirmation(conn, parts, case, order, looks=job.payload["looks"])
        await jobs.finish(conn, job)


async def _look(conn: AsyncConnection, parts: Parts, case: Case, order: Order, *, looks: int) -> None:
    attempt = await find_unsettled_attempt(conn, case.action.id)
    if attempt is None:
        raise AssertionError(f"action {case.action.id} has an unknown outcome without an attempt")
    ending = judge_look(_mandate(case, attempt.number), order, looks=looks)
    if ending is None:
        await schedule_settling(
            conn, case.action.id, order=order, looks=looks + 1, in_seconds=LOOK_PAUSES_SECONDS[looks]
        )
        return
    await end_attempt(conn, parts, case, attempt.id, attempt.number, ending, before=None, after=order)


async def _await_confirmation(conn: AsyncConnection, parts: Parts, case: Case, order: Order, *, looks: int) -> None:
    if is_fulfilled(case.action.kind, case.action.parameters, order):
        await transition(conn, case.action.id, Verb.CONFIRM, actor=EXECUTOR, at=parts.clock.now())
        return
    pause = min(LOOK_PAUSES_SECONDS[0] * 2**looks, CONFIRMATION_CAP_SECONDS)
    await schedule_settling(conn, case.action.id, order=order, looks=looks + 1, in_seconds=pause)


def _mandate(case: Case, attempt_number: int) -> Mandate:
    digest = case.decided.digest
    return Mandate(
        kind=case.action.kind,
        parameters=case.action.parameters,
        approved_digest=digest,
        present_digest=digest,
        is_by_people=False,
        attempt_number=attempt_number,
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
        case ActionStatus.AWAITING_ASSISTANCE | ActionStatus.AWAITING_CONFIRMATION if fulfilled or _is_confirmed(
            action, order
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
    await end_attempt(conn, parts, case, attempt.id, attempt.number, ending, before=None, after=order)


def _is_confirmed(action: ActionRecord, order: Order) -> bool:
    confirmation = confirmation_of(action)
    return confirmation is not None and is_confirmed(confirmation, order)


def confirmation_of(action: ActionRecord) -> Confirmation | None:
    """What the shop will show once an assisted action is done; None where only the person's word can close it."""
    stage = action.decision.inputs.get("order.stage") if action.decision else None
    return confirmed_by(action.kind, OrderStage(stage) if isinstance(stage, str) else None)
