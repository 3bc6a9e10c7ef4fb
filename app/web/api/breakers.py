"""Which vendors are up, as all workers know it together."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from app.db.breakers import list_breakers as db_list_breakers
from app.web.deps import PartsDep, Reader

router = APIRouter(prefix="/v1/breakers", tags=["switches"])


@router.get("", summary="Vendors that gave trouble, with since when each is not asked and when one asks again")
async def list_breakers(parts: PartsDep, _reader: Reader) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        records = await db_list_breakers(conn)
    return {"data": [{**asdict(record), "open": record.is_open} for record in records], "next_cursor": None}
