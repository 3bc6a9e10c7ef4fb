"""Is the process alive, and can it do its work?"""

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from app.web.deps import PartsDep
from app.web.errors import problem

router = APIRouter(tags=["health"])


@router.get("/livez", summary="The process answers")
async def get_livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz", summary="Calls can be taken: the database answers", response_model=None)
async def get_readyz(parts: PartsDep) -> dict[str, str] | Response:
    try:
        async with parts.database.transaction() as conn:
            await conn.execute(text("select 1 from deliveries limit 1"))
    except SQLAlchemyError:
        return problem(503, "The database does not answer or is not migrated", "Run: handoff migrate")
    return {"status": "ready"}
