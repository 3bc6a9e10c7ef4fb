"""Dates as they are said: with and without a year, by the day of the week, counted from today."""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import MINYEAR, date, timedelta

from app.core.spoken_words import LONGEST_TEXT, TEENS, TENS, UNITS, plain_text, read_number

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_WORD = re.compile(
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?"
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
AROUND_DATE = frozenset({"the", "of", "on", "it", "its", "was", "is", "uh", "um", "by", "in", "year", "until", "till"})
ORDINAL_FIGURES = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)
ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMERIC = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})", re.ASCII)
DAYS_OF_UNIT = {"day": 1, "week": 7}
MONTHS_OF_UNIT = {"month": 1, "year": 12}
FARTHEST_DAYS = 150  # a day without its year is the one nearest to today; half a year away it could be two
LARGEST_COUNT = 400


def read_date(text: str, *, today: date) -> date | None:
    """The day that was said, seen from today; None where it is none or could be two."""
    words = _words(text)
    return _from_today(words, today) or _of_calendar(text, words, today)


def read_full_date(text: str) -> date | None:
    """The day that was said with its year, so that it is the same whenever it was said; None for any other."""
    return _of_calendar(text, _words(text), None)


def _words(text: str) -> list[str]:
    """None of a longer text: a date that was cut would be another one."""
    return re.findall(r"[a-z]+|\d+(?:st|nd|rd|th)?", plain_text(text).lower()) if len(text) <= LONGEST_TEXT else []


def _from_today(words: Sequence[str], today: date) -> date | None:
    bare = [word for word in words if word not in AROUND_DATE - {"in", "year"}]
    phrase = " ".join(bare)
    days = {"today": 0, "tonight": 0, "yesterday": -1, "last night": -1, "tomorrow": 1, "day before yesterday": -2,
            "day after tomorrow": 2}.get(phrase)  # fmt: skip
    if days is not None:
        return _moved(today, days=days)
    if phrase in {"end this month", "end month"}:
        return today.replace(day=monthrange(today.year, today.month)[1])
    return _counted(bare, today) or _weekday(bare, today)


def _counted(words: Sequence[str], today: date) -> date | None:
    """As in "two weeks ago", "a month ago", "in three days", "ten days from now"."""
    is_ahead = words[:1] == ["in"] or words[-2:] in (["from", "now"], ["from", "today"])
    is_past = words[-1:] in (["ago"], ["back"])
    rest = list(words[1:] if words[:1] == ["in"] else words)
    while rest and rest[-1] in {"ago", "back", "from", "now", "today"}:
        rest.pop()
    if is_ahead == is_past or len(rest) < 2:
        return None
    count = _count(rest[:-1])
    unit = rest[-1].removesuffix("s")
    if count is None or not 0 < count <= LARGEST_COUNT:
        return None
    signed = count if is_ahead else -count
    if unit in DAYS_OF_UNIT:
        return _moved(today, days=signed * DAYS_OF_UNIT[unit])
    return _moved_months(today, signed * MONTHS_OF_UNIT[unit]) if unit in MONTHS_OF_UNIT else None


def _count(words: Sequence[str]) -> int | None:
    if words in (["a"], ["an"]):
        return 1
    if len(words) == 1 and words[0].isascii() and words[0].isdigit():
        return int(words[0])
    found = read_number(words, 0)
    return found[0] if found and found[1] == len(words) else None


def _weekday(words: Sequence[str], today: date) -> date | None:
    """Where "last Friday" is the latest one before today. "next Friday" is clear once this week's is over."""
    if len(words) != 2 or words[1] not in WEEKDAYS:
        return None
    ahead = (WEEKDAYS.index(words[1]) - today.weekday()) % 7
    if words[0] in {"last", "past"}:
        return _moved(today, days=ahead - 7)
    if words[0] in {"this", "coming"}:
        return _moved(today, days=ahead)
    is_clear = WEEKDAYS.index(words[1]) <= today.weekday()
    return _moved(today, days=ahead or 7) if words[0] == "next" and is_clear else None


def _of_calendar(text: str, words: Sequence[str], today: date | None) -> date | None:
    bare = text.strip()
    if ISO.fullmatch(bare):
        return _day(int(bare[:4]), int(bare[5:7]), int(bare[8:]))
    if numeric := NUMERIC.fullmatch(bare):
        return _numeric(int(numeric[1]), int(numeric[3]), int(numeric[4]))
    kept = [word for word in words if word not in AROUND_DATE and word not in WEEKDAYS]
    months = [at for at, word in enumerate(kept) if MONTH_WORD.fullmatch(word)]
    if len(months) != 1:
        return None
    month = MONTHS.index(kept[months[0]][:3]) + 1
    before, after = kept[: months[0]], kept[months[0] + 1 :]
    found = _day_of_month(before, 0) if before else _day_of_month(after, 0)
    if found is None or (before and found[1] != len(before)):
        return None
    rest = after if before else after[found[1] :]
    if not rest:
        return _nearest(month, found[0], today) if today else None
    year = _year(rest)
    return None if year is None else _day(year, month, found[0])


def _numeric(one: int, two: int, year: int) -> date | None:
    """A date whose day and month could be either way round is none."""
    if one <= 12 and two <= 12 and one != two:
        return None
    return _day(year, *((one, two) if one <= 12 else (two, one)))


def _day_of_month(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """The number of the day, and where it ends: "3rd", "third", "twenty first", "twenty one"."""
    if at >= len(words):
        return None
    if figures := ORDINAL_FIGURES.fullmatch(words[at]):
        return int(figures[1]), at + 1
    if words[at] in ORDINALS:
        return ORDINALS[words[at]], at + 1
    if words[at] in TENS:
        following = words[at + 1] if at + 1 < len(words) else ""
        unit = UNITS.get(following) or ORDINALS.get(following, 10)
        return (TENS[words[at]] + unit, at + 2) if unit < 10 else (TENS[words[at]], at + 1)
    value = UNITS.get(words[at]) or TEENS.get(words[at])
    return None if value is None else (value, at + 1)


def _year(words: Sequence[str]) -> int | None:
    """As in "2026", "twenty twenty six", "two thousand and twenty six"."""
    if len(words) == 1 and re.fullmatch(r"\d{4}", words[0], re.ASCII):
        return int(words[0])
    first = read_number(words, 0)
    if first is None:
        return None
    value, end = first
    if end == len(words):
        return value if 1000 <= value <= 2999 else None
    second = read_number(words, end)
    is_pair = second is not None and second[1] == len(words) and value in {19, 20} and 10 <= second[0] <= 99
    return value * 100 + second[0] if second and is_pair else None


def _nearest(month: int, day: int, today: date) -> date | None:
    days = [found for year in (-1, 0, 1) if (found := _day(today.year + year, month, day))]
    if not days:
        return None
    nearest = min(days, key=lambda found: abs(found - today))
    return nearest if abs(nearest - today).days <= FARTHEST_DAYS else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _moved(today: date, *, days: int) -> date | None:
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return None


def _moved_months(today: date, months: int) -> date | None:
    """The same day of another month, or that month's last."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    if not MINYEAR <= year <= 9999:
        return None
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
