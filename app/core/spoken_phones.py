"""Phone numbers as they are said or written: digit by digit, in groups, with and without their country."""

import re
from collections.abc import Iterator, Sequence

import phonenumbers

from app.core.contacts import normalise_phone
from app.core.spoken_words import TENS, Sign, plain_text, read_sign

MOST_PHONES = 8
LONGEST_NUMBER = 18  # digits: the 15 that a number may have, behind a prefix for calls abroad
SHORTEST_NUMBER = 7

# Said between the groups of a number.
AROUND_DIGITS = frozenset({
    "and", "area", "code", "country", "dash", "dot", "hyphen", "is", "number", "space", "the", "then", "uh", "um",
})  # fmt: skip
EXTENSION_WORDS = frozenset({"ext", "extension", "x"})
ABROAD = ("00", "011")  # dialled before the country: "double oh four four", "oh one one four four"


def read_phones(text: str, *, region: str = "US") -> tuple[str, ...]:
    """Numbers in E.164, most plausible first. `region` is where numbers without a country code are at home."""
    plain = plain_text(text)
    written = [normalise_phone(part, region=region) for part in re.split(r"[,;/]| or ", plain)]
    spoken = [number for digits in _digit_runs(plain) if (number := _number(digits, region))]
    # A spoken group can be read in several ways: those that are somebody's come first.
    spoken.sort(key=lambda number: not phonenumbers.is_valid_number(phonenumbers.parse(number)))
    return tuple(dict.fromkeys(number for number in [*written, *spoken] if number))[:MOST_PHONES]


def _number(digits: str, region: str) -> str | None:
    for prefix in ABROAD:
        if digits.startswith(prefix) and (found := normalise_phone("+" + digits[len(prefix) :], region=region)):
            return found
    return normalise_phone(digits, region=region)


def _digit_runs(text: str) -> Iterator[str]:
    """Digits said one after the other, in each reading of their groups."""
    words = re.findall(r"[a-z]+|\d+|[+;]", text.lower())
    for is_apart in (False, True):
        run, at = "", 0
        while at < len(words):
            word, sign = words[at], _digits_at(words, at, is_apart=is_apart)
            if sign is not None:
                run, at = run + sign.text, sign.end
            elif word in {"plus", "+"}:
                yield from _enough(run)
                run, at = "+", at + 1
            elif word in EXTENSION_WORDS and run:
                yield from _enough(run)
                run, at = "", _after_digits(words, at + 1)
            else:
                if word not in AROUND_DIGITS:
                    yield from _enough(run)
                    run = ""
                at += 1
        yield from _enough(run)


def _digits_at(words: Sequence[str], at: int, *, is_apart: bool) -> Sign | None:
    """The digits here. `is_apart` ends a number after each of its words: "eight hundred" "five", "twenty" "one"."""
    word = words[at]
    if word.isdigit():
        return Sign(word, end=at + 1)
    if word == "o":
        return Sign("0", end=at + 1)
    if word in {"for", "to", "too"}:
        is_between = at > 0 and at + 1 < len(words) and _is_digit(words, at - 1) and _is_digit(words, at + 1)
        return Sign("4" if word == "for" else "2", end=at + 1) if is_between else None
    if is_apart and word in TENS:
        return Sign(str(TENS[word]), end=at + 1)
    if is_apart and at + 1 < len(words) and words[at + 1] == "hundred":
        sign = read_sign(words[: at + 2], at)
    elif word == "double" and at + 1 < len(words) and words[at + 1] == "o":
        return Sign("00", end=at + 2)
    else:
        sign = read_sign(words, at)
    return sign if sign and sign.text.isdigit() else None


def _is_digit(words: Sequence[str], at: int) -> bool:
    word = words[at]
    sign = read_sign(words, at)
    return word.isdigit() or word == "o" or (sign is not None and sign.text.isdigit())


def _after_digits(words: Sequence[str], at: int) -> int:
    while at < len(words) and (sign := _digits_at(words, at, is_apart=False)):
        at = sign.end
    return at


def _enough(run: str) -> Iterator[str]:
    if SHORTEST_NUMBER <= len(run) <= LONGEST_NUMBER:
        yield run
