"""How a word sounds, coarsely: what a speech recogniser writes in several ways comes out as one key.

Coarser than Metaphone alone, which keeps apart what a telephone line does not: voiced and unvoiced consonants, the
sibilants, M and N, the vowel a word begins with.
"""

from functools import lru_cache

from jellyfish import metaphone

COARSER = str.maketrans(
    {"B": "P", "D": "T", "0": "T", "G": "K", "Q": "K", "V": "F", "W": "F", "X": "S", "Z": "S", "J": "S", "M": "N"}
    | {"E": "A", "I": "A", "O": "A", "U": "A"}
    | dict.fromkeys("HY ", "")
)
LONGEST = 8  # sounds: later ones are mumbled


@lru_cache(maxsize=65_536)
def sound_of_word(word: str) -> str:
    """The key of a normalised word; the word itself where Metaphone knows no letter of it, or it has a digit."""
    if not word.isalpha():
        return word[:LONGEST]
    sounds = metaphone(word.removeprefix("h")).translate(COARSER)
    kept = [sign for place, sign in enumerate(sounds) if place == 0 or sign != sounds[place - 1]]
    return "".join(kept)[:LONGEST] or word[:LONGEST]
