"""How common a value is, and how far agreeing values of several fields are one observation: counted in the files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import log2, sqrt

from app.evaluation.comparators import Record

# A value that one record has is not a share of one in N of all people: how much less follows from how many values
# two records have (absolute discounting), but never less than this part of a record.
LEAST_COUNT = 0.02

# Fields that agree together among strangers: towns have their postcode and state, households all of it and a surname.
CORRELATED = ("surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state", "phone")
COUNTED = 20_000  # records of a file that prove a correlation: 200 million pairs


class Frequencies:
    """Counts values in both files. Right pairs do not blur it, since pairs are counted within a file."""

    def __init__(self, left: Sequence[Record], right: Sequence[Record]) -> None:
        self._values = [_count_values(records) for records in (left, right)]
        names = {name for values in self._values for name in values}
        self._sizes = {
            name: max(sum(values.get(name, Counter()).values()) for values in self._values) for name in names
        }
        self._discounts = {
            name: min(_discount(values[name]) for values in self._values if name in values) for name in names
        }
        self._shares: dict[tuple[str, str], float] = {}
        files = [_spread(records) for records in (left, right)]
        self._lifts = {pair: min(_lift(file, *pair) for file in files) for pair in combinations(CORRELATED, 2)}
        self._twice: dict[frozenset[str], float] = {}

    def share(self, name: str, value: str) -> float:
        """The share of people who have this value."""
        found = self._shares.get((name, value))
        if found is None:
            count = max(values[name][value] for values in self._values if name in values)
            found = max(count - self._discounts[name], LEAST_COUNT) / self._sizes[name]
            self._shares[name, value] = found
        return found

    def bits_counted_twice(self, names: frozenset[str]) -> float:
        """What agreement on all these fields would count twice, were they independent of one another.

        Of all ways to hang the fields on one another the one that explains most (Chow & Liu 1968).
        """
        found = self._twice.get(names)
        if found is None:
            found = self._twice[names] = _heaviest_tree(names, self._lifts)
        return found


def _count_values(records: Sequence[Record]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for record in records:
        for name, value in record.values.items():
            counts.setdefault(name, Counter())[value] += 1
    return counts


def _discount(counts: Counter[str]) -> float:
    """By how much a count is too large, from how many values are seen once and twice (Ney, Essen & Kneser 1994)."""
    by_count = Counter(counts.values())
    once, twice = by_count[1], by_count[2]
    return once / (once + 2 * twice) if once else 0.0


def _spread(records: Sequence[Record]) -> Sequence[Record]:
    return records[:: max(len(records) // COUNTED, 1)]


def _lift(records: Sequence[Record], first: str, second: str) -> float:
    """In bits, how much oftener strangers agree on both fields than if the fields were independent; at least 0."""
    values = [
        (record.values[first], record.values[second])
        for record in records
        if first in record.values and second in record.values
    ]
    if len(values) < 2:
        return 0.0
    pairs = len(values) * (len(values) - 1) / 2
    alone = _coincidences(Counter(one for one, _ in values)) * _coincidences(Counter(other for _, other in values))
    together = _coincidences(Counter(values))
    # As far as the file proves it: two standard deviations below what was counted.
    proven = together - 2 * sqrt(together)
    return max(log2(proven * pairs / alone), 0.0) if proven > 0 else 0.0


def _coincidences(counts: Mapping[object, int]) -> float:
    return sum(count * (count - 1) / 2 for count in counts.values())


def _heaviest_tree(names: frozenset[str], lifts: Mapping[tuple[str, str], float]) -> float:
    """Kruskal's algorithm: the heaviest pair that joins two parts, until all is one."""
    part_of = {name: name for name in names}
    total = 0.0
    inside = [(lift, pair) for pair, lift in lifts.items() if lift > 0 and names.issuperset(pair)]
    for lift, (first, second) in sorted(inside, reverse=True):
        ours, theirs = part_of[first], part_of[second]
        if ours != theirs:
            total += lift
            part_of = {name: ours if part == theirs else part for name, part in part_of.items()}
    return total
