"""What the whole mirror tells of a call: how many orders there are, how recent they are, how common a name is."""

from dataclasses import dataclass
from datetime import timedelta

from app.core.levels import Level

A_WEEK = timedelta(days=7)
RECENT = timedelta(days=30)
SOME_MONTHS = timedelta(days=120)
AGES = {
    Level.RECENCY_WEEK: A_WEEK,
    Level.RECENCY_RECENT: RECENT,
    Level.RECENCY_MONTHS: SOME_MONTHS,
    Level.RECENCY_OLD: timedelta.max,
}

# The share of people with a name that sounds alike, for a name of which nothing else is known, and as how many orders
# that guess counts beside the mirror's own: a small mirror says little of how rare a name is.
USUAL_SHARE_OF_A_NAME = 1e-4
ORDERS_BEHIND_THE_USUAL = 1_000
# A mirror that has just begun to fill says nothing about how many orders there are.
FEWEST_ORDERS = 50

# Of a hundred calls, so many agree in this with some order that is not the one: a number that was passed on or is a
# household's, an address misheard into another's, a note about the wrong customer. One order's part of that is its
# chance, however many orders there are.
CALLS_THAT_NAME_ANOTHER = {
    Level.EMAIL_SAME: 0.02,
    Level.EMAIL_OF_CONTACT: 0.03,
    Level.CUSTOMER_ID_SAME: 0.005,
    Level.PHONE_ON_FILE: 0.05,
    Level.PHONE_NAMESAKE: 0.05,
}


@dataclass(frozen=True, slots=True)
class Mirror:
    """What the whole mirror tells of a call: how many orders there are, how many of late, and how many carry a name
    that sounds like one that was given.
    """

    orders: int
    week: int = 0  # of these, with something that happened within 7 days
    recent: int = 0  # within 30 days but not 7
    months: int = 0  # within 120 days but not 30
    same: int = 0  # with the caller's very name
    alike: int = 0  # with a name like it
    alike_counterparts: int = 0

    def by_age(self) -> dict[Level, int]:
        """How many orders there are of each age."""
        old = self.orders - self.week - self.recent - self.months
        return dict(zip(AGES, (self.week, self.recent, self.months, max(0, old)), strict=True))

    def share_of_age(self, age: Level) -> float:
        """How many of all orders are of that age, and never none."""
        return (self.by_age()[age] + 1) / (self.orders + 4)

    def chance_of(self, level: Level) -> float | None:
        """That an order which is not meant agrees so in what names one person."""
        calls = CALLS_THAT_NAME_ANOTHER.get(level)
        return None if calls is None else calls / max(self.orders, FEWEST_ORDERS)

    def share_of(self, alike: int) -> float:
        """How often an order that is not meant carries the name."""
        guess = ORDERS_BEHIND_THE_USUAL * USUAL_SHARE_OF_A_NAME
        return min(1.0, (max(alike, 1) + guess) / (self.orders + ORDERS_BEHIND_THE_USUAL))
