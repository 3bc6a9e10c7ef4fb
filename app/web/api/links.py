"""What was learnt of callers' numbers, read and taken back."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.db.links import list_links as db_list_links
from app.db.tokens import TokenRecord
from app.services.learn import revoke_link
from app.web.deps import PartsDep, Reader, bearer_with
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor

router = APIRouter(prefix="/v1/links", tags=["links"])

Revoker = Annotated[TokenRecord, Depends(bearer_with("approver", "admin"))]


@router.get("", summary="Numbers that were learnt to be somebody's, newest first, revoked ones too")
async def list_links(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    call_id: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, UUID)
    async with parts.database.transaction() as conn:
        records = await db_list_links(
            conn, call_id=call_id, before=(before[0], before[1]) if before else None, limit=limit
        )
    last = write_cursor(records[-1].learned_at, records[-1].id) if records else None
    return page([asdict(record) for record in records], limit, last)


@router.delete("/{link_id}", summary="Take a learnt link back, for good", status_code=204)
async def delete_link(parts: PartsDep, by: Revoker, link_id: UUID) -> None:
    await revoke_link(parts, link_id, by=by.name)
