"""The merchant's directory: what ties a phone to an e-mail, since the shop shows no phones."""

from collections.abc import Sequence

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.contacts import Contact
from app.db.tables import contact_points, contacts
from app.errors import NotFoundError

# A phone or an e-mail that more people share than this ties a caller to nobody; the bound keeps one call's work small.
MOST_CONTACTS_OF_ONE_CALL = 20


async def save_contact(conn: AsyncConnection, contact: Contact, *, origin: str) -> None:
    """Write the contact whole: what it no longer names is removed."""
    values = {"names": list(contact.names), "tier": contact.tier, "origin": origin}
    await conn.execute(
        insert(contacts)
        .values(contact_id=contact.contact_id, **values)
        .on_conflict_do_update(index_elements=[contacts.c.contact_id], set_=values | {"updated_at": func.now()})
    )
    await conn.execute(delete(contact_points).where(contact_points.c.contact_id == contact.contact_id))
    points = [("email", value) for value in contact.emails] + [("phone", value) for value in contact.phones]
    if points:
        await conn.execute(
            insert(contact_points)
            .values([{"contact_id": contact.contact_id, "kind": kind, "value": value} for kind, value in points])
            .on_conflict_do_nothing()
        )


async def get_contact(conn: AsyncConnection, contact_id: str) -> Contact:
    found = await _load(conn, [contact_id])
    if not found:
        raise NotFoundError(f"no contact {contact_id}")
    return found[0]


async def find_contacts(
    conn: AsyncConnection, *, ids: Sequence[str] = (), emails: Sequence[str] = (), phones: Sequence[str] = ()
) -> list[Contact]:
    """Those who share an id, an e-mail or a phone with what was heard."""
    p = contact_points.c
    query = (
        select(p.contact_id)
        .where(or_(and_(p.kind == "email", p.value.in_(emails)), and_(p.kind == "phone", p.value.in_(phones))))
        .order_by(p.contact_id)
        .limit(MOST_CONTACTS_OF_ONE_CALL)
    )
    found = [row.contact_id for row in await conn.execute(query)] if emails or phones else []
    return await _load(conn, [*ids, *found])


async def _load(conn: AsyncConnection, ids: Sequence[str]) -> list[Contact]:
    if not ids:
        return []
    rows = (
        await conn.execute(select(contacts).where(contacts.c.contact_id.in_(ids)).order_by(contacts.c.contact_id))
    ).all()
    points = (
        await conn.execute(select(contact_points).where(contact_points.c.contact_id.in_(ids)).order_by("value"))
    ).all()
    return [
        Contact(
            contact_id=row.contact_id,
            names=tuple(row.names),
            emails=tuple(p.value for p in points if p.contact_id == row.contact_id and p.kind == "email"),
            phones=tuple(p.value for p in points if p.contact_id == row.contact_id and p.kind == "phone"),
            tier=row.tier,
        )
        for row in rows
    ]
