"""Do an approved action at the shop: intent, read, act, read, settle.

Each arrow is a committed transaction, so that whoever comes next knows how far it got:

    approved ── intent committed ──▶ executing ── read, act, read ──▶ done
        ▲                               │
        │ certain: nothing happened     ├─ the world moved ──▶ back to people, or to policy
        └───────────────────────────────┤
                                        ├─ too late for the API ──▶ awaiting_assistance
                                        └─ no answer ──▶ outcome_unknown ──▶ services/settle.py

A kind or a shop that people switched off stops an approved action before its intent: its job comes back until the
switch is on again, and nothing else about the action changes.

A job that finds the action `executing` has outlived a worker that died in the middle: the act may have happened, so it
is never repeated but settled by reading.
"""

from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import why_impossible
from app.core.execution import Ending, Mandate, Sight, judge_accepted, judge_before, judge_refused, judge_unavailable
from app.core.lifecycle import ActionStatus, Verb
from app.core.orders import Order
from app.db import audit, jobs
from app.db.actions import ActionRecord, find_unsettled_attempt, get_action, open_attempt, record_attempt
from app.db.jobs import Job
from app.db.switches import SwitchRecord, list_holding, was_told_held
from app.errors import (
    DestinationError,
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
)
from app.services.case import Case, load_case
from app.services.deeds import Deed, deed_of
from app.services.live_policy import live_policy
from app.services.parts import EXECUTOR, Parts
from app.services.queue import ask_for_assistance, is_approved_by_people
from app.services.schedule import schedule_settling
from app.services.settle import end_attempt
from app.services.transition import transition

log = structlog.get_logger()

# How soon a held action looks at its switch by itself; switching on wakes it at once.
HELD_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt under way."""

    case: Case
    deed: Deed
    is_by_people: bool
    policy_version: str  # that counts now, whichever decided
    attempt_id: UUID
    attempt_number: int

    def mandate(self, order: Order | None = None) -> Mandate:
        """`order` as just read."""
        return Mandate(
            kind=self.case.action.kind,
            approved_digest=self.case.decided.digest,
            present_digest=self.case.fingerprint(self.policy_version, order=order).digest,
            is_by_people=self.is_by_people,
            attempt_number=self.attempt_number,
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """How the attempt ended, and what was seen before and after the act, where the shop could be read."""

    ending: Ending
    before: Sight | None = None
    after: Sight | None = None


async def execute(parts: Parts, job: Job) -> None:
    run = await _intend(parts, job)
    if run is None:
        return
    tried = await _read_act_read(run)
    async with parts.database.transaction() as conn:
        await end_attempt(
            conn,
            parts,
            run.case,
            run.attempt_id,
            run.attempt_number,
            tried.ending,
            before=tried.before,
            after=tried.after,
        )
        await jobs.finish(conn, job)


async def _intend(parts: Parts, job: Job) -> Run | None:
    """Commit the attempt; None when there is nothing to attempt, and then the job is finished."""
    async with parts.database.transaction() as conn:
        await jobs.hold(conn, job)
        action = await get_action(conn, UUID(job.payload["action_id"]), lock=True)
        if action.status is ActionStatus.APPROVED:
            held_by = (await list_holding(conn, [action.id])).get(action.id)
            if held_by:
                await _hold_back(conn, parts, job, action, held_by[0])
                return None
            run = await _open_run(conn, parts, action)
            if run is not None:
                return run
        elif action.status is ActionStatus.EXECUTING:
            await _take_over(conn, parts, action)
        await jobs.finish(conn, job)
        return None


async def _hold_back(conn: AsyncConnection, parts: Parts, job: Job, action: ActionRecord, switch: SwitchRecord) -> None:
    """Let the job come back. It is no try, since nothing was tried; the audit tells it once for each time it is off."""
    why = f"{switch.scope} {switch.name} is switched off"
    if switch.off_since is not None and not await was_told_held(conn, action.id, switch.off_since):
        await audit.write(
            conn,
            actor=EXECUTOR,
            event="action.held",
            at=parts.clock.now(),
            call_id=action.call_id,
            action_id=action.id,
            data={"kind": action.kind, "why": why},
        )
    await jobs.reschedule(conn, job, run_in_seconds=HELD_SECONDS, error=why, counts_as_try=False)


async def _open_run(conn: AsyncConnection, parts: Parts, action: ActionRecord) -> Run | None:
    case = await load_case(conn, action)
    deed = deed_of(parts, case)
    if deed is None:
        why = why_impossible(action.kind, case.order) or "The shop's API cannot do it."
        await ask_for_assistance(conn, parts, case, Verb.ASSIST, actor=EXECUTOR, why=why)
        return None
    at = parts.clock.now()
    attempt_id, number = await open_attempt(conn, action.id, idempotency_key=case.idempotency_key, at=at)
    await transition(conn, action.id, Verb.START, actor=EXECUTOR, at=at, data={"attempt": number})
    return Run(
        case=case,
        deed=deed,
        is_by_people=await is_approved_by_people(conn, action.id),
        policy_version=(await live_policy(conn, parts)).version,
        attempt_id=attempt_id,
        attempt_number=number,
    )


async def _take_over(conn: AsyncConnection, parts: Parts, action: ActionRecord) -> None:
    """The worker before us died after its intent: nobody knows whether it acted."""
    case, at = await load_case(conn, action), parts.clock.now()
    attempt = await find_unsettled_attempt(conn, action.id)
    if attempt is None:
        raise AssertionError(f"action {action.id} is executing without an attempt")
    detail = "The worker died in the middle of the attempt."
    await record_attempt(conn, attempt.id, outcome="unknown", at=at, detail=detail)
    await transition(conn, action.id, Verb.LOSE_ANSWER, actor=EXECUTOR, at=at, data={"why": detail})
    await schedule_settling(conn, action.id, call_id=action.call_id, order=case.order, looks=0, in_seconds=0)


async def _read_act_read(run: Run) -> Tried:
    try:
        before = await run.deed.look()
    except DestinationMissingError:
        return Tried(Ending(Verb.TOO_LATE, "refused", "The shop no longer shows this order."))
    except DestinationError as error:
        return Tried(judge_unavailable(run.mandate(), str(error), asked_to_wait_seconds=error.retry_after_seconds))
    mandate = run.mandate(before.order)
    ending = judge_before(mandate, before)
    if ending is not None:
        return Tried(ending, before, before)
    return await _act_read(run, mandate, before)


async def _act_read(run: Run, mandate: Mandate, before: Sight) -> Tried:
    refusal = None
    try:
        await run.deed.act()
    except DestinationUnknownError as error:
        return Tried(Ending(Verb.LOSE_ANSWER, "unknown", str(error)), before)
    except DestinationUnavailableError as error:
        ending = judge_unavailable(mandate, str(error), asked_to_wait_seconds=error.retry_after_seconds)
        return Tried(ending, before)
    except (DestinationRefusedError, DestinationMissingError) as error:
        refusal = str(error)
    after = await _read_after(run)
    ending = judge_accepted(after) if refusal is None else judge_refused(mandate, after, refusal)
    return Tried(ending, before, after)


async def _read_after(run: Run) -> Sight | None:
    try:
        return await run.deed.look()
    except DestinationError as error:
        log.warning("not_read_after_the_act", action_id=str(run.case.action.id), reason=str(error))
        return None
