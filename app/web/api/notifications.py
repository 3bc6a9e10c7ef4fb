"""Handoffs on their way to channels: what was delivered, what is tried, what is dead and waits for somebody."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.db.notifications import list_notifications as db_list_notifications
from app.db.tokens import TokenRecord
from app.services.notify import retry_notification
from app.web.deps import PartsDep, Reader, bearer_with
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

Mender = Annotated[TokenRecord, Depends(bearer_with("approver", "admin"))]


@router.get("", summary="Handoffs by channel, newest first; status=dead: what could not be delivered")
async def list_notifications(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Literal["pending", "delivered", "dead"] | None = None,
    call_id: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, UUID)
    async with parts.database.transaction() as conn:
        rows = await db_list_notifications(
            conn, status=status, call_id=call_id, before=(before[0], before[1]) if before else None, limit=limit
        )
    return page(rows, limit, write_cursor(rows[-1]["created_at"], rows[-1]["id"]) if rows else None)


@router.post("/{notification_id}/retry", summary="Try a dead one again, once its channel is mended", status_code=202)
async def retry(parts: PartsDep, by: Mender, notification_id: UUID) -> dict[str, str]:
    await retry_notification(parts, notification_id, by=by.name)
    return {"id": str(notification_id), "status": "pending"}
