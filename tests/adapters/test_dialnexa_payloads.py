"""DialNexa's bodies in every documented shape, and whatever else somebody may post."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.adapters.dialnexa.payloads import read_call, read_envelope, read_rest_call
from app.adapters.mapping_file import load_mapping
from app.core.calls import Call, CallStage, Direction, Transfer, Turn
from app.errors import PayloadError
from app.ports.senders import Envelope

MAPPING = load_mapping()
COMPLETED = {
    "id": "call_abc123xyz",
    "direction": "outbound",
    "type": "phone_call",
    "category": "batch",
    "category_id": "batch_001",
    "from_number": "12137771234",
    "to_number": "12137771235",
    "status": "completed",
    "agent_id": "agent_987654321",
    "initiated_at": "2025-05-02T10:21:15.945Z",
    "duration_in_seconds": 145,
    "transcript": json.dumps([{"role": "agent", "content": "Hello.", "start": 0.5, "end": 2}]),
    "summary": "The caller wants to cancel.",
    "recording_url": "https://recordings.example.com/call_abc123xyz.mp3?sig=x",
    "post_call_analysis": {"Order ID": "1001", "Requested Action": "cancel order"},
    "hangup_reason": "user_disconnected",
}


def encoded(body) -> bytes:
    return json.dumps(body).encode()


def ended(**facts) -> bytes:
    return encoded({"event_type": "call_ended", "payload": {"call": COMPLETED | facts}})


def user_webhook(**facts) -> bytes:
    return encoded({"call_id": "call_abc123", "status": "completed"} | facts)


def read(body: bytes) -> Call:
    return read_call(body, MAPPING)


def test_a_completed_call_of_the_external_webhook_is_read_whole():
    body = ended()
    assert read_envelope({}, body) == Envelope("call_ended", "call_abc123xyz")
    assert read(body) == Call(
        call_id="call_abc123xyz",
        stage=CallStage.COMPLETED,
        status="completed",
        families=("E",),
        direction=Direction.OUTBOUND,
        from_number="+12137771234",
        to_number="+12137771235",
        agent_id="agent_987654321",
        started_at=datetime(2025, 5, 2, 10, 21, 15, 945_000, tzinfo=UTC),
        duration_seconds=145.0,
        hangup_reason="user_disconnected",
        summary="The caller wants to cancel.",
        transcript=(Turn("agent", "Hello.", 0.5, 2.0),),
        recording_url="https://recordings.example.com/call_abc123xyz.mp3?sig=x",
        fields={"order_id": "1001", "requested_action": ("cancel order",)},
    )


def test_a_call_that_was_only_initiated_asks_for_nothing_yet():
    call = {"id": "call_1", "direction": "outbound", "status": "initiated", "initiated_at": "2025-05-02T10:21:15.945Z"}
    body = encoded({"event_type": "call_initiated", "payload": {"call": call}})
    assert read_envelope({}, body) == Envelope("call_initiated", "call_1")
    assert read(body).stage is CallStage.INITIATED


def test_a_hangup_is_not_connected_and_its_reason_is_read_from_the_deprecated_alias_too():
    body = ended(status="hangup", hangup_reason=None, disconnection_reason="user_did_not_pick_up")
    call = read(body)
    assert (call.stage, call.hangup_reason) == (CallStage.NOT_CONNECTED, "user_did_not_pick_up")


def test_a_completed_call_of_no_seconds_without_transcript_and_analysis_is_still_completed():
    call = read(ended(duration_in_seconds=0, transcript="", post_call_analysis={}, summary=None))
    assert (call.stage, call.duration_seconds, call.transcript, call.fields) == (CallStage.COMPLETED, 0.0, (), {})


@pytest.mark.parametrize("event", ["transfer_completed", "call_ended"])
def test_a_transfer_is_read_beside_the_call(event):
    transfer = {"destination": "+12137779999", "status": "completed", "destination_id": "dest_1"}
    body = encoded({"event_type": event, "payload": {"call": {"id": "call_1"}, "call_transfer": transfer}})
    assert read_envelope({}, body) == Envelope(event, "call_1")
    assert read(body).transfer == Transfer("+12137779999", "completed", "dest_1")


def test_the_user_webhook_as_the_vendors_own_sample_has_it():
    body = user_webhook(
        sentiment="positive",
        summary="The agent confirmed the appointment.",
        transcript="Agent: Hello. Customer: I would like to confirm.",
        extracted_data={"intent": "book_appointment"},
        duration=120,
        recording_url="recordings/call_abc123.mp3",
        agent_id="agent_abc123",
        metadata={"source": "make"},
        billing={"credits": [1]},
    )
    call = read(body)
    assert read_envelope({}, body) == Envelope("call.completed", "call_abc123")
    assert (call.families, call.stage, call.duration_seconds) == (("U",), CallStage.COMPLETED, 120.0)
    assert call.transcript == (Turn("agent", "Hello."), Turn("user", "I would like to confirm."))
    assert call.recording_url == "recordings/call_abc123.mp3"
    assert call.fields == {"requested_action": ("book_appointment",)}
    assert call.other_fields == {"metadata.source": "make"}


@pytest.mark.parametrize(
    ("status", "kind", "stage"),
    [
        ("completed", "call.completed", CallStage.COMPLETED),
        ("Completed", "call.completed", CallStage.COMPLETED),
        ("call.failed", "call.failed", CallStage.NOT_CONNECTED),
        ("no-answer", "call.no_answer", CallStage.NOT_CONNECTED),
        ("did_not_pick", "call.did_not_pick", CallStage.NOT_CONNECTED),
        ("busy", "call.busy", CallStage.NOT_CONNECTED),
        ("cancelled", "call.cancelled", CallStage.NOT_CONNECTED),
        ("retry_expired", "call.retry_expired", CallStage.NOT_CONNECTED),
        ("voicemail", "call.voicemail", CallStage.NOT_CONNECTED),
        ("created", "call.created", CallStage.INITIATED),
        ("sent", "call.sent", CallStage.INITIATED),
        ("received", "call.received", CallStage.INITIATED),
        ("teleported", "call.teleported", CallStage.UNKNOWN),
        ("é?!", "unknown", CallStage.UNKNOWN),
        (7, "call.unknown", CallStage.UNKNOWN),
    ],
)
def test_the_status_of_every_vocabulary_gives_kind_and_stage(status, kind, stage):
    body = user_webhook(status=status)
    assert read_envelope({}, body) == Envelope(kind, "call_abc123")
    assert read(body).stage is stage


def test_an_ended_call_without_a_status_is_completed_when_something_was_said_or_found():
    assert read(ended(status=None)).stage is CallStage.COMPLETED
    assert read(user_webhook(status=None, extracted_data={"intent": "refund"})).stage is CallStage.COMPLETED
    assert read(user_webhook(status=None)).stage is CallStage.UNKNOWN


@pytest.mark.parametrize(
    ("event", "stage"),
    [
        ("call.started", CallStage.INITIATED),
        ("call.ended", CallStage.UNKNOWN),
        ("call.transcript_ready", CallStage.COMPLETED),
        ("call.analysis_ready", CallStage.COMPLETED),
    ],
)
def test_the_withdrawn_family_is_tolerated(event, stage):
    body = encoded(
        {"event": event, "session_id": "sess_1", "phone_number": "+12137771234", "analysis": {"intent": "refund"}}
    )
    call = read(body)
    assert read_envelope({}, body) == Envelope(event, "sess_1")
    assert (call.families, call.stage, call.from_number) == (("L",), stage, "+12137771234")
    assert call.fields["requested_action"] == ("refund",)


def test_a_rest_answer_is_read_in_the_documented_and_the_observed_spelling():
    documented = {
        "id": "call_1",
        "from_number": "+14155552671",
        "to_number": "+919876543210",
        "status": "initiated",
        "call_direction": "outbound",
        "createdAt": "2026-07-03T10:30:00.000Z",
        "duration": 42,
        "transcript": "Agent: Hello Priya. User: I am interested in the loan offer.",
    }
    observed = {
        "id": "call_1",
        "called_time": "2026-07-03T10:30:00Z",
        "status": "did_not_pick",
        "end_reason": "user_busy",
        "postcallanalysis": {"Email": " Jane@Example.com "},
        "recording_sas_url": "https://blob.example.com/1",
    }
    older = {
        "id": "log_1",
        "call_id": "call_1",
        "duration_seconds": 145,
        "analysis": {"issue_resolved": True},
        "created_at": "2024-03-01",
    }
    oldest = {"id": "call_1", "from_phone_number": "12137771234", "to_phone_number": "12137771235", "duration_sec": "7"}
    one, two, three, four = (read_rest_call(row, MAPPING) for row in (documented, observed, older, oldest))
    assert {one.call_id, two.call_id, three.call_id, four.call_id} == {"call_1"}
    assert one.families == two.families == ("REST",)
    assert (one.stage, one.direction, one.to_number, one.duration_seconds) == (
        CallStage.INITIATED,
        Direction.OUTBOUND,
        "+919876543210",
        42,
    )
    assert one.started_at == two.started_at == datetime(2026, 7, 3, 10, 30, tzinfo=UTC)
    assert [turn.role for turn in one.transcript] == ["agent", "user"]
    assert (two.stage, two.hangup_reason, two.recording_url) == (
        CallStage.NOT_CONNECTED,
        "user_busy",
        "https://blob.example.com/1",
    )
    assert two.fields == {"customer_email": "jane@example.com"}
    assert (three.duration_seconds, three.other_fields) == (145.0, {"issue_resolved": "yes"})
    assert (four.from_number, four.to_number, four.duration_seconds) == ("+12137771234", "+12137771235", 7.0)
    assert read(encoded(documented)) == one


@pytest.mark.parametrize("sent", [["a"], "a", None, 5, {"status": "completed"}, {"id": 7}])
def test_a_rest_answer_without_a_call_id_names_the_field(sent):
    with pytest.raises(PayloadError) as raised:
        read_rest_call(sent, MAPPING)
    assert raised.value.field in {"id", "body", "call_id"}


TURNS = (Turn("agent", "Hello."), Turn("user", "Where is it?"))


@pytest.mark.parametrize(
    "transcript",
    [
        [{"role": "agent", "content": "Hello."}, {"role": "user", "content": "Where is it?"}],
        json.dumps([{"role": "assistant", "content": "Hello."}, {"role": "Customer", "content": "Where is it?"}]),
        "Agent: Hello.\nUser: Where is it?",
        "agent: Hello.\r\n  user : Where is it?\n",
        "Agent: Hello. User: Where is it?",
        "AGENT: Hello.\nCALLER: Where is it?",
        {"Agent": "Hello.", "User": "Where is it?"},
        {"Agent": ["Hello."], "User": ["Where is it?", "", None]},
        '{"Agent": "Hello.", "User": "Where is it?"}',
        ["Agent: Hello.", "User: Where is it?"],
        [{"speaker": "bot", "text": "Hello."}, 5, None, {"role": "human", "content": "Where is it?"}],
    ],
)
def test_a_transcript_is_read_in_each_form(transcript):
    assert read(ended(transcript=transcript)).transcript == TURNS


def test_a_transcript_without_labels_is_one_turn_of_an_unknown_speaker():
    assert read(ended(transcript="[inaudible] hello")).transcript == (Turn("unknown", "[inaudible] hello"),)
    assert read(ended(transcript="Hi. Agent: Hello.")).transcript == (Turn("unknown", "Hi."), Turn("agent", "Hello."))


def test_a_word_before_a_colon_in_the_middle_of_a_sentence_is_no_label():
    said = "I told the agent: no."
    assert read(ended(transcript=f"User: {said}")).transcript == (Turn("user", said),)


@pytest.mark.parametrize(("start", "end"), [("x", None), (float("nan"), -1), ([], {}), (True, 1e400)])
def test_times_of_turns_that_cannot_be_read_are_left_out(start, end):
    turns = [{"role": "agent", "content": "Hi.", "start": start, "end": end}]
    assert read(ended(transcript=turns)).transcript == (Turn("agent", "Hi."),)


@pytest.mark.parametrize("junk", [None, 5, "", "{", "[1]", [], [{}], {}, True, "x\x00\ud800", 1e308, -1])
@pytest.mark.parametrize(
    "name", [name for name in COMPLETED if name not in {"id", "status"}] + ["metadata", "sentiment"]
)
def test_a_wrong_type_in_a_secondary_field_never_sinks_the_call(name, junk):
    call = read(ended(**{name: junk}))
    assert (call.call_id, call.stage) == ("call_abc123xyz", CallStage.COMPLETED)


def test_nul_and_lone_surrogates_are_replaced_everywhere():
    said = json.dumps([{"role": "user\x00", "content": "a\x00\udc00b"}])
    call = read(
        ended(summary="a\x00b", transcript=said, post_call_analysis={"Na\x00me": "x\ud800", "Odd\x00": "y\x00"})
    )
    assert call.summary == "a\ufffdb"
    assert call.transcript == (Turn("user\ufffd", "a\ufffd\ufffdb"),)
    assert call.other_fields == {"Na\ufffdme": "x\ufffd", "Odd\ufffd": "y\ufffd"}
    assert "\x00" not in repr(TypeAdapter(Call).dump_json(call))


def test_a_link_too_long_to_be_kept_whole_is_not_cut():
    link = "https://recordings.example.com/" + "x" * 4000
    assert read(ended(recording_url=link[:4000])).recording_url == link[:4000]
    assert read(ended(recording_url=link)).recording_url is None


def test_numbers_that_are_no_phone_numbers_are_kept_as_sent():
    call = read(ended(from_number="anonymous", to_number="sip:agent@example.com"))
    assert (call.from_number, call.to_number) == ("anonymous", "sip:agent@example.com")


@pytest.mark.parametrize("sent", ["yesterday", "", 5, None, "9999-12-31T23:59:59-14:00"])
def test_a_time_that_cannot_be_read_is_missing(sent):
    assert read(ended(initiated_at=sent)).started_at is None


@pytest.mark.parametrize("sent", [-1, "x", True, 1e12, [], "nan", "inf"])
def test_a_duration_that_cannot_be_read_is_missing(sent):
    assert read(ended(duration_in_seconds=sent)).duration_seconds is None


def test_a_verification_is_parked_in_each_form():
    agent = {"user-agent": "DialNexa-External-Webhook-Verification/1.0"}
    wrapped = encoded({"event_type": "verification", "payload": {"message": "hi", "timestamp": "2026-11-02T10:00:00Z"}})
    flat = encoded({"message": "hi", "timestamp": "2026-11-02T10:00:00Z"})
    for headers, body in (({}, wrapped), (agent, wrapped), (agent, flat)):
        envelope = read_envelope(headers, body)
        assert (envelope.kind, envelope.subject) == ("verification", None)
        assert envelope.parked_reason == "verifies the address of the webhook"


@pytest.mark.parametrize(
    ("body", "kind", "subject", "says"),
    [
        (b"", "unreadable", None, "body: is not JSON"),
        (b"\xff\xfe", "unreadable", None, "body: is not UTF-8"),
        (b"{", "unreadable", None, "body: is not JSON"),
        (b"[]", "unreadable", None, "body: is not a JSON object"),
        (b"null", "unreadable", None, "body: is not a JSON object"),
        (b'{"a":' + b"[" * 100_000, "unreadable", None, "body: is nested too deeply"),
        (b'{"a":' + b"[" * 60 + b"]" * 60 + b"}", "unreadable", None, "body: is nested too deeply"),
        (encoded({}), "call.unknown", None, "call_id: is missing"),
        (encoded({"event_type": "call_ended"}), "call_ended", None, "payload.call.id: is missing"),
        (encoded({"event_type": "call_ended", "payload": []}), "call_ended", None, "payload.call.id: is missing"),
        (
            encoded({"event_type": "call_ended", "payload": {"call": "x"}}),
            "call_ended",
            None,
            "payload.call.id: is missing",
        ),
        (ended(id=7), "call_ended", None, "payload.call.id: is not text"),
        (ended(id=" "), "call_ended", None, "payload.call.id: is empty"),
        (ended(id="x" * 201), "call_ended", None, "payload.call.id: is longer than 200 characters"),
        (ended(id="a\x00b"), "call_ended", None, "payload.call.id: holds characters that no id has"),
        (ended(id="a\nb"), "call_ended", None, "payload.call.id: holds characters that no id has"),
        (
            encoded({"event_type": "call_muted", "payload": {"call": {"id": "call_1"}}}),
            "call_muted",
            "call_1",
            "no document",
        ),
        (encoded({"event_type": 5, "payload": {"call": {"id": "call_1"}}}), "unknown", "call_1", "no document"),
        (encoded({"event_type": "x y", "payload": None}), "unknown", None, "no document"),
        (encoded({"event": "alert.triggered", "workspace_id": "ws_1"}), "alert.triggered", None, "no document"),
        (encoded({"event": "call.function_error", "session_id": "s_1"}), "call.function_error", "s_1", "no document"),
        (encoded({"event": "ping"}), "ping", None, "no document"),
        (encoded({"event": "call.ended"}), "call.ended", None, "session_id: is missing"),
        (encoded({"id": "evt_1", "status": "paused"}), "call.paused", "evt_1", "names no call_id"),
    ],
)
def test_what_will_lead_to_nothing_is_parked_with_its_reason(body, kind, subject, says):
    envelope = read_envelope({}, body)
    assert (envelope.kind, envelope.subject) == (kind, subject)
    assert says in envelope.parked_reason


def test_a_byte_order_mark_repeated_keys_and_nan_do_no_harm():
    body = b'\xef\xbb\xbf{"call_id":"call_0","call_id":"call_1","status":"completed","duration":NaN,"metadata":{"x":-Infinity}}'
    call = read(body)
    assert read_envelope({}, body) == Envelope("call.completed", "call_1")
    assert (call.call_id, call.duration_seconds, call.other_fields) == ("call_1", None, {})


def test_a_number_of_ten_thousand_digits_does_no_harm():
    body = (
        b'{"call_id":"call_1","status":"completed","duration":'
        + b"9" * 10_000
        + b',"analysis":{"sku":'
        + b"8" * 9_000
        + b"}}"
    )
    call = read(body)
    assert (call.duration_seconds, call.fields, set(call.unread_fields)) == (None, {}, {"sku"})


def test_no_text_of_an_error_repeats_what_was_sent():
    with pytest.raises(PayloadError) as raised:
        read(ended(id="jane@example.com" + " " * 5 + "\x01"))
    assert raised.value.field == "payload.call.id"
    assert "jane" not in str(raised.value)


# Arbitrary JSON, and JSON that has the shape of a call with anything in its places.
much = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
texts = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["unknown", "2026-12-24", "$5", "yes", "12137771234", "[1]", "{}"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
fact_names = st.sampled_from(
    [*COMPLETED, "call_id", "session_id", "metadata", "analysis", "extracted_data", "call_transfer", "phone_number"]
)
analyses = st.dictionaries(st.sampled_from(sorted(MAPPING.field_names)) | texts, values, max_size=4)
call_facts = st.builds(
    lambda facts, call_id, analysis: facts | {"id": call_id, "call_id": call_id, "post_call_analysis": analysis},
    st.dictionaries(fact_names, values, max_size=6),
    st.sampled_from(["call_1", "é", "", 5, None, "x" * 300]),
    analyses,
)
bodies = (
    values
    | call_facts
    | st.builds(
        lambda name, call: {"event_type": name, "payload": {"call": call}},
        st.sampled_from(["call_ended", "x", 5]),
        call_facts,
    )
    | st.builds(
        lambda name, call: {"event": name} | call,
        st.sampled_from(["call.ended", "call.analysis_ready", None]),
        call_facts,
    )
)
CALLS = TypeAdapter(Call)


def holds_for(body: bytes) -> None:
    """What must hold of any body: nothing but PayloadError, one opinion on the call id, and a call that can be stored."""
    envelope = read_envelope({}, body)
    try:
        call = read(body)
    except PayloadError:
        assert envelope.parked_reason is not None
        assert envelope.subject is None
        return
    assert envelope.subject == call.call_id
    stored = CALLS.dump_python(call, mode="json")
    assert CALLS.validate_json(json.dumps(stored, allow_nan=False)) == call
    assert CALLS.validate_python(stored) == call
    assert "\x00" not in json.dumps(stored, ensure_ascii=False)
    json.dumps(stored, ensure_ascii=False).encode()


@much
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body):
    holds_for(body)


@much
@given(bodies)
def test_any_json_is_read_or_refused(body):
    holds_for(json.dumps(body).encode())


@much
@given(values)
def test_any_rest_row_is_read_or_refused(row):
    try:
        call = read_rest_call(row, MAPPING)
    except PayloadError:
        return
    assert CALLS.validate_python(CALLS.dump_python(call, mode="json")) == call
