"""DialNexa's bodies: how each family wraps a call, and the call in it, whatever spelling it was sent in.

Three families reach the webhook: E `{event_type, payload}`, U (flat, with `call_id`) and L (flat, with `event` and
`session_id`). REST answers are a fourth shape. Only a missing call id makes a body unreadable.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.adapters.dialnexa.analysis import has_analysis, read_fields
from app.adapters.dialnexa.json_body import clean, read_object
from app.adapters.dialnexa.scalars import read_first, read_moment, read_phone_number, read_seconds, read_text
from app.adapters.dialnexa.transcripts import read_transcript
from app.core.calls import Call, CallStage, Direction, Transfer, Turn
from app.core.mapping import CallMapping
from app.errors import PayloadError
from app.ports.senders import Envelope

VERIFICATION = "verification"
UNREADABLE = "unreadable"
UNKNOWN = "unknown"
_VERIFICATION_AGENT = "dialnexa-external-webhook-verification"
_LONGEST_CALL_ID = 200
_LONGEST_SUMMARY = 20_000
_LONGEST_LINK = 4_000  # a pre-signed link carries its signature in the query
_KIND = re.compile(r"[A-Za-z0-9_.:-]{1,100}", re.ASCII)

# The events that tell something of a call, with the stage they prove when the call's own status does not say it.
# Events that are not listed (a tool's error, an alert, a campaign) are parked. L's `call.ended` fires for any reason.
_EVENT_STAGES = {
    "call_initiated": CallStage.INITIATED,
    "call_ended": CallStage.UNKNOWN,
    "transfer_completed": CallStage.UNKNOWN,
    "call.started": CallStage.INITIATED,
    "call.ended": CallStage.UNKNOWN,
    "call.transcript_ready": CallStage.COMPLETED,
    "call.analysis_ready": CallStage.COMPLETED,
    "call.completed": CallStage.COMPLETED,
    "call.failed": CallStage.NOT_CONNECTED,
    "call.no_answer": CallStage.NOT_CONNECTED,
}
_STATUS_STAGES = {
    "completed": CallStage.COMPLETED,
    **dict.fromkeys(("created", "initiated", "sent", "received"), CallStage.INITIATED),
    **dict.fromkeys(("hangup", "did_not_pick", "busy", "no_answer", "failed"), CallStage.NOT_CONNECTED),
    **dict.fromkeys(("cancelled", "canceled", "retry_expired", "voicemail"), CallStage.NOT_CONNECTED),
}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A body taken out of its wrapping. `call` holds the call's facts under whatever names were used."""

    family: str
    kind: str
    call: Mapping[str, Any]
    id_field: str
    call_id: Any
    transfer: Any = None
    metadata: Any = None
    parked_reason: str | None = None


def read_envelope(headers: Mapping[str, str], body: bytes) -> Envelope:
    """What the delivery is about; never raises. Whatever will lead to nothing carries the reason for it."""
    try:
        opened = _open(read_object(body))
    except PayloadError as error:
        return Envelope(UNREADABLE, parked_reason=str(error))
    try:
        return Envelope(opened.kind, _read_call_id(opened), parked_reason=opened.parked_reason)
    except PayloadError as error:
        if headers.get("user-agent", "").casefold().startswith(_VERIFICATION_AGENT):
            return Envelope(VERIFICATION, parked_reason=_VERIFIES)
        return Envelope(opened.kind, parked_reason=opened.parked_reason or str(error))


def read_call(body: bytes, mapping: CallMapping) -> Call:
    """The call of a webhook body or a REST answer. Raises PayloadError naming the field."""
    return _read(_open(read_object(body)), mapping)


def read_rest_call(row: Any, mapping: CallMapping) -> Call:
    """The call of a REST answer, or of one row of a list. Raises PayloadError naming the field."""
    content = clean(row)
    if not isinstance(content, dict):
        raise PayloadError("body", "is not a JSON object")
    return _read(_open_rest(content), mapping)


_VERIFIES = "verifies the address of the webhook"
_UNKNOWN_EVENT = "an event that is about no call, or that no document describes"


def _open(content: dict[str, Any]) -> _Opened:
    if "event_type" in content:
        return _open_wrapped(content)
    if "event" in content:
        return _open_named(content)
    return _open_rest(content) if "id" in content else _open_unnamed(content)


def _open_wrapped(content: dict[str, Any]) -> _Opened:
    """Family E: the call lies in `payload.call`, a transfer beside it."""
    kind = _read_kind(content["event_type"])
    payload = _as_object(content.get("payload"))
    call = _as_object(payload.get("call"))
    return _Opened(
        family="E",
        kind=kind,
        call=call,
        id_field="payload.call.id",
        call_id=call.get("id"),
        transfer=payload.get("call_transfer", call.get("call_transfer")),
        metadata=call.get("metadata", payload.get("metadata")),
        parked_reason=_VERIFIES if kind == VERIFICATION else _park_unknown(kind),
    )


def _open_named(content: dict[str, Any]) -> _Opened:
    """Family L, flat with `event` and `session_id`; or family U, should it ever name its event."""
    kind = _read_kind(content["event"])
    id_field = "call_id" if content.get("call_id") else "session_id"
    return _Opened(
        family="L" if "session_id" in content else "U",
        kind=kind,
        call=content,
        id_field=id_field,
        call_id=content.get(id_field),
        transfer=content.get("call_transfer"),
        metadata=content.get("metadata"),
        parked_reason=_park_unknown(kind),
    )


def _open_unnamed(content: dict[str, Any]) -> _Opened:
    """Family U, flat with `call_id`: the status is all that tells a completed call from a failed one."""
    return _Opened(
        family="U",
        kind=_read_kind(f"call.{_read_status(content) or UNKNOWN}"),
        call=content,
        id_field="call_id",
        call_id=content.get("call_id"),
        metadata=content.get("metadata"),
    )


def _open_rest(content: dict[str, Any]) -> _Opened:
    """An answer of the REST API; an older one has an id of its own beside `call_id`, without which a post is parked."""
    id_field = "call_id" if content.get("call_id") else "id"
    return _Opened(
        family="REST",
        kind=_read_kind(f"call.{_read_status(content) or UNKNOWN}"),
        call=content,
        id_field=id_field,
        call_id=content.get(id_field),
        transfer=content.get("call_transfer"),
        metadata=content.get("metadata"),
        parked_reason="names no call_id, and its id may be of anything" if id_field == "id" else None,
    )


def _read(opened: _Opened, mapping: CallMapping) -> Call:
    call = opened.call
    read = read_fields(call, opened.metadata, mapping)
    transcript = read_first(call, _read_turns, "transcript") or ()
    direction = read_first(call, _read_direction, "direction", "call_direction")
    from_names, to_names = ["from_number", "from_phone_number"], ["to_number", "to_phone_number"]
    # Family L names only the person's number.
    (to_names if direction is Direction.OUTBOUND else from_names).append("phone_number")
    return Call(
        call_id=_read_call_id(opened),
        stage=_read_stage(opened, has_content=bool(transcript) or has_analysis(call)),
        status=read_text(call.get("status"), longest=100),
        families=(opened.family,),
        direction=direction,
        from_number=read_first(call, read_phone_number, *from_names),
        to_number=read_first(call, read_phone_number, *to_names),
        agent_id=read_text(call.get("agent_id")),
        started_at=read_first(call, read_moment, "initiated_at", "createdAt", "created_at", "called_time"),
        duration_seconds=read_first(
            call, read_seconds, "duration_in_seconds", "duration_seconds", "duration_sec", "duration"
        ),
        hangup_reason=read_first(call, read_text, "hangup_reason", "disconnection_reason", "end_reason"),
        sentiment=_read_sentiment(call.get("sentiment")),
        summary=read_text(call.get("summary"), longest=_LONGEST_SUMMARY),
        transcript=transcript,
        recording_url=read_first(call, _read_link, "recording_url", "recording_sas_url", "recording_path", "recording"),
        transfer=_read_transfer(opened.transfer),
        fields=read.fields,
        other_fields=read.other,
        unread_fields=read.unread,
    )


def _read_call_id(opened: _Opened) -> str:
    value = opened.call_id
    if value is None:
        raise PayloadError(opened.id_field, "is missing")
    if not isinstance(value, str):
        raise PayloadError(opened.id_field, "is not text")
    text = value.strip()
    if not text:
        raise PayloadError(opened.id_field, "is empty")
    if len(text) > _LONGEST_CALL_ID:
        raise PayloadError(opened.id_field, f"is longer than {_LONGEST_CALL_ID} characters")
    # U+FFFD stands where something unstorable was: two different ids could have become one.
    if not text.isprintable() or "\ufffd" in text:
        raise PayloadError(opened.id_field, "holds characters that no id has")
    # Addresses are tidied on their way: such a call could never be asked for.
    if not {".", "..", ""}.isdisjoint(text.split("/")):
        raise PayloadError(opened.id_field, "has the form of a way through folders")
    return text


def _read_kind(value: Any) -> str:
    return value if isinstance(value, str) and _KIND.fullmatch(value) else UNKNOWN


def _park_unknown(kind: str) -> str | None:
    return None if kind in _EVENT_STAGES else _UNKNOWN_EVENT


def _read_status(call: Mapping[str, Any]) -> str | None:
    """The status in one spelling; None where it is missing or no text."""
    text = read_text(call.get("status"), longest=100)
    return None if text is None else re.sub(r"[\s-]+", "_", text.casefold()).removeprefix("call.")


def _read_stage(opened: _Opened, *, has_content: bool) -> CallStage:
    status = _read_status(opened.call)
    if status in _STATUS_STAGES:
        return _STATUS_STAGES[status]
    ended = opened.kind == "call_ended" or opened.family == "U"
    if status is None and ended and has_content:
        # U is sent for ended calls only: with something said or found in it, somebody was there.
        return CallStage.COMPLETED
    return _EVENT_STAGES.get(opened.kind, CallStage.UNKNOWN)


def _read_direction(value: Any) -> Direction | None:
    word = (read_text(value) or "").casefold()
    return next((direction for direction in Direction if direction == word), None)


def _read_sentiment(value: Any) -> str | None:
    word = (read_text(value, longest=50) or UNKNOWN).casefold()
    return None if word == UNKNOWN else word


def _read_turns(value: Any) -> tuple[Turn, ...] | None:
    return read_transcript(value) or None


def _read_link(value: Any) -> str | None:
    """As sent: some deliveries carry a path that is no absolute URL. A link that was cut would be no link."""
    text = read_text(value, longest=_LONGEST_LINK + 1)
    return None if text is None or len(text) > _LONGEST_LINK else text


def _read_transfer(value: Any) -> Transfer | None:
    sent = _as_object(value)
    transfer = Transfer(
        destination=read_text(sent.get("destination")),
        status=read_text(sent.get("status")),
        destination_id=read_text(sent.get("destination_id")),
    )
    return None if transfer == Transfer(None, None) else transfer


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
