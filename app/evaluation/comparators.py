"""The fields by which two records are compared, their levels, and the weights that training starts from.

A given name found as the surname and the other way round is one observation and not two differences; so are two lines
of an address that changed places. Missing is neutral.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.core.fellegi_sunter import Field, Weight
from app.evaluation.grades import (
    Grade,
    Grader,
    grade_code,
    grade_date,
    grade_digits,
    grade_email,
    grade_line,
    grade_name,
)


@dataclass(frozen=True, slots=True)
class Record:
    """`values` are normalised, by the names of `GRADERS`; what is missing is left out."""

    record_id: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """The levels two records agree at, and the values they share, each by the name of the right record's field.

    `alike` are the fields that hold the same value, slips of the pen aside.
    """

    levels: tuple[str, ...]
    same: tuple[tuple[str, str], ...]
    alike: frozenset[str]


GRADERS: Mapping[str, Grader] = MappingProxyType({
    "given_name": grade_name,
    "surname": grade_name,
    "street_number": grade_digits,
    "address_1": grade_line,
    "address_2": grade_line,
    "suburb": grade_line,
    "postcode": grade_digits,
    "state": grade_code,
    "date_of_birth": grade_date,
    "phone": grade_digits,
    "email": grade_email,
    "reference": grade_digits,
})  # fmt: skip

# Values that are found in each other's place: the level of an exchange is one of the first field's.
EXCHANGED = (("surname", "given_name"), ("address_1", "address_2"))

# How often right pairs (m) and wrong ones (u) show a level, by judgement; training takes it from there.
_NAME = {
    "same": (0.75, 0.004), "typo": (0.10, 0.001), "near": (0.06, 0.01), "part": (0.02, 0.015), "other": (0.07, 0.97),
}  # fmt: skip
_LINE = {
    "same": (0.70, 0.002), "typo": (0.14, 0.0005), "near": (0.06, 0.01), "part": (0.03, 0.01), "other": (0.07, 0.98),
}  # fmt: skip
_EXCHANGE = {"exchanged": (0.02, 1e-5), "exchanged_near": (0.01, 1e-4), "exchanged_part": (0.005, 5e-4)}
STARTS: Mapping[str, Mapping[str, tuple[float, float]]] = MappingProxyType({
    "given_name": _NAME,
    "surname": _NAME | _EXCHANGE,
    "street_number": {"same": (0.85, 0.02), "typo": (0.05, 0.12), "part": (0.005, 0.0001), "other": (0.10, 0.86)},
    "address_1": _LINE | _EXCHANGE,
    "address_2": _LINE,
    "suburb": _LINE,
    "postcode": {"same": (0.85, 0.002), "typo": (0.09, 0.01), "part": (0.001, 0.0001), "other": (0.06, 0.98)},
    "state": {"same": (0.93, 0.2), "near": (0.02, 0.001), "other": (0.05, 0.8)},
    "date_of_birth": {
        "same": (0.90, 1e-4), "typo": (0.04, 0.001), "near": (0.01, 1e-5), "part": (0.02, 0.005), "other": (0.03, 0.99),
    },
    "phone": {"same": (0.75, 1e-5), "typo": (0.04, 1e-5), "part": (0.01, 1e-5), "other": (0.20, 0.99)},
    "email": {
        "same": (0.75, 1e-6), "typo": (0.05, 1e-5), "part": (0.04, 1e-4), "near": (0.02, 1e-3), "other": (0.14, 0.99),
    },
    "reference": {"same": (0.90, 1e-7), "typo": (0.04, 1e-5), "part": (0.01, 1e-5), "other": (0.05, 0.99)},
})  # fmt: skip

FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        name: Field(
            tuple(f"{name}.{grade}" for grade in sorted(levels, key=lambda grade: -levels[grade][0] / levels[grade][1]))
        )
        for name, levels in STARTS.items()
    }
)
START: Mapping[str, Weight] = MappingProxyType(
    {f"{name}.{grade}": Weight(m, u) for name, levels in STARTS.items() for grade, (m, u) in levels.items()}
)

_LEVELS = {(name, grade): f"{name}.{grade}" for name in STARTS for grade in Grade}
_ALIKE = frozenset({Grade.SAME, Grade.TYPO})
_CLOSE = _ALIKE | {Grade.NEAR}
_IS_IN_EXCHANGE = frozenset(name for pair in EXCHANGED for name in pair)


def compare(left: Record, right: Record) -> Compared:
    """Every field that both records have."""
    theirs = right.values
    graded = {name: GRADERS[name](value, theirs[name]) for name, value in left.values.items() if name in theirs}
    same = [(name, left.values[name]) for name, grade in graded.items() if grade is Grade.SAME]
    alike = {name for name, grade in graded.items() if grade in _ALIKE}
    levels = [_LEVELS[name, grade] for name, grade in graded.items() if name not in _IS_IN_EXCHANGE]
    for first, second in EXCHANGED:
        found = [graded.get(first), graded.get(second)]
        exchange = _find_exchange(left, right, first, second) if _are_apart(found) else None
        if exchange is None:
            levels += [_LEVELS[name, graded[name]] for name in (first, second) if name in graded]
            continue
        levels.append(f"{first}.{exchange}")
        if exchange == "exchanged":
            same += [(second, left.values[first]), (first, left.values[second])]
            alike |= {first, second}
    return Compared(tuple(sorted(levels)), tuple(same), frozenset(alike))


def _are_apart(found: list[Grade | None]) -> bool:
    return not any(grade in _CLOSE for grade in found)


def _find_exchange(left: Record, right: Record, first: str, second: str) -> str | None:
    crossed = [
        GRADERS[first](left.values[one], right.values[other])
        for one, other in ((first, second), (second, first))
        if one in left.values and other in right.values
    ]
    if not crossed or not all(grade in _CLOSE for grade in crossed):
        return None
    if len(crossed) == 1:
        return "exchanged_part"
    return "exchanged" if crossed == [Grade.SAME, Grade.SAME] else "exchanged_near"
