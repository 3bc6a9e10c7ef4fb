"""An order as Handoff sees it, whatever shop keeps it.

The vendor's own status word is kept beside the stage, which is what decisions read. Amounts are integer minor units.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OrderStage(StrEnum):
    """How far an order has come, in the steps that decide what may still be done with it."""

    OPEN = "open"  # not accepted yet: may be cancelled, its expiry moved
    ACCEPTED = "accepted"  # being paid or prepared: only the shop's support can stop it
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # a status word that no document explains


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named on an order. Goody gives no phone and no address of anybody."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None  # normalised: lower case, trimmed

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@dataclass(frozen=True, slots=True)
class OrderItem:
    name: str
    brand: str | None = None
    quantity: int = 1
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    status: str
    carrier: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    eta_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One commerce record as last read. `external_id` is the vendor's id, `reference_id` what a receipt prints."""

    destination: str
    external_id: str
    reference_id: str
    status: str
    stage: OrderStage
    recipient: Person
    sender: Person
    items: tuple[OrderItem, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    amount_cents: int | None = None
    currency: str = "USD"
    placed_at: datetime | None = None
    accepted_at: datetime | None = None
    expires_at: datetime | None = None
    batch_id: str | None = None
    gift_link: str | None = None  # a bearer secret: whoever holds it can accept the gift
    refunded_at: datetime | None = None  # from the shop's event; no read of Goody shows it


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """One sending of gifts. A scheduled batch has recipients but no orders yet."""

    destination: str
    external_id: str
    reference_id: str | None
    customer_reference_id: str | None
    send_status: str
    from_name: str | None
    scheduled_at: datetime | None = None
    recipients: tuple[Person, ...] = ()
