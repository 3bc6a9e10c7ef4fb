"""The examples of a policy document, read: what is given of the inputs, one example for each of several values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from app.adapters.policy_document import Document, DocumentExample, RuleExample
from app.adapters.yaml_document import DocumentProblem, Place
from app.core.facts import CATALOGUE, DERIVED, FactSpec, FactType, InputValue, is_number
from app.core.policy import Example
from app.core.policy_examples import example_inputs
from app.core.quantities import UNIT_SECONDS, read_duration, read_money

_SHOWN_BY = {
    FactType.WORD: "a word of its vocabulary",
    FactType.WORDS: "a list of words",
    FactType.FLAG: "true or false",
    FactType.NUMBER: "a number",
    FactType.MONEY: "money like 500.00 USD",
    FactType.DURATION: "a length of time like 24h",
    FactType.TIME: "a moment like 2026-11-18T17:00:00Z in quotes",
}


def read_examples(document: Document) -> tuple[Example, ...]:
    """Those beside the rules first, then those of the whole document."""
    rules = {rule.id for rule in document.rules}
    return (
        *(
            example
            for index, rule in enumerate(document.rules)
            for number, written in enumerate(rule.examples)
            for example in _of_rule(rule.id, number, written, ("rules", index, "examples", number))
        ),
        *(
            example
            for number, written in enumerate(document.examples)
            for example in _of_document(written, rules, ("examples", number))
        ),
    )


def _of_rule(rule: str, number: int, written: RuleExample, place: Place) -> Iterator[Example]:
    expected = written.gives.to_expected()
    for name, given in _each(written.given, (*place, "given")):
        yield Example(
            name=f"{rule}, example {number + 1}{name}",
            inputs=example_inputs(given),
            expected=expected,
            fires=frozenset({rule} if written.fires else ()),
            stays_silent=frozenset(() if written.fires else {rule}),
        )


def _of_document(written: DocumentExample, rules: set[str], place: Place) -> Iterator[Example]:
    unknown = sorted(set(written.fires or ()) - rules)
    if unknown:
        raise DocumentProblem((*place, "fires"), f"{', '.join(unknown)}: no rule has this id")
    for name, given in _each(written.given, (*place, "given")):
        yield Example(
            name=f"{written.says.removesuffix('.')}{name}",
            inputs=example_inputs(given),
            expected=written.gives.to_expected(),
            fires_exactly=None if written.fires is None else frozenset(written.fires),
        )


def _each(given: Mapping[str, Any], place: Place) -> Iterator[tuple[str, dict[str, InputValue]]]:
    """Every combination of the values given, with a name for those facts that have several."""
    choices = {fact: _choices(fact, value, (*place, fact)) for fact, value in given.items()}
    several = [fact for fact, values in choices.items() if len(values) > 1]
    for values in product(*choices.values()):
        chosen = dict(zip(choices, values, strict=True))
        inputs = {fact: read for fact, (_, read) in chosen.items()}
        name = ", ".join(f"{fact} {chosen[fact][0]}" for fact in several)
        yield (f" ({name})" if name else ""), inputs | _currencies(given, chosen)


def _choices(fact: str, written: Any, place: Place) -> list[tuple[Any, InputValue]]:
    """As written and as read. A list stands for each of its values; of a fact of several words, a list of lists."""
    spec = CATALOGUE.get(fact)
    if spec is None or fact in DERIVED:
        raise DocumentProblem(place, "is no fact that an example can give")
    is_set = spec.type is FactType.WORDS
    is_several = isinstance(written, list) and (not is_set or any(isinstance(each, list) for each in written))
    values: Sequence[Any] = written if is_several else [written]
    return [(value, _read(value, spec, place)) for value in values]


def _read(value: Any, spec: FactSpec, place: Place) -> InputValue:
    if value is None:
        return None
    read = _READERS[spec.type](value, spec)
    if read is None:
        raise DocumentProblem(place, f"is not {_SHOWN_BY[spec.type]}, nor null where it is not known")
    return read


def _read_word(value: Any, spec: FactSpec) -> str | None:
    return value if isinstance(value, str) and (spec.words is None or value in spec.words) else None


def _read_words(value: Any, spec: FactSpec) -> list[str] | None:
    is_known = isinstance(value, list) and all(_read_word(each, spec) for each in value)
    return sorted(value) if is_known else None


def _read_amount(value: Any, _spec: FactSpec) -> int | None:
    money = read_money(value) if isinstance(value, str) else None
    return None if money is None else money.cents


def _read_length(value: Any, spec: FactSpec) -> float | None:
    duration = read_duration(value) if isinstance(value, str) else None
    return None if duration is None else duration.seconds / UNIT_SECONDS[spec.unit]


_READERS: Mapping[FactType, Callable[[Any, FactSpec], InputValue]] = {
    FactType.WORD: _read_word,
    FactType.WORDS: _read_words,
    FactType.FLAG: lambda value, _: value if isinstance(value, bool) else None,
    FactType.NUMBER: lambda value, _: value if is_number(value) else None,
    FactType.MONEY: _read_amount,
    FactType.DURATION: _read_length,
    FactType.TIME: lambda value, _: value if isinstance(value, str) else None,
}


def _currencies(given: Mapping[str, Any], chosen: Mapping[str, tuple[Any, InputValue]]) -> dict[str, InputValue]:
    """An amount brings its currency along, where that is not given by itself."""
    found: dict[str, InputValue] = {}
    for fact, (written, _) in chosen.items():
        money, currency = read_money(written) if isinstance(written, str) else None, CATALOGUE[fact].currency
        if money is not None and currency is not None and currency not in given:
            found[currency] = money.currency
    return found
