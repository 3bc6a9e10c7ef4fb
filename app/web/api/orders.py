"""The mirror, read, and the contacts directory."""

import csv
import io
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.contacts import Contact, normalise_email, normalise_phone
from app.db import orders as db_orders
from app.db.contacts import find_contacts, get_contact, save_contact
from app.errors import InputError
from app.web.api.views import show_order
from app.web.deps import Director, PartsDep, Reader
from app.web.paging import Cursor, Limit, page, read_cursor, write_cursor
from app.web.webhooks import read_body

router = APIRouter(prefix="/v1", tags=["orders and contacts"])

# An import is read whole: 16 MiB are about 150,000 contacts; a larger directory is sent in parts.
MOST_IMPORT_BYTES = 16 * 1024 * 1024
# In a cell of a CSV several values are separated by these; neither occurs in an e-mail or a phone number.
CELL_SEPARATORS = str.maketrans({"|": ";"})

ContactId = Annotated[str, Field(min_length=1, max_length=200)]


class ContactBody(BaseModel):
    """A person of the merchant's directory, whole: what is left out is removed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    names: list[str] = Field([], max_length=20)
    emails: list[str] = Field([], max_length=50)
    phones: list[str] = Field([], max_length=50)
    tier: str | None = Field(None, max_length=64)


class ImportedContact(ContactBody):
    contact_id: ContactId


@router.get("/orders", summary="Orders of the mirror, newest first")
async def list_orders(
    parts: PartsDep,
    _reader: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    email: Annotated[str | None, Query(max_length=320)] = None,
    phone: Annotated[str | None, Query(max_length=40)] = None,
    reference: Annotated[str | None, Query(max_length=100)] = None,
) -> dict[str, Any]:
    before = read_cursor(cursor, int)
    emails = None
    async with parts.database.transaction() as conn:
        if email is not None:
            emails = [normalise_email(email) or email.lower()]
        if phone is not None:
            number = normalise_phone(phone)
            contacts = await find_contacts(conn, phones=[number]) if number else []
            of_phone = [one for contact in contacts for one in contact.emails]
            emails = of_phone if emails is None else [one for one in emails if one in of_phone]
        records = await db_orders.list_orders(
            conn, emails=emails, reference=reference, before_id=before[0] if before else None, limit=limit
        )
    return page([show_order(record) for record in records], limit, write_cursor(records[-1].id) if records else None)


@router.put("/contacts/{contact_id}", summary="Write a contact whole")
async def put_contact(parts: PartsDep, _director: Director, contact_id: ContactId, body: ContactBody) -> dict[str, Any]:
    contact = _read_contact(contact_id, body, "body")
    async with parts.database.transaction() as conn:
        await save_contact(conn, contact, origin="api")
        return _show(await get_contact(conn, contact_id))


@router.post("/contacts:import", summary="Write many contacts, from CSV or JSON; all of them, or none")
async def import_contacts(request: Request, parts: PartsDep, _director: Director) -> dict[str, int]:
    """JSON: a list, or `{"data": [...]}`, of `{contact_id, names, emails, phones, tier}`. CSV: a header with these
    columns (also name, email, phone), several values in a cell separated by `;` or `|`.
    """
    body = await read_body(request, limit=MOST_IMPORT_BYTES)
    is_csv = "csv" in request.headers.get("content-type", "")
    rows = _rows_of_csv(body) if is_csv else _rows_of_json(body)
    contacts = [_read_contact(row.contact_id, row, f"row {number}") for number, row in enumerate(rows, start=1)]
    async with parts.database.transaction() as conn:
        for contact in contacts:
            await save_contact(conn, contact, origin="import")
    return {"imported": len(contacts)}


def _rows_of_json(body: bytes) -> list[ImportedContact]:
    """A list of contacts, or an object whose `data` is one."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("body", "is not JSON; for CSV send Content-Type: text/csv") from None
    rows = content.get("data") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise InputError("body", "has to be a list of contacts, or an object with such a list as `data`")
    return [_read_row(row, number) for number, row in enumerate(rows, start=1)]


def _read_row(row: object, number: int) -> ImportedContact:
    try:
        return ImportedContact.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"row {number}{': ' if place else ''}{place}", first["msg"]) from None


def _rows_of_csv(body: bytes) -> list[ImportedContact]:
    try:
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        return [_row_of_csv(row, number) for number, row in enumerate(reader, start=1)]
    except UnicodeDecodeError as error:
        raise InputError("body", f"is not UTF-8 at byte {error.start}") from None
    except csv.Error as error:
        raise InputError("body", f"is not CSV: {error}") from None


def _row_of_csv(row: dict[str | None, Any], number: int) -> ImportedContact:
    cells = {
        str(name).strip().lower(): value for name, value in row.items() if name is not None and isinstance(value, str)
    }
    if not cells.get("contact_id", "").strip():
        raise InputError(f"row {number}", "has no contact_id; the header needs a column of that name")

    def several(*columns: str) -> list[str]:
        texts = (cells.get(column, "").translate(CELL_SEPARATORS) for column in columns)
        return [part.strip() for text in texts for part in text.split(";") if part.strip()]

    contact = {
        "contact_id": cells["contact_id"],
        "names": several("names", "name"),
        "emails": several("emails", "email"),
        "phones": several("phones", "phone"),
        "tier": cells.get("tier") or None,
    }
    return _read_row(contact, number)


def _read_contact(contact_id: str, body: ContactBody, where: str) -> Contact:
    return Contact(
        contact_id=contact_id,
        names=tuple(body.names),
        emails=tuple(dict.fromkeys(_normalised(normalise_email, body.emails, f"{where}: emails", "an e-mail address"))),
        phones=tuple(dict.fromkeys(_normalised(normalise_phone, body.phones, f"{where}: phones", "a phone number"))),
        tier=body.tier,
    )


def _normalised(normalise: Any, texts: list[str], field: str, what: str) -> list[str]:
    found = []
    for number, text in enumerate(texts, start=1):
        value = normalise(text)
        if value is None:
            raise InputError(field, f"the value at place {number} is not {what}")
        found.append(value)
    return found


def _show(contact: Contact) -> dict[str, Any]:
    return {
        "contact_id": contact.contact_id,
        "names": contact.names,
        "emails": contact.emails,
        "phones": contact.phones,
        "tier": contact.tier,
    }
