"""Actions and their attempts. The status of an action is moved by services/transition.py alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.core.fingerprint import Fingerprint
from app.core.lifecycle import TERMINAL, ActionStatus
from app.core.policy import Decision
from app.db.facts import dump, load_or_none
from app.db.tables import actions, attempts
from app.errors import NotFoundError

FIND_MADE_WEBHOOK = text("""
    SELECT made.after FROM attempts AS made JOIN actions ON actions.id = made.action_id
    WHERE actions.kind = 'create_webhook' AND made.outcome = 'succeeded'
        AND :wanted IN (made.after ->> 'webhook_id', made.after ->> 'url')
        AND NOT EXISTS (
            SELECT FROM attempts AS gone JOIN actions ON actions.id = gone.action_id
            WHERE actions.kind = 'delete_webhook' AND gone.outcome = 'succeeded'
                AND gone.before ->> 'webhook_id' = made.after ->> 'webhook_id'
        )
    ORDER BY made.finished_at DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class ActionRecord:
    id: UUID
    call_id: str
    kind: ActionKind
    order_id: int | None
    status: ActionStatus
    parameters: Mapping[str, str]
    decision: Decision | None
    fingerprint: Fingerprint | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    id: UUID
    number: int
    idempotency_key: str
    outcome: str | None
    before: Any
    after: Any
    detail: str | None
    started_at: datetime
    finished_at: datetime | None
    confirmed_at: datetime | None


async def insert_action(
    conn: AsyncConnection, *, call_id: str, kind: ActionKind, order_id: int | None, parameters: Mapping[str, str]
) -> UUID | None:
    """The new action's id; None when this call has one of this kind for this order already."""
    row = (
        await conn.execute(
            insert(actions)
            .values(
                call_id=call_id,
                kind=kind,
                order_id=order_id,
                status=ActionStatus.PROPOSED,
                parameters=dict(parameters),
            )
            .on_conflict_do_nothing()
            .returning(actions.c.id)
        )
    ).one_or_none()
    return None if row is None else row.id


async def get_action(conn: AsyncConnection, action_id: UUID, *, lock: bool = False) -> ActionRecord:
    query = select(actions).where(actions.c.id == action_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFoundError(f"no action {action_id}")
    return _action(row)


async def list_actions_of_call(conn: AsyncConnection, call_id: str) -> list[ActionRecord]:
    query = select(actions).where(actions.c.call_id == call_id).order_by(actions.c.created_at, actions.c.id)
    return [_action(row) for row in await conn.execute(query)]


async def list_unfinished_actions_of_order(conn: AsyncConnection, order_id: int) -> list[ActionRecord]:
    query = (
        select(actions)
        .where(actions.c.order_id == order_id, actions.c.status.not_in(TERMINAL))
        .order_by(actions.c.created_at, actions.c.id)
    )
    return [_action(row) for row in await conn.execute(query)]


async def list_actions(
    conn: AsyncConnection,
    *,
    status: str | None,
    kind: str | None,
    call_id: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ActionRecord]:
    """Newest first."""
    query: Select[Any] = select(actions).order_by(actions.c.created_at.desc(), actions.c.id.desc())
    for column, wanted in ((actions.c.status, status), (actions.c.kind, kind), (actions.c.call_id, call_id)):
        if wanted is not None:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(tuple_(actions.c.created_at, actions.c.id) < before)
    return [_action(row) for row in await conn.execute(query.limit(limit))]


async def list_decided_actions(
    conn: AsyncConnection, *, kinds: Sequence[ActionKind], before: tuple[datetime, UUID] | None, limit: int
) -> list[ActionRecord]:
    """Newest first, whatever became of them."""
    query = (
        select(actions)
        .where(actions.c.kind.in_(kinds), actions.c.decision.is_not(None))
        .order_by(actions.c.created_at.desc(), actions.c.id.desc())
    )
    if before is not None:
        query = query.where(tuple_(actions.c.created_at, actions.c.id) < before)
    return [_action(row) for row in await conn.execute(query.limit(limit))]


async def save_decision(
    conn: AsyncConnection,
    action_id: UUID,
    decision: Decision,
    fingerprint: Fingerprint,
    *,
    parameters: Mapping[str, str],
) -> None:
    await conn.execute(
        update(actions)
        .where(actions.c.id == action_id)
        .values(
            verdict=decision.verdict,
            decision=dump(decision),
            fingerprint=fingerprint.digest,
            fingerprint_parts=dict(fingerprint.parts),
            parameters=dict(parameters),
            updated_at=func.now(),
        )
    )


async def attach_order(conn: AsyncConnection, action_id: UUID, order_id: int) -> None:
    """Tie an action that had no order to the one a later delivery of its call names."""
    await conn.execute(update(actions).where(actions.c.id == action_id).values(order_id=order_id))


async def save_parameters(conn: AsyncConnection, action_id: UUID, parameters: Mapping[str, str]) -> None:
    await conn.execute(update(actions).where(actions.c.id == action_id).values(parameters=dict(parameters)))


async def open_attempt(
    conn: AsyncConnection, action_id: UUID, *, idempotency_key: str, at: datetime
) -> tuple[UUID, int]:
    """The new attempt's id and its number, from 1. The database refuses a second one while the first is not settled."""
    number = select(func.coalesce(func.max(attempts.c.number), 0) + 1).where(attempts.c.action_id == action_id)
    row = await conn.execute(
        insert(attempts)
        .values(action_id=action_id, number=number.scalar_subquery(), idempotency_key=idempotency_key, started_at=at)
        .returning(attempts.c.id, attempts.c.number)
    )
    attempt = row.one()
    return attempt.id, attempt.number


async def find_unsettled_attempt(conn: AsyncConnection, action_id: UUID) -> AttemptRecord | None:
    """The one attempt whose end is not known: open, or with its answer lost."""
    c = attempts.c
    query = select(attempts).where(c.action_id == action_id, (c.outcome.is_(None)) | (c.outcome == "unknown"))
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else _attempt(row)


async def record_attempt(
    conn: AsyncConnection,
    attempt_id: UUID,
    *,
    outcome: str,
    at: datetime,
    detail: str,
    before: Any = None,
    after: Any = None,
) -> None:
    """Write how it ended; `unknown` leaves it open to be settled. What was read stays when nothing newer is given."""
    changes: dict[str, Any] = {"outcome": outcome, "detail": detail}
    if outcome != "unknown":
        changes["finished_at"] = at
    changes |= {name: value for name, value in (("before", before), ("after", after)) if value is not None}
    await conn.execute(update(attempts).where(attempts.c.id == attempt_id).values(**changes))


async def confirm_attempts(conn: AsyncConnection, action_id: UUID, *, at: datetime) -> bool:
    """Note that the shop's own event says the same as the attempt; False when none waited for that."""
    result = await conn.execute(
        update(attempts)
        .where(attempts.c.action_id == action_id, attempts.c.outcome == "succeeded", attempts.c.confirmed_at.is_(None))
        .values(confirmed_at=at)
    )
    return result.rowcount > 0


async def list_attempts(conn: AsyncConnection, action_ids: Sequence[UUID]) -> dict[UUID, list[AttemptRecord]]:
    found: dict[UUID, list[AttemptRecord]] = {action_id: [] for action_id in action_ids}
    if action_ids:
        query = select(attempts).where(attempts.c.action_id.in_(action_ids)).order_by(attempts.c.number)
        for row in await conn.execute(query):
            found[row.action_id].append(_attempt(row))
    return found


async def list_unconfirmed_actions_of_order(conn: AsyncConnection, order_id: int) -> list[ActionRecord]:
    """Actions done by our own attempt that the shop's event has not confirmed yet."""
    query = (
        select(actions)
        .join(attempts, attempts.c.action_id == actions.c.id)
        .where(
            actions.c.order_id == order_id,
            actions.c.status == ActionStatus.DONE,
            attempts.c.outcome == "succeeded",
            attempts.c.confirmed_at.is_(None),
        )
    )
    return [_action(row) for row in await conn.execute(query)]


async def find_made_webhook(conn: AsyncConnection, wanted: str) -> dict[str, str | None] | None:
    """An endpoint that an action of ours made and none has deleted since, by its id or its address."""
    row = (await conn.execute(FIND_MADE_WEBHOOK, {"wanted": wanted})).one_or_none()
    return None if row is None else dict(row.after)


async def count_actions(conn: AsyncConnection) -> list[tuple[str, str, int]]:
    """Kind, status and how many."""
    rows = await conn.execute(
        select(actions.c.kind, actions.c.status, func.count()).group_by(actions.c.kind, actions.c.status)
    )
    return [(kind, status, number) for kind, status, number in rows]


def _action(row: Row[Any]) -> ActionRecord:
    return ActionRecord(
        id=row.id,
        call_id=row.call_id,
        kind=ActionKind(row.kind),
        order_id=row.order_id,
        status=ActionStatus(row.status),
        parameters=row.parameters,
        decision=load_or_none(Decision, row.decision),
        fingerprint=None if row.fingerprint is None else Fingerprint(row.fingerprint, row.fingerprint_parts),
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )


def _attempt(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(
        id=row.id,
        number=row.number,
        idempotency_key=row.idempotency_key,
        outcome=row.outcome,
        before=row.before,
        after=row.after,
        detail=row.detail,
        started_at=row.started_at,
        finished_at=row.finished_at,
        confirmed_at=row.confirmed_at,
    )
