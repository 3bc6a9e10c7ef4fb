"""The orders that a call may be about: read from indexes by one statement, and never more than a bounded number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.confusion import sound_of
from app.core.hearing import Heard
from app.core.keys import keys_of_heard
from app.core.mirror import A_WEEK, RECENT, SOME_MONTHS, Mirror
from app.core.orders import Order
from app.core.speech import CodePart
from app.db.contacts import MOST_CONTACTS_OF_ONE_CALL
from app.db.facts import load_text
from app.db.statements import Asked

# At most so many orders for one clue: a company's mail address on thousands of gifts must not make a call's work grow.
OF_ONE_CLUE = 12
# And at most so many of all clues together, those first that several clues find.
FOUND = 24
# People of one name are counted up to here, so that the name weighs what it should; a commoner one weighs as this.
MOST_NAMESAKES = 300
SHORTEST_END = 4
LONGEST_END = 23  # a reference has 24 signs
# So many signs at one end find by their sound alone; with fewer, only among the people of the name that was heard.
SOUNDING_END = 7
# From so many orders on they are not counted but estimated from statistics, which costs the same whatever their number,
# and not anew for every call.
COUNTED_UP_TO = 1_000
ESTIMATE_HOLDS = timedelta(minutes=1)
# A marker on the connection: the last estimate and when it was made.
ESTIMATED = "handoff_orders_estimated"


# Each clue is read from its own index. The tails are ranges of a reversed column and not LIKE, since an index serves
# LIKE only for a constant pattern; ordered, since the planner guesses that a range holds much. What is common (a
# product, a first name) finds only beside something rarer. By e-mail an order is found as well when the address is
# another one of a person whom the directory or a learnt link ties to what was heard.
FIND = """
    WITH addresses AS MATERIALIZED (
        SELECT unnest(CAST(:emails AS text[])) AS email
        UNION (SELECT email FROM links WHERE phone = ANY(:phones) AND revoked_at IS NULL LIMIT :most_contacts)
        UNION (SELECT value FROM contact_points
            WHERE kind = 'email' AND contact_id = ANY(CAST(:contact_ids AS text[]) || ARRAY(
                SELECT contact_id FROM contact_points WHERE kind = 'email' AND value = ANY(:emails)
                UNION SELECT contact_id FROM contact_points WHERE kind = 'phone' AND value = ANY(:phones)
                ORDER BY contact_id LIMIT :most_contacts))
            LIMIT :most)
    ), named AS MATERIALIZED (
        SELECT id, moved_at, reference_sound FROM orders WHERE keys && :names LIMIT :most
    ), with_counterpart AS MATERIALIZED (
        SELECT id, moved_at FROM orders WHERE keys && :counterparts LIMIT :most
    ), sent AS MATERIALIZED (
        SELECT id, moved_at, keys FROM orders
        WHERE sender_email = ANY(ARRAY(SELECT email FROM addresses)) LIMIT :most
    ), hits AS (
        (SELECT id, 9 AS worth FROM orders WHERE reference_key = ANY(:codes) LIMIT :few)
        UNION ALL (SELECT id, 9 FROM orders WHERE external_id = ANY(:vendor_ids) LIMIT :few)
        UNION ALL (SELECT near.id, 9 FROM unnest(CAST(:tails AS text[])) AS tail, LATERAL (
            SELECT id FROM orders WHERE reverse(reference_key) ~>=~ tail AND reverse(reference_key) ~<~ (tail || '~')
            ORDER BY reverse(reference_key) USING ~<~ LIMIT :few) AS near)
        UNION ALL (SELECT near.id, 9 FROM unnest(CAST(:heads AS text[])) AS head, LATERAL (
            SELECT id FROM orders WHERE reference_key ~>=~ head AND reference_key ~<~ (head || '~')
            ORDER BY reference_key USING ~<~ LIMIT :few) AS near)
        UNION ALL (SELECT near.id, 3 FROM unnest(CAST(:tail_sounds AS text[])) AS tail, LATERAL (
            SELECT id FROM orders
            WHERE reverse(reference_sound) ~>=~ tail AND reverse(reference_sound) ~<~ (tail || '~')
            ORDER BY reverse(reference_sound) USING ~<~ LIMIT :few) AS near)
        UNION ALL (SELECT near.id, 3 FROM unnest(CAST(:head_sounds AS text[])) AS head, LATERAL (
            SELECT id FROM orders WHERE reference_sound ~>=~ head AND reference_sound ~<~ (head || '~')
            ORDER BY reference_sound USING ~<~ LIMIT :few) AS near)
        UNION ALL (SELECT id, 9 FROM orders WHERE keys && :links LIMIT :few)
        UNION ALL (SELECT id, 3 FROM (
            SELECT id, moved_at FROM orders
            WHERE recipient_email = ANY(ARRAY(SELECT email FROM addresses)) LIMIT :most
            ) AS theirs ORDER BY moved_at DESC NULLS LAST LIMIT :few)
        UNION ALL (SELECT id, 2 FROM sent ORDER BY moved_at DESC NULLS LAST LIMIT :few)
        UNION ALL (SELECT id, 3 FROM sent WHERE keys && :companions LIMIT :few)
        UNION ALL (SELECT id, 2 FROM sent WHERE keys && :products ORDER BY moved_at DESC NULLS LAST LIMIT :few)
        UNION ALL (SELECT id, 1 FROM orders WHERE keys && :emails_sound LIMIT :few)
        UNION ALL (SELECT id, 3 FROM orders WHERE keys && :emails_sound AND keys && :names LIMIT :few)
        UNION ALL (SELECT id, 1 FROM named ORDER BY moved_at DESC NULLS LAST LIMIT :few)
        UNION ALL (SELECT named.id, 3
            FROM named, unnest(CAST(:tail_sounds AS text[]) || CAST(:short_tail_sounds AS text[])) AS tail
            WHERE starts_with(reverse(reference_sound), tail) LIMIT :few)
        UNION ALL (SELECT id, 1 FROM with_counterpart ORDER BY moved_at DESC NULLS LAST LIMIT :few)
        UNION ALL (SELECT id, 2 FROM orders WHERE keys && :names AND keys && :products LIMIT :few)
        UNION ALL (SELECT id, 3 FROM orders WHERE keys && :names AND keys && :others LIMIT :few)
        UNION ALL (SELECT id, 3 FROM orders WHERE keys && :counterparts AND keys && :others LIMIT :few)
        UNION ALL (SELECT id, 1 FROM orders WHERE keys && :single_names AND keys && :others LIMIT :few)
        UNION ALL (SELECT id, 2 FROM orders WHERE keys && :names AND keys && :single_counterparts LIMIT :few)
        UNION ALL (SELECT id, 1 FROM orders
            WHERE keys && :single_names AND keys && :single_counterparts AND keys && :products LIMIT :few)
    ), found AS (
        SELECT id FROM hits GROUP BY id ORDER BY sum(worth) DESC, id DESC LIMIT :most_found
    )
    SELECT CAST(NULL AS text) AS facts, (SELECT count(*) FROM named) AS alike,
        (SELECT count(*) FROM with_counterpart) AS alike_counterparts,
        (SELECT count(*) FROM (
            SELECT FROM orders WHERE recipient_name_key = ANY(:whole_names) LIMIT :most) AS theirs)
        + (SELECT count(*) FROM (
            SELECT FROM orders WHERE sender_name_key = ANY(:whole_names) LIMIT :most) AS theirs) AS same
    UNION ALL
    SELECT CAST(facts AS text), 0, 0, 0 FROM orders WHERE id = ANY(ARRAY(SELECT id FROM found))
"""


# For the rest of a transaction: every branch has an index, whatever the planner believes of a mirror that has just been
# filled; and one plan serves all calls, since making it takes as long as following it.
BY_INDEX = Asked(
    """
    SELECT set_config('enable_seqscan', 'off', true) AS scan,
        set_config('plan_cache_mode', 'force_generic_plan', true) AS plan
    """,
    {},
)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Orders that share at least one clue, and how many more carry the names that were heard."""

    orders: tuple[Order, ...]
    alike: int
    alike_counterparts: int
    same: int


def sharing_a_clue(heard: Heard) -> Asked:
    """For `ask`, after BY_INDEX; `retrieved_from` reads the rows."""
    keys = keys_of_heard(heard)
    clues = {
        "few": OF_ONE_CLUE,
        "most_found": FOUND,
        "most": MOST_NAMESAKES,
        "most_contacts": MOST_CONTACTS_OF_ONE_CALL,
        "contact_ids": list(heard.contact_ids),
        "phones": list(heard.phones),
        "codes": [code.text for code in heard.codes],
        "vendor_ids": list(heard.vendor_ids),
        **_ends(heard),
        "links": list(keys.links),
        "emails": list(heard.emails),
        "emails_sound": list(keys.emails),
        "whole_names": list(keys.whole_names),
        "names": list(keys.names),
        "counterparts": list(keys.counterparts),
        "single_names": list(keys.single_names),
        "products": list(keys.products),
        "others": [*keys.counterparts, *keys.companies],
        "single_counterparts": list(keys.single_counterparts),
        "companions": [*keys.counterparts, *keys.single_counterparts],
    }
    return Asked(FIND, clues)


def retrieved_from(rows: Sequence[Any]) -> Retrieved:
    (counted, *found) = rows
    return Retrieved(
        tuple(load_text(Order, row.facts) for row in found), counted.alike, counted.alike_counterparts, counted.same
    )


def _ends(heard: Heard) -> dict[str, list[str]]:
    """What the references may begin and end with, exactly and by their sound; ends reversed, as the index has them."""
    heads = [code.text for code in heard.codes if code.part is not CodePart.TAIL]
    tails = [code.text[::-1] for code in heard.codes if code.part is not CodePart.HEAD]
    return {
        "heads": [head for head in heads if SHORTEST_END <= len(head) <= LONGEST_END],
        "tails": [tail for tail in tails if SHORTEST_END <= len(tail) <= LONGEST_END],
        "head_sounds": [sound_of(head[:SOUNDING_END]) for head in heads if len(head) >= SOUNDING_END],
        "tail_sounds": [sound_of(tail[:SOUNDING_END]) for tail in tails if len(tail) >= SOUNDING_END],
        "short_tail_sounds": [sound_of(tail) for tail in tails if SHORTEST_END <= len(tail) < SOUNDING_END],
    }


async def describe_mirror(conn: AsyncConnection, retrieved: Retrieved, *, now: datetime) -> Mirror:
    """How many orders there are, and how many of late: estimated from statistics at a cost that does not grow with
    them, counted while they are few.
    """
    orders, *since = await _number_of_orders(conn, now)
    week, recent, months = since
    return Mirror(
        orders=orders,
        week=week,
        recent=max(0, recent - week),
        months=max(0, months - recent),
        same=retrieved.same,
        alike=retrieved.alike,
        alike_counterparts=retrieved.alike_counterparts,
    )


async def _number_of_orders(conn: AsyncConnection, now: datetime) -> Sequence[int]:
    """Of all, of the last week, of the last 30 days, of the last months."""
    known: tuple[datetime, Sequence[int]] | None = conn.info.get(ESTIMATED)
    if known is not None and abs(now - known[0]) <= ESTIMATE_HOLDS:
        return known[1]
    moments = {"week": now - A_WEEK, "recent": now - RECENT, "months": now - SOME_MONTHS}
    estimated = await _estimate(conn, *moments.values())
    if estimated[0] <= COUNTED_UP_TO:
        return tuple((await conn.execute(COUNT, moments)).one())
    conn.info[ESTIMATED] = (now, estimated)
    return estimated


COUNT = text("""
    SELECT count(*), count(*) FILTER (WHERE moved_at >= :week), count(*) FILTER (WHERE moved_at >= :recent),
        count(*) FILTER (WHERE moved_at >= :months)
    FROM orders
""")


async def _estimate(conn: AsyncConnection, *moments: datetime) -> list[int]:
    """Of all orders and of those since each moment, by the planner, from its histogram of the column; nothing is read.

    The moments are literals, since for a parameter it would estimate blindly.
    """
    queries = [
        "SELECT FROM orders",
        *(f"SELECT FROM orders WHERE moved_at >= '{each.isoformat()}'" for each in moments),
    ]
    plan = await conn.execute(text(f"EXPLAIN (FORMAT JSON) {' UNION ALL '.join(queries)}"))
    return [int(branch["Plan Rows"]) for branch in plan.scalar_one()[0]["Plan"]["Plans"]]
