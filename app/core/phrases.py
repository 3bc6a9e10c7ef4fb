"""Plain words compared with known phrases. Knows nothing of kinds: it finds the phrase, others know what it means."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

NOTHING = frozenset({"no", "none", "nothing", "n a", "na", "null", "no action", "no request", "not applicable"})
"""What an analysis writes, normalised, into a field that it has nothing to say about."""

NEGATIONS = frozenset({"not", "dont", "don", "never", "no", "without", "wont", "didnt", "doesnt", "cannot", "cant"})
DENIAL_REACH = 3  # words between a negation and what it denies, at most: "not want to [cancel]"

_SEPARATORS = re.compile(r"[,;\n|]+")
_CONJUNCTION = re.compile(r"(?i)\s+(?:and|&)\s+")


@dataclass(frozen=True, slots=True)
class FoundPhrase:
    """A phrase inside a longer text; denied where a negation stands right before it: "do not [cancel order]"."""

    phrase: str
    is_denied: bool


def normalise_phrase(text: str) -> str:
    """Lower-case words with one space between: how phrases are compared. "Cancel_Order!" is "cancel order"."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    joined = re.sub(r"['\u2019`]", "", folded)
    return " ".join(re.findall(r"[^\W_]+", joined))


def split_wishes(value: str, phrases: Collection[str]) -> Iterator[str]:
    """The wishes in one value. A phrase that holds a separator is one wish, so each step looks before it cuts."""
    for part in [value] if normalise_phrase(value) in phrases else _SEPARATORS.split(value):
        for wish in [part] if normalise_phrase(part) in phrases else _CONJUNCTION.split(part):
            if normalise_phrase(wish):
                yield wish.strip()


def find_phrase(wish: str, phrases: Collection[str]) -> FoundPhrase | None:
    """The longest of the phrases that the normalised wish contains as whole words."""
    spoken = wish.split()
    found = [(phrase, start) for phrase in phrases if (start := _position(phrase.split(), spoken)) is not None]
    if not found:
        return None
    phrase, start = max(found, key=lambda each: len(each[0]))
    before = spoken[max(0, start - DENIAL_REACH) : start]
    return FoundPhrase(phrase, is_denied=not NEGATIONS.isdisjoint(before))


def _position(phrase: list[str], spoken: list[str]) -> int | None:
    """Where the phrase begins in what was said, None where it does not occur."""
    starts = range(len(spoken) - len(phrase) + 1)
    return next((start for start in starts if phrase and spoken[start : start + len(phrase)] == phrase), None)
