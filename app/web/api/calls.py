"""Calls and actions, read."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind
from app.core.calls import CallStage
from app.core.lifecycle import ActionStatus
from app.db import actions as db_actions
from app.db import calls as db_calls
from app.db.actions import ActionRecord, list_attempts
from app.db.evidence import find_recording, find_transcript
from app.db.handoffs import list_handoffs
from app.db.lookups import list_lookups
from app.db.reviews import list_last_review_ids
from app.db.steps import list_steps
from app.db.switches import list_holding
from app.errors import InputError
from app.services.parts import Parts
from app.web.api.views import show_action, show_call, show_call_row, show_handoff
from app.web.deps import PartsDep, Reader
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor

router = APIRouter(prefix="/v1", tags=["calls"])

Sample = Annotated[
    int | None,
    Query(ge=1, le=200, description="So many at random instead of a page, to be looked at by people."),
]


@router.get("/calls", summary="Calls, newest first, or some at random")
async def list_calls(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    stage: CallStage | None = None,
    kind: ActionKind | None = None,
    sample: Sample = None,
) -> dict[str, Any]:
    """`kind=none` are the calls that asked for nothing; with `sample` a person can check that they did not."""
    if sample is not None:
        return await _sample_calls(parts, sample, cursor, stage, kind)
    before = read_cursor(cursor, datetime, str)
    async with parts.database.transaction() as conn:
        records = await db_calls.list_calls(
            conn, before=(before[0], before[1]) if before else None, limit=limit, stage=stage, kind=kind
        )
    last = write_cursor(records[-1].created_at, records[-1].call.call_id) if records else None
    return page([show_call_row(record) for record in records], limit, last)


# A path, since nobody documents that a call id holds no slash.
@router.get("/calls/{call_id:path}", summary="One call: its match, identity, actions and handoffs")
async def get_call(parts: PartsDep, _reader: Reader, call_id: str) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        record = await db_calls.get_call(conn, call_id)
        said = await find_transcript(conn, call_id, vault=parts.vault)
        recording = await find_recording(conn, call_id)
        actions = await show_actions(conn, await db_actions.list_actions_of_call(conn, call_id))
        handoffs = await list_handoffs(conn, call_id)
        lookups = await list_lookups(conn, call_id)
    record = replace(record, call=replace(record.call, transcript=said))
    return show_call(record, actions, [show_handoff(handoff) for handoff in handoffs], lookups, recording)


@router.get("/actions", summary="Actions, newest first")
async def list_actions(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: ActionStatus | None = None,
    kind: ActionKind | None = None,
    call_id: str | None = None,
) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, UUID)
    async with parts.database.transaction() as conn:
        records = await db_actions.list_actions(
            conn,
            status=status,
            kind=kind,
            call_id=call_id,
            before=(before[0], before[1]) if before else None,
            limit=limit,
        )
        rows = await show_actions(conn, records)
    return page(rows, limit, write_cursor(records[-1].created_at, records[-1].id) if records else None)


@router.get("/actions/{action_id}", summary="One action with its findings and attempts")
async def get_action(parts: PartsDep, _reader: Reader, action_id: UUID) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        record = await db_actions.get_action(conn, action_id)
        return (await show_actions(conn, [record]))[0]


async def _sample_calls(
    parts: Parts, number: int, cursor: str | None, stage: CallStage | None, kind: ActionKind | None
) -> dict[str, Any]:
    if cursor is not None:
        raise InputError("cursor", "a sample has no next page; leave out either cursor or sample")
    async with parts.database.transaction() as conn:
        records = await db_calls.sample_calls(conn, number, stage=stage, kind=kind)
    return {"data": [show_call_row(record) for record in records], "next_cursor": None}


async def show_actions(conn: AsyncConnection, records: list[ActionRecord]) -> list[dict[str, Any]]:
    ids = [record.id for record in records]
    attempts = await list_attempts(conn, ids)
    steps = await list_steps(conn, ids)
    reviews = await list_last_review_ids(conn, ids)
    held = await list_holding(conn, [record.id for record in records if record.status is ActionStatus.APPROVED])
    return [
        show_action(record, attempts[record.id], reviews.get(record.id))
        | {"steps": [asdict(step) for step in steps[record.id]]}
        | {"held_by": [switch.says for switch in held.get(record.id, ())]}
        for record in records
    ]
