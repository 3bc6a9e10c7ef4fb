"""When the merchant's people are at work, by the hours that the policy document names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TimeFacts = Mapping[str, str | bool | int | None]
_UNKNOWN: TimeFacts = {"time.is_business_hours": None, "time.weekday": None, "time.hour": None}


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """`opens` is the first moment at work of a day, `closes` the first one after."""

    zone: tzinfo
    days: frozenset[str]
    opens: time
    closes: time
    holidays: frozenset[date] = frozenset()


def time_facts(at: object, hours: BusinessHours | None) -> TimeFacts:
    """What the clock on the merchant's wall shows; unknown where the moment or the hours are."""
    moment = _read(at)
    if moment is None or hours is None:
        return _UNKNOWN
    local = moment.astimezone(hours.zone)
    weekday = WEEKDAYS[local.weekday()]
    is_work_day = weekday in hours.days and local.date() not in hours.holidays
    return {
        "time.is_business_hours": is_work_day and hours.opens <= local.time() < hours.closes,
        "time.weekday": weekday,
        "time.hour": local.hour,
    }


def _read(at: object) -> datetime | None:
    """Stored inputs may be damaged: what is no moment with an offset is not known."""
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None and 1900 < moment.year < 9000 else None
