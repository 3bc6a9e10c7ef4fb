"""What agents looked up while a caller was on the line, and the references that were tried in vain."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.orders import Order
from app.db.statements import Asked, ask
from app.db.tables import lookups, orders, reference_misses

# More guesses say no more than these, and one call's work stays bounded.
MOST_MISSES = 50

INSERT_LOOKUP = """
    INSERT INTO lookups (call_id, asked_by, asked_at, heard, level, outcome, order_id)
    VALUES (:call_id, :asked_by, :asked_at, :heard, :level, :outcome,
        (SELECT id FROM orders WHERE destination = :destination AND external_id = :external_id))
"""
FIND_MISSES = """
    SELECT code FROM reference_misses
    WHERE call_id = :call_id OR (number_digest = :number_digest AND tried_at >= :since)
    ORDER BY tried_at, code LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class LookupRecord:
    asked_at: datetime
    asked_by: str
    heard: tuple[str, ...]
    level: str
    outcome: str
    order_id: str | None  # the shop's


def new_lookup(
    *,
    call_id: str | None,
    asked_by: str,
    at: datetime,
    heard: Sequence[str],
    level: str,
    outcome: str,
    order: Order | None,
) -> Asked:
    """For `ask`: keep what was asked and how it was answered."""
    row = {
        "call_id": call_id,
        "asked_by": asked_by,
        "asked_at": at,
        "heard": list(heard),
        "level": level,
        "outcome": outcome,
        "destination": order.destination if order else None,
        "external_id": order.external_id if order else None,
    }
    return Asked(INSERT_LOOKUP, row)


async def list_lookups(conn: AsyncConnection, call_id: str) -> list[LookupRecord]:
    """Oldest first."""
    c = lookups.c
    query = (
        select(c.asked_at, c.asked_by, c.heard, c.level, c.outcome, orders.c.external_id)
        .join_from(lookups, orders, orders.c.id == c.order_id, isouter=True)
        .where(c.call_id == call_id)
        .order_by(c.id)
    )
    return [
        LookupRecord(row.asked_at, row.asked_by, tuple(row.heard), row.level, row.outcome, row.external_id)
        for row in await conn.execute(query)
    ]


async def keep_misses(
    conn: AsyncConnection, codes: Sequence[str], *, call_id: str, number: str | None, at: datetime
) -> None:
    """The same code of the same call counts once, however often it is repeated."""
    if codes:
        rows = [
            {"call_id": call_id, "code": code, "number_digest": _digest(number), "tried_at": at}
            for code in dict.fromkeys(codes)
        ]
        await conn.execute(insert(reference_misses).values(rows).on_conflict_do_nothing())


async def list_misses(conn: AsyncConnection, *, call_id: str, number: str | None, since: datetime) -> list[str]:
    """Codes tried in vain in this call whenever, and from this number since then; each once, in the order of trying."""
    wanted = {"call_id": call_id, "number_digest": _digest(number), "since": since, "most": MOST_MISSES}
    (rows,) = await ask(conn, Asked(FIND_MISSES, wanted))
    return list(dict.fromkeys(row.code for row in rows))


def _digest(number: str | None) -> bytes | None:
    """Whoever has the table can find a number by trying all: this keeps numbers out of sight, it does not hide them."""
    return None if number is None else hashlib.sha256(f"caller {number}".encode()).digest()
