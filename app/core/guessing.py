"""Which references a call tried, and which of them were guesses: near the right one or near one another, and wrong.

Several orders that have nothing in common are no guesses: an assistant asks for many people, a desk has one number.
"""

from collections.abc import Collection, Iterable

from rapidfuzz.distance import Levenshtein

from app.core.contacts import normalise_reference
from app.core.evidence import Agreement
from app.core.hearing import UUID, Heard
from app.core.levels import Comparison, Level
from app.core.orders import Order
from app.core.references import compare_reference
from app.core.spoken_codes import CodePart, SpokenCode

# So few references are as near as that, that nobody gets so near to one by trying (30 bits: one of a thousand million).
NEAR_BY_NO_CHANCE = 2.0**-30
# One sign of three may differ between neighbours: 1001 and 1002, but hardly ever two references drawn at random.
SIGNS_PER_SLIP = 3


def references_tried(heard: Heard) -> tuple[str, ...]:
    """Each code that was surely meant as a reference, once; parts of a longer one are the same try."""
    codes = [*heard.vendor_ids, *(code.text for code in heard.codes if code.is_sure)]
    return tuple(code for code in codes if not any(code != other and code in other for other in codes))


def tried_in_vain(codes: Iterable[str], order: Order | None) -> tuple[str, ...]:
    """Those that are not this order's reference, or an end of it, each once."""
    return tuple(code for code in dict.fromkeys(codes) if order is None or not _fits(code, order))


def guesses(tried: Iterable[str], order: Order) -> tuple[str, ...]:
    """Of all that was tried, what is wrong and yet a neighbour of this order's reference or of another try."""
    codes = list(dict.fromkeys(tried))
    return tuple(code for code in tried_in_vain(codes, order) if _has_neighbour(code, codes, order))


def knows_reference(found: Comparison) -> bool:
    """Whether what was given is this order's reference, for all that mishearing leaves open."""
    if found.level is Level.REFERENCE_NEAR:
        return found.chance is not None and found.chance <= NEAR_BY_NO_CHANCE
    return found.agreement in {Agreement.EXACT, Agreement.CLOSE} or found.level is Level.REFERENCE_LAST_FOUR


def _has_neighbour(code: str, others: Collection[str], order: Order) -> bool:
    known = normalise_reference(order.reference_id)
    near = [known, known[-len(code) :], known[: len(code)], *(other for other in others if other != code)]
    most = max(1, len(code) // SIGNS_PER_SLIP)
    return any(Levenshtein.distance(code, other, score_cutoff=most) <= most for other in near)


def _fits(code: str, order: Order) -> bool:
    if UUID.fullmatch(code):
        heard = Heard(vendor_ids=(code,))
    else:
        heard = Heard(codes=(SpokenCode(code, CodePart.EITHER, is_sure=True),))
    return knows_reference(compare_reference(heard, order))
