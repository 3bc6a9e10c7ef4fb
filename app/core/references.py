"""Whether a code that was heard is an order's reference: whole, its tail, nearly, or another order's."""

from rapidfuzz.distance import Levenshtein

from app.core.contacts import normalise_reference
from app.core.hearing import SHORTEST_TAIL, UUID, Heard, shown
from app.core.levels import STRENGTH, Comparison, Level
from app.core.orders import Order

LONG_TAIL = 10
SHORT_TAIL = 4  # "the last four": too little to find an order by, enough to tell one person's orders apart
LONG_REFERENCE = 12  # from here on a reference is drawn from so many that a near miss is a slip, not a neighbour
CLEARLY_WHOLE = 16  # nobody calls so many characters "the last ones"
CHARACTERS_PER_SLIP = 6  # so that a drawn reference which is another order's is never near by chance
COUNTED = 10  # as many digits or fewer: numbers that are counted up, where a slip names the neighbour's order

SAYS = {
    Level.REFERENCE_WHOLE: "The order reference given is this order's, complete.",
    Level.REFERENCE_TAIL_LONG: "The {count} characters given are the last ones of this order's reference.",
    Level.REFERENCE_SHORT: "The order reference given is this order's, complete.",
    Level.REFERENCE_TAIL: "The {count} characters given are the last ones of this order's reference.",
    Level.REFERENCE_COUNTED: "The order number given is this order's; one wrong digit would name a neighbour's.",
    Level.REFERENCE_NEAR: "The reference given is this order's but for a few characters.",
    Level.REFERENCE_LAST_FOUR: "The {count} characters given are the last ones of this order's reference: a weak hint.",
    Level.REFERENCE_OTHER_TAIL: "The characters given are not the last ones of this order's reference.",
    Level.REFERENCE_OTHER: "The reference given is another order's: a person should look.",
}


def compare_reference(heard: Heard, order: Order) -> Comparison:
    """The best of all codes heard: one that fits is not undone by another that was misread beside it."""
    codes = heard.references
    known = shown(order.reference_id)
    if not codes:
        return Comparison("reference", None, None, known, "No order reference was given.")
    levels = [(code, _level(code, order, is_sure=code not in heard.unsure)) for code in codes]
    found = [(level, code) for code, level in levels if level is not None]
    if not found:
        return Comparison("reference", None, ", ".join(codes), known, "What was given is too little to be a reference.")
    level, code = min(found, key=lambda pair: STRENGTH[pair[0]])
    if code in heard.vendor_ids:
        known = shown(order.external_id)
    return Comparison("reference", level, code, known, SAYS[level].format(count=len(code)))


def _level(code: str, order: Order, *, is_sure: bool) -> Level | None:
    if UUID.fullmatch(code):
        return Level.REFERENCE_WHOLE if code == order.external_id.lower() else Level.REFERENCE_OTHER
    known = normalise_reference(order.reference_id)
    if code in {known, normalise_reference(order.external_id)}:
        return _whole_level(code)
    agreeing = _tail_level(code, known) or (Level.REFERENCE_NEAR if _is_near(code, known) else None)
    return agreeing or (_differing_level(code, known) if is_sure else None)


def _whole_level(code: str) -> Level:
    if (code.isdigit() and len(code) <= COUNTED) or len(code) < SHORTEST_TAIL:
        return Level.REFERENCE_COUNTED
    return Level.REFERENCE_WHOLE if len(code) >= LONG_REFERENCE else Level.REFERENCE_SHORT


def _tail_level(code: str, known: str) -> Level | None:
    if not known.endswith(code) or len(code) < SHORT_TAIL:
        return None
    if len(code) < SHORTEST_TAIL:
        return Level.REFERENCE_LAST_FOUR
    return Level.REFERENCE_TAIL_LONG if len(code) >= LONG_TAIL else Level.REFERENCE_TAIL


def _is_near(code: str, known: str) -> bool:
    """Few slips in a whole reference or its tail. How likely each slip is, is for a model of hearing to say."""
    if len(known) < LONG_REFERENCE or len(code) < SHORTEST_TAIL:
        return False
    slips = max(1, len(code) // CHARACTERS_PER_SLIP)
    is_whole = len(code) >= LONG_REFERENCE
    return any(
        Levenshtein.distance(code, whole_or_tail, score_cutoff=slips) <= slips
        for whole_or_tail in (known[-len(code) :], *([known] if is_whole else []))
    )


def _differing_level(code: str, known: str) -> Level | None:
    if len(code) >= CLEARLY_WHOLE or len(code) == len(known):
        return Level.REFERENCE_OTHER
    return Level.REFERENCE_OTHER_TAIL if len(code) >= SHORTEST_TAIL else None
