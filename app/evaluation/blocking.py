"""Which pairs of records are compared at all: those that share a key, within a budget for files of any size."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from app.core.sounds import sound_of_word
from app.evaluation.comparators import Record

# Pairs that blocks may hold for each record of the larger file, those found by several keys counted each time: about
# 18 different ones. What few records share comes first; what many share is left out.
PAIRS_PER_RECORD = 40
FEWEST_PAIRS = 50_000  # small files are compared whole
LARGEST_BLOCK = 5_000  # pairs

Part = Callable[[Mapping[str, str]], list[str]]


def _value(name: str, *, first: int | None = None, last: int | None = None) -> Part:
    """The value of a field, its first or its last characters."""
    part = slice(-last if last else None, first)
    return lambda values: [values[name][part]] if name in values else []


def _either(*names: str, first: int | None = None) -> Part:
    """Whichever of the fields it stands in, so that exchanged values still meet."""
    return lambda values: [values[name][:first] for name in names if name in values]


def _both_names(part: Part) -> Part:
    """Given name and surname together, in whatever order."""
    return lambda values: ["|".join(sorted(found))] if len(found := part(values)) == 2 else []


def _sounds(values: Mapping[str, str]) -> list[str]:
    return [sound_of_word(values[name]) for name in ("given_name", "surname") if name in values]


PARTS: Mapping[str, Part] = {
    "name": _either("given_name", "surname"),
    "name_start": _either("given_name", "surname", first=3),
    "names": _both_names(_either("given_name", "surname")),
    "name_starts": _both_names(_either("given_name", "surname", first=3)),
    "sounds": _both_names(_sounds),
    "line": _either("address_1", "address_2"),
    "line_start": _either("address_1", "address_2", first=5),
    "number": _value("street_number"),
    "suburb": _value("suburb"),
    "postcode": _value("postcode"),
    # Digits in whatever order: exchanged ones still meet.
    "digits": lambda values: ["".join(sorted(values["postcode"]))] if "postcode" in values else [],
    "state": _value("state"),
    "birth": _value("date_of_birth"),
    "phone": _value("phone"),
    "phone_start": _value("phone", first=7),
    "phone_end": _value("phone", last=7),
    "email": _value("email"),
    "email_start": _value("email", first=6),
    "email_name_end": lambda values: [values["email"].partition("@")[0][-6:]] if "email" in values else [],
    "reference": _value("reference"),
    "reference_start": _value("reference", first=5),
    "reference_end": _value("reference", last=5),
}
_NAMES = ("name", "names", "name_starts", "name_start", "sounds")
_PLACES = ("number", "line", "suburb", "postcode", "state", "birth", "phone_end", "email_start")
RECIPES: tuple[tuple[str, ...], ...] = (
    *((part,) for part in ("phone", "phone_start", "phone_end", "email", "email_start", "email_name_end")),
    *((part,) for part in ("reference", "reference_start", "reference_end", "birth", "line", "line_start", *_NAMES)),
    *product(("name", "name_start"), _PLACES),
    *product(("line_start",), ("number", "suburb", "postcode", "state")),
    *product(("number",), ("digits", "suburb")),
    ("suburb", "postcode"),
)


def find_pairs(left: Sequence[Record], right: Sequence[Record]) -> list[tuple[int, int]]:
    """Places of the records in their files, in order, each pair once."""
    if len(left) * len(right) <= FEWEST_PAIRS:
        return list(product(range(len(left)), range(len(right))))
    limit = _largest_block(left, right)
    pairs: set[int] = set()
    for recipe in RECIPES:
        for ours, theirs in _blocks(left, right, recipe):
            if len(ours) * len(theirs) <= limit:
                pairs.update(place * len(right) + other for place, other in product(ours, theirs))
    return [divmod(pair, len(right)) for pair in sorted(pairs)]


def _largest_block(left: Sequence[Record], right: Sequence[Record]) -> int:
    """How many pairs a block may hold, so that all blocks of at most that size stay within the budget."""
    blocks = Counter(len(ours) * len(theirs) for recipe in RECIPES for ours, theirs in _blocks(left, right, recipe))
    budget = max(PAIRS_PER_RECORD * max(len(left), len(right)), FEWEST_PAIRS)
    limit = 1
    for size, number in sorted(blocks.items()):
        budget -= size * number
        if budget < 0 or size > LARGEST_BLOCK:
            break
        limit = size
    return limit


def _blocks(
    left: Sequence[Record], right: Sequence[Record], recipe: tuple[str, ...]
) -> Iterator[tuple[list[int], list[int]]]:
    """Records of both files that share a key of this recipe. One recipe at a time is held in memory."""
    of_left, of_right = _gather(left, recipe), _gather(right, recipe)
    return ((ours, of_right[key]) for key, ours in of_left.items() if key in of_right)


def _gather(records: Sequence[Record], recipe: tuple[str, ...]) -> dict[tuple[str, ...], list[int]]:
    parts = [PARTS[name] for name in recipe]
    blocks: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        for key in dict.fromkeys(product(*(part(record.values) for part in parts))):
            blocks[key].append(place)
    return blocks
