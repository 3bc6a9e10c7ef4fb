"""Which column of a file holds which field: a map from our field names to the names of columns."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.errors import InputError

FIELD_NAMES = (
    "id", "name", "given_name", "surname", "street_number", "address", "address_1", "address_2", "suburb", "postcode",
    "state", "phone", "email", "reference", "date_of_birth",
)  # fmt: skip

# What else people call our fields; compared without case, spaces, dashes and underscores.
OTHER_NAMES = {
    "id": "rec_id record_id row_id identifier key",
    "name": "full_name customer_name person contact_name recipient_name",
    "given_name": "first_name forename given fname first givenname",
    "surname": "last_name family_name lname last",
    "street_number": "house_number number street_no house_no building_number",
    "address": "full_address one_line_address",
    "address_1": "street address_line_1 street_name street_address address1 line_1",
    "address_2": "address_line_2 address2 line_2 unit apartment",
    "suburb": "city town locality municipality place",
    "postcode": "zip zip_code postal_code post_code",
    "state": "province region county territory",
    "phone": "phone_number telephone mobile tel cell phone_no",
    "email": "e_mail email_address mail",
    "reference": "ref reference_id order_reference order_id order_number order_no reference_number",
    "date_of_birth": "dob birth_date birthday birthdate",
}
ID_COLUMNS = ("id", "rec_id", "record_id")


def _squeeze(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


FIELD_OF = {_squeeze(other): name for name, others in OTHER_NAMES.items() for other in (name, *others.split())}

ColumnMap = Mapping[str, tuple[str, ...]]


def read_column_maps(path: Path) -> tuple[ColumnMap, ColumnMap]:
    """The maps of the left and of the right file: one for both, or `{"left": {...}, "right": {...}}`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError("--columns", f"{path} cannot be read ({error.strerror}); name a JSON file") from error
    except ValueError as error:
        raise InputError("--columns", f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict) or not document:
        raise InputError("--columns", f'{path} has to hold an object such as {{"id": "rec_id", "surname": "lname"}}')
    sides = {str(key).casefold(): value for key, value in document.items()}
    if sides.keys() <= {"left", "right"}:
        if sides.keys() != {"left", "right"}:
            raise InputError("--columns", "give both left and right, or one map for both files")
        return _read_map(sides["left"], "--columns left"), _read_map(sides["right"], "--columns right")
    columns = _read_map(document, "--columns")
    return columns, columns


def _read_map(entries: object, where: str) -> ColumnMap:
    if not isinstance(entries, dict):
        raise InputError(where, "has to be an object that maps our field names to your columns")
    columns: dict[str, tuple[str, ...]] = {}
    for key, value in entries.items():
        field = FIELD_OF.get(_squeeze(str(key)))
        if field is None:
            raise InputError(where, f"{key!r} is not a field; the fields are: {', '.join(FIELD_NAMES)}")
        if field in columns:
            raise InputError(where, f"{key!r} names the field {field} a second time; keep one of the two")
        names = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(name, str) for name in names):
            raise InputError(where, f"{key!r} has to name a column (or a list of columns to be joined)")
        if names:
            columns[field] = tuple(names)
    if not columns.keys() - {"id"}:
        raise InputError(where, "maps no field to compare; map at least one besides id")
    return columns


def find_columns(columns: ColumnMap, header: Sequence[str], where: str) -> dict[str, tuple[int, ...]]:
    """Where the columns of each field stand in a file with this header; its id, too."""
    exact = {name: place for place, name in reversed(list(enumerate(header)))}
    loose = {_squeeze(name): place for place, name in reversed(list(enumerate(header)))}
    places = {}
    for field, names in columns.items():
        found = [exact.get(name, loose.get(_squeeze(name))) for name in names]
        if None in found:
            missing = names[found.index(None)]
            remedy = "Where the two files differ, map them apart, under left and right."
            raise InputError(where, f"has no column {missing!r} (for {field}); it has: {', '.join(header)}. {remedy}")
        places[field] = tuple(place for place in found if place is not None)
    if "id" not in places:
        places["id"] = (next((loose[_squeeze(name)] for name in ID_COLUMNS if _squeeze(name) in loose), 0),)
    return places
