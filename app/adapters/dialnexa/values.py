"""Values of canonical fields: what an analysis sent, read as the type the field has, absent or unread with a reason.

Nothing is guessed: a date or an amount that could mean two things is unread. An address or a number that was written
as it was spoken is kept so, for matching to try its readings. A reason never repeats the value.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.adapters.dialnexa.json_body import read_json
from app.core.calls import FieldType, FieldValue
from app.core.contacts import normalise_email, normalise_phone
from app.core.speech import read_amount_cents, read_emails, read_full_date, read_phones
from app.errors import PayloadError

LONGEST_TEXT = 2_000
_MOST_ITEMS = 50
_NOTHING = "none"  # a word for absence, except where "nothing" is the answer to what the caller wants
_ABSENT = frozenset({
    "", "unknown", "n/a", _NOTHING, "null", "undefined", "-", "--", "not applicable", "not available", "not mentioned",
    "not provided", "not specified",
})  # fmt: skip
_YES = frozenset({"yes", "y", "true", "t", "1", "vip"})
_NO = frozenset({"no", "n", "false", "f", "0", "not vip", "non vip", "non-vip"})


@dataclass(frozen=True, slots=True)
class Unread:
    """Something was sent and could not be read; `reason` is shown to people and holds nothing of the value."""

    reason: str


def read_value(value: Any, field_type: FieldType, *, keep_none: bool = False) -> FieldValue | Unread | None:
    """The value in the field's type; None where absent. `keep_none` reads the word "none" as an answer."""
    if value is None or (isinstance(value, str) and _is_absent(value, keep_none=keep_none)):
        return None
    if field_type is FieldType.LIST:
        return _read_list(value, keep_none=keep_none)
    return _read_flag(value) if field_type is FieldType.FLAG else _read_scalar(value, field_type)


def as_text(value: Any) -> str | None:
    """A text, number or boolean as text; None for anything else."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        # Ids and phone numbers may come as 1001.0, because JSON knows one kind of number.
        whole = math.isfinite(value) and value.is_integer() and abs(value) < 10**15
        return str(int(value)) if whole else repr(value)
    return str(value).strip() if isinstance(value, str | int) else None


def _read_scalar(value: Any, field_type: FieldType) -> str | Unread:
    text = as_text(value)
    if text is None:
        return Unread("is neither text nor a number")
    if len(text) > LONGEST_TEXT:
        return Unread(f"is longer than {LONGEST_TEXT} characters")
    if field_type is FieldType.MONEY and isinstance(value, float):
        return _read_plain_amount(text)
    return _READERS[field_type](text)


def _is_absent(text: str, *, keep_none: bool) -> bool:
    word = text.strip().casefold()
    return word in _ABSENT and not (keep_none and word == _NOTHING)


def _read_flag(value: Any) -> bool | Unread:
    word = "" if (text := as_text(value)) is None else text.casefold()
    if word in _YES:
        return True
    return False if word in _NO else Unread("is neither yes nor no")


def _read_list(value: Any, *, keep_none: bool) -> tuple[str, ...] | Unread | None:
    if value is False:
        return None
    if isinstance(value, str):
        value = _split(value)
    if not isinstance(value, list):
        return Unread("is no list of words")
    texts = [as_text(item) for item in value if item is not None]
    if any(text is None or len(text) > LONGEST_TEXT for text in texts) or len(texts) > _MOST_ITEMS:
        return Unread("is no short list of words")
    kept = [text for text in texts if text is not None and not _is_absent(text, keep_none=keep_none)]
    return tuple(dict.fromkeys(kept)) or None


def _split(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        try:
            inner = read_json(text)
        except PayloadError:
            inner = None
        if isinstance(inner, list):
            return inner
    return re.split(r"[,;\n]", text)


def _read_plain(text: str) -> str:
    return text


def _read_email(text: str) -> str | Unread:
    if address := normalise_email(text):
        return address
    return text if read_emails(text) else Unread("is no e-mail address")


def _read_phone(text: str) -> str | Unread:
    if number := normalise_phone(text):
        return number
    return text if read_phones(text) else Unread("is no phone number")


_CURRENCY = (
    r"(?:us\$|[$€£¥₹]|rs\.?|usd|eur|gbp|inr|cad|aud|nzd|sgd|jpy|chf|aed|mxn|brl|dollars?|bucks|euros?|pounds?|rupees?)"
)
_MONEY = re.compile(rf"{_CURRENCY}?\s*(\d[\d., ']*)\s*{_CURRENCY}?", re.IGNORECASE | re.ASCII)
_LONGEST_AMOUNT = 60
_PLAIN_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,12})?", re.ASCII)
# Groups of three, or of two before the last three as India writes them.
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?", re.ASCII)
# "49 99": a space that parts no thousands.
_TOLD_APART = re.compile(r"\d[ '](?=\d)(?!\d{2,3}[ ,'.]*\d{3}|\d{3}(?!\d))", re.ASCII)
_COMMA_DECIMALS = re.compile(r"\d+,\d{1,2}|[1-9]\d{0,2}(?:\.\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}", re.ASCII)
_COULD_BE_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)


def _read_money(text: str) -> str | Unread:
    found = _MONEY.fullmatch(text) if len(text) <= _LONGEST_AMOUNT else None
    if found is None or _TOLD_APART.search(found[1]):
        return _read_spoken_money(text)
    digits = re.sub(r"[ ']", "", found[1])
    if _COULD_BE_THOUSANDS.fullmatch(digits):
        # Reading 1.250 as one and a quarter would make a large order look small.
        return Unread("is an amount whose dot may part thousands or decimals")
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    elif _COMMA_DECIMALS.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", ".")
    return _read_plain_amount(digits)


def _read_spoken_money(text: str) -> str | Unread:
    cents = read_amount_cents(text)
    return Unread("is no amount") if cents is None else f"{Decimal(cents) / 100:.2f}"


def _read_plain_amount(digits: str) -> str | Unread:
    if not _PLAIN_AMOUNT.fullmatch(digits):
        return Unread("is no amount")
    places = len(digits.partition(".")[2])
    return f"{Decimal(digits):.{max(2, places)}f}"


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)? )?"
_HOUR = r"(?: \d{1,2}(?::\d{2}){0,2} ?(?:am|pm)?(?: [a-z]{1,5})?)?"
_WRITTEN_DATES = tuple(
    re.compile(_WEEKDAY + order + _HOUR, re.ASCII)
    for order in (f"{_MONTH} {_DAY} {_YEAR}", f"(?:the )?{_DAY} (?:of )?{_MONTH} {_YEAR}", f"{_YEAR} {_MONTH} {_DAY}")
)
_NUMERIC_DATE = re.compile(rf"(?P<one>\d{{1,2}})([/.-])(?P<two>\d{{1,2}})\2{_YEAR}{_HOUR}", re.ASCII)


def _read_date(text: str) -> str | Unread:
    """A day, or a moment in UTC. A time without its offset is dropped: the day is certain then, the hour is not."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).isoformat() if moment.tzinfo else moment.date().isoformat()
    except (ValueError, OverflowError):
        return _read_written_date(" ".join(re.sub(r"[,.](?=\s|$)|\bat\b", " ", text.casefold()).split()))


def _read_written_date(text: str) -> str | Unread:
    for form in _WRITTEN_DATES:
        if found := form.fullmatch(text):
            return _day(found["year"], _MONTHS.index(found["month"][:3]) + 1, int(found["day"]))
    found = _NUMERIC_DATE.fullmatch(text)
    if found is None:
        spoken = read_full_date(text)
        return spoken.isoformat() if spoken else Unread("is no date with day, month and year")
    one, two = int(found["one"]), int(found["two"])
    if one <= 12 and two <= 12 and one != two:
        return Unread("is a date whose day and month could be either way round")
    return _day(found["year"], *((one, two) if one <= 12 else (two, one)))


def _day(year: str, month: int, day: int) -> str | Unread:
    try:
        return date(int(year), month, day).isoformat()
    except ValueError:
        return Unread("is a date that no calendar has")


_READERS: dict[FieldType, Callable[[str], str | Unread]] = {
    FieldType.TEXT: _read_plain,
    FieldType.EMAIL: _read_email,
    FieldType.PHONE: _read_phone,
    FieldType.MONEY: _read_money,
    FieldType.DATE: _read_date,
}
