"""Whether two people's names may be one person's: nicknames, one name only, words misheard, split or turned around.

What each level weighs is said elsewhere. Normalised words are compared, first name first.
"""

from functools import cache, lru_cache

from nicknames import NickNamer
from rapidfuzz.distance import JaroWinkler

from app.core.contacts import normalise_name
from app.core.evidence import Agreement
from app.core.levels import AGREEMENT, Level
from app.core.sounds import sound_of_word

# Jaro-Winkler of one word: takes Kenter/Center (0.89), Smith/Smyth (0.89), Stephen/Steven (0.89), leaves Kenter/Keller
# (0.82) and John/Joan (0.87) apart.
NEARLY = 0.88
SHORTEST_NEARLY = 4  # letters: short names are too easily near one another
# Words that sound the same must look a little alike as well: takes Meyer/Maier (0.76), Sean/Shawn (0.80), leaves
# John/Jane (0.70) apart, whose vowels no key of sounds keeps.
LOOKS_A_LITTLE_ALIKE = 0.74
SHORTEST_ALIKE = 3
MOST_WORDS = 6


def compare_names(heard: str, known: str) -> Agreement:
    """Whether they are one person's, in the words of evidence; MISSING where a side has no name.

    One name agreeing beside another that differs is DIFFERENT: relatives share one, strangers the other.
    """
    level = name_level(normalise_name(heard), normalise_name(known))
    if level is None:
        return Agreement.MISSING
    return Agreement.DIFFERENT if level is Level.NAME_HALF else AGREEMENT[level]


@lru_cache(maxsize=16_384)
def name_level(heard: str, known: str) -> Level | None:
    """Of two normalised names; None where a side has none."""
    theirs, ours = heard.split()[:MOST_WORDS], known.split()[:MOST_WORDS]
    if not ours or not theirs:
        return None
    if len(ours) == 1 or len(theirs) == 1:
        return _single_level(theirs, ours)
    if sorted(ours) == sorted(theirs) or "".join(ours) == "".join(theirs):
        return Level.NAME_SAME
    straight = _level(theirs, ours)
    if straight in {Level.NAME_SAME, Level.NAME_ALIKE}:
        return straight
    return min(straight, _level([theirs[-1], *theirs[:-1]], ours), key=_STRENGTH.__getitem__)


def _level(theirs: list[str], ours: list[str]) -> Level:
    first, last = _compare_words(theirs[0], ours[0]), _compare_last(theirs, ours)
    if first is last is Agreement.EXACT:
        return Level.NAME_SAME
    if Agreement.DIFFERENT not in {first, last}:
        return Level.NAME_NEAR if first is last is Agreement.PARTIAL else Level.NAME_ALIKE
    if last is not Agreement.DIFFERENT and _is_initial(theirs[0], ours[0]):
        return Level.NAME_PART
    return Level.NAME_OTHER if first is last else Level.NAME_HALF


def _compare_last(theirs: list[str], ours: list[str]) -> Agreement:
    """The last words, or all after the first as one: De La Cruz and Delacruz, Mc Donald and McDonald."""
    last = _compare_words(theirs[-1], ours[-1])
    if last is Agreement.EXACT or len(theirs) == len(ours) == 2:
        return last
    return min(last, _compare_words("".join(theirs[1:]), "".join(ours[1:])), key=_CLOSENESS.__getitem__)


def _single_level(theirs: list[str], ours: list[str]) -> Level:
    """One of the two has a single word: it may be a first or a last name of the other, or both run together."""
    if "".join(theirs) == "".join(ours):
        return Level.NAME_SAME if len(theirs) == len(ours) == 1 else Level.NAME_ALIKE
    pairs = [(h, k) for h in (theirs[0], theirs[-1]) for k in (ours[0], ours[-1])]
    fits = any(_compare_words(h, k) is not Agreement.DIFFERENT for h, k in pairs)
    return Level.NAME_PART if fits else Level.NAME_OTHER


def _is_initial(heard: str, known: str) -> bool:
    shorter, longer = sorted((heard, known), key=len)
    return len(shorter) == 1 and longer.startswith(shorter)


@lru_cache(maxsize=65_536)
def _compare_words(heard: str, known: str) -> Agreement:
    """EXACT, CLOSE when one is short for the other, PARTIAL when it sounds or looks near it, or DIFFERENT."""
    if heard == known:
        return Agreement.EXACT
    if known in short_forms(heard):
        return Agreement.CLOSE
    shorter = min(len(heard), len(known))
    similarity = JaroWinkler.similarity(heard, known, score_cutoff=LOOKS_A_LITTLE_ALIKE)
    is_near = shorter >= SHORTEST_NEARLY and similarity >= NEARLY
    sounds_alike = shorter >= SHORTEST_ALIKE and similarity > 0 and sound_of_word(heard) == sound_of_word(known)
    return Agreement.PARTIAL if is_near or sounds_alike else Agreement.DIFFERENT


@lru_cache(maxsize=16_384)
def short_forms(name: str) -> frozenset[str]:
    """Every first name that is short for this one, that this one is short for, or that is short for the same."""
    names = _nicknames()
    whole = {name, *names.canonicals_of(name)}
    return frozenset(whole.union(*(names.nicknames_of(each) for each in whole)))


@cache
def _nicknames() -> NickNamer:
    """Read on first use: the table takes a tenth of a second, which a command line should not wait for."""
    return NickNamer()


_STRENGTH = {
    level: place
    for place, level in enumerate((
        Level.NAME_SAME, Level.NAME_ALIKE, Level.NAME_NEAR, Level.NAME_PART, Level.NAME_HALF, Level.NAME_OTHER,
    ))
}  # fmt: skip
_CLOSENESS = {
    agreement: place
    for place, agreement in enumerate((Agreement.EXACT, Agreement.CLOSE, Agreement.PARTIAL, Agreement.DIFFERENT))
}
