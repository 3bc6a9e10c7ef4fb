"""Safe lifecycle signals for marketing systems: coarse words of ours, nothing that was said, nobody's name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from app.services.signals import list_signals
from app.web.deps import PartsDep, Reader
from app.web.paging import Cursor, Limit, read_cursor, write_cursor

router = APIRouter(prefix="/v1/signals", tags=["signals"])


@router.get("", summary="Product interest, return outcomes, needs of a follow-up; newest first")
async def signals(parts: PartsDep, _reader: Reader, limit: Limit = 50, cursor: Cursor = None) -> dict[str, Any]:
    before = read_cursor(cursor, datetime, UUID)
    async with parts.database.transaction() as conn:
        found, following = await list_signals(conn, before=(before[0], before[1]) if before else None, limit=limit)
    return {"data": found, "next_cursor": write_cursor(*following) if following else None}
