"""Single facts of a call body (texts, seconds, moments, numbers), read so that a wrong type is an absence, no error."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from app.core.contacts import normalise_phone

T = TypeVar("T")

# Far above any call; what is longer is a unit nobody documented.
_LONGEST_SECONDS = 10_000_000.0
_MAX_NUMBER_LENGTH = 100


def read_first(body: Mapping[str, Any], read: Callable[[Any], T | None], *names: str) -> T | None:
    """What the first of the names gives that can be read: DialNexa's documents spell most facts in several ways."""
    return next((value for name in names if (value := read(body.get(name))) is not None), None)


def read_text(value: Any, *, longest: int = 500) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text[:longest] or None


def read_seconds(value: Any) -> float | None:
    """Seconds from 0, given as a number or as its text. NaN lies between no two numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= _LONGEST_SECONDS else None


def read_moment(value: Any) -> datetime | None:
    """An ISO 8601 time in UTC; without an offset it is UTC, as all of DialNexa's examples are."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_phone_number(value: Any) -> str | None:
    """E.164 where possible, else as sent. Webhook examples leave out the `+` of an otherwise complete number."""
    text = read_text(str(value) if type(value) is int else value, longest=_MAX_NUMBER_LENGTH)
    return None if text is None else normalise_phone(text) or text
