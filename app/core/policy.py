"""May we? Versioned rules over typed facts; each rule leaves a finding, fired or not, and the strictest verdict wins.

Free text never gets here: what a caller claims can lower autonomy, never raise it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter

from app.core.actions import ActionKind
from app.core.business_hours import BusinessHours
from app.core.calls import Call
from app.core.conditions import Condition, facts_of
from app.core.contacts import Contact
from app.core.derived import derive
from app.core.entitlement import EntitlementTable
from app.core.facts import Inputs, InputValue, resolve_inputs
from app.core.history import NO_HISTORY, History
from app.core.identity import Identity
from app.core.loss import Losses, confidence_reached
from app.core.matching import Match
from app.core.orders import Order


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
    history: History = NO_HISTORY

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
            history=self.history,
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
    # With defaults, so that decisions stored before these were known can be read.
    queue: str = "general"  # the part of the review queue it waits in
    reason_codes: tuple[str, ...] = ()  # of the rules that fired, in their order


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
    """The figures of a policy that more than its rules read."""

    identity_clear: float  # the confidence below which we do not know who is calling, however cheap a mistake is
    match_clear: float  # the probability below which we do not know which order is meant
    default_extension_days: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a kind starts with, or what a rule adds. None adds nothing; a rule can only make a decision stricter."""

    verdict: Verdict | None = None
    team: str | None = None
    urgency: Urgency | None = None
    due_minutes: int | None = None
    approvals_needed: int | None = None
    approval_role: str | None = None
    queue: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class KindPolicy:
    """Where a kind starts: at `effect.verdict`, or at `when_identity_clear`.

    The latter takes that it is clear who is calling about which order, and confidence enough for what a mistake costs.
    """

    effect: Effect
    when_identity_clear: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` is a statement that holds when the rule fires, as one plain sentence."""

    id: str
    says: str
    when: Condition
    effect: Effect
    # Made once, since a rule is asked by every decision:
    facts: tuple[str, ...] = field(init=False, repr=False, compare=False)  # that `when` reads
    read: Callable[[Mapping[str, str]], object] = field(init=False, repr=False, compare=False)  # those, as shown
    told: str = field(init=False, repr=False, compare=False)  # `says`, with room for the facts in brackets
    told_not: str = field(init=False, repr=False, compare=False)  # the same where it is not so
    fired: Effect = field(init=False, repr=False, compare=False)  # the effect with its reason code
    unjudged: Effect = field(init=False, repr=False, compare=False)  # the same where nobody can tell

    def __post_init__(self) -> None:
        facts = tuple(dict.fromkeys(facts_of(self.when)))
        fired = replace(self.effect, reason_code=self.effect.reason_code or self.id)
        told = f"{self.says.replace('%', '%%')} ({', '.join(['%s'] * len(facts))})"
        made = {
            "facts": facts,
            "read": itemgetter(*facts),
            "told": told,
            "told_not": f"Not so: {told}",
            "fired": fired,
            "unjudged": replace(fired, verdict=Verdict.REVIEW, team=None, queue=None, due_minutes=None),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Example:
    """What a document says of itself: these inputs lead to this. `core/policy_examples.py` checks it.

    `expected` names fields of Decision, `starts_at` of the kind's finding or one `reason_code`; of `fires` each rule
    has to fire, and of `stays_silent` none may.
    """

    name: str
    inputs: Inputs
    expected: Mapping[str, str | int]
    fires: frozenset[str] = frozenset()
    stays_silent: frozenset[str] = frozenset()
    fires_exactly: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    version: str
    parameters: PolicyParameters
    due_minutes: Mapping[Urgency, int]
    kinds: Mapping[ActionKind, KindPolicy]
    rules: tuple[Rule, ...]
    entitlement: EntitlementTable = field(default_factory=dict)
    losses: Losses | None = None
    hours: BusinessHours | None = None
    fallback_team: str = "support"
    fallback_queue: str = "general"
    publish_needs_two: bool = False
    examples: tuple[Example, ...] = field(default=(), compare=False, repr=False)


def decide(facts: Facts, policy: Policy) -> Decision:
    """The verdict on one action, with every rule's finding."""
    return decide_from_inputs(facts.inputs(), policy)


def decide_from_inputs(inputs: Inputs, policy: Policy) -> Decision:
    """The same from stored inputs: the same inputs and the same policy give the same decision for ever."""
    known = dict(inputs) | derive(
        inputs,
        identity_clear=policy.parameters.identity_clear,
        entitlement=policy.entitlement,
        losses=policy.losses,
        hours=policy.hours,
    )
    kind_finding, kind_effect = _judge_kind(known, policy)
    shown = _ShownFacts(known)
    judged = [_judge_rule(rule, known, shown) for rule in policy.rules]
    fired = [effect for _, effect in judged if effect is not None]
    effects = [kind_effect, *fired]
    urgency = max((each.urgency for each in effects if each.urgency), key=HASTE.__getitem__, default=Urgency.NORMAL)
    return Decision(
        verdict=max((each.verdict for each in effects if each.verdict), key=STRICTNESS.__getitem__),
        findings=(kind_finding, *(finding for finding, _ in judged)),
        policy_version=policy.version,
        inputs=dict(inputs),
        team=_last([each.team for each in effects], policy.fallback_team),
        urgency=urgency,
        due_minutes=min([policy.due_minutes[urgency], *(each.due_minutes for each in effects if each.due_minutes)]),
        approvals_needed=max(each.approvals_needed or 1 for each in effects),
        approval_role=max((each.approval_role or "reviewer" for each in effects), key=AUTHORITY.__getitem__),
        queue=_last([each.queue for each in effects], policy.fallback_queue),
        reason_codes=tuple(dict.fromkeys(each.reason_code for each in fired if each.reason_code)),
    )


def sentence_of(finding: Finding) -> str:
    """What the finding says, without the figures that stand behind it in brackets."""
    return finding.says.rpartition(" (")[0] or finding.says


def _judge_kind(known: Inputs, policy: Policy) -> tuple[Finding, Effect]:
    """Where the action's kind starts; a kind the document does not name starts with a person."""
    name = known.get("action.kind")
    entry = next((each for kind, each in policy.kinds.items() if kind == name), None)
    if entry is None or entry.effect.verdict is None:
        says = f"The policy does not name the kind {name}, so a person decides."
        return Finding("kind", fired=True, verdict=Verdict.REVIEW, says=says), Effect(verdict=Verdict.REVIEW)
    verdict, why = _start(entry, known, policy.parameters)
    says = f"{name} starts at {verdict}{why}."
    return Finding("kind", fired=True, verdict=verdict, says=says), replace(entry.effect, verdict=verdict)


def _start(entry: KindPolicy, known: Inputs, parameters: PolicyParameters) -> tuple[Verdict | None, str]:
    """The verdict a kind starts at, and why. Acting alone takes both floors and what a mistake would cost."""
    if entry.when_identity_clear is None:
        return entry.effect.verdict, ""
    probability = confidence_reached(known.get("match.probability"), 1)
    if known.get("identity.is_clear") is not True or probability is None or probability < parameters.match_clear:
        return entry.effect.verdict, ", since it is not clear who is calling about which order"
    if known.get("confidence.is_enough") is not True:
        needed, reached = _shown(known.get("confidence.needed")), _shown(known.get("confidence.reached"))
        return entry.effect.verdict, f", since acting alone takes a confidence of {needed} and {reached} is reached"
    return entry.when_identity_clear, ", since it is clear who is calling about which order"


def _judge_rule(rule: Rule, known: Inputs, shown: Mapping[str, str]) -> tuple[Finding, Effect | None]:
    """The rule's finding, and its effect where it fires.

    A rule that cannot be judged for want of a fact asks for a person, with all else that it would have asked for:
    not to know must never be the cheaper way.
    """
    holds, read = rule.when.judge(known), rule.read(shown)
    if holds is False:
        return _silent(rule.id, rule.told_not, read), None
    if holds is True:
        return Finding(rule.id, fired=True, verdict=rule.effect.verdict, says=rule.told % read), rule.fired
    says = f"Cannot be judged, so a person decides: {rule.told % read}"
    return Finding(rule.id, fired=True, verdict=Verdict.REVIEW, says=says), rule.unjudged


@lru_cache(maxsize=16_384)
def _silent(rule_id: str, told: str, read: object) -> Finding:
    """The finding of a rule that does not fire: most rules do not, mostly on facts that read the same."""
    return Finding(rule_id, fired=False, verdict=None, says=told % read)


class _ShownFacts(dict[str, str]):
    """Each fact with its value as a reader expects it, written when the first rule reads it."""

    def __init__(self, known: Inputs) -> None:
        super().__init__()
        self.known = known

    def __missing__(self, fact: str) -> str:
        text = self[fact] = f"{fact} {_shown(self.known.get(fact))}"
        return text


def _shown(value: InputValue) -> str:
    """A fact's value as a reader expects it."""
    if value is None:
        return "not known"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "[" + ", ".join(value) + "]" if isinstance(value, list) else str(value)


def _last(named: list[str | None], fallback: str) -> str:
    """The last rule that names one wins over those before it and over the kind: the document's order decides."""
    return next((each for each in reversed(named) if each), fallback)
