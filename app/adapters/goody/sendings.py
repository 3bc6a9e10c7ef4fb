"""Goody's JSON of what is sent: order batches to be made and made, products and prices."""

from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, BaseModel, Field

from app.adapters.goody.payloads import Id, Integer, OptionalText, parse
from app.core.orders import Person
from app.core.sendings import Sending, SendingLine

DIRECT_SEND = "direct_send"


class _Product(BaseModel):
    id: Id
    name: OptionalText = None
    price_is_variable: bool = False
    variants_num_selectable: Integer | None = None
    status: OptionalText = None


class _CartItem(BaseModel):
    product: _Product
    quantity: Integer = 1


class _Cart(BaseModel):
    items: list[_CartItem] = Field(min_length=1)


class _Batch(BaseModel):
    id: Id
    send_method: OptionalText = None
    from_name: OptionalText = None
    message: OptionalText = None
    card_id: Id | None = None
    workspace_id: Id | None = None
    customer_reference_id: OptionalText = None
    cart: _Cart | None = None


class _Price(BaseModel):
    price_pre_tax: Integer | None = None


class _Prices(BaseModel):
    cart_price: _Price | None = Field(None, validation_alias=AliasChoices("cart_price", "cart_price_estimate"))


class _Endpoint(BaseModel):
    id: Id


@dataclass(frozen=True, slots=True)
class ProductRow:
    id: str
    name: str | None
    has_fixed_price: bool
    choices: int  # that a direct send would have to name


def read_product(row: object) -> ProductRow:
    return _product_row(parse(_Product, row))


def read_keyed_batch(row: object) -> tuple[str, str | None]:
    """Its id and the key that its maker gave it."""
    batch = parse(_Batch, row)
    return batch.id, batch.customer_reference_id


def read_sending(body: object) -> Sending | str:
    """See the port. An address cannot be read, and a direct send's choices of variants cannot either."""
    batch = parse(_Batch, body)
    if batch.send_method != DIRECT_SEND:
        return "Goody takes no address: the recipient enters it when accepting the gift, so send the link again."
    items = [(_product_row(item.product), item.quantity) for item in (batch.cart.items if batch.cart else ())]
    if not items or batch.from_name is None:
        return "Goody does not show what was sent, so that it cannot be sent anew."
    if not all(product.has_fixed_price for product, _ in items):
        return "It holds something without a fixed price, which has to be sent anew by hand."
    if any(product.choices for product, _ in items):
        return "It holds something that was chosen among variants, which Goody does not show: send it anew by hand."
    return Sending(
        key="",
        from_name=batch.from_name,
        recipient=Person(),
        lines=tuple(SendingLine(product.id, quantity) for product, quantity in items),
        message=batch.message,
        card_id=batch.card_id,
        workspace_id=batch.workspace_id,
    )


def read_price(body: object) -> int | None:
    """Of one recipient, before tax, under the keys of the examples or of the schema."""
    prices = parse(_Prices, body)
    return prices.cart_price.price_pre_tax if prices.cart_price else None


def read_endpoint_id(body: object) -> str:
    return parse(_Endpoint, body).id


def write_priced(sending: Sending) -> dict[str, Any]:
    return {
        "send_method": DIRECT_SEND if sending.address else "email_and_link",
        "recipients": [_recipient(sending)],
        "cart": {"items": [{"product_id": line.product_id, "quantity": line.quantity} for line in sending.lines]},
    }


def write_sending(sending: Sending) -> dict[str, Any]:
    body = write_priced(sending) | {
        "from_name": sending.from_name,
        "customer_reference_id": sending.key,
        "message": sending.message,
        "card_id": sending.card_id,
        "workspace_id": sending.workspace_id,
    }
    return {name: value for name, value in body.items() if value is not None}


def _recipient(sending: Sending) -> dict[str, Any]:
    person, address = sending.recipient, sending.address
    row: dict[str, Any] = {"first_name": person.first_name, "last_name": person.last_name, "email": person.email}
    if address is not None:
        row["mailing_address"] = {
            "first_name": person.first_name,
            "last_name": person.last_name,
            "address_1": address.line_1,
            "address_2": address.line_2,
            "city": address.city,
            "state": address.state,
            "postal_code": address.postal_code,
            "country": "US",
        }
    return {name: value for name, value in row.items() if value is not None}


def _product_row(product: _Product) -> ProductRow:
    return ProductRow(product.id, product.name, not product.price_is_variable, product.variants_num_selectable or 0)
