"""What the Goody twin's shop sells and who its account is: brands, products, cards, workspaces, payment methods.

All of it is invented. Ids are derived from names, so that they are the same in every run and for every seed.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Json = dict[str, Any]

# .invalid never resolves, so that no client can fetch a made-up picture from somebody's host.
_NAMES = "https://goody-twin.invalid"


def id_of(kind: str, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{_NAMES}/{kind}/{name}"))


@dataclass(frozen=True, slots=True)
class Brand:
    name: str
    shipping_cents: int = 700
    free_shipping_from_cents: int | None = None

    @property
    def id(self) -> str:
        return id_of("brand", self.name)


@dataclass(frozen=True, slots=True)
class Product:
    """`selectable`: how many of `variants` a direct send has to name. With `price_range` the sender sets a price."""

    name: str
    brand: Brand
    price_cents: int
    variants: tuple[str, ...] = ()
    selectable: int = 0
    price_range: tuple[int, int] | None = None

    @property
    def id(self) -> str:
        return id_of("product", f"{self.brand.name}/{self.name}")

    @property
    def url(self) -> str:
        return f"https://www.ongoody.com/browse/brands/{_slug(self.brand.name)}/{_slug(self.name)}"


_COOKIES = Brand("Cookie Company", shipping_cents=1000)
_TEA = Brand("Juniper Tea House", shipping_cents=600, free_shipping_from_cents=6000)
_PLANTS = Brand("Fern & Finch", shipping_cents=1200)
_LEATHER = Brand("Oakline Goods", shipping_cents=800)
_FLEX = Brand("Goody Flex", shipping_cents=0)

PRODUCTS = (
    Product("Cookies", _COOKIES, 1000),
    Product("Six Cookies", _COOKIES, 2400, ("Chocolate Chip", "Oatmeal", "Sugar"), selectable=3),
    Product("Evening Tea Sampler", _TEA, 3200),
    Product("Stoneware Teapot", _TEA, 6800, ("Slate", "Cream"), selectable=1),
    Product("Desk Fern", _PLANTS, 4500),
    Product("Succulent Trio", _PLANTS, 3900),
    Product("Leather Notebook", _LEATHER, 5200, ("Tan", "Black"), selectable=1),
    Product("Card Wallet", _LEATHER, 4800),
    Product("Gift of Choice", _FLEX, 5000, price_range=(1000, 50000)),
)

PAYMENT_CARD_ID = id_of("payment_method", "Visa 1234")
PAYMENT_BALANCE_ID = id_of("payment_method", "Account Balance")
PAYMENT_METHODS: tuple[Json, ...] = (
    {"id": PAYMENT_CARD_ID, "name": "Visa 1234", "cardholder_name": "Robin Ashgrove"},
    {"id": PAYMENT_BALANCE_ID, "name": "Account Balance", "balance": 250_000},
)

WORKSPACES: tuple[Json, ...] = tuple(
    {"id": id_of("workspace", name), "name": name} for name in ("People Team", "Sales")
)

CARDS: tuple[Json, ...] = tuple(
    {
        "id": id_of("card", name),
        "image": {"url": f"{_NAMES}/cards/{_number}.png?format=png", "width": 800, "height": 1130},
        "image_thumb": {"url": f"{_NAMES}/cards/{_number}.png?width=200&format=png", "width": 200, "height": 283},
        "occasions": list(occasions),
    }
    for _number, (name, occasions) in enumerate(
        (("Thank You", ("Thank You",)), ("Congratulations", ("Congratulations", "Onboarding")), ("Plain", ()))
    )
)


def find_product(*, product_id: str | None = None, url: str | None = None, name: str | None = None) -> Product | None:
    """By id, else by the product page's address, else by name without regard to case."""
    for product in PRODUCTS:
        if product.id == product_id or (url is not None and product.url == url.rstrip("/")):
            return product
        if name is not None and product.name.casefold() == name.casefold():
            return product
    return None


def product_json(product: Product, updated_at: str) -> Json:
    minimum, maximum = product.price_range or (None, None)
    return {
        "id": product.id,
        "name": product.name,
        "brand": _brand_json(product.brand),
        "subtitle": None,
        "subtitle_short": None,
        "recipient_description": "",
        "variants_label": "option" if product.variants else None,
        "variants_num_selectable": product.selectable or None,
        "variants": [
            {"id": id_of("variant", f"{product.id}/{name}"), "name": name, "subtitle": None, "image_large": None}
            for name in product.variants
        ],
        "variant_groups": [],
        "images": [],
        "price": product.price_cents,
        "price_is_variable": product.price_range is not None,
        "price_min": minimum,
        "price_max": maximum,
        "restricted_states": [],
        "attributes": [],
        "updated_at": updated_at,
        "status": "active",
    }


def _brand_json(brand: Brand) -> Json:
    return {
        "id": brand.id,
        "name": brand.name,
        "logo_image": None,
        "shipping_price": brand.shipping_cents,
        "free_shipping_minimum": brand.free_shipping_from_cents,
        "brand_values": [],
    }


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
