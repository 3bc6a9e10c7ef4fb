"""Ask the policy about an action, keep the decision whole, and set going what it says."""

from dataclasses import replace
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind, Proposal, resolve_parameters
from app.core.fingerprint import Fingerprint
from app.core.handoff import build_handoff
from app.core.lifecycle import ActionStatus, Verb
from app.core.policy import Decision, Verdict, decide
from app.db import audit, jobs
from app.db.actions import ActionRecord, get_action, save_decision
from app.db.handoffs import insert_handoff
from app.db.jobs import Job
from app.db.reviews import find_open_review
from app.services.case import Case, load_case
from app.services.parts import POLICY, Parts
from app.services.queue import ask_for_assistance, ask_people, show_again
from app.services.schedule import schedule_execution
from app.services.transition import transition


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
        case, decision, shown = await _judge(conn, parts, action)
        await _save(conn, parts, case, decision, shown)
        await _follow(conn, parts, case, decision, shown)
        return False
    if action.status is ActionStatus.AWAITING_REVIEW:
        case, decision, shown = await _judge(conn, parts, action)
        review = await find_open_review(conn, action.id)
        if review is None or shown.digest == review.fingerprint.digest:
            return False
        await _save(conn, parts, case, decision, shown)
        moved = await show_again(conn, parts, review, decision, shown)
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


async def _judge(conn: AsyncConnection, parts: Parts, action: ActionRecord) -> tuple[Case, Decision, Fingerprint]:
    case = await load_case(conn, action)
    now = parts.clock.now()
    parameters = resolve_parameters(
        Proposal(action.kind, action.parameters),
        case.order,
        default_extension_days=parts.policy.parameters.default_extension_days,
        now=now,
    )
    case = replace(case, action=replace(action, parameters=parameters))
    decision = decide(case.facts(now), parts.policy)
    shown = case.fingerprint(parts.policy.version)
    return replace(case, action=replace(case.action, decision=decision, fingerprint=shown)), decision, shown


async def _save(conn: AsyncConnection, parts: Parts, case: Case, decision: Decision, shown: Fingerprint) -> None:
    action = case.action
    await save_decision(conn, action.id, decision, shown, parameters=action.parameters)
    await audit.write(
        conn,
        actor=POLICY,
        event="action.decided",
        at=parts.clock.now(),
        call_id=action.call_id,
        action_id=action.id,
        data={
            "kind": action.kind,
            "verdict": decision.verdict,
            "policy_version": decision.policy_version,
            "fired": [finding.rule for finding in decision.findings if finding.fired],
            "inputs": dict(decision.inputs),
            "fingerprint": shown.digest,
        },
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


async def hand_off(conn: AsyncConnection, parts: Parts, case: Case) -> None:
    """Write what a team has to know, ready to act on."""
    now = parts.clock.now()
    handoff = build_handoff(case.facts(now), case.decision)
    if await insert_handoff(conn, handoff, call_id=case.action.call_id, action_id=case.action.id, at=now):
        await audit.write(
            conn,
            actor=POLICY,
            event="handoff.written",
            at=now,
            call_id=case.action.call_id,
            action_id=case.action.id,
            data={"team": handoff.team, "urgency": handoff.urgency},
        )
