"""The Goody twin's records and how the vendor writes them as JSON.

An order as the vendor shows it never has a phone or a mailing address; keys follow the examples of its OpenAPI file.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil

from app.sandbox.goody_catalogue import WORKSPACES, Json, Product

# The documented example: 1000 + 1000 gives a fee of 100.
PROCESSING_FEE_PERCENT = 5
# Gives the documented direct-send example (187 on 2100) when rounded up; gifts get a range of 0 to 10 percent instead.
TAX_PERCENT = 8.875
HIGH_TAX_PERCENT = 10
PREVIEW_LENGTH = 10  # rows of orders_preview and recipients_preview
GIFT_LINK = "https://gifts.ongoody.com/gift/"

# Keys of event_times; "ordered" and "failed" have no time at the vendor. The examples show thank_you_added_at too.
EVENT_TIMES = ("notified", "opened", "accepted", "thank_you_added", "pending_payment", "paid", "shipped", "delivered")


class GoodyRefusedError(Exception):
    """The vendor says no: becomes `{"error": text}` with the status code."""

    def __init__(self, status_code: int, text: str) -> None:
        super().__init__(text)
        self.status_code = status_code
        self.text = text


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a batch is for. The vendor takes phone and address here and never gives them back."""

    first_name: str
    last_name: str | None = None
    email: str | None = None

    def as_json(self) -> Json:
        return {"first_name": self.first_name, "last_name": self.last_name, "email": self.email}


@dataclass(frozen=True, slots=True)
class Sender:
    first_name: str
    last_name: str
    email: str

    def as_json(self) -> Json:
        return {"first_name": self.first_name, "last_name": self.last_name, "email": self.email}


@dataclass(frozen=True, slots=True)
class CartLine:
    id: str
    product: Product
    quantity: int
    unit_cents: int


@dataclass(frozen=True, slots=True)
class Cart:
    id: str
    lines: tuple[CartLine, ...]

    def as_json(self) -> Json:
        return {"id": self.id, "items": [_line_json(line) for line in self.lines]}


@dataclass(slots=True, eq=False)
class TwinBatch:
    id: str
    reference_id: str
    from_name: str
    sender: Sender
    recipients: tuple[Recipient, ...]
    cart: Cart
    created_at: datetime
    sequence: int  # breaks ties of created_at, which has whole seconds only
    send_method: str = "link_multiple_custom_list"
    send_status: str = "pending"
    message: str | None = None
    card_id: str | None = None
    expires_at: datetime | None = None
    scheduled_send_on: datetime | None = None
    customer_reference_id: str | None = None
    workspace: Json = field(default_factory=lambda: WORKSPACES[0])
    orders: list["TwinOrder"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class TwinOrder:
    id: str
    reference_id: str
    batch: TwinBatch
    recipient: Recipient
    amounts: dict[str, int | None]
    gift_code: str
    created_at: datetime
    sequence: int
    expires_at: datetime | None
    status: str = "created"
    event_times: dict[str, datetime] = field(default_factory=dict)
    shipments: list[Json] = field(default_factory=list)
    view_count: int = 0
    refunded_at: datetime | None = None  # the twin's own knowledge: no read of the vendor shows it


@dataclass(frozen=True, slots=True)
class Activity:
    id: str
    order: TwinOrder
    status: str
    created_at: datetime
    sequence: int


def order_json(order: TwinOrder) -> Json:
    """As lists, webhooks and the answers of cancel and update_expiration show it."""
    batch = order.batch
    return {
        "id": order.id,
        "status": order.status,
        "individual_gift_link": GIFT_LINK + order.gift_code,
        "recipient_first_name": order.recipient.first_name,
        "recipient_last_name": order.recipient.last_name,
        "recipient_email": order.recipient.email,
        "card_id": batch.card_id,
        "message": batch.message,
        "thank_you_note": None,
        "view_count_recipient": order.view_count,
        "is_swapped": False,
        "order_batch_id": batch.id,
        "expires_at": write_optional_moment(order.expires_at),
        "cart": batch.cart.as_json(),
        "shipments": [dict(shipment) for shipment in order.shipments],
        "amounts": dict(order.amounts),
        "sender": batch.sender.as_json(),
        "workspace_id": batch.workspace["id"],
        "workspace_name": batch.workspace["name"],
        "original_cart": None,
        "original_amounts": None,
        "reference_id": order.reference_id,
        "payment_link": None,
    }


def single_order_json(order: TwinOrder) -> Json:
    """As GET /v1/orders/{id} shows it; variants are chosen in commerce apps only, and this key is a user's."""
    times: Json = {"created_at": write_moment(order.created_at)}
    times |= {f"{status}_at": write_optional_moment(order.event_times.get(status)) for status in EVENT_TIMES}
    return order_json(order) | {"cart_selections": None, "event_times": times}


def batch_json(batch: TwinBatch) -> Json:
    return {
        "id": batch.id,
        "send_status": batch.send_status,
        "from_name": batch.from_name,
        "message": batch.message,
        "orders_count": len(batch.orders),
        "orders_preview": [order_json(order) for order in batch.orders[:PREVIEW_LENGTH]],
        "recipients_count": len(batch.recipients),
        "recipients_preview": [recipient.as_json() for recipient in batch.recipients[:PREVIEW_LENGTH]],
        "cart": batch.cart.as_json(),
        "is_scheduled_send": batch.scheduled_send_on is not None,
        "scheduled_send_on": write_optional_moment(batch.scheduled_send_on),
        "expires_at": write_optional_moment(batch.expires_at),
        "send_method": batch.send_method,
        "batch_name": _batch_name(batch.recipients),
        "card_id": batch.card_id,
        "sender": batch.sender.as_json(),
        "workspace_id": batch.workspace["id"],
        "workspace_name": batch.workspace["name"],
        "reference_id": batch.reference_id,
        "customer_reference_id": batch.customer_reference_id,
    }


def stale_batch_json(batch: TwinBatch) -> Json:
    """As the vendor's pages on batch events still print it: the product's older words, and no customer_reference_id."""
    written = batch_json(batch)
    del written["customer_reference_id"]
    count, preview = written.pop("orders_count"), written.pop("orders_preview")
    return written | {"gifts_count": count, "gifts_preview": [_stale_order_json(order) for order in preview]}


def activity_json(activity: Activity) -> Json:
    return {
        "id": activity.id,
        "order_status": activity.status,
        "created_at": write_moment(activity.created_at),
        "order": order_json(activity.order),
    }


def cart_amounts(cart: Cart) -> dict[str, int | None]:
    """Costs of one order in cents; tax and total are not known before acceptance."""
    product = sum(line.unit_cents * line.quantity for line in cart.lines)
    shipping = _shipping_cents(cart)
    fee = round((product + shipping) * PROCESSING_FEE_PERCENT / 100)
    return {
        "amount_product": product,
        "amount_shipping": shipping,
        "amount_processing_fee": fee,
        "amount_pre_tax_total": product + shipping + fee,
        "amount_tax": None,
        "amount_total": None,
        "amount_global_relay_cost": None,
    }


def tax_cents(pre_tax_cents: int) -> int:
    return ceil(pre_tax_cents * TAX_PERCENT / 100)


def write_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_optional_moment(moment: datetime | None) -> str | None:
    return None if moment is None else write_moment(moment)


def read_moment(text: object) -> datetime:
    """ISO 8601, UTC unless it says otherwise; ValueError if it is not."""
    if not isinstance(text, str):
        raise ValueError("not a string")  # noqa: TRY004 - the callers know one error
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _line_json(line: CartLine) -> Json:
    brand = line.product.brand
    product = {"id": line.product.id, "name": line.product.name, "brand": {"id": brand.id, "name": brand.name}}
    return {"id": line.id, "quantity": line.quantity, "product": product}


def _stale_order_json(order: Json) -> Json:
    written = {key: value for key, value in order.items() if key not in {"expires_at", "payment_link"}}
    written["individual_gift_link_shared"] = written.pop("individual_gift_link")
    written["gift_batch_id"] = written.pop("order_batch_id")
    return written


def _shipping_cents(cart: Cart) -> int:
    """Once a brand, and free where its products together reach the brand's minimum."""
    spent: dict[str, int] = {}
    for line in cart.lines:
        spent[line.product.brand.name] = spent.get(line.product.brand.name, 0) + line.unit_cents * line.quantity
    brands = {line.product.brand.name: line.product.brand for line in cart.lines}
    return sum(
        brand.shipping_cents
        for name, brand in brands.items()
        if brand.free_shipping_from_cents is None or spent[name] < brand.free_shipping_from_cents
    )


def _batch_name(recipients: tuple[Recipient, ...]) -> str:
    if len(recipients) > 2:
        return f"{len(recipients)} recipients"
    return " and ".join(" ".join(filter(None, (one.first_name, one.last_name))) for one in recipients)
