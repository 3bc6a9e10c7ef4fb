"""Take a delivery in: verify it, store it once, commit. Reading it is a job's work, after the receipt."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from app.db import audit, deliveries
from app.ports.senders import Envelope, Sender
from app.services.parts import INTAKE, Parts
from app.services.schedule import schedule_observation, schedule_understanding

# Kept as evidence of who sent it; nothing else of the headers is worth keeping.
KEPT_HEADERS = frozenset(
    {
        "content-type",
        "user-agent",
        "x-dialnexa-signature",
        "x-nexa-signature",
        "svix-id",
        "svix-timestamp",
        "svix-signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
)


@dataclass(frozen=True, slots=True)
class Receipt:
    is_new: bool
    envelope: Envelope


# Nobody documents whether DialNexa signs the request by which it tries a new URL, and without a 2xx it registers none.
VERIFICATION = "verification"
LONGEST_VERIFICATION_BYTES = 4096


async def receive(parts: Parts, sender: Sender, headers: Mapping[str, str], body: bytes) -> Receipt | None:
    """The receipt, once the delivery is committed; None when no signature matched and so nothing was stored."""
    variant = sender.verify(headers, body)
    if variant is None:
        return _answer_unsigned(sender, headers, body)
    envelope = sender.read_envelope(headers, body)
    async with parts.database.transaction() as conn:
        delivery_id = await deliveries.store_delivery(
            conn,
            sender=sender.name,
            envelope=envelope,
            body=body,
            headers={name: value for name, value in headers.items() if name in KEPT_HEADERS},
            signature_variant=variant,
            vault=parts.vault,
        )
        if delivery_id is None:
            return Receipt(is_new=False, envelope=envelope)
        is_call = sender.name not in parts.shops
        await audit.write(
            conn,
            actor=INTAKE,
            event="delivery.received" if envelope.parked_reason is None else "delivery.parked",
            at=parts.clock.now(),
            call_id=envelope.subject if is_call else None,
            data={
                "delivery_id": delivery_id,
                "sender": sender.name,
                "kind": envelope.kind,
                "signature_variant": variant,
                "body_sha256": hashlib.sha256(body).hexdigest(),
                "parked_reason": envelope.parked_reason,
            },
        )
        if envelope.parked_reason is None and envelope.subject is not None:
            if is_call:
                await schedule_understanding(conn, delivery_id, envelope.subject)
            else:
                await schedule_observation(conn, delivery_id, destination=sender.name, subject=envelope.subject)
    return Receipt(is_new=True, envelope=envelope)


def _answer_unsigned(sender: Sender, headers: Mapping[str, str], body: bytes) -> Receipt | None:
    """A verification is answered all the same: it says nothing, nothing is stored, so a spoofed one gains nothing."""
    if len(body) > LONGEST_VERIFICATION_BYTES:
        return None
    envelope = sender.read_envelope(headers, body)
    return Receipt(is_new=False, envelope=envelope) if envelope.kind == VERIFICATION else None
