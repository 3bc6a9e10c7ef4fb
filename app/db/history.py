"""What happened before an action and what is switched off, counted in one statement over bounded ranges of indexes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actions import ActionKind, commits
from app.core.history import MOST_COUNTED, History
from app.core.lifecycle import ActionStatus

S = ActionStatus
_MOVED = (S.APPROVED, S.EXECUTING, S.OUTCOME_UNKNOWN, S.AWAITING_ASSISTANCE, S.AWAITING_CONFIRMATION, S.DONE)
"""An action of money in these was approved: the money moved, or is about to."""
_LIVING = (*_MOVED, S.AWAITING_REVIEW)
"""An action in these was done, or may still be."""
_COMMITTING = tuple(str(kind) for kind in ActionKind if commits(kind))

# Each count stops at `most`, so that no history makes a decision slow. The clock is Postgres's, as for the times that
# are compared; a day is one of UTC.
COUNT = text("""
    WITH calls_of_caller AS (
        SELECT call_id FROM calls
        WHERE direction IS DISTINCT FROM 'outbound' AND facts ->> 'from_number' = :number
            AND created_at > now() - interval '24 hours' AND call_id <> :call_id
        UNION ALL
        SELECT call_id FROM calls
        WHERE direction = 'outbound' AND facts ->> 'to_number' = :number
            AND created_at > now() - interval '24 hours' AND call_id <> :call_id
        LIMIT :most
    ), actions_of_order AS (
        SELECT call_id, kind, status, created_at FROM actions
        WHERE order_id = :order_id AND id <> :action_id
        ORDER BY created_at DESC LIMIT :most
    ), orders_of_person AS (
        SELECT id FROM orders WHERE :role = 'sender' AND sender_email = ANY (:emails)
        UNION ALL
        SELECT id FROM orders WHERE :role = 'recipient' AND recipient_email = ANY (:emails)
        LIMIT :most
    ), money_of_today AS (
        SELECT (orders.facts ->> 'amount_cents')::bigint AS cents, orders.facts ->> 'currency' AS currency
        FROM actions JOIN orders ON orders.id = actions.order_id
        WHERE kind IN ('cancel_order', 'refund_order') AND actions.status = ANY (:moved) AND actions.id <> :action_id
            AND actions.updated_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
        LIMIT :most
    )
    SELECT
        CASE WHEN :number <> '' THEN (SELECT count(*) FROM calls_of_caller) END AS calls_of_caller_24h,
        CASE WHEN :number <> '' THEN (
            SELECT count(*) FROM actions
            WHERE call_id IN (SELECT call_id FROM calls_of_caller) AND status IN ('refused', 'rejected')
        ) END AS refused_of_caller_24h,
        (SELECT count(DISTINCT call_id) FROM actions_of_order
            WHERE call_id <> :call_id AND created_at > now() - interval '7 days') AS calls_about_order_7d,
        (SELECT count(*) FROM actions_of_order
            WHERE kind = ANY (:committing) AND created_at > now() - interval '30 days') AS actions_of_order_30d,
        (SELECT count(*) FROM actions_of_order
            WHERE kind = :kind AND status = ANY (:living)) AS same_kind_of_order,
        CASE WHEN :role IN ('sender', 'recipient') THEN (
            SELECT count(*) FROM (
                SELECT FROM actions
                WHERE order_id IN (SELECT id FROM orders_of_person) AND id <> :action_id AND kind = ANY (:committing)
                    AND created_at > now() - interval '30 days'
                    AND decision -> 'inputs' ->> 'identity.role' = :role
                LIMIT :most
            ) AS of_person
        ) END AS actions_of_contact_30d,
        CASE WHEN cardinality(:sender_emails) > 0 THEN (
            SELECT count(*) FROM (
                SELECT FROM orders
                WHERE sender_email = ANY (:sender_emails)
                    AND (facts ->> 'placed_at')::timestamptz > now() - interval '90 days'
                LIMIT :most
            ) AS bought
        ) END AS orders_of_sender_90d,
        (SELECT count(*) FROM money_of_today) AS money_actions_today,
        (SELECT CASE
            WHEN count(*) = 0 THEN 0
            WHEN count(*) = count(cents) AND count(DISTINCT currency) = 1 THEN sum(cents)::bigint
        END FROM money_of_today) AS money_moved_today_cents,
        (SELECT CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) END FROM money_of_today) AS money_currency,
        EXISTS (SELECT FROM switches
            WHERE scope = 'kind' AND name = :kind AND off_since IS NOT NULL) AS kind_is_off,
        EXISTS (SELECT FROM switches
            WHERE scope = 'destination' AND name = :destination AND off_since IS NOT NULL) AS destination_is_off
""").bindparams(
    *(bindparam(name, type_=Text) for name in ("number", "role", "kind", "call_id", "destination")),
    *(bindparam(name, type_=ARRAY(Text)) for name in ("emails", "sender_emails", "moved", "living", "committing")),
)


async def count_history(
    conn: AsyncConnection,
    *,
    action_id: UUID,
    kind: ActionKind,
    call_id: str,
    number: str | None,
    order_id: int | None,
    destination: str | None,
    role: str,
    emails: Sequence[str],
    sender_emails: Sequence[str],
) -> History:
    """Of other calls and actions only. `emails` are those by which the caller, in their role, stands on orders."""
    row = await conn.execute(
        COUNT,
        {
            "action_id": action_id,
            "kind": kind,
            "call_id": call_id,
            "number": number or "",
            "order_id": order_id,
            "destination": destination or "",
            "role": role,
            "emails": list(emails),
            "sender_emails": list(sender_emails),
            "moved": list(_MOVED),
            "living": list(_LIVING),
            "committing": list(_COMMITTING),
            "most": MOST_COUNTED,
        },
    )
    return History(**row.mappings().one())
