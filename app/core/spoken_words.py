"""Words of spoken English that stand for letters and digits, and how several of them make one.

What a run of them means, a code, an address or a number, is for the readers beside this file.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

LONGEST_TEXT = 300  # a field that says more is prose; what it holds stands at its beginning

# Written by an agent into a field nobody filled.
PLACEHOLDERS = frozenset({
    "anonymous", "caller", "customer", "guest", "n a", "na", "nil", "none", "not available", "not given",
    "not mentioned", "not provided", "not specified", "not stated", "null", "tbd", "unavailable", "undefined",
    "unknown", "unspecified", "user",
})  # fmt: skip


def _by_initial(*words: str) -> dict[str, str]:
    return {word: word[0].upper() for word in words}


ZEROS = frozenset({"zero", "nought", "naught", "oh"})
UNITS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "niner": 9}
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
PLURALS = {
    "zeros": "0", "zeroes": "0", "ohs": "0", "ones": "1", "twos": "2", "threes": "3", "fours": "4", "fives": "5",
    "sixes": "6", "sevens": "7", "eights": "8", "nines": "9",
}  # fmt: skip

# How a recogniser writes the name of a letter. None of these is a word that people say around a code.
LETTER_NAMES = {
    "aitch": "H", "ar": "R", "bee": "B", "cee": "C", "cue": "Q", "dee": "D", "ee": "E", "ef": "F", "eff": "F",
    "el": "L", "ell": "L", "em": "M", "en": "N", "ess": "S", "ex": "X", "gee": "G", "haitch": "H", "jay": "J",
    "kay": "K", "pee": "P", "queue": "Q", "tee": "T", "vee": "V", "wye": "Y", "zed": "Z", "zee": "Z",
}  # fmt: skip
# The same, where it is also a plain word: a letter only among other letters.
LETTERS_OR_WORDS = {
    "age": "H", "are": "R", "ate": "8", "be": "B", "eye": "I", "for": "4", "fore": "4", "owe": "O", "pea": "P",
    "sea": "C", "see": "C", "tea": "T", "to": "2", "too": "2", "why": "Y", "won": "1", "you": "U",
}  # fmt: skip
NATO_WORDS = _by_initial(
    "alfa", "alpha", "bravo", "delta", "echo", "foxtrot", "juliet", "juliett", "kilo", "lima", "oscar", "papa",
    "quebec", "romeo", "sierra", "tango", "whiskey", "whisky", "xray", "yankee", "zulu",
)  # fmt: skip
# Spelling words of the NATO and of every day that are also plain words or names: a letter only among other letters.
PLAIN_SPELLING_WORDS = _by_initial(
    "able", "adam", "apple", "baker", "boy", "cat", "charles", "charlie", "david", "dog", "easy", "edward", "egg",
    "elephant", "father", "fox", "frank", "george", "golf", "green", "harry", "henry", "hotel", "house", "ice", "ida",
    "igloo", "india", "jack", "john", "king", "kite", "larry", "lincoln", "lion", "love", "mary", "mike", "mother",
    "nancy", "nora", "november", "ocean", "orange", "otto", "paul", "peter", "queen", "robert", "roger", "sam",
    "sugar", "tiger", "thomas", "tom", "umbrella", "uncle", "uniform", "union", "victor", "violet", "water",
    "william", "yellow", "young", "zebra",
)  # fmt: skip
# Every word that means something in a spelling: none of them is a code by itself.
SPELLING_VOCABULARY = frozenset().union(
    ZEROS, UNITS, TEENS, TENS, REPEATS, PLURALS, LETTER_NAMES, LETTERS_OR_WORDS, NATO_WORDS, PLAIN_SPELLING_WORDS,
    {"hundred", "thousand"},
)  # fmt: skip


class SignKind(Enum):
    """How sure it is that words stand for a sign."""

    SPELLED = auto()  # "B", "7", "seven", "double five", "B as in boy"
    NUMBER = auto()  # several digits in one: "forty two"
    NAMED = auto()  # "aitch", "kay"
    CODED = auto()  # "bravo"
    MAYBE_NAMED = auto()  # "you", "see": letters only among other letters
    MAYBE_CODED = auto()  # "charlie", "mary": so too


WORDED = frozenset({SignKind.NAMED, SignKind.CODED, SignKind.MAYBE_NAMED, SignKind.MAYBE_CODED})


WORDS_OF_LETTERS = (
    (LETTER_NAMES, SignKind.NAMED),
    (NATO_WORDS, SignKind.CODED),
    (LETTERS_OR_WORDS, SignKind.MAYBE_NAMED),
    (PLAIN_SPELLING_WORDS, SignKind.MAYBE_CODED),
)


@dataclass(frozen=True, slots=True)
class Sign:
    """What words from one place to `end` stand for; `other` is a second reading of them, if there is one."""

    text: str  # capital letters and digits
    end: int
    kind: SignKind = SignKind.SPELLED
    other: str = ""


def plain_text(text: str) -> str:
    """At most 300 signs of text, without accents, apostrophes and the shapes that Unicode has for plain letters."""
    apart = unicodedata.normalize("NFKD", text[:LONGEST_TEXT])
    kept = "".join(sign for sign in apart if not unicodedata.combining(sign))[:LONGEST_TEXT]
    return re.sub("['\u2018\u2019\u02bc`\u00b4]", "", kept)


def read_number(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """A whole number in words ("one hundred and five") and where it ends; None for digits, zero and other words."""
    found = _below_thousand(words, at)
    if found is None:
        return None
    value, end = found
    if _word(words, end) != "thousand":
        return found
    rest = _below_thousand(words, end + 1 + (_word(words, end + 1) == "and"))
    return (value * 1000 + rest[0], rest[1]) if rest else (value * 1000, end + 1)


def read_sign(words: Sequence[str], at: int) -> Sign | None:
    """The letter, digits or number which the words at this place stand for; None for other words.

    `words` may have capitals, so that the pronoun "I" can be told apart by who asks.
    """
    word = words[at].lower()
    if word in REPEATS:
        return _read_repeated(words, at)
    if digits := _read_digits(words, at):
        return digits
    if len(word) == 1 and word.isascii() and word.isalnum():
        return _with_example(words, Sign(word.upper(), at + 1))
    for table, kind in WORDS_OF_LETTERS:
        if letter := table.get(word):
            return _with_example(words, Sign(letter, at + 1, kind))
    return None


def _read_digits(words: Sequence[str], at: int) -> Sign | None:
    """A number in words; "four nines" are four digits, "oh" may be the letter."""
    word = words[at].lower()
    if word in ZEROS:
        return Sign("0", at + 1, other="O" if word == "oh" else "")
    found = read_number(words, at)
    if found is None:
        return None
    value, end = found
    if end == at + 1 and value < 10 and (many := PLURALS.get(_word(words, end))):
        return Sign(many * value, end + 1, SignKind.NUMBER)
    return Sign(str(value), end, SignKind.SPELLED if value < 10 else SignKind.NUMBER)


def _word(words: Sequence[str], at: int) -> str:
    return words[at].lower() if 0 <= at < len(words) else ""


def _below_thousand(words: Sequence[str], at: int) -> tuple[int, int] | None:
    if _word(words, at) == "a" and _word(words, at + 1) in {"hundred", "thousand"}:
        found = (1, at + 1)
    elif (below := _below_hundred(words, at)) is not None:
        found = below
    else:
        return None
    value, end = found
    if _word(words, end) != "hundred":
        return found
    rest = _below_hundred(words, end + 1 + (_word(words, end + 1) == "and"))
    return (value * 100 + rest[0], rest[1]) if rest else (value * 100, end + 1)


def _below_hundred(words: Sequence[str], at: int) -> tuple[int, int] | None:
    word = _word(words, at)
    if word in TENS:
        unit = UNITS.get(_word(words, at + 1))
        return (TENS[word] + unit, at + 2) if unit else (TENS[word], at + 1)
    value = UNITS.get(word) or TEENS.get(word)
    return None if value is None else (value, at + 1)


def _read_repeated(words: Sequence[str], at: int) -> Sign | None:
    """A W for "double you"; else the next sign several times, if it is a single one: nothing is doubled for ever."""
    times, following = REPEATS[words[at].lower()], _word(words, at + 1)
    if times == 2 and following in {"you", "u"}:
        return _with_example(words, Sign("W", at + 2, SignKind.NAMED))
    if following in REPEATS and _word(words, at + 2) in REPEATS:
        return None
    if len(following) == 2 and len(set(following)) == 1:  # "double ee", as some recognisers write it
        return Sign(following.upper(), at + 2)
    sign = read_sign(words, at + 1) if following else None
    if sign is None or not sign.text:
        return None
    if len(sign.text) > 1:  # "double twenty": said of the first of its digits at most, so of none
        return None
    return Sign(sign.text * times, sign.end, other=sign.other * times)


def _with_example(words: Sequence[str], sign: Sign) -> Sign:
    """After "B as in boy" the word decides: it is heard better than the letter. "for" and "like" need the same one."""
    at = sign.end
    link = _word(words, at)
    if sign.text == "X" and link == "ray":
        return Sign("X", at + 1, SignKind.CODED)
    if len(words[at - 1]) == 1 and (NATO_WORDS | PLAIN_SPELLING_WORDS).get(link) == sign.text:  # "W whiskey"
        return Sign(sign.text, at + 1, other=sign.text * 2)
    is_plain = link in {"for", "like"}
    at += 1 if is_plain else 2
    if not is_plain and (link, _word(words, at - 1)) not in {("as", "in"), ("as", "an"), ("is", "for")}:
        return sign
    if (_word(words, at), _word(words, at + 1)) == ("the", "word"):
        at += 2
    example = _word(words, at)
    if (example, _word(words, at + 1)) == ("x", "ray"):
        example, at = "xray", at + 1
    if len(example) < 2 or not example.isalpha() or not example.isascii():
        return sign
    initial = example[0].upper()
    if initial == sign.text:
        return Sign(sign.text, at + 1)
    return sign if is_plain else Sign(initial, at + 1, other=sign.text)
