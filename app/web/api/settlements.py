"""What people say of an action that no machine can move: how an unknown outcome ended, what becomes of a failed one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from app.db.actions import get_action
from app.db.tokens import TokenRecord
from app.services import settle_by_hand as by_hand
from app.services.parts import Parts
from app.services.review import Decider
from app.services.settle_by_hand import Finding, Grounds
from app.web.api.calls import show_actions
from app.web.deps import DeciderToken, PartsDep, bearer_with

router = APIRouter(prefix="/v1/actions/{action_id}", tags=["calls"])

Approver = Annotated[TokenRecord, Depends(bearer_with("approver", "admin"))]


class Reason(BaseModel):
    """Why, for the record, which is kept for ever."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason_code: str = Field(min_length=1, max_length=64, description="A short code of your own catalogue.")
    note: str | None = Field(None, min_length=1, max_length=300, description="No personal data.")


class Settlement(Reason):
    outcome: Finding = Field(description="`did_not_happen` puts it before people again, for a new approval.")


@router.post("/settlement", summary="Say what became of an act that got no answer")
async def post_settlement(parts: PartsDep, by: Approver, action_id: UUID, settlement: Settlement) -> dict[str, Any]:
    await by_hand.settle_by_hand(parts, action_id, settlement.outcome, _decider(by), _grounds(settlement))
    return await _answer(parts, action_id)


@router.post("/reopening", summary="Take up again what was given up; it needs a new approval")
async def post_reopening(parts: PartsDep, by: DeciderToken, action_id: UUID, reason: Reason) -> dict[str, Any]:
    await by_hand.reopen_failed(parts, action_id, _decider(by), _grounds(reason))
    return await _answer(parts, action_id)


@router.post("/rejection", summary="Close what was given up")
async def post_rejection(parts: PartsDep, by: DeciderToken, action_id: UUID, reason: Reason) -> dict[str, Any]:
    await by_hand.reject_failed(parts, action_id, _decider(by), _grounds(reason))
    return await _answer(parts, action_id)


def _decider(token: TokenRecord) -> Decider:
    return Decider(name=token.name, role=token.role)


def _grounds(reason: Reason) -> Grounds:
    return Grounds(reason.reason_code, reason.note)


async def _answer(parts: Parts, action_id: UUID) -> dict[str, Any]:
    async with parts.database.transaction() as conn:
        return (await show_actions(conn, [await get_action(conn, action_id)]))[0]
