"""What differs between two policies, and between what they decide; which differences need fewer people than before.

A decision is compared by its outcome: all that somebody notices of it, as plain values that can be stored.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any

from app.core.conditions import AllOf, AnyOf, Condition, Not, Test
from app.core.policy import AUTHORITY, Decision, Policy, Verdict

OutcomeValue = str | bool | int | float | list[str] | None
Outcome = Mapping[str, OutcomeValue]

# Why it came about, which is no part of what came about.
_GROUNDS = frozenset({"findings", "reason_codes", "policy_version", "inputs"})
_COMPARED = tuple(each.name for each in fields(Decision) if each.name not in _GROUNDS)


class Danger(StrEnum):
    """What a new policy would let pass more easily. Publishing it takes somebody's signature."""

    EXECUTES = "executes"  # what waited for people, or was refused, would happen by itself
    FEWER_APPROVALS = "fewer_approvals"
    LOWER_ROLE = "lower_role"


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs; None where it is not there."""

    name: str
    before: OutcomeValue
    after: OutcomeValue


def outcome_of(decision: Decision) -> dict[str, OutcomeValue]:
    """Verdict, team, urgency, approvals and whatever else a decision asks for."""
    return {name: _plain(getattr(decision, name)) for name in _COMPARED}


def fired_in(decision: Decision) -> list[str]:
    """The rules that asked for something."""
    return [finding.rule for finding in decision.findings if finding.fired]


def kept_of(decision: Decision) -> dict[str, Any]:
    """What the audit keeps of a decision: enough to decide again, and to see whether the same comes of it."""
    return {
        "kind": decision.inputs["action.kind"],
        **outcome_of(decision),
        "policy_version": decision.policy_version,
        "fired": fired_in(decision),
        "inputs": dict(decision.inputs),
    }


def stored_outcome(stored: Mapping[str, Any]) -> dict[str, OutcomeValue]:
    """The outcome among what was kept."""
    return {name: stored[name] for name in _COMPARED if name in stored}


def changes_between(before: Outcome, after: Outcome) -> tuple[Change, ...]:
    """Of the parts that both know: what an older release did not store yet did not change."""
    return tuple(
        Change(name, before[name], after[name]) for name in after if name in before and before[name] != after[name]
    )


def dangers_of(before: Outcome, after: Outcome) -> tuple[Danger, ...]:
    """Approvals matter where people decide before and after; otherwise the verdict says all."""
    found = []
    if after["verdict"] == Verdict.EXECUTE and before["verdict"] != Verdict.EXECUTE:
        found.append(Danger.EXECUTES)
    if before["verdict"] == after["verdict"] == Verdict.REVIEW:
        if _number(before, "approvals_needed") > _number(after, "approvals_needed"):
            found.append(Danger.FEWER_APPROVALS)
        if _authority(before) > _authority(after):
            found.append(Danger.LOWER_ROLE)
    return tuple(found)


class FlipList:
    """The digest of a list of dangerous flips, made line by line, so that the list may be longer than memory."""

    def __init__(self, version: str, *, instead_of: str) -> None:
        self._digest = hashlib.sha256(f"{instead_of} > {version}\n".encode())
        self.length = 0

    def add(self, decision_id: int, changes: Iterable[Change], dangers: Iterable[Danger]) -> None:
        """`decision_id` is that of the audit entry, which names one decision of one action."""
        line = [
            decision_id,
            [[each.name, each.before, each.after] for each in changes],
            [str(each) for each in dangers],
        ]
        self._digest.update(json.dumps(line, sort_keys=True).encode() + b"\n")
        self.length += 1

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


def compare_policies(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Every part of a policy that differs, by its path: `rules.high_value.when`, `parameters.match_clear`."""
    old, new = dict(_parts_of(before)), dict(_parts_of(after))
    shared = [rule.id for rule in before.rules if rule.id in {each.id for each in after.rules}]
    order = [rule.id for rule in after.rules if rule.id in set(shared)]
    moved = [Change("rules (order)", ", ".join(shared), ", ".join(order))] if shared != order else []
    names = [*old, *(name for name in new if name not in old)]
    return (*(Change(each, old.get(each), new.get(each)) for each in names if old.get(each) != new.get(each)), *moved)


def said(condition: Condition) -> str:
    """A condition in one line, as a reader of the document would write it."""
    match condition:
        case Test(fact, operator, value):
            return f"{fact} {operator} {_text(value)}"
        case AllOf(conditions):
            return f"all({', '.join(said(each) for each in conditions)})"
        case AnyOf(conditions):
            return f"any({', '.join(said(each) for each in conditions)})"
        case Not(inner):
            return f"not({said(inner)})"


def _parts_of(policy: Policy) -> Iterator[tuple[str, str]]:
    for each in fields(policy):
        if each.compare and each.name != "version":
            yield from _flatten(getattr(policy, each.name), each.name)


def _flatten(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Leaves with their paths; what carries a name of its own is found by it, wherever it stands."""
    if isinstance(value, Test | AllOf | AnyOf | Not):
        yield path, said(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(inner, f"{path}.{key}")
    elif isinstance(value, tuple) and any(is_dataclass(each) for each in value):
        for index, inner in enumerate(value):
            yield from _flatten(inner, f"{path}.{_own_name(inner) or index}")
    elif is_dataclass(value):
        for each in fields(value):
            if each.compare:
                yield from _flatten(getattr(value, each.name), f"{path}.{each.name}")
    elif value is not None:
        yield path, _text(value)


def _own_name(value: Any) -> str | None:
    return getattr(value, "id", None) or getattr(value, "name", None)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case frozenset() | set():
            return "[" + ", ".join(sorted(str(each) for each in value)) + "]"
        case tuple() | list():
            return "[" + ", ".join(str(each) for each in value) + "]"
        case _:
            return str(value)


def _plain(value: Any) -> OutcomeValue:
    match value:
        case None | bool() | int() | float():
            return value
        case frozenset() | set():
            return sorted(str(each) for each in value)
        case tuple() | list():
            return [str(each) for each in value]
        case _:
            return str(value)


def _number(outcome: Outcome, name: str) -> int:
    value = outcome.get(name)
    return value if isinstance(value, int) else 0


def _authority(outcome: Outcome) -> int:
    return AUTHORITY.get(str(outcome.get("approval_role")), 0)
