"""E-mail addresses as they are said ("alena dot kenter at on goody dot com") or half written down."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from rapidfuzz import fuzz

from app.core.contacts import normalise_email
from app.core.spoken_words import LONGEST_TEXT, REPEATS, Sign, SignKind, plain_text, read_sign

MOST_EMAILS = 8
MOST_READINGS = 40  # joined and tried; the plausible ones are among the first
MOST_WORDS_OF_A_LABEL = 12

AT = "@"
SYMBOLS = {
    "dot": ".", "underscore": "_", "dash": "-", "hyphen": "-", "minus": "-", "plus": "+", "point": ".", "period": ".",
    ".": ".", "_": "_", "-": "-", "+": "+",
}  # fmt: skip
# So as not to read "at this point in time" as an address.
DOTS_OF_PROSE = frozenset({"point", "period"})
COMMON_ENDINGS = frozenset({"com", "org", "net", "edu", "gov", "io", "co", "uk", "us", "ca", "de", "fr", "info"})
ENDINGS_AFTER_CO = frozenset({"uk", "nz", "za", "jp", "kr"})  # "dot co uk"

# Said about an address and no part of it; the longer ones first.
ASIDES = re.compile(
    r"\b(?:all (?:in )?(?:lower|upper) ?case|(?:lower|upper) ?case|all (?:in )?one word|(?:all )?in one word|one word|"
    r"no spaces?|all together|the (?:number|digit|letter|symbol|sign|word)|(?:number|digit|capital|letter) (?=\w)|"
    r"um+|uh+|er|space)\b"
)
AT_WORDS = re.compile(r"\bat (?:sign|symbol|the rate(?: of)?)\b|\(at\)|\[at\]|\bat\b|@")
DOT_WORDS = re.compile(r"\bfull stop\b|\(dot\)|\[dot\]|\bdot\b")
UNDERSCORE_WORDS = re.compile(r"\bunder ?scores?\b")

# Words after which an address begins, when the speaker said more than it.
BEFORE_ADDRESS = frozenset({
    "address", "and", "be", "but", "email", "emails", "have", "hello", "hi", "is", "it", "its", "mail", "my", "of",
    "ok", "okay", "on", "or", "so", "sure", "that", "thats", "the", "think", "this", "to", "try", "under", "use",
    "using", "was", "well", "with", "would", "yeah", "yep", "yes", "you", "your",
})  # fmt: skip
NEVER_ADDRESSES = frozenset({"know", "not", "dont", "no", "none"})


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word or symbol of an address with its readings, the likelier first."""

    readings: tuple[str, ...]
    is_symbol: bool = False
    is_spelled: bool = False


def read_emails(text: str) -> tuple[str, ...]:
    """Addresses that were said, normalised, most plausible first. One whose domain was not said is none."""
    short = text[:LONGEST_TEXT]
    as_written = normalise_email(short)
    if as_written is not None:
        return tuple(dict.fromkeys((as_written, GLUED_DIGITS.sub(_as_digits, as_written))))
    found: list[str] = []
    for part in re.split(r"[;,]\s*or\s|;|\sor\s", plain_text(short).lower()):
        found += _written(part) if _is_plainly_written(part) else _spoken(part)
    return tuple(dict.fromkeys(found))[:MOST_EMAILS]


# A recogniser writes a number at the end of a mailbox in words, and runs them into it: kyletwozerozerofive@me.com.
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GLUED_DIGITS = re.compile(rf"(?<=[a-z0-9._-])(?:{'|'.join(DIGIT_WORDS)}){{2,}}(?=@)")


def _as_digits(words: re.Match[str]) -> str:
    digits = words[0]
    for digit, word in enumerate(DIGIT_WORDS):
        digits = digits.replace(word, str(digit))
    return digits


def _written(text: str) -> list[str]:
    return [found for word in re.split(r"[\s,]+", text) if AT in word and (found := normalise_email(word))]


def _is_plainly_written(text: str) -> bool:
    """Whether addresses stand here as they are written, apart from each other and from spoken signs."""
    words = re.split(r"[\s,]+", text.strip())
    addresses = [word for word in words if AT in word]
    spoken = {word.strip(".") for word in words if word not in addresses} - BEFORE_ADDRESS
    return bool(addresses) and not spoken and len(_written(text)) == len(addresses)


def _spoken(text: str) -> list[str]:
    plain = UNDERSCORE_WORDS.sub(" underscore ", DOT_WORDS.sub(" dot ", ASIDES.sub(" ", text)))
    plain = AT_WORDS.sub(f" {AT} ", plain)
    # A full stop is a sign of the address only where it stands inside of one.
    words = re.findall(r"[a-z0-9]+|[@_+]|(?<=\S)\.(?=\S)|(?<=\w)-(?=\w)", plain)
    places = [at for at, word in enumerate(words) if word == AT]
    for at in reversed(places):  # "reach me at alena at gmail dot com": the last one with a domain
        domains = _domains(words[at + 1 :])
        locals_ = _locals(words[:at])
        found = [
            email for local, domain in _by_rank(locals_, domains) if (email := normalise_email(local + AT + domain))
        ]
        if found:
            return found
    return []


def _by_rank(locals_: Sequence[str], domains: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of readings, those first which need the fewest second readings."""
    ranked = sorted(product(range(len(locals_)), range(len(domains))), key=lambda pair: (sum(pair), pair))
    return [(locals_[one], domains[other]) for one, other in ranked[:MOST_READINGS]]


def _domains(words: Sequence[str]) -> list[str]:
    """Readings of the domain at the beginning of these words; none where its ending was not said."""
    labels: list[list[str]] = [[]]
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        is_dot = SYMBOLS.get(word) == "." and (word not in DOTS_OF_PROSE or following in COMMON_ENDINGS)
        if is_dot:
            if not labels[-1]:
                return []
            labels.append([])
        elif word in {AT, "_", "+"}:
            break
        elif labels[-1] == ["co"] and word in ENDINGS_AFTER_CO:
            labels.append([word])
        elif len(labels) > 1 and labels[-1] and not _goes_on(labels[-1], words, at):
            break
        else:
            labels[-1].append("-" if SYMBOLS.get(word) == "-" else word)
    if len(labels) == 1 and len(labels[0]) > 1 and labels[0][-1] in {"com", "org", "net"}:
        labels = [labels[0][:-1], labels[0][-1:]]  # "gmail com": the recogniser left the dot out
    if len(labels) < 2 or not labels[-1] or any(len(label) > MOST_WORDS_OF_A_LABEL for label in labels):
        return []
    return _joined_labels(labels)


def _goes_on(label: Sequence[str], words: Sequence[str], at: int) -> bool:
    """After a dot: letters of one label ("c o m"), or a label in several words before the next dot."""
    if len(label[-1]) == 1 and len(words[at]) == 1:
        return True
    rest = [word for word in words[at : at + 4] if word != AT]
    return any(SYMBOLS.get(word) == "." and word not in DOTS_OF_PROSE for word in rest[1:])


def _joined_labels(labels: Sequence[Sequence[str]]) -> list[str]:
    """Every label in one word; then its words joined by dashes, and its digits as words."""
    joined, dashed, worded = [], [], []
    for label in labels:
        pieces = _pieces(label)
        joined.append("".join(piece.readings[0] for piece in pieces))
        words = [piece.readings[0] for piece in pieces if not piece.is_symbol]
        are_words = len(words) > 1 and not any(piece.is_spelled or piece.is_symbol for piece in pieces)
        dashed.append("-".join(words) if are_words and all(len(word) > 1 for word in words) else joined[-1])
        worded.append("".join(piece.readings[-1] for piece in pieces))
    return list(dict.fromkeys(".".join(each) for each in (joined, dashed, worded)))


def _locals(words: Sequence[str]) -> list[str]:
    """Readings of what was said before the @."""
    pieces = _pieces(_address_words(words))
    if not pieces or len(pieces) > MOST_WORDS_OF_A_LABEL:
        return []
    readings = _unspelled(pieces)
    readings += ["".join(piece.readings[0] for piece in pieces)]
    readings += ["".join(piece.readings[-1] for piece in pieces)]
    last_group = [at for at, (one, two) in enumerate(pairwise(pieces)) if _is_gap(one, two)]
    for joiner in (".", "_") if last_group else ():
        readings.append(_with_joiner(pieces, joiner))
    if last_group:  # what came before the last gap may have been prose
        readings.append("".join(piece.readings[0] for piece in pieces[last_group[-1] + 1 :]))
    return list(dict.fromkeys(readings))


def _address_words(words: Sequence[str]) -> Sequence[str]:
    """The last of these words, back to one that people say before an address."""
    start = len(words)
    while start and words[start - 1] != AT and words[start - 1] not in NEVER_ADDRESSES:
        is_joined = start < len(words) and words[start] in SYMBOLS
        is_letter = start > 1 and words[start - 2] in REPEATS  # "double you"
        if words[start - 1] in BEFORE_ADDRESS and start < len(words) and not is_joined and not is_letter:
            break
        start -= 1
    found = words[start:]
    return found[1:] if found and found[0] in SYMBOLS else found


def _pieces(words: Sequence[str]) -> list[_Piece]:
    pieces: list[_Piece] = []
    at = 0
    while at < len(words):
        word = words[at]
        sign = read_sign(words, at)
        if word in SYMBOLS:
            pieces.append(_Piece((SYMBOLS[word],), is_symbol=True))
        elif sign is not None and _is_sign_here(words, at, sign):
            pieces.append(_Piece(_readings(words, at, sign), is_spelled=True))
            at = sign.end - 1
        else:  # "kay" is a name, and a letter in the second place
            is_letter = sign is not None and sign.kind is SignKind.NAMED
            pieces.append(_Piece((word, sign.text.lower()) if sign and is_letter else (word,)))
        at += 1
    return pieces


def _readings(words: Sequence[str], at: int, sign: Sign) -> tuple[str, ...]:
    """A sign, and what else it may be: "seven" may be meant as a word, "oh" beside letters is one."""
    said = "".join(words[at : sign.end])
    text, other = sign.text.lower(), sign.other.lower()
    if said == "oh" and _are_letters(words, at):
        return (other, text)
    if not other and sign.end == at + 1 and text.isdigit() and not said.isdigit():
        other = said
    return (text, other) if other else (text,)


def _is_sign_here(words: Sequence[str], at: int, sign: Sign) -> bool:
    """Words which are names and letters at once ("kay", "mike", "you") count as letters only beside other letters."""
    if sign.kind in {SignKind.SPELLED, SignKind.NUMBER} or sign.end > at + 1:
        return True
    around = [words[place] for place in (at - 1, sign.end) if 0 <= place < len(words)]
    return any(len(word) == 1 and word.isalpha() for word in around) or _are_letters(words, at)


def _are_letters(words: Sequence[str], at: int) -> bool:
    """Three words in a row around this one that each stand for a letter."""
    run = 0
    for place in range(max(0, at - 2), min(len(words), at + 3)):
        sign = read_sign(words, place)
        run = run + 1 if sign is not None and (sign.other or sign.text).isalpha() else 0
        if run >= 3 and place >= at:
            return True
    return False


def _unspelled(pieces: Sequence[_Piece]) -> list[str]:
    """As in "kenter, k e n t e r": a word followed by its spelling is said twice, and the spelling is right."""
    for start, piece in enumerate(pieces):
        end = start + 1
        while end < len(pieces) and pieces[end].is_spelled:
            end += 1
        spelled = "".join(each.readings[0] for each in pieces[start + 1 : end])
        if piece.is_spelled or piece.is_symbol or len(spelled) < 3:
            continue
        if fuzz.ratio(piece.readings[0], spelled) >= 50:
            kept: Iterable[_Piece] = [*pieces[:start], *pieces[start + 1 :]]
            return ["".join(each.readings[0] for each in kept)]
    return []


def _is_gap(one: _Piece, two: _Piece) -> bool:
    """Whether two words stand side by side that nothing joins."""
    return not (one.is_symbol or two.is_symbol or (one.is_spelled and two.is_spelled))


def _with_joiner(pieces: Sequence[_Piece], joiner: str) -> str:
    text = pieces[0].readings[0]
    for one, two in pairwise(pieces):
        text += (joiner if _is_gap(one, two) else "") + two.readings[0]
    return text
