"""Facts that follow from a decision's inputs and a policy's figures: never stored, and not believed where they are."""

from app.core.actions import ActionKind
from app.core.business_hours import BusinessHours, time_facts
from app.core.entitlement import EntitlementTable, entitlement_of
from app.core.facts import Inputs, InputValue, is_number
from app.core.identity import Role
from app.core.loss import Losses, confidence_needed, confidence_reached
from app.core.matching import MatchOutcome
from app.core.orders import OrderStage

_KINDS = {str(kind): kind for kind in ActionKind}
_ROLES = {str(role): role for role in Role}
_STAGES = {str(stage): stage for stage in OrderStage}
_OF_THE_ORDER = {str(Role.SENDER), str(Role.RECIPIENT)}


def derive(
    inputs: Inputs,
    *,
    identity_clear: float,
    entitlement: EntitlementTable,
    losses: Losses | None,
    hours: BusinessHours | None,
) -> dict[str, InputValue]:
    """Every derived fact of the catalogue; None where what it follows from is not known."""
    return {
        "identity.is_clear": _is_clear(inputs, identity_clear),
        "identity.may_ask": _may_ask(inputs, entitlement),
        **_confidence(inputs, losses),
        **time_facts(inputs.get("time.at"), hours),
    }


def _is_clear(inputs: Inputs, identity_clear: float) -> bool:
    """That we know who is calling about which order; what is not known makes nothing clear."""
    confidence = confidence_reached(1, inputs.get("identity.confidence"))
    return (
        inputs.get("match.outcome") == MatchOutcome.MATCHED
        and _word(inputs, "identity.role") in _OF_THE_ORDER
        and confidence is not None
        and confidence >= identity_clear
    )


def _may_ask(inputs: Inputs, table: EntitlementTable) -> InputValue:
    """None, and so for people, where kind or role are no words we know."""
    kind, role = _KINDS.get(_word(inputs, "action.kind")), _ROLES.get(_word(inputs, "identity.role"))
    stage = _STAGES.get(_word(inputs, "order.stage"))
    return None if kind is None or role is None else entitlement_of(table, kind, role, stage)


def _confidence(inputs: Inputs, losses: Losses | None) -> dict[str, InputValue]:
    """How sure we are, how sure acting alone on this order takes, and whether the one reaches the other."""
    reached = confidence_reached(inputs.get("match.probability"), inputs.get("identity.confidence"))
    kind, currency = _word(inputs, "action.kind"), inputs.get("order.currency")
    needed = confidence_needed(losses, kind, _value(inputs), currency) if losses else None
    enough = None if needed is None or reached is None else reached >= needed
    return {"confidence.needed": needed, "confidence.reached": reached, "confidence.is_enough": enough}


def _value(inputs: Inputs) -> float | None:
    """The order's value, or the caller's word for it where that is more; None where an order shows none."""
    known, claimed = _amount(inputs, "order.amount_cents"), _amount(inputs, "call.order_value_cents")
    if inputs.get("order.is_present") is True and known is None:
        return None
    return max((each for each in (known, claimed) if each is not None), default=None)


def _amount(inputs: Inputs, fact: str) -> float | None:
    value = inputs.get(fact)
    return value if is_number(value) else None


def _word(inputs: Inputs, fact: str) -> str:
    value = inputs.get(fact)
    return value if isinstance(value, str) else ""
