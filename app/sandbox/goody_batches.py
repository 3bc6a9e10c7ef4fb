"""Reads what a client sends to create or price a batch, and refuses what the vendor's documents say it refuses.

Only the texts marked so are the vendor's; for the others the documents give the rule and no words.
"""

from datetime import datetime

from app.sandbox.goody_catalogue import (
    CARDS,
    PAYMENT_BALANCE_ID,
    PAYMENT_METHODS,
    WORKSPACES,
    Json,
    Product,
    find_product,
)
from app.sandbox.goody_records import (
    HIGH_TAX_PERCENT,
    Cart,
    CartLine,
    GoodyRefusedError,
    Recipient,
    cart_amounts,
    read_moment,
    tax_cents,
)
from app.sandbox.goody_state import BatchDraft

SEND_METHODS = ("email_and_link", "link_multiple_custom_list", "direct_send")
SWAPS = ("single", "multiple", "disabled")
SHIPPING_TIERS = ("disabled", "standard", "full")
ADDRESS_FIELDS = ("address_1", "city", "state", "postal_code", "country")

Lines = tuple[tuple[Product, int, int], ...]


def read_batch(body: Json) -> BatchDraft:
    """The payment method is checked and forgotten: no field of a batch or an order shows it."""
    from_name = _text(body, "from_name")
    if not from_name:
        raise GoodyRefusedError(400, "From name can't be blank")
    send_method = _send_method(body)
    expires_at = _moment(body, "expires_at")
    _one_of(body, "swap", SWAPS)
    _one_of(body, "international_shipping_tier", SHIPPING_TIERS)
    card_id = _card_id(body)
    _check_payment_method(body, expires_at)
    return BatchDraft(
        from_name=from_name,
        recipients=_recipients(body, send_method),
        lines=_lines(body, send_method),
        send_method=send_method,
        message=_text(body, "message"),
        card_id=card_id,
        workspace=_workspace(body),
        scheduled_send_on=_moment(body, "scheduled_send_on"),
        expires_at=expires_at,
        customer_reference_id=_text(body, "customer_reference_id"),
    )


def price_batch(body: Json) -> Json:
    """Under the keys of the vendor's examples; its schema calls them cart_price_estimate and total_price_estimate."""
    send_method = _send_method(body)
    recipients = _recipients(body, send_method)
    lines = tuple(CartLine("", product, quantity, cents) for product, quantity, cents in _lines(body, send_method))
    amounts = cart_amounts(Cart("", lines))
    pre_tax = amounts["amount_pre_tax_total"] or 0
    high_tax = pre_tax * HIGH_TAX_PERCENT // 100
    count = len(recipients)
    if send_method == "direct_send":
        tax = tax_cents(pre_tax) * count
        total = {"recipients": count, "est_tax_calculated": tax, "est_total_calculated": pre_tax * count + tax}
    else:
        high = (pre_tax + high_tax) * count
        total = {"recipients": count, "est_group_total_low": pre_tax * count, "est_group_total_high": high}
    cart_price = {
        "price_product": amounts["amount_product"],
        "price_shipping": amounts["amount_shipping"],
        "price_processing_fee": amounts["amount_processing_fee"],
        "price_pre_tax": pre_tax,
        "price_est_tax_low": 0,
        "price_est_tax_high": high_tax,
        "price_est_total_low": pre_tax,
        "price_est_total_high": pre_tax + high_tax,
    }
    return {"cart_price": cart_price, "total_price": total}


def _send_method(body: Json) -> str:
    method = _one_of(body, "send_method", SEND_METHODS)
    if method is None:
        raise GoodyRefusedError(400, "Send method can't be blank")
    return method


def _recipients(body: Json, send_method: str) -> tuple[Recipient, ...]:
    rows = body.get("recipients")
    if not isinstance(rows, list) or not rows:
        raise GoodyRefusedError(400, "Recipients can't be blank")  # the vendor's words
    return tuple(_recipient(row, send_method) for row in rows)


def _recipient(row: object, send_method: str) -> Recipient:
    if not isinstance(row, dict) or not _text(row, "first_name"):
        raise GoodyRefusedError(400, "Recipient first name can't be blank")
    recipient = Recipient(str(row["first_name"]), _text(row, "last_name"), _text(row, "email"))
    if send_method == "email_and_link" and not recipient.email:
        raise GoodyRefusedError(400, "Recipient email can't be blank")
    address = row.get("mailing_address")
    if address is None and send_method != "direct_send":
        return recipient
    if not isinstance(address, dict) or not all(_text(address, name) for name in ADDRESS_FIELDS):
        raise GoodyRefusedError(400, "Recipient mailing address is incomplete")
    if address["country"] != "US":
        raise GoodyRefusedError(400, "Only US addresses are supported")
    return recipient


def _lines(body: Json, send_method: str) -> Lines:
    cart = body.get("cart")
    items = cart.get("items") if isinstance(cart, dict) else None
    if not isinstance(items, list) or not items:
        raise GoodyRefusedError(400, "Cart can't be blank")
    return tuple(_line(item, send_method) for item in items)


def _line(item: object, send_method: str) -> tuple[Product, int, int]:
    if not isinstance(item, dict):
        raise GoodyRefusedError(400, "Cart item is invalid")
    product_id, url = _text(item, "product_id"), _text(item, "product_url")
    product = find_product(product_id=product_id, url=None if product_id else url)
    if product is None:
        raise GoodyRefusedError(400, f"Product not found: {product_id or url}")  # the vendor's words
    quantity = item.get("quantity")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise GoodyRefusedError(400, "Quantity must be greater than 0")
    _check_variants(product, item, send_method)
    return product, quantity, _unit_cents(product, item)


def _unit_cents(product: Product, item: Json) -> int:
    if product.price_range is None:
        return product.price_cents
    price = item.get("variable_price")
    low, high = product.price_range
    if not isinstance(price, int) or isinstance(price, bool) or not low <= price <= high:
        raise GoodyRefusedError(400, f"Variable price must be between {low} and {high}")
    return price


def _check_variants(product: Product, item: Json, send_method: str) -> None:
    """A gift's recipient chooses at acceptance; a direct send has nobody else to choose."""
    variants = item.get("variants") or []
    if send_method != "direct_send" or not product.selectable:
        return
    if len(variants) != product.selectable or any(name not in product.variants for name in variants):
        raise GoodyRefusedError(400, f"Variants must be {product.selectable} of the product's variants")


def _card_id(body: Json) -> str | None:
    card_id = _text(body, "card_id")
    if card_id is not None and all(card["id"] != card_id for card in CARDS):
        raise GoodyRefusedError(400, "Card not found")
    if card_id is None and _text(body, "message"):
        raise GoodyRefusedError(400, "A card must be specified if a message is specified")
    return card_id


def _check_payment_method(body: Json, expires_at: datetime | None) -> None:
    payment_id = _text(body, "payment_method_id") or PAYMENT_METHODS[0]["id"]
    if all(method["id"] != payment_id for method in PAYMENT_METHODS):
        raise GoodyRefusedError(400, "Payment method not found")
    if payment_id == PAYMENT_BALANCE_ID and expires_at is None:
        raise GoodyRefusedError(400, "Expires at must be set when paying with account balance")


def _workspace(body: Json) -> Json:
    workspace_id = _text(body, "workspace_id") or WORKSPACES[0]["id"]
    for workspace in WORKSPACES:
        if workspace["id"] == workspace_id:
            return workspace
    raise GoodyRefusedError(400, "Workspace not found")


def _moment(body: Json, name: str) -> datetime | None:
    if body.get(name) is None:
        return None
    try:
        return read_moment(body[name])
    except ValueError as error:
        raise GoodyRefusedError(400, f"{_label(name)} is invalid") from error


def _one_of(body: Json, name: str, words: tuple[str, ...]) -> str | None:
    word = _text(body, name)
    if word is not None and word not in words:
        raise GoodyRefusedError(400, f"{_label(name)} is not included in the list")
    return word


def _text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise GoodyRefusedError(400, f"{_label(name)} is invalid")
    return value or None


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
