"""One compared field: what was heard, what is known, and what that weighs in bits.

Used by matching and by identity alike; how fields are compared stands in `comparing.py`, what it weighs beside each
decision.
"""

from dataclasses import dataclass
from enum import StrEnum


class Agreement(StrEnum):
    EXACT = "exact"
    CLOSE = "close"
    PARTIAL = "partial"
    DIFFERENT = "different"
    MISSING = "missing"  # not heard or not known: neutral, never held against anybody


@dataclass(frozen=True, slots=True)
class Evidence:
    """One compared field. `bits` is the base-2 logarithm of the likelihood ratio: above 0 for, below 0 against."""

    field: str
    heard: str | None
    known: str | None
    agreement: Agreement
    bits: float
    says: str
