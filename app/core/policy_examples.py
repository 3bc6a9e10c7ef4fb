"""The examples of a policy document: typed inputs, and the decision that they have to lead to."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import ActionKind, commits, moves_money, touches_order
from app.core.facts import Inputs, InputValue
from app.core.policy import Decision, Example, Policy, decide_from_inputs

PLAIN: Mapping[str, InputValue] = {
    "action.kind": "extend_expiration",
    "parameters.extension_days": 14.0,
    "parameters.has_expiration_problem": False,
    "parameters.field_changed": None,
    "match.outcome": "matched",
    "match.probability": 0.999,
    "identity.role": "sender",
    "identity.confidence": 0.99,
    "order.is_present": True,
    "order.stage": "open",
    "order.amount_cents": 7_345,
    "order.currency": "USD",
    "order.is_refunded": False,
    "order.is_expired": False,
    "order.hours_to_expiry": 120.0,
    "order.age_hours": 48.0,
    "contact.tier": None,
    "call.direction": "inbound",
    "call.vip_status": None,
    "call.repeat_complaint": None,
    "call.loyalty": None,
    "call.order_value_cents": None,
    "call.risk_flags": [],
    "call.has_deadline": False,
    "call.has_promise": False,
    "call.conflicts": [],
    "call.unread_fields": [],
    "history.calls_of_caller_24h": 0,
    "history.refused_of_caller_24h": 0,
    "history.calls_about_order_7d": 0,
    "history.actions_of_order_30d": 0,
    "history.same_kind_of_order": 0,
    "history.actions_of_contact_30d": 0,
    "history.orders_of_sender_90d": 1,
    "history.money_actions_today": 0,
    "history.money_moved_today_cents": 0,
    "history.money_currency": None,
    "switches.kind_is_off": False,
    "switches.destination_is_off": False,
    "time.at": "2026-11-18T17:00:00Z",
}
"""What an example starts from: the sender, beyond doubt, of an open gift of 73.45 USD wants two more weeks, on a
Wednesday at noon in New York, and has never called before."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """`problems` are sentences; the example holds where there are none."""

    name: str
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.problems


def example_inputs(given: Inputs) -> dict[str, InputValue]:
    """All inputs of an example that names only what is not plain."""
    inputs = {**PLAIN, **given}
    kind = next((kind for kind in ActionKind if kind == inputs["action.kind"]), None)
    if kind is not None:
        inputs = {
            "action.touches_order": touches_order(kind),
            "action.commits": commits(kind),
            "action.moves_money": moves_money(kind),
            **inputs,
        }
    if inputs["order.is_present"] is False:
        absent = [name for name in PLAIN if name.startswith("order.") and name not in given]
        inputs |= dict.fromkeys(absent) | {"order.is_present": False}
    return inputs


def run_examples(policy: Policy) -> tuple[ExampleResult, ...]:
    """Every example of the document, in its order."""
    return tuple(run_example(example, policy) for example in policy.examples)


def run_example(example: Example, policy: Policy) -> ExampleResult:
    decision = decide_from_inputs(example.inputs, policy)
    return ExampleResult(example.name, (*_unmet(example, decision), *_misfired(example, decision)))


def _unmet(example: Example, decision: Decision) -> list[str]:
    return [
        f"{name} is {came_out}, not {wanted}"
        for name, wanted in example.expected.items()
        if (came_out := _came_out(decision, name, wanted)) != wanted
    ]


def _came_out(decision: Decision, name: str, wanted: str | int) -> object:
    match name:
        case "starts_at":
            return decision.findings[0].verdict
        case "reason_code":
            return wanted if wanted in decision.reason_codes else ", ".join(decision.reason_codes) or "none"
        case _:
            return getattr(decision, name)


def _misfired(example: Example, decision: Decision) -> list[str]:
    fired = {finding.rule for finding in decision.findings if finding.fired} - {"kind"}
    wanted = example.fires if example.fires_exactly is None else example.fires | example.fires_exactly
    unwanted = fired & example.stays_silent if example.fires_exactly is None else fired - example.fires_exactly
    return [
        *(f"{rule} does not fire" for rule in sorted(wanted - fired)),
        *(f"{rule} fires" for rule in sorted(unwanted)),
    ]
