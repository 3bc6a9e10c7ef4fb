"""Deliveries: what was posted to us, byte for byte, each once for ever."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import deliveries
from app.errors import NotFoundError
from app.ports.senders import Envelope


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    sender: str
    kind: str
    subject: str | None
    body: bytes
    received_at: datetime


async def store_delivery(
    conn: AsyncConnection,
    *,
    sender: str,
    envelope: Envelope,
    body: bytes,
    headers: Mapping[str, str],
    signature_variant: str,
) -> int | None:
    """The id of the new delivery; None when the same one is stored already."""
    row = (
        await conn.execute(
            insert(deliveries)
            .values(
                sender=sender,
                kind=envelope.kind,
                subject=envelope.subject,
                message_id=envelope.message_id,
                body=body,
                body_sha256=hashlib.sha256(body).digest(),
                headers=dict(headers),
                signature_variant=signature_variant,
                parked_reason=envelope.parked_reason,
            )
            .on_conflict_do_nothing()
            .returning(deliveries.c.id)
        )
    ).one_or_none()
    return None if row is None else row.id


async def get_delivery(conn: AsyncConnection, delivery_id: int) -> Delivery:
    c = deliveries.c
    row = (
        await conn.execute(select(c.id, c.sender, c.kind, c.subject, c.body, c.received_at).where(c.id == delivery_id))
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"no delivery {delivery_id}")
    return Delivery(row.id, row.sender, row.kind, row.subject, row.body, row.received_at)


async def park_delivery(conn: AsyncConnection, delivery_id: int, reason: str) -> None:
    await conn.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(parked_reason=reason))


async def list_deliveries(
    conn: AsyncConnection, *, parked_only: bool, before_id: int | None, limit: int
) -> list[dict[str, Any]]:
    """Newest first, without bodies: those hold personal data that a list need not show."""
    c = deliveries.c
    query = select(c.id, c.sender, c.kind, c.subject, c.signature_variant, c.parked_reason, c.received_at).order_by(
        c.id.desc()
    )
    if parked_only:
        query = query.where(c.parked_reason.is_not(None))
    if before_id is not None:
        query = query.where(c.id < before_id)
    return [dict(row) for row in (await conn.execute(query.limit(limit))).mappings()]
