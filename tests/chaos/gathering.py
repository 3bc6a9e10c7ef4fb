"""Gather what the judge looks at: rows of the database, the twins' ledgers, the verification of the audit."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.chaos.deployment import Deployment
from tests.chaos.judge import Evidence, Moved, Said, Wish
from tests.chaos.kinds import MAIL
from tests.stories.running_service import wait_for

QUERIES = {
    "calls": "SELECT call_id, stage FROM calls",
    "actions": "SELECT id::text, call_id, kind, status, fingerprint_parts FROM actions",
    "reviews": "SELECT id::text, action_id::text, purpose, status, fingerprint FROM reviews",
    "attempts": "SELECT action_id::text, number, outcome, started_at FROM attempts",
    "jobs": "SELECT id, kind, payload, lane, status, run_at, leased_until, last_error FROM jobs",
    "status_entries": """
        SELECT action_id::text, data ->> 'from' AS before, data ->> 'to' AS after FROM audit_entries
        WHERE action_id IS NOT NULL AND data ? 'from' AND data ? 'to' ORDER BY id
    """,
}
# The events of DialNexa that tell how a call ended; what only tells that it began leads to nothing.
ENDS = frozenset({"call_ended", "call.completed", "call.failed"})


def gather(
    deployment: Deployment,
    wishes: Mapping[str, Wish],
    moves: list[Moved],
    said: list[Said],
    mails: Sequence[EmailMessage] = (),
) -> Evidence:
    report = wait_for(lambda: _verified(deployment), "all entries to be sealed") or {}
    rows: dict[str, Any] = {}
    with psycopg.connect(deployment.dsn(), row_factory=dict_row) as conn:
        for name, query in QUERIES.items():
            rows[name] = conn.execute(query.encode()).fetchall()
    ours = {row["call_id"] for row in rows["calls"]} & wishes.keys()
    rows["actions"] = [row for row in rows["actions"] if row["call_id"] in ours]
    return Evidence(
        wishes=wishes,
        acknowledged=acknowledged_calls(deployment),
        writes=[*deployment.goody.get("/_twin/ledger").raise_for_status().json()["data"], *_links_mailed(mails, rows)],
        moves=moves,
        said=said,
        audit_report=report,
        looked_at=datetime.now(UTC),
        **rows,
    )


def _links_mailed(mails: Sequence[EmailMessage], rows: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each mail that an action sent, as the shop's ledger would have it."""
    calls = {action["id"]: action["call_id"] for action in rows["actions"]}
    for mail in mails:
        action_id = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        if action_id in calls:
            yield {
                "method": "SEND",
                "path": MAIL,
                "effect": "done",
                "idempotency_key": f"{calls[action_id]}:{action_id}",
                "order_id": None,
                "customer_reference_id": None,
                "found": None,
            }


def acknowledged_calls(deployment: Deployment) -> frozenset[str]:
    log = deployment.dialnexa.get("/_twin/deliveries").raise_for_status().json()
    return frozenset(row["call_id"] for row in log if row["is_success"] and row["event"] in ENDS)


def _verified(deployment: Deployment) -> dict[str, Any] | None:
    """None while entries wait for their seal: a worker adds it within the second."""
    ran = deployment.fleet.run("audit", "verify", "--json", settings=deployment.settings)
    report: dict[str, Any] = json.loads(ran.stdout)
    return report if report["unsealed"] == 0 or report["problems"] else None
