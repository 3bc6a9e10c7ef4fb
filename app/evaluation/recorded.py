"""What training sees of a deployment's own calls: what was heard, what the mirror holds, and what reviewers decided."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.calls import Call
from app.core.hearing import heard_from
from app.core.orders import Order
from app.db.engine import Database
from app.db.facts import load
from app.db.opening import open_database
from app.evaluation.training import Case
from app.services.match import retrieve
from app.settings import Settings

MOST_CALLS = 20_000
OTHERS = 2_000

# Whoever approves an action has seen the order it is for; whoever rejects one says by this code that it was another.
WRONG_ORDER = "wrong_order"

CALLS = text("""
    SELECT calls.facts,
        (SELECT orders.external_id FROM actions JOIN reviews ON reviews.action_id = actions.id
            JOIN orders ON orders.id = actions.order_id
            WHERE actions.call_id = calls.call_id AND reviews.purpose = 'decision' AND reviews.status = 'approved'
            ORDER BY reviews.closed_at DESC LIMIT 1) AS approved,
        EXISTS (SELECT FROM actions JOIN reviews ON reviews.action_id = actions.id
            JOIN review_notes ON review_notes.review_id = reviews.id
            WHERE actions.call_id = calls.call_id AND reviews.status = 'rejected'
                AND review_notes.reason_code = :wrong_order) AS is_wrong
    FROM calls WHERE calls.match IS NOT NULL ORDER BY calls.created_at DESC LIMIT :most
""")

# By their ids, which are spread as the orders came in: no need to read them all to draw some.
OTHER_ORDERS = text("""
    SELECT facts FROM orders WHERE id = ANY(
        SELECT (random() * (SELECT max(id) FROM orders))::bigint FROM generate_series(1, :most)
    )
""")


def run_recorded(settings: Settings) -> tuple[list[Case], list[Order]]:
    """Of the database of this deployment."""

    async def run(url: str) -> tuple[list[Case], list[Order]]:
        database = Database(url, pool_size=1)
        try:
            return await collect_recorded(database, now=datetime.now(UTC))
        finally:
            await database.close()

    with open_database(settings) as database:
        return asyncio.run(run(database.url))


async def collect_recorded(database: Database, *, now: datetime) -> tuple[list[Case], list[Order]]:
    """The newest calls as cases, and orders drawn at random."""
    async with database.transaction() as conn:
        rows = (await conn.execute(CALLS, {"most": MOST_CALLS, "wrong_order": WRONG_ORDER})).all()
        cases = [
            await collect(conn, load(Call, row.facts), approved=row.approved, is_wrong=row.is_wrong, now=now)
            for row in rows
        ]
        others = [load(Order, row.facts) for row in await conn.execute(OTHER_ORDERS, {"most": OTHERS})]
    return cases, others


async def collect(
    conn: AsyncConnection, call: Call, *, now: datetime, approved: str | None = None, is_wrong: bool = False
) -> Case:
    """A call with what is retrieved for it today, and what was decided if anything was."""
    heard = heard_from(call)
    leads = await retrieve(conn, heard, call_id=call.call_id, now=now)
    is_answered = is_wrong or approved is not None
    contacts, orders = tuple(leads.contacts), tuple(leads.orders)
    return Case(call, contacts, orders, leads.mirror, now, is_answered, None if is_wrong else approved)
