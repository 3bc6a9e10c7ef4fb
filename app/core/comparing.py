"""How each field of a call compares with an order: a level of agreement and the sentence that says it. Weighs nothing.

A field that was not heard, or that nobody can know of the order, has no level: it is neutral.
"""

from datetime import UTC, datetime

from app.core.comparing_people import OnFile, compare_counterpart, compare_people
from app.core.contacts import normalise_reference
from app.core.hearing import Heard, shown
from app.core.keys import telling_words
from app.core.levels import STRENGTH, Comparison, Level
from app.core.mirror import AGES, Mirror
from app.core.orders import Order, OrderItem
from app.core.references import compare_reference

SAME_AMOUNT = 0.02  # what rounding and tax leave
ABOUT_THE_AMOUNT = 0.20  # "about fifty"


def compare(heard: Heard, order: Order, people: OnFile, *, mirror: Mirror, now: datetime) -> list[Comparison]:
    """Every field, in the order a reviewer reads them; those that few calls carry only where they were heard."""
    comparisons = [compare_reference(heard, order)]
    if heard.link_tokens:
        comparisons.append(_compare_link(heard, order))
    persons, caller = compare_people(heard, order, people, mirror)
    comparisons += persons
    if heard.counterparts or heard.companies:
        comparisons.append(compare_counterpart(heard, order, mirror, besides=caller))
    product = _compare_product(heard, order)
    comparisons.append(product)
    if heard.amount_cents is not None:
        comparisons.append(_compare_amount(heard.amount_cents, order, is_implied=product.level is Level.PRODUCT_SAME))
    comparisons.append(_compare_recency(order, mirror, now))
    return comparisons


def _compare_link(heard: Heard, order: Order) -> Comparison:
    token = (order.gift_link or "").rstrip("/").rpartition("/")[2]
    if not token:
        return Comparison("gift_link", None, "a link", None, "The order shows no gift link.")
    if token in heard.link_tokens:
        return Comparison("gift_link", Level.GIFT_LINK_SAME, "its link", "its link", "The link given is this gift's.")
    return Comparison("gift_link", None, "a link", "its link", "The link given is not this gift's: it may be any link.")


def _compare_product(heard: Heard, order: Order) -> Comparison:
    said = ", ".join(heard.products) or None
    known = shown(", ".join(item.name for item in order.items)) or None
    if said is None:
        return Comparison("product", None, None, known, "No product was named.")
    if not order.items:
        return Comparison("product", None, said, None, "The order shows no product.")
    levels = [level for text in heard.products for item in order.items if (level := _product_level(text, item))]
    if not levels:
        return Comparison("product", None, said, known, "What was named could be any product.")
    level = min(levels, key=STRENGTH.__getitem__)
    return Comparison("product", level, said, known, PRODUCT_SAYS[level])


PRODUCT_SAYS = {
    Level.PRODUCT_SAME: "The product named is in this order.",
    Level.PRODUCT_SOME: "Some words of the product named fit this order.",
    Level.PRODUCT_OTHER: "The product named is not in this order.",
}


def _product_level(text: str, item: OrderItem) -> Level | None:
    code = normalise_reference(text)
    if code and item.sku and code == normalise_reference(item.sku):
        return Level.PRODUCT_SAME
    said, known = telling_words(text), telling_words(f"{item.brand or ''} {item.name}")
    if not said or not known:
        return None
    if said <= known:
        return Level.PRODUCT_SAME
    return Level.PRODUCT_SOME if said & known else Level.PRODUCT_OTHER


def _compare_amount(cents: int, order: Order, *, is_implied: bool) -> Comparison:
    """A product that agrees brings its price along, which is no news then."""
    said, known = f"{cents / 100:.2f}", order.amount_cents
    if not known:
        return Comparison("amount", None, said, None, "The order does not show its amount.")
    off = abs(cents - known) / known
    level = Level.AMOUNT_SAME if off <= SAME_AMOUNT else Level.AMOUNT_ABOUT if off <= ABOUT_THE_AMOUNT else None
    if level is None:
        return Comparison("amount", Level.AMOUNT_OTHER, said, f"{known / 100:.2f}", "The amount named is another.")
    level = Level.AMOUNT_ABOUT if is_implied else level
    return Comparison("amount", level, said, f"{known / 100:.2f}", "The amount named fits this order.")


def _compare_recency(order: Order, mirror: Mirror, now: datetime) -> Comparison:
    moved_at = last_moved_at(order)
    if moved_at is None:
        return Comparison("recency", None, None, None, "The order does not show when it was placed.")
    age = _aware(now) - moved_at
    level = next(level for level, limit in AGES.items() if age <= limit)
    heard_at, known_at = _aware(now).date().isoformat(), moved_at.date().isoformat()
    return Comparison("recency", level, heard_at, known_at, RECENCY_SAYS[level], mirror.share_of_age(level))


RECENCY_SAYS = {
    Level.RECENCY_WEEK: "The order was placed or moved within the last 7 days, as most orders people call about.",
    Level.RECENCY_RECENT: "The order was placed or moved within the last 30 days.",
    Level.RECENCY_MONTHS: "The order was placed or moved some months ago.",
    Level.RECENCY_OLD: "Nothing has happened to this order for more than 120 days.",
}


def last_moved_at(order: Order) -> datetime | None:
    """When something was last known to happen to the order."""
    moments = [order.placed_at, order.accepted_at, order.refunded_at]
    for shipment in order.shipments:
        moments += [shipment.shipped_at, shipment.delivered_at]
    return max((_aware(moment) for moment in moments if moment is not None), default=None)


def _aware(moment: datetime) -> datetime:
    """A time without an offset is UTC, as Goody documents of its own."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
