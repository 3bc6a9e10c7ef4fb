"""What people do with a review: claim it, release it, note something, approve, reject, say that they assisted.

Each verb checks the version the person has seen, writes its audit entry, and returns the review as it then is.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import shows_assistance
from app.core.lifecycle import Verb
from app.db import audit
from app.db.actions import ActionRecord, get_action
from app.db.reviews import (
    ReviewRecord,
    change_review,
    get_review,
    insert_approval,
    insert_note,
    list_approvals,
)
from app.errors import ConflictError, DestinationError, ForbiddenError
from app.services.case import load_case
from app.services.decide import decide_locked
from app.services.learn import learn_from_review
from app.services.live_policy import live_policy
from app.services.match import FRESH
from app.services.mirror import refresh_order
from app.services.parts import Parts
from app.services.schedule import schedule_execution
from app.services.transition import transition

CLAIM_LASTS = timedelta(minutes=15)

# Who may decide: each role may do what the ones before it may.
DECIDING_ROLES = ("reviewer", "approver", "admin")


@dataclass(frozen=True, slots=True)
class Decider:
    """The person, by the token they bear."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says with a decision. `version` is that of the review they have seen, None if they did not say."""

    reason_code: str | None
    note: str | None
    version: int | None


async def claim(parts: Parts, review_id: UUID, by: Decider, version: int | None) -> None:
    """Take the review for a quarter of an hour, so that nobody else starts on it."""
    async with parts.database.transaction() as conn:
        action, review = await _open(conn, parts, review_id, by, version)
        until = parts.clock.now() + CLAIM_LASTS
        await change_review(conn, review.id, claimed_by=by.name, claimed_until=until)
        await _write(conn, parts, action, review, by, "review.claimed")


async def release(parts: Parts, review_id: UUID, by: Decider, version: int | None) -> None:
    async with parts.database.transaction() as conn:
        action, review = await _open(conn, parts, review_id, by, version)
        await change_review(conn, review.id, claimed_by=None, claimed_until=None)
        await _write(conn, parts, action, review, by, "review.released")


async def add_note(parts: Parts, review_id: UUID, by: Decider, word: Word) -> None:
    async with parts.database.transaction() as conn:
        action, review = await _lock(conn, review_id)
        _check_version(review, word.version)
        await _keep_note(conn, parts, review, by, word)
        await change_review(conn, review.id)
        await _write(conn, parts, action, review, by, "review.noted", word)


async def approve(parts: Parts, review_id: UUID, by: Decider, word: Word) -> None:
    """One person's yes, to exactly what the review shows.

    Raises ConflictError when the case moved since: the review then shows the difference and waits for a new decision.
    """
    await _read_fresh(parts, review_id)
    async with parts.database.transaction() as conn:
        action, review = await _open(conn, parts, review_id, by, word.version, purpose="decision")
        if DECIDING_ROLES.index(by.role) < DECIDING_ROLES.index(review.approval_role):
            raise ForbiddenError(f"this review needs the role {review.approval_role}")
        case_moved = await _has_moved(conn, parts, action, review)
        if not case_moved:
            await _approve_unmoved(conn, parts, review, action, by, word)
    if case_moved:
        raise ConflictError("the case moved since the review was shown; read it again, the difference is in it")


async def _has_moved(conn: AsyncConnection, parts: Parts, action: ActionRecord, review: ReviewRecord) -> bool:
    case = await load_case(conn, action)
    policy = await live_policy(conn, parts)
    if case.fingerprint(policy.version).digest == review.fingerprint.digest:
        return False
    await decide_locked(conn, parts, action)
    return True


async def _approve_unmoved(
    conn: AsyncConnection, parts: Parts, review: ReviewRecord, action: ActionRecord, by: Decider, word: Word
) -> None:
    at = parts.clock.now()
    new = await insert_approval(
        conn, review, approved_by=by.name, reason_code=word.reason_code or "approved", note=word.note, at=at
    )
    if not new:
        raise ForbiddenError("you approved this already; the other approval has to be another person's")
    approvals = (await list_approvals(conn, [review.id]))[review.id]
    standing = [approval for approval in approvals if approval.lapsed_at is None]
    await _write(conn, parts, action, review, by, "review.approved", word)
    if len(standing) < review.approvals_needed:
        await change_review(conn, review.id, claimed_by=None, claimed_until=None)
        return
    await change_review(conn, review.id, status="approved", closed_at=at)
    await transition(conn, action.id, Verb.APPROVE, actor=by.name, at=at, data={"review_id": str(review.id)})
    case = await load_case(conn, action)
    await learn_from_review(conn, parts, case, review.id, by=by.name)
    await schedule_execution(conn, action.id, call_id=action.call_id, order=case.order)


async def reject(parts: Parts, review_id: UUID, by: Decider, word: Word) -> None:
    """One person's no closes the review, whether it asked for a decision or for a hand at the shop."""
    async with parts.database.transaction() as conn:
        action, review = await _open(conn, parts, review_id, by, word.version)
        at = parts.clock.now()
        await _keep_note(conn, parts, review, by, word)
        await change_review(conn, review.id, status="rejected", closed_at=at)
        await _write(conn, parts, action, review, by, "review.rejected", word)
        await transition(
            conn, review.action_id, Verb.REJECT, actor=by.name, at=at, data={"reason_code": word.reason_code}
        )


async def say_assisted(parts: Parts, review_id: UUID, by: Decider, word: Word) -> None:
    """The person did it, or asked for it, at the shop. Where the shop can show it, only that makes it done."""
    async with parts.database.transaction() as conn:
        action, review = await _open(conn, parts, review_id, by, word.version, purpose="assistance")
        at = parts.clock.now()
        await _keep_note(conn, parts, review, by, word)
        await change_review(conn, review.id, status="approved", closed_at=at)
        await _write(conn, parts, action, review, by, "review.assisted", word)
        verb = Verb.ASSISTED if shows_assistance(action.kind) else Verb.FINISH
        await transition(conn, action.id, verb, actor=by.name, at=at, data={"reason_code": word.reason_code})


async def _lock(conn: AsyncConnection, review_id: UUID) -> tuple[ActionRecord, ReviewRecord]:
    """Its action first, as the machine does it: in the other order the two would wait for each other."""
    action = await get_action(conn, (await get_review(conn, review_id)).action_id, lock=True)
    return action, await get_review(conn, review_id, lock=True)


async def _open(
    conn: AsyncConnection,
    parts: Parts,
    review_id: UUID,
    by: Decider,
    version: int | None,
    *,
    purpose: str | None = None,
) -> tuple[ActionRecord, ReviewRecord]:
    """The review and its action, locked, if this person may touch it now."""
    action, review = await _lock(conn, review_id)
    _check_version(review, version)
    if review.status != "open":
        raise ConflictError(f"the review is {review.status}, not open")
    if purpose is not None and review.purpose != purpose:
        remedy = (
            "POST …/assistance once it is done at the shop" if review.purpose == "assistance" else "POST …/approval"
        )
        raise ConflictError(f"the review asks for {review.purpose}: {remedy}, or …/rejection")
    if review.claimed_by_another(by.name, parts.clock.now()):
        raise ConflictError("somebody else has claimed the review")
    return action, review


def _check_version(review: ReviewRecord, version: int | None) -> None:
    if version is not None and version != review.version:
        raise ConflictError(f"the review moved: it is at version {review.version}, you have seen {version}")


async def _read_fresh(parts: Parts, review_id: UUID) -> None:
    """Nobody approves upon an order that was read long ago; where the shop is silent, the executor's read decides."""
    async with parts.database.transaction() as conn:
        review = await get_review(conn, review_id)
        case = await load_case(conn, await get_action(conn, review.action_id))
    record = case.order_record
    if record is None or review.status != "open" or parts.clock.now() - record.read_at <= FRESH:
        return
    try:
        await refresh_order(parts, parts.shops[record.order.destination], record.order.external_id)
    except DestinationError:
        return


async def _keep_note(conn: AsyncConnection, parts: Parts, review: ReviewRecord, by: Decider, word: Word) -> None:
    if word.note is not None:
        await insert_note(
            conn, review.id, written_by=by.name, reason_code=word.reason_code, note=word.note, at=parts.clock.now()
        )


async def _write(
    conn: AsyncConnection,
    parts: Parts,
    action: ActionRecord,
    review: ReviewRecord,
    by: Decider,
    event: str,
    word: Word | None = None,
) -> None:
    await audit.write(
        conn,
        actor=by.name,
        event=event,
        at=parts.clock.now(),
        call_id=action.call_id,
        action_id=action.id,
        data={
            "review_id": str(review.id),
            "seen_version": review.version,
            "role": by.role,
            "reason_code": word.reason_code if word else None,
            "note": word.note if word else None,
            "fingerprint": review.fingerprint.digest,
        },
    )
