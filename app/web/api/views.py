"""How records are shown over REST. Names are contracts: design.md lists them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote
from uuid import UUID

from app.core.handoff import Handoff
from app.core.handoff_json import as_json
from app.core.identity import Identity
from app.core.matching import Match, MatchOutcome
from app.core.policy import Finding
from app.db.actions import ActionRecord, AttemptRecord
from app.db.calls import CallRecord
from app.db.evidence import RecordingRecord
from app.db.facts import dump, load
from app.db.lookups import LookupRecord
from app.db.orders import OrderRecord
from app.db.reviews import Approval, Note, ReviewRecord


def show_call_row(record: CallRecord) -> dict[str, Any]:
    """A line of the list."""
    call = record.call
    return {
        "call_id": call.call_id,
        "revision": record.revision,
        "stage": call.stage,
        "status": call.status,
        "direction": call.direction,
        "started_at": call.started_at,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "match": show_match(record.match),
        "identity": show_identity(record.identity),
    }


def show_call(
    record: CallRecord,
    actions: list[dict[str, Any]],
    handoffs: list[dict[str, Any]],
    lookups: Sequence[LookupRecord],
    recording: RecordingRecord | None,
) -> dict[str, Any]:
    """Without the vendor's link to the recording: who listens is in the audit, by the route that gives a fresh one."""
    call = record.call
    facts = dump(call)
    has_recording = facts.pop("recording_url") is not None or (recording is not None and recording.status == "kept")
    for name in ("call_id", "stage", "status", "direction", "started_at"):
        del facts[name]
    return {
        **show_call_row(record),
        **facts,
        "recording": show_recording(recording) if recording else None,
        "actions": actions,
        "handoffs": handoffs,
        "lookups": [asdict(lookup) for lookup in lookups],
        "links": {
            "call": f"/v1/calls/{call.call_id}",
            "audit": f"/v1/audit?call_id={call.call_id}",
            "recording": recording_path(call.call_id) if has_recording else None,
            **{
                name: call.text(name)
                for name in ("payment_link", "support_link", "fulfillment_link")
                if call.text(name)
            },
        },
    }


def recording_path(call_id: str) -> str:
    return f"/v1/calls/{quote(call_id, safe='')}/recording"


def show_recording(record: RecordingRecord) -> dict[str, Any]:
    """How far the keeping of it came."""
    return {
        "call_id": record.call_id,
        "status": record.status,
        "sha256": record.sha256.hex() if record.sha256 else None,
        "size_bytes": record.size_bytes,
        "media_type": record.media_type,
        "is_sealed": record.key_id is not None,
        "tries": record.tries,
        "last_error": record.last_error,
        "awaited_since": record.awaited_since,
        "kept_at": record.kept_at,
    }


def show_handoff(row: Mapping[str, Any]) -> dict[str, Any]:
    """With its body by the published schema, whatever it had when it was written."""
    return {**row, "body": as_json(load(Handoff, row["body"]))}


def show_match(match: Match | None) -> dict[str, Any] | None:
    """None while the call has not been matched."""
    if match is None:
        return None
    best = match.best
    first = match.candidates[0] if match.candidates else None
    return {
        "outcome": match.outcome,
        "destination": best.destination if best else None,
        "order_id": best.order_id if best else None,
        "reference_id": best.reference_id if best else None,
        "probability": first.probability if first else 0.0,
        "runner_up": match.candidates[1].probability if len(match.candidates) > 1 else None,
        "evidence": [dump(line) for line in best.evidence] if best else [],
        "candidates": [dump(candidate) for candidate in match.candidates]
        if match.outcome is MatchOutcome.AMBIGUOUS
        else [],
        "model_version": match.model_version,
    }


def show_identity(identity: Identity | None) -> dict[str, Any] | None:
    return None if identity is None else dump(identity)


def show_action(action: ActionRecord, attempts: Sequence[AttemptRecord], review_id: UUID | None) -> dict[str, Any]:
    decision = action.decision
    return {
        "id": action.id,
        "call_id": action.call_id,
        "kind": action.kind,
        "status": action.status,
        "verdict": decision.verdict if decision else None,
        "findings": [_show_finding(finding) for finding in decision.findings] if decision else [],
        "policy_version": decision.policy_version if decision else None,
        "inputs": decision.inputs if decision else None,
        "parameters": action.parameters,
        "review_id": review_id,
        "attempts": [_show_attempt(attempt) for attempt in attempts],
        "created_at": action.created_at,
        "updated_at": action.updated_at,
        "finished_at": action.finished_at,
    }


def show_review(
    review: ReviewRecord, action: dict[str, Any], approvals: Sequence[Approval], notes: Sequence[Note] = ()
) -> dict[str, Any]:
    return {
        "id": review.id,
        "version": review.version,
        "status": review.status,
        "purpose": review.purpose,
        "action": action,
        "call_id": action["call_id"],
        "due_at": review.due_at,
        "priority": review.priority,
        "claimed_by": review.claimed_by,
        "claimed_until": review.claimed_until,
        "approvals": [asdict(approval) for approval in approvals],
        "approvals_needed": review.approvals_needed,
        "approval_role": review.approval_role,
        "fingerprint": review.fingerprint.digest,
        "difference": review.difference,
        "summary": review.summary,
        "notes": [asdict(note) for note in notes],
        "created_at": review.created_at,
        "closed_at": review.closed_at,
    }


def show_order(record: OrderRecord) -> dict[str, Any]:
    """Without the gift link: whoever holds that can accept the gift."""
    facts = dump(record.order)
    del facts["gift_link"]
    order_id = facts.pop("external_id")
    return {"order_id": order_id, **facts, "read_at": record.read_at}


def _show_finding(finding: Finding) -> dict[str, Any]:
    return {"rule": finding.rule, "fired": finding.fired, "verdict": finding.verdict, "says": finding.says}


MADE = ("batch_id", "order_id", "webhook_id", "url", "events")


def _made(attempt: AttemptRecord) -> dict[str, Any] | None:
    """What the attempt left at a shop that was not there before it, where that is no order of the mirror."""
    seen = attempt.after or attempt.before or {}
    return None if "status" in seen else {name: seen[name] for name in MADE if name in seen} or None


def _show_attempt(attempt: AttemptRecord) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "number": attempt.number,
        "idempotency_key": attempt.idempotency_key,
        "outcome": attempt.outcome,
        "detail": attempt.detail,
        "status_before": attempt.before.get("status") if attempt.before else None,
        "status_after": attempt.after.get("status") if attempt.after else None,
        "made": _made(attempt),
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "confirmed_at": attempt.confirmed_at,
    }
