"""What a marketing system may learn of a call: coarse, known words, and nothing that was said (H28).

An allow-list: every canonical field is decided about below. Text of a call never passes; it is reduced to a word of
ours, compared with the merchant's own list, or left out.
"""

import hmac
from collections.abc import Collection, Mapping
from datetime import UTC
from hashlib import sha256

from app.core.actions import ActionKind
from app.core.buying import questions_of
from app.core.calls import Call
from app.core.phrases import normalise_phrase
from app.core.policy import Decision, Facts, Verdict

REDUCED_TO_A_WORD = frozenset({"availability_question", "buying_signal", "objection", "consent"})
ONLY_FROM_A_LIST = frozenset({"product", "sku"})  # passes where the merchant's own list holds it
ONLY_AS_A_PSEUDONYM = frozenset({"customer_id"})
KEPT_BACK = frozenset({
    "customer_name", "customer_phone", "customer_email", "caller_role", "recipient_name", "sender_name", "company",
    "order_id", "booking_id", "store", "channel", "location", "requested_action", "delivery_status", "return_reason",
    "refund_expectation", "deadline", "new_address", "new_expiration", "vip_status", "order_value", "loyalty_status",
    "repeat_complaint", "escalation_owner", "risk_flags", "preferred_time", "timezone", "promise_made",
    "contact_channel", "next_step", "owner", "item", "damage_description", "photo_available", "resolution_preference",
    "field_changed", "old_value", "new_value", "payment_link", "support_link", "fulfillment_link",
})  # fmt: skip

SIGNALS: Mapping[ActionKind, str] = {
    ActionKind.ROUTE_BUYING_INTENT: "product_interest",
    ActionKind.RETURN_ORDER: "return_outcome",
    ActionKind.REFUND_ORDER: "return_outcome",
    ActionKind.SUBSTITUTE_ITEM: "return_outcome",
    ActionKind.FOLLOW_UP: "follow_up_need",
}
"""Kinds a marketing system hears of. Complaints, damage, identity, consent and webhooks are none of its business."""

_OUTCOMES: Mapping[Verdict, str] = {
    Verdict.EXECUTE: "granted",
    Verdict.HAND_OFF: "with a team",
    Verdict.ASSIST: "with a team",
    Verdict.REVIEW: "in review",
    Verdict.REFUSE: "not granted",
}
_CONSENTED = frozenset({"yes", "true", "granted", "given", "agreed", "consented", "opt in", "opted in"})


def signal_of(
    facts: Facts, decision: Decision, *, products: Collection[str] = (), pseudonym_key: bytes | None = None
) -> dict[str, str] | None:
    """The signal of one decided action; None where there is nothing that marketing may hear.

    `products` are names and SKUs of the merchant's catalogue. `contact` is there only with a key, and where the caller
    consented; the merchant, who has both key and ids, can make the same pseudonym (`pseudonym_of`).
    """
    name = SIGNALS.get(facts.kind)
    if name is None or decision.inputs.get("call.risk_flags"):
        return None  # a call that carries any risk is not for selling
    call = _with_safe_fields(facts.call)
    signal = {"signal": name, "day": f"{facts.now.astimezone(UTC):%Y-%m-%d}"}
    if name == "return_outcome":
        signal["outcome"] = _OUTCOMES[decision.verdict]
    if name == "product_interest":
        signal |= _interest(call, products)
    customer_id = call.text("customer_id")
    if pseudonym_key and customer_id and normalise_phrase(call.text("consent") or "") in _CONSENTED:
        signal["contact"] = pseudonym_of(customer_id, pseudonym_key)
    return signal


def pseudonym_of(customer_id: str, key: bytes) -> str:
    """The same for the same person and key; without the key nobody can go through the ids and compare."""
    return hmac.new(key, customer_id.strip().encode("utf-8", "replace"), sha256).hexdigest()[:32]


def _with_safe_fields(call: Call) -> Call:
    """The call with nothing in it but what may be read here."""
    safe = REDUCED_TO_A_WORD | ONLY_FROM_A_LIST | ONLY_AS_A_PSEUDONYM
    return Call(call_id="", fields={field: value for field, value in call.fields.items() if field in safe})


def _interest(call: Call, products: Collection[str]) -> dict[str, str]:
    """By the catalogue's own writing, so that not even the case of a letter comes from the call."""
    known = {normalise_phrase(product): product for product in products}
    said = (normalise_phrase(call.text(field) or "") for field in ("sku", "product"))
    product = next((known[text] for text in said if text in known), None)
    questions = ", ".join(questions_of(call))
    return ({"product": product} if product else {}) | ({"question": questions} if questions else {})
