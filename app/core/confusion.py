"""How likely one spelling is heard as another, by what speakers, microphones and recognisers do to signs."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import log2
from string import digits

from rapidfuzz.distance import Levenshtein

from app.core.channels import CODE_SIGNS, HEX_SIGNS, SOUND_CLASSES, Channel, code_channel, word_channel

LONGEST = 64  # signs compared: no code and no mailbox has more
MOST_EXTRA = 4  # signs more or fewer, from which on two spellings are two
# The least that hearing something else altogether costs: people do read out the wrong thing, or it is not heard at all.
LEAST_BITS = -12.0

Place = tuple[int, int, int, int]  # from and to in the known text, from and to in the heard one


def sound_of(code: str) -> str:
    """The code with every sign replaced by the one that stands for all which sound like it."""
    return code.translate(_SOUNDS)


def heard_bits(heard: str, known: str) -> float:
    """log2 of the probability that `known`, read aloud, arrives as `heard`: 0 or less, and never endless."""
    heard, known = heard[:LONGEST], known[:LONGEST]
    channel = code_channel(CODE_SIGNS)
    bits = _code_alignment(heard, known, channel)
    least = LEAST_BITS + channel.of_random(heard)
    return least if bits is None else max(least, bits)


def code_bits(heard: str, known: str) -> float:
    """How much more likely `heard` is when `known` was said than when a random code of its alphabet was, in bits."""
    heard, known = heard[:LONGEST], known[:LONGEST]
    if _are_two_codes(sound_of(heard), sound_of(known)):
        return LEAST_BITS
    signs = set(known)
    alphabet = digits if signs <= _DIGITS else HEX_SIGNS if signs <= _HEX else CODE_SIGNS
    channel = code_channel(alphabet)
    bits = _code_alignment(heard, known, channel)
    return LEAST_BITS if bits is None else max(LEAST_BITS, bits - channel.of_random(heard))


def word_bits(heard: str, known: str) -> float:
    """The same for words and what stands before an @, in small letters, written down by a recogniser from their sound.

    The spellings are compared, and what they sound like where that was written in another way: the likelier counts.
    """
    heard, known = heard[:LONGEST], known[:LONGEST]
    best = _word_bits(heard, known)
    if heard == known or _is_hopeless(heard, known, 2 + len(known) // 2):
        return best
    plain_heard, plain_known = _plain_sounds(heard), _plain_sounds(known)
    if (plain_heard, plain_known) == (heard, known):
        return best
    return max(best, _word_bits(plain_heard, plain_known) + _RESPELLED)


_SOUNDS = str.maketrans({sign: alike[0] for alike in SOUND_CLASSES for sign in alike})
_DIGITS = frozenset(digits)
_HEX = frozenset(HEX_SIGNS)
_NEVER = -1e9
_ALMOST_ALWAYS = log2(0.93)
_RESPELLED = -3.0  # that a sound is written in another of its few ways
_LONGEST_CHANCE_MATCH = 1  # signs that agree between two slips: they may belong to one, as in "AB" heard as "BA"


def _code_alignment(heard: str, known: str, channel: Channel) -> float | None:
    """Bits of the likeliest way from one to the other; None where they are clearly two codes."""
    if heard == known:
        return _unchanged(known, channel)
    sounds_heard, sounds_known = sound_of(heard), sound_of(known)
    if _are_two_codes(sounds_heard, sounds_known):
        return None
    return _best_alignment(heard, known, _differences(sounds_heard, sounds_known), channel)


def _are_two_codes(sounds_heard: str, sounds_known: str) -> bool:
    return _is_hopeless(sounds_heard, sounds_known, 1 + len(sounds_known) // 4)


def _word_bits(heard: str, known: str) -> float:
    channel = word_channel()
    if heard == known:
        return max(LEAST_BITS, _unchanged(known, channel) - channel.of_random(heard))
    if _is_hopeless(heard, known, 1 + len(known) // 3):
        return LEAST_BITS
    bits = _best_alignment(heard, known, _differences(heard, known), channel)
    return max(LEAST_BITS, bits - channel.of_random(heard))


def _is_hopeless(heard: str, known: str, most_slips: int) -> bool:
    if abs(len(heard) - len(known)) > MOST_EXTRA:
        return True
    return Levenshtein.distance(heard, known, score_cutoff=most_slips) > most_slips


def _unchanged(text: str, channel: Channel) -> float:
    right = channel.heard_right
    return sum([right.get(sign, _ALMOST_ALWAYS) for sign in text])


def _best_alignment(heard: str, known: str, places: Sequence[Place], channel: Channel) -> float:
    """The bits of the likeliest way from `known` to `heard`, sign by sign but where they differ."""
    bits, known_done, heard_done = 0.0, 0, 0
    for known_from, known_to, heard_from, heard_to in places:
        bits += _in_place(heard[heard_done:heard_from], known[known_done:known_from], channel)
        if known_from == known_to:
            bits += sum([_added(heard, at, channel) for at in range(heard_from, heard_to)])
        elif heard_from == heard_to:
            bits += sum([_lost(known, at, channel) for at in range(known_from, known_to)])
        elif known_to - known_from == 1 == heard_to - heard_from:
            bits += _in_place(heard[heard_from], known[known_from], channel)
        else:
            bits += _align(heard, known, (known_from, known_to, heard_from, heard_to), channel)
        known_done, heard_done = known_to, heard_to
    return bits + _in_place(heard[heard_done:], known[known_done:], channel)


def _in_place(heard: str, known: str, channel: Channel) -> float:
    """Two texts of one length, sign by sign."""
    if heard == known:
        return _unchanged(known, channel)
    rows, elsewhere = channel.heard_as, channel.elsewhere
    return sum(
        [
            rows[sign].get(other, elsewhere) if sign in rows else _ALMOST_ALWAYS if sign == other else elsewhere
            for other, sign in zip(heard, known, strict=True)
        ]
    )


def _differences(heard: str, known: str) -> list[Place]:
    """Where the two differ; neighbouring differences are one."""
    places: list[Place] = []
    for step in Levenshtein.opcodes(known, heard):
        if step.tag == "equal":
            continue
        place = (step.src_start, step.src_end, step.dest_start, step.dest_end)
        known_from, known_to, heard_from, heard_to = place if step.tag == "replace" else _widened(heard, known, place)
        if places and known_from - places[-1][1] <= _LONGEST_CHANCE_MATCH:
            known_from, known_before, heard_from, heard_before = places.pop()
            known_to, heard_to = max(known_to, known_before), max(heard_to, heard_before)
        places.append((known_from, known_to, heard_from, heard_to))
    return places


def _widened(heard: str, known: str, place: Place) -> Place:
    """The place with its neighbours of the same sound: which of them was lost or added is still to be found."""
    known_from, known_to, heard_from, heard_to = place
    sign = known[known_from] if known_from < known_to else heard[heard_from]
    while known_from and heard_from and known[known_from - 1] == sign == heard[heard_from - 1]:
        known_from, heard_from = known_from - 1, heard_from - 1
    while known[known_to : known_to + 1] == sign == heard[heard_to : heard_to + 1]:
        known_to, heard_to = known_to + 1, heard_to + 1
    return known_from, known_to, heard_from, heard_to


def _align(heard: str, known: str, place: Place, channel: Channel) -> float:
    """The two at one place, by dynamic programming along the diagonal."""
    known_from, known_to, heard_from, heard_to = place
    width, height = heard_to - heard_from, known_to - known_from
    below, above = max(0, height - width) + 2, max(0, width - height) + 2
    elsewhere = channel.elsewhere
    added = [_added(heard, at, channel) for at in range(heard_from, heard_to)]
    row = list(accumulate(added, initial=0.0))
    earlier: list[float] = []
    for down, at in enumerate(range(known_from, known_to), 1):
        sign, lost = known[at], _lost(known, at, channel)
        options = channel.heard_as.get(sign, _NOTHING)
        new = [row[0] + lost] + [_NEVER] * width
        for across in range(max(1, down - below), min(width, down + above) + 1):
            other = heard[heard_from + across - 1]
            bits = max(
                row[across - 1] + options.get(other, elsewhere),
                row[across] + lost,
                new[across - 1] + added[across - 1],
            )
            if down > 1 < across and other == known[at - 1] and sign == heard[heard_from + across - 2]:
                bits = max(bits, earlier[across - 2] + channel.swapped)
            new[across] = bits
        earlier, row = row, new
    return row[width]


_NOTHING: Mapping[str, float] = {}


def _added(heard: str, at: int, channel: Channel) -> float:
    sign = heard[at]
    return channel.added_twin if _is_twin(heard, at) else channel.added.get(sign, 2 * channel.rare)


def _lost(known: str, at: int, channel: Channel) -> float:
    sign = known[at]
    return channel.lost_twin if _is_twin(known, at) else channel.lost.get(sign, channel.rare)


def _is_twin(text: str, at: int) -> bool:
    """Whether the sign stands beside its like: which of the two was said once too often cannot be told."""
    return text[at] in (text[at - 1 : at], text[at + 1 : at + 2])


# Ways to write a sound, the longer first; what stands alone in its place is kept.
_SPELLINGS = {
    "eigh": "i", "igh": "i", "ph": "f", "ck": "k", "sch": "sh", "chr": "kr", "kn": "n", "wr": "r", "gh": "g",
    "ee": "i", "ea": "i", "ie": "i", "ei": "i", "ey": "i", "y": "i", "ai": "e", "ay": "e", "oo": "u", "ou": "u",
    "ow": "u", "ce": "se", "ci": "si", "cy": "si", "qu": "kw", "c": "k", "q": "k", "x": "ks", "z": "s",
}  # fmt: skip
_SPELLING = re.compile("|".join([r"([a-df-np-z])\1+", "ch(?!r)", *_SPELLINGS, r"h(?![aeiouy])", r"e\b"]))


def _plain_sounds(word: str) -> str:
    """The word with each sound written in one way, without doubled and silent letters."""
    return _SPELLING.sub(_plain_sound, word)


def _plain_sound(found: re.Match[str]) -> str:
    text = found[0]
    if text == "ch":
        return text
    return _SPELLINGS.get(text) or ("" if text in {"h", "e"} else text[0])
