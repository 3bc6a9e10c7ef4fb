"""The rules of a policy document, read: conditions over the catalogue of facts, with parameters in their place."""

from collections.abc import Mapping
from typing import Any

from app.adapters.policy_document import RuleSection
from app.adapters.yaml_document import DocumentProblem, Place
from app.core.conditions import AllOf, AnyOf, Condition, Not, Operator, Test, TestValue
from app.core.facts import CATALOGUE, FactType
from app.core.policy import Effect, Rule, Verdict
from app.core.quantities import Duration, Money, read_duration, read_money

Figure = float | Money | Duration


class Figures:
    """The document's parameters by name, and which of them a rule refers to."""

    def __init__(self, known: Mapping[str, Figure]) -> None:
        self.known = known
        self.used: set[str] = set()

    def get(self, name: str, place: Place) -> Figure:
        if name not in self.known:
            raise DocumentProblem(place, f"{name} is no parameter; these are: {', '.join(sorted(self.known))}")
        self.used.add(name)
        return self.known[name]


def read_figure(value: object, place: Place) -> Figure:
    """A parameter of the document: a number, money or a length of time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    found = (read_money(value) or read_duration(value)) if isinstance(value, str) else None
    if found is None:
        raise DocumentProblem(
            place, "is no figure: write a whole number, money like 500.00 USD, or a length of time like 24h"
        )
    return found


def read_rules(rules: list[RuleSection], figures: Figures) -> tuple[Rule, ...]:
    read: dict[str, Rule] = {}
    for index, rule in enumerate(rules):
        place: Place = ("rules", index)
        if rule.id in read or rule.id == "kind":  # "kind" is the finding of the kinds table
            raise DocumentProblem((*place, "id"), f"{rule.id} names another finding already")
        if rule.then.verdict is Verdict.EXECUTE:
            raise DocumentProblem(
                (*place, "then", "verdict"), "cannot be execute: a rule only makes a decision stricter"
            )
        effect = rule.then.to_effect()
        if effect == Effect():
            raise DocumentProblem((*place, "then"), "asks for nothing")
        read[rule.id] = Rule(rule.id, rule.says, read_condition(rule.when, (*place, "when"), figures), effect)
    return tuple(read.values())


def read_condition(written: Any, place: Place, figures: Figures) -> Condition:
    """`{all: [...]}`, `{any: [...]}`, `{not: ...}`, or `{fact: name, operator: value}`."""
    match written:
        case {"all": list(parts), **rest} if parts and not rest:
            return AllOf(_read_conditions(parts, (*place, "all"), figures))
        case {"any": list(parts), **rest} if parts and not rest:
            return AnyOf(_read_conditions(parts, (*place, "any"), figures))
        case {"not": inner, **rest} if not rest:
            return Not(read_condition(inner, (*place, "not"), figures))
        case {"fact": str(fact), **rest} if len(rest) == 1:
            ((operator, value),) = rest.items()
            return _read_test(fact, str(operator), value, place, figures)
        case _:
            raise DocumentProblem(place, "is no condition: write all, any, not, or a fact with one operator")


def _read_conditions(parts: list[Any], place: Place, figures: Figures) -> tuple[Condition, ...]:
    return tuple(read_condition(part, (*place, index), figures) for index, part in enumerate(parts))


def _read_test(fact: str, operator: str, value: Any, place: Place, figures: Figures) -> Test:
    if operator not in set(Operator):
        known = ", ".join(sorted(Operator))
        raise DocumentProblem((*place, operator), f"is no operator; these are: {known}")
    read = _read_value(value, (*place, operator), figures)
    spec = CATALOGUE.get(fact)
    if isinstance(read, str) and spec is not None and spec.type in {FactType.MONEY, FactType.DURATION}:
        read = (read_money(read) if spec.type is FactType.MONEY else read_duration(read)) or read
    try:
        return Test(fact, Operator(operator), read)
    except ValueError as error:
        raise DocumentProblem((*place, "fact"), str(error)) from None


def _read_value(value: Any, place: Place, figures: Figures) -> TestValue:
    match value:
        case str() | bool() | int() | float():
            return value
        case [*words] if words and all(isinstance(word, str) for word in words):
            return frozenset(words)
        case {"parameter": str(name), **rest} if not rest:
            return figures.get(name, place)
        case _:
            raise DocumentProblem(
                place, "is no value: write a word, a number, an amount, true or false, a list of words, or a parameter"
            )
