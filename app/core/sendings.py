"""A gift to be sent: what a shop needs to make an order of it, whoever asks for it."""

from dataclasses import dataclass

from app.core.addresses import Address
from app.core.orders import Person


@dataclass(frozen=True, slots=True)
class SendingLine:
    product_id: str  # the vendor's
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Sending:
    """One gift to one person. With an address it goes straight there; without one the person is asked for it.

    `key` is ours: a shop that has made an order of it refuses to make a second one, and shows it on what it made.
    """

    key: str
    from_name: str
    recipient: Person
    lines: tuple[SendingLine, ...]
    address: Address | None = None
    message: str | None = None
    card_id: str | None = None
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a shop made of a sending: the id of the batch, and of its order where there is one already."""

    batch_id: str
    order_id: str | None
    is_cancelled: bool = False  # the order, since then
