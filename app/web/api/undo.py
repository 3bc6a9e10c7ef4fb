"""Take back what was done, or begun."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from app.db.actions import get_action
from app.services.review import Decider, Word
from app.services.undo import undo
from app.web.api.calls import show_actions
from app.web.api.reviews import Rejection
from app.web.deps import Approver, PartsDep

router = APIRouter(prefix="/v1", tags=["actions"])


@router.post("/actions/{action_id}/undoing", status_code=202, summary="Take back what was done, or begun")
async def post_undoing(parts: PartsDep, by: Approver, action_id: UUID, said: Rejection) -> dict[str, Any]:
    """Of a webhook: the way back becomes an action of its own, which waits for people. Of an address change that is
    half done: what was sent anew is cancelled. 409 where there is nothing to take back.
    """
    await undo(parts, action_id, Decider(by.name, by.role), Word(said.reason_code, said.note, None))
    async with parts.database.transaction() as conn:
        return (await show_actions(conn, [await get_action(conn, action_id)]))[0]
