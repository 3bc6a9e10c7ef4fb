"""The merchant's directory: what ties a phone to an e-mail, since the shop shows no phones."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.contacts import Contact
from app.db.statements import Asked, ask
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
    found = await find_contacts(conn, ids=[contact_id])
    if not found:
        raise NotFoundError(f"no contact {contact_id}")
    return found[0]


async def find_contacts(
    conn: AsyncConnection, *, ids: Sequence[str] = (), emails: Sequence[str] = (), phones: Sequence[str] = ()
) -> list[Contact]:
    """Those who share an id, an e-mail or a phone with what was heard."""
    (rows,) = await ask(conn, sharing(ids=ids, emails=emails, phones=phones))
    return contacts_from(rows)


def sharing(*, ids: Sequence[str] = (), emails: Sequence[str] = (), phones: Sequence[str] = ()) -> Asked:
    """What `find_contacts` asks."""
    clues = {"ids": list(ids), "emails": list(emails), "phones": list(phones), "most": MOST_CONTACTS_OF_ONE_CALL}
    return Asked(FIND, clues)


def contacts_from(rows: Sequence[Any]) -> list[Contact]:
    return [Contact(row.contact_id, tuple(row.names), tuple(row.emails), tuple(row.phones), row.tier) for row in rows]


FIND = """
    WITH named AS (
        SELECT contact_id FROM contact_points WHERE kind = 'email' AND value = ANY(:emails)
        UNION SELECT contact_id FROM contact_points WHERE kind = 'phone' AND value = ANY(:phones)
        ORDER BY contact_id LIMIT :most
    )
    SELECT contact_id, names, tier,
        ARRAY(SELECT value FROM contact_points AS point
            WHERE point.contact_id = contacts.contact_id AND kind = 'email' ORDER BY value) AS emails,
        ARRAY(SELECT value FROM contact_points AS point
            WHERE point.contact_id = contacts.contact_id AND kind = 'phone' ORDER BY value) AS phones
    FROM contacts WHERE contact_id = ANY(CAST(:ids AS text[]) || ARRAY(SELECT contact_id FROM named))
    ORDER BY contact_id
"""
