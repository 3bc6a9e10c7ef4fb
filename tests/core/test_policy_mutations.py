"""The examples of the policy that ships guard it: whatever is removed or loosened in it makes one of them fail."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import time
from typing import Any

import pytest

from app.adapters.policy_file import load_policy
from app.core.actions import ActionKind
from app.core.business_hours import WEEKDAYS
from app.core.conditions import AllOf, AnyOf, Condition, Not, Operator, Test
from app.core.entitlement import Entry
from app.core.facts import CATALOGUE
from app.core.identity import Role
from app.core.policy import STRICTNESS, Effect, Example, KindPolicy, Policy, Rule, Urgency, Verdict
from app.core.policy_examples import run_example, run_examples
from app.core.quantities import UNIT_SECONDS, Duration, Money

POLICY = load_policy()
VERDICTS = sorted(Verdict, key=STRICTNESS.__getitem__)
URGENCIES = list(Urgency)
STEP = 0.01  # of probabilities, floors and shares

Mutant = tuple[str, Policy, str]  # what was done, what came of it, and the rule or kind it is about


def looser(verdict: Verdict | None) -> Verdict | None:
    """The next freer verdict; None below the last that a rule may ask for."""
    return None if verdict in {None, Verdict.HAND_OFF, Verdict.EXECUTE} else VERDICTS[STRICTNESS[verdict] - 1]


def with_rule(rule: Rule, changed: Rule) -> Policy:
    return replace(POLICY, rules=tuple(changed if each is rule else each for each in POLICY.rules))


# --- conditions: a part left out, a word of a list left out, a threshold a step to either side


def weakened(condition: Condition) -> Iterator[tuple[str, Condition]]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for index in range(len(parts)):
                yield from weakened_part(condition, index)
        case Not(inner):
            yield f"not turned around: {inner}", inner
            yield from ((what, Not(weaker)) for what, weaker in weakened(inner))
        case Test(fact, operator, frozenset() as words) if len(words) > 1:
            yield from ((f"{fact} without {word}", Test(fact, operator, words - {word})) for word in sorted(words))
        case Test(fact, operator, value):
            yield from (
                (f"{fact} {operator} {moved}", Test(fact, operator, moved)) for moved in steps(condition, value)
            )


def weakened_part(condition: AllOf | AnyOf, index: int) -> Iterator[tuple[str, Condition]]:
    parts, kind = condition.conditions, type(condition)
    before, part, after = parts[:index], parts[index], parts[index + 1 :]
    if before or after:
        yield f"without {part}", kind((*before, *after))
    for what, weaker in weakened(part):
        yield what, kind((*before, weaker, *after))


def steps(test: Test, value: Any) -> Iterator[Any]:
    if test.operator in {Operator.EQ, Operator.PRESENT}:
        if isinstance(value, bool):
            yield not value
        return
    match value:
        case Money(cents, currency):
            yield from (Money(cents - 1, currency), Money(cents + 1, currency))
        case Duration(seconds):
            unit = UNIT_SECONDS[CATALOGUE[test.fact].unit]
            yield from (Duration(seconds - unit), Duration(seconds + unit))
        case float():
            yield from (value - STEP, value + STEP)
        case int():
            yield from (value - 1, value + 1)


def mutated_rules() -> Iterator[Mutant]:
    for rule in POLICY.rules:
        without = tuple(each for each in POLICY.rules if each is not rule)
        yield f"no {rule.id}", replace(POLICY, rules=without), rule.id
        for what, weaker in weakened(rule.when):
            yield f"{rule.id}: {what}", with_rule(rule, replace(rule, when=weaker)), rule.id
        for what, effect in weaker_effects(rule.effect):
            yield f"{rule.id}: {what}", with_rule(rule, replace(rule, effect=effect)), rule.id


def weaker_effects(effect: Effect) -> Iterator[tuple[str, Effect]]:
    for name in (field.name for field in fields(Effect)):
        if getattr(effect, name) is not None:
            yield f"asks for no {name}", replace(effect, **{name: None})
    if looser(effect.verdict):
        yield "a freer verdict", replace(effect, verdict=looser(effect.verdict))
    if effect.urgency is not None and effect.urgency is not Urgency.NORMAL:
        slower = URGENCIES[URGENCIES.index(effect.urgency) - 1]
        yield "less urgent", replace(effect, urgency=slower)
    if effect.approvals_needed:
        yield "one approval less", replace(effect, approvals_needed=effect.approvals_needed - 1)


# --- the tables


def mutated_kinds() -> Iterator[Mutant]:
    for kind, entry in POLICY.kinds.items():
        for what, changed in looser_kinds(kind, entry):
            yield f"{kind}: {what}", replace(POLICY, kinds={**POLICY.kinds, kind: changed}), kind


def looser_kinds(kind: ActionKind, entry: KindPolicy) -> Iterator[tuple[str, KindPolicy]]:
    effect = entry.effect
    yield "another team", replace(entry, effect=replace(effect, team="nowhere"))
    if effect.urgency is not None:
        yield "no urgency", replace(entry, effect=replace(effect, urgency=None))
    for verdict in VERDICTS[: STRICTNESS[effect.verdict or Verdict.EXECUTE]]:
        yield f"starts at {verdict}", replace(entry, effect=replace(effect, verdict=verdict))
        # Without a price for a mistake nothing is ever done alone, and the document would not load.
        if entry.when_identity_clear is None and POLICY.losses and kind in POLICY.losses.mistakes:
            yield f"{verdict} where it is clear", replace(entry, when_identity_clear=verdict)


def mutated_entitlement() -> Iterator[Mutant]:
    entries = [Entry.REFUSED, Entry.REVIEW, Entry.ALLOWED_WHILE_OPEN, Entry.ALLOWED]
    for kind, row in POLICY.entitlement.items():
        for role in Role:
            for entry in entries[entries.index(row.get(role, Entry.REVIEW)) + 1 :]:
                table = {**POLICY.entitlement, kind: {**row, role: entry}}
                yield f"{kind} is {entry} to {role}", replace(POLICY, entitlement=table), kind


# --- the figures


def mutated_floors() -> Iterator[Mutant]:
    """A floor is read by the engine and by rules: both move."""
    for name, fact, rule_id in (
        ("identity_clear", "identity.confidence", "identity_in_doubt"),
        ("match_clear", "match.probability", "match_in_doubt"),
    ):
        for step in (-STEP, STEP):
            value = getattr(POLICY.parameters, name) + step
            rules = tuple(replace(rule, when=moved(rule.when, fact, value)) for rule in POLICY.rules)
            parameters = replace(POLICY.parameters, **{name: value})
            yield f"{name} is {value}", replace(POLICY, parameters=parameters, rules=rules), rule_id


def moved(condition: Condition, fact: str, value: float) -> Condition:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return type(condition)(tuple(moved(part, fact, value) for part in parts))
        case Test(name, operator, _) if name == fact:
            return Test(fact, operator, value)
        case _:
            return condition


def mutated_losses() -> Iterator[Mutant]:
    losses = POLICY.losses
    assert losses is not None
    for cents in (-100, 100):
        review = replace(losses.review, cents=losses.review.cents + cents)
        yield f"a review costs {review}", replace(POLICY, losses=replace(losses, review=review)), "not_sure_enough"
    for kind, mistake in losses.mistakes.items():
        changes: list[dict[str, Any]] = [
            *({"costs": replace(mistake.costs, cents=mistake.costs.cents + cents)} for cents in (-100, 100)),
            *({"share_of_order": mistake.share_of_order + step} for step in (-STEP, STEP)),
            *({"floor": mistake.floor + step} for step in (-STEP, STEP)),
        ]
        for change in changes:
            mistakes = {**losses.mistakes, kind: replace(mistake, **change)}
            mutant = replace(POLICY, losses=replace(losses, mistakes=mistakes))
            yield f"a mistake in {kind}: {change}", mutant, "not_sure_enough"


def mutated_times() -> Iterator[Mutant]:
    for urgency, minutes in POLICY.due_minutes.items():
        due = {**POLICY.due_minutes, urgency: minutes + 1}
        yield f"{urgency} is due later", replace(POLICY, due_minutes=due), ""
    hours = POLICY.hours
    assert hours is not None
    changed = [
        *({"days": hours.days ^ {day}} for day in WEEKDAYS),
        *({"holidays": hours.holidays - {day}} for day in hours.holidays),
        *({name: shifted(getattr(hours, name), by)} for name in ("opens", "closes") for by in (-1, 1)),
    ]
    for change in changed:
        yield f"business hours {change}", replace(POLICY, hours=replace(hours, **change)), "travel_outside_hours"


def shifted(at: time, hours: int) -> time:
    return time(at.hour + hours, at.minute)


# --- the check


def is_noticed(mutant: Policy, about: str) -> bool:
    """Whether some example fails. Those about the same rule or kind are asked first, since they mostly do."""
    asked = sorted(POLICY.examples, key=lambda example: not is_about(example, about))
    return any(not run_example(example, mutant).holds for example in asked)


def is_about(example: Example, about: str) -> bool:
    return about in {*example.fires, *example.stays_silent, example.inputs["action.kind"]}


def test_every_example_of_the_policy_that_ships_holds() -> None:
    failed = {result.name: result.problems for result in run_examples(POLICY) if not result.holds}
    assert failed == {}
    assert len(POLICY.examples) > 300


def test_every_rule_has_an_example_that_it_fires_on_and_one_that_it_is_silent_on() -> None:
    rules = {rule.id for rule in POLICY.rules}
    assert {rule for example in POLICY.examples for rule in example.fires} == rules
    assert {rule for example in POLICY.examples for rule in example.stays_silent} == rules


@pytest.mark.parametrize(
    ("mutate", "at_least"),
    [
        (mutated_rules, 400),
        (mutated_kinds, 60),
        (mutated_entitlement, 50),
        (mutated_floors, 4),
        (mutated_losses, 50),
        (mutated_times, 15),
    ],
)
def test_no_part_of_the_policy_can_be_removed_or_loosened_unnoticed(mutate: Any, at_least: int) -> None:
    mutants = list(mutate())
    assert len(mutants) >= at_least
    assert [what for what, mutant, about in mutants if not is_noticed(mutant, about)] == []
