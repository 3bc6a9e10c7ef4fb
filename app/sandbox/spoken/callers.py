"""Synthetic callers: who rings about which order, what they say of it, and what the agent's analysis makes of that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from math import exp
from random import Random

from app.sandbox.spoken import stories
from app.sandbox.spoken.clues import Told
from app.sandbox.spoken.people import People
from app.sandbox.spoken.population import SyntheticOrder

# People call about what moves: after a month interest has fallen to a third, a few old orders stay.
_INTEREST_DAYS = 30.0
_OLD_ORDERS_INTEREST = 0.02
_WITHOUT_ORDER_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class SpokenCall:
    """A call as it arrives, with its truth: `about` is the order's id, or None if no order of the mirror is meant."""

    call_id: str
    direction: str
    caller_number: str | None
    fields: Mapping[str, str]
    about: str | None
    role: str
    story: str


def callers(orders: Sequence[SyntheticOrder], calls: int, *, seed: int, now: datetime) -> Iterator[SpokenCall]:
    """Owners of these orders, and some people who have none."""
    dice = Random(f"callers {seed}")
    strangers = People(Random(f"callers' strangers {seed}"), "strangers")
    interests = list(accumulate(_interest(order, now) for order in orders))
    for number in range(calls):
        call_id = f"call-{seed}-{number:06d}"
        if not orders or dice.random() < _WITHOUT_ORDER_SHARE:
            yield _call(call_id, stories.without_order(strangers, dice))
        else:
            [order] = dice.choices(orders, cum_weights=interests)
            yield _call(call_id, stories.about_order(order, strangers, dice))


def callers_without_orders(calls: int, *, seed: int, now: datetime) -> Iterator[SpokenCall]:
    """People like all others, whose order is at another shop or nowhere."""
    del now  # they have no order that could be recent
    dice = Random(f"callers without orders {seed}")
    strangers = People(Random(f"strangers without orders {seed}"), "strangers")
    for number in range(calls):
        yield _call(f"stranger-{seed}-{number:06d}", stories.without_order(strangers, dice))


def callers_with_a_strangers_reference(
    orders: Sequence[SyntheticOrder], calls: int, *, seed: int, now: datetime
) -> Iterator[SpokenCall]:
    """Somebody found or guessed the reference of another's order, and gives the own name, phone and e-mail."""
    dice = Random(f"callers with a stranger's reference {seed}")
    strangers = People(Random(f"strangers with a reference {seed}"), "strangers")
    interests = list(accumulate(_interest(order, now) for order in orders))
    for number in range(calls):
        [order] = dice.choices(orders, cum_weights=interests)
        yield _call(f"thief-{seed}-{number:06d}", stories.with_a_strangers_reference(order, strangers, dice))


def _interest(order: SyntheticOrder, now: datetime) -> float:
    age_days = (now - order.placed_at).total_seconds() / 86_400
    return exp(-age_days / _INTEREST_DAYS) + _OLD_ORDERS_INTEREST


def _call(call_id: str, told: Told) -> SpokenCall:
    return SpokenCall(
        call_id=call_id,
        direction=told.direction,
        caller_number=told.caller_number,
        fields=told.fields,
        about=told.about,
        role=told.role,
        story=told.story,
    )
