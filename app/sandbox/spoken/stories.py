"""Kinds of callers: each says other things, at its own chances. What is said is true here; `noise` garbles it."""

from random import Random

from app.sandbox.spoken import misheard_references as reference
from app.sandbox.spoken.catalogue import gifts
from app.sandbox.spoken.clues import CLUES, Told, Truth, full_name, say_clues, say_too_little
from app.sandbox.spoken.drawing import Drawn, happens, picked
from app.sandbox.spoken.noise import Error
from app.sandbox.spoken.people import People, SyntheticPerson, second_phone
from app.sandbox.spoken.population import SyntheticOrder, reference_id
from app.sandbox.spoken.surnames import Surname

# How often which kind of caller rings about a gift: those who wait for it, those who paid, and few others.
_STORIES = Drawn(
    [("recipient", 38.0), ("sender", 34.0), ("terse", 9.0), ("outbound", 11.0), ("assistant", 4.0), ("spouse", 4.0)]
)
_OUTBOUND_WRONG_PERSON_SHARE = 0.05

# The buyer of a batch has to say which of the many gifts is meant.
_BATCH_RECIPIENT_NAMED_SHARE = 0.80

_OWN_NUMBER_SHARE = 0.62  # from the phone on file; the others ring from work, from a new phone,
_WITHHELD_SHARE = 0.16  # or withhold the number
_SECOND_PHONE_SHARE = 0.5  # the merchant's directory may know that one; a colleague's or a hotel's it cannot
_GIFT_LINK_SHARE = 0.08  # read from the message, or pasted into a chat by the agent
_DIALLED_WITH_ORDER_SHARE = 0.55  # merchants put metadata on the calls they place, not all of them the order
_DIALLED_WITH_EMAIL_SHARE = 0.35
_OTHER_SHOPS_PRODUCTS = (
    "blender", "running shoes", "air fryer", "phone case", "mattress", "wedding dress", "printer ink", "car seat",
    "vitamins", "concert tickets", "rug", "dining chair", "baby stroller", "vacuum cleaner", "sunglasses", "perfume",
)  # fmt: skip


def about_order(order: SyntheticOrder, strangers: People, dice: Random) -> Told:
    story = _STORIES.draw(dice)
    if story == "outbound":
        return _outbound(order, strangers, dice)
    if story in ("assistant", "spouse"):
        return _on_behalf(order, story, strangers, dice)
    role = story if story != "terse" else picked(("sender", "recipient"), dice)
    told = Told(about=order.order_id, role=role, story=story)
    truth = _truth_of(order, role, dice)
    told.caller_number = _calling_number(truth.speaker, strangers, dice)
    if story == "terse":
        say_too_little(told, truth, dice)
    else:
        say_clues(told, truth, _shares(order, role), dice, said_role=role)
    return told


def without_order(strangers: People, dice: Random) -> Told:
    """A gift of another shop, an order of another number, or no order at all."""
    gift = gifts().draw(dice)
    role = picked(("sender", "recipient"), dice)
    friend = strangers.somebody()
    truth = Truth(
        speaker=strangers.somebody(),
        other_name=full_name(friend),
        other_field="recipient_name" if role == "sender" else "sender_name",
        order_id=_another_shops_reference(dice),
        product=gift.name if happens(0.6, dice) else picked(_OTHER_SHOPS_PRODUCTS, dice),
        amount_cents=gift.price_cents,
        company=None,
    )
    told = Told(about=None, role="other", story="without_order")
    told.caller_number = None if happens(_WITHHELD_SHARE, dice) else truth.speaker.phone
    say_clues(told, truth, CLUES[role], dice, said_role=role)
    return told


def with_a_strangers_reference(order: SyntheticOrder, strangers: People, dice: Random) -> Told:
    speaker = _somebody_else(order, strangers)
    truth = Truth(speaker, None, "recipient_name", None, None, None, None)
    style = picked(tuple(_QUOTES), dice)
    told = Told(about=order.order_id, role="other", story=f"strangers_reference_{style}")
    told.caller_number = None if happens(_WITHHELD_SHARE, dice) else speaker.phone
    said_role = picked(("sender", "recipient"), dice)
    # Whoever wants something gives what is asked for: name, phone and e-mail more often than honest callers.
    shares = {"customer_name": 0.97, "customer_email": 0.65, "customer_phone": 0.65}
    say_clues(told, truth, shares, dice, said_role=said_role)
    told.fields["order_id"] = _quoted(order.reference_id, style, dice)
    return told


def _outbound(order: SyntheticOrder, strangers: People, dice: Random) -> Told:
    """We dialled the number on file; the merchant's metadata comes with the call, as clean as a database is."""
    role = picked(("sender", "recipient"), dice)
    truth = _truth_of(order, role, dice)
    on_file = truth.speaker
    told = Told(about=order.order_id, role=role, story="outbound", direction="outbound")
    told.caller_number = on_file.phone or strangers.any_phone()
    said_role = role
    if happens(_OUTBOUND_WRONG_PERSON_SHARE, dice):  # somebody else answers
        told.role, told.story, said_role = "other", "outbound_wrong_person", "other"
        truth = Truth(strangers.somebody(), None, truth.other_field, None, None, None, None)
    say_clues(told, truth, CLUES["outbound"], dice, said_role=said_role)
    if happens(_DIALLED_WITH_ORDER_SHARE, dice):
        told.fields["order_id"] = order.order_id
    if happens(_DIALLED_WITH_EMAIL_SHARE, dice):
        told.fields["customer_email"] = on_file.email
    return told


def _on_behalf(order: SyntheticOrder, story: str, strangers: People, dice: Random) -> Told:
    """An assistant rings for the sender, a spouse for the recipient: the own name, the order of another."""
    owner = order.sender if story == "assistant" else order.recipient
    relative = story == "spouse" and happens(0.7, dice)
    speaker = strangers.somebody(surname=Surname(owner.last_name, "english") if relative else None)
    base = _truth_of(order, "sender" if story == "assistant" else "recipient", dice)
    truth = Truth(
        speaker=speaker,
        other_name=full_name(owner),
        other_field="sender_name" if story == "assistant" else "recipient_name",
        order_id=base.order_id,
        product=base.product,
        amount_cents=base.amount_cents,
        company=base.company,
    )
    told = Told(about=order.order_id, role="other", story=story)
    told.caller_number = owner.phone if relative and happens(0.3, dice) else speaker.phone
    say_clues(told, truth, CLUES["other"], dice, said_role=story)
    return told


def _truth_of(order: SyntheticOrder, role: str, dice: Random) -> Truth:
    speaker, other = (order.sender, order.recipient) if role == "sender" else (order.recipient, order.sender)
    return Truth(
        speaker=speaker,
        other_name=full_name(other),
        other_field="recipient_name" if role == "sender" else "sender_name",
        order_id=order.gift_link if happens(_GIFT_LINK_SHARE, dice) else order.reference_id,
        product=_as_the_label_says(order, dice),
        amount_cents=order.amount_cents,
        company=order.company,
    )


def _as_the_label_says(order: SyntheticOrder, dice: Random) -> str:
    kind = dice.random()
    if order.brand is None or kind < 0.75:
        return order.product
    return order.brand if kind < 0.85 else f"{order.brand} {order.product}"


def _shares(order: SyntheticOrder, role: str) -> dict[str, float]:
    if role == "sender" and order.company is not None:
        return CLUES[role] | {"other_name": _BATCH_RECIPIENT_NAMED_SHARE}
    return CLUES[role]


def _calling_number(speaker: SyntheticPerson, strangers: People, dice: Random) -> str | None:
    kind = dice.random()
    if kind < _WITHHELD_SHARE:
        return None
    if speaker.phone and kind < _WITHHELD_SHARE + _OWN_NUMBER_SHARE:
        return speaker.phone
    return second_phone(speaker) if happens(_SECOND_PHONE_SHARE, dice) else strangers.any_phone()


def _another_shops_reference(dice: Random) -> str:
    digits = f"{int(dice.random() * 10**10):010d}"
    forms = (
        f"#{digits[:4]}", f"#{digits[:5]}", f"ORD-{digits[:6]}", f"{digits[:3]}-{digits[3:]}-{digits[::-1][:7]}",
        f"W{digits[:9]}", reference_id(dice),
        reference_id(dice)[:8],
    )  # fmt: skip
    return picked(forms, dice)


def _quoted(reference_id: str, style: str, dice: Random) -> str:
    """Free of errors: the danger is the stranger who quotes it right."""
    return picked(_QUOTES[style], dice)(reference_id, dice) or reference_id


def _as_it_is(reference_id: str, _dice: Random) -> str:
    return reference_id


_QUOTES: dict[str, tuple[Error, ...]] = {
    "whole": (_as_it_is, _as_it_is, reference.labelled, reference.grouped, reference.lower_case),
    "tail": (reference.tail, reference.tail, reference.tail_with_example_words),
    "spelled": (reference.whole_with_example_words, reference.sign_by_sign),
}


def _somebody_else(order: SyntheticOrder, strangers: People) -> SyntheticPerson:
    """Shares neither the given name nor the surname with the people of the order."""
    given = {order.sender.first_name, order.recipient.first_name}
    family = {order.sender.last_name, order.recipient.last_name}
    while True:
        person = strangers.somebody()
        if person.first_name not in given and person.last_name not in family:
            return person
