"""Goody's webhooks: signatures by an independent reckoning of the scheme, and bodies as the documents spell them."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.goody.webhooks import GoodyEvent, GoodyWebhooks, read_event
from app.errors import PayloadError, SettingError
from app.ports.senders import Envelope, Sender

# The documents' own test vector.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIMESTAMP = 1614265330
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OTHER_SECRET = "whsec_" + base64.b64encode(b"another key of 24 bytes.").decode()
BODY = b'{"event_type": "order.canceled", "id": "e-1", "data": {"id": "o-1", "order_batch_id": "b-1"}}'


def sign(secret: str, message_id: str, timestamp: int | str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def signed_headers(
    body: bytes = BODY, *, secret: str = SECRET, prefix: str = "svix", seconds_ago: int = 0
) -> dict[str, str]:
    timestamp = int(time.time()) - seconds_ago
    return {
        f"{prefix}-id": "msg_1",
        f"{prefix}-timestamp": str(timestamp),
        f"{prefix}-signature": sign(secret, "msg_1", timestamp, body),
    }


def event(event_type: str, data: Any, **more: Any) -> bytes:
    return json.dumps({"event_type": event_type, "id": "e-1", "data": data, **more}).encode()


def test_the_documents_test_vector_is_reckoned_alike_and_refused_for_its_age_alone():
    assert sign(SECRET, VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_BODY) == VECTOR_SIGNATURE
    headers = {"svix-id": VECTOR_ID, "svix-timestamp": str(VECTOR_TIMESTAMP), "svix-signature": VECTOR_SIGNATURE}
    sender: Sender = GoodyWebhooks([SECRET])
    assert sender.verify(headers, VECTOR_BODY) is None
    now = str(int(time.time()))
    headers |= {"svix-timestamp": now, "svix-signature": sign(SECRET, VECTOR_ID, now, VECTOR_BODY)}
    assert sender.verify(headers, VECTOR_BODY) == "svix secret#0"


@pytest.mark.parametrize("prefix", ["svix", "webhook"])
def test_both_spellings_of_the_headers_are_accepted(prefix):
    assert GoodyWebhooks([SECRET]).verify(signed_headers(prefix=prefix), BODY) == "svix secret#0"


def test_a_secret_may_come_without_its_prefix_or_its_padding():
    for secret in (SECRET.removeprefix("whsec_"), OTHER_SECRET, f" {SECRET}\n"):
        headers = signed_headers(secret="whsec_" + secret.strip().removeprefix("whsec_"))
        assert GoodyWebhooks([secret]).verify(headers, BODY) == "svix secret#0"
    padded = "whsec_" + base64.b64encode(b"a key of 25 bytes, padded").decode()
    assert padded.endswith("=")
    headers = signed_headers(secret=padded)
    assert GoodyWebhooks([padded.rstrip("=")]).verify(headers, BODY) == "svix secret#0"


def test_during_a_rotation_both_secrets_are_accepted_and_named():
    sender = GoodyWebhooks([SECRET, OTHER_SECRET])
    assert sender.verify(signed_headers(secret=SECRET), BODY) == "svix secret#0"
    assert sender.verify(signed_headers(secret=OTHER_SECRET), BODY) == "svix secret#1"
    assert GoodyWebhooks([SECRET]).verify(signed_headers(secret=OTHER_SECRET), BODY) is None


def test_one_good_signature_among_others_is_enough():
    headers = signed_headers()
    good, other = headers["svix-signature"], signed_headers(secret=OTHER_SECRET)["svix-signature"]
    for junk in (other, "v2,abc", "v1a,xyz=", "junk", "v1,", "v1,a,b", "v1,é", ""):
        headers["svix-signature"] = f"{junk} {good}"
        assert GoodyWebhooks([SECRET]).verify(headers, BODY) == "svix secret#0"


def test_a_tampered_body_is_refused():
    assert GoodyWebhooks([SECRET]).verify(signed_headers(), BODY.replace(b"o-1", b"o-2")) is None
    assert GoodyWebhooks([SECRET]).verify(signed_headers(), BODY + b" ") is None


def test_a_message_under_another_id_is_refused():
    headers = signed_headers(prefix="webhook")
    assert GoodyWebhooks([SECRET]).verify({**headers, "svix-id": "msg_2"}, BODY) is None
    assert GoodyWebhooks([SECRET]).verify({**headers, "webhook-id": "msg_2"}, BODY) is None


@pytest.mark.parametrize(
    ("seconds_ago", "is_accepted"), [(0, True), (290, True), (310, False), (-290, True), (-310, False)]
)
def test_a_message_more_than_five_minutes_old_or_ahead_is_refused(seconds_ago, is_accepted):
    variant = GoodyWebhooks([SECRET]).verify(signed_headers(seconds_ago=seconds_ago), BODY)
    assert (variant is not None) is is_accepted


def test_without_a_secret_nothing_is_accepted():
    assert GoodyWebhooks([]).verify(signed_headers(), BODY) is None


@pytest.mark.parametrize("missing", ["id", "timestamp", "signature"])
def test_a_missing_or_empty_header_is_refused(missing):
    headers = signed_headers()
    assert GoodyWebhooks([SECRET]).verify({**headers, f"svix-{missing}": ""}, BODY) is None
    del headers[f"svix-{missing}"]
    assert GoodyWebhooks([SECRET]).verify(headers, BODY) is None


JUNK = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
JUNK_TIMESTAMP = JUNK | st.sampled_from(["nan", "inf", "-inf", "1e400", "-1e18", "9" * 400, "1_0", "٣"])


@settings(deadline=None)
@given(JUNK, JUNK_TIMESTAMP, JUNK | st.just(VECTOR_SIGNATURE), st.binary(max_size=40))
def test_junk_is_refused_without_an_error(message_id, timestamp, signature, body):
    headers = {"svix-id": message_id, "svix-timestamp": timestamp, "svix-signature": signature}
    sender = GoodyWebhooks([SECRET])
    assert sender.verify(headers, body) is None
    assert sender.read_envelope(headers, body).parked_reason is not None


def test_a_signed_body_that_is_not_text_is_refused():
    assert GoodyWebhooks([SECRET]).verify(signed_headers(b"\xff\xfe"), b"\xff\xfe") is None


@pytest.mark.parametrize("junk", ["", "whsec_", "whsec_not base64 at all!", "whsec_c2hvcnQ=", "whsec_äöü", "whsec_A"])
def test_a_junk_secret_is_told_by_its_position_and_not_shown(junk):
    with pytest.raises(
        SettingError, match="HANDOFF_GOODY_WEBHOOK_SECRETS holds no Svix secret at position 2"
    ) as caught:
        GoodyWebhooks([SECRET, junk])
    assert junk in {"", "whsec_"} or junk not in str(caught.value)


ORDER_KINDS = ["created", "gift_opened", "gift_accepted", "thank_you_note_added", "shipped", "delivered", "canceled"]


@pytest.mark.parametrize("kind", [f"order.{kind}" for kind in [*ORDER_KINDS, "refunded"]])
def test_an_order_event_is_about_its_order(kind):
    body = event(kind, {"id": "o-1", "status": "shipped", "order_batch_id": "b-1"})
    assert read_event(body) == GoodyEvent(kind, order_id="o-1", batch_id="b-1")
    assert GoodyWebhooks([]).read_envelope({"svix-id": "msg_1"}, body) == Envelope(kind, "o-1", "msg_1")


@pytest.mark.parametrize("step", ["created", "completed"])
@pytest.mark.parametrize("spelling", ["gift_batch", "order_batch", "Order_Batch"])
def test_a_batch_event_is_about_its_batch_in_either_spelling(spelling, step):
    body = event(f"{spelling}.{step}", {"id": "b-1", "gifts_count": 2, "gifts_preview": [{"id": "o-1"}]})
    assert read_event(body) == GoodyEvent(f"order_batch.{step}", order_id=None, batch_id="b-1")
    envelope = GoodyWebhooks([]).read_envelope({"webhook-id": "msg_1"}, body)
    assert envelope == Envelope(f"order_batch.{step}", "b-1", "msg_1")


def test_older_names_are_understood():
    assert read_event(event("order.accepted", {"id": "o-1"})).kind == "order.gift_accepted"
    assert read_event(b'{"type": "order.created", "data": {"id": "o-1"}}') == GoodyEvent("order.created", "o-1", None)
    assert read_event(event("order.created", {"id": "o-1", "gift_batch_id": "b-1"})).batch_id == "b-1"


PARKED = {
    "body: is not JSON": [b"", b"hello", b"{", b"\xff\xfe", b"[" * 100_000],
    "body: is not an object": [b"[]", b'"order.created"', b"null"],
    "event_type: is missing or no text": [b"{}", b'{"event_type": 1}', b'{"event_type": " ", "data": {"id": "o-1"}}'],
    "event_type: is no kind known to us": [event("order.expired", {"id": "o-1"}), event("endpoint.test", {})],
    "data.id: is missing or no id": [
        event("order.created", None),
        event("order.created", {"id": 1}),
        event("order.created", {"id": "../x"}),
        event("gift_batch.created", []),
    ],
}


@pytest.mark.parametrize(("reason", "body"), [(reason, body) for reason, bodies in PARKED.items() for body in bodies])
def test_what_cannot_be_used_is_parked_with_its_reason_and_message_id(reason, body):
    envelope = GoodyWebhooks([]).read_envelope({"svix-id": "msg_1"}, body)
    assert envelope.parked_reason == reason
    assert envelope.subject is None
    assert envelope.message_id == "msg_1"


def test_the_kind_of_a_parked_delivery_can_be_stored():
    envelope = GoodyWebhooks([]).read_envelope({}, event("Order.\x00\ud800" + "x" * 500, {"id": "o-1"}))
    assert envelope.kind.startswith("order.\ufffd\ufffdx")
    assert len(envelope.kind) == 100
    assert envelope.message_id is None


def test_an_event_that_cannot_be_read_says_which_field():
    with pytest.raises(PayloadError, match="event_type"):
        read_event(b"{}")
