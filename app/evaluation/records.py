"""From the text of a file's columns to a record that can be compared: each field in its one way of writing."""

import re
from collections.abc import Mapping

from app.core.contacts import normalise_email, normalise_name, normalise_phone, normalise_reference
from app.evaluation.comparators import Record

# What people and programs write where nothing is known.
NOTHING = frozenset({"", "-", "--", ".", "?", "n/a", "#n/a", "nan", "nat", "none", "null", "nil", "unknown", "\\n"})

# Written before a surname, part of it.
PARTICLES = frozenset({
    "al", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "la", "le", "mac", "mc",
    "san", "st", "ten", "ter", "van", "von", "zu",
})  # fmt: skip

# Short for what the other file may write in full.
LONG_FORMS = {
    "st": "street", "str": "street", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane", "dr": "drive",
    "ct": "court", "crt": "court", "pl": "place", "cres": "crescent", "cr": "crescent", "cl": "close", "cct": "circuit",
    "terr": "terrace", "tce": "terrace", "blvd": "boulevard", "pde": "parade", "sq": "square", "hwy": "highway",
    "apt": "apartment", "ste": "suite", "vlge": "village", "mt": "mount",
}  # fmt: skip

HOUSE_NUMBER = re.compile(r"^(\d+(?:[/-]\d+)?[a-z]?)[\s,]+(?=\S*[^\W\d])", re.IGNORECASE)
UNITED_KINGDOM = re.compile(r"\b([a-z]{1,2}\d[a-z\d]?)\s*(\d[a-z]{2})\s*$", re.IGNORECASE)
POSTCODE = re.compile(r"\b(\d{4,6})(?:-\d{4})?\s*$")
STATE = re.compile(r"(?:^|[\s,])([a-z]{2,3})[\s,]*$", re.IGNORECASE)


def read_record(record_id: str, texts: Mapping[str, str]) -> Record:
    """`texts` by the field names of `columns.FIELD_NAMES`. A field of its own goes before a part of a joined one."""
    known = {name: text.strip() for name, text in texts.items() if text.strip().casefold() not in NOTHING}
    split = _split_name(known.get("name", "")) | _split_address(known.get("address", ""))
    parts = {name: text for name, text in (split | known).items() if name not in {"name", "address"}}
    if "street_number" not in parts and (number := HOUSE_NUMBER.match(parts.get("address_1", ""))):
        parts |= {"street_number": number[1], "address_1": parts["address_1"][number.end() :]}
    values = {name: NORMALISERS[name](text) for name, text in parts.items()}
    return Record(record_id, {name: value for name, value in values.items() if value})


def _split_name(text: str) -> dict[str, str]:
    """First and last word, particles with the last one; "Last, First" is understood. One word is a surname."""
    words = normalise_name(text).split()
    if not words:
        return {}
    if len(words) == 1:
        return {"surname": words[0]}
    start = len(words) - 1
    while start > 1 and words[start - 1] in PARTICLES:
        start -= 1
    return {"given_name": words[0], "surname": " ".join(words[start:])}


def _split_address(text: str) -> dict[str, str]:
    """Street, perhaps a second line, town, state and postcode, read from behind: 12 Main St, Springfield, IL 62704."""
    parts: dict[str, str] = {}
    rest = " ".join(text.replace("\n", ", ").split())
    for name, pattern in (("postcode", UNITED_KINGDOM), ("postcode", POSTCODE), ("state", STATE)):
        # A street alone ends in no state ("12 Main St"), a postcode may follow anything.
        found = pattern.search(rest) if name not in parts and (name != "state" or parts) else None
        if found is not None:
            parts[name] = found[0].strip(" ,")
            rest = rest[: found.start()].rstrip(" ,")
    lines = [line.strip() for line in rest.split(",") if line.strip()]
    if lines:
        parts["address_1"] = lines[0]
    if len(lines) > 1:
        parts["suburb"] = lines[-1]
    if len(lines) > 2:
        parts["address_2"] = " ".join(lines[1:-1])
    return parts


def _plain(text: str) -> str:
    return normalise_name(text.replace(",", " "))


def _line(text: str) -> str:
    """Long forms, but for the first word: St James is no street."""
    words = _plain(text).split()
    return " ".join(words[:1] + [LONG_FORMS.get(word, word) for word in words[1:]])


def _number(text: str) -> str:
    """Spreadsheets make 12.0 of 12, and 012."""
    return _plain(_whole(text)).lstrip("0")


def _postcode(text: str) -> str:
    code = re.sub(r"[\W_]", "", _whole(text)).casefold()
    return code[:5] if re.fullmatch(r"\d{9}", code) else code


def _phone(text: str) -> str:
    """Digits. Spreadsheets and programs lose the plus sign, and leave .0 behind."""
    written = _whole(text)
    return re.sub(r"\D", "", normalise_phone(written) or written)


def _email(text: str) -> str:
    return normalise_email(text) or text.casefold()


def _reference(text: str) -> str:
    return normalise_reference(_whole(text))


def _date(text: str) -> str:
    """Eight digits, year first; day and month stay as they stand where both could be either."""
    numbers = re.findall(r"\d+", _whole(text))[:3]  # what follows is a time of day
    if len(numbers) != 3:
        return "".join(numbers)[:8]
    if len(numbers[2]) == 4:
        numbers = [numbers[2], numbers[0], numbers[1]]
    year, month, day = (number.zfill(2) for number in numbers)
    return f"{year}{day}{month}" if int(month) > 12 else f"{year}{month}{day}"


def _whole(text: str) -> str:
    return re.sub(r"\.0+$", "", text)


NORMALISERS = {
    "given_name": _plain,
    "surname": _plain,
    "street_number": _number,
    "address_1": _line,
    "address_2": _line,
    "suburb": _plain,
    "postcode": _postcode,
    "state": _plain,
    "date_of_birth": _date,
    "phone": _phone,
    "email": _email,
    "reference": _reference,
}
