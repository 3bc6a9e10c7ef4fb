"""Surnames by how often they are borne: a very common head, then a tail put together the way such names are built."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from app.sandbox.spoken.drawing import Drawn, happens, picked, ranked
from app.sandbox.spoken.sound_alikes import SURNAME_SETS
from app.sandbox.spoken.surname_lists import COMMON, HEAD, PARTS, PREFIXES

_PREFIXED_SHARE = 0.06  # particles are seen, not everywhere
_DOUBLE_SHARE = 0.02
_TAIL_LENGTH = 40_000
_FLATNESS = 10.0  # makes the commonest surname about 1.1 % of all, as Smith's 0.8 % in the American census
# The tail is the same in every run: the seed decides who bears a name, not which names there are.
_TAIL_SEED = 20_240_101


@dataclass(frozen=True, slots=True)
class Surname:
    text: str
    culture: str


@cache
def surnames() -> Drawn[Surname]:
    dice = Random(_TAIL_SEED)
    head = [Surname(*entry.split(":")) for entry in HEAD.split()]
    common = [Surname(name.replace("_", " "), culture) for culture, names in COMMON.items() for name in names.split()]
    dice.shuffle(common)
    known: dict[str, Surname] = {}
    for surname in (*head, *common):
        known.setdefault(surname.text, surname)
    rare = list(_unknown(_tail([*head, *common], dice), known))
    dice.shuffle(rare)
    return ranked([*known.values(), *rare], flatness=_FLATNESS)


def _unknown(names: Iterable[Surname], known: dict[str, Surname]) -> Iterator[Surname]:
    seen = set(known)
    for surname in names:
        if surname.text not in seen and len(surname.text) > 1:
            seen.add(surname.text)
            yield surname


def _tail(common: list[Surname], dice: Random) -> Iterator[Surname]:
    cultures = {surname.text: surname.culture for surname in common}
    for names in SURNAME_SETS:  # whoever sounds like another is somebody too
        culture = next((cultures[name] for name in names if name in cultures), "english")
        yield from (Surname(name, culture) for name in names)
    built = list(PARTS)
    for _ in range(_TAIL_LENGTH):
        culture = picked(built, dice)
        yield Surname(_double(common, dice) if happens(_DOUBLE_SHARE, dice) else _built(culture, dice), culture)


def _double(common: list[Surname], dice: Random) -> str:
    return "-".join(picked(common, dice).text.split(" ")[-1] for _ in range(2))


def _built(culture: str, dice: Random) -> str:
    first_halves, second_halves = PARTS[culture]
    name = picked(first_halves.split(), dice) + picked(second_halves.split(), dice)
    prefixes = PREFIXES.get(culture)
    # Nearly every second Irish surname has its O' or Mc; elsewhere a particle is the exception.
    if prefixes and happens(0.5 if culture == "irish" else _PREFIXED_SHARE, dice):
        return picked(prefixes, dice) + name
    return name
