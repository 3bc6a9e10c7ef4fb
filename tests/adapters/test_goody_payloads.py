"""Goody's JSON as documented, as its older pages spell it, and as a hostile or careless sender might write it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.goody.payloads import read_batch, read_changed_order, read_order, read_page, read_recipient
from app.core.orders import Order, OrderItem, OrderStage, Person, Shipment
from app.errors import PayloadError

OPENAPI = Path(__file__).parents[2].parent / "shared/facts/goody-openapi.json"
needs_openapi = pytest.mark.skipif(not OPENAPI.exists(), reason=f"Goody's OpenAPI file is not at {OPENAPI}")

ORDER: dict[str, Any] = {
    "id": "2bcc47f6-bea1-4ac6-a103-0c686b075c21",
    "status": "shipped",
    "individual_gift_link": "https://gifts.example.com/gift/WXN0",
    "recipient_first_name": "Alena",
    "recipient_last_name": " Kenter ",
    "recipient_email": " Alena@Example.COM ",
    "order_batch_id": "fc6fb6d4-2917-48f3-9ef3-3c0fad91bb5b",
    "expires_at": "2026-07-01T00:00:00+02:00",
    "cart": {
        "id": "c",
        "items": [
            {"id": "i", "quantity": 2, "product": {"id": "p", "name": "Cookies", "brand": {"id": "b", "name": "Crumb"}}}
        ],
    },
    "shipments": [
        {
            "id": "s",
            "status": "tracking",
            "brand_name": "Crumb",
            "tracking_carrier": "UPS",
            "shipped_at": "2026-06-05T10:00:00Z",
            "delivered_at": None,
            "delivery_eta": "2026-06-08T10:00:00",
        }
    ],
    "amounts": {"amount_product": 2000, "amount_shipping": 500, "amount_pre_tax_total": 2500, "amount_total": 2700},
    "sender": {"first_name": "Test", "last_name": "User", "email": "test@example.com"},
    "reference_id": "QGIMV1BPGSJ3DA58T4MACS03",
    "event_times": {"created_at": "2026-06-03T12:25:15Z", "accepted_at": "2026-06-04T08:00:00Z", "paid_at": None},
}


def order_with(**changes: Any) -> Order:
    return read_order({**ORDER, **changes})


def order_without(*names: str) -> Order:
    return read_order({name: value for name, value in ORDER.items() if name not in names})


def examples(path: str, method: str) -> Iterator[Any]:
    responses = json.loads(OPENAPI.read_text())["paths"][path][method]["responses"]
    for code, response in responses.items():
        if code.startswith("2"):
            for content in response["content"].values():
                for example in content["examples"].values():
                    yield example["value"]


def test_an_order_is_read_whole():
    assert read_order(ORDER) == Order(
        destination="goody",
        external_id="2bcc47f6-bea1-4ac6-a103-0c686b075c21",
        reference_id="QGIMV1BPGSJ3DA58T4MACS03",
        status="shipped",
        stage=OrderStage.SHIPPED,
        recipient=Person("Alena", "Kenter", "alena@example.com"),
        sender=Person("Test", "User", "test@example.com"),
        items=(OrderItem("Cookies", "Crumb", 2),),
        shipments=(
            Shipment(
                "tracking", "UPS", datetime(2026, 6, 5, 10, tzinfo=UTC), None, datetime(2026, 6, 8, 10, tzinfo=UTC)
            ),
        ),
        amount_cents=2700,
        placed_at=datetime(2026, 6, 3, 12, 25, 15, tzinfo=UTC),
        accepted_at=datetime(2026, 6, 4, 8, tzinfo=UTC),
        expires_at=datetime(2026, 6, 30, 22, tzinfo=UTC),
        batch_id="fc6fb6d4-2917-48f3-9ef3-3c0fad91bb5b",
        gift_link="https://gifts.example.com/gift/WXN0",
    )


@needs_openapi
def test_every_order_of_the_documents_examples_is_read():
    single = [
        *examples("/v1/orders/{id}", "get"),
        *examples("/v1/orders/{id}/cancel", "post"),
        *examples("/v1/orders/{id}/update_expiration", "post"),
    ]
    listed = [
        row
        for path in ("/v1/orders", "/v1/order_batches/{id}/orders")
        for page in examples(path, "get")
        for row in read_page(page).rows
    ]
    changed = [row for page in examples("/v1/order_activities", "get") for row in read_page(page).rows]
    batches = [row for page in examples("/v1/order_batches", "get") for row in read_page(page).rows]
    batches += [*examples("/v1/order_batches/{id}", "get"), *examples("/v1/order_batches", "post")]
    listed += [row for batch in batches for row in batch["orders_preview"]]
    orders = [read_order(body) for body in single + listed] + [read_changed_order(row) for row in changed]
    assert len(single) >= 4
    assert len(listed) >= 4
    assert len(changed) >= 1
    for order, body in zip(orders, [*single, *listed, *(row["order"] for row in changed)], strict=True):
        assert order.external_id == body["id"]
        assert order.stage is not OrderStage.UNKNOWN
        assert order.items
        assert order.amount_cents is not None
        assert order.gift_link == body["individual_gift_link"]
        assert order.batch_id == body["order_batch_id"]
        assert order.reference_id == body["reference_id"]
        assert (order.placed_at is None) is ("event_times" not in body)


@needs_openapi
def test_every_batch_and_recipient_of_the_documents_examples_is_read():
    rows = [row for page in examples("/v1/order_batches", "get") for row in read_page(page).rows]
    rows += [*examples("/v1/order_batches/{id}", "get"), *examples("/v1/order_batches", "post")]
    assert len(rows) >= 4
    for row in rows:
        batch = read_batch(row).batch
        assert batch.external_id == row["id"]
        assert batch.send_status in {"pending", "complete"}
        assert len(batch.recipients) == len(row["recipients_preview"])
        assert (batch.scheduled_at is None) is (row["scheduled_send_on"] is None)
    for page in examples("/v1/order_batches/{id}/recipients", "get"):
        assert all(read_recipient(row).email for row in read_page(page).rows)


@needs_openapi
def test_every_status_word_of_the_documents_has_a_stage():
    words = json.loads(OPENAPI.read_text())["components"]["schemas"]["OrderStatus"]["enum"]
    assert len(words) == 11
    assert OrderStage.UNKNOWN not in {order_with(status=word).stage for word in words}


STAGES = {
    OrderStage.OPEN: ["created", "notified", "opened", " Opened "],
    OrderStage.ACCEPTED: ["accepted", "pending_payment", "paid", "ordered"],
    OrderStage.SHIPPED: ["shipped"],
    OrderStage.DELIVERED: ["delivered"],
    OrderStage.CANCELLED: ["failed", "canceled"],
    OrderStage.UNKNOWN: ["pending_user_approval", "refunded", "", "完了"],
}


@pytest.mark.parametrize(("stage", "word"), [(stage, word) for stage, words in STAGES.items() for word in words])
def test_a_status_word_leads_to_its_stage_and_is_kept_as_sent(stage, word):
    order = order_with(status=word)
    assert order.stage is stage
    assert order.status == word


def test_the_least_that_makes_an_order_is_its_id_and_status():
    order = read_order({"id": "o-1", "status": "created"})
    assert order == Order("goody", "o-1", "", "created", OrderStage.OPEN, Person(), Person())


def test_null_and_absent_are_one_thing():
    optional = set(ORDER) - {"id", "status"}
    assert order_with(**dict.fromkeys(optional)) == order_without(*optional)


def test_unknown_keys_change_nothing():
    body = deepcopy(ORDER)
    body["refund"] = {"status": 1}
    body["amounts"]["amount_new"] = "x"
    assert read_order(body) == read_order(ORDER)


def test_the_amount_before_tax_stands_in_until_there_is_a_total():
    assert order_with(amounts={"amount_pre_tax_total": 2500, "amount_total": None}).amount_cents == 2500
    assert order_with(amounts={"amount_pre_tax_total": 2500, "amount_total": 0}).amount_cents == 0
    assert order_with(amounts={}).amount_cents is None


@pytest.mark.parametrize("key", ["individual_gift_link", "individual_gift_link_shared", "individual_order_link"])
def test_the_gift_link_is_found_under_each_of_its_names(key):
    body = {name: value for name, value in ORDER.items() if name != "individual_gift_link"}
    assert read_order({**body, key: "https://g/1"}).gift_link == "https://g/1"


def test_the_older_name_of_the_batch_id_is_understood():
    body = {name: value for name, value in ORDER.items() if name != "order_batch_id"}
    assert read_order({**body, "gift_batch_id": "b-1"}).batch_id == "b-1"


def test_a_cart_line_without_a_product_or_a_name_is_left_out():
    lines = [{"product": None}, {"product": {"name": None}}, {"product": {"name": "Tea", "brand": None}}]
    assert order_with(cart={"items": lines}).items == (OrderItem("Tea", None, 1),)


def test_text_that_postgres_cannot_store_is_replaced():
    order = order_with(status="new\x00", recipient_first_name="Al\x00\ud800ena", reference_id="\udfffA")
    assert order.status == "new\ufffd"
    assert order.recipient.first_name == "Al\ufffd\ufffdena"
    assert order.reference_id == "\ufffdA"


def test_a_blank_name_is_no_name_and_an_odd_address_is_kept_in_lower_case():
    order = order_with(recipient_first_name=" ", recipient_email="Not An Address", sender={"email": "a" * 400})
    assert order.recipient == Person(None, "Kenter", "not an address")
    assert order.sender == Person()


WRONG = {
    "body": [None, [], "order", 1],
    "id": [{"id": None}, {"id": 7}, {"id": ""}, {"id": "../x"}, {"id": "a?b"}, {"id": "a\n"}, {"id": "a" * 101}],
    "status": [{"status": None}, {"status": 1}],
    "expires_at": [{"expires_at": "soon"}, {"expires_at": ["2026"]}, {"expires_at": "9999-12-31T23:59:59-14:00"}],
    "amounts.amount_total": [{"amounts": {"amount_total": 10**30}}, {"amounts": {"amount_total": "much"}}],
    "cart.items.0.quantity": [{"cart": {"items": [{"quantity": 1.5}]}}],
    "shipments": [{"shipments": {}}],
    "recipient_first_name": [{"recipient_first_name": ["Alena"]}],
}


@pytest.mark.parametrize(
    ("field", "change"), [(field, change) for field, changes in WRONG.items() for change in changes]
)
def test_what_is_no_order_is_told_by_its_field_and_without_its_value(field, change):
    body = {**ORDER, **change} if isinstance(change, dict) else change
    with pytest.raises(PayloadError) as caught:
        read_order(body)
    assert caught.value.field == field
    assert "Alena" not in str(caught.value)


def test_a_row_of_the_activities_feed_without_an_order_is_told():
    with pytest.raises(PayloadError, match="order: missing"):
        read_changed_order({"id": "a", "order_status": "opened"})


def test_a_batch_says_whether_its_row_shows_all_recipients():
    row = {"id": "b-1", "send_status": "pending", "customer_reference_id": "c-1", "recipients_count": 2}
    shown = [{"first_name": "Alice", "last_name": None, "email": "ALICE@example.com"}]
    few, all_of_them = (read_batch({**row, "recipients_preview": shown * times}) for times in (1, 2))
    assert few.batch.recipients == (Person("Alice", None, "alice@example.com"),)
    assert not few.shows_all_recipients
    assert all_of_them.shows_all_recipients
    assert not read_batch({"id": "b-1", "recipients_preview": shown}).shows_all_recipients


def test_a_list_may_lack_its_count_but_not_its_rows():
    assert read_page({"data": [1], "list_meta": {"total_count": 9}}).total_count == 9
    assert read_page({"data": []}).total_count is None
    with pytest.raises(PayloadError, match="data"):
        read_page({"list_meta": {"total_count": 9}})
    with pytest.raises(PayloadError, match="body"):
        read_page([])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(exclude_categories=())),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(ORDER)) | st.text(), inner, max_size=5)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(ORDER)), JSON, max_size=4), st.booleans())
def test_whatever_json_comes_it_is_an_order_that_can_be_stored_or_a_payload_error(changes, is_changed_alone):
    body = changes if is_changed_alone else {**ORDER, **changes}
    try:
        order = read_order(body)
    except PayloadError:
        return
    text = repr(order).encode()
    assert b"\\x00" not in text
