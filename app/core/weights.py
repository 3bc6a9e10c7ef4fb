"""What each level of agreement weighs in matching: data, with a version that every match records.

Fellegi & Sunter, "A Theory for Record Linkage", JASA 64 (1969): a level weighs log2(m / u), where m is how often it is
seen when the call is about the order and u how often when it is not. These first figures are set by judgement, so that
the thresholds of `matching.py` hold what they promise; trained ones take their place under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from types import MappingProxyType

from app.core.levels import Level


@dataclass(frozen=True, slots=True)
class Weight:
    m: float  # share of right orders that show this level
    u: float  # share of wrong orders that show it
    reason: str

    @property
    def bits(self) -> float:
        return log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class Weights:
    version: str
    in_mirror: float  # share of calls that are about an order of the mirror at all
    levels: Mapping[Level, Weight]

    def bits(self, level: Level | None) -> float:
        """Bits of a level; none for a field that is missing."""
        return 0.0 if level is None else self.levels[level].bits


FS_0 = Weights(
    version="fs-0 2026-11",
    in_mirror=0.8,  # the rest ask before they buy, bought elsewhere, or called before the mirror heard of it
    levels=MappingProxyType({
        # --- reference: what the shop drew at random, so that a chance meeting is all but impossible
        Level.REFERENCE_WHOLE: Weight(0.55, 5e-13, "+40: nobody gets twelve or more characters right by chance"),
        Level.REFERENCE_TAIL_LONG: Weight(0.10, 5.8e-12, "+34: ten characters and more, but a tail may be misheard"),
        Level.REFERENCE_SHORT: Weight(0.55, 8.2e-9, "+26: six to eleven characters"),
        Level.REFERENCE_TAIL: Weight(0.20, 9.0e-9, "+24.4: finds one order among 100,000 alone, not among a million"),
        Level.REFERENCE_COUNTED: Weight(0.55, 1.3e-4, "+12: one slip in a counted number names a neighbour's order"),
        Level.REFERENCE_NEAR: Weight(0.10, 3.9e-4, "+8: a slip of hearing, until a model says how likely this one is"),
        Level.REFERENCE_LAST_FOUR: Weight(0.05, 3.9e-4, "+7: tells one person's orders apart, finds none"),
        Level.REFERENCE_OTHER_TAIL: Weight(0.015, 0.98, "-6: six characters are misheard or misread now and then"),
        Level.REFERENCE_OTHER: Weight(9.2e-10, 0.99, "-30: a whole other reference; matching adds a veto of its own"),
        # --- the person: an address is one person's, but a person has several orders (those tie, and stay ambiguous)
        Level.EMAIL_SAME: Weight(0.70, 2.1e-8, "+25: one person's address; wrong only by mishearing into another's"),
        Level.EMAIL_OF_CONTACT: Weight(0.10, 1.9e-7, "+19: the directory knows both addresses as one person's"),
        Level.EMAIL_OTHER: Weight(0.12, 0.97, "-3: people have several addresses, and agents mishear them"),
        Level.CUSTOMER_ID_SAME: Weight(0.80, 4.8e-8, "+24: the merchant's own note of whom the call is about"),
        Level.CUSTOMER_ID_REPEATED: Weight(0.80, 0.10, "+3: the same contact as by the e-mail, so little is new"),
        Level.CUSTOMER_ID_OTHER: Weight(0.12, 0.97, "-3: as another e-mail"),
        Level.PHONE_ON_FILE: Weight(0.60, 1.8e-8, "+25: a number is one household's"),
        Level.PHONE_REPEATED: Weight(0.60, 0.075, "+3: the same contact as by e-mail or id, so little is new"),
        # --- the name: at +7 it never decides alone, and lifts an e-mail or a tail over a million orders. It is not
        # lowered beside an agreeing e-mail: orders of one person share both, so it cannot lift one above another.
        Level.NAME_SAME: Weight(0.55, 0.0043, "+7: first and last name; common names are not told apart yet"),
        Level.NAME_ALIKE: Weight(0.20, 0.0044, "+5.5: short for it, or one of two names misheard"),
        Level.NAME_PART: Weight(0.13, 0.023, "+2.5: first names are shared by many"),
        Level.NAME_OTHER: Weight(0.12, 0.97, "-3: assistants and relatives call too"),
        # --- circumstances: tell one person's orders apart, never find one
        Level.PRODUCT_SAME: Weight(0.62, 0.03, "+4.4: with the next ones, 7 bits between right and wrong product"),
        Level.PRODUCT_SOME: Weight(0.26, 0.09, "+1.5: one common word may be chance"),
        Level.PRODUCT_OTHER: Weight(0.12, 0.88, "-2.9: callers name things by their own words"),
        Level.RECENCY_RECENT: Weight(0.66, 0.11, "+2.6: two of three calls are about something of this month"),
        Level.RECENCY_MONTHS: Weight(0.26, 0.25, "0: neither"),
        Level.RECENCY_OLD: Weight(0.08, 0.64, "-3: hardly anybody calls about last year's gift"),
    }),
)  # fmt: skip
