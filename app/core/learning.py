"""What may be learnt of a caller's number once somebody has vouched for the call: to which person it is tied.

Nothing is learnt against what is on file, nor of a caller whom we could not tell, so that a mistake cannot grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.callers import shown_number
from app.core.calls import Call
from app.core.contacts import Contact
from app.core.identity import LEARNT, Identity, Role
from app.core.orders import Order

# Below it we would not have said ourselves that it is this person, whatever was approved.
LIKELIER_THAN_NOT = 0.5


@dataclass(frozen=True, slots=True)
class Tie:
    """A number and the e-mail of the person of the order who called from it."""

    phone: str
    email: str
    role: Role


def tie(
    call: Call, order: Order, identity: Identity, on_file: Sequence[Contact], *, at_least: float = LIKELIER_THAN_NOT
) -> Tie | None:
    """None where there is nothing new to learn, or nothing that may be. `on_file` is the directory, by this number."""
    person = {Role.SENDER: order.sender, Role.RECIPIENT: order.recipient}.get(identity.role)
    phone = shown_number(call)
    if person is None or person.email is None or phone is None or not identity.confidence >= at_least:
        return None
    if any(phone in contact.phones for contact in on_file):
        return None
    return Tie(phone, person.email, identity.role)


def learnt_contact_id(link_id: UUID) -> str:
    """Evidence names a contact by its id, so that a reader finds what vouches for it."""
    return f"{LEARNT}{link_id}"
