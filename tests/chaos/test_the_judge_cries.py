"""The judge finds nothing where all is well, and each violation that is planted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos.judge import Evidence, Moved, Said, Violation, Wish, judge

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALL, ACTION, ORDER, REVIEW = "call_1", "action-1", "order-1", "review-1"
REPORT = {"ok": True, "entries": 3, "sealed": 3, "unsealed": 0, "problems": []}
WRITE = {
    "method": "POST",
    "path": f"/v1/orders/{ORDER}/cancel",
    "order_id": ORDER,
    "customer_reference_id": None,
    "idempotency_key": f"{CALL}:{ACTION}",
    "effect": "done",
    "found": "notified",
}
JOB = {"id": 7, "kind": "settle", "payload": {"action_id": ACTION}, "status": "waiting", "last_error": "no answer"}


def whole() -> Evidence:
    """One call, approved by a person, cancelled at the shop, known to be so."""
    return Evidence(
        wishes={CALL: Wish("cancel_order")},
        acknowledged=frozenset({CALL}),
        writes=[WRITE],
        moves=[],
        said=[Said(REVIEW, ACTION, is_yes=True, fingerprint="f1", status=200)],
        calls=[{"call_id": CALL, "stage": "completed"}],
        actions=[
            {
                "id": ACTION,
                "call_id": CALL,
                "kind": "cancel_order",
                "status": "done",
                "fingerprint_parts": {"order.status": "notified"},
            }
        ],
        reviews=[{"id": REVIEW, "action_id": ACTION, "purpose": "decision", "status": "approved", "fingerprint": "f1"}],
        attempts=[{"action_id": ACTION, "number": 1, "outcome": "succeeded", "started_at": NOW}],
        jobs=[],
        status_entries=[
            {"action_id": ACTION, "before": "proposed", "after": "awaiting_review"},
            {"action_id": ACTION, "before": "awaiting_review", "after": "approved"},
            {"action_id": ACTION, "before": "approved", "after": "executing"},
            {"action_id": ACTION, "before": "executing", "after": "done"},
        ],
        audit_report=REPORT,
        looked_at=NOW,
    )


def with_action(evidence: Evidence, **fields: Any) -> Evidence:
    """The action otherwise, and the audit in agreement with it."""
    action = {**evidence.actions[0], **fields}
    last = {**evidence.status_entries[-1], "after": action["status"]}
    return replace(evidence, actions=[action], status_entries=[*evidence.status_entries[:-1], last])


def rules_of(violations: list[Violation]) -> set[str]:
    return {violation.rule for violation in violations}


def test_where_all_is_well_the_judge_is_silent():
    assert judge(whole()) == []


PLANTED: dict[str, tuple[str, Callable[[Evidence], Evidence]]] = {
    "a call that got a 2xx is not known": ("lost", lambda e: replace(e, calls=[])),
    "a call that wanted something led to nothing": (
        "lost",
        lambda e: replace(e, actions=[], writes=[], status_entries=[], said=[]),
    ),
    "an order was cancelled twice": ("doubled", lambda e: replace(e, writes=[WRITE, WRITE])),
    "a gift was sent twice under one reference": (
        "doubled",
        lambda e: replace(
            e,
            writes=[
                {**WRITE, "path": f"/v1/{name}/order_batches", "order_id": None, "customer_reference_id": CALL}
                for name in ("a", "b")
            ],
        ),
    ),
    "the same key was used at two orders": (
        "doubled",
        lambda e: replace(e, writes=[{**WRITE, "path": "/v1/x", "order_id": name} for name in ("a", "b")]),
    ),
    "a call has two actions of a kind": (
        "doubled",
        lambda e: replace(e, actions=[*e.actions, {**e.actions[0], "id": "action-2"}]),
    ),
    "the order was not as approved": (
        "approval",
        lambda e: replace(e, writes=[{**WRITE, "found": "opened"}]),
    ),
    "the order had moved before we looked": (
        "approval",
        lambda e: replace(e, writes=[{**WRITE, "found": "opened"}], moves=[Moved(ORDER, NOW - timedelta(seconds=1))]),
    ),
    "nobody said yes": ("approval", lambda e: replace(e, said=[])),
    "the yes was to something else": (
        "approval",
        lambda e: replace(e, said=[replace(e.said[0], fingerprint="f0")]),
    ),
    "a no was acknowledged": (
        "approval",
        lambda e: replace(e, said=[*e.said, Said(REVIEW, ACTION, is_yes=False, fingerprint="f1", status=200)]),
    ),
    "something was done that belongs to no action": (
        "approval",
        lambda e: replace(e, writes=[*e.writes, {**WRITE, "order_id": "o2", "idempotency_key": "call_1:x"}]),
    ),
    "an acknowledged no is not kept": (
        "forgotten",
        lambda e: replace(e, said=[Said(REVIEW, ACTION, is_yes=False, fingerprint="f1", status=200)]),
    ),
    "done at the shop, and we say failed": ("forgotten", lambda e: with_action(e, status="failed")),
    "we say done, and the shop did nothing": (
        "forgotten",
        lambda e: replace(e, writes=[{**WRITE, "effect": "refused"}]),
    ),
    "an end that nobody decided": ("end", lambda e: with_action(e, status="refused")),
    "an action still moves": ("stuck", lambda e: with_action(e, status="executing")),
    "no review shows what waits for people": ("stuck", lambda e: with_action(e, status="awaiting_assistance")),
    "no job looks for a confirmation": ("stuck", lambda e: with_action(e, status="awaiting_confirmation")),
    "a job was buried": ("stuck", lambda e: replace(e, jobs=[{**JOB, "status": "dead"}])),
    "a job runs on a lease long ended": (
        "stuck",
        lambda e: replace(e, jobs=[{**JOB, "status": "running", "leased_until": NOW - timedelta(minutes=2)}]),
    ),
    "the chain has a problem": (
        "audit",
        lambda e: replace(e, audit_report={**REPORT, "ok": False, "problems": ["entry 2 was changed"]}),
    ),
    "an entry is not sealed": ("audit", lambda e: replace(e, audit_report={**REPORT, "sealed": 2, "unsealed": 1})),
    "an entry of a change is missing": (
        "audit",
        lambda e: replace(e, status_entries=[e.status_entries[0], *e.status_entries[2:]]),
    ),
    "the last change has no entry": ("audit", lambda e: replace(e, status_entries=e.status_entries[:-1])),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_violation_is_found(planted):
    rule, plant = PLANTED[planted]
    assert rule in rules_of(judge(plant(whole())))


def test_a_move_between_our_last_look_and_the_act_is_nobodys_fault():
    opened = replace(whole(), writes=[{**WRITE, "found": "opened"}], moves=[Moved(ORDER, NOW + timedelta(seconds=1))])
    assert judge(opened) == []


def test_what_waits_in_sight_is_no_violation():
    open_review = {**whole().reviews[0], "purpose": "assistance", "status": "open"}
    waiting = replace(
        with_action(whole(), status="awaiting_assistance"),
        wishes={CALL: Wish("cancel_order", is_disturbed=True)},
        reviews=[open_review],
        writes=[],
    )
    assert judge(waiting) == []
