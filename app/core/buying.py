"""Which kind of question a caller who may buy has asked, in known words only (H23)."""

from collections.abc import Mapping
from enum import StrEnum

from app.core.calls import Call
from app.core.phrases import NOTHING, normalise_phrase


class Question(StrEnum):
    PRICE = "price"
    AVAILABILITY = "availability"
    FIT = "fit"
    SHIPPING = "shipping"
    STOCK = "stock"
    DELIVERY_TIME = "delivery time"
    PACKAGE = "package"
    TRUST = "trust"


ASKED_IN = ("availability_question", "buying_signal", "objection")
LONGEST_QUESTION = 2_000  # characters that are read of a field

Q = Question
_WORDS: Mapping[Question, tuple[str, ...]] = {
    Q.PRICE: (
        "price", "prices", "pricing", "cost", "costs", "how much", "quote", "discount", "discounts", "expensive",
        "budget", "cheaper", "fee", "fees",
    ),
    Q.AVAILABILITY: ("available", "availability", "do you have", "do you sell", "do you carry"),
    Q.FIT: ("fit", "fits", "size", "sizes", "sizing", "compatible", "color", "colour", "right for", "suitable"),
    Q.SHIPPING: ("ship", "ships", "shipping", "deliver to", "delivers to", "international", "abroad", "customs"),
    Q.STOCK: ("stock", "in stock", "out of stock", "sold out", "back order", "backorder", "restock", "restocked"),
    Q.DELIVERY_TIME: (
        "delivery time", "delivery date", "how long", "how soon", "how fast", "arrive", "arrives", "in time", "by when",
        "lead time", "express", "overnight", "too slow", "too late",
    ),
    Q.PACKAGE: ("package", "packages", "bundle", "bundles", "bulk", "box", "boxes", "set", "sets", "plan", "plans"),
    Q.TRUST: (
        "trust", "scam", "legit", "legitimate", "safe", "secure", "warranty", "guarantee", "return policy",
        "refund policy", "review", "reviews", "references", "reliable",
    ),
}  # fmt: skip


def questions_of(call: Call) -> tuple[Question, ...]:
    """Every kind of question that was asked; one about availability whose words are not known is still that."""
    texts = [normalise_phrase((call.text(name) or "")[:LONGEST_QUESTION]) for name in ASKED_IN]
    found = [question for question, words in _WORDS.items() if any(_says(text, words) for text in texts)]
    is_asked = texts[0] not in NOTHING | {""}
    return tuple(found) or ((Q.AVAILABILITY,) if is_asked else ())


def _says(text: str, words: tuple[str, ...]) -> bool:
    """As whole words: "costume" is no question of cost."""
    return any(f" {word} " in f" {text} " for word in words)
