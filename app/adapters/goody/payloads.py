"""Goody's JSON, read into our orders and batches: the one place that knows its field names, old and new.

Tolerant of what may be absent or new, strict about what is there and wrong: a date that cannot be read is not no date.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, Field, ValidationError

from app.core.contacts import normalise_email
from app.core.orders import Order, OrderBatch, OrderItem, OrderStage, Person, Shipment
from app.errors import PayloadError

DESTINATION = "goody"

STAGES = {
    "created": OrderStage.OPEN,
    "notified": OrderStage.OPEN,
    "opened": OrderStage.OPEN,
    "accepted": OrderStage.ACCEPTED,
    "pending_payment": OrderStage.ACCEPTED,
    "paid": OrderStage.ACCEPTED,
    "ordered": OrderStage.ACCEPTED,  # explained nowhere; stands between paid and shipped in the vendor's list
    "shipped": OrderStage.SHIPPED,
    "delivered": OrderStage.DELIVERED,
    "failed": OrderStage.CANCELLED,  # what the cancel endpoint leaves behind
    "canceled": OrderStage.CANCELLED,  # in the vendor's list, seen in its MCP answers
}

# Documented ids are UUIDs. No wider than this, so that an id is safe as one segment of a route.
ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
LONGEST_EMAIL = 320
# What Postgres keeps in an integer; in cents about 21 million dollars.
LARGEST_INTEGER = 2**31 - 1
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # Postgres takes neither NUL nor half of a surrogate pair


def clean_text(value: object) -> object:
    """Text with what cannot be stored replaced by U+FFFD; anything else as it is, for pydantic to judge."""
    return UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


def _blank_is_none(value: object) -> object:
    cleaned = clean_text(value)
    return cleaned.strip() or None if isinstance(cleaned, str) else cleaned


def _in_utc(moment: datetime) -> datetime:
    """Goody's times are UTC unless they say otherwise."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar") from None


Id = Annotated[str, Field(pattern=f"^{ID.pattern}$")]
Text = Annotated[str, BeforeValidator(clean_text)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_is_none)]
Moment = Annotated[datetime, AfterValidator(_in_utc)]
Integer = Annotated[int, Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]


class _Named(BaseModel):
    name: OptionalText = None


class _Product(_Named):
    brand: _Named | None = None


class _CartItem(BaseModel):
    product: _Product | None = None
    quantity: Integer | None = None


class _Cart(BaseModel):
    items: list[_CartItem] | None = None


class _Amounts(BaseModel):
    amount_total: Integer | None = None  # null until the gift is accepted
    amount_pre_tax_total: Integer | None = None


class _Shipment(BaseModel):
    status: OptionalText = None
    tracking_carrier: OptionalText = None
    shipped_at: Moment | None = None
    delivered_at: Moment | None = None
    delivery_eta: Moment | None = None


class _EventTimes(BaseModel):
    created_at: Moment | None = None
    accepted_at: Moment | None = None


class _Person(BaseModel):
    first_name: OptionalText = None
    last_name: OptionalText = None
    email: OptionalText = None


class _Order(BaseModel):
    id: Id
    status: Text
    reference_id: OptionalText = None
    recipient_first_name: OptionalText = None
    recipient_last_name: OptionalText = None
    recipient_email: OptionalText = None
    sender: _Person | None = None
    cart: _Cart | None = None
    shipments: list[_Shipment] | None = None
    amounts: _Amounts | None = None
    event_times: _EventTimes | None = None  # in the answer for one order alone
    expires_at: Moment | None = None
    batch_id: Id | None = Field(None, validation_alias=AliasChoices("order_batch_id", "gift_batch_id"))
    gift_link: OptionalText = Field(
        None,
        validation_alias=AliasChoices("individual_gift_link", "individual_gift_link_shared", "individual_order_link"),
    )


class _Batch(BaseModel):
    id: Id
    send_status: OptionalText = None
    reference_id: OptionalText = None
    customer_reference_id: OptionalText = None
    from_name: OptionalText = None
    scheduled_send_on: Moment | None = None
    recipients_count: Integer | None = None
    recipients_preview: list[_Person] | None = None


class _ListMeta(BaseModel):
    total_count: Integer | None = None


class _List(BaseModel):
    data: list[Any]
    list_meta: _ListMeta | None = None


class _Activity(BaseModel):
    order: Any


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `total_count` is of the whole list, None where the vendor does not say."""

    rows: tuple[Any, ...]
    total_count: int | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch with the recipients its row shows, which are the first ten."""

    batch: OrderBatch
    shows_all_recipients: bool


def read_order(body: object) -> Order:
    """Raises PayloadError naming the field where the body is not an order."""
    order = parse(_Order, body)
    amounts = order.amounts or _Amounts()
    times = order.event_times or _EventTimes()
    return Order(
        destination=DESTINATION,
        external_id=order.id,
        reference_id=order.reference_id or "",
        status=order.status,
        stage=STAGES.get(order.status.strip().lower(), OrderStage.UNKNOWN),
        recipient=Person(order.recipient_first_name, order.recipient_last_name, _email(order.recipient_email)),
        sender=_person(order.sender or _Person()),
        items=_items(order.cart),
        shipments=tuple(_shipment(shipment) for shipment in order.shipments or ()),
        amount_cents=amounts.amount_pre_tax_total if amounts.amount_total is None else amounts.amount_total,
        placed_at=times.created_at,
        accepted_at=times.accepted_at,
        expires_at=order.expires_at,
        batch_id=order.batch_id,
        gift_link=order.gift_link,
    )


def read_changed_order(row: object) -> Order:
    """The order inside a row of the activities feed, in its present state."""
    return read_order(parse(_Activity, row).order)


def read_batch(row: object) -> BatchRow:
    batch = parse(_Batch, row)
    shown = tuple(_person(person) for person in batch.recipients_preview or ())
    return BatchRow(
        OrderBatch(
            destination=DESTINATION,
            external_id=batch.id,
            reference_id=batch.reference_id,
            customer_reference_id=batch.customer_reference_id,
            send_status=batch.send_status or "unknown",
            from_name=batch.from_name,
            scheduled_at=batch.scheduled_send_on,
            recipients=shown,
        ),
        shows_all_recipients=batch.recipients_count is not None and batch.recipients_count <= len(shown),
    )


def read_recipient(row: object) -> Person:
    return _person(parse(_Person, row))


def read_page(body: object) -> Page:
    page = parse(_List, body)
    return Page(tuple(page.data), page.list_meta.total_count if page.list_meta else None)


def parse(model: type[Model], body: object) -> Model:
    """Raises PayloadError naming the field that is missing or wrong."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise PayloadError(_path(first["loc"]), first["type"].replace("_", " ")) from None


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location) or "body"


def _items(cart: _Cart | None) -> tuple[OrderItem, ...]:
    """What the cart holds now, after a swap the swapped-to products; a line without a name tells nobody anything."""
    lines = (cart.items if cart else None) or ()
    return tuple(
        OrderItem(
            name=line.product.name,
            brand=line.product.brand.name if line.product.brand else None,
            quantity=1 if line.quantity is None else line.quantity,
        )
        for line in lines
        if line.product is not None and line.product.name is not None
    )


def _shipment(shipment: _Shipment) -> Shipment:
    return Shipment(
        status=shipment.status or "unknown",
        carrier=shipment.tracking_carrier,
        shipped_at=shipment.shipped_at,
        delivered_at=shipment.delivered_at,
        eta_at=shipment.delivery_eta,
    )


def _person(person: _Person) -> Person:
    return Person(person.first_name, person.last_name, _email(person.email))


def _email(text: str | None) -> str | None:
    if text is None or len(text) > LONGEST_EMAIL:
        return None
    return normalise_email(text) or text.lower()
