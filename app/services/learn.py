"""Learn to whom a number belongs from calls that somebody vouched for, and take it back when it was wrong."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.callers import shown_number
from app.core.calls import Call
from app.core.contacts import Contact
from app.core.learning import LIKELIER_THAN_NOT, tie
from app.core.matching import MatchOutcome
from app.core.policy import Verdict
from app.db import audit
from app.db.contacts import find_contacts
from app.db.links import get_link, insert_link, mark_revoked
from app.services.case import Case
from app.services.live_policy import live_policy
from app.services.parts import EXECUTOR, Parts


async def learn_from_review(
    conn: AsyncConnection, parts: Parts, case: Case, review_id: UUID, *, by: str
) -> UUID | None:
    """After the last approval: whoever approved has seen the order, and who we say is calling. The new link's id."""
    return await _learn(conn, parts, case, origin=f"review:{review_id}", by=by, at_least=LIKELIER_THAN_NOT)


async def learn_from_confirmation(conn: AsyncConnection, parts: Parts, case: Case) -> UUID | None:
    """After the shop confirmed what policy let pass alone, which takes a clear identity. The new link's id.

    What people approved has been learnt from their review.
    """
    decision = case.action.decision
    if decision is None or decision.verdict is not Verdict.EXECUTE:
        return None
    clear = (await live_policy(conn, parts)).parameters.identity_clear
    return await _learn(conn, parts, case, origin=f"action:{case.action.id}", by=EXECUTOR, at_least=clear)


async def revoke_link(parts: Parts, link_id: UUID, *, by: str) -> None:
    """From now on the link ties nobody to anything. To revoke it again changes nothing."""
    async with parts.database.transaction() as conn:
        link = await get_link(conn, link_id, lock=True)
        if link.revoked_at is not None:
            return
        at = parts.clock.now()
        await mark_revoked(conn, link.id, by=by, at=at)
        await audit.write(
            conn, actor=by, event="link.revoked", at=at, call_id=link.call_id, data={"link_id": str(link.id)}
        )


async def _learn(
    conn: AsyncConnection, parts: Parts, case: Case, *, origin: str, by: str, at_least: float
) -> UUID | None:
    call, record = case.record.call, case.order_record
    if record is None or case.match.outcome is not MatchOutcome.MATCHED:
        return None
    found = tie(call, record.order, case.identity, await _on_file(conn, call), at_least=at_least)
    if found is None:
        return None
    at = parts.clock.now()
    link_id = await insert_link(conn, found, order_id=record.id, call_id=call.call_id, origin=origin, by=by, at=at)
    if link_id is not None:
        await audit.write(
            conn,
            actor=by,
            event="link.learned",
            at=at,
            call_id=call.call_id,
            action_id=case.action.id,
            data={"link_id": str(link_id), "origin": origin, "role": found.role, "order_id": record.order.external_id},
        )
    return link_id


async def _on_file(conn: AsyncConnection, call: Call) -> list[Contact]:
    phone = shown_number(call)
    return await find_contacts(conn, phones=[phone]) if phone else []
