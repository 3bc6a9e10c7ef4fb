"""Who the caller is to an order, and how sure we are. Apart from the match: knowing an order is not being its owner.

Bits add up as in matching (Fellegi & Sunter 1969), from a prior of their own: whoever calls could be anybody. What
somebody says of their role never raises it; what the shop or the directory keeps does, by how hard it is to know.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import fsum

from app.core.callers import is_attested
from app.core.calls import Call, Direction
from app.core.comparing_people import NEAR_ADDRESS
from app.core.confusion import word_bits
from app.core.contacts import Contact, normalise_name
from app.core.evidence import Agreement, Evidence
from app.core.guessing import guesses, knows_reference, references_tried
from app.core.hearing import Heard, heard_from, shown
from app.core.levels import Level
from app.core.names import compare_names
from app.core.orders import Order, Person
from app.core.references import compare_reference


class Role(StrEnum):
    SENDER = "sender"
    RECIPIENT = "recipient"
    OTHER = "other"  # what we heard contradicts both
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """`confidence` is the probability that the caller is the person of that role; for OTHER that of the likelier of the
    two; for UNKNOWN half of it, as it could be either. `evidence` sums, in bits, to the log-odds before that halving.
    """

    role: Role
    confidence: float
    evidence: tuple[Evidence, ...] = ()


NOBODY = Identity(Role.UNKNOWN, 0.0)

LEARNT = "link:"  # before the id of a learnt link, where that stands for a contact

# Without anything heard one caller in nine is the person in question.
PRIOR = -3.0

# Possession: we dialled a number on file and somebody answered. Not clear alone (households, desks), clear with a name.
CALLED_ON_FILE = 6.0
# A caller's number is a claim: many exchanges let their customers send another's. Where the caller's carrier stands by
# it (STIR/SHAKEN attestation A) it is a little more; B and C vouch for the exchange, not for the number.
CALLS_FROM_FILE_ATTESTED = 2.0
SAYS_PHONE_ON_FILE = 1.0  # known to whoever has an address book
PHONE_OF_ANOTHER = -3.0

# Knowledge, by how secret it is: a reference stands on the receipt and in the shop. Of what the gift's link and card
# print (the product, the other person's name) nothing counts here.
REFERENCES = {
    Level.REFERENCE_WHOLE: 5.0,
    Level.REFERENCE_SHORT: 5.0,
    Level.REFERENCE_TAIL_LONG: 4.0,
    Level.REFERENCE_TAIL: 4.0,
    Level.REFERENCE_COUNTED: 2.0,  # one's own order number tells the next ones
    Level.REFERENCE_LAST_FOUR: 1.0,
    Level.REFERENCE_OTHER_TAIL: -2.0,
    Level.REFERENCE_OTHER: -3.0,
}
REFERENCE_MISHEARD = 4.0  # so near that nobody gets there by trying; nearer to chance it is worth nothing

# What friends and strangers know as well. A name, an e-mail and a number that calls, attested or not, stay together
# below 0.9, the least that policy calls clear: they stand side by side in any address book.
EMAILS = {Agreement.EXACT: 2.5, Agreement.CLOSE: 2.0, Agreement.PARTIAL: 1.0, Agreement.DIFFERENT: -3.0}
NAMES = {Agreement.EXACT: 1.5, Agreement.CLOSE: 1.0, Agreement.PARTIAL: 0.5, Agreement.DIFFERENT: -4.0}

# Of near misses in this call, or from this number of late, one is a slip of the tongue or of the ear.
FREE_MISSES = 1
GUESS = -2.0
MOST_AGAINST_GUESSES = -12.0

CLAIMS_ANOTHER_ROLE = -2.0
ROLE_WORDS = {
    Role.SENDER: frozenset({"buyer", "gifter", "giver", "orderer", "payer", "purchaser", "sender"}),
    Role.RECIPIENT: frozenset({"giftee", "receiver", "recipient"}),
    Role.OTHER: frozenset({
        "assistant", "colleague", "courier", "family", "friend", "husband", "neighbor", "neighbour", "other", "parent",
        "partner", "relative", "spouse", "third", "wife",
    }),
}  # fmt: skip

# Lines that tell who somebody is; a reference tells what they know.
PERSONAL = frozenset({"phone", "email", "name"})

# The field of the call behind a line: where two reports of the call disagree on it, it counts for nothing.
FIELD_OF = {"reference": "order_id", "email": "customer_email", "name": "customer_name", "caller_role": "caller_role"}


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two people of the order, with the contacts that are that person."""

    role: Role
    person: Person
    contacts: tuple[Contact, ...]


def identify(
    call: Call, order: Order, contacts: Sequence[Contact], *, heard: Heard | None = None, misses: Collection[str] = ()
) -> Identity:
    """Compare the caller with both people of the order and take the likelier.

    `heard` is what was heard in the call, where that is read already. `misses` are references tried in vain before, in
    this call's lookups or from its number; which of them are this order's after all is seen here.
    """
    heard = heard or heard_from(call)
    guessed = _guesses(guesses([*misses, *references_tried(heard)], order))
    sides = [_side(role, person, contacts) for role, person in _people(order)]
    sender, recipient = ((*_weigh(call, heard, order, side, contacts), guessed) for side in sides)
    # Who is likelier is decided without what they call themselves, unless both are one person.
    is_one_person = _is_one_person(order)
    by_facts = [
        _bits(line for line in lines if is_one_person or line.field != "caller_role") for lines in (sender, recipient)
    ]
    role, lines = (Role.SENDER, sender) if by_facts[0] >= by_facts[1] else (Role.RECIPIENT, recipient)
    is_tie = by_facts[0] == by_facts[1] and not is_one_person
    confidence = 1.0 / (1.0 + 2.0 ** -_bits(lines))
    if _is_contradicted(sender) and _is_contradicted(recipient):
        return Identity(Role.OTHER, confidence, lines)
    if is_tie or not any(line.bits > 0 for line in lines if line.field in PERSONAL):
        return Identity(Role.UNKNOWN, confidence / 2, lines)
    return Identity(role, confidence, lines)


def _people(order: Order) -> tuple[tuple[Role, Person], tuple[Role, Person]]:
    return (Role.SENDER, order.sender), (Role.RECIPIENT, order.recipient)


def _side(role: Role, person: Person, contacts: Sequence[Contact]) -> _Side:
    theirs = [contact for contact in contacts if person.email and person.email in contact.emails]
    return _Side(role, person, tuple(sorted(theirs, key=lambda contact: contact.contact_id)))


def _weigh(call: Call, heard: Heard, order: Order, side: _Side, contacts: Sequence[Contact]) -> tuple[Evidence, ...]:
    says = "Before anything was heard, one caller in nine is the person in question."
    return (
        Evidence("prior", None, None, Agreement.MISSING, PRIOR, says),
        _phone(call, heard, side, contacts),
        _in_doubt(call, _reference(call, heard, order)),
        _in_doubt(call, _not_our_own_note(call, _email(heard, side))),
        _in_doubt(call, _name(heard, side)),
        _claimed_role(call, side.role),
    )


def _phone(call: Call, heard: Heard, side: _Side, contacts: Sequence[Contact]) -> Evidence:
    """The number that called or was called; a number only spoken of where that one says nothing."""
    number, known = heard.caller_number, {phone for contact in side.contacts for phone in contact.phones}
    if number is not None and number in known:
        return _phone_on_file(call, number, side)
    others = [contact for contact in contacts if number in contact.phones and not _may_be(side, contact)]
    if others:
        says = f"The caller's number is on file for somebody else than the {side.role}."
        return Evidence("phone", number, shown(", ".join(others[0].names)), Agreement.DIFFERENT, PHONE_OF_ANOTHER, says)
    spoken = next((phone for phone in heard.phones if phone in known), None)
    if spoken is not None:
        bits = 0.0 if "customer_phone" in call.conflicts else SAYS_PHONE_ON_FILE
        says = f"The number they gave is on file for the {side.role}; they did not call from it."
        return Evidence("phone", spoken, spoken, Agreement.PARTIAL, bits, says)
    if number is None:
        return Evidence("phone", None, None, Agreement.MISSING, 0.0, "The number of the caller is not known.")
    return Evidence("phone", number, None, Agreement.MISSING, 0.0, "Nobody is on file with this number: neutral.")


def _phone_on_file(call: Call, number: str, side: _Side) -> Evidence:
    learnt = next((contact.contact_id for contact in side.contacts if _is_learnt(contact, number)), None)
    source = f" (learnt, {learnt})" if learnt else ""
    if call.direction is Direction.OUTBOUND:
        bits, says = CALLED_ON_FILE, f"We called the number on file for the {side.role}, and somebody answered{source}."
    elif is_attested(call):
        bits = CALLS_FROM_FILE_ATTESTED
        says = f"The caller's number is on file for the {side.role}{source}, and the caller's carrier vouches for it."
    else:
        bits = SAYS_PHONE_ON_FILE
        says = f"The caller's number is on file for the {side.role}{source}; nobody vouches for it."
    return Evidence("phone", number, number, Agreement.EXACT, bits, says)


def _is_learnt(contact: Contact, phone: str) -> bool:
    """Whether the number comes from a learnt link; a link's contact carries the link's id."""
    return contact.contact_id.startswith(LEARNT) and phone in contact.phones


def _may_be(side: _Side, contact: Contact) -> bool:
    """Whether a contact without the person's e-mail may still be that person: it has no name, or a fitting one."""
    known = side.person.full_name
    fits = [compare_names(name, known) is not Agreement.DIFFERENT for name in contact.names]
    return not fits or any(fits)


def _reference(call: Call, heard: Heard, order: Order) -> Evidence:
    found = compare_reference(heard, order)
    if found.level is Level.REFERENCE_NEAR:
        bits = REFERENCE_MISHEARD if knows_reference(found) else 0.0
    else:
        bits = REFERENCES[found.level] if found.level is not None else 0.0
    return _not_our_own_note(call, Evidence("reference", found.heard, found.known, found.agreement, bits, found.says))


def _not_our_own_note(call: Call, line: Evidence) -> Evidence:
    """On a call we placed, what is right of the order and its e-mail may be what we ourselves told the agent."""
    if call.direction is not Direction.OUTBOUND or line.bits <= 0:
        return line
    return replace(line, bits=0.0, says=f"{line.says} We placed this call, so the agent may have had it from us.")


def _email(heard: Heard, side: _Side) -> Evidence:
    said, known = ", ".join(heard.emails) or None, side.person.email
    if said is None or not known:
        says = "No e-mail was given." if said is None else f"The order does not show the {side.role}'s e-mail: neutral."
        return Evidence("email", said, known, Agreement.MISSING, 0.0, says)
    if known in heard.emails:
        return _weighed_email(said, known, Agreement.EXACT, f"The e-mail given is the {side.role}'s.")
    if any(email in heard.emails for contact in side.contacts for email in contact.emails):
        return _weighed_email(said, known, Agreement.CLOSE, f"The e-mail given is another address of the {side.role}.")
    if any(word_bits(email.partition("@")[0], known.partition("@")[0]) >= NEAR_ADDRESS for email in heard.emails):
        says = f"The e-mail given is the {side.role}'s but for what may be misheard."
        return _weighed_email(said, known, Agreement.PARTIAL, says)
    return _weighed_email(said, known, Agreement.DIFFERENT, f"The e-mail given is not the {side.role}'s.")


def _weighed_email(said: str, known: str, agreement: Agreement, says: str) -> Evidence:
    return Evidence("email", said, known, agreement, EMAILS[agreement], says)


def _name(heard: Heard, side: _Side) -> Evidence:
    said = ", ".join(heard.names) or None
    names = [name for name in (side.person.full_name, *_contact_names(side)) if normalise_name(name)]
    known = shown(names[0]) if names else None
    if said is None or known is None:
        says = "No name was given." if said is None else f"The order does not show the {side.role}'s name: neutral."
        return Evidence("name", said, known, Agreement.MISSING, 0.0, says)
    agreements = [compare_names(name, ours) for name in heard.names for ours in names]
    best = max(agreements, key=NAMES.__getitem__)
    return Evidence("name", said, known, best, NAMES[best], NAME_SAYS[best].format(role=side.role))


NAME_SAYS = {
    Agreement.EXACT: "The name given is the {role}'s.",
    Agreement.CLOSE: "The name given is close to the {role}'s: short for it, or one part misheard.",
    Agreement.PARTIAL: "The name given fits the {role}'s, but only in part.",
    Agreement.DIFFERENT: "The name given is not the {role}'s.",
}


def _contact_names(side: _Side) -> list[str]:
    return [name for contact in side.contacts for name in contact.names]


def _claimed_role(call: Call, role: Role) -> Evidence:
    """What they call themselves: worth nothing when it agrees, for whoever lies says so as well."""
    said = shown(call.text("caller_role") or "") or None
    words = set(normalise_name(said or "").split())
    claimed = [claim for claim, known in ROLE_WORDS.items() if words & known]
    if said is None or len(claimed) != 1:
        says = "They did not say whether they sent or received the gift."
        return Evidence("caller_role", said, None, Agreement.MISSING, 0.0, says)
    if claimed[0] is role:
        says = f"They call themselves the {role}; saying so adds nothing."
        return Evidence("caller_role", said, role, Agreement.EXACT, 0.0, says)
    says = f"They do not call themselves the {role}."
    return Evidence("caller_role", said, role, Agreement.DIFFERENT, CLAIMS_ANOTHER_ROLE, says)


def _in_doubt(call: Call, line: Evidence) -> Evidence:
    """Two reports of a call that disagree on a field leave nothing of what it speaks for, and all it speaks against."""
    if FIELD_OF[line.field] not in call.conflicts or line.bits <= 0:
        return line
    says = f"{line.says} Two reports of this call disagree on it, so it counts for nothing."
    return replace(line, bits=0.0, says=says)


def _guesses(codes: Sequence[str]) -> Evidence:
    if len(codes) <= FREE_MISSES:
        says = "One reference near it was tried and is wrong: a slip." if codes else "No reference was guessed at."
        return Evidence("guesses", None, None, Agreement.MISSING, 0.0, says)
    bits = max(GUESS * (len(codes) - FREE_MISSES), MOST_AGAINST_GUESSES)
    says = f"{len(codes)} wrong references near one another were tried, in this call or from this number: guesses."
    return Evidence("guesses", shown(", ".join(codes)), None, Agreement.DIFFERENT, bits, says)


def _bits(lines: Iterable[Evidence]) -> float:
    return fsum(line.bits for line in lines)


def _is_contradicted(lines: Sequence[Evidence]) -> bool:
    personal = [line for line in lines if line.field in PERSONAL]
    return any(line.bits < 0 for line in personal) and not any(line.bits > 0 for line in personal)


def _is_one_person(order: Order) -> bool:
    """Somebody who sent something to themselves has the rights of both; the sender's are the wider ones."""
    sender, recipient = order.sender, order.recipient
    has_one_name = normalise_name(sender.full_name) == normalise_name(recipient.full_name) != ""
    return has_one_name and bool(sender.email) and sender.email == recipient.email
