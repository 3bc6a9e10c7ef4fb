"""The DialNexa twin over real HTTP: what it delivers and how often, its log, its REST API; and that our reader reads it."""

import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from dialnexa_twin_server import API_KEY, SECRET, running_receiver, running_twin

from app.adapters.dialnexa.client import connect
from app.adapters.dialnexa.payloads import read_call, read_envelope
from app.adapters.dialnexa.sender import DialNexa
from app.adapters.dialnexa.signature import verify
from app.adapters.mapping_file import load_mapping
from app.core.calls import CallStage, Direction, Transfer, merge
from app.errors import DestinationUnavailableError
from app.sandbox.dialnexa import TwinCall, call_ended_body, create_dialnexa_twin, deliver

MAPPING = load_mapping()
START = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


class StepClock:
    """Each call a minute after the one before."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> datetime:
        self.calls += 1
        return START + timedelta(minutes=self.calls)


@pytest.fixture(scope="module")
def server():
    with running_receiver() as receiver, running_twin(clock=StepClock()) as twin:
        yield receiver, twin


@pytest.fixture
def receiver(server):
    return server[0].fresh()


@pytest.fixture
def twin(server, receiver):
    twin = server[1]
    twin.http.post("/_twin/reset")
    assert twin.register(receiver.url).is_success
    receiver.fresh()
    return twin


@pytest.fixture(scope="module")
def quiet_twin():
    """Without a webhook, with three calls of which one is another organisation's."""
    with running_twin(clock=StepClock()) as twin:
        twin.place(id="call_a", duration_seconds=30, analysis={"order_id": "1001"})
        twin.place(id="call_b", status="hangup", reason="user_busy", direction="outbound")
        twin.place(id="call_c", duration_seconds=300, agent_id="agent_2")
        twin.place(id="call_other", is_foreign=True)
        yield twin


def events(receiver) -> list[str]:
    bodies = [json.loads(body) for _, body in receiver.received]
    return [body.get("event_type") or body.get("event") or body["status"] for body in bodies]


# What is delivered


def test_a_completed_call_is_told_by_two_signed_events_under_the_documented_agent(twin, receiver):
    placed = twin.place(analysis={"Order ID": "1001", "Intent": None}, metadata={"order_id": "77"})
    assert events(receiver) == ["call_initiated", "call_ended"]
    assert [attempt["is_success"] for attempt in placed["attempts"]] == [True, True]
    for headers, body in receiver.received:
        assert headers["user-agent"] == "DialNexa-External-Webhook/1.0"
        assert verify(headers, body, [SECRET]) == "x-dialnexa-signature bare secret#1"
    call = json.loads(receiver.received[1][1])["payload"]["call"]
    assert call["id"] == placed["id"]
    assert call["from_number"] == "12137771234"
    assert call["post_call_analysis"] == {"Order ID": "1001", "Intent": None}
    assert json.loads(call["transcript"])[0].keys() == {"role", "content", "start", "end"}


def test_every_family_and_event_of_a_call_is_read_into_one_call(twin, receiver):
    transfer = {"destination": "+12137779999", "status": "completed", "destination_id": "dest_1"}
    twin.place(
        id="call_1",
        families=["E", "U", "L"],
        direction="outbound",
        transfer=transfer,
        analysis={"requested_action": "cancel order"},
    )
    assert events(receiver) == [
        "call_initiated",
        "transfer_completed",
        "call_ended",
        "completed",
        "call.started",
        "call.ended",
        "call.transcript_ready",
        "call.analysis_ready",
    ]
    call = None
    for headers, body in receiver.received:
        envelope = read_envelope(headers, body)
        assert (envelope.subject, envelope.parked_reason) == ("call_1", None)
        call = merge(call, read_call(body, MAPPING))
    assert (call.stage, call.families, call.conflicts) == (CallStage.COMPLETED, ("E", "U", "L"), ())
    assert (call.direction, call.caller_number) == (Direction.OUTBOUND, "+12137771235")
    assert call.transfer == Transfer("+12137779999", "completed", "dest_1")
    assert [turn.role for turn in call.transcript] == ["agent", "user"]
    assert call.fields == {"requested_action": ("cancel order",)}


def test_a_call_that_never_connected_carries_its_reason_under_both_names(twin, receiver):
    twin.place(status="hangup", reason="user_busy", families=["E", "U"])
    call = json.loads(receiver.received[1][1])["payload"]["call"]
    assert (call["status"], call["hangup_reason"], call["disconnection_reason"]) == ("hangup", "user_busy", "user_busy")
    assert events(receiver)[-1] == "failed"
    stages = [read_call(body, MAPPING).stage for _, body in receiver.received]
    assert stages == [CallStage.INITIATED, CallStage.NOT_CONNECTED, CallStage.NOT_CONNECTED]


@pytest.mark.parametrize("form", ["json_string", "array", "lines", "one_line", "by_speaker"])
def test_each_form_of_transcript_is_read_to_the_same_turns(form):
    body = json.dumps(call_ended_body(TwinCall("call_1", transcript_form=form))).encode()
    turns = [(turn.role, turn.text) for turn in read_call(body, MAPPING).transcript]
    assert turns == [("agent", "Hello, how can I help?"), ("user", "Where is my gift?")]


@pytest.mark.parametrize(
    ("variant", "matched"),
    [
        ("dialnexa", "x-dialnexa-signature bare secret#1"),
        ("dialnexa-sha256", "x-dialnexa-signature sha256= secret#1"),
        ("nexa", "x-nexa-signature bare secret#1"),
        ("nexa-sha256", "x-nexa-signature sha256= secret#1"),
        ("both", "x-dialnexa-signature bare secret#1"),
        ("inner-payload", None),
        ("unsigned", None),
    ],
)
def test_each_variant_of_signature_verifies_or_is_refused(twin, receiver, variant, matched):
    twin.place(variant=variant, events=["call_ended"], summary="Grüße")
    ((headers, body),) = receiver.received
    assert verify(headers, body, [SECRET]) == matched


def test_the_user_webhook_is_signed_as_its_own_page_says(twin, receiver):
    twin.place(families=["U"])
    ((headers, body),) = receiver.received
    assert verify(headers, body, [SECRET]) == "x-nexa-signature sha256= secret#1"


# Retries, faults, the log


def test_a_delivery_is_tried_again_until_a_2xx_comes_and_the_log_links_the_tries(twin, receiver):
    receiver.answers = [500, 302]
    placed = twin.place(id="call_1", events=["call_ended"])
    first, second, third = placed["attempts"]
    assert twin.deliveries() == placed["attempts"]
    assert len({body for _, body in receiver.received}) == 1
    assert first == {
        "id": first["id"],
        "event": "call_ended",
        "call_id": "call_1",
        "response_status": 500,
        "is_success": False,
        "error_message": "non-2xx response",
        "retry_attempt": 0,
        "parent_delivery_id": None,
    }
    assert (second["response_status"], second["retry_attempt"], second["parent_delivery_id"]) == (302, 1, first["id"])
    assert (third["is_success"], third["retry_attempt"], third["parent_delivery_id"]) == (True, 2, first["id"])


@pytest.mark.parametrize("retries", [0, 3])
def test_retries_end_after_the_number_that_was_set(twin, receiver, retries):
    twin.register(receiver.url, retries=retries)
    receiver.received.clear()
    receiver.answers = [503] * 9
    assert len(twin.place(events=["call_ended"])["attempts"]) == retries + 1
    assert len(receiver.received) == retries + 1


def test_an_answer_that_comes_too_late_is_a_failure(twin, receiver):
    twin.register(receiver.url, retries=0, timeout_ms=1000)
    receiver.seconds = 1.5
    (attempt,) = twin.place(events=["call_ended"])["attempts"]
    assert (attempt["response_status"], attempt["error_message"]) == (None, "timeout")


def test_a_receiver_that_is_not_there_is_a_failure(twin, receiver):
    with running_receiver() as gone:
        twin.register(gone.url, retries=1)
    attempts = twin.place(events=["call_ended"])["attempts"]
    assert [attempt["error_message"] for attempt in attempts] == ["ConnectError"] * 2


def test_a_dropped_delivery_never_comes_and_rest_still_knows_the_call(twin, receiver):
    placed = twin.place(faults={"drop": True})
    assert receiver.received == []
    assert [row["id"] for row in twin.calls()] == [placed["id"]]


def test_duplicates_are_the_same_bytes_and_a_delay_is_waited_for(twin, receiver):
    started = time.monotonic()
    twin.place(events=["call_ended"], faults={"duplicates": 2, "delay_seconds": 0.3})
    assert time.monotonic() - started >= 0.3
    assert len(receiver.received) == 3
    assert len({body for _, body in receiver.received}) == 1


def test_a_call_can_be_placed_without_waiting_for_its_deliveries(twin, receiver):
    placed = twin.place(wait=False, faults={"delay_seconds": 0.2})
    assert (placed["attempts"], receiver.received) == ([], [])
    deadline = time.monotonic() + 5
    while len(receiver.received) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_the_same_seed_gives_the_same_ids():
    async def ids(seed):
        twin = create_dialnexa_twin(api_key=API_KEY, secret=SECRET, seed=seed)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(twin), base_url="http://twin") as client:
            return [(await client.post("/_twin/calls", json={})).json()["id"] for _ in range(3)]

    assert await ids(1) == await ids(1) != await ids(2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"family": "E"},
        {"families": ["X"]},
        {"id": "1"},
        {"status": "busy"},
        {"faults": {"duplicates": -1}},
        {"variant": "md5"},
    ],
)
def test_a_placement_that_cannot_be_is_refused(quiet_twin, wrong):
    response = quiet_twin.http.post("/_twin/calls", json=wrong)
    assert (response.status_code, response.json()["statusCode"]) == (400, 400)


async def test_deliver_can_be_used_by_itself_with_any_bytes(receiver):
    async with httpx.AsyncClient(trust_env=False) as client:
        (attempt,) = await deliver(
            client, receiver.url, b"{not json", SECRET, variant="nexa", retries=0, timeout_ms=1000
        )
    assert (attempt.is_success, attempt.event, attempt.call_id) == (True, "unknown", None)
    ((headers, body),) = receiver.received
    assert body == b"{not json"
    assert verify(headers, body, [SECRET]) == "x-nexa-signature bare secret#1"


@pytest.mark.parametrize("options", [{"retries": 4}, {"retries": -1}, {"timeout_ms": 999}, {"timeout_ms": 60_001}])
async def test_deliver_keeps_the_documented_limits(options):
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(ValueError, match="0 to 3 retries"):
            await deliver(client, "http://127.0.0.1:9", {}, SECRET, **options)


# Registering an address


def test_an_address_is_saved_only_after_it_answered_the_verification(twin, receiver):
    twin.http.post("/_twin/reset")
    receiver.answers = [401]
    refused = twin.register(receiver.url)
    assert (refused.status_code, refused.json()["error"]) == (400, "Bad Request")
    assert twin.place()["attempts"] == []
    assert len(receiver.received) == 1
    assert twin.register(receiver.url).is_success
    assert len(twin.place(events=["call_ended"])["attempts"]) == 1


@pytest.mark.parametrize("signed", [True, False])
def test_the_verification_is_read_as_one_and_parked(twin, receiver, signed):
    twin.register(receiver.url, is_verification_signed=signed)
    ((headers, body),) = receiver.received
    assert headers["user-agent"] == "DialNexa-External-Webhook-Verification/1.0"
    assert (verify(headers, body, [SECRET]) is not None) is signed
    envelope = read_envelope(headers, body)
    assert (envelope.kind, envelope.subject, envelope.parked_reason is None) == ("verification", None, False)


@pytest.mark.parametrize(
    "options", [{"retries": 4}, {"timeout_ms": 999}, {"url": "ftp://x"}, {"url": "https://" + "x" * 150}]
)
def test_an_address_outside_the_documented_limits_is_refused(quiet_twin, options):
    assert quiet_twin.register(**({"url": "https://example.invalid"} | options)).status_code == 400


# REST


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/calls/call_a"])
@pytest.mark.parametrize("key", [None, "Bearer wrong", API_KEY, "Bearer é"])
def test_a_request_without_the_whole_bearer_key_is_unauthorized(quiet_twin, path, key):
    headers = {} if key is None else {"authorization": key.encode()}
    response = httpx.get(quiet_twin.url + path, headers=headers, trust_env=False)
    assert response.status_code == 401
    assert response.json() == {"statusCode": 401, "message": "Unauthorized", "error": "Unauthorized"}


@pytest.mark.parametrize(
    ("path", "status", "phrase"),
    [
        ("/v1/calls/1", 400, "Bad Request"),
        ("/v1/calls/call_none", 404, "Not Found"),
        ("/v1/calls/call_other", 403, "Forbidden"),
        ("/v1/calls?limit=201", 400, "Bad Request"),
        ("/v1/calls?page=0", 400, "Bad Request"),
        ("/v1/calls?start_date=x", 400, "Bad Request"),
        ("/calls", 404, "Not Found"),
    ],
)
def test_errors_have_the_documented_body(quiet_twin, path, status, phrase):
    response = quiet_twin.http.get(path)
    assert response.status_code == status
    assert response.json().keys() == {"statusCode", "message", "error"}
    assert (response.json()["statusCode"], response.json()["error"]) == (status, phrase)


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({}, ["call_c", "call_b", "call_a"]),
        ({"created_at": "asc"}, ["call_a", "call_b", "call_c"]),
        ({"duration": "desc"}, ["call_c", "call_b", "call_a"]),
        ({"limit": 2}, ["call_c", "call_b"]),
        ({"limit": 2, "page": 2}, ["call_a"]),
        ({"limit": 2, "page": 3}, []),
        ({"call_id": "call_a,call_b"}, ["call_b", "call_a"]),
        ({"status": "busy"}, ["call_b"]),
        ({"status": "completed,failed"}, ["call_c", "call_a"]),
        ({"agent_id": "agent_2"}, ["call_c"]),
        ({"call_direction": "outbound"}, ["call_b"]),
        ({"start_date": "2026-11-02T10:02:00Z"}, ["call_c", "call_b"]),
        ({"end_date": "2026-11-02T10:01:00"}, ["call_a"]),
    ],
)
def test_the_list_is_a_root_array_that_can_be_paged_filtered_and_sorted(quiet_twin, params, ids):
    assert [row["id"] for row in quiet_twin.calls(**params)] == ids


def test_a_row_has_less_than_the_call_and_neither_has_a_transcript(quiet_twin):
    row, call = quiet_twin.calls(call_id="call_a")[0], quiet_twin.http.get("/v1/calls/call_a").json()
    assert row.keys() < call.keys()
    assert "transcript" not in call
    assert (row["postcallanalysis"], call["from_number"]) == ({"order_id": "1001"}, "+12137771234")


# Our client against it


@pytest.fixture
async def dialnexa(quiet_twin):
    dialnexa = DialNexa([SECRET], MAPPING, connect(quiet_twin.url + "/v1", API_KEY))
    yield dialnexa
    await dialnexa.close()


async def listed(dialnexa, *, since):
    return [each.call async for page in dialnexa.list_calls(since=since) for each in page.calls]


async def test_our_client_reads_a_call(dialnexa, quiet_twin):
    call = await dialnexa.fetch_call("call_a")
    assert (call.stage, call.families, call.fields) == (CallStage.COMPLETED, ("REST",), {"order_id": "1001"})
    assert (call.direction, call.from_number, call.duration_seconds) == (Direction.INBOUND, "+12137771234", 30)
    assert call.recording_url.startswith(f"{quiet_twin.url}/recordings/call_a.mp3?se=")
    assert call.started_at == START + timedelta(minutes=1)


@pytest.mark.parametrize("call_id", ["call_none", "1", "..", "a/b?c#d", "é"])
async def test_our_client_knows_no_call_that_dialnexa_does_not_know(dialnexa, call_id):
    assert await dialnexa.fetch_call(call_id) is None


async def test_our_client_says_when_it_may_not_see_a_call(dialnexa):
    with pytest.raises(DestinationUnavailableError):
        await dialnexa.fetch_call("call_other")


async def test_our_client_lists_the_calls_since_a_time_oldest_first(dialnexa):
    calls = await listed(dialnexa, since=START + timedelta(minutes=2))
    assert [(call.call_id, call.stage) for call in calls] == [
        ("call_b", CallStage.NOT_CONNECTED),
        ("call_c", CallStage.COMPLETED),
    ]


async def test_our_client_lists_more_calls_than_one_page_holds(twin):
    for place in range(250):
        twin.place(id=f"call_{place}", faults={"drop": True})
    dialnexa = DialNexa([], MAPPING, connect(twin.url, API_KEY))
    calls = await listed(dialnexa, since=START)
    await dialnexa.close()
    assert [call.call_id for call in calls] == [f"call_{place}" for place in range(250)]


async def test_our_client_tries_a_read_again_and_gives_up_in_our_words(dialnexa, quiet_twin):
    quiet_twin.http.post("/_twin/rest-faults", json={"status": 429, "retry_after_seconds": 0})
    assert (await dialnexa.fetch_call("call_a")).call_id == "call_a"
    quiet_twin.http.post("/_twin/rest-faults", json={"status": 503, "retry_after_seconds": 60})
    with pytest.raises(DestinationUnavailableError) as raised:
        await dialnexa.fetch_call("call_a")
    assert raised.value.retry_after_seconds == 60


async def test_without_a_key_nothing_is_read_over_rest():
    dialnexa = DialNexa([SECRET], MAPPING, None)
    assert await dialnexa.fetch_call("call_a") is None
    assert await listed(dialnexa, since=START) == []
    await dialnexa.close()
