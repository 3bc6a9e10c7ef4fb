"""The one door through which an action's status moves: the move and its audit entry are one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.lifecycle import TERMINAL, ActionStatus, Verb, next_status
from app.db import audit
from app.db.tables import actions
from app.errors import NotFoundError


async def transition(
    conn: AsyncConnection,
    action_id: UUID,
    verb: Verb,
    *,
    actor: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> ActionStatus:
    """Apply the verb and return the new status. Raises TransitionError where the status does not allow it."""
    query = select(actions.c.status, actions.c.kind, actions.c.call_id).where(actions.c.id == action_id)
    row = (await conn.execute(query.with_for_update())).one_or_none()
    if row is None:
        raise NotFoundError(f"no action {action_id}")
    before = ActionStatus(row.status)
    after = next_status(before, verb)
    await conn.execute(
        update(actions)
        .where(actions.c.id == action_id)
        .values(status=after, updated_at=func.now(), finished_at=at if after in TERMINAL else None)
    )
    await audit.write(
        conn,
        actor=actor,
        event=f"action.{verb}",
        at=at,
        call_id=row.call_id,
        action_id=action_id,
        data={"kind": row.kind, "from": before, "to": after, **(data or {})},
    )
    return after
