"""Amounts of money as they are said or written: "fifty dollars and twenty cents", "$49.99", "49 99"."""

import re
from collections.abc import Sequence
from decimal import Decimal

from app.core.spoken_words import LONGEST_TEXT, UNITS, ZEROS, plain_text, read_number

LARGEST_CENTS = 10**11  # a thousand million: more is no amount of one order

UNIT_WORDS = frozenset({
    "dollar", "dollars", "buck", "bucks", "euro", "euros", "pound", "pounds", "quid", "rupee", "rupees", "usd", "eur",
    "gbp", "inr", "cad", "aud", "nzd", "sgd", "chf", "$", "\u20ac", "\u00a3", "\u20b9",
})  # fmt: skip
CENT_WORDS = frozenset({"cent", "cents", "pence", "penny", "p"})
# Said around an amount without changing it. "About", "under" and "at least" do change it, and are not here.
AROUND_AMOUNT = frozenset({
    "it", "its", "is", "was", "the", "total", "amount", "value", "order", "exactly", "only", "just", "us", "uh", "um",
    "cost", "price", "for", "of", "that", "thats",
})  # fmt: skip
WORDS = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+|[$\u20ac\u00a3\u20b9]|\S")
# Groups of three, or of two before the last three as India writes them.
GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d{1,2})?", re.ASCII)
PLAIN = re.compile(r"\d{1,9}(?:\.\d{1,2})?", re.ASCII)


def read_amount_cents(text: str) -> int | None:
    """The amount in hundredths of its currency; None where it is no amount or could be two."""
    if len(text) > LONGEST_TEXT:  # an amount that was cut would be another one
        return None
    plain = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", plain_text(text).lower())  # "forty-nine"
    words = [word for word in WORDS.findall(plain.rstrip(" .!")) if word not in AROUND_AMOUNT]
    symbols = [word for word in words if word in UNIT_WORDS]
    if len(symbols) > 2 or not words:
        return None
    if words[0] in UNIT_WORDS:  # "$49.99", "$ 50 dollars"
        words = [*words[1:], words[0]] if len(symbols) == 1 and _is_number_only(words[1:]) else words[1:]
    cents = _read_amount(words)
    return cents if cents is not None and 0 <= cents <= LARGEST_CENTS else None


def _is_number_only(words: Sequence[str]) -> bool:
    return bool(words) and not any(word in CENT_WORDS | UNIT_WORDS for word in words)


def _read_amount(words: Sequence[str]) -> int | None:
    first = _number(words, 0)
    if first is None:
        return None
    value, at = first
    cents = _in_cents(value)
    if at == len(words):
        return cents
    if words[at] in CENT_WORDS:
        return int(value) if at + 1 == len(words) and value == int(value) and value < 100 else None
    is_said = words[at] in UNIT_WORDS
    at += 1 if is_said else 0
    if at == len(words):
        return cents
    return _with_cents(value, words, at, is_said=is_said)


def _with_cents(value: Decimal, words: Sequence[str], at: int, *, is_said: bool) -> int | None:
    """The two digits of cents in "dollars and twenty cents", "dollars twenty", "forty nine ninety nine"."""
    at += is_said and words[at] == "and"
    rest = _number(words, at)
    if rest is None or value != int(value):
        return None
    hundredths, end = rest
    has_cents = end < len(words) and words[end] in CENT_WORDS
    has_unit = not is_said and end < len(words) and words[end] in UNIT_WORDS
    if end + (has_cents or has_unit) != len(words) or hundredths != int(hundredths) or hundredths >= 100:
        return None
    # "four fifty" may be 4.50 or 450: too far apart to choose.
    is_clear = has_cents or is_said or value >= 10
    return _in_cents(value) + int(hundredths) if is_clear and (hundredths >= 10 or has_cents) else None


def _number(words: Sequence[str], at: int) -> tuple[Decimal, int] | None:
    """A number in digits or in words, and where it ends. 1.250 is none: its dot may part thousands or decimals."""
    if at >= len(words):
        return None
    word = words[at]
    if word[0].isdigit() and word[0].isascii():
        grouped = GROUPED.fullmatch(word)
        if grouped or PLAIN.fullmatch(word):
            return Decimal(word.replace(",", "")), at + 1
        return None
    if word in ZEROS:
        found: tuple[int, int] | None = (0, at + 1)
    else:
        found = read_number(words, at)
    if found is None:
        return None
    value, end = found
    if end < len(words) and words[end] == "point":
        return _with_point(value, words, end + 1)
    return Decimal(value), end


def _with_point(value: int, words: Sequence[str], at: int) -> tuple[Decimal, int] | None:
    """As in "forty nine point nine nine"; one digit or two."""
    places = ""
    while at < len(words) and (digit := _digit(words[at])) is not None:
        places, at = places + digit, at + 1
    if not places and (found := read_number(words, at) if at < len(words) else None) and found[0] < 100:
        places, at = f"{found[0]:02}", found[1]
    return (Decimal(f"{value}.{places}"), at) if 0 < len(places) <= 2 else None


def _digit(word: str) -> str | None:
    if word in ZEROS:
        return "0"
    value = UNITS.get(word)
    return word if len(word) == 1 and word.isdecimal() else None if value is None else str(value)


def _in_cents(value: Decimal) -> int:
    return int(value * 100)
