"""Whether two names are one person's: alike as written, as nicknames, or nearly alike as a voice agent hears them."""

from functools import cache

from nicknames import NickNamer
from rapidfuzz.distance import JaroWinkler

from app.core.contacts import normalise_name
from app.core.evidence import Agreement

# Jaro-Winkler of one word: takes Kenter/Center (0.89), Smith/Smyth (0.89), Stephen/Steven (0.89), leaves Kenter/Keller
# (0.82) and John/Joan (0.87) apart.
NEARLY = 0.88
SHORTEST_NEARLY = 4  # letters: short names are too easily near one another
MOST_WORDS = 6


def compare_names(heard: str, known: str) -> Agreement:
    """EXACT: first and last name. CLOSE: short for it, or one of the two misheard. PARTIAL: what there is agrees, but
    a side has only one name or an initial, or both names sound misheard. DIFFERENT. MISSING: a side has no name.

    One name agreeing beside another that differs is DIFFERENT: relatives share one, strangers the other.
    """
    ours, theirs = (normalise_name(text).split()[:MOST_WORDS] for text in (known, heard))
    if not ours or not theirs:
        return Agreement.MISSING
    if len(ours) == 1 or len(theirs) == 1:
        return _compare_single(theirs, ours)
    if sorted(ours) == sorted(theirs) or "".join(ours) == "".join(theirs):
        return Agreement.EXACT
    first, last = _compare_words(theirs[0], ours[0]), _compare_words(theirs[-1], ours[-1])
    if Agreement.DIFFERENT in {first, last}:
        return _compare_initial(theirs, ours, last)
    if first is last:  # both the same name, both short for it, or both only near it
        return first
    return Agreement.CLOSE


def _compare_single(heard: list[str], known: list[str]) -> Agreement:
    """One of the two has a single word: it may be a first or a last name of the other."""
    pairs = [(h, k) for h in (heard[0], heard[-1]) for k in (known[0], known[-1])]
    fits = any(_compare_words(h, k) is not Agreement.DIFFERENT for h, k in pairs) or "".join(heard) == "".join(known)
    return Agreement.PARTIAL if fits else Agreement.DIFFERENT


def _compare_initial(heard: list[str], known: list[str], last: Agreement) -> Agreement:
    shorter, longer = sorted((heard[0], known[0]), key=len)
    is_initial = len(shorter) == 1 and longer.startswith(shorter)
    return Agreement.PARTIAL if is_initial and last is not Agreement.DIFFERENT else Agreement.DIFFERENT


def _compare_words(heard: str, known: str) -> Agreement:
    """EXACT, CLOSE when one is short for the other, PARTIAL when it sounds near it, or DIFFERENT."""
    if heard == known:
        return Agreement.EXACT
    if _are_nicknames(heard, known):
        return Agreement.CLOSE
    is_long = min(len(heard), len(known)) >= SHORTEST_NEARLY
    is_near = is_long and JaroWinkler.similarity(heard, known, score_cutoff=NEARLY) > 0
    return Agreement.PARTIAL if is_near else Agreement.DIFFERENT


def _are_nicknames(one: str, other: str) -> bool:
    """Whether one is short for the other, or both are short for the same name."""
    names = _nicknames()
    of_one, of_other = names.canonicals_of(one), names.canonicals_of(other)
    return one in of_other or other in of_one or bool(of_one & of_other)


@cache
def _nicknames() -> NickNamer:
    """Read on first use: the table takes a tenth of a second, which a command line should not wait for."""
    return NickNamer()
