"""Order references as they are said: spelled, in groups, in part, with spelling words, corrected on the way."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.spoken_dates import MONTH_WORD
from app.core.spoken_words import (
    REPEATS,
    SPELLING_VOCABULARY,
    WORDED,
    Sign,
    SignKind,
    plain_text,
    read_number,
    read_sign,
)

MOST_CODES = 8  # more is guessing, by the agent or by the caller
SHORTEST_CODE = 3
SHORTEST_LETTERS = 4  # spelled letters without a digit: three are an abbreviation
SHORTEST_WORD = 6  # what may be a word is a code only when it is long
LONGEST_CODE = 40
SHORTEST_WHOLE = 16  # nobody calls so many characters "the last ones"

UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE)

# Said around a reference ("my order number is ... it ends in ..."), or in its place when there is none.
WORDS_AROUND = frozenset({
    "a", "an", "and", "are", "at", "characters", "code", "confirmation", "digits", "does", "doesn", "doesnt", "don",
    "dont", "end", "ending", "ends", "first", "for", "from", "gift", "have", "he", "her", "his", "i", "id", "in",
    "is", "it", "its", "know", "last", "letters", "missing", "my", "n", "na", "no", "none", "not", "null", "number",
    "of", "on", "or", "order", "our", "please", "provided", "purchase", "ref", "reference", "remember", "s", "said",
    "says", "she", "sure", "t", "that", "thats", "the", "their", "there", "they", "this", "to", "unavailable",
    "undefined", "unknown", "unsure", "was", "with", "you", "your",
})  # fmt: skip
# Said between two characters of a code without being one of them.
JOINERS = frozenset({
    "capital", "dash", "digit", "dot", "hyphen", "letter", "lower", "lowercase", "minus", "number", "slash", "small",
    "space", "then", "uh", "um", "underscore", "upper", "uppercase",
})  # fmt: skip
SPELLED_JOINERS = frozenset({"and", "case", "the"})  # so only between single characters: "1001 and 1002" are two codes
CORRECTIONS = frozenset({"actually", "correction", "no", "rather", "sorry", "wait"})

TAIL_WORDS = frozenset({"end", "ending", "ends", "finishes", "finishing"})
HEAD_WORDS = frozenset({"begin", "beginning", "begins", "start", "starting", "starts"})
COUNTED_PARTS = frozenset({"few", "couple", "characters", "digits", "letters", "numbers", "ones", "part", "bit", "of"})
# "fifteen" and "fifty": hardly to be told apart.
ALIKE_NUMBERS = {f"1{digit}": f"{digit}0" for digit in range(3, 10)} | {
    f"{digit}0": f"1{digit}" for digit in range(3, 10)
}
DAY_FIGURES = re.compile(r"\d{1,2}(?:st|nd|rd|th)?", re.IGNORECASE | re.ASCII)
YEAR_FIGURES = re.compile(r"(?:19|20)\d\d", re.ASCII)
ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)", re.IGNORECASE | re.ASCII)


class CodePart(StrEnum):
    """Which part of a reference the speaker said a code is."""

    EITHER = "either"
    TAIL = "tail"  # "it ends in", "the last five"
    HEAD = "head"  # "it starts with"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class SpokenCode:
    """A code that may have been said. One that is not sure may be mere words: it speaks for an order, never against."""

    text: str  # capital letters and digits
    part: CodePart
    is_sure: bool


@dataclass(slots=True)
class _Run:
    """Signs said one after the other. `None` stands where the speaker corrected what came before."""

    part: CodePart = CodePart.EITHER
    signs: list[Sign | None] = field(default_factory=list)

    @property
    def is_spelled(self) -> bool:
        last = self.signs[-1] if self.signs else None
        return last is not None and len(last.text) == 1


def read_codes(text: str) -> tuple[SpokenCode, ...]:
    """What may be a reference in these words, most plausible first. Shop ids that are UUIDs are left out."""
    words = re.findall(r"[A-Za-z0-9]+", plain_text(UUID.sub(" ", text[:1000])))
    found: dict[str, SpokenCode] = {}
    runs = list(_runs(words))
    for run in runs:
        _keep_run(found, run)
    if len(runs) > 1 and not found:  # "B seven, I think, K two"
        _keep_signs(found, [sign for run in runs for sign in run.signs if sign], CodePart.EITHER, is_first=False)
    _keep_words(found, [word for word in words if word.lower() not in WORDS_AROUND])
    return tuple(sorted(found.values(), key=lambda code: (not code.is_sure, -len(code.text))))[:MOST_CODES]


def _keep_words(found: dict[str, SpokenCode], words: Sequence[str]) -> None:
    """Long words by themselves, and all of them as one: what is left to try where no code was heard for sure."""
    has_sure = any(code.is_sure for code in found.values())
    for word in words:
        is_code = _cannot_be_word(word) or (word.isupper() and word.isalpha())
        is_plain = word.lower() in SPELLING_VOCABULARY | JOINERS | TAIL_WORDS | HEAD_WORDS
        if len(word) >= SHORTEST_WORD and not is_plain and (is_code or not has_sure):
            _keep(found, word, CodePart.EITHER, is_sure=_cannot_be_word(word))
    whole = "".join(words).upper()
    if not any(code.is_sure for code in found.values()) and SHORTEST_WORD <= len(whole) <= LONGEST_CODE:
        _keep(found, whole, CodePart.EITHER, is_sure=False)


def _runs(words: Sequence[str]) -> Iterator[_Run]:
    """Every run of signs, with the part of the reference that it was said to be."""
    runs: list[_Run] = []
    run, at = _Run(), 0
    while at < len(words):
        if not run.signs and (after_date := _end_of_date(words, at)):
            at = after_date
        elif marked := _read_part(words, at):
            part, at = marked
            runs, run = [*runs, run], _Run(part)
        elif sign := _read_code_sign(words, at, run):
            run.signs.append(sign)
            at = sign.end
        elif run.signs and _joins(words[at].lower(), run):
            at += 1
        elif run.signs and words[at].lower() in CORRECTIONS and run.is_spelled:
            run.signs.append(None)
            at += 1
        else:
            runs, run = ([*runs, run], _Run()) if run.signs else (runs, run)
            at += 1
    runs.append(run)
    if run.part is not CodePart.EITHER and not run.signs:  # "W H T W W are the last five"
        for earlier in runs[-2:-1]:
            earlier.part = run.part if earlier.part is CodePart.EITHER else earlier.part
    yield from (each for each in runs if each.signs)


def _end_of_date(words: Sequence[str], at: int) -> int | None:
    """Where "November 5th, 2026" ends: a day in the place of a reference is none."""
    if not MONTH_WORD.fullmatch(words[at].lower()) or not DAY_FIGURES.fullmatch("".join(words[at + 1 : at + 2])):
        return None
    return at + 3 if YEAR_FIGURES.fullmatch("".join(words[at + 2 : at + 3])) else None


def _read_part(words: Sequence[str], at: int) -> tuple[CodePart, int] | None:
    """Words that say which part follows, and where they end: "ends in", "the last four are"."""
    word = words[at].lower()
    following = words[at + 1].lower() if at + 1 < len(words) else ""
    if word in TAIL_WORDS | HEAD_WORDS:
        part = CodePart.TAIL if word in TAIL_WORDS else CodePart.HEAD
        return part, at + 1 + (following in {"in", "with", "on"})
    if word not in {"last", "final", "first"}:
        return None
    end = at + 1
    if counted := read_number(words, end):
        end = counted[1]
    elif following.isdigit() and len(following) <= 2:
        end += 1
    while end < len(words) and words[end].lower() in COUNTED_PARTS:
        end += 1
    says_code = end > at + 1 or following in {"are", "is"} or any(sign.isdigit() for sign in following)
    end += end < len(words) and words[end].lower() in {"are", "is"}
    return (CodePart.HEAD if word == "first" else CodePart.TAIL, end) if says_code else None


def _read_code_sign(words: Sequence[str], at: int, run: _Run) -> Sign | None:
    word = words[at]
    following = words[at + 1] if at + 1 < len(words) else ""
    if len(word) == 1:
        # A single letter is spelled, but for "I" and "a" before a word.
        is_before_word = len(following) > 1 and following.isalpha() and following.islower()
        if word in {"I", "i", "A", "a"} and is_before_word and not _may_go_on(words, at + 1):
            return read_sign(words, at) if following == "hundred" else None
        return read_sign(words, at)
    if sign := read_sign(words, at):
        return sign
    is_marked = run.part is not CodePart.EITHER and not run.signs
    is_code = _cannot_be_word(word) or (word.isupper() and word.lower() not in WORDS_AROUND)
    if is_code or (is_marked and len(word) >= SHORTEST_LETTERS and word.lower() not in WORDS_AROUND):
        return None if ORDINAL.fullmatch(word) else Sign(word.upper(), at + 1, SignKind.NUMBER)
    return None


def _may_go_on(words: Sequence[str], at: int) -> bool:
    """Whether a code may go on with this word: not with "am" of "I am", but with "as in", "dash", "double", "seven"."""
    word = words[at].lower()
    following = words[at + 1].lower() if at + 1 < len(words) else ""
    if word in JOINERS | REPEATS.keys() or word == "like" or (word, following) == ("as", "in"):
        return True
    sign = read_sign(words, at)
    return sign is not None and sign.kind not in {SignKind.MAYBE_NAMED, SignKind.MAYBE_CODED}


def _joins(word: str, run: _Run) -> bool:
    return word in JOINERS or (word in SPELLED_JOINERS and run.is_spelled)


def _cannot_be_word(piece: str) -> bool:
    """A digit, no vowel, or more consonants at the beginning than a word of English has."""
    small = piece.lower()
    if any(sign.isdigit() for sign in small):
        return True
    return len(small) >= SHORTEST_CODE and re.match(r"[^aeiouy]{4}|[^aeiouy]+$", small) is not None


def _keep_run(found: dict[str, SpokenCode], run: _Run) -> None:
    signs = run.signs
    while signs and signs[-1] is None:
        signs.pop()
    inner = _without_edges(signs)
    for rank, variant in enumerate([*_variants(inner), *(_variants(signs) if len(inner) < len(signs) else [])]):
        _keep_signs(found, variant, run.part, is_first=rank == 0)


def _without_edges(signs: list[Sign | None]) -> list[Sign | None]:
    """The run without the "you" or "see" at its ends, unless this recogniser writes letters as words throughout."""
    kinds = [sign.kind for sign in signs if sign and sign.kind in WORDED]
    are_letters_words = SignKind.NAMED in kinds or kinds.count(SignKind.MAYBE_NAMED) >= SHORTEST_CODE
    maybe = set() if are_letters_words else {SignKind.MAYBE_NAMED}
    if not are_letters_words and SignKind.CODED not in kinds and len(kinds) < SHORTEST_CODE:
        maybe.add(SignKind.MAYBE_CODED)
    sure = [at for at, sign in enumerate(signs) if sign and sign.kind not in maybe]
    return signs[sure[0] : sure[-1] + 1] if sure else []


def _variants(signs: list[Sign | None]) -> Iterator[list[Sign]]:
    """The readings of a run: corrected as the speaker meant, or not; then with one sign in its other reading."""
    said = [sign for sign in signs if sign]
    if len(said) < len(signs):
        yield [sign for at, sign in enumerate(signs) if sign and (at + 1 >= len(signs) or signs[at + 1])]
        yield [sign for at, sign in enumerate(signs) if sign and (at == 0 or signs[at - 1])]
    yield said
    for at, sign in enumerate(said):
        if sign.other:
            yield [*said[:at], Sign(sign.other, sign.end), *said[at + 1 :]]
        elif sign.text in ALIKE_NUMBERS:
            yield [*said[:at], Sign(ALIKE_NUMBERS[sign.text], sign.end), *said[at + 1 :]]
    swapped = [Sign(sign.other or sign.text, sign.end) for sign in said]
    if sum(bool(sign.other) for sign in said) > 1:
        yield swapped


def _keep_signs(found: dict[str, SpokenCode], signs: Iterable[Sign], part: CodePart, *, is_first: bool) -> None:
    texts = [sign.text for sign in signs]
    code = "".join(texts)
    has_digit = any(sign.isdigit() for sign in code)
    is_spelled = all(len(text) == 1 or len(set(text)) == 1 for text in texts) and len(texts) > 1
    is_marked = part is not CodePart.EITHER
    are_letters = is_spelled or _cannot_be_word(code)
    least = SHORTEST_CODE if has_digit or is_marked else SHORTEST_LETTERS if are_letters else SHORTEST_WORD
    if len(code) < least:
        return
    _keep(found, code, part, is_sure=is_first and (has_digit or is_spelled or not set(code) & set("AEIOU")))


def _keep(found: dict[str, SpokenCode], code: str, part: CodePart, *, is_sure: bool) -> None:
    if len(code) > LONGEST_CODE:
        return
    text = code.upper()
    known = found.get(text)
    if len(text) >= SHORTEST_WHOLE:
        part = CodePart.WHOLE
    if known is None:
        found[text] = SpokenCode(text, part, is_sure)
    elif is_sure and not known.is_sure:
        found[text] = SpokenCode(text, known.part, is_sure=True)
