"""How the people of a call compare with those of an order: addresses, numbers and names, and what repeats another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz.distance import JaroWinkler, Levenshtein

from app.core.confusion import word_bits
from app.core.contacts import Contact, normalise_name
from app.core.hearing import Heard, shown
from app.core.keys import company_of
from app.core.levels import STRENGTH, Comparison, Level
from app.core.mirror import Mirror
from app.core.names import name_level
from app.core.orders import Order, Person
from app.core.sounds import sound_of_word

# Where the name given is nobody's of the order, it is that much likelier that the address or number is another's.
MORE_OFTEN_BESIDE_ANOTHER_NAME = 25.0

# An address misheard: how many bits must be left, and how near its domain.
NEAR_ADDRESS = 10.0
BITS_OF_A_PUBLIC_DOMAIN = 2.0
BITS_OF_A_DOMAIN = 7.0
NEAR_DOMAIN = 0.88  # Jaro-Winkler: gmial.com is gmail.com, hotmail.com is not
BITS_OF_A_DIGIT = 3.3
SMALLEST_CHANCE_OF_NEAR = 2.0**-20  # whoever has an address so like it may be somebody else

SHORTEST_COMPANY = 4  # letters by which a company may be named in short


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


def compare_people(heard: Heard, order: Order, people: OnFile, mirror: Mirror) -> tuple[list[Comparison], str | None]:
    """E-mail, customer id where one was given, phone and name; and the role of the person whose name it is, if any."""
    name, role = _compare_name(heard, order, mirror)
    persons = [_compare_email(heard, order, people, mirror, name)]
    if heard.contact_ids:
        persons.append(_compare_customer_id(heard, order, people, mirror))
    persons.append(_compare_phone(heard, order, people, mirror, role))
    if name.level in NOT_THE_NAME and any(each.level in NAMES_A_PERSON for each in persons):
        persons, name = [_in_doubt(each) for each in persons], replace(name, level=Level.NAME_OTHER)
    return [*persons, name], role


NOT_THE_NAME = frozenset({Level.NAME_HALF, Level.NAME_OTHER})
NAMES_A_PERSON = frozenset({Level.EMAIL_SAME, Level.EMAIL_OF_CONTACT, Level.CUSTOMER_ID_SAME, Level.PHONE_ON_FILE})


def _in_doubt(found: Comparison) -> Comparison:
    """An address misheard into another's, a number passed on: the name would tell, and it tells of somebody else."""
    if found.level not in NAMES_A_PERSON or found.chance is None:
        return found
    return replace(found, chance=min(1.0, found.chance * MORE_OFTEN_BESIDE_ANOTHER_NAME))


def _compare_email(heard: Heard, order: Order, people: OnFile, mirror: Mirror, name: Comparison) -> Comparison:
    said = ", ".join(heard.emails) or None
    known = _emails(order)
    shown_known = ", ".join(dict.fromkeys(known.values())) or None
    if said is None:
        return Comparison("email", None, None, shown_known, "No e-mail was given.")
    for role, email in known.items():
        if email in heard.emails:
            chance = mirror.chance_of(Level.EMAIL_SAME)
            return Comparison("email", Level.EMAIL_SAME, email, email, f"The e-mail given is the {role}'s.", chance)
    for role, email in known.items():
        if any(email in contact.emails for contact in people.by_email):
            says = f"The e-mail given is on file as another address of the {role}."
            return Comparison(
                "email", Level.EMAIL_OF_CONTACT, said, email, says, mirror.chance_of(Level.EMAIL_OF_CONTACT)
            )
    near = [(bits, role) for role, email in known.items() if (bits := _near_bits(heard, email)) >= NEAR_ADDRESS]
    if near:
        bits, role = max(near)
        if name.level in WHOLE_NAMES:
            bits = min(bits, _bits_besides_the_name(heard, known[role]))
        says = f"The e-mail given is the {role}'s but for what may be misheard."
        return Comparison("email", Level.EMAIL_NEAR, said, known[role], says, max(2.0**-bits, SMALLEST_CHANCE_OF_NEAR))
    if len(known) < 2:
        says = "The order does not show both e-mails, so the one given may still belong to it: neutral."
        return Comparison("email", None, said, shown_known, says)
    return Comparison("email", Level.EMAIL_OTHER, said, shown_known, "The e-mail given is of nobody on this order.")


def _near_bits(heard: Heard, known: str) -> float:
    """How much less likely chance is than mishearing, at best of all readings; very low where it is another address."""
    local, _, domain = known.partition("@")
    return max((_near_bits_of(email.partition("@"), local, domain) for email in heard.emails), default=-99.0)


def _near_bits_of(heard: tuple[str, str, str], local: str, domain: str) -> float:
    slips = Levenshtein.distance(_digits(heard[0]), _digits(local))
    if slips > (1 if company_of(f"@{domain}") else 0):
        return -99.0  # people of one name tell their addresses apart by numbers, most of all with a public provider
    bits = word_bits(heard[0], local)
    if heard[2] == domain:
        return bits + (BITS_OF_A_DOMAIN if company_of(f"@{domain}") else BITS_OF_A_PUBLIC_DOMAIN)
    return bits if JaroWinkler.similarity(heard[2], domain) >= NEAR_DOMAIN else -99.0


def _bits_besides_the_name(heard: Heard, known: str) -> float:
    """Addresses are made of names: where the name agrees as well, only the number in it and the domain are news."""
    local, _, domain = known.partition("@")
    has_domain = any(email.endswith(f"@{domain}") for email in heard.emails)
    has_number = any(_digits(local) == _digits(email.partition("@")[0]) for email in heard.emails)
    of_domain = BITS_OF_A_DOMAIN if company_of(known) else BITS_OF_A_PUBLIC_DOMAIN
    return BITS_OF_A_DIGIT * len(_digits(local)) * has_number + of_domain * has_domain


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _compare_customer_id(heard: Heard, order: Order, people: OnFile, mirror: Mirror) -> Comparison:
    said = shown(", ".join(heard.contact_ids))
    found = _person_on_file(order, people.by_id)
    if found is not None:
        role, email = found
        repeated = " The e-mail said so already." if people.does_id_repeat else ""
        level = Level.CUSTOMER_ID_REPEATED if people.does_id_repeat else Level.CUSTOMER_ID_SAME
        says = f"The customer id is the {role}'s.{repeated}"
        return Comparison("customer_id", level, said, email, says, mirror.chance_of(level))
    if any(contact.emails for contact in people.by_id) and len(_emails(order)) == 2:
        return Comparison(
            "customer_id", Level.CUSTOMER_ID_OTHER, said, None, "The customer id is of nobody on this order."
        )
    return Comparison("customer_id", None, said, None, "Nobody on file ties this customer id to the order: neutral.")


def _compare_phone(heard: Heard, order: Order, people: OnFile, mirror: Mirror, caller: str | None) -> Comparison:
    """`caller` is the role of the person whose name was given, if any."""
    said = ", ".join(heard.phones) or None
    if said is None:
        return Comparison("phone", None, None, None, "No phone number is known of this call.")
    found = _person_on_file(order, people.by_phone)
    if found is None and (role := _namesake(heard, order, people.by_phone)) is not None:
        says = f"The number is on file for somebody with the name of the {role}, under another address."
        chance = mirror.chance_of(Level.PHONE_NAMESAKE)
        # The rarer the name, the likelier it is one person.
        chance = None if chance is None else min(1.0, chance * max(1, mirror.alike))
        return Comparison("phone", Level.PHONE_NAMESAKE, said, shown(_names(order)[role]), says, chance)
    if found is None:
        says = "The order carries no phone number and no contact on file ties this one to it: neutral."
        return Comparison("phone", None, said, None, says)
    role, email = found
    own = _emails(order).get(caller or role)
    if caller not in {None, role} and not any(own in contact.emails for contact in people.by_phone):
        says = f"The phone number is on file for the {role}, the name given is the other's: a household's, it seems."
        return Comparison("phone", Level.PHONE_OF_COUNTERPART, said, email, says)
    repeated = " The e-mail or customer id said so already." if people.does_phone_repeat else ""
    level = Level.PHONE_REPEATED if people.does_phone_repeat else Level.PHONE_ON_FILE
    says = f"The phone number is on file for the {role}.{repeated}"
    return Comparison("phone", level, said, email, says, mirror.chance_of(level))


def _namesake(heard: Heard, order: Order, contacts: Iterable[Contact]) -> str | None:
    """The person of the order with the name of the caller and of a contact on file, if any."""
    names = [name for contact in contacts for name in contact.names]
    if not names or not heard.names:
        return None
    for role, full in _names(order).items():
        ours = normalise_name(full)
        # The caller's first: they are few, and a desk's number is on file for many.
        if all(
            any(name_level(normalise_name(name), ours) in WHOLE_NAMES for name in told) for told in (heard.names, names)
        ):
            return role
    return None


def _compare_name(heard: Heard, order: Order, mirror: Mirror) -> tuple[Comparison, str | None]:
    """And the role of the person whose name it is, if any."""
    said = ", ".join(heard.names) or None
    known = _names(order)
    shown_known = shown(", ".join(dict.fromkeys(known.values()))) or None
    if said is None:
        return Comparison("name", None, None, shown_known, "No name was given."), None
    found = _best_name(heard.names, known)
    if found is None:
        return Comparison("name", None, said, None, "The order shows no name."), None
    level, role = found
    if level not in {Level.NAME_OTHER, Level.NAME_HALF}:
        # Turned around or with a second first name it is the same name, but not counted as this very one.
        carry = (mirror.same if level is Level.NAME_SAME else 0) or mirror.alike
        chance = mirror.share_of(carry) if level in WHOLE_NAMES else None
        says = NAME_SAYS[level].format(role=role)
        return Comparison("name", level, said, shown(known[role]), says, chance), role
    if len(known) < 2:
        says = "The order does not show both names, so the one given may still belong to it: neutral."
        return Comparison("name", None, said, shown_known, says), None
    return Comparison("name", level, said, shown_known, NAME_SAYS[level]), None


WHOLE_NAMES = frozenset({Level.NAME_SAME, Level.NAME_ALIKE, Level.NAME_NEAR})
NAME_SAYS = {
    Level.NAME_SAME: "The name given is the {role}'s.",
    Level.NAME_ALIKE: "The name given is close to the {role}'s: short for it, or one part misheard.",
    Level.NAME_NEAR: "The name given sounds like the {role}'s, both parts a little different.",
    Level.NAME_PART: "The name given fits the {role}'s, but only in part.",
    Level.NAME_HALF: "One name agrees and one does not, as with relatives.",
    Level.NAME_OTHER: "The name given is of nobody on this order.",
}


def _best_name(said: Iterable[str], known: Mapping[str, str]) -> tuple[Level, str] | None:
    levels = [
        (level, role)
        for name in said
        for role, full in known.items()
        if (level := name_level(normalise_name(name), normalise_name(full))) is not None
    ]
    return min(levels, key=lambda pair: STRENGTH[pair[0]], default=None)


def compare_counterpart(heard: Heard, order: Order, mirror: Mirror, *, besides: str | None) -> Comparison:
    """The other person of the order, or the sender's company; never the person whose name was given already."""
    said = shown(", ".join((*heard.counterparts, *heard.companies)))
    known = {role: name for role, name in _names(order).items() if role != besides}
    company = company_of(order.sender.email)
    found = _best_name(heard.counterparts, known)
    if found is not None and found[0] in WHOLE_NAMES:
        says, chance = f"The other person named is the {found[1]}.", mirror.share_of(mirror.alike_counterparts)
        return Comparison("counterpart", Level.COUNTERPART_SAME, said, shown(known[found[1]]), says, chance)
    if company and any(_is_company(text, company) for text in heard.companies):
        says = "The company named is the sender's."
        return Comparison("counterpart", Level.COUNTERPART_COMPANY, said, company, says)
    if found is not None and found[0] is Level.NAME_PART:
        says = f"The other person named may be the {found[1]}."
        return Comparison("counterpart", Level.COUNTERPART_PART, said, shown(known[found[1]]), says)
    if found is None and not (company and heard.companies):
        return Comparison("counterpart", None, said, None, "The order does not show who else is on it: neutral.")
    return Comparison("counterpart", Level.COUNTERPART_OTHER, said, None, "Who else was named is not on this order.")


def _is_company(said: str, label: str) -> bool:
    words = normalise_name(said).split()
    plain = label.replace("-", "")
    return bool(words) and (
        "".join(words) == plain
        or sound_of_word("".join(words)) == sound_of_word(plain)
        or (len(words[0]) >= SHORTEST_COMPANY and plain.startswith(words[0]))
    )


def _people(order: Order) -> tuple[tuple[str, Person], tuple[str, Person]]:
    return ("recipient", order.recipient), ("sender", order.sender)


def _names(order: Order) -> Mapping[str, str]:
    return _names_of(order.recipient, order.sender)


@lru_cache(maxsize=1_024)
def _names_of(recipient: Person, sender: Person) -> Mapping[str, str]:
    """Each comparison of an order asks for them anew."""
    people = (("recipient", recipient.full_name), ("sender", sender.full_name))
    return {role: full for role, full in people if full and normalise_name(full)}


def _emails(order: Order) -> dict[str, str]:
    return {role: person.email for role, person in _people(order) if person.email}


def _person_on_file(order: Order, contacts: Iterable[Contact]) -> tuple[str, str] | None:
    for contact in contacts:
        for role, email in _emails(order).items():
            if email in contact.emails:
                return role, email
    return None
