"""May we? Versioned rules over typed facts; each rule leaves a finding, fired or not, and the strictest verdict wins.

Free text never gets here: what a caller claims can lower autonomy, never raise it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache

from app.core.actions import ActionKind
from app.core.calls import Call
from app.core.conditions import AllOf, Condition, Operator, Test, facts_of
from app.core.contacts import Contact
from app.core.entitlement import EntitlementTable, entitlement_of
from app.core.facts import CATALOGUE, Inputs, InputValue, resolve_inputs
from app.core.identity import Identity, Role
from app.core.matching import Match, MatchOutcome
from app.core.orders import Order, OrderStage


class Verdict(StrEnum):
    """From the most autonomous to the strictest."""

    EXECUTE = "execute"
    HAND_OFF = "hand_off"
    ASSIST = "assist"
    REVIEW = "review"
    REFUSE = "refuse"


class Urgency(StrEnum):
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision may read. `inputs()` flattens it to what is stored with the decision."""

    kind: ActionKind
    parameters: Mapping[str, str]
    call: Call
    match: Match
    identity: Identity
    order: Order | None
    contact: Contact | None
    now: datetime

    def inputs(self) -> dict[str, InputValue]:
        """Every fact of the catalogue: enough to decide again, without free text or personal data."""
        return resolve_inputs(
            kind=self.kind,
            parameters=self.parameters,
            call=self.call,
            match=self.match,
            identity=self.identity,
            order=self.order,
            contact=self.contact,
            now=self.now,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    fired: bool
    verdict: Verdict | None  # what it asked for, where it fired
    says: str


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    findings: tuple[Finding, ...]
    policy_version: str
    inputs: Mapping[str, str | bool | int | float | list[str] | None]  # resolved facts: enough to decide again
    team: str
    urgency: Urgency
    due_minutes: int
    approvals_needed: int
    approval_role: str  # "reviewer" or "approver"


STRICTNESS: Mapping[Verdict, int] = {
    Verdict.EXECUTE: 0,
    Verdict.HAND_OFF: 1,
    Verdict.ASSIST: 2,
    Verdict.REVIEW: 3,
    Verdict.REFUSE: 4,
}
HASTE: Mapping[Urgency, int] = {Urgency.NORMAL: 0, Urgency.HIGH: 1, Urgency.URGENT: 2}
AUTHORITY: Mapping[str, int] = {"reviewer": 0, "approver": 1}


@dataclass(frozen=True, slots=True)
class PolicyParameters:
    """The figures of a policy: rules refer to them by name, and `resolve_parameters` needs the default extension."""

    identity_clear: float  # the confidence from which we know who is calling
    match_clear: float  # the probability from which we know which order is meant
    default_extension_days: int
    max_extension_days: int
    high_value_cents: int
    two_approvals_cents: int
    expiry_near_hours: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a kind starts with, or what a rule adds. None adds nothing; a rule can only make a decision stricter."""

    verdict: Verdict | None = None
    team: str | None = None
    urgency: Urgency | None = None
    due_minutes: int | None = None
    approvals_needed: int | None = None
    approval_role: str | None = None


@dataclass(frozen=True, slots=True)
class KindPolicy:
    """Where a kind starts: at `effect.verdict`, or at `when_identity_clear` where it is clear who is calling."""

    effect: Effect
    when_identity_clear: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` is a statement that holds when the rule fires, as one plain sentence."""

    id: str
    says: str
    when: Condition
    effect: Effect
    facts: tuple[str, ...] = field(init=False, repr=False, compare=False)  # that `when` reads, found once

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", tuple(dict.fromkeys(facts_of(self.when))))


@dataclass(frozen=True, slots=True)
class Policy:
    version: str
    parameters: PolicyParameters
    due_minutes: Mapping[Urgency, int]
    kinds: Mapping[ActionKind, KindPolicy]
    rules: tuple[Rule, ...]
    entitlement: EntitlementTable = field(default_factory=dict)
    fallback_team: str = "support"


def decide(facts: Facts, policy: Policy) -> Decision:
    """The verdict on one action, with every rule's finding."""
    return decide_from_inputs(facts.inputs(), policy)


def decide_from_inputs(inputs: Inputs, policy: Policy) -> Decision:
    """The same from stored inputs: the same inputs and the same policy give the same decision for ever."""
    known = {
        **inputs,
        "identity.is_clear": _clear_identity(policy.parameters).judge(inputs) is True,
        "identity.may_ask": _may_ask(inputs, policy.entitlement),
    }
    kind_finding, kind_effect = _judge_kind(known, policy)
    shown = {fact: f"{fact} {_shown(known.get(fact))}" for fact in CATALOGUE}
    judged = [_judge_rule(rule, known, shown) for rule in policy.rules]
    effects = [kind_effect, *(effect for _, effect in judged if effect is not None)]
    urgency = max((each.urgency for each in effects if each.urgency), key=HASTE.__getitem__, default=Urgency.NORMAL)
    return Decision(
        verdict=max((each.verdict for each in effects if each.verdict), key=STRICTNESS.__getitem__),
        findings=(kind_finding, *(finding for finding, _ in judged)),
        policy_version=policy.version,
        inputs=dict(inputs),
        team=_team(effects, policy),
        urgency=urgency,
        due_minutes=min([policy.due_minutes[urgency], *(each.due_minutes for each in effects if each.due_minutes)]),
        approvals_needed=max(each.approvals_needed or 1 for each in effects),
        approval_role=max((each.approval_role or "reviewer" for each in effects), key=AUTHORITY.__getitem__),
    )


def sentence_of(finding: Finding) -> str:
    """What the finding says, without the figures that stand behind it in brackets."""
    return finding.says.rpartition(" (")[0] or finding.says


@cache
def _clear_identity(parameters: PolicyParameters) -> Condition:
    """That we know who is calling about which order."""
    return AllOf(
        (
            Test("match.outcome", Operator.EQ, MatchOutcome.MATCHED),
            Test("identity.role", Operator.IN, frozenset({Role.SENDER, Role.RECIPIENT})),
            Test("identity.confidence", Operator.GTE, parameters.identity_clear),
        )
    )


def _may_ask(inputs: Inputs, table: EntitlementTable) -> InputValue:
    """None, and so for people, where kind or role are no words we know."""
    kind = next((each for each in ActionKind if each == inputs.get("action.kind")), None)
    role = next((each for each in Role if each == inputs.get("identity.role")), None)
    stage = next((each for each in OrderStage if each == inputs.get("order.stage")), None)
    return None if kind is None or role is None else entitlement_of(table, kind, role, stage)


def _judge_kind(known: Inputs, policy: Policy) -> tuple[Finding, Effect]:
    """Where the action's kind starts; a kind the document does not name starts with a person."""
    name = known.get("action.kind")
    entry = next((each for kind, each in policy.kinds.items() if kind == name), None)
    if entry is None or entry.effect.verdict is None:
        says = f"The policy does not name the kind {name}, so a person decides."
        return Finding("kind", fired=True, verdict=Verdict.REVIEW, says=says), Effect(verdict=Verdict.REVIEW)
    if entry.when_identity_clear is not None and known.get("identity.is_clear") is True:
        verdict, why = entry.when_identity_clear, ", since it is clear who is calling about which order"
    elif entry.when_identity_clear is not None:
        verdict, why = entry.effect.verdict, ", since it is not clear who is calling about which order"
    else:
        verdict, why = entry.effect.verdict, ""
    says = f"{name} starts at {verdict}{why}."
    effect = entry.effect
    started = Effect(
        verdict, effect.team, effect.urgency, effect.due_minutes, effect.approvals_needed, effect.approval_role
    )
    return Finding("kind", fired=True, verdict=verdict, says=says), started


def _judge_rule(rule: Rule, known: Inputs, shown: Mapping[str, str]) -> tuple[Finding, Effect | None]:
    """The rule's finding, and its effect where it fires.

    A rule that cannot be judged for want of a fact asks for a person, with all else that it would have asked for:
    not to know must never be the cheaper way.
    """
    holds = rule.when.judge(known)
    read = ", ".join([shown[fact] for fact in rule.facts])
    if holds is False:
        return Finding(rule.id, fired=False, verdict=None, says=f"Not so: {rule.says} ({read})"), None
    if holds is True:
        return Finding(rule.id, fired=True, verdict=rule.effect.verdict, says=f"{rule.says} ({read})"), rule.effect
    effect = Effect(
        Verdict.REVIEW, None, rule.effect.urgency, None, rule.effect.approvals_needed, rule.effect.approval_role
    )
    says = f"Cannot be judged, so a person decides: {rule.says} ({read})"
    return Finding(rule.id, fired=True, verdict=Verdict.REVIEW, says=says), effect


def _shown(value: InputValue) -> str:
    """A fact's value as a reader expects it."""
    match value:
        case None:
            return "not known"
        case bool():
            return "yes" if value else "no"
        case list():
            return "[" + ", ".join(value) + "]"
        case float():
            return f"{value:.4g}"
        case _:
            return str(value)


def _team(effects: list[Effect], policy: Policy) -> str:
    """The last rule that names a team wins over those before it and over the kind: the document's order decides."""
    named = [effect.team for effect in effects if effect.team]
    return named[-1] if named else policy.fallback_team
