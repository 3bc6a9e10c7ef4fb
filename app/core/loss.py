"""How sure one has to be before acting alone: by what a mistake costs against what a person's look costs.

Acting alone at confidence p costs (1 - p) x mistake on average, a review costs its price whatever p is. So acting alone
is right only where (1 - p) x mistake <= review, that is from p = 1 - review / mistake on, and never below the floor.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.quantities import Money


@dataclass(frozen=True, slots=True)
class Mistake:
    """What it costs to do it for the wrong order or person: a sum, and a share of the order's value."""

    costs: Money
    share_of_order: float
    floor: float  # the least confidence, however cheap a mistake is


@dataclass(frozen=True, slots=True)
class Losses:
    """`mistakes` by the word of the action's kind; all amounts are of one currency."""

    review: Money
    mistakes: Mapping[str, Mistake]


def confidence_needed(losses: Losses, kind: object, value_cents: float | None, currency: object) -> float | None:
    """None where it cannot be said: no price for the kind, no value of the order, or one in another currency."""
    mistake = losses.mistakes.get(kind) if isinstance(kind, str) else None
    if mistake is None:
        return None
    if mistake.share_of_order == 0:
        value_cents = 0
    elif value_cents is None or currency not in (None, losses.review.currency):
        return None
    cost = mistake.costs.cents + mistake.share_of_order * max(value_cents, 0)
    return mistake.floor if cost <= 0 else max(mistake.floor, 1 - losses.review.cents / cost)


def confidence_reached(match_probability: object, identity_confidence: object) -> float | None:
    """That it is the right order and the right person, both: the product.

    The two share evidence (a name speaks for the order and for the person), so that they are rather right together and
    wrong together: the product is the least that both can be, and the minimum of the two the most. Of a doubt about
    the doubts the caller shall not profit.
    """
    if not _is_probability(match_probability) or not _is_probability(identity_confidence):
        return None
    return float(match_probability * identity_confidence)  # type: ignore[operator]


def _is_probability(value: object) -> bool:
    return type(value) in {int, float} and 0 <= value <= 1  # type: ignore[operator]
