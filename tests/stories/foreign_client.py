"""DialNexa as its documents describe it, to a receiver: bodies of three families, and signatures in every variant.

Written from the vendor's pages alone; it imports nothing of the product.
"""

import hashlib
import hmac
import itertools
import json
import os
import secrets
import zlib
from dataclasses import dataclass
from typing import Any

import httpx

HEADERS = ("x-dialnexa-signature", "x-nexa-signature")
PREFIXES = ("sha256=", "")

AGENT = "DialNexa-External-Webhook/1.0"
VERIFIER = "DialNexa-External-Webhook-Verification/1.0"

_counter = itertools.count(int.from_bytes(os.urandom(3)))


@dataclass(frozen=True)
class Person:
    """Somebody invented, whose name nobody else has."""

    first: str
    last: str
    email: str
    phone: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


def somebody() -> Person:
    first, last = _word(), _word()
    number = next(_counter) % 10_000_000
    phone = f"+1{201 + number % 700}{200 + number % 797}{number % 10_000:04}"
    return Person(first, last, f"{first}.{last}@mail.example.com".lower(), phone)


def _word() -> str:
    """Four syllables in the hundreds of millions of their kind: two are hardly ever alike, even when misheard."""
    syllables = [secrets.choice("bdfgjklmnprstvz") + secrets.choice("aeiou") for _ in range(4)]
    return "".join(syllables).capitalize()


def new_call_id() -> str:
    return f"call_{secrets.token_hex(10)}"


def about(order: dict[str, Any], person: Person, wish: str, **more: Any) -> dict[str, Any]:
    """What an agent writes down of a caller who tells name, e-mail and the reference on the receipt."""
    return {
        "Customer Name": person.name,
        "Customer Email": person.email,
        "Order ID": order["reference_id"],
        "Requested Action": wish,
        **more,
    }


def _number_of(call_id: str) -> str:
    """Each caller rings from a number of their own: one that is shared would be learnt as one person's."""
    number = zlib.crc32(str(call_id).encode(errors="surrogatepass"))
    return f"1{201 + number % 700}{200 + number // 700 % 797}{number % 10_000:04}"


def completed(call_id: str, analysis: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Family E, a call that connected and ended."""
    call = {
        "id": call_id,
        "status": "completed",
        "direction": "inbound",
        "type": "phone_call",
        "category": "batch",
        "category_id": "batch_001",
        "from_number": _number_of(call_id),
        "to_number": "12137771235",
        "agent_id": "agent_987654321",
        "initiated_at": "2026-11-20T10:21:15.945Z",
        "duration_in_seconds": 145,
        "transcript": json.dumps([{"role": "user", "content": "Hello there.", "start": 0.0, "end": 1.5}]),
        "summary": "A caller asked for something.",
        "recording_url": "https://recordings.example.com/rec.mp3?sig=abc",
        "post_call_analysis": analysis,
        "hangup_reason": "user_disconnected",
        **facts,
    }
    return {"event_type": "call_ended", "payload": {"call": call}}


def initiated(call_id: str) -> dict[str, Any]:
    return {
        "event_type": "call_initiated",
        "payload": {
            "call": {
                "id": call_id,
                "direction": "outbound",
                "type": "phone_call",
                "category": "batch",
                "category_id": "batch_001",
                "from_number": "12137771234",
                "to_number": "12137771235",
                "status": "initiated",
                "agent_id": "agent_987654321",
                "initiated_at": "2025-05-02T10:21:15.945Z",
            }
        },
    }


def hangup(call_id: str, **facts: Any) -> dict[str, Any]:
    """Family E, a call that never connected; newer bodies carry the reason under both names."""
    body = initiated(call_id)
    reason = "user_did_not_pick_up"
    body["event_type"] = "call_ended"
    body["payload"]["call"] |= {"status": "hangup", "disconnection_reason": reason, "hangup_reason": reason, **facts}
    return body


def transferred(call_id: str) -> dict[str, Any]:
    body = completed(call_id, {})
    body["event_type"] = "transfer_completed"
    transfer = {"destination": "+12137770000", "status": "completed", "destination_id": "dest_1"}
    body["payload"]["call_transfer"] = transfer
    return body


def flat(call_id: str, extracted: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Family U: no envelope, no event name and no phone number."""
    return {
        "call_id": call_id,
        "status": "completed",
        "sentiment": "positive",
        "summary": "A caller asked for something.",
        "transcript": "Agent: Hello. Customer: I would like to ask something.",
        "extracted_data": extracted,
        "duration": 120,
        "recording_url": "recordings/2026/11/rec.mp3",
        "agent_id": "agent_abc123",
        "metadata": {"source": "make"},
        **facts,
    }


def session(call_id: str, event: str = "call.ended", **facts: Any) -> dict[str, Any]:
    """Family L, of a page that was withdrawn."""
    return {
        "event": event,
        "workspace_id": "ws_12345678",
        "session_id": call_id,
        "agent_id": "agent_12345678",
        "phone_number": "+15550001234",
        "timestamp": "2024-03-15T14:32:00Z",
        **facts,
    }


def verification() -> dict[str, Any]:
    return {"event_type": "verification", "message": "Verifying your webhook", "timestamp": "2026-11-20T10:21:15Z"}


def raw(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


@dataclass
class VoiceAgents:
    """Posts as DialNexa does to one receiver."""

    http: httpx.Client
    secret: str
    path: str = "/webhooks/dialnexa"

    def post(
        self,
        body: Any,
        *,
        header: str = HEADERS[0],
        prefix: str = "",
        secret: str | None = None,
        agent: str = AGENT,
    ) -> httpx.Response:
        content = raw(body)
        signature = prefix + digest(secret or self.secret, content)
        return self.send(content, {header: signature, "user-agent": agent})

    def send(self, content: bytes, headers: dict[str, str]) -> httpx.Response:
        """The bytes as they are, with whatever headers."""
        return self.http.post(self.path, content=content, headers={"content-type": "application/json", **headers})

    def tell(self, body: Any, **how: Any) -> None:
        """Post what has to be received."""
        answer = self.post(body, **how)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"received": True}

    def call(self, analysis: dict[str, Any], **facts: Any) -> str:
        """A completed call of family E; returns its id."""
        call_id = new_call_id()
        self.tell(completed(call_id, analysis, **facts))
        return call_id
