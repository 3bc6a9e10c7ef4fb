"""Seeded chances: weighted lists drawn from quickly, and the few dice everything here throws."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Drawn(Generic[Item]):
    """A weighted list; one draw is one random number and a bisection, so that a million people cost seconds."""

    __slots__ = ("_items", "_reached", "_total")

    def __init__(self, weighted: Iterable[tuple[Item, float]]) -> None:
        pairs = list(weighted)
        self._items = [item for item, _ in pairs]
        self._reached = list(accumulate(weight for _, weight in pairs))
        self._total = self._reached[-1]

    def draw(self, dice: Random) -> Item:
        return self._items[bisect_right(self._reached, dice.random() * self._total, hi=len(self._items) - 1)]

    @property
    def items(self) -> Sequence[Item]:
        return self._items


def zipf(items: Sequence[Item], *, flatness: float) -> list[tuple[Item, float]]:
    """Zipf's law as Mandelbrot corrected it: weight 1 / (rank + flatness), lest the head be absurdly common."""
    return [(item, 1 / (rank + 1 + flatness)) for rank, item in enumerate(items)]


def ranked(items: Sequence[Item], *, flatness: float) -> Drawn[Item]:
    return Drawn(zipf(items, flatness=flatness))


def listed(text: str) -> tuple[str, ...]:
    """A long list written as text, since that is how people read it."""
    return tuple(text.split())


def happens(share: float, dice: Random) -> bool:
    return dice.random() < share


def picked(items: Sequence[Item], dice: Random) -> Item:
    """Faster than `Random.choice`, which a million orders feel."""
    return items[int(dice.random() * len(items))]


def random_signs(alphabet: str, length: int, dice: Random) -> str:
    """Any text of this length, each sign alike: twice the bytes that are needed, less those that would favour some."""
    table, unfair = _byte_signs(alphabet)
    return dice.randbytes(2 * length).translate(table, unfair)[:length].decode()


@cache
def _byte_signs(alphabet: str) -> tuple[bytes, bytes]:
    fair = 256 - 256 % len(alphabet)
    return (alphabet * 8)[:256].encode().ljust(256, b"?"), bytes(range(fair, 256))
