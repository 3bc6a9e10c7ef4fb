"""Learnt links: which phone number turned out to be whose, what vouches for it, and whether it still holds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.contacts import Contact
from app.core.learning import Tie, learnt_contact_id
from app.db.statements import Asked
from app.db.tables import links
from app.errors import NotFoundError

# So many are read, whoever shares a number; two of one number are enough to know that it ties a caller to nobody.
MOST_LINKS_OF_ONE_CALL = 20
FIND_HOLDING = """
    SELECT id, phone, email, call_id FROM links WHERE phone = ANY(:phones) AND revoked_at IS NULL
    ORDER BY id LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class LinkRecord:
    id: UUID
    phone: str
    email: str
    role: str
    call_id: str
    origin: str
    learned_by: str
    learned_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None


async def insert_link(
    conn: AsyncConnection, tie: Tie, *, order_id: int, call_id: str, origin: str, by: str, at: datetime
) -> UUID | None:
    """The new link's id; None where it was learnt before, also if it was revoked since."""
    row: Any = (
        await conn.execute(
            insert(links)
            .values(
                phone=tie.phone,
                email=tie.email,
                role=tie.role,
                order_id=order_id,
                call_id=call_id,
                origin=origin,
                learned_by=by,
                learned_at=at,
            )
            .on_conflict_do_nothing()
            .returning(links.c.id)
        )
    ).one_or_none()
    return None if row is None else row.id


def holding(phones: Sequence[str]) -> Asked:
    """The learnt links of these numbers that still hold, for `linked_contacts_from`."""
    return Asked(FIND_HOLDING, {"phones": list(phones), "most": MOST_LINKS_OF_ONE_CALL})


def linked_contacts_from(rows: Sequence[Any], *, call_id: str) -> list[Contact]:
    """The people whom such links tie their numbers to; a contact's id names its link.

    A number that was learnt to be of two people is a desk's or a household's, and so nobody's. What was learnt of the
    very call does not vouch for it.
    """
    people = Counter(row.phone for row in rows)
    return [
        Contact(learnt_contact_id(row.id), emails=(row.email,), phones=(row.phone,))
        for row in rows
        if people[row.phone] == 1 and row.call_id != call_id
    ]


async def get_link(conn: AsyncConnection, link_id: UUID, *, lock: bool = False) -> LinkRecord:
    query = select(links).where(links.c.id == link_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFoundError(f"no link {link_id}")
    return _record(row)


async def mark_revoked(conn: AsyncConnection, link_id: UUID, *, by: str, at: datetime) -> None:
    await conn.execute(update(links).where(links.c.id == link_id).values(revoked_by=by, revoked_at=at))


async def list_links(
    conn: AsyncConnection, *, call_id: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[LinkRecord]:
    """Newest first, revoked ones among them."""
    query = select(links).order_by(links.c.learned_at.desc(), links.c.id.desc())
    if call_id is not None:
        query = query.where(links.c.call_id == call_id)
    if before is not None:
        query = query.where(tuple_(links.c.learned_at, links.c.id) < before)
    return [_record(row) for row in await conn.execute(query.limit(limit))]


def _record(row: Row[Any]) -> LinkRecord:
    return LinkRecord(
        id=row.id,
        phone=row.phone,
        email=row.email,
        role=row.role,
        call_id=row.call_id,
        origin=row.origin,
        learned_by=row.learned_by,
        learned_at=row.learned_at,
        revoked_by=row.revoked_by,
        revoked_at=row.revoked_at,
    )
