"""What an analysis wrote in words, reduced to a known word or to "other": nothing else of it may reach a decision."""

import math
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from app.core.phrases import NOTHING, normalise_phrase

RISK_FLAGS = frozenset({
    "wrong_address", "damaged_item", "fraud_concern", "urgent_travel", "no_show_risk", "chargeback", "legal_threat",
    "legal_terms", "privacy_request", "access_request", "other",
})  # fmt: skip
_RISK_WORDS = {
    "fraud": "fraud_concern", "scam": "fraud_concern", "stolen": "fraud_concern", "suspicious": "fraud_concern",
    "impersonation": "fraud_concern", "takeover": "fraud_concern", "chargeback": "chargeback", "dispute": "chargeback",
    "legal": "legal_threat", "lawyer": "legal_threat", "attorney": "legal_threat", "lawsuit": "legal_threat",
    "sue": "legal_threat", "terms": "legal_terms", "contract": "legal_terms", "liability": "legal_terms",
    "privacy": "privacy_request", "gdpr": "privacy_request", "erasure": "privacy_request",
    "access": "access_request", "password": "access_request", "login": "access_request",
    "damaged": "damaged_item", "damage": "damaged_item", "broken": "damaged_item", "address": "wrong_address",
    "travel": "urgent_travel", "show": "no_show_risk", "noshow": "no_show_risk",
}  # fmt: skip
_NO_RISK = NOTHING | {"low", "no risk", "no risks", "no risk flags", "none identified", "not mentioned"}

TIERS = ("vip", "diamond", "platinum", "gold", "silver", "bronze", "subscriber", "member")
"""Words of loyalty, the strongest first: a caller who is said to be "gold, VIP" is taken as VIP."""
_SUBSCRIBES = {"subscriber", "subscribed", "subscription"}

CHANGED_FIELDS = frozenset({
    "name", "email", "phone", "address", "consent", "payment", "access", "status", "owner", "date", "priority", "note",
    "next_step", "other",
})  # fmt: skip
_FIELD_WORDS = {
    "mail": "email", "mobile": "phone", "telephone": "phone", "optin": "consent", "optout": "consent",
    "unsubscribe": "consent", "subscribe": "consent", "marketing": "consent", "privacy": "consent", "card": "payment",
    "bank": "payment", "iban": "payment", "billing": "payment", "password": "access", "login": "access",
    "permission": "access", "role": "access", "step": "next_step",
}  # fmt: skip
_SENSITIVE_FIRST = ("access", "payment", "consent")


def risk_flags_of(said: Iterable[str]) -> list[str]:
    """Known flags; a flag nobody knows is "other", since a claim may lower autonomy and must not vanish."""
    flags: set[str] = set()
    for text in said:
        words = normalise_phrase(text)
        if words and words not in _NO_RISK:
            exact = {words.replace(" ", "_")} & RISK_FLAGS
            flags |= exact or {_RISK_WORDS[word] for word in words.split() if word in _RISK_WORDS} or {"other"}
    return sorted(flags)


def loyalty_of(text: str | None) -> str | None:
    words = set(normalise_phrase(text or "").split())
    if not words or normalise_phrase(text or "") in NOTHING:
        return None
    if words & _SUBSCRIBES:
        words.add("subscriber")
    return next((tier for tier in TIERS if tier in words), "other")


def changed_field_of(text: str | None) -> str | None:
    """The field a caller wants changed; of several the most sensitive, then "other"."""
    words = normalise_phrase(text or "").split()
    found = {word if word in CHANGED_FIELDS else _FIELD_WORDS.get(word, "") for word in words} - {""}
    if not words:
        return None
    return next((word for word in _SENSITIVE_FIRST if word in found), None) or (
        found.pop() if len(found) == 1 else "other"
    )


def cents_of(amount: str | None) -> int | None:
    """A claimed value in minor units, upwards: half a cent more can only raise strictness."""
    try:
        value = Decimal(amount or "")
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > 10**12:  # more is no order's value, and would not fit a JSON reader
        return None
    return math.ceil(value * 100)
