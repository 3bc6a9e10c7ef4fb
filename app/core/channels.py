"""What can happen to a sign between a paper and a transcript, and how often: the figures behind `confusion`.

The classes are those that studies of spelled letters over the telephone find again and again: the E-set (B C D E G P
T V Z), the A-set (A H J K), F S X, M N, I Y, Q U, and the digits that rhyme with them. The figures are round ones: what
matters is which slip is likely and which is not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import log2
from string import ascii_lowercase, ascii_uppercase, digits

SOUND_CLASSES = ("EBCDGPTVZ3", "AHJK8", "FSX6", "IY59", "MN", "O0", "UQW2")
CODE_SIGNS = digits + ascii_uppercase
HEX_SIGNS = digits + "ABCDEF"

# Pairs of the same class that are taken for one another most.
NEAREST_SOUNDS = (
    "BD", "BE", "BP", "BV", "CZ", "DE", "DG", "DT", "DV", "GT", "PT", "TE", "VZ", "3E", "A8", "AK", "HA", "H8", "JK",
    "FS", "SX", "IY", "59", "MN", "QU", "U2", "O0",
)  # fmt: skip
# Pairs that look alike to the person who reads them out, or begin alike.
ALIKE_ON_PAPER = ("0Q", "1I", "1L", "2Z", "5S", "6G", "8B", "DO", "GJ", "IL", "UV", "VW")
# Letters of words that one sound may be written with, or that are near one another.
ALIKE_IN_WORDS = (
    "ae", "ai", "ao", "bp", "bv", "ck", "cs", "dt", "ei", "ey", "fv", "gj", "gk", "iy", "kq", "mn", "ou", "sz", "uw",
    "vw", "xz",
)  # fmt: skip

LETTER_BITS = -4.1  # of a letter of ordinary text


@dataclass(frozen=True, slots=True)
class Channel:
    """Bits (log2 of probability) of each thing that can happen to a sign on its way to a transcript."""

    heard_as: Mapping[str, Mapping[str, float]]  # known sign to heard sign
    heard_right: Mapping[str, float]
    elsewhere: float  # a sign heard as one that does not sound like it
    lost: Mapping[str, float]
    added: Mapping[str, float]
    lost_twin: float  # one of two equal signs
    added_twin: float
    swapped: float
    background: Mapping[str, float]  # a sign heard, whatever was said
    rare: float  # so for signs that the background does not list; also their being lost or added, twice over

    def of_random(self, heard: str) -> float:
        """The bits of this text where nothing is known of what was said."""
        background, rare = self.background, self.rare
        return sum([background.get(sign, rare) for sign in heard])


@cache  # one for each of three alphabets
def code_channel(alphabet: str) -> Channel:
    chances = {known: _chances_of_code_sign(known) for known in CODE_SIGNS}
    background = {
        heard: sum(chances[known].get(heard, 0.0003) for known in alphabet) / len(alphabet) for heard in CODE_SIGNS
    }
    return Channel(
        heard_as={known: _bits(row) for known, row in chances.items()},
        heard_right={known: log2(row[known]) for known, row in chances.items()},
        elsewhere=log2(0.0003),
        lost=dict.fromkeys(CODE_SIGNS, log2(0.006)),
        added=_bits({sign: 0.004 * chance for sign, chance in background.items()}),
        lost_twin=log2(0.04),
        added_twin=log2(0.01),
        swapped=log2(0.002),
        background=_bits(background),
        rare=log2(0.0003),
    )


def _chances_of_code_sign(known: str) -> dict[str, float]:
    """Where a sign goes: itself, signs of its class, signs that look like it; elsewhere what is left, evenly."""
    alike = next((signs for signs in SOUND_CLASSES if known in signs), known)
    row = dict.fromkeys(alike, 0.005) | dict.fromkeys(_partners(known, ALIKE_ON_PAPER), 0.004)
    row |= dict.fromkeys(_partners(known, NEAREST_SOUNDS), 0.018)
    row |= {"O": {"0": 0.25}, "0": {"O": 0.12}}.get(known, {})  # both are said "oh"
    row.pop(known, None)
    return row | {known: 0.98 - sum(row.values())}


@cache
def word_channel() -> Channel:
    signs = ascii_lowercase + digits + "._-+"
    chances = {}
    for known in signs:
        row = dict.fromkeys(_partners(known, ALIKE_IN_WORDS), 0.015)
        chances[known] = row | {known: 0.96 - sum(row.values())}
    # Letters that are not heard, and signs that are said in many ways or left out.
    silent = {"h": 0.03, "e": 0.02} | dict.fromkeys("._-+", 0.05) | dict.fromkeys(digits, 0.02)
    letter = 2.0**LETTER_BITS
    return Channel(
        heard_as={known: _bits(row) for known, row in chances.items()},
        heard_right={known: log2(row[known]) for known, row in chances.items()},
        elsewhere=log2(0.0008),
        lost=_bits(dict.fromkeys(signs, 0.006) | silent),
        added=_bits(dict.fromkeys(signs, 0.006 * letter) | {sign: chance / 2 for sign, chance in silent.items()}),
        lost_twin=log2(0.08),
        added_twin=log2(0.05),
        swapped=log2(0.002),
        background=dict.fromkeys(signs, LETTER_BITS),
        rare=LETTER_BITS,
    )


def _partners(sign: str, pairs: Iterable[str]) -> list[str]:
    return [pair.replace(sign, "", 1) for pair in pairs if sign in pair]


def _bits(chances: Mapping[str, float]) -> dict[str, float]:
    return {sign: log2(chance) for sign, chance in chances.items()}
