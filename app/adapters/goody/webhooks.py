"""Goody's webhooks: whether Svix signed a body with a secret of ours, and what the body is about.

What a body says of an order is a hint: snapshots may be stale, so the order itself is read afterwards.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from svix.webhooks import Webhook, WebhookVerificationError

from app.adapters.goody.payloads import ID, clean_text
from app.adapters.standard_webhooks import read_key
from app.errors import PayloadError, SettingError
from app.ports.senders import Envelope

ORDER_KINDS = frozenset(
    {
        "order.created",
        "order.gift_opened",
        "order.gift_accepted",
        "order.thank_you_note_added",
        "order.shipped",
        "order.delivered",
        "order.canceled",
        "order.refunded",
    }
)
BATCH_KINDS = frozenset({"order_batch.created", "order_batch.completed"})
# The documents spell these two ways; the first is what the examples and an older page say.
OTHER_SPELLINGS = {
    "gift_batch.created": "order_batch.created",
    "gift_batch.completed": "order_batch.completed",
    "order.accepted": "order.gift_accepted",
}
UNREADABLE = "unreadable"
LONGEST_WORD = 100  # of a kind nobody knows, or of a message id: enough to find it again

SECRETS_SETTING = "HANDOFF_GOODY_WEBHOOK_SECRETS"
# base64 of an HMAC-SHA256. Other entries are of other versions or junk, on which the library would stumble.
SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True, slots=True)
class GoodyEvent:
    """What a webhook tells: `kind` in the spelling of Goody's event list, and what to read again."""

    kind: str
    order_id: str | None
    batch_id: str | None


class GoodyWebhooks:
    """Sender "goody". Every secret is accepted, so that one can be rotated; without any, nothing is."""

    name = "goody"

    def __init__(self, secrets: Sequence[str]) -> None:
        self._verifiers = tuple(Webhook(_key(secret, position)) for position, secret in enumerate(secrets, start=1))

    def verify(self, headers: Mapping[str, str], body: bytes) -> str | None:
        signed = {
            "svix-id": _header(headers, "id"),
            "svix-timestamp": _header(headers, "timestamp"),
            "svix-signature": " ".join(SIGNATURE.findall(_header(headers, "signature"))),
        }
        for index, verifier in enumerate(self._verifiers):
            try:
                verifier.verify(body, signed)
            except (WebhookVerificationError, ValueError):  # ValueError: a body or a header that is not text
                continue
            return f"svix secret#{index}"
        return None

    def read_envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope:
        message_id = _short_text(_header(headers, "id")) or None
        try:
            event = read_event(body)
        except PayloadError as error:
            return Envelope(UNREADABLE, message_id=message_id, parked_reason=str(error))
        if event.kind in ORDER_KINDS:
            subject = event.order_id
        elif event.kind in BATCH_KINDS:
            subject = event.batch_id
        else:
            return Envelope(event.kind, message_id=message_id, parked_reason="event_type: is no kind known to us")
        if subject is None:
            return Envelope(event.kind, message_id=message_id, parked_reason="data.id: is missing or no id")
        return Envelope(event.kind, subject, message_id)


def read_event(body: bytes) -> GoodyEvent:
    """Raises PayloadError where there is no event to be seen; a kind that nobody knows is still an event."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError("body", "is not JSON") from None
    if not isinstance(event, dict):
        raise PayloadError("body", "is not an object")
    word = event.get("event_type") or event.get("type")  # public receivers exist that read `type`
    if not isinstance(word, str) or not word.strip():
        raise PayloadError("event_type", "is missing or no text")
    kind = _short_text(word).strip().lower()
    kind = OTHER_SPELLINGS.get(kind, kind)
    data = event.get("data")
    fields = data if isinstance(data, dict) else {}
    if kind in BATCH_KINDS:
        return GoodyEvent(kind, order_id=None, batch_id=_id(fields.get("id")))
    if kind in ORDER_KINDS:
        batch_id = _id(fields.get("order_batch_id")) or _id(fields.get("gift_batch_id"))
        return GoodyEvent(kind, order_id=_id(fields.get("id")), batch_id=batch_id)
    return GoodyEvent(kind, order_id=None, batch_id=None)


def _key(secret: str, position: int) -> bytes:
    key = read_key(secret)
    if key is None:
        remedy = "Copy it again from Goody's dashboard: whsec_ and base64 after it."
        raise SettingError(SECRETS_SETTING, f"holds no Svix secret at position {position}", remedy)
    return key


def _header(headers: Mapping[str, str], word: str) -> str:
    """Svix lets a customer name the headers `webhook-*`; where both are, `svix-*` counts, as in its library."""
    return headers.get(f"svix-{word}", headers.get(f"webhook-{word}", ""))


def _short_text(text: str) -> str:
    return str(clean_text(text[:LONGEST_WORD]))


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and ID.fullmatch(value) else None
