"""Postal addresses as people say them, read only where nothing is left to guess: a parcel follows every letter."""

import re
from dataclasses import dataclass

_STATES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip
_COUNTRY = re.compile(r"(?:u\.?s\.?(?:a\.?)?|united states(?: of america)?)", re.IGNORECASE)
_STATE_AND_CODE = re.compile(r"([A-Za-z][A-Za-z .]*?)[\s,]+(\d{5}(?:-\d{4})?)")
_STREET = re.compile(r"\d+[A-Za-z]?\b.*[A-Za-z]|p\.?\s?o\.?\s+box\s+\d+", re.IGNORECASE)
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Address:
    """In the United States, the only country that Goody sends to directly."""

    line_1: str
    city: str
    state: str  # two letters
    postal_code: str
    line_2: str | None = None


def read_address(text: str) -> Address | None:
    """Street with a number, perhaps a flat, city, state and code, parted by commas; None for anything less."""
    parts = [" ".join(part.split()) for part in re.split(r"[,\n]", text[:LONGEST]) if part.strip()]
    if parts and _COUNTRY.fullmatch(parts[-1]):
        parts.pop()
    if len(parts) >= 2 and re.fullmatch(r"\d{5}(?:-\d{4})?", parts[-1]):
        code = parts.pop()
        parts[-1] = f"{parts[-1]} {code}"
    if len(text) > LONGEST or not 3 <= len(parts) <= 4:
        return None
    found = _STATE_AND_CODE.fullmatch(parts[-1])
    state = _state(found.group(1)) if found else None
    if found is None or state is None or not _STREET.match(parts[0]):
        return None
    return Address(parts[0], parts[-2], state, found.group(2), parts[1] if len(parts) == 4 else None)


def _state(text: str) -> str | None:
    word = text.strip(" .").lower()
    return word.upper() if word.upper() in _STATES.values() else _STATES.get(word)
