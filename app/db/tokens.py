"""Access tokens, kept only as digests."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.statements import Asked, ask
from app.db.tables import tokens

FIND = "SELECT id, name, role FROM tokens WHERE digest = :digest AND revoked_at IS NULL"


@dataclass(frozen=True, slots=True)
class TokenRecord:
    id: UUID
    name: str
    role: str


async def insert_token(conn: AsyncConnection, *, name: str, role: str, token: str) -> UUID | None:
    """The new token's id; None when the name or the very token is there already."""
    row = (
        await conn.execute(
            insert(tokens)
            .values(name=name, role=role, digest=_digest(token))
            .on_conflict_do_nothing()
            .returning(tokens.c.id)
        )
    ).one_or_none()
    return None if row is None else row.id


async def revoke_token(conn: AsyncConnection, name: str, *, at: datetime) -> UUID | None:
    """The token's id; None where none of this name is valid."""
    c = tokens.c
    revoking = update(tokens).where(c.name == name, c.revoked_at.is_(None)).values(revoked_at=at).returning(c.id)
    revoked: UUID | None = await conn.scalar(revoking)
    return revoked


async def find_token(conn: AsyncConnection, token: str) -> TokenRecord | None:
    """Who bears it; None when nobody does, or no longer."""
    (rows,) = await ask(conn, Asked(FIND, {"digest": _digest(token)}))
    return TokenRecord(rows[0].id, rows[0].name, rows[0].role) if rows else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
