"""The bodies DialNexa is documented or was seen to send about one call: families E, U and L, and its REST answers.

Written from the vendor's documents alone. Where these disagree, each function says which of them it follows.
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Json = dict[str, Any]
TranscriptForm = Literal["json_string", "array", "lines", "one_line", "by_speaker"]

RECORDING_LIFETIME = timedelta(days=7)
_LINK_KEY = b"the blob store's own"  # the twin's store and API agree on it

# The webhook says "hangup" for every call that never connected; REST has a word for most of the reasons.
_REST_STATUSES = {
    "user_did_not_pick_up": "did_not_pick",
    "user_busy": "busy",
    "voicemail_detected": "no_answer",
    "user_unreachable": "no_answer",
}


@dataclass(frozen=True, slots=True)
class TwinCall:
    """One call as the twin remembers it. Numbers are E.164; `said` holds (role, text) pairs."""

    id: str
    status: Literal["completed", "hangup", "initiated"] = "completed"
    direction: Literal["inbound", "outbound"] = "inbound"
    from_number: str = "+12137771234"
    to_number: str = "+12137771235"
    agent_id: str = "agent_987654321"
    category: str | None = None
    category_id: str | None = None
    initiated_at: datetime = datetime(2026, 11, 2, 10, 21, 15, 945_000, tzinfo=UTC)
    duration_seconds: float = 145
    reason: str | None = None
    said: tuple[tuple[str, str], ...] = (("agent", "Hello, how can I help?"), ("user", "Where is my gift?"))
    transcript_form: TranscriptForm = "json_string"
    summary: str | None = "The caller asked where the gift is."
    sentiment: str = "neutral"
    has_recording: bool = True
    recordings_at: str = "https://recordings.twin.invalid"  # where the store is
    analysis: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    transfer: Json | None = None  # {destination, status, destination_id}
    is_foreign: bool = False  # belongs to another organisation: REST answers 403

    @property
    def hangup_reason(self) -> str:
        if self.reason is not None:
            return self.reason
        return "user_disconnected" if self.status == "completed" else "user_did_not_pick_up"


def call_initiated_body(call: TwinCall) -> Json:
    """Family E, as the vendor's own example."""
    return {"event_type": "call_initiated", "payload": {"call": _wrapped_call(call) | {"status": "initiated"}}}


def call_ended_body(call: TwinCall) -> Json:
    """Family E; a completed call carries what was said and found, one that never connected only its reason."""
    facts = _wrapped_call(call)
    if call.status != "completed":
        reason = {"hangup_reason": call.hangup_reason, "disconnection_reason": call.hangup_reason}
        return {"event_type": "call_ended", "payload": {"call": facts | {"status": "hangup"} | reason}}
    facts |= {
        "duration_in_seconds": call.duration_seconds,
        "transcript": _transcript(call),
        "summary": call.summary,
        "recording_url": _recording_url(call, told_at=ended_at(call)),
        "post_call_analysis": call.analysis,
        "hangup_reason": call.hangup_reason,
    }
    if call.metadata:
        facts["metadata"] = call.metadata
    payload: Json = {"call": facts}
    if call.transfer is not None:
        payload["call_transfer"] = call.transfer
    return {"event_type": "call_ended", "payload": payload}


def transfer_completed_body(call: TwinCall) -> Json:
    """Family E: sent when the hand-over to another line was processed."""
    transfer = call.transfer or {"destination": "+12137779999", "status": "completed", "destination_id": "dest_1"}
    return {"event_type": "transfer_completed", "payload": {"call": _wrapped_call(call), "call_transfer": transfer}}


def verification_body(now: datetime) -> Json:
    """Family E: sent when an address is registered; its exact keys are not published."""
    message = "This is a verification request for your webhook."
    return {"event_type": "verification", "payload": {"message": message, "timestamp": iso(now)}}


def user_webhook_body(call: TwinCall) -> Json:
    """Family U: flat, without an event name and without any phone number. Its recording is a path."""
    return {
        "call_id": call.id,
        "status": "completed" if call.status == "completed" else "failed",
        "sentiment": call.sentiment,
        "summary": call.summary,
        "transcript": _one_line(call, person="Customer"),
        "extracted_data": call.analysis,
        "duration": call.duration_seconds,
        "recording_url": f"recordings/{call.id}.mp3" if call.has_recording else None,
        "agent_id": call.agent_id,
        "metadata": call.metadata,
        "billing": {"credits": 1},
    }


def session_event_body(call: TwinCall, event: str) -> Json:
    """Family L: the fields beyond the common ones were never published; these are the other families' names."""
    person = call.to_number if call.direction == "outbound" else call.from_number
    body: Json = {
        "event": event,
        "workspace_id": "ws_twin0001",
        "session_id": call.id,
        "agent_id": call.agent_id,
        "phone_number": person,
        "timestamp": iso(ended_at(call)),
    }
    if event == "call.transcript_ready":
        body["transcript"] = _lines(call)
    if event == "call.analysis_ready":
        body["analysis"] = call.analysis
    return body


def rest_row(call: TwinCall) -> Json:
    """A row of the list as a customer observed it: no transcript, the analysis in one word."""
    return {
        "id": call.id,
        "agent_id": call.agent_id,
        "to_number": call.to_number,
        "called_time": iso(call.initiated_at),
        "duration": call.duration_seconds if call.status == "completed" else 0,
        "status": rest_status(call),
        "end_reason": call.hangup_reason,
        "llm_name": "twin-llm",
        "voice_model_name": "twin-voice",
        "postcallanalysis": call.analysis or None,
    }


def rest_call(call: TwinCall, now: datetime) -> Json:
    """One call: the documented example's fields and the observed recording link, made anew for each who asks.

    Transcripts come by webhook only.
    """
    return rest_row(call) | {
        "from_number": call.from_number,
        "call_direction": call.direction,
        "createdAt": iso(call.initiated_at),
        "sentiment": call.sentiment,
        "summary": call.summary,
        "recording_sas_url": _recording_url(call, told_at=now),
        "metadata": call.metadata,
    }


def rest_status(call: TwinCall) -> str:
    return call.status if call.status != "hangup" else _REST_STATUSES.get(call.hangup_reason, "failed")


def ended_at(call: TwinCall) -> datetime:
    return call.initiated_at + timedelta(seconds=call.duration_seconds)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wrapped_call(call: TwinCall) -> Json:
    """What every event of family E tells. The examples write phone numbers without their plus sign."""
    return {
        "id": call.id,
        "direction": call.direction,
        "type": "phone_call",
        "category": call.category,
        "category_id": call.category_id,
        "from_number": call.from_number.removeprefix("+"),
        "to_number": call.to_number.removeprefix("+"),
        "status": call.status,
        "agent_id": call.agent_id,
        "initiated_at": iso(call.initiated_at),
    }


def sign_recording(call_id: str, expires: str) -> str:
    """The `sig` of a link, as of a blob store: neither the call nor the end of its life can be altered."""
    return hmac.digest(_LINK_KEY, f"{call_id}\n{expires}".encode(), "sha256").hex()


def _recording_url(call: TwinCall, *, told_at: datetime) -> str | None:
    if not call.has_recording:
        return None
    expires = iso(told_at + RECORDING_LIFETIME)
    return f"{call.recordings_at}/{call.id}.mp3?se={expires}&sig={sign_recording(call.id, expires)}"


def _transcript(call: TwinCall) -> Any:
    match call.transcript_form:
        case "json_string":
            return json.dumps(_turns(call), ensure_ascii=False)
        case "array":
            return _turns(call)
        case "lines":
            return _lines(call)
        case "one_line":
            return _one_line(call, person="User")
        case "by_speaker":
            speakers = {"Agent": "agent", "User": "user"}
            return {name: " ".join(text for who, text in call.said if who == role) for name, role in speakers.items()}


def _turns(call: TwinCall) -> list[Json]:
    return [
        {"role": role, "content": text, "start": 4.0 * place, "end": 4.0 * place + 3.5}
        for place, (role, text) in enumerate(call.said)
    ]


def _lines(call: TwinCall) -> str:
    return "\n".join(f"{role.capitalize()}: {text}" for role, text in call.said)


def _one_line(call: TwinCall, *, person: str) -> str:
    return " ".join(f"{'Agent' if role == 'agent' else person}: {text}" for role, text in call.said)
