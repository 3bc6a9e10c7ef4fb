"""Handoffs as the tests of their delivery need them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.core.actions import ActionKind
from app.core.handoff import AffectedRecord, Handoff
from app.core.policy import Urgency, Verdict

WRITTEN_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

FOLLOW_UP = Handoff(
    kind=ActionKind.FOLLOW_UP,
    verdict=Verdict.HAND_OFF,
    matched_caller="Alena Kenter, the recipient (97% sure)",
    affected_record=AffectedRecord("goody", "o-1", "DRKRUKB5XGWRB7VRKNZBWN5Q", "notified"),
    reason="The caller expects somebody to come back.",
    urgency=Urgency.NORMAL,
    due_minutes=240,
    team="support",
    owner="Support lead",
    next_step="Call back.",
    promise_made="A call tomorrow",
    preferred_time="tomorrow at ten",
    timezone="Europe/Berlin",
    contact_channel="phone",
    risk_flags=(),
    links={"call": "call_1", "transcript": "/v1/calls/call_1"},
    details={},
    answer=None,
    starts_at=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
)


def handoff(**fields: Any) -> Handoff:
    return replace(FOLLOW_UP, **fields)
