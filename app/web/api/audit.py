"""The audit chain and the parked deliveries, read."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.db import audit as db_audit
from app.db.deliveries import list_deliveries as db_list_deliveries
from app.web.deps import PartsDep, Reader
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get("/audit", summary="Entries of the audit chain, oldest first")
async def list_entries(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 100,
    cursor: Cursor = None,
    call_id: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    after = read_cursor(cursor, int)
    async with parts.database.transaction() as conn:
        entries = await db_audit.list_entries(conn, call_id=call_id, after_id=after[0] if after else 0, limit=limit)
    rows = [
        {
            "id": entry.id,
            "at": entry.at,
            "actor": entry.actor,
            "event": entry.event,
            "call_id": entry.call_id,
            "action_id": entry.action_id,
            "data": entry.data,
        }
        for entry in entries
    ]
    return page(rows, limit, write_cursor(entries[-1].id) if entries else None)


@router.get("/deliveries", summary="What was posted to us, newest first; parked=true: what could not be used")
async def list_deliveries(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    parked: bool = False,  # noqa: FBT001, FBT002 (a query parameter)
) -> dict[str, Any]:
    before = read_cursor(cursor, int)
    async with parts.database.transaction() as conn:
        rows = await db_list_deliveries(conn, parked_only=parked, before_id=before[0] if before else None, limit=limit)
    return page(rows, limit, write_cursor(rows[-1]["id"]) if rows else None)
