"""Calls: the normalised facts of each, its match and its identity. What was said is kept apart (db/evidence.py)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.core.calls import Call, CallStage
from app.core.identity import Identity
from app.core.matching import Match
from app.db.facts import dump, load, load_or_none
from app.db.statements import Asked, ask
from app.db.tables import actions, calls
from app.errors import NotFoundError

SAMPLED_FROM = 10_000  # the latest calls that a sample is drawn from

FIND = """
    SELECT facts, revision, match, identity, matched_revision, created_at, updated_at
    FROM calls WHERE call_id = :call_id
"""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call as the machine needs it: without its transcript, which only people read."""

    call: Call
    revision: int
    match: Match | None
    identity: Identity | None
    matched_revision: int | None
    created_at: datetime
    updated_at: datetime


async def find_call(conn: AsyncConnection, call_id: str) -> CallRecord | None:
    (rows,) = await ask(conn, of_call(call_id))
    return call_from(rows)


def of_call(call_id: str | None) -> Asked:
    """What `find_call` asks."""
    return Asked(FIND, {"call_id": call_id})


def call_from(rows: Sequence[Any]) -> CallRecord | None:
    return _record(rows[0]) if rows else None


async def get_call(conn: AsyncConnection, call_id: str) -> CallRecord:
    record = await find_call(conn, call_id)
    if record is None:
        raise NotFoundError(f"no call {call_id}")
    return record


async def lock_call(conn: AsyncConnection, call_id: str) -> CallRecord | None:
    """The call, held by this transaction; None when nothing is known of it yet."""
    row = (await conn.execute(select(calls).where(calls.c.call_id == call_id).with_for_update())).one_or_none()
    return None if row is None else _record(row)


async def save_call(conn: AsyncConnection, call: Call, *, revision: int) -> bool:
    """Save the facts, but not what was said, as this revision.

    False when another transaction wrote the first revision in between.
    """
    values = {
        "call_id": call.call_id,
        "revision": revision,
        "stage": call.stage,
        "direction": call.direction,
        "facts": dump(replace(call, transcript=())),
    }
    if revision == 1:
        inserted = await conn.execute(insert(calls).values(values).on_conflict_do_nothing().returning(calls.c.call_id))
        return inserted.one_or_none() is not None
    await conn.execute(update(calls).where(calls.c.call_id == call.call_id).values(**values, updated_at=func.now()))
    return True


async def save_match(conn: AsyncConnection, call_id: str, match: Match, identity: Identity, *, revision: int) -> None:
    await conn.execute(
        update(calls)
        .where(calls.c.call_id == call_id)
        .values(match=dump(match), identity=dump(identity), matched_revision=revision, updated_at=func.now())
    )


async def list_calls(
    conn: AsyncConnection,
    *,
    before: tuple[datetime, str] | None,
    limit: int,
    stage: CallStage | None = None,
    kind: ActionKind | None = None,
) -> list[CallRecord]:
    """Newest first; `before` is the creation time and id of the last one seen."""
    query = _newest(stage, kind)
    if before is not None:
        query = query.where(tuple_(calls.c.created_at, calls.c.call_id) < before)
    return [_record(row) for row in await conn.execute(query.limit(limit))]


async def sample_calls(
    conn: AsyncConnection, number: int, *, stage: CallStage | None = None, kind: ActionKind | None = None
) -> list[CallRecord]:
    """So many at random out of the latest, so that a look at them costs the same however many calls are kept."""
    latest = _newest(stage, kind).with_only_columns(calls.c.call_id).limit(SAMPLED_FROM).subquery()
    chosen = select(latest.c.call_id).order_by(func.random()).limit(number)
    query = select(calls).where(calls.c.call_id.in_(chosen)).order_by(calls.c.created_at.desc(), calls.c.call_id.desc())
    return [_record(row) for row in await conn.execute(query)]


async def count_calls_by_stage(conn: AsyncConnection) -> dict[str, int]:
    counted = {stage.value: 0 for stage in CallStage}
    rows = await conn.execute(select(calls.c.stage, func.count().label("number")).group_by(calls.c.stage))
    return counted | {row.stage: row.number for row in rows}


def _newest(stage: CallStage | None, kind: ActionKind | None) -> Select[Any]:
    """Calls in this stage that led to an action of this kind; None is any."""
    query = select(calls).order_by(calls.c.created_at.desc(), calls.c.call_id.desc())
    if stage is not None:
        query = query.where(calls.c.stage == stage)
    if kind is not None:
        query = query.where(calls.c.call_id.in_(select(actions.c.call_id).where(actions.c.kind == kind)))
    return query


def _record(row: Any) -> CallRecord:
    return CallRecord(
        call=load(Call, row.facts),
        revision=row.revision,
        match=load_or_none(Match, row.match),
        identity=load_or_none(Identity, row.identity),
        matched_revision=row.matched_revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
