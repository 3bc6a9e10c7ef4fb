"""Ask the policy about an action, keep the decision whole, and set going what it says."""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind, Proposal, resolve_parameters
from app.core.chain import storable
from app.core.fingerprint import Fingerprint
from app.core.lifecycle import ActionStatus, Verb
from app.core.policy import Decision, Policy, Verdict, decide_from_inputs
from app.core.policy_changes import changes_between, dangers_of, kept_of, outcome_of
from app.db import audit, jobs
from app.db.actions import ActionRecord, get_action, save_decision
from app.db.jobs import Job
from app.db.policies import insert_difference
from app.db.reviews import find_open_review
from app.services.case import Case, load_case, with_history
from app.services.hand_off import hand_off
from app.services.live_policy import policies_in_force
from app.services.parts import POLICY, Parts
from app.services.queue import ask_for_assistance, ask_people, show_again
from app.services.schedule import schedule_execution
from app.services.transition import transition


@dataclass(frozen=True, slots=True)
class _Judged:
    case: Case
    decision: Decision
    shown: Fingerprint
    shadow: Policy | None


async def decide_action(parts: Parts, job: Job) -> None:
    async with parts.database.transaction() as conn:
        action = await get_action(conn, UUID(job.payload["action_id"]), lock=True)
        await decide_locked(conn, parts, action)
        await jobs.finish(conn, job)


async def decide_locked(conn: AsyncConnection, parts: Parts, action: ActionRecord) -> bool:
    """Decide an action that nobody acted on yet; True when what people were shown has moved.

    What waits for people stays with them, whatever policy would say now: news never makes an action more autonomous.
    """
    if action.status is ActionStatus.PROPOSED:
        judged = await _judge(conn, parts, action)
        await _save(conn, parts, judged)
        await _follow(conn, parts, judged.case, judged.decision, judged.shown)
        return False
    if action.status is ActionStatus.AWAITING_REVIEW:
        judged = await _judge(conn, parts, action)
        review = await find_open_review(conn, action.id)
        if review is None or judged.shown.digest == review.fingerprint.digest:
            return False
        await _save(conn, parts, judged)
        moved = await show_again(conn, parts, review, judged.decision, judged.shown)
        await transition(
            conn,
            action.id,
            Verb.RENEW,
            actor=POLICY,
            at=parts.clock.now(),
            data={"moved": [change["name"] for change in moved]},
        )
        return True
    return False


async def _judge(conn: AsyncConnection, parts: Parts, action: ActionRecord) -> _Judged:
    policies = await policies_in_force(conn, parts)
    policy = policies.live
    case = await with_history(conn, await load_case(conn, action))
    now = parts.clock.now()
    parameters = resolve_parameters(
        Proposal(action.kind, action.parameters),
        case.order,
        default_extension_days=policy.parameters.default_extension_days,
        now=now,
    )
    case = replace(case, action=replace(action, parameters=parameters))
    # Judged is what can be stored, to the last digit: a replay must not see a probability on the other side of a bound.
    decision = decide_from_inputs(storable(case.facts(now).inputs()), policy)
    shown = case.fingerprint(policy.version)
    case = replace(case, action=replace(case.action, decision=decision, fingerprint=shown))
    return _Judged(case, decision, shown, policies.shadow)


async def _save(conn: AsyncConnection, parts: Parts, judged: _Judged) -> None:
    action, decision, shown = judged.case.action, judged.decision, judged.shown
    await save_decision(conn, action.id, decision, shown, parameters=action.parameters)
    await audit.write(
        conn,
        actor=POLICY,
        event="action.decided",
        at=parts.clock.now(),
        call_id=action.call_id,
        action_id=action.id,
        data={**kept_of(decision), "fingerprint": shown.digest},
    )
    if judged.shadow is not None:
        await _compare_with_shadow(conn, parts, action.id, decision, judged.shadow)


async def _compare_with_shadow(
    conn: AsyncConnection, parts: Parts, action_id: UUID, decision: Decision, shadow: Policy
) -> None:
    """Keep what the shadow would have decided otherwise; nothing else comes of it."""
    live, other = outcome_of(decision), outcome_of(decide_from_inputs(decision.inputs, shadow))
    changes = changes_between(live, other)
    if changes:
        await insert_difference(
            conn,
            action_id,
            live_version=decision.policy_version,
            shadow_version=shadow.version,
            changes=changes,
            dangers=dangers_of(live, other),
            at=parts.clock.now(),
        )


async def _follow(conn: AsyncConnection, parts: Parts, case: Case, decision: Decision, shown: Fingerprint) -> None:
    action, now = case.action, parts.clock.now()
    match decision.verdict:
        case Verdict.EXECUTE:
            await transition(conn, action.id, Verb.APPROVE_BY_POLICY, actor=POLICY, at=now)
            await schedule_execution(conn, action.id, call_id=action.call_id, order=case.order)
        case Verdict.REVIEW:
            await transition(conn, action.id, Verb.ASK, actor=POLICY, at=now)
            await ask_people(conn, parts, case, decision, shown)
            if action.kind is not ActionKind.ORDER_STATUS:  # what its team gets is the answer, once there is one
                await hand_off(conn, parts, case)
        case Verdict.ASSIST:
            await ask_for_assistance(conn, parts, case, Verb.ASSIST, actor=POLICY, why="The shop's API cannot do it.")
        case Verdict.HAND_OFF:
            await transition(conn, action.id, Verb.HAND_OFF, actor=POLICY, at=now, data={"team": decision.team})
            if action.kind is not ActionKind.NONE:
                await hand_off(conn, parts, case)
        case Verdict.REFUSE:
            await transition(conn, action.id, Verb.REFUSE, actor=POLICY, at=now)
            await hand_off(conn, parts, case)
        case _:
            assert_never(decision.verdict)
