"""Switches that stop a kind of action or a shop at once: all who read see them, approvers and admins throw them."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from app.db.switches import MOST_LISTED, SwitchRecord, list_held
from app.db.switches import list_switches as db_list_switches
from app.db.tokens import TokenRecord
from app.services.switch import Wish, switch
from app.web.deps import PartsDep, Reader, bearer_with

router = APIRouter(prefix="/v1/switches", tags=["switches"])

Thrower = Annotated[TokenRecord, Depends(bearer_with("approver", "admin"))]
Name = Annotated[str, Path(max_length=60, description="A kind of action, or a destination of this deployment.")]


class Throw(BaseModel):
    """Off or on, and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    off: bool = Field(strict=True, description="An approver may only switch off; it takes an admin to switch on again.")
    reason: str = Field(min_length=3, max_length=300, description="For whoever finds it off. No personal data.")


@router.get("", summary="What was ever switched off, what is off first, with the approved actions that wait for it")
async def list_switches(parts: PartsDep, _reader: Reader) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        rows = []
        for record in await db_list_switches(conn):
            held = await list_held(conn, record.scope, record.name, limit=MOST_LISTED) if record.off_since else []
            rows.append(_show(record) | {"holds": held})
    return {"data": rows, "next_cursor": None}


@router.put("/{scope}/{name}", summary="Switch off at once, or on again")
async def put_switch(
    parts: PartsDep, by: Thrower, scope: Literal["kind", "destination"], name: Name, throw: Throw
) -> dict[str, Any]:
    wish = Wish(scope, name, throw.off, throw.reason)
    return _show(await switch(parts, wish, by=by.name, role=by.role))


def _show(record: SwitchRecord) -> dict[str, Any]:
    return {**asdict(record), "off": record.off_since is not None}
