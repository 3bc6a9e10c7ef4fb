"""What each level of agreement weighs in matching: data, with a version that every match records.

Fellegi & Sunter, "A Theory for Record Linkage", JASA 64 (1969): a level weighs log2(m / u), where m is how often it is
seen when the call is about the order and u how often when it is not. Where a comparison knows how often its very value
agrees by chance (a rare name, a long code), that takes the place of u.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from types import MappingProxyType

from app.core.evidence import Agreement
from app.core.fellegi_sunter import Weight
from app.core.levels import AGREEMENT, Comparison, Level


@dataclass(frozen=True, slots=True)
class Weights:
    """`in_mirror` is the share of calls about an order that retrieval finds; `enough` is the probability from which a
    match is one, `clear_of_next` by how many times it exceeds the next.
    """

    version: str
    in_mirror: float
    enough: float
    clear_of_next: float
    levels: Mapping[Level, Weight]

    def bits(self, comparison: Comparison) -> float:
        """Of one comparison; none for a field that is missing. What agrees never weighs against, nor the other way."""
        if comparison.level is None:
            return 0.0
        weight = self.levels[comparison.level]
        bits = log2(weight.m / (comparison.chance or weight.u))
        if comparison.field == "recency":
            return bits
        return min(bits, 0.0) if AGREEMENT[comparison.level] is Agreement.DIFFERENT else max(bits, 0.0)


# By judgement, before anything was trained: where training begins, and what a level keeps that no training call showed.
FS_0 = Weights(
    version="fs-0 2026-11",
    in_mirror=0.8,  # the rest ask before they buy, bought elsewhere, or called before the mirror heard of it
    enough=0.95,  # a match is wrong in at most one case of twenty by its own account, before anybody's identity counts
    clear_of_next=10.0,
    levels=MappingProxyType(
        {
            # --- reference: what the shop drew at random; how much an agreement weighs is up to the code itself
            Level.REFERENCE_WHOLE: Weight(0.45, 2.3e-13),
            Level.REFERENCE_TAIL_LONG: Weight(0.10, 2.3e-13),
            Level.REFERENCE_SHORT: Weight(0.45, 8.2e-9),
            Level.REFERENCE_TAIL: Weight(0.20, 9.0e-9),
            Level.REFERENCE_COUNTED: Weight(0.45, 1.3e-4),
            Level.REFERENCE_NEAR: Weight(0.20, 1.0e-3),
            Level.REFERENCE_LAST_FOUR: Weight(0.10, 6.0e-7),
            Level.REFERENCE_OTHER_TAIL: Weight(0.03, 0.98),  # misheard beyond recognition
            Level.REFERENCE_OTHER: Weight(9.2e-10, 0.99),  # a whole other reference; matching adds a veto of its own
            Level.GIFT_LINK_SAME: Weight(0.9, 2.3e-13),
            # --- the person: an address is one person's; a person's several orders tie, and stay ambiguous
            Level.EMAIL_SAME: Weight(0.60, 2.1e-8),
            Level.EMAIL_OF_CONTACT: Weight(0.10, 1.9e-7),
            Level.EMAIL_NEAR: Weight(0.20, 1.0e-4),
            Level.EMAIL_OTHER: Weight(0.12, 0.97),  # people have several addresses, and agents mishear them
            Level.CUSTOMER_ID_SAME: Weight(0.80, 4.8e-8),
            Level.CUSTOMER_ID_REPEATED: Weight(0.80, 0.10),  # the same contact as by the e-mail, so little is new
            Level.CUSTOMER_ID_OTHER: Weight(0.12, 0.97),
            Level.PHONE_ON_FILE: Weight(0.60, 1.8e-8),
            Level.PHONE_NAMESAKE: Weight(0.15, 1.0e-6),  # one person under two addresses, where the name is rare
            Level.PHONE_OF_COUNTERPART: Weight(0.40, 0.10),  # a household's: it rings whichever order the caller means
            Level.PHONE_REPEATED: Weight(0.60, 0.075),
            # --- the name: whole names weigh by how many orders of the mirror carry one that sounds alike
            Level.NAME_SAME: Weight(0.50, 1.0e-4),
            Level.NAME_ALIKE: Weight(0.20, 1.0e-4),
            Level.NAME_NEAR: Weight(0.06, 1.0e-4),
            Level.NAME_PART: Weight(0.12, 0.023),
            Level.NAME_HALF: Weight(0.04, 0.02),
            Level.NAME_OTHER: Weight(0.08, 0.96),  # assistants and relatives call too
            # --- circumstances: tell one person's orders apart, never find one
            Level.COUNTERPART_SAME: Weight(0.60, 1.0e-4),
            Level.COUNTERPART_COMPANY: Weight(0.70, 3.0e-3),
            Level.COUNTERPART_PART: Weight(0.25, 0.023),
            Level.COUNTERPART_OTHER: Weight(0.15, 0.97),
            Level.PRODUCT_SAME: Weight(0.62, 0.03),
            Level.PRODUCT_SOME: Weight(0.26, 0.09),
            Level.PRODUCT_OTHER: Weight(0.12, 0.88),  # callers name things by their own words
            Level.AMOUNT_SAME: Weight(0.50, 0.04),
            Level.AMOUNT_ABOUT: Weight(0.35, 0.16),
            Level.AMOUNT_OTHER: Weight(0.15, 0.80),
            Level.RECENCY_WEEK: Weight(0.36, 0.03),
            Level.RECENCY_RECENT: Weight(0.30, 0.08),
            Level.RECENCY_MONTHS: Weight(0.26, 0.25),
            Level.RECENCY_OLD: Weight(0.08, 0.64),
        }
    ),
)
