"""What a call tells of who is calling and about which order, in forms that can be looked up and compared.

Reads the typed fields of a call, never its transcript. Every text is bounded first: what work a call costs is ours to
set.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from app.core.calls import Call
from app.core.contacts import normalise_email, normalise_name, normalise_phone

LONGEST_TEXT = 300  # a field that says more is prose; what it holds stands at its beginning
MOST_FORMS = 8  # of one kind in one call: more is guessing, by the agent or by the caller
SHORTEST_CODE = 3
SHORTEST_TAIL = 6  # fewer last characters fit too many orders
LONGEST_CODE = 40
LONGEST_TAIL = 23  # a reference has 24 characters
SHOWN = 200

UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE)

# Said around a reference ("my order number is ... it ends in ..."), or in its place when there is none.
WORDS_AROUND = frozenset({
    "a", "an", "and", "are", "at", "characters", "code", "confirmation", "digits", "does", "doesn", "don", "dont",
    "end", "ending", "ends", "first", "for", "from", "gift", "have", "he", "her", "his", "i", "id", "in", "is", "it",
    "its", "know", "last", "letters", "missing", "my", "n", "na", "no", "none", "not", "null", "number", "of", "on",
    "or", "order", "our", "please", "provided", "purchase", "ref", "reference", "remember", "s", "said", "says",
    "she", "sure", "t", "that", "the", "their", "there", "they", "this", "to", "unavailable", "undefined", "unknown",
    "unsure", "was", "with", "you", "your",
})  # fmt: skip
# Written by an agent into a field nobody filled.
PLACEHOLDERS = frozenset({
    "anonymous", "caller", "customer", "guest", "n a", "na", "nil", "none", "not available", "not given",
    "not mentioned", "not provided", "not specified", "not stated", "null", "tbd", "unavailable", "undefined",
    "unknown", "unspecified", "user",
})  # fmt: skip
JOINERS = frozenset({"dash", "hyphen", "minus", "space"})  # said between two characters of a code


@dataclass(frozen=True, slots=True)
class Heard:
    """The clues of one call, normalised, each once, in the order they were given; `phones` begin with the caller's.

    `references` may be whole references or ids of the shop, `reference_tails` the last characters of a reference: a
    code stands in both where it may be either. `vendor_ids` are those of `references` that are UUIDs, as the shop
    writes them. `unsure` holds codes that may be mere words: they can speak for an order, never against one.
    """

    caller_number: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    reference_tails: tuple[str, ...] = ()
    vendor_ids: tuple[str, ...] = ()
    unsure: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()  # as heard, for people; `normalise_name` makes them comparable
    products: tuple[str, ...] = ()  # as heard
    contact_ids: tuple[str, ...] = ()


def heard_from(call: Call, *, region: str = "US") -> Heard:
    """Every clue of the call. `region` is where phone numbers without a country code are at home."""
    caller = normalise_phone(call.caller_number or "", region=region)
    spoken = [normalise_phone(part, region=region) for part in re.split(r"[,;/]| or ", _field(call, "customer_phone"))]
    addresses = [normalise_email(part) for part in re.split(r"[\s,;]+", _field(call, "customer_email")) if "@" in part]
    said = _field(call, "order_id")
    vendor_ids = _few(_dashed(found) for found in UUID.findall(said))
    codes = _codes(UUID.sub(" ", said))
    names = [shown(name) for name in (_field(call, "customer_name"),) if normalise_name(name)]
    return Heard(
        caller_number=caller,
        phones=_few([caller, *spoken]),
        emails=_few(addresses),
        references=_few([*vendor_ids, *codes]),
        reference_tails=tuple(code for code in codes if SHORTEST_TAIL <= len(code) <= LONGEST_TAIL),
        vendor_ids=vendor_ids,
        unsure=frozenset(code for code, is_sure in codes.items() if not is_sure),
        names=_few(names),
        products=_few(shown(_field(call, name)) for name in ("product", "sku", "item")),
        contact_ids=_few([_field(call, "customer_id")]),
    )


def shown(text: str) -> str:
    """The text as people and a database can bear it: one line, bounded, without control characters or half letters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[:SHOWN]).split())


def _field(call: Call, name: str) -> str:
    text = (call.text(name) or "")[:LONGEST_TEXT].strip()
    return "" if normalise_name(text) in PLACEHOLDERS else text


def _few(forms: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for form in forms if form))[:MOST_FORMS]


def _dashed(uuid: str) -> str:
    plain = uuid.replace("-", "").lower()
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))


def _codes(said: str) -> dict[str, bool]:
    """What may be a reference in these words, to whether it surely is one: a digit, spelled letters, or no vowel.

    Letters spelled one by one, groups with digits and groups of capitals are put together; each longer piece also
    stands for itself, and so does the whole field where nothing in it is sure.
    """
    pieces = re.findall(r"[A-Za-z0-9]+", unicodedata.normalize("NFKC", said))
    found: dict[str, bool] = {}
    run: list[str] = []
    for piece, following in zip_longest(pieces, pieces[1:], fillvalue=""):
        if run and piece.lower() in JOINERS:
            continue
        if _is_word(piece, following):
            _keep(found, run)
            run = []
        else:
            run.append(piece)
    _keep(found, run)
    telling = [piece for piece in pieces if piece.lower() not in WORDS_AROUND]
    for piece in telling:
        if len(piece) >= SHORTEST_TAIL:
            _keep(found, [piece])
    whole = "".join(telling).upper()
    has_sure = any(is_sure and len(code) >= SHORTEST_TAIL for code, is_sure in found.items())
    if not has_sure and SHORTEST_TAIL <= len(whole) <= LONGEST_CODE:
        found.setdefault(whole, False)
    return dict(list(found.items())[:MOST_FORMS])


def _is_word(piece: str, following: str) -> bool:
    """Whether the piece is said around a code. A single letter is spelled, but for "I" and "a" before a word."""
    if len(piece) == 1:
        return piece in {"I", "i", "A", "a"} and len(following) > 1 and following.isalpha() and following.islower()
    return piece.isalpha() and (piece.lower() in WORDS_AROUND or not piece.isupper())


def _keep(found: dict[str, bool], run: list[str]) -> None:
    code = "".join(run).upper()
    has_digit = any(sign.isdigit() for sign in code)
    if SHORTEST_CODE <= len(code) <= LONGEST_CODE and (has_digit or len(code) >= SHORTEST_TAIL):
        is_spelled = all(len(piece) == 1 for piece in run)
        found[code] = found.get(code, False) or has_digit or is_spelled or not set(code) & set("AEIOU")
