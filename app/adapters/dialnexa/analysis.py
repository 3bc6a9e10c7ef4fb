"""Post-call analysis and metadata, read into canonical fields by the deployment's mapping.

What the mapping does not know, and the raw text of what could not be read, is kept for people.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.adapters.dialnexa.json_body import read_json
from app.adapters.dialnexa.values import LONGEST_TEXT, Unread, as_text, read_value
from app.core.calls import CANONICAL_FIELDS, FieldValue
from app.core.mapping import CallMapping
from app.errors import PayloadError

ANALYSIS_NAMES = ("post_call_analysis", "extracted_data", "postcallanalysis", "analysis")
# What a merchant's metadata may say of a call. The rest of it feeds the agent's prompt: read as canonical fields, a
# variable named `request` would become a wish that nobody uttered.
METADATA_FIELDS = frozenset({"order_id", "customer_email", "customer_id"})
_MOST_OTHER_FIELDS = 100
_LONGEST_NAME = 200


@dataclass(slots=True)
class FieldsRead:
    """Filled in the order of precedence: the first readable value of a field stays."""

    fields: dict[str, FieldValue] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def keep_for_people(self, name: str, value: Any) -> None:
        text = _any_text(value)
        if text and len(self.other) < _MOST_OTHER_FIELDS:
            self.other.setdefault(name.strip()[:_LONGEST_NAME], text)


def read_fields(call: Mapping[str, Any], metadata: Any, mapping: CallMapping) -> FieldsRead:
    """Every analysis that the call carries, then the metadata: where both name a field, the analysis wins."""
    read = FieldsRead()
    for name, value in _entries(call):
        _take(read, name, value, mapping.find_field(name))
    for name, value in _as_object(metadata).items():
        canonical = mapping.find_field(name)
        _take(read, f"metadata.{name}", value, canonical if canonical in METADATA_FIELDS else None)
    return read


def has_analysis(call: Mapping[str, Any]) -> bool:
    return any(value not in (None, "") for _, value in _entries(call))


def _entries(call: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for container in ANALYSIS_NAMES:
        yield from _as_object(call.get(container)).items()


def _take(read: FieldsRead, name: str, value: Any, canonical: str | None) -> None:
    if canonical is None:
        read.keep_for_people(name, value)
        return
    found = read_value(value, CANONICAL_FIELDS[canonical], keep_none=canonical == "requested_action")
    if found is None:
        return
    if isinstance(found, Unread):
        read.unread.setdefault(canonical, found.reason)
        read.keep_for_people(name, value)
    elif read.fields.setdefault(canonical, found) != found:
        read.keep_for_people(name, value)


def _as_object(value: Any) -> dict[str, Any]:
    """The object, also where it was sent as JSON text; empty for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = read_json(value)
        except PayloadError:
            return {}
    return value if isinstance(value, dict) else {}


def _any_text(value: Any) -> str:
    text = as_text(value)
    if text is None and value not in (None, [], {}):
        text = json.dumps(value, ensure_ascii=False)
    return (text or "")[:LONGEST_TEXT]
