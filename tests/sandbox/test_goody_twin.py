"""The Goody twin over real HTTP: orders, what may be done to them and when, and how they are listed."""

import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from goody_twin_server import API_KEY, WEBHOOK_SECRET, MovableClock, running_twin, wait_until

from app.sandbox.goody import create_goody_twin
from app.sandbox.goody_seed import seed_orders

OPEN_STATUSES = ("created", "notified", "opened")
LATE_STATUSES = ("accepted", "pending_payment", "paid", "ordered", "shipped", "delivered")
CANCELLED_STATUSES = ("failed", "canceled")


@pytest.fixture(scope="module")
def server():
    with running_twin() as twin:
        yield twin


@pytest.fixture
def twin(server):
    return server.fresh()


# Who may ask, and what is there


@pytest.mark.parametrize("path", ["/v1/me", "/v1/orders", "/v1/order_batches", "/v1/products"])
@pytest.mark.parametrize("key", [None, "Bearer wrong", API_KEY])
def test_a_request_without_the_right_bearer_key_is_unauthorized(twin, path, key):
    headers = {} if key is None else {"authorization": key}
    response = httpx.get(f"{twin.http.base_url}{path}", headers=headers, trust_env=False)
    assert (response.status_code, response.json()) == (401, {"error": "Unauthorized"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/contacts"), ("POST", "/v1/orders/x/refund"), ("PATCH", "/v1/orders/x"), ("GET", "/v1/webhooks")],
)
def test_what_the_vendor_does_not_have_is_not_found(twin, method, path):
    response = twin.http.request(method, path)
    assert response.status_code == 404
    assert list(response.json()) == ["error"]


# Cancel


@pytest.mark.parametrize("status", OPEN_STATUSES)
def test_an_order_that_is_not_accepted_is_cancelled_and_reads_failed(twin, status):
    order = twin.order(status=status)
    assert twin.post(f"/v1/orders/{order['id']}/cancel")["status"] == "failed"
    assert twin.get(f"/v1/orders/{order['id']}")["status"] == "failed"


@pytest.mark.parametrize("status", [*LATE_STATUSES, *CANCELLED_STATUSES])
def test_an_order_that_is_accepted_or_cancelled_refuses_a_cancel_and_stays_as_it_is(twin, status):
    order = twin.order(status=status)
    response = twin.http.post(f"/v1/orders/{order['id']}/cancel")
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert twin.get(f"/v1/orders/{order['id']}")["status"] == status


def test_a_second_cancel_is_refused(twin):
    path = f"/v1/orders/{twin.order()['id']}/cancel"
    assert [twin.http.post(path).status_code for _ in range(2)] == [200, 400]


def test_somebody_who_cancels_at_the_web_page_can_leave_the_other_word(twin):
    order = twin.order()
    assert twin.post(f"/_twin/orders/{order['id']}/cancel", {"status": "canceled"})["status"] == "canceled"
    assert twin.data("/_twin/ledger") == []


@pytest.mark.parametrize("action", ["", "/cancel", "/update_expiration"])
def test_an_unknown_order_is_not_found(twin, action):
    method = "POST" if action else "GET"
    response = twin.http.request(method, f"/v1/orders/6f1a{action}", json={"expiration": "2030-01-01T00:00:00Z"})
    assert (response.status_code, response.json()) == (404, {"error": "Order not found"})


# Expiration


@pytest.mark.parametrize("status", OPEN_STATUSES)
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2027-02-01T00:00:00+0000", "2027-02-01T00:00:00Z"),
        ("2027-02-01T00:00:00-05:00", "2027-02-01T05:00:00Z"),
        ("2027-02-01T08:30:00", "2027-02-01T08:30:00Z"),
        ("2022-02-01T00:00:00Z", "2022-02-01T00:00:00Z"),
    ],
)
def test_the_expiry_of_an_unaccepted_order_moves_and_is_written_in_utc(twin, status, sent, kept):
    order = twin.order(status=status)
    assert twin.post(f"/v1/orders/{order['id']}/update_expiration", {"expiration": sent})["expires_at"] == kept
    assert twin.get(f"/v1/orders/{order['id']}")["expires_at"] == kept


@pytest.mark.parametrize("status", [*LATE_STATUSES, *CANCELLED_STATUSES])
def test_the_expiry_of_an_accepted_or_cancelled_order_does_not_move(twin, status):
    order = twin.order(status=status, expires_at="2027-01-01T00:00:00Z")
    body = {"expiration": "2027-02-01T00:00:00Z"}
    assert twin.http.post(f"/v1/orders/{order['id']}/update_expiration", json=body).status_code == 400
    assert twin.get(f"/v1/orders/{order['id']}")["expires_at"] == "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "body", [{}, {"expires_at": "2027-02-01T00:00:00Z"}, {"expiration": "soon"}, {"expiration": None}]
)
def test_an_expiration_that_cannot_be_read_is_refused(twin, body):
    assert twin.http.post(f"/v1/orders/{twin.order()['id']}/update_expiration", json=body).status_code == 400


# The lifecycle


def test_an_order_walks_through_every_status_on_the_way_and_keeps_the_times(twin):
    order = twin.order()
    twin.post(f"/_twin/orders/{order['id']}/advance", {"to": "delivered"})
    read = twin.get(f"/v1/orders/{order['id']}")
    never = {name for name, at in read["event_times"].items() if at is None}
    assert (read["status"], never) == ("delivered", {"thank_you_added_at"})
    assert [shipment["status"] for shipment in read["shipments"]] == ["delivered"]
    assert read["amounts"]["amount_total"] == read["amounts"]["amount_pre_tax_total"] + read["amounts"]["amount_tax"]
    statuses = [row["order_status"] for row in twin.data("/v1/order_activities")]
    assert statuses == ["delivered", "shipped", "ordered", "paid", "pending_payment", "opened", "created"]


def test_an_order_does_not_walk_back(twin):
    order = twin.order(status="paid")
    assert twin.http.post(f"/_twin/orders/{order['id']}/advance", json={"to": "opened"}).status_code == 409


def test_a_refund_keeps_the_status_and_happens_once(twin):
    order = twin.order(status="shipped")
    assert twin.post(f"/_twin/orders/{order['id']}/refund")["status"] == "shipped"
    assert twin.http.post(f"/_twin/orders/{order['id']}/refund").status_code == 409


@pytest.mark.parametrize(
    ("name", "status"), [("[shipped]", "shipped"), ("[delivered]", "delivered"), ("[refunded]", "accepted")]
)
def test_a_magic_sender_name_carries_an_accepted_gift_on(twin, name, status):
    order = twin.order(from_name=name)
    assert twin.post(f"/_twin/orders/{order['id']}/advance", {"to": "accepted"})["status"] == status


def test_an_order_is_created_as_it_is_described(twin):
    order = twin.order(
        recipient_last_name="Müller",
        recipient_email="alena@mail.example.com",
        sender={"first_name": "Dana", "last_name": "Whitlock", "email": "dana@brightmoor.example.org"},
        products=[{"name": "desk fern", "quantity": 2}, {"name": "Kite", "brand": "Skyworks", "price": 1500}],
        reference_id="QGIMV1BPGSJ3DA58T4MACS03",
        created_at="2026-05-01T10:00:00Z",
        amounts={"amount_credit_applied": 500},
    )
    assert order == twin.get(f"/v1/orders/{order['id']}")
    assert [(item["product"]["name"], item["quantity"]) for item in order["cart"]["items"]] == [
        ("Desk Fern", 2),
        ("Kite", 1),
    ]
    assert order["amounts"]["amount_product"] == 2 * 4500 + 1500
    assert order["amounts"]["amount_credit_applied"] == 500
    assert (order["reference_id"], order["event_times"]["created_at"]) == (
        "QGIMV1BPGSJ3DA58T4MACS03",
        "2026-05-01T10:00:00Z",
    )
    assert order["sender"]["first_name"] == "Dana"


# Lists


def test_orders_are_listed_newest_first_and_page_by_page(twin):
    made = [twin.order(created_at=f"2026-05-{day:02}T00:00:00Z")["id"] for day in (3, 1, 5, 2, 4)]
    expected = [made[2], made[4], made[0], made[3], made[1]]
    pages = [twin.get("/v1/orders", page=page, per_page=2) for page in (1, 2, 3, 4)]
    assert [[row["id"] for row in page["data"]] for page in pages] == [expected[:2], expected[2:4], expected[4:], []]
    assert {page["list_meta"]["total_count"] for page in pages} == {5}


def test_a_page_has_twenty_rows_by_default_and_a_hundred_at_most(twin):
    twin.post("/_twin/reset", {"orders": 120})
    assert len(twin.data("/v1/orders")) == 20
    assert len(twin.data("/v1/orders", per_page=500)) == 100


def test_rows_of_a_list_have_no_event_times_and_a_single_order_has(twin):
    order = twin.order()
    assert "event_times" not in twin.data("/v1/orders")[0]
    assert "event_times" in twin.get(f"/v1/orders/{order['id']}")


@pytest.mark.parametrize("path", ["orders", "order_batches", "order_activities", "products", "cards"])
def test_page_zero_is_refused(twin, path):
    response = twin.http.get(f"/v1/{path}", params={"page": 0})
    assert (response.status_code, response.json()) == (400, {"error": "Page must be greater than 0"})


@pytest.mark.parametrize(
    ("after", "before", "days"),
    [
        ("2026-05-02T00:00:00Z", None, [3, 2]),
        (None, "2026-05-02T00:00:00Z", [2, 1]),
        ("2026-05-02T00:00:00Z", "2026-05-02T00:00:00Z", [2]),
        ("2026-05-02T02:00:00+02:00", "2026-05-02T00:00:00", [2]),
        ("2026-05-02T00:00:01Z", "2026-05-02T23:59:59Z", []),
    ],
)
def test_both_ends_of_a_time_filter_belong_to_it(twin, after, before, days):
    ids = {twin.order(created_at=f"2026-05-0{day}T00:00:00Z")["id"]: day for day in (1, 2, 3)}
    params = {"created_at[after]": after, "created_at[before]": before}
    rows = twin.data("/v1/orders", **{name: value for name, value in params.items() if value})
    assert [ids[row["id"]] for row in rows] == days
    activities = twin.data("/v1/order_activities", **{k: v for k, v in {"after": after, "before": before}.items() if v})
    assert [ids[row["order"]["id"]] for row in activities] == days


def test_activities_can_be_limited_to_statuses_and_show_the_order_as_it_is_now(twin):
    order = twin.order(status="shipped")
    rows = twin.data("/v1/order_activities", statuses="created,opened")
    assert [row["order_status"] for row in rows] == ["opened", "created"]
    assert {row["order"]["status"] for row in rows} == {"shipped"}
    assert {row["order"]["id"] for row in rows} == {order["id"]}


# Without a network, and seeded


async def test_the_twin_works_in_process_too():
    app = create_goody_twin(api_key=API_KEY, webhook_secret=WEBHOOK_SECRET)
    headers = {"authorization": f"Bearer {API_KEY}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://goody", headers=headers) as http:
        order = (await http.post("/_twin/orders", json={"recipient_first_name": "Zoë"})).json()
        await http.post("/_twin/faults", json=[{"kind": "answer_lost", "times": 1}])
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post(f"/v1/orders/{order['id']}/cancel")
        assert (await http.get(f"/v1/orders/{order['id']}")).json()["status"] == "failed"
    assert app.state.goody.get_order(order["id"]).status == "failed"


def test_the_twin_runs_as_a_command_of_its_own_with_its_books_filled():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    start = f"serve_goody_twin('127.0.0.1', {port}, '{API_KEY}', '{WEBHOOK_SECRET}', None, 7, 1)"
    code = f"from app.sandbox.goody import serve_goody_twin; {start}"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    headers = {"authorization": f"Bearer {API_KEY}"}
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False)

    def total():
        try:
            return http.get("/v1/orders").json()["list_meta"]["total_count"]
        except httpx.ConnectError:
            return 0

    try:
        wait_until(lambda: total() == 7, seconds=15)
    finally:
        http.close()
        process.terminate()
        process.wait(10)


def seeded(seed):
    clock = MovableClock()
    now = clock()
    app = create_goody_twin(api_key=API_KEY, webhook_secret=WEBHOOK_SECRET, clock=lambda: now, seed=seed)
    return seed_orders(app.state.goody, 50)


def test_seeded_gifts_are_the_same_for_the_same_seed_and_of_every_kind():
    orders, again, others = seeded(1), seeded(1), seeded(2)
    names = [
        [(order.id, order.reference_id, order.status, order.recipient) for order in made]
        for made in (orders, again, others)
    ]
    assert len(orders) == 50
    assert names[0] == names[1] != names[2]
    assert {order.status for order in seeded(1)} >= {"created", "notified", "opened", "shipped", "delivered", "failed"}
    assert all(re.search(r"example\.(com|org)$", order.recipient.email) for order in orders if order.recipient.email)
    assert all(at <= datetime.now(UTC) for order in orders for at in order.event_times.values())
