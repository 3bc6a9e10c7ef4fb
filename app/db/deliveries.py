"""Deliveries: what was posted to us, byte for byte, each once for ever; sealed where there is a master key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.tables import deliveries
from app.db.vault import Vault
from app.errors import DamagedError, NotFoundError
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
    vault: Vault,
) -> int | None:
    """The id of the new delivery; None when the same one is stored already."""
    digest = hashlib.sha256(body).digest()
    row = (
        await conn.execute(
            insert(deliveries)
            .values(
                sender=sender,
                kind=envelope.kind,
                subject=envelope.subject,
                message_id=envelope.message_id,
                body=vault.seal(body, *_identity(sender, envelope.kind, envelope.subject, envelope.message_id, digest)),
                body_sha256=digest,
                headers=dict(headers),
                signature_variant=signature_variant,
                parked_reason=envelope.parked_reason,
            )
            .on_conflict_do_nothing()
            .returning(deliveries.c.id)
        )
    ).one_or_none()
    return None if row is None else row.id


async def get_delivery(conn: AsyncConnection, delivery_id: int, *, vault: Vault) -> Delivery:
    """Raises SettingError where it was sealed with a key that is not given, DamagedError where it was changed."""
    row = (await conn.execute(select(deliveries).where(deliveries.c.id == delivery_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"no delivery {delivery_id}")
    identity = _identity(row.sender, row.kind, row.subject, row.message_id, row.body_sha256)
    body = vault.open(row.body, *identity)
    if hashlib.sha256(body).digest() != row.body_sha256:
        raise DamagedError(f"delivery {delivery_id} is not the one that was received")
    return Delivery(row.id, row.sender, row.kind, row.subject, body, row.received_at)


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


async def reseal_page(conn: AsyncConnection, *, after: int, limit: int, vault: Vault) -> tuple[int, int] | None:
    """Seal the next so many bodies with the key that seals now: the last id, and how many were not. None at the end."""
    rows = (
        await conn.execute(select(deliveries).where(deliveries.c.id > after).order_by(deliveries.c.id).limit(limit))
    ).all()
    stale = [row for row in rows if not vault.seals_so(row.body)]
    for row in stale:
        identity = _identity(row.sender, row.kind, row.subject, row.message_id, row.body_sha256)
        body = vault.seal(vault.open(row.body, *identity), *identity)
        await conn.execute(update(deliveries).where(deliveries.c.id == row.id).values(body=body))
    return (rows[-1].id, len(stale)) if rows else None


def _identity(
    sender: str, kind: str, subject: str | None, message_id: str | None, digest: bytes
) -> tuple[str | None, ...]:
    """What makes a delivery the one it is: of no two rows the same, by its unique indexes."""
    return ("delivery", sender, kind, subject, message_id, digest.hex())
