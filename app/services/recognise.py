"""Tell who is calling about the order that was found, and keep what they tried in vain on the way."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.callers import shown_number
from app.core.calls import Call
from app.core.contacts import Contact
from app.core.guessing import references_tried, tried_in_vain
from app.core.hearing import Heard
from app.core.identity import NOBODY, Identity, Role, identify
from app.core.orders import Order
from app.db.lookups import keep_misses, list_misses
from app.services.parts import Parts

# Whoever guesses does it in one go; a number that misses now and then over weeks is a desk.
MISSES_COUNT_FOR = timedelta(hours=24)


async def recognise(
    conn: AsyncConnection, parts: Parts, call: Call, heard: Heard, order: Order | None, contacts: Sequence[Contact]
) -> Identity:
    """The identity of the caller to the order; NOBODY where there is none.

    A reference counts as tried in vain unless it is of an order whose sender or recipient seems to be calling: to name
    a stranger's order is a guess that hit. A later try that shows who they are makes it good.
    """
    references = references_tried(heard)
    if order is None and not references:
        return NOBODY
    now, number = parts.clock.now(), shown_number(call)
    misses = await list_misses(conn, call_id=call.call_id, number=number, since=now - MISSES_COUNT_FOR)
    identity = identify(call, order, contacts, heard=heard, misses=misses) if order else NOBODY
    is_theirs = identity.role in {Role.SENDER, Role.RECIPIENT}
    tried = tried_in_vain(references, order if is_theirs else None)
    new = [code for code in tried if code not in misses]
    if call.call_id:
        await keep_misses(conn, new, call_id=call.call_id, number=number, at=now)
    return identity
