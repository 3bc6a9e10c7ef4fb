"""Is the process alive, and can it do its work?"""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from app.db import jobs
from app.db.alarms import count_alarms
from app.db.breakers import list_breakers
from app.db.dead_jobs import count_dead_by_kind
from app.web.deps import PartsDep
from app.web.errors import problem

router = APIRouter(tags=["health"])


@router.get("/livez", summary="The process answers")
async def get_livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz", summary="Calls can be taken: the database answers", response_model=None)
async def get_readyz(parts: PartsDep) -> dict[str, Any] | Response:
    """Ready, however much work waits and whichever vendor is down: calls are taken all the same, and kept."""
    try:
        async with parts.database.transaction() as conn:
            await conn.execute(text("select 1 from deliveries limit 1"))
            details = await _what_waits(conn)
    except SQLAlchemyError:
        return problem(503, "The database does not answer or is not migrated", "Run: handoff migrate")
    return {"status": "ready", **details}


async def _what_waits(conn: AsyncConnection) -> dict[str, Any]:
    backlog = await jobs.measure_backlog(conn)
    return {
        "jobs_due": backlog.due,
        "oldest_due_seconds": round(backlog.oldest_seconds, 1),
        "jobs_dead": sum((await count_dead_by_kind(conn)).values()),
        "vendors_down": [breaker.vendor for breaker in await list_breakers(conn) if breaker.is_open],
        "alarms": sum(number for _, state, number in await count_alarms(conn) if state == "open"),
    }
