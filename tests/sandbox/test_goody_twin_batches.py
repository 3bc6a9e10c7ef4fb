"""The Goody twin over real HTTP: batches are created at once, later or never, and priced."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from goody_twin_server import batch_body, running_twin, wait_until

from app.sandbox.goody_catalogue import CARDS, PAYMENT_BALANCE_ID, find_product


@pytest.fixture(scope="module")
def server():
    with running_twin() as twin:
        yield twin


@pytest.fixture
def twin(server):
    return server.fresh()


def test_a_batch_of_ten_is_complete_at_once(twin):
    batch = twin.post("/v1/order_batches", batch_body(10, customer_reference_id="call-1"))
    assert (batch["send_status"], batch["orders_count"], len(batch["orders_preview"])) == ("complete", 10, 10)
    assert batch["customer_reference_id"] == "call-1"
    assert re.fullmatch(r"[A-Z0-9]{24}", batch["reference_id"])
    orders = twin.data(f"/v1/order_batches/{batch['id']}/orders")
    assert [order["recipient_email"] for order in orders] == [f"a{n}@mail.example.com" for n in range(10)]
    assert {order["order_batch_id"] for order in orders} == {batch["id"]}


def test_a_batch_of_eleven_is_pending_first_and_complete_later(twin):
    batch = twin.post("/v1/order_batches", batch_body(11))
    assert (batch["send_status"], batch["orders_count"], batch["orders_preview"]) == ("pending", 0, [])
    assert (batch["recipients_count"], len(batch["recipients_preview"])) == (11, 10)
    path = f"/v1/order_batches/{batch['id']}"
    wait_until(lambda: twin.get(path)["send_status"] == "complete")
    assert twin.get(f"{path}/orders", per_page=5)["list_meta"] == {"total_count": 11}
    assert len(twin.data(f"{path}/recipients", page=2, per_page=10)) == 1


def test_a_scheduled_batch_has_recipients_but_no_orders_until_its_time(twin):
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    batch = twin.post("/v1/order_batches", batch_body(2, scheduled_send_on=later))
    path = f"/v1/order_batches/{batch['id']}"
    assert (batch["send_status"], batch["is_scheduled_send"]) == ("pending", True)
    assert (twin.data(f"{path}/orders"), len(twin.data(f"{path}/recipients"))) == ([], 2)
    twin.clock.offset = timedelta(days=2, minutes=1)
    read = twin.get(path)
    assert (read["send_status"], read["is_scheduled_send"], read["orders_count"]) == ("complete", True, 2)


def test_a_second_batch_with_the_same_customer_reference_is_rejected(twin):
    first = twin.post("/v1/order_batches", batch_body(1, customer_reference_id="call-1"))
    response = twin.http.post("/v1/order_batches", json=batch_body(1, customer_reference_id="call-1"))
    assert response.status_code == 400
    assert [batch["id"] for batch in twin.data("/v1/order_batches")] == [first["id"]]
    twin.post("/v1/order_batches", batch_body(1))
    twin.post("/v1/order_batches", batch_body(1, customer_reference_id=None))
    assert len(twin.data("/v1/order_batches")) == 3


def test_of_twenty_creates_at_once_with_one_customer_reference_a_single_one_succeeds(twin):
    send = partial(twin.http.post, "/v1/order_batches", json=batch_body(2, customer_reference_id="call-1"))
    with ThreadPoolExecutor(20) as threads:
        codes = [future.result().status_code for future in [threads.submit(send) for _ in range(20)]]
    assert sorted(codes) == [201] + [400] * 19
    assert twin.get("/v1/orders")["list_meta"] == {"total_count": 2}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"recipients": []}, "Recipients can't be blank"),
        ({"recipients": [{"first_name": "Alena"}]}, "email"),
        ({"recipients": [{"email": "a@mail.example.com"}]}, "first name"),
        ({"from_name": ""}, "From name"),
        ({"send_method": "pigeon"}, "Send method"),
        ({"send_method": "direct_send"}, "mailing address"),
        ({"cart": {"items": []}}, "Cart"),
        ({"cart": {"items": [{"product_id": "invalid", "quantity": 1}]}}, "Product not found: invalid"),
        ({"cart": {"items": [{"product_id": find_product(name="Cookies").id, "quantity": 0}]}}, "Quantity"),
        (
            {"cart": {"items": [{"product_id": find_product(name="Gift of Choice").id, "quantity": 1}]}},
            "Variable price",
        ),
        ({"message": "Thank you!"}, "card"),
        ({"card_id": "x"}, "Card not found"),
        ({"payment_method_id": "x"}, "Payment method"),
        ({"payment_method_id": PAYMENT_BALANCE_ID}, "Expires at"),
        ({"workspace_id": "x"}, "Workspace"),
        ({"scheduled_send_on": "tomorrow"}, "Scheduled send on"),
        ({"swap": "often"}, "Swap"),
    ],
)
def test_a_batch_that_is_not_right_is_refused_and_leaves_nothing(twin, fields, says):
    response = twin.http.post("/v1/order_batches", json=batch_body(1, customer_reference_id="call-1", **fields))
    assert response.status_code == 400
    assert says.lower() in response.json()["error"].lower()
    assert twin.get("/v1/order_batches")["list_meta"] == {"total_count": 0}
    assert twin.post("/v1/order_batches", batch_body(1, customer_reference_id="call-1"))["send_status"] == "complete"


def test_a_direct_send_needs_as_many_variants_as_the_product_lets_choose(twin):
    address = {"address_1": "1 Main St", "city": "New York", "state": "NY", "postal_code": "10022", "country": "US"}
    item = {"product_id": find_product(name="Six Cookies").id, "quantity": 1, "variants": ["Sugar", "Oatmeal"]}
    body = batch_body(1, send_method="direct_send", cart={"items": [item]})
    body["recipients"][0]["mailing_address"] = address
    assert twin.http.post("/v1/order_batches", json=body).status_code == 400
    item["variants"].append("Sugar")
    assert twin.http.post("/v1/order_batches", json=body).status_code == 201


def test_a_product_can_be_named_by_its_page(twin):
    product = find_product(name="Desk Fern")
    body = batch_body(
        1, cart={"items": [{"product_url": product.url, "quantity": 1}]}, card_id=CARDS[0]["id"], message="Hi"
    )
    assert twin.post("/v1/order_batches", body)["cart"]["items"][0]["product"]["id"] == product.id


def test_prices_are_those_of_the_documents_examples(twin):
    body = batch_body(2, send_method="link_multiple_custom_list")
    price = twin.post("/v1/order_batches/price", {name: body[name] for name in ("recipients", "cart", "send_method")})
    assert price["cart_price"]["price_pre_tax"] == 2100
    assert price["total_price"] == {"recipients": 2, "est_group_total_low": 4200, "est_group_total_high": 4620}
    address = {"address_1": "140 E 55th St", "city": "New York", "state": "NY", "postal_code": "10022", "country": "US"}
    direct = {"recipients": [{"first_name": "Alena", "mailing_address": address}], "send_method": "direct_send"}
    price = twin.post("/v1/order_batches/price", {"cart": body["cart"], **direct})
    assert price["total_price"] == {"recipients": 1, "est_tax_calculated": 187, "est_total_calculated": 2287}
    assert twin.data("/_twin/ledger") == []


def test_no_answer_about_orders_carries_a_phone_or_an_address(twin):
    address = {"address_1": "1 Main St", "city": "New York", "state": "NY", "postal_code": "10022", "country": "US"}
    body = batch_body(1, send_method="direct_send")
    body["recipients"][0] |= {"phone": "+12025550143", "mailing_address": address}
    batch = twin.post("/v1/order_batches", body)
    texts = [twin.http.get(f"/v1/order_batches/{batch['id']}{path}").text for path in ("", "/orders", "/recipients")]
    texts += [json.dumps(batch), twin.http.get("/v1/orders").text]
    assert not [text for text in texts if "2025550143" in text or "Main St" in text]
