"""Put an action before people: ask for a decision, show what moved, ask for a person's hand at the shop."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.assistance import assistance_summary
from app.core.fingerprint import Fingerprint, difference
from app.core.lifecycle import Verb
from app.core.policy import Decision, Urgency, Verdict
from app.db.reviews import (
    ReviewRecord,
    change_review,
    find_last_review,
    find_open_review,
    lapse_approvals,
    open_review,
)
from app.services.case import Case
from app.services.hand_off import hand_off
from app.services.parts import Parts
from app.services.schedule import schedule_decision
from app.services.transition import transition

PRIORITIES = {Urgency.NORMAL: 0, Urgency.HIGH: 1, Urgency.URGENT: 2}


async def ask_people(conn: AsyncConnection, parts: Parts, case: Case, decision: Decision, shown: Fingerprint) -> None:
    """Open the review of an action that policy does not let pass by itself."""
    await open_review(
        conn,
        action_id=case.action.id,
        purpose="decision",
        fingerprint=shown,
        **_demands(decision),
        due_at=parts.clock.now() + timedelta(minutes=decision.due_minutes),
    )


async def show_again(
    conn: AsyncConnection, parts: Parts, review: ReviewRecord, decision: Decision, shown: Fingerprint
) -> list[dict[str, Any]]:
    """Bring a review, open or approved, back before people with what moved; approvals given so far lapse."""
    moved = [asdict(change) for change in difference(review.fingerprint.parts, shown.parts)]
    await lapse_approvals(conn, review.id, at=parts.clock.now())
    await change_review(
        conn,
        review.id,
        status="open",
        closed_at=None,
        fingerprint=shown.digest,
        fingerprint_parts=dict(shown.parts),
        difference=moved,
        **_demands(decision),
    )
    return moved


async def put_before_people_again(conn: AsyncConnection, parts: Parts, case: Case) -> None:
    """What was approved counts no more, by whomever; the decision job fills in what policy says to it as it is now."""
    review = await find_last_review(conn, case.action.id)
    if review is None:
        await ask_people(conn, parts, case, case.decision, case.decided)
    else:
        await show_again(conn, parts, review, case.decision, review.fingerprint)
    await schedule_decision(conn, case.action.id, call_id=case.action.call_id, order=case.order)


async def ask_for_assistance(
    conn: AsyncConnection,
    parts: Parts,
    case: Case,
    verb: Verb,
    *,
    actor: str,
    why: str,
    attempt: Mapping[str, Any] | None = None,
) -> None:
    """Move the action to people's hands at the shop, with the text they need there; an `attempt` may have led to it."""
    action, decision = case.action, case.decision
    await transition(conn, action.id, verb, actor=actor, at=parts.clock.now(), data={**(attempt or {}), "why": why})
    await open_review(
        conn,
        action_id=action.id,
        purpose="assistance",
        fingerprint=case.decided,
        summary=assistance_summary(action.kind, case.order, action.parameters, tried=why if attempt else None),
        **_demands(decision) | {"approvals_needed": 0},
        due_at=parts.clock.now() + timedelta(minutes=decision.due_minutes),
    )
    # Whatever policy had in mind, it is people's to do now, and their team has to hear so.
    in_hand = replace(decision, verdict=Verdict.ASSIST)
    await hand_off(conn, parts, replace(case, action=replace(action, decision=in_hand)))


async def close_open_review(conn: AsyncConnection, parts: Parts, action_id: UUID, *, status: str) -> None:
    """Take the action out of the queue; nothing happens where it is not in it."""
    review = await find_open_review(conn, action_id)
    if review is not None:
        await change_review(conn, review.id, status=status, closed_at=parts.clock.now())


async def is_approved_by_people(conn: AsyncConnection, action_id: UUID) -> bool:
    """False where policy approved it alone."""
    review = await find_last_review(conn, action_id)
    return review is not None and review.status == "approved"


def _demands(decision: Decision) -> dict[str, Any]:
    return {
        "priority": PRIORITIES[decision.urgency],
        "approvals_needed": max(decision.approvals_needed, 1),
        "approval_role": decision.approval_role,
    }
