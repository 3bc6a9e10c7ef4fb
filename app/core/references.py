"""Whether a code that was heard is an order's reference: whole, one end of it, nearly, or another order's.

How much an agreement weighs follows from the code itself: from how many signs agree, out of which alphabet, and how
likely each slip between them is to be one of hearing.
"""

from collections.abc import Iterator
from math import exp2

from app.core.confusion import code_bits
from app.core.contacts import normalise_reference
from app.core.hearing import Heard, shown
from app.core.levels import STRENGTH, Comparison, Level
from app.core.orders import Order
from app.core.speech import CodePart, SpokenCode

LONG_TAIL = 10
SHORTEST_TAIL = 6  # fewer last characters fit several orders of a large shop
SHORT_TAIL = 4  # "the last four"
LONG_REFERENCE = 12  # from here on a reference is drawn from so many that a near miss is a slip, not a neighbour
CLEARLY_WHOLE = 16  # nobody calls so many characters "the last ones"
COUNTED = 10  # as many digits or fewer: numbers that are counted up, where a slip names the neighbour's order
CHANCE_OF_COUNTED = 1.3e-4  # one slip in a counted number is a neighbour's order
NEAR_ENOUGH = 9.0  # bits: below it too many references are as near by chance
SMALLEST_CHANCE = 2.0**-42  # no agreement is surer than that nobody mixed two orders up before the call

SAYS = {
    Level.REFERENCE_WHOLE: "The order reference given is this order's, complete.",
    Level.REFERENCE_TAIL_LONG: "The {count} characters given are one end of this order's reference.",
    Level.REFERENCE_SHORT: "The order reference given is this order's, complete.",
    Level.REFERENCE_TAIL: "The {count} characters given are one end of this order's reference.",
    Level.REFERENCE_COUNTED: "The order number given is this order's; one wrong digit would name a neighbour's.",
    Level.REFERENCE_NEAR: "The reference given is this order's but for what may be misheard.",
    Level.REFERENCE_LAST_FOUR: "The {count} characters given are one end of this order's reference: a weak hint.",
    Level.REFERENCE_OTHER_TAIL: "The characters given are no end of this order's reference.",
    Level.REFERENCE_OTHER: "The reference given is another order's: a person should look.",
}


def compare_reference(heard: Heard, order: Order) -> Comparison:
    """The best of all codes heard: one that fits is not undone by another that was misread beside it."""
    known = shown(order.reference_id)
    if not heard.codes and not heard.vendor_ids:
        return Comparison("reference", None, None, known, "No order reference was given.")
    found = [*_of_vendor_ids(heard, order), *_of_codes(heard, order)]
    if not found:
        said = ", ".join(code.text for code in heard.codes)
        return Comparison("reference", None, said, known, "What was given is too little to be a reference.")
    level, chance, code = min(found, key=lambda each: (STRENGTH[each[0]], each[1] or 0.0))
    if code in heard.vendor_ids:
        known = shown(order.external_id)
    return Comparison("reference", level, code, known, SAYS[level].format(count=len(code)), chance)


_Found = tuple[Level, float | None, str]


def _of_vendor_ids(heard: Heard, order: Order) -> Iterator[_Found]:
    for vendor_id in heard.vendor_ids:
        if vendor_id == order.external_id.lower():
            yield Level.REFERENCE_WHOLE, SMALLEST_CHANCE, vendor_id
        else:
            yield Level.REFERENCE_OTHER, None, vendor_id


def _of_codes(heard: Heard, order: Order) -> Iterator[_Found]:
    known = normalise_reference(order.reference_id)
    for code in heard.codes:
        agreeing = _agreeing(code, known, normalise_reference(order.external_id))
        if agreeing is not None:
            yield *agreeing, code.text
        elif code.is_sure and (level := _differing_level(code.text, known)) is not None:
            yield level, None, code.text


def _agreeing(code: SpokenCode, known: str, other_id: str) -> tuple[Level, float] | None:
    if code.text in {known, other_id}:
        level = _whole_level(code.text)
        return level, CHANCE_OF_COUNTED if level is Level.REFERENCE_COUNTED else _chance(code.text)
    ends = [end for end in _ends(code, known, len(code.text)) if end == code.text]
    if ends and len(code.text) >= SHORT_TAIL:
        return _end_level(code.text), _chance(code.text)
    return _near(code, known)


def _whole_level(code: str) -> Level:
    if (code.isdigit() and len(code) <= COUNTED) or len(code) < SHORTEST_TAIL:
        return Level.REFERENCE_COUNTED
    return Level.REFERENCE_WHOLE if len(code) >= LONG_REFERENCE else Level.REFERENCE_SHORT


def _end_level(code: str) -> Level:
    if len(code) < SHORTEST_TAIL:
        return Level.REFERENCE_LAST_FOUR
    return Level.REFERENCE_TAIL_LONG if len(code) >= LONG_TAIL else Level.REFERENCE_TAIL


def _ends(code: SpokenCode, known: str, length: int) -> Iterator[str]:
    if code.part is not CodePart.HEAD:
        yield known[-length:]
    if code.part is not CodePart.TAIL:
        yield known[:length]


def _near(code: SpokenCode, known: str) -> tuple[Level, float] | None:
    """A whole reference or one end of it but for slips; with one sign more or less where one was lost or doubled."""
    if len(known) < LONG_REFERENCE or len(code.text) < SHORT_TAIL:
        return None
    lengths = range(len(code.text) - 1, len(code.text) + 2)
    parts = {known} if abs(len(code.text) - len(known)) <= 2 else set()
    parts |= {end for length in lengths for end in _ends(code, known, length)}
    bits, part = max((code_bits(code.text, part), part) for part in parts)
    if bits < NEAR_ENOUGH:
        return None
    of_slips = code_bits(part, part) - bits
    return Level.REFERENCE_NEAR, min(1.0, _chance(part) * exp2(of_slips))


def _chance(code: str) -> float:
    """That another order has these signs, too."""
    return max(exp2(-code_bits(code, code)), SMALLEST_CHANCE)


def _differing_level(code: str, known: str) -> Level | None:
    if len(code) >= CLEARLY_WHOLE or len(code) == len(known):
        return Level.REFERENCE_OTHER
    return Level.REFERENCE_OTHER_TAIL if len(code) >= SHORT_TAIL else None
