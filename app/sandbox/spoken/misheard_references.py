"""What becomes of an order reference that is read aloud: 24 signs are too many, so tails, groups, rhymes and slips.

Reported of voice agents: signs of rhyming letters swap (B, C, D, E, G, P, T, V, Z), A falls with H, J, K and 8, F with
S, M with N; "double u" and "oh" come back as words or as another sign; long strings lose or gain a sign.
"""

from random import Random

from app.sandbox.spoken.drawing import happens, picked
from app.sandbox.spoken.letters import misheard, spelled_with_words, spoken_digits

_GROUPS = (3, 4, 4, 6, 2)


def lower_case(reference: str, _dice: Random) -> str | None:
    return reference.lower()


def grouped(reference: str, dice: Random) -> str | None:
    """People pause, and pauses become blanks or dashes."""
    size, join = picked(_GROUPS, dice), picked((" ", "-", ", "), dice)
    return join.join(reference[place : place + size] for place in range(0, len(reference), size))


def sign_by_sign(reference: str, dice: Random) -> str | None:
    text = picked((" ", "-"), dice).join(reference)
    return text.replace("W", "double U") if happens(0.35, dice) else text


def labelled(reference: str, dice: Random) -> str | None:
    return picked(("order number {}", "#{}", "Ref {}", "{} (order reference)", "Order ID: {}"), dice).format(reference)


def whole_with_example_words(reference: str, dice: Random) -> str | None:
    return spelled_with_words(reference, dice)


def tail(reference: str, dice: Random) -> str | None:
    """Asked for a number of 24 signs, people offer its end."""
    end = reference[-picked((4, 5, 5, 6, 6, 6, 8, 8), dice) :]
    return _said_tail(end, dice)


def tail_with_example_words(reference: str, dice: Random) -> str | None:
    return f"ends in {spelled_with_words(reference[-picked((4, 5, 6), dice) :], dice)}"


def head(reference: str, dice: Random) -> str | None:
    """For example "It starts with": the receipt's line was too long to read on."""
    start = reference[: picked((5, 6, 8), dice)]
    return picked(("starts with {}", "{}...", "{}"), dice).format(start)


def digits_as_words(reference: str, dice: Random) -> str | None:
    end = reference[-picked((6, 8), dice) :]
    return "ends in " + " ".join(spoken_digits(sign, dice) if sign.isdigit() else sign for sign in end)


def zeros_and_ones_as_letters(reference: str, _dice: Random) -> str | None:
    """O for 0, I or L for 1: what was read from a small print was misread before it was misheard."""
    read = reference.translate(str.maketrans("01", "OI")) if set("01") & set(reference) else ""
    return read or (reference.translate(str.maketrans("OI", "01")) if set("OI") & set(reference) else None)


def signs_misheard(reference: str, dice: Random) -> str | None:
    return _misheard_signs(reference, 1 + int(dice.random() * 3), dice)


def sign_dropped(reference: str, dice: Random) -> str | None:
    place = int(dice.random() * len(reference))
    return reference[:place] + reference[place + 1 :]


def sign_doubled(reference: str, dice: Random) -> str | None:
    place = int(dice.random() * len(reference))
    return reference[:place] + reference[place] + reference[place:]


def signs_transposed(reference: str, dice: Random) -> str | None:
    place = int(dice.random() * (len(reference) - 1))
    return reference[:place] + reference[place + 1] + reference[place] + reference[place + 2 :]


def tail_misheard(reference: str, dice: Random) -> str | None:
    return _said_tail(_misheard_signs(reference[-picked((5, 6, 6, 8), dice) :], 1, dice), dice)


def head_cut_off(reference: str, dice: Random) -> str | None:
    """The recogniser woke up late, and one sign fell on the way."""
    rest = reference[4 + int(dice.random() * 10) :]
    return sign_dropped(rest, dice)


def very_short_tail(reference: str, dice: Random) -> str | None:
    return f"ends in {reference[-3:] if happens(0.5, dice) else reference[-2:]}"


def _said_tail(end: str, dice: Random) -> str:
    shown = picked((end, " ".join(end), "-".join(end), end.lower()), dice)
    return picked(("ends in {}", "ending in {}", "it ends with {}", "last {n} are {}", "...{}", "{}"), dice).format(
        shown, n=len(end)
    )


def _misheard_signs(signs: str, errors: int, dice: Random) -> str:
    heard = list(signs)
    for _ in range(errors):
        place = int(dice.random() * len(heard))
        heard[place] = misheard(heard[place], dice)
    return "".join(heard)
