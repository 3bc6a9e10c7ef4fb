"""Write what a team has to know, ready to act on, and put it on its way."""

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.handoff import build_handoff
from app.db import audit
from app.db.handoffs import insert_handoff
from app.services.case import Case
from app.services.notify import tell_teams
from app.services.parts import POLICY, Parts


async def hand_off(conn: AsyncConnection, parts: Parts, case: Case) -> None:
    """Once for each action; what was written before stands."""
    now = parts.clock.now()
    handoff = build_handoff(case.facts(now), case.decision, parts.routing)
    written = await insert_handoff(conn, handoff, call_id=case.action.call_id, action_id=case.action.id, at=now)
    if written is None:
        return
    await audit.write(
        conn,
        actor=POLICY,
        event="handoff.written",
        at=now,
        call_id=case.action.call_id,
        action_id=case.action.id,
        data={"team": handoff.team, "urgency": handoff.urgency},
    )
    await tell_teams(conn, parts, written)
