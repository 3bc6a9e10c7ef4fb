"""A time that was said for a call back or a booking, as one moment; None wherever it could be two, or none at all.

What cannot be read is still shown to the team in the caller's words: here only a calendar is at stake.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.core.spoken_dates import WEEKDAYS, read_date

LONGEST_TIME_TEXT = 80  # a time takes less; a longer text is a story
FARTHEST = timedelta(days=400)  # nobody plans a call back for the year after next: a year was misheard

# Names people use instead of the zone table's. Those of America, as phone numbers without a country are American too.
SPOKEN_ZONES: Mapping[str, str] = {
    name: zone
    for zone, names in {
        "America/New_York": ("eastern", "eastern time", "et", "est", "edt", "new york"),
        "America/Chicago": ("central", "central time", "ct", "cst", "cdt", "chicago"),
        "America/Denver": ("mountain", "mountain time", "mt", "mst", "mdt", "denver"),
        "America/Los_Angeles": ("pacific", "pacific time", "pt", "pst", "pdt", "los angeles"),
        "Europe/London": ("london", "uk time"),
        "Europe/Berlin": ("cet", "cest", "central european time", "berlin"),
        "UTC": ("utc", "gmt", "z", "zulu"),
    }.items()
    for name in names
}

_ZONE_NAME = re.compile(r"[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+\-]+){1,2}")
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d{2}))?")
_TWELVE_HOURS = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?\s?m\b\.?")
# Two figures of an hour: "3:30" without "am" or "pm" could be either.
_TWENTY_FOUR_HOURS = re.compile(r"\b([01]\d|2[0-3]):([0-5]\d)\b(?!:)")
_NOON = re.compile(r"\bnoon\b")


def read_appointment(text: str, zone_text: str, *, now: datetime) -> datetime | None:
    """The moment that was meant, in the zone that was said; None where a person has to ask. Never in the past."""
    if len(text) > LONGEST_TIME_TEXT:
        return None
    zone = read_zone(zone_text)
    moment = _read_iso(text, zone) or (_read_spoken(text, zone, now) if zone else None)
    if moment is None or not timedelta(0) < moment - now <= FARTHEST:
        return None
    return moment


def read_zone(text: str) -> tzinfo | None:
    """A zone by the zone table's name, by what people call it, or by its distance from UTC."""
    said = " ".join(text[:LONGEST_TIME_TEXT].split())
    name = SPOKEN_ZONES.get(said.casefold(), said)
    if name == "UTC":
        return UTC
    if _ZONE_NAME.fullmatch(name):
        try:
            return ZoneInfo(name)  # a published table, read once
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
    offset = _OFFSET.fullmatch(said.casefold())
    if offset is None or int(offset[2]) > 14 or int(offset[3] or 0) > 59:
        return None
    distance = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return timezone(distance if offset[1] == "+" else -distance)


def _read_iso(text: str, zone: tzinfo | None) -> datetime | None:
    """A time of the calendar's own writing; a day alone is no appointment."""
    written = text.strip()
    if ":" not in written:
        return None
    try:
        read = datetime.fromisoformat(written)
        if read.tzinfo is not None:
            return read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _once(read, zone) if zone else None


def _read_spoken(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """A day and a time of the day, each said exactly once, and nothing else."""
    said = text.casefold()
    found = [(match, read) for match, read in _clock_times(said) if read is not None]
    if len(found) != 1:
        return None
    match, clock = found[0]
    rest = " ".join(re.sub(r"\bat\b|,", " ", said[: match.start()] + " " + said[match.end() :]).split())
    day = _read_day(rest, now.astimezone(zone).date())
    return _once(datetime.combine(day, clock), zone) if day else None


def _clock_times(said: str) -> list[tuple[re.Match[str], time | None]]:
    twelve = [(match, _of_twelve(match)) for match in _TWELVE_HOURS.finditer(said)]
    if twelve:
        return twelve
    full = [(match, time(int(match[1]), int(match[2]))) for match in _TWENTY_FOUR_HOURS.finditer(said)]
    return [*full, *((match, time(12)) for match in _NOON.finditer(said))]


def _of_twelve(match: re.Match[str]) -> time | None:
    hour, minute = int(match[1]), int(match[2] or 0)
    if not 1 <= hour <= 12 or minute > 59:
        return None
    return time(hour % 12 + (12 if match[3] == "p" else 0), minute)


def _read_day(rest: str, today: date) -> date | None:
    """A weekday alone is the coming one: nobody makes an appointment in the past."""
    words = rest.removeprefix("on ")
    return read_date(f"coming {words}" if words in WEEKDAYS else words, today=today)


def _once(local: datetime, zone: tzinfo) -> datetime | None:
    """The moment of this local time; None where the clocks are changed and it comes twice or never."""
    try:
        first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return first if first == second else None
