"""What a caller says of an order, and what the agent's analysis makes of it: the fields of a call."""

from dataclasses import dataclass, field
from random import Random

from app.sandbox.spoken.drawing import happens, picked
from app.sandbox.spoken.noise import (
    AMOUNTS,
    COMPANIES,
    EMAILS,
    NAMES,
    PHONES,
    PLACEHOLDER_SHARE,
    PRODUCTS,
    REFERENCES,
    SWAPPED_PEOPLE_SHARE,
    FieldNoise,
    heard,
    placeholder,
)
from app.sandbox.spoken.people import SyntheticPerson, second_email, second_phone

# How often a caller of some kind gives a clue; together two to four for most. A recipient rarely knows the price.
CLUES = {
    "sender": {
        "customer_name": 0.90, "customer_email": 0.40, "customer_phone": 0.28, "order_id": 0.34, "product": 0.45,
        "order_value": 0.20, "other_name": 0.42, "company": 0.40,
    },
    "recipient": {
        "customer_name": 0.92, "customer_email": 0.36, "customer_phone": 0.30, "order_id": 0.20, "product": 0.55,
        "order_value": 0.03, "other_name": 0.42, "company": 0.22,
    },
    # We rang them, so there is less to ask.
    "outbound": {
        "customer_name": 0.80, "customer_email": 0.12, "customer_phone": 0.10, "order_id": 0.06, "product": 0.45,
        "order_value": 0.05, "other_name": 0.20, "company": 0.15,
    },
    # Who rings for another has the order at hand.
    "other": {
        "customer_name": 0.85, "customer_email": 0.15, "customer_phone": 0.25, "order_id": 0.45, "product": 0.50,
        "order_value": 0.10, "other_name": 0.80, "company": 0.45,
    },
}  # fmt: skip
_OTHER_CONTACT_POINT_SHARE = 0.13  # another address or number than on file
_ROLE_SAID_SHARE = 0.55
_ROLE_WRONG_SHARE = 0.06
_CUSTOMER_ID_SHARE = 0.03


_ROLE_WORDS = {
    "recipient": ("recipient", "Recipient", "gift recipient", "the person who received the gift", "receiver"),
    "sender": ("sender", "Sender", "buyer", "the person who sent the gift", "purchaser", "gift giver"),
    "assistant": ("assistant", "executive assistant", "calling on behalf of my boss", "office manager", "other"),
    "spouse": ("spouse", "husband", "wife", "family member", "calling on behalf of someone", "other"),
    "other": ("other", "somebody else", "colleague", "family member"),
}
_ACTIONS = {
    "recipient": ("where is my gift", "order status", "change delivery address", "accept gift",
    "the item arrived damaged",
                  "exchange the gift", "link expired", "wrong item received", "talk to a person"),
    "sender": ("cancel the order", "where is the gift", "resend the gift link", "extend the expiration date",
    "order status",
               "refund request", "change recipient address", "copy of the receipt", "has it been accepted"),
    "other": ("order status", "where is the package", "resend the gift link", "cancel the order",
    "change delivery address"),
}  # fmt: skip


@dataclass(slots=True)
class Told:
    """A call while it is made up."""

    about: str | None
    role: str
    story: str
    direction: str = "inbound"
    caller_number: str | None = None
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Truth:
    """What the caller could say; None where there is nothing to say."""

    speaker: SyntheticPerson
    other_name: str | None
    other_field: str
    order_id: str | None
    product: str | None
    amount_cents: int | None
    company: str | None


def say_too_little(told: Told, truth: Truth, dice: Random) -> None:
    """A first name and a product: an honest matcher cannot tell which order this is."""
    told.fields["customer_name"] = heard(NAMES, truth.speaker.first_name, dice)
    told.caller_number = None if happens(0.7, dice) else told.caller_number
    if truth.product:
        told.fields["product"] = heard(PRODUCTS, truth.product, dice)
    told.fields["requested_action"] = picked(_ACTIONS[told.role], dice)


def say_clues(
    told: Told,
    truth: Truth,
    shares: dict[str, float],
    dice: Random,
    *,
    said_role: str,
) -> None:
    for clue, (target, noise, text) in _clues(truth, dice).items():
        if text is not None and happens(shares.get(clue, 0.0), dice):
            # Links and ids are copied, not spoken.
            told.fields[target] = text if text.startswith("https:") else heard(noise, text, dice)
        elif clue != "other_name" and happens(PLACEHOLDER_SHARE, dice):
            told.fields[target] = placeholder("", dice)
    if not told.fields and truth.product is not None:
        told.fields["product"] = heard(PRODUCTS, truth.product, dice)
    _swap_people(told, truth.other_field, dice)
    _add_the_agents_own(told, said_role, dice)


def _clues(truth: Truth, dice: Random) -> dict[str, tuple[str, FieldNoise, str | None]]:
    speaker = truth.speaker
    email = second_email(speaker) if happens(_OTHER_CONTACT_POINT_SHARE, dice) else speaker.email
    uses_another_phone = speaker.phone is None or happens(_OTHER_CONTACT_POINT_SHARE, dice)
    phone = second_phone(speaker) if uses_another_phone else speaker.phone
    amount = None if truth.amount_cents is None else f"{truth.amount_cents // 100}.{truth.amount_cents % 100:02d}"
    return {
        "customer_name": ("customer_name", NAMES, full_name(speaker)),
        "customer_email": ("customer_email", EMAILS, email),
        "customer_phone": ("customer_phone", PHONES, phone),
        "order_id": ("order_id", REFERENCES, truth.order_id),
        "product": ("product", PRODUCTS, truth.product),
        "order_value": ("order_value", AMOUNTS, amount),
        "other_name": (truth.other_field, NAMES, truth.other_name),
        "company": ("company", COMPANIES, truth.company),
    }


def _swap_people(told: Told, other_field: str, dice: Random) -> None:
    fields = told.fields
    if "customer_name" in fields and other_field in fields and happens(SWAPPED_PEOPLE_SHARE, dice):
        fields["customer_name"], fields[other_field] = fields[other_field], fields["customer_name"]


def _add_the_agents_own(told: Told, role: str, dice: Random) -> None:
    if happens(_ROLE_SAID_SHARE, dice):
        said = picked(tuple(_ROLE_WORDS), dice) if happens(_ROLE_WRONG_SHARE, dice) else role
        told.fields["caller_role"] = picked(_ROLE_WORDS[said], dice)
    if happens(0.9, dice):
        told.fields["requested_action"] = picked(_ACTIONS.get(role, _ACTIONS["other"]), dice)
    if happens(_CUSTOMER_ID_SHARE, dice):
        told.fields["customer_id"] = f"{picked(('C-', 'CUST', ''), dice)}{int(10_000 + dice.random() * 90_000)}"


def full_name(person: SyntheticPerson) -> str:
    return f"{person.first_name} {person.last_name}"
