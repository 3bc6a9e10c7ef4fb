"""The policy document: YAML, checked and made into core's Policy. A mistake is named with file, line and path."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.adapters.yaml_document import DocumentProblem, Place, YamlDocument, load_document
from app.core.actions import ActionKind
from app.core.conditions import AllOf, AnyOf, Condition, Not, Operator, Test, TestValue
from app.core.entitlement import Entry
from app.core.identity import Role as CallerRole
from app.core.policy import Effect, KindPolicy, Policy, PolicyParameters, Rule, Urgency, Verdict

DEFAULT_POLICY_FILE = Path(__file__).parents[1] / "policies" / "default.yaml"
SETTING = "HANDOFF_POLICY_FILE"
_REMEDY = "Correct the file, or unset the variable to use the policy that ships (app/policies/default.yaml)."
_DIGEST_LENGTH = 12  # 48 bits: enough to tell two versions of one deployment's document apart, short enough to read out

Word = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Role = Annotated[str, StringConstraints(strict=True, pattern=r"^(reviewer|approver)$")]
Minutes = Annotated[int, Field(strict=True, gt=0, le=525_600)]
Cents = Annotated[int, Field(strict=True, gt=0)]
Days = Annotated[int, Field(strict=True, gt=0, le=3_650)]
Probability = Annotated[float, Field(strict=True, gt=0.5, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Parameters(_Section):
    identity_clear: Probability
    match_clear: Probability
    default_extension_days: Days
    max_extension_days: Days
    high_value_cents: Cents
    two_approvals_cents: Cents
    expiry_near_hours: Annotated[int, Field(strict=True, gt=0)]


class _Effect(_Section):
    verdict: Verdict | None = None
    team: Word | None = None
    urgency: Urgency | None = None
    due_minutes: Minutes | None = None
    approvals_needed: Annotated[int, Field(strict=True, ge=1, le=5)] | None = None
    approval_role: Role | None = None

    def to_effect(self) -> Effect:
        return Effect(
            self.verdict, self.team, self.urgency, self.due_minutes, self.approvals_needed, self.approval_role
        )


class _Kind(_Effect):
    verdict: Verdict
    team: Word
    when_identity_clear: Verdict | None = None


class _Rule(_Section):
    id: Word
    says: Annotated[str, StringConstraints(strict=True, min_length=10, max_length=200, pattern=r"\.$")]
    when: dict[str, Any]  # read by `_read_condition`, which knows the catalogue of facts
    then: _Effect


class _Document(_Section):
    version: Annotated[str, StringConstraints(strict=True, pattern=r"^[\w.\-]{1,40}$")]
    parameters: _Parameters
    due_minutes: dict[Urgency, Minutes]
    kinds: dict[ActionKind, _Kind]
    entitlement: dict[ActionKind, dict[CallerRole, Entry]] = {}
    rules: list[_Rule]


def load_policy(path: Path | None = None) -> Policy:
    """The deployment's policy, or the one that ships. Raises SettingError naming file, line and path."""
    return load_document(path or DEFAULT_POLICY_FILE, _to_policy, setting=SETTING, remedy=_REMEDY)


def _to_policy(document: YamlDocument) -> Policy:
    read = _Document.model_validate(document.content)
    figures = read.parameters.model_dump()
    for urgency in Urgency:
        if urgency not in read.due_minutes:
            raise DocumentProblem(("due_minutes",), f"says nothing of {urgency}")
    rules = _read_rules(read.rules, figures)
    return Policy(
        version=f"{read.version}+{_digest(document.content)}",  # after all is checked: only then it is plain JSON
        parameters=PolicyParameters(**figures),
        due_minutes=read.due_minutes,
        kinds={kind: KindPolicy(entry.to_effect(), entry.when_identity_clear) for kind, entry in read.kinds.items()},
        rules=rules,
        entitlement=read.entitlement,
    )


def _digest(content: Any) -> str:
    """Of what the document means, not of its spaces and comments: to explain a rule must not lapse approvals."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_LENGTH]


def _read_rules(rules: list[_Rule], parameters: Mapping[str, float]) -> tuple[Rule, ...]:
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
        read[rule.id] = Rule(rule.id, rule.says, _read_condition(rule.when, (*place, "when"), parameters), effect)
    return tuple(read.values())


def _read_condition(written: Any, place: Place, parameters: Mapping[str, float]) -> Condition:
    """`{all: [...]}`, `{any: [...]}`, `{not: ...}`, or `{fact: name, operator: value}`."""
    match written:
        case {"all": list(parts), **rest} if parts and not rest:
            return AllOf(_read_conditions(parts, (*place, "all"), parameters))
        case {"any": list(parts), **rest} if parts and not rest:
            return AnyOf(_read_conditions(parts, (*place, "any"), parameters))
        case {"not": inner, **rest} if not rest:
            return Not(_read_condition(inner, (*place, "not"), parameters))
        case {"fact": str(fact), **rest} if len(rest) == 1:
            ((operator, value),) = rest.items()
            return _read_test(fact, str(operator), value, place, parameters)
        case _:
            raise DocumentProblem(place, "is no condition: write all, any, not, or a fact with one operator")


def _read_conditions(parts: list[Any], place: Place, parameters: Mapping[str, float]) -> tuple[Condition, ...]:
    return tuple(_read_condition(part, (*place, index), parameters) for index, part in enumerate(parts))


def _read_test(fact: str, operator: str, value: Any, place: Place, parameters: Mapping[str, float]) -> Test:
    if operator not in set(Operator):
        known = ", ".join(sorted(Operator))
        raise DocumentProblem((*place, operator), f"is no operator; these are: {known}")
    try:
        return Test(fact, Operator(operator), _read_value(value, (*place, operator), parameters))
    except ValueError as error:
        raise DocumentProblem((*place, "fact"), str(error)) from None


def _read_value(value: Any, place: Place, parameters: Mapping[str, float]) -> TestValue:
    match value:
        case str() | bool() | int() | float():
            return value
        case [*words] if words and all(isinstance(word, str) for word in words):
            return frozenset(words)
        case {"parameter": str(name), **rest} if not rest:
            if name not in parameters:
                raise DocumentProblem(place, f"{name} is no parameter; these are: {', '.join(sorted(parameters))}")
            return parameters[name]
        case _:
            raise DocumentProblem(
                place, "is no value: write a word, a number, true or false, a list of words, or a parameter"
            )
