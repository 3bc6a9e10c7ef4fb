"""Alarms of actions that stand still: all who read see them, whoever decides may say that they see to one."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.core.alarms import WORDS
from app.db.alarms import AlarmRecord
from app.db.alarms import list_alarms as db_list_alarms
from app.services.alarm import acknowledge
from app.web.deps import DeciderToken, PartsDep, Reader
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor

router = APIRouter(prefix="/v1/alarms", tags=["alarms"])

STANDING = ("open", "acknowledged")


class Acknowledgement(BaseModel):
    """That somebody sees to it, and how."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=3, max_length=300, description="For whoever reads it next. No personal data.")


@router.get("", summary="Alarms, newest first; those that stand, unless another state is asked for")
async def list_alarms(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[Literal["open", "acknowledged", "cleared"] | None, Query()] = None,
) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, UUID)
    async with parts.database.transaction() as conn:
        records = await db_list_alarms(
            conn,
            states=[state] if state else STANDING,
            before=(before[0], before[1]) if before else None,
            limit=limit,
        )
    last = write_cursor(records[-1].raised_at, records[-1].id) if records else None
    return page([_show(record) for record in records], limit, last)


@router.post("/{alarm_id}/acknowledgement", summary="Say that you see to it")
async def post_acknowledgement(
    parts: PartsDep, by: DeciderToken, alarm_id: UUID, acknowledgement: Acknowledgement
) -> dict[str, Any]:
    return _show(await acknowledge(parts, alarm_id, by=by.name, reason=acknowledgement.reason))


def _show(alarm: AlarmRecord) -> dict[str, Any]:
    words = WORDS[alarm.kind]
    return {
        "id": alarm.id,
        "kind": alarm.kind,
        "state": alarm.state,
        "says": words.says,
        "next_step": words.next_step,
        "action_id": alarm.action_id,
        "call_id": alarm.call_id,
        "raised_at": alarm.raised_at,
        "acknowledged_by": alarm.acknowledged_by,
        "acknowledged_at": alarm.acknowledged_at,
        "reason": alarm.reason,
        "cleared_at": alarm.cleared_at,
    }
