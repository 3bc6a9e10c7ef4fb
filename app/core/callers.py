"""The number that somebody called from or was called at: whether it is shown, and whether a carrier stands by it."""

import re

from app.core.calls import Call
from app.core.contacts import normalise_phone

# What carriers send for a number that is withheld, typed as on a keypad: RESTRICTED, ANONYMOUS, UNAVAILABLE, UNKNOWN.
WITHHELD = frozenset({"+17378742833", "+266696687", "+86282452253", "+8656696"})

# Where a merchant puts what its carrier says of an inbound number (DialNexa passes metadata through), and how the best
# of its answers is written: "A", or as carriers and Twilio spell it, "TN-Validation-Passed-A".
ATTESTATION_FIELDS = frozenset({"metadata.attestation", "metadata.stir_shaken", "metadata.verstat"})
ATTESTED = re.compile(r"(?:tn-validation-)?(?:passed-)?a", re.IGNORECASE)


def shown_number(call: Call) -> str | None:
    """E.164; None where it was withheld, or is no number."""
    number = normalise_phone(call.caller_number or "")
    return None if number in WITHHELD else number


def is_attested(call: Call) -> bool:
    """Whether the merchant's own telephony says so, in metadata; an analysis writes down what callers say."""
    words = [text for name, text in call.other_fields.items() if name.casefold() in ATTESTATION_FIELDS]
    return any(ATTESTED.fullmatch(word.strip()) for word in words)
