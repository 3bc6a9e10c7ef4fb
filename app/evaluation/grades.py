"""How nearly two written values agree, kind by kind: names, lines of an address, digits, e-mails, dates."""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from app.core.names import short_forms
from app.core.sounds import sound_of_word

KEPT = 1 << 18  # comparisons remembered a kind: values repeat, and a pair of them is always the same


class Grade(StrEnum):
    SAME = "same"
    TYPO = "typo"  # a slip or two of the keyboard: missing, doubled, wrong or exchanged letters
    NEAR = "near"  # alike, sounds alike, or one is short for the other
    PART = "part"  # an initial, a shared telling word, the same tail
    OTHER = "other"


Grader = Callable[[str, str], Grade]

# Jaro-Winkler of whole values. Of FEBRL's surnames that differ, 1 in 5,000 reaches the first and 1 in 900 the second
# among strangers; of those that a slip of the pen made differ, nearly all reach the second.
ALIKE, NEARLY = 0.92, 0.84
UNLIKE = 0.7  # below it there are more than two slips: a look that spares the counting of them

# Words which so many streets and houses share that sharing them tells nothing.
PLAIN_WORDS = frozenset({
    "and", "apartment", "avenue", "boulevard", "box", "circuit", "close", "court", "crescent", "drive", "east",
    "estate", "flat", "floor", "grove", "highway", "house", "lane", "level", "lot", "north", "of", "parade", "park",
    "place", "po", "retirement", "rmb", "road", "south", "square", "street", "suite", "terrace", "the", "unit",
    "villa", "village", "way", "west",
})  # fmt: skip


@lru_cache(KEPT)
def grade_name(one: str, other: str) -> Grade:
    """NEAR: looks or sounds alike, or is short for the other. PART: an initial, or one of several names."""
    if one == other:
        return Grade.SAME
    alike = JaroWinkler.similarity(one, other, score_cutoff=UNLIKE)
    if alike and _has_slips(one, other):
        return Grade.TYPO
    if 1 in {len(one), len(other)}:
        return Grade.PART if one[0] == other[0] else Grade.OTHER
    if alike >= NEARLY or _are_one_name(one, other):
        return Grade.NEAR
    return Grade.PART if _share_a_word(one, other) else Grade.OTHER


def grade_line(one: str, other: str) -> Grade:
    """A line of an address, or the name of a place. PART: a telling word is shared."""
    if one == other:
        return Grade.SAME
    if JaroWinkler.similarity(one, other, score_cutoff=UNLIKE) and _has_slips(one, other):
        return Grade.TYPO
    telling, other_telling = _telling(one), _telling(other)
    if JaroWinkler.similarity(telling, other_telling, score_cutoff=NEARLY):
        return Grade.NEAR
    return Grade.PART if _share_a_word(telling, other_telling) else Grade.OTHER


@lru_cache(KEPT)
def grade_digits(one: str, other: str) -> Grade:
    """Numbers of a house, postcodes, phones, references: TYPO is one slip, PART the same last seven characters."""
    if one == other:
        return Grade.SAME
    if min(len(one), len(other)) >= 2 and OSA.distance(one, other, score_cutoff=1) <= 1:
        return Grade.TYPO
    return Grade.PART if min(len(one), len(other)) >= 7 and one[-7:] == other[-7:] else Grade.OTHER


@lru_cache(KEPT)
def grade_email(one: str, other: str) -> Grade:
    """PART is the same name at another host."""
    if one == other:
        return Grade.SAME
    if OSA.distance(one, other, score_cutoff=2) <= 2:
        return Grade.TYPO
    local, other_local = one.partition("@")[0], other.partition("@")[0]
    if local == other_local:
        return Grade.PART
    return Grade.NEAR if JaroWinkler.similarity(local, other_local) >= ALIKE else Grade.OTHER


@lru_cache(KEPT)
def grade_date(one: str, other: str) -> Grade:
    """Eight digits, year first. NEAR is day and month exchanged, PART the same day or the same month of a year."""
    if one == other:
        return Grade.SAME
    if OSA.distance(one, other, score_cutoff=1) <= 1:
        return Grade.TYPO
    if one[:4] == other[:4] and one[4:6] == other[6:] and one[6:] == other[4:6]:
        return Grade.NEAR
    return Grade.PART if one[4:] == other[4:] or one[:6] == other[:6] else Grade.OTHER


@lru_cache(KEPT)
def grade_code(one: str, other: str) -> Grade:
    """States. NEAR: the letters of the short one stand in the long one, in order (NSW, New South Wales)."""
    if one == other:
        return Grade.SAME
    short, long = sorted((one, other), key=len)
    letters = iter(long)
    is_short_for = len(short) <= 3 < len(long) and short[:1] == long[:1] and all(each in letters for each in short)
    return Grade.NEAR if is_short_for else Grade.OTHER


def _has_slips(one: str, other: str) -> bool:
    """One slip in a short value, two in a longer one; where a space stands does not count."""
    plain, other_plain = one.replace(" ", ""), other.replace(" ", "")
    shorter = min(len(plain), len(other_plain))
    allowed = 0 if shorter < 3 else 1 if shorter < 6 else 2
    return OSA.distance(plain, other_plain, score_cutoff=allowed) <= allowed


def _share_a_word(one: str, other: str) -> bool:
    return (" " in one or " " in other) and not set(one.split()).isdisjoint(other.split())


@lru_cache(KEPT)
def _telling(line: str) -> str:
    return " ".join(word for word in line.split() if word not in PLAIN_WORDS) or line


def _are_one_name(one: str, other: str) -> bool:
    return other in short_forms(one) or sound_of_word(one) == sound_of_word(other)
