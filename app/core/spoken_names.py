"""Names out of what people say when they are asked for theirs: with greetings, spelled, last name first."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from app.core.contacts import TITLES, normalise_name
from app.core.spoken_words import LONGEST_TEXT, PLACEHOLDERS, WORDED, SignKind, read_sign

MOST_NAMES = 4
MOST_WORDS = 6
SHORTEST_SPELLED = 3  # fewer letters are initials
LONGEST_SPELLED = 24
ALIKE = 50  # of 100: a name and its spelling need not agree in much, for the first was misheard

BEFORE_NAME = re.compile(
    r"^(?:(?:hi|hello|hey|yes|yeah|yep|sure|ok|okay|so|um+|uh+|well|oh|this is|that is|thats|it is|its|i am|im|"
    r"(?:my|the|his|her) (?:full |first |last |sur)?name(?: is|s)?|(?:full |first |last |sur)?name(?: is|s)|names|"
    r"it should be under|it is under|under the name(?: of)?|under|you are speaking (?:with|to)|speaking with|"
    r"for|from|by|named|called|call me|the order is for)\b[\s,:.]*)+",
    re.IGNORECASE,
)
AFTER_NAME = re.compile(
    r"[\s,.]*\b(?:speaking|here|calling|please|thanks|thank you|(?:that is|thats) (?:it|my name|right|correct))"
    r"[\s.!]*$",
    re.IGNORECASE,
)
BETWEEN_NAMES = re.compile(r"\s+(?:or|and|aka)\s+|\s*[;/]\s*", re.IGNORECASE)
SPELLING_ASIDES = re.compile(
    r"\b(?:(?:that is|thats|it is|its) )?(?:spelled|spelt|spelling)(?: it)?(?: is| as)?\b|\bthats(?= \w\b)|"
    r"\b(?:first|last|sur)name(?: is)?\b|\b(?:first|last) name(?: is)?\b|\b(?:capital|letter)\b",
    re.IGNORECASE,
)
PARTICLES = frozenset({"al", "da", "de", "del", "den", "der", "di", "dos", "du", "el", "la", "le", "van", "von"})
NAMED_LAST_FIRST = re.compile(
    r"^(?:the )?(?:last|sur) ?name(?: is)? (.+?)[\s,]+first name(?: is)? (.+)$", re.IGNORECASE
)
# Words that no name has: what holds one is prose.
WORDS_OF_PROSE = frozenset({
    "a", "about", "account", "are", "because", "but", "called", "caller", "cant", "customer", "declined", "did", "dont",
    "email", "found", "gave", "gift", "given", "has", "have", "he", "i", "in", "is", "isnt", "it", "know", "me",
    "mentioned", "my", "name", "not", "number", "of", "one", "order", "phone", "provided", "recipient", "refused",
    "said", "say", "sender", "she", "sure", "that", "the", "their", "there", "they", "this", "to", "unclear", "unknown",
    "want", "wants", "was", "we", "were", "what", "who", "with", "would", "you", "your",
})  # fmt: skip


def read_names(text: str) -> tuple[str, ...]:
    """Names as people write them, first name first, most plausible first; none where the words are no name."""
    plain = unicodedata.normalize("NFC", "".join(sign if sign.isprintable() else " " for sign in text[:LONGEST_TEXT]))
    found: list[str] = []
    for part in BETWEEN_NAMES.split(plain) if not _is_placeholder(plain) else ():
        found += _names(part)
    return tuple(dict.fromkeys(found))[:MOST_NAMES]


def _is_placeholder(text: str) -> bool:
    return normalise_name(text) in PLACEHOLDERS or text.strip().lower() in {"n/a", "-", "--"}


def _names(text: str) -> list[str]:
    straight = re.sub("['\u2018\u2019\u02bc](?=[sm]\\b)", "", text)  # "it's", "I'm", but O'Neil
    straight = NAMED_LAST_FIRST.sub(r"\2 \1", straight.strip())
    bare = AFTER_NAME.sub("", BEFORE_NAME.sub("", straight))
    bare = " ".join(_last_name_behind(SPELLING_ASIDES.sub(" ", bare)).split())
    words = re.findall(r"[^\W_]+(?:['\u2018\u2019\u02bc.-][^\W\d_]{2,})*", _dashes_apart(bare))
    while len(words) > 1 and words[0].lower() in TITLES:
        words = words[1:]
    readings = list(_unspelled(words))
    return [name for reading in readings if (name := _written(reading))]


def _last_name_behind(text: str) -> str:
    """The name in "Kenter, Alena" is Alena Kenter; "Bob, B O B, Smith" has more than two parts and stays."""
    last, comma, first = text.partition(",")
    parts = last.split()
    is_last = len(parts) == 1 or (bool(parts) and parts[0].lower() in PARTICLES)
    is_turned = comma and is_last and len(last.strip()) > 1 and re.fullmatch(r"\s*[^\W\d_][\w'\u2019]*\.?\s*", first)
    return f"{first} {last}" if is_turned else text


def _dashes_apart(text: str) -> str:
    """That "K-E-N-T-E-R" is spelled, "Anne-Marie" is a name, shows in what stands around a dash."""
    return re.sub(r"(?<!\w\w)-|-(?!\w\w)", " ", text)


def _unspelled(words: Sequence[str]) -> Iterator[list[str]]:
    """The words with letters put together; a name that is also spelled is there once, as spelled."""
    kept: list[str] = []
    initials: list[str] = []
    at, is_again = 0, ""  # the spelled name that the next word may repeat
    while at < len(words):
        spelled, end = _spelled_from(words, at)
        if SHORTEST_SPELLED <= len(spelled) <= LONGEST_SPELLED:
            is_behind = bool(kept) and _are_alike(kept[-1], spelled)
            kept[-1 if is_behind else len(kept) :] = [spelled]
            is_again = spelled
            if not is_behind and len(spelled) == SHORTEST_SPELLED and end < len(words) and end - at == len(spelled):
                initials = list(words)  # "J R R Tolkien"
        else:
            end = max(end, at + 1)
            kept += [word for word in words[at:end] if not (is_again and _are_alike(word, is_again))]
            is_again = ""
        at = end
    if initials:
        yield initials
    yield kept


def _spelled_from(words: Sequence[str], at: int) -> tuple[str, int]:
    """The name spelled at this place, and where its letters end; words for letters count beside plain ones."""
    letters, plain = "", 0
    while (
        at < len(words) and (sign := read_sign(words, at)) and (len(words[at]) == 1 or _may_spell(words, at, letters))
    ):
        if not sign.text.isalpha() and words[at].lower() != "oh":
            break
        letters += sign.text if sign.text.isalpha() else "O"
        plain += len(words[at]) == 1 or sign.kind not in WORDED
        at = sign.end
    if not letters and at < len(words) and len(words[at]) == 1:
        return words[at], at + 1
    return (letters.capitalize(), at) if plain or len(letters) > SHORTEST_SPELLED else ("", at)


def _may_spell(words: Sequence[str], at: int, letters: str) -> bool:
    sign = read_sign(words, at)
    if sign is None or (sign.kind is SignKind.SPELLED and sign.text.isdigit() and words[at].lower() != "oh"):
        return False
    if sign.end > at + 1 or letters:
        return True
    following = read_sign(words, sign.end) if sign.end < len(words) else None
    return following is not None and following.text.isalpha()


def _are_alike(name: str, spelled: str) -> bool:
    return fuzz.ratio(name.lower(), spelled.lower()) >= ALIKE


def _written(words: Sequence[str]) -> str | None:
    kept = [word for word in words if not any(sign.isdigit() for sign in word)]
    if not 0 < len(kept) <= MOST_WORDS or any(word.lower() in WORDS_OF_PROSE and len(word) > 1 for word in kept):
        return None
    name = " ".join(word if word in PARTICLES and at else word[0].upper() + word[1:] for at, word in enumerate(kept))
    return name if any(len(word) > 1 for word in kept) and normalise_name(name) not in PLACEHOLDERS | {""} else None
