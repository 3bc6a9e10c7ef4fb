"""How each field of a call compares with an order: a level of agreement and the sentence that says it. Weighs nothing.

A field that was not heard, or that nobody can know of the order, has no level: it is neutral.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.core.contacts import Contact, normalise_name, normalise_reference
from app.core.evidence import Agreement
from app.core.hearing import Heard, shown
from app.core.levels import STRENGTH, Comparison, Level
from app.core.names import compare_names
from app.core.orders import Order, OrderItem, Person
from app.core.references import compare_reference

RECENT = timedelta(days=30)
SOME_MONTHS = timedelta(days=120)

NAME_LEVELS = {
    Agreement.EXACT: Level.NAME_SAME,
    Agreement.CLOSE: Level.NAME_ALIKE,
    Agreement.PARTIAL: Level.NAME_PART,
    Agreement.DIFFERENT: Level.NAME_OTHER,
}

# Said of any order, so that sharing them tells nothing.
PLAIN_WORDS = frozenset(
    {"a", "an", "and", "for", "gift", "item", "my", "of", "one", "order", "product", "some", "the", "with"}
)


@dataclass(frozen=True, slots=True)
class OnFile:
    """The contacts that each clue of a call names, and whether a later clue names nobody new.

    An e-mail, a customer id and a phone that name the same contact are one piece of knowledge. Whether one repeats
    another is a matter of the call and not of the order: all orders it reaches gain alike, so that agreeing evidence
    never lowers the right one's share. (A number on file for two people can: it is then less than it seemed.)
    """

    by_email: tuple[Contact, ...] = ()
    by_id: tuple[Contact, ...] = ()
    by_phone: tuple[Contact, ...] = ()
    does_id_repeat: bool = False
    does_phone_repeat: bool = False


def on_file(heard: Heard, contacts: Sequence[Contact]) -> OnFile:
    known = sorted(contacts, key=lambda contact: contact.contact_id)
    by_email = tuple(contact for contact in known if set(contact.emails) & set(heard.emails))
    by_id = tuple(contact for contact in known if contact.contact_id in heard.contact_ids)
    by_phone = tuple(contact for contact in known if set(contact.phones) & set(heard.phones))
    return OnFile(
        by_email,
        by_id,
        by_phone,
        does_id_repeat=any(contact in by_email for contact in by_id),
        does_phone_repeat=any(contact in by_email or contact in by_id for contact in by_phone),
    )


def compare(heard: Heard, order: Order, people: OnFile, *, now: datetime) -> list[Comparison]:
    """Every field, in the order a reviewer reads them; a customer id only where the call carried one."""
    comparisons = [compare_reference(heard, order), _compare_email(heard, order, people)]
    if heard.contact_ids:
        comparisons.append(_compare_customer_id(heard, order, people))
    comparisons += [
        _compare_phone(heard, order, people),
        _compare_name(heard, order),
        _compare_product(heard, order),
        _compare_recency(order, now),
    ]
    return comparisons


def _compare_email(heard: Heard, order: Order, people: OnFile) -> Comparison:
    said = ", ".join(heard.emails) or None
    known = _emails(order)
    shown_known = ", ".join(dict.fromkeys(known.values())) or None
    if said is None:
        return Comparison("email", None, None, shown_known, "No e-mail was given.")
    for role, email in known.items():
        if email in heard.emails:
            return Comparison("email", Level.EMAIL_SAME, email, email, f"The e-mail given is the {role}'s.")
    for role, email in known.items():
        if any(email in contact.emails for contact in people.by_email):
            says = f"The e-mail given is on file as another address of the {role}."
            return Comparison("email", Level.EMAIL_OF_CONTACT, said, email, says)
    if len(known) < 2:
        says = "The order does not show both e-mails, so the one given may still belong to it: neutral."
        return Comparison("email", None, said, shown_known, says)
    return Comparison("email", Level.EMAIL_OTHER, said, shown_known, "The e-mail given is of nobody on this order.")


def _compare_customer_id(heard: Heard, order: Order, people: OnFile) -> Comparison:
    said = shown(", ".join(heard.contact_ids))
    found = _person_on_file(order, people.by_id)
    if found is not None:
        role, email = found
        repeated = " The e-mail said so already." if people.does_id_repeat else ""
        level = Level.CUSTOMER_ID_REPEATED if people.does_id_repeat else Level.CUSTOMER_ID_SAME
        return Comparison("customer_id", level, said, email, f"The customer id is the {role}'s.{repeated}")
    if any(contact.emails for contact in people.by_id) and len(_emails(order)) == 2:
        return Comparison(
            "customer_id", Level.CUSTOMER_ID_OTHER, said, None, "The customer id is of nobody on this order."
        )
    return Comparison("customer_id", None, said, None, "Nobody on file ties this customer id to the order: neutral.")


def _compare_phone(heard: Heard, order: Order, people: OnFile) -> Comparison:
    said = ", ".join(heard.phones) or None
    if said is None:
        return Comparison("phone", None, None, None, "No phone number is known of this call.")
    found = _person_on_file(order, people.by_phone)
    if found is None:
        says = "The order carries no phone number and no contact on file ties this one to it: neutral."
        return Comparison("phone", None, said, None, says)
    role, email = found
    repeated = " The e-mail or customer id said so already." if people.does_phone_repeat else ""
    level = Level.PHONE_REPEATED if people.does_phone_repeat else Level.PHONE_ON_FILE
    return Comparison("phone", level, said, email, f"The phone number is on file for the {role}.{repeated}")


def _compare_name(heard: Heard, order: Order) -> Comparison:
    said = ", ".join(heard.names) or None
    known = {role: person.full_name for role, person in _people(order) if normalise_name(person.full_name)}
    shown_known = shown(", ".join(dict.fromkeys(known.values()))) or None
    if said is None:
        return Comparison("name", None, None, shown_known, "No name was given.")
    levels = [(NAME_LEVELS[compare_names(name, full)], role) for name in heard.names for role, full in known.items()]
    if not levels:
        return Comparison("name", None, said, None, "The order shows no name.")
    level, role = min(levels, key=lambda pair: STRENGTH[pair[0]])
    if level is not Level.NAME_OTHER:
        return Comparison("name", level, said, shown(known[role]), NAME_SAYS[level].format(role=role))
    if len(known) < 2:
        says = "The order does not show both names, so the one given may still belong to it: neutral."
        return Comparison("name", None, said, shown_known, says)
    return Comparison("name", level, said, shown_known, "The name given is of nobody on this order.")


NAME_SAYS = {
    Level.NAME_SAME: "The name given is the {role}'s.",
    Level.NAME_ALIKE: "The name given is close to the {role}'s: short for it, or one part misheard.",
    Level.NAME_PART: "The name given fits the {role}'s, but only in part.",
}


def _compare_product(heard: Heard, order: Order) -> Comparison:
    said = ", ".join(heard.products) or None
    known = shown(", ".join(item.name for item in order.items)) or None
    if said is None:
        return Comparison("product", None, None, known, "No product was named.")
    if not order.items:
        return Comparison("product", None, said, None, "The order shows no product.")
    levels = [level for text in heard.products for item in order.items if (level := _product_level(text, item))]
    if not levels:
        return Comparison("product", None, said, known, "What was named could be any product.")
    level = min(levels, key=STRENGTH.__getitem__)
    return Comparison("product", level, said, known, PRODUCT_SAYS[level])


PRODUCT_SAYS = {
    Level.PRODUCT_SAME: "The product named is in this order.",
    Level.PRODUCT_SOME: "Some words of the product named fit this order.",
    Level.PRODUCT_OTHER: "The product named is not in this order.",
}


def _product_level(text: str, item: OrderItem) -> Level | None:
    code = normalise_reference(text)
    if code and item.sku and code == normalise_reference(item.sku):
        return Level.PRODUCT_SAME
    said, known = _words(text), _words(f"{item.brand or ''} {item.name}")
    if not said or not known:
        return None
    if said <= known:
        return Level.PRODUCT_SAME
    return Level.PRODUCT_SOME if said & known else Level.PRODUCT_OTHER


def _words(text: str) -> set[str]:
    """Telling words, in the singular as far as an "s" at the end tells."""
    words = set(normalise_name(text).split()) - PLAIN_WORDS
    return {word.removesuffix("s") if len(word) > 3 else word for word in words}


def _compare_recency(order: Order, now: datetime) -> Comparison:
    moved_at = max(_moments(order), default=None)
    if moved_at is None:
        return Comparison("recency", None, None, None, "The order does not show when it was placed.")
    age = _aware(now) - moved_at
    level = Level.RECENCY_RECENT if age <= RECENT else Level.RECENCY_MONTHS if age <= SOME_MONTHS else Level.RECENCY_OLD
    heard_at, known_at = _aware(now).date().isoformat(), moved_at.date().isoformat()
    return Comparison("recency", level, heard_at, known_at, RECENCY_SAYS[level])


RECENCY_SAYS = {
    Level.RECENCY_RECENT: "The order was placed or moved within the last 30 days, as most orders people call about.",
    Level.RECENCY_MONTHS: "The order was placed or moved some months ago.",
    Level.RECENCY_OLD: "Nothing has happened to this order for more than 120 days.",
}


def _moments(order: Order) -> Iterable[datetime]:
    moments = [order.placed_at, order.accepted_at, order.refunded_at]
    for shipment in order.shipments:
        moments += [shipment.shipped_at, shipment.delivered_at]
    return (_aware(moment) for moment in moments if moment is not None)


def _aware(moment: datetime) -> datetime:
    """A time without an offset is UTC, as Goody documents of its own."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _people(order: Order) -> tuple[tuple[str, Person], tuple[str, Person]]:
    return ("recipient", order.recipient), ("sender", order.sender)


def _emails(order: Order) -> dict[str, str]:
    return {role: person.email for role, person in _people(order) if person.email}


def _person_on_file(order: Order, contacts: Iterable[Contact]) -> tuple[str, str] | None:
    for contact in contacts:
        for role, email in _emails(order).items():
            if email in contact.emails:
                return role, email
    return None
