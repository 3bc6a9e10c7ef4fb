"""What a rule asks of facts, in three-valued logic: it holds, it does not, or nobody can tell.

A test that could never be judged (unknown fact, wrong operator, a word outside the vocabulary) cannot be made at all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import eq, ge, gt, le, lt

from app.core.facts import CATALOGUE, COUNTS, FactSpec, FactType, Inputs, is_number
from app.core.history import MOST_COUNTED
from app.core.quantities import UNIT_SECONDS, Duration, Money

TestValue = str | bool | int | float | frozenset[str] | Money | Duration


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
OPERATORS = {
    FactType.WORD: {Operator.EQ, Operator.IN, Operator.PRESENT},
    FactType.WORDS: {Operator.CONTAINS_ANY, Operator.PRESENT},
    FactType.FLAG: {Operator.EQ, Operator.PRESENT},
    FactType.NUMBER: {Operator.EQ, Operator.PRESENT, *_ORDERINGS},
    FactType.MONEY: {Operator.PRESENT, *_ORDERINGS},
    FactType.DURATION: {Operator.PRESENT, *_ORDERINGS},
    FactType.TIME: {Operator.PRESENT},
}
_WRITTEN = {
    FactType.WORD: "a word",
    FactType.WORDS: "words",
    FactType.FLAG: "a flag, true or false",
    FactType.NUMBER: "a number",
    FactType.MONEY: "money, like 500.00 USD",
    FactType.DURATION: "a length of time, like 30m, 24h or 90d",
    FactType.TIME: "a moment",
}


Judge = Callable[[Inputs], bool | None]


@dataclass(frozen=True, slots=True)
class Test:
    """One fact compared with one value; ValueError, in words for the rule's author, where that has no sense.

    `judge` says whether it holds; None where the fact is missing, not of its type, or of another currency.
    """

    __test__ = False  # not pytest's

    fact: str
    operator: Operator
    value: TestValue
    judge: Judge = field(init=False, repr=False, compare=False)  # made once, judged a million times

    def __post_init__(self) -> None:
        spec = CATALOGUE.get(self.fact)
        if spec is None:
            raise ValueError(f"{self.fact} is not in the catalogue of facts")
        if self.operator not in OPERATORS[spec.type]:
            known = ", ".join(sorted(OPERATORS[spec.type]))
            raise ValueError(f"{self.fact} holds {_WRITTEN[spec.type]}: it can be asked {known}, not {self.operator}")
        _check_value(self.fact, self.operator, self.value)
        object.__setattr__(self, "judge", _judge_of_test(self, spec))


@dataclass(frozen=True, slots=True)
class AllOf:
    """One part that does not hold settles it; else one that is open leaves it open."""

    conditions: tuple["Condition", ...]
    judge: Judge = field(init=False, repr=False, compare=False)  # made once, judged a million times

    def __post_init__(self) -> None:
        object.__setattr__(self, "judge", _judge_of_parts(self.conditions, settling=False))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part that holds settles it; else one that is open leaves it open."""

    conditions: tuple["Condition", ...]
    judge: Judge = field(init=False, repr=False, compare=False)  # made once, judged a million times

    def __post_init__(self) -> None:
        object.__setattr__(self, "judge", _judge_of_parts(self.conditions, settling=True))


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"
    judge: Judge = field(init=False, repr=False, compare=False)  # made once, judged a million times

    def __post_init__(self) -> None:
        inner = self.condition.judge

        def judge(inputs: Inputs) -> bool | None:
            answer = inner(inputs)
            return None if answer is None else not answer

        object.__setattr__(self, "judge", judge)


Condition = Test | AllOf | AnyOf | Not


def facts_of(condition: Condition) -> Iterator[str]:
    """The facts it reads, in the order written."""
    match condition:
        case Test(fact=fact):
            yield fact
        case Not(condition=inner):
            yield from facts_of(inner)
        case AllOf(conditions=conditions) | AnyOf(conditions=conditions):
            for each in conditions:
                yield from facts_of(each)


def _judge_of_parts(conditions: tuple[Condition, ...], *, settling: bool) -> Judge:
    """One part that answers `settling` settles it; else one that is open leaves it open."""
    judges = tuple(condition.judge for condition in conditions)

    def judge(inputs: Inputs) -> bool | None:
        result: bool | None = not settling
        for each in judges:
            answer = each(inputs)
            if answer is settling:
                return settling
            if answer is None:
                result = None
        return result

    return judge


def _judge_of_test(test: Test, spec: FactSpec) -> Judge:
    absent = False if spec.absent_is_no else None
    match test.value:
        case bool() as value if test.operator is Operator.PRESENT:
            return _presence(test.fact, spec, value=value)
        case frozenset() as words:
            return _membership(test.fact, spec, words, absent)
        case Money(cents=cents, currency=currency):
            compared = _ordering(test.fact, _ORDERINGS[test.operator], cents, absent)
            return compared if spec.currency is None else _in_currency(test.fact, spec.currency, currency, compared)
        case Duration(seconds=seconds):
            bound = seconds / UNIT_SECONDS[spec.unit]
            return _ordering(test.fact, _ORDERINGS[test.operator], bound, absent)
        case str() | bool() as value:
            return _equality(test.fact, type(value), value, absent)
        case number:
            return _ordering(test.fact, _ORDERINGS.get(test.operator, eq), number, absent)


def _presence(fact: str, spec: FactSpec, *, value: bool) -> Judge:
    """A set of words is present where it is not empty, and open where nobody knows it."""
    if spec.type is not FactType.WORDS:
        return lambda inputs: (inputs.get(fact) is not None) is value

    def judge(inputs: Inputs) -> bool | None:
        known = inputs.get(fact)
        return bool(known) is value if isinstance(known, list) else None

    return judge


def _membership(fact: str, spec: FactSpec, words: frozenset[str], absent: bool | None) -> Judge:  # noqa: FBT001
    if spec.type is FactType.WORDS:

        def judge(inputs: Inputs) -> bool | None:
            known = inputs.get(fact)
            return not words.isdisjoint(known) if isinstance(known, list) else None

    else:

        def judge(inputs: Inputs) -> bool | None:
            known = inputs.get(fact)
            return known in words if isinstance(known, str) else (absent if known is None else None)

    return judge


def _equality(fact: str, of_type: type, value: str | bool, absent: bool | None) -> Judge:  # noqa: FBT001
    def judge(inputs: Inputs) -> bool | None:
        known = inputs.get(fact)
        return known == value if isinstance(known, of_type) else (absent if known is None else None)

    return judge


def _ordering(fact: str, compare: Callable[[float, float], bool], bound: float, absent: bool | None) -> Judge:  # noqa: FBT001
    def judge(inputs: Inputs) -> bool | None:
        known = inputs.get(fact)
        if known is None:
            return absent
        return compare(known, bound) if is_number(known) else None

    return judge


def _in_currency(fact: str, currency_fact: str, currency: str, compared: Judge) -> Judge:
    """Nothing is nothing in any currency; any other amount is compared with one of its own."""

    def judge(inputs: Inputs) -> bool | None:
        is_comparable = inputs.get(currency_fact) == currency or inputs.get(fact) in (0, None)
        return compared(inputs) if is_comparable else None

    return judge


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
            raise ValueError(f"{fact} is compared with {_WRITTEN[spec.type]}")
        _check_words(fact, frozenset({value}))
    elif not _is_comparable(value, spec.type):
        raise ValueError(f"{fact} is compared with {_WRITTEN[spec.type]}")
    elif fact in COUNTS and is_number(value) and value > MOST_COUNTED:
        raise ValueError(f"{fact} is never more than {MOST_COUNTED:,}: counts stop there")


def _is_comparable(value: TestValue, fact_type: FactType) -> bool:
    match value:
        case Money():
            return fact_type is FactType.MONEY
        case Duration():
            return fact_type is FactType.DURATION
        case frozenset():
            return False
        case _:
            is_flag = isinstance(value, bool)
            return fact_type is (FactType.FLAG if is_flag else FactType.NUMBER) and (is_flag or is_number(value))


def _check_words(fact: str, words: frozenset[str]) -> None:
    known = CATALOGUE[fact].words
    unknown = sorted(words - known) if known is not None else []
    if unknown:
        raise ValueError(f"{fact} is never {', '.join(unknown)}; it is one of {', '.join(sorted(known or ()))}")
