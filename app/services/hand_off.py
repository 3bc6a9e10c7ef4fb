"""Write what a team has to know, ready to act on, and put it on its way."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.handoff import build_handoff
from app.core.policy import Facts
from app.db import audit
from app.db.handoffs import insert_handoff
from app.db.orders import find_order
from app.services.case import Case
from app.services.notify import tell_teams
from app.services.parts import POLICY, Parts


async def hand_off(conn: AsyncConnection, parts: Parts, case: Case) -> None:
    """Once for each action; what was written before stands."""
    now = parts.clock.now()
    handoff = build_handoff(await _facts(conn, case, now), case.decision, parts.routing)
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


async def _facts(conn: AsyncConnection, case: Case, now: datetime) -> Facts:
    """Also of a kind that changes no order the team is told which one the call was about, and so who called."""
    facts, best = case.facts(now), case.match.best
    if facts.order is not None or best is None:
        return facts
    record = await find_order(conn, best.destination, best.order_id)
    return facts if record is None else replace(facts, order=record.order)
