"""Reviews, their approvals and notes: what waits for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.fingerprint import Fingerprint
from app.db.tables import actions, review_approvals, review_notes, reviews
from app.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    id: UUID
    action_id: UUID
    purpose: str
    status: str
    version: int
    priority: int
    due_at: datetime
    claimed_by: str | None
    claimed_until: datetime | None
    approvals_needed: int
    approval_role: str
    fingerprint: Fingerprint
    difference: Sequence[Mapping[str, str | None]]
    summary: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None

    def claimed_by_another(self, actor: str, now: datetime) -> bool:
        return self.claimed_by not in {None, actor} and self.claimed_until is not None and self.claimed_until > now


@dataclass(frozen=True, slots=True)
class Approval:
    approved_by: str
    reason_code: str
    note: str | None
    approved_at: datetime
    lapsed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Note:
    written_by: str
    reason_code: str | None
    note: str
    written_at: datetime


async def open_review(
    conn: AsyncConnection,
    *,
    action_id: UUID,
    purpose: str,
    priority: int,
    due_at: datetime,
    approvals_needed: int,
    approval_role: str,
    fingerprint: Fingerprint,
    summary: str | None = None,
    difference: Sequence[Mapping[str, str | None]] = (),
) -> UUID:
    row = await conn.execute(
        insert(reviews)
        .values(
            action_id=action_id,
            purpose=purpose,
            status="open",
            priority=priority,
            due_at=due_at,
            approvals_needed=approvals_needed,
            approval_role=approval_role,
            fingerprint=fingerprint.digest,
            fingerprint_parts=dict(fingerprint.parts),
            summary=summary,
            difference=list(difference),
        )
        .returning(reviews.c.id)
    )
    return UUID(str(row.scalar_one()))


async def get_review(conn: AsyncConnection, review_id: UUID, *, lock: bool = False) -> ReviewRecord:
    query = select(reviews).where(reviews.c.id == review_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFoundError(f"no review {review_id}")
    return _review(row)


async def find_open_review(conn: AsyncConnection, action_id: UUID) -> ReviewRecord | None:
    query = select(reviews).where(reviews.c.action_id == action_id, reviews.c.status == "open").with_for_update()
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else _review(row)


async def find_last_review(conn: AsyncConnection, action_id: UUID) -> ReviewRecord | None:
    """The newest decision review of an action, whatever its status; locked."""
    query = (
        select(reviews)
        .where(reviews.c.action_id == action_id, reviews.c.purpose == "decision")
        .order_by(reviews.c.created_at.desc(), reviews.c.id)
        .limit(1)
        .with_for_update()
    )
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else _review(row)


async def list_last_review_ids(conn: AsyncConnection, action_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Of each action the review to look at: the newest."""
    if not action_ids:
        return {}
    query = (
        select(reviews.c.action_id, reviews.c.id)
        .ext(distinct_on(reviews.c.action_id))
        .where(reviews.c.action_id.in_(action_ids))
        .order_by(reviews.c.action_id, reviews.c.created_at.desc(), reviews.c.id)
    )
    return {row.action_id: row.id for row in await conn.execute(query)}


async def change_review(conn: AsyncConnection, review_id: UUID, **changes: Any) -> None:
    """Any change makes a new version, so that whoever read the old one is told by their If-Match."""
    await conn.execute(
        update(reviews)
        .where(reviews.c.id == review_id)
        .values(version=reviews.c.version + 1, updated_at=func.now(), **changes)
    )


async def list_reviews(
    conn: AsyncConnection,
    *,
    status: str | None,
    kind: str | None,
    call_id: str | None,
    queue: str | None = None,
    after: tuple[int, datetime, UUID] | None,
    limit: int,
) -> list[ReviewRecord]:
    """The most urgent first, then those due first."""
    c = reviews.c
    query: Select[Any] = (
        select(reviews)
        .join(actions, actions.c.id == c.action_id)
        .order_by(c.priority.desc(), c.due_at, c.id)
        .limit(limit)
    )
    in_queue = func.coalesce(actions.c.decision["queue"].astext, "general")  # decided before there were queues
    filters = ((c.status, status), (actions.c.kind, kind), (actions.c.call_id, call_id), (in_queue, queue))
    for column, wanted in filters:
        if wanted is not None:
            query = query.where(column == wanted)
    if after is not None:
        priority, due_at, review_id = after
        query = query.where(
            or_(c.priority < priority, and_(c.priority == priority, tuple_(c.due_at, c.id) > (due_at, review_id)))
        )
    return [_review(row) for row in await conn.execute(query)]


async def insert_approval(
    conn: AsyncConnection, review: ReviewRecord, *, approved_by: str, reason_code: str, note: str | None, at: datetime
) -> bool:
    """False when this person approved the very same already."""
    row = await conn.execute(
        insert(review_approvals)
        .values(
            review_id=review.id,
            approved_by=approved_by,
            reason_code=reason_code,
            note=note,
            fingerprint=review.fingerprint.digest,
            approved_at=at,
        )
        .on_conflict_do_nothing()
        .returning(review_approvals.c.id)
    )
    return row.one_or_none() is not None


async def lapse_approvals(conn: AsyncConnection, review_id: UUID, *, at: datetime) -> int:
    result = await conn.execute(
        update(review_approvals)
        .where(review_approvals.c.review_id == review_id, review_approvals.c.lapsed_at.is_(None))
        .values(lapsed_at=at)
    )
    return result.rowcount


async def list_approvals(conn: AsyncConnection, review_ids: Sequence[UUID]) -> dict[UUID, list[Approval]]:
    c = review_approvals.c
    found: dict[UUID, list[Approval]] = {review_id: [] for review_id in review_ids}
    if review_ids:
        for row in await conn.execute(select(review_approvals).where(c.review_id.in_(review_ids)).order_by(c.id)):
            found[row.review_id].append(
                Approval(row.approved_by, row.reason_code, row.note, row.approved_at, row.lapsed_at)
            )
    return found


async def insert_note(
    conn: AsyncConnection, review_id: UUID, *, written_by: str, reason_code: str | None, note: str, at: datetime
) -> None:
    await conn.execute(
        insert(review_notes).values(
            review_id=review_id, written_by=written_by, reason_code=reason_code, note=note, written_at=at
        )
    )


async def list_notes(conn: AsyncConnection, review_id: UUID) -> list[Note]:
    query = select(review_notes).where(review_notes.c.review_id == review_id).order_by(review_notes.c.id)
    return [Note(row.written_by, row.reason_code, row.note, row.written_at) for row in await conn.execute(query)]


async def count_open_reviews(conn: AsyncConnection) -> int:
    query = select(func.count()).select_from(reviews).where(reviews.c.status == "open")
    return int((await conn.execute(query)).scalar_one())


def _review(row: Row[Any]) -> ReviewRecord:
    return ReviewRecord(
        id=row.id,
        action_id=row.action_id,
        purpose=row.purpose,
        status=row.status,
        version=row.version,
        priority=row.priority,
        due_at=row.due_at,
        claimed_by=row.claimed_by,
        claimed_until=row.claimed_until,
        approvals_needed=row.approvals_needed,
        approval_role=row.approval_role,
        fingerprint=Fingerprint(row.fingerprint, row.fingerprint_parts),
        difference=row.difference,
        summary=row.summary,
        created_at=row.created_at,
        updated_at=row.updated_at,
        closed_at=row.closed_at,
    )
