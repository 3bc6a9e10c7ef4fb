"""What a rule asks of facts, in three-valued logic: it holds, it does not, or nobody can tell.

A test that could never be judged (unknown fact, wrong operator, a word outside the vocabulary) cannot be made at all.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt
from typing import TypeGuard

from app.core.facts import CATALOGUE, FactType, Inputs, InputValue

TestValue = str | bool | int | float | frozenset[str]


class Operator(StrEnum):
    EQ = "eq"
    IN = "in"
    CONTAINS_ANY = "contains_any"
    GTE = "gte"
    GT = "gt"
    LTE = "lte"
    LT = "lt"
    PRESENT = "present"  # said or known at all; of a set of words: that it is not empty


_ORDERINGS: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.GTE: ge,
    Operator.GT: gt,
    Operator.LTE: le,
    Operator.LT: lt,
}
_OPERATORS = {
    FactType.WORD: {Operator.EQ, Operator.IN, Operator.PRESENT},
    FactType.WORDS: {Operator.CONTAINS_ANY, Operator.PRESENT},
    FactType.FLAG: {Operator.EQ, Operator.PRESENT},
    FactType.NUMBER: {Operator.EQ, Operator.PRESENT, *_ORDERINGS},
}


@dataclass(frozen=True, slots=True)
class Test:
    """One fact compared with one value; ValueError, in words for the rule's author, where that has no sense."""

    __test__ = False  # not pytest's

    fact: str
    operator: Operator
    value: TestValue

    def __post_init__(self) -> None:
        spec = CATALOGUE.get(self.fact)
        if spec is None:
            raise ValueError(f"{self.fact} is not in the catalogue of facts")
        if self.operator not in _OPERATORS[spec.type]:
            known = ", ".join(sorted(_OPERATORS[spec.type]))
            raise ValueError(f"{self.fact} is a {spec.type}: it can be asked {known}, not {self.operator}")
        _check_value(self.fact, self.operator, self.value)

    def judge(self, inputs: Inputs) -> bool | None:
        """Whether it holds; None where the fact is missing or not of its type."""
        known, spec = inputs.get(self.fact), CATALOGUE[self.fact]
        if self.operator is Operator.PRESENT and spec.type is not FactType.WORDS:
            return (known is not None) is self.value
        if known is None or not _is_of_type(known, spec.type):
            return False if known is None and spec.absent_is_no else None
        return _compare(self.operator, known, self.value)


@dataclass(frozen=True, slots=True)
class AllOf:
    """One part that does not hold settles it; else one that is open leaves it open."""

    conditions: tuple["Condition", ...]

    def judge(self, inputs: Inputs) -> bool | None:
        result: bool | None = True
        for condition in self.conditions:
            answer = condition.judge(inputs)
            if answer is False:
                return False
            if answer is None:
                result = None
        return result


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part that holds settles it; else one that is open leaves it open."""

    conditions: tuple["Condition", ...]

    def judge(self, inputs: Inputs) -> bool | None:
        result: bool | None = False
        for condition in self.conditions:
            answer = condition.judge(inputs)
            if answer is True:
                return True
            if answer is None:
                result = None
        return result


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"

    def judge(self, inputs: Inputs) -> bool | None:
        answer = self.condition.judge(inputs)
        return None if answer is None else not answer


Condition = Test | AllOf | AnyOf | Not


def facts_of(condition: Condition) -> Iterator[str]:
    """The facts it reads, in the order written."""
    match condition:
        case Test(fact=fact):
            yield fact
        case Not(inner):
            yield from facts_of(inner)
        case AllOf(conditions) | AnyOf(conditions):
            for each in conditions:
                yield from facts_of(each)


def _compare(operator: Operator, known: InputValue, value: TestValue) -> bool | None:
    match operator:
        case Operator.PRESENT:
            return bool(known) is value
        case Operator.EQ:
            return known == value
        case Operator.IN:
            return isinstance(value, frozenset) and known in value
        case Operator.CONTAINS_ANY:
            return isinstance(value, frozenset) and isinstance(known, list) and not value.isdisjoint(known)
        case Operator.GTE | Operator.GT | Operator.LTE | Operator.LT:
            return _ORDERINGS[operator](known, value) if _is_number(known) and _is_number(value) else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_of_type(value: InputValue, fact_type: FactType) -> bool:
    match fact_type:
        case FactType.WORD:
            return isinstance(value, str)
        case FactType.WORDS:
            return isinstance(value, list)
        case FactType.FLAG:
            return isinstance(value, bool)
        case FactType.NUMBER:
            return _is_number(value)


def _check_value(fact: str, operator: Operator, value: TestValue) -> None:
    spec = CATALOGUE[fact]
    if operator is Operator.PRESENT:
        if not isinstance(value, bool):
            raise ValueError(f"{operator} takes true or false")
        return
    if operator in {Operator.IN, Operator.CONTAINS_ANY}:
        if not isinstance(value, frozenset) or not value:
            raise ValueError(f"{operator} takes a list of words")
        _check_words(fact, value)
    elif spec.type is FactType.WORD:
        if not isinstance(value, str):
            raise ValueError(f"{fact} is compared with a word")
        _check_words(fact, frozenset({value}))
    elif isinstance(value, frozenset) or not _is_of_type(value, spec.type):
        raise ValueError(f"{fact} is compared with a {spec.type}")


def _check_words(fact: str, words: frozenset[str]) -> None:
    known = CATALOGUE[fact].words
    unknown = sorted(words - known) if known is not None else []
    if unknown:
        raise ValueError(f"{fact} is never {', '.join(unknown)}; it is one of {', '.join(sorted(known or ()))}")
