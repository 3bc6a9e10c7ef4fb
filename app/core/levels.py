"""The levels at which a field of a call may agree with an order, and one comparison that came out at one of them.

What a level weighs is not said here: matching has its trained weights, identity its own.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.core.evidence import Agreement


class Level(StrEnum):
    """How a field agrees; within a field the strongest first. Names are stable: trained weights refer to them."""

    REFERENCE_WHOLE = "reference.whole"
    REFERENCE_TAIL_LONG = "reference.tail_long"
    REFERENCE_SHORT = "reference.short"
    REFERENCE_TAIL = "reference.tail"
    REFERENCE_COUNTED = "reference.counted"
    REFERENCE_NEAR = "reference.near"
    REFERENCE_LAST_FOUR = "reference.last_four"
    REFERENCE_OTHER_TAIL = "reference.other_tail"
    REFERENCE_OTHER = "reference.other"
    GIFT_LINK_SAME = "gift_link.same"
    EMAIL_SAME = "email.same"
    EMAIL_OF_CONTACT = "email.of_contact"
    EMAIL_NEAR = "email.near"
    EMAIL_OTHER = "email.other"
    CUSTOMER_ID_SAME = "customer_id.same"
    CUSTOMER_ID_REPEATED = "customer_id.repeated"
    CUSTOMER_ID_OTHER = "customer_id.other"
    PHONE_ON_FILE = "phone.on_file"
    PHONE_NAMESAKE = "phone.namesake"
    PHONE_OF_COUNTERPART = "phone.of_counterpart"
    PHONE_REPEATED = "phone.repeated"
    NAME_SAME = "name.same"
    NAME_ALIKE = "name.alike"
    NAME_NEAR = "name.near"
    NAME_PART = "name.part"
    NAME_HALF = "name.half"
    NAME_OTHER = "name.other"
    COUNTERPART_SAME = "counterpart.same"
    COUNTERPART_COMPANY = "counterpart.company"
    COUNTERPART_PART = "counterpart.part"
    COUNTERPART_OTHER = "counterpart.other"
    PRODUCT_SAME = "product.same"
    PRODUCT_SOME = "product.some"
    PRODUCT_OTHER = "product.other"
    AMOUNT_SAME = "amount.same"
    AMOUNT_ABOUT = "amount.about"
    AMOUNT_OTHER = "amount.other"
    RECENCY_WEEK = "recency.week"
    RECENCY_RECENT = "recency.recent"
    RECENCY_MONTHS = "recency.months"
    RECENCY_OLD = "recency.old"


L, A = Level, Agreement
AGREEMENT = {
    L.REFERENCE_WHOLE: A.EXACT, L.REFERENCE_TAIL_LONG: A.CLOSE, L.REFERENCE_SHORT: A.EXACT, L.REFERENCE_TAIL: A.CLOSE,
    L.REFERENCE_COUNTED: A.EXACT, L.REFERENCE_NEAR: A.PARTIAL, L.REFERENCE_LAST_FOUR: A.PARTIAL,
    L.REFERENCE_OTHER_TAIL: A.DIFFERENT, L.REFERENCE_OTHER: A.DIFFERENT,
    L.GIFT_LINK_SAME: A.EXACT,
    L.EMAIL_SAME: A.EXACT, L.EMAIL_OF_CONTACT: A.CLOSE, L.EMAIL_NEAR: A.PARTIAL, L.EMAIL_OTHER: A.DIFFERENT,
    L.CUSTOMER_ID_SAME: A.EXACT, L.CUSTOMER_ID_REPEATED: A.EXACT, L.CUSTOMER_ID_OTHER: A.DIFFERENT,
    L.PHONE_ON_FILE: A.EXACT, L.PHONE_NAMESAKE: A.CLOSE, L.PHONE_OF_COUNTERPART: A.PARTIAL, L.PHONE_REPEATED: A.EXACT,
    L.NAME_SAME: A.EXACT, L.NAME_ALIKE: A.CLOSE, L.NAME_NEAR: A.PARTIAL, L.NAME_PART: A.PARTIAL,
    L.NAME_HALF: A.PARTIAL, L.NAME_OTHER: A.DIFFERENT,
    L.COUNTERPART_SAME: A.EXACT, L.COUNTERPART_COMPANY: A.CLOSE, L.COUNTERPART_PART: A.PARTIAL,
    L.COUNTERPART_OTHER: A.DIFFERENT,
    L.PRODUCT_SAME: A.EXACT, L.PRODUCT_SOME: A.PARTIAL, L.PRODUCT_OTHER: A.DIFFERENT,
    L.AMOUNT_SAME: A.EXACT, L.AMOUNT_ABOUT: A.PARTIAL, L.AMOUNT_OTHER: A.DIFFERENT,
    L.RECENCY_WEEK: A.EXACT, L.RECENCY_RECENT: A.CLOSE, L.RECENCY_MONTHS: A.PARTIAL, L.RECENCY_OLD: A.DIFFERENT,
}  # fmt: skip
STRENGTH = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`level` is None where there is nothing to compare. `chance` is how often an order that is not meant agrees so,
    where that is known of this very value (a rare name, a long code); None for what is usual of the level.
    """

    field: str
    level: Level | None
    heard: str | None
    known: str | None
    says: str
    chance: float | None = None

    @property
    def agreement(self) -> Agreement:
        return A.MISSING if self.level is None else AGREEMENT[self.level]
