"""What a call tells of who is calling and about which order, in forms that can be looked up and compared.

Reads the typed fields of a call, never its transcript. Every text is bounded first: what work a call costs is ours to
set.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.core.calls import Call
from app.core.contacts import normalise_name, normalise_phone
from app.core.speech import SpokenCode, read_amount_cents, read_codes, read_emails, read_names, read_phones
from app.core.spoken_words import PLACEHOLDERS

LONGEST_TEXT = 300  # a field that says more is prose; what it holds stands at its beginning
MOST_FORMS = 8  # of one kind in one call: more is guessing, by the agent or by the caller
SHOWN = 200

UUID = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE)
LINK = re.compile(r"https?://[^\s?#]+/([A-Za-z0-9_-]{6,100})(?=[\s?#/]|$)")


@dataclass(frozen=True, slots=True)
class Heard:
    """The clues of one call, each once, the most plausible reading first; `phones` begin with the caller's.

    `codes` may be references of the shop, whole or in part; `vendor_ids` are the UUIDs by which a shop names its
    orders; `link_tokens` the last parts of addresses that may be gift links. Names and products stand as heard.
    """

    caller_number: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    codes: tuple[SpokenCode, ...] = ()
    vendor_ids: tuple[str, ...] = ()
    link_tokens: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    counterparts: tuple[str, ...] = ()  # the other person of the order, by name
    companies: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    contact_ids: tuple[str, ...] = ()
    amount_cents: int | None = None

    def is_anything(self) -> bool:
        """Whether there is a clue to look up."""
        return self != Heard()


def heard_from(call: Call, *, region: str = "US") -> Heard:
    """Every clue of the call. `region` is where phone numbers without a country code are at home."""
    caller = normalise_phone(call.caller_number or "", region=region)
    said = _field(call, "order_id")
    links = " ".join([said, *(_field(call, name) for name in ("support_link", "fulfillment_link", "payment_link"))])
    return Heard(
        caller_number=caller,
        phones=_few([caller, *read_phones(_field(call, "customer_phone"), region=region)]),
        emails=_few(read_emails(_field(call, "customer_email"))),
        codes=tuple(dict.fromkeys(read_codes(LINK.sub(" ", UUID.sub(" ", said)))))[:MOST_FORMS],
        vendor_ids=_few(_dashed(found) for found in UUID.findall(said)),
        link_tokens=_few(LINK.findall(links)),
        names=_names(call, "customer_name"),
        counterparts=_few([*_names(call, "recipient_name"), *_names(call, "sender_name")]),
        companies=_few([shown(_field(call, "company"))]),
        products=_few(shown(_field(call, name)) for name in ("product", "sku", "item")),
        contact_ids=_few([_field(call, "customer_id")]),
        amount_cents=read_amount_cents(_field(call, "order_value")),
    )


def shown(text: str) -> str:
    """The text as people and a database can bear it: one line, bounded, without control characters or half letters."""
    text = text[:SHOWN]
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())


def _names(call: Call, field: str) -> tuple[str, ...]:
    return _few(shown(name) for name in read_names(_field(call, field)) if normalise_name(name))


def _field(call: Call, name: str) -> str:
    text = (call.text(name) or "")[:LONGEST_TEXT].strip()
    return "" if normalise_name(text) in PLACEHOLDERS else text


def _few(forms: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for form in forms if form))[:MOST_FORMS]


def _dashed(uuid: str) -> str:
    plain = uuid.replace("-", "").lower()
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
