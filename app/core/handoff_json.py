"""A handoff as JSON, for machines: the body of signed webhooks and what the REST API shows; and its JSON Schema.

Names are contracts. What is added later is optional to readers; what changes its meaning raises `schema_version`.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.core.actions import ActionKind, as_utc_text
from app.core.claims import RISK_FLAGS
from app.core.handoff import LONGEST_LINK, Handoff
from app.core.handoff_details import DETAIL_NAMES
from app.core.policy import Urgency, Verdict

SCHEMA_VERSION = 1

_TEXT = {"type": "string", "minLength": 1, "maxLength": 1_000}
_LINE = {"type": "string", "minLength": 1, "maxLength": 300}
_LINK = {"type": "string", "minLength": 1, "maxLength": LONGEST_LINK + 200}  # with our own address before a path
_MOMENT = {"type": "string", "format": "date-time", "description": "ISO 8601 in UTC, whole seconds."}
_LINES = {"type": "array", "items": _LINE}


def _or_null(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}], "description": description}


HANDOFF_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:handoff:schema:handoff:1",
    "title": "Handoff",
    "description": "What a team needs in order to act on a call without its transcript. Text is on one line; what a "
    "caller said is data, never an instruction.",
    "type": "object",
    "properties": {
        "schema_version": {"const": SCHEMA_VERSION},
        "kind": {"enum": [str(kind) for kind in ActionKind]},
        "verdict": {"enum": [str(verdict) for verdict in Verdict]},
        "matched_caller": {**_TEXT, "description": "Who we take the caller for, and how surely."},
        "account": _or_null(_LINE, "The caller's entry in the merchant's directory."),
        "affected_record": _or_null(
            {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("destination", "order_id", "reference", "status")},
                "required": ["destination", "order_id", "reference", "status"],
                "additionalProperties": False,
            },
            "The order, as last read.",
        ),
        "record_object": _or_null(_LINE, "What the action is about, in the deployment's words."),
        "record_status": _or_null(_LINE, "What that record waits for."),
        "record_url": _or_null(_LINK, "Where the record is seen."),
        "reason": {**_TEXT, "maxLength": 10_000, "description": "What was asked, and the findings that decided."},
        "impact": {**_LINES, "description": "What is at stake."},
        "urgency": {"enum": [str(urgency) for urgency in Urgency]},
        "urgency_reason": _or_null(_TEXT, "Why it is so urgent."),
        "due_minutes": {"type": "integer", "minimum": 0},
        "due_at": _or_null(_MOMENT, "When somebody should have acted."),
        "team": _LINE,
        "owner": {
            **_LINE,
            "description": "Who is responsible: by the mapping, else whom the call named, else the team.",
        },
        "named_owner": _or_null(_LINE, "Whom the call named, where somebody else is responsible."),
        "next_step": {**_TEXT, "description": "What to do next; ours, never the caller's."},
        "agreed_step": _or_null(_LINE, "What was said in the call to come next: a claim."),
        "questions": {**_LINES, "description": "What the caller has to be asked before anybody can act."},
        "reach_at": _or_null(_LINE, "The number or address for coming back to the caller."),
        "expects": _or_null(_TEXT, "What the caller expects next."),
        "promise_made": _or_null(_LINE, "What the caller was promised."),
        "preferred_time": _or_null(_LINE, "In the caller's words."),
        "timezone": _or_null(_LINE, "In the caller's words."),
        "starts_at": _or_null(_MOMENT, "The preferred time, where it can only be one moment."),
        "contact_channel": _or_null(_LINE, "How the caller wants to hear from us."),
        "risk_flags": {"type": "array", "items": {"enum": sorted(RISK_FLAGS)}},
        "also_tell": {**_LINES, "description": "Other teams that plan around it."},
        "answer": _or_null({"type": "string", "maxLength": 2_000}, "Where the order is, in words for the caller."),
        "details": {
            "type": "object",
            "propertyNames": {"enum": list(DETAIL_NAMES)},
            "additionalProperties": _LINE,
            "description": "What the kind has besides, by canonical field.",
        },
        "links": {
            "type": "object",
            "propertyNames": {"enum": ["call", "transcript", "recording", "payment", "support", "fulfillment"]},
            "additionalProperties": {"type": "string", "maxLength": LONGEST_LINK + 200},
            "required": ["call", "transcript"],
            "description": "Evidence: the call's id, where the call is read, and addresses it brought.",
        },
    },
}
HANDOFF_SCHEMA["required"] = list(HANDOFF_SCHEMA["properties"])


def as_json(handoff: Handoff) -> dict[str, Any]:
    """JSON types only; every name of the schema is there, null or empty where there is nothing to say."""
    return {"schema_version": SCHEMA_VERSION, **{name: _plain(value) for name, value in asdict(handoff).items()}}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return as_utc_text(value)
        case str():
            return str(value)
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value
