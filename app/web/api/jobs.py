"""Jobs that died, for admins: by what they died of, what a replay would do, replay at a pace, and drop."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from app.db.dead_jobs import list_dead_groups
from app.db.tokens import TokenRecord
from app.services import revive
from app.services.revive import PER_MINUTE, Wish
from app.web.deps import PartsDep, bearer_with

router = APIRouter(prefix="/v1/jobs/dead", tags=["jobs"])

Admin = Annotated[TokenRecord, Depends(bearer_with("admin"))]
JobId = Annotated[int, Path(ge=1, lt=2**63)]


class Replay(BaseModel):
    """Which ones, and how fast."""

    model_config = ConfigDict(extra="forbid")

    group: str | None = Field(description="A group's `id`; null for all that are dead.", max_length=40)
    per_minute: int = Field(PER_MINUTE, ge=1, le=60_000, description="How many begin in a minute.")


class Removal(BaseModel):
    """Why it is never to be done."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=3, max_length=300, description="For the audit. No personal data.")


@router.get("", summary="Dead jobs by kind and cause, the largest group first")
async def list_groups(parts: PartsDep, _admin: Admin) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        groups = await list_dead_groups(conn)
    return {"data": [asdict(group) for group in groups], "next_cursor": None}


@router.get("/{job_id}", summary="One dead job, and what its replay would do")
async def get_preview(parts: PartsDep, _admin: Admin, job_id: JobId) -> dict[str, Any]:
    preview = await revive.preview(parts, job_id)
    return {**asdict(preview.job), "would": preview.would, "about": preview.about}


@router.post("/replay", summary="Replay a group, or all, at a bounded pace", status_code=202)
async def post_replay(parts: PartsDep, by: Admin, replay: Replay) -> dict[str, int]:
    return {"replayed": await revive.replay_many(parts, Wish(replay.group, replay.per_minute), by=by.name)}


@router.post("/{job_id}/replay", summary="Replay one, now", status_code=202)
async def post_replay_of_one(parts: PartsDep, by: Admin, job_id: JobId) -> dict[str, int]:
    await revive.replay_one(parts, job_id, by=by.name)
    return {"replayed": 1}


@router.post("/{job_id}/removal", summary="Drop one for ever, with a reason")
async def post_removal(parts: PartsDep, by: Admin, job_id: JobId, removal: Removal) -> dict[str, int]:
    await revive.drop(parts, job_id, by=by.name, reason=removal.reason)
    return {"dropped": 1}
