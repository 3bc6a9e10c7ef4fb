"""What every destination must do behind the port Commerce, over real HTTP against its vendor's twin.

A new adapter joins by a shop of its own: the same few things that a test lets happen at its vendor.
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx
import pytest

from app.adapters.goody.client import Goody
from app.core.actions import ActionKind
from app.core.orders import OrderStage, Person
from app.errors import (
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
)
from app.ports.commerce import Commerce
from app.sandbox.goody import create_goody_twin
from tests.serving import serving

KEY = "call-1:7"


class Shop(Protocol):
    """A vendor's twin, and what can be made to happen there. Ids and words are the vendor's own."""

    name: str
    change_feed_path: str

    def commerce(self, *, key_is_right: bool = True) -> Commerce: ...
    def reset(self, orders: int = 0) -> None: ...
    def place(self, **fields: Any) -> str: ...
    def accept(self, order_id: str) -> None: ...
    def send_batch(self, emails: list[str]) -> str: ...
    def fail(self, kind: str, path: str, **fields: Any) -> None: ...
    def writes(self) -> list[dict[str, Any]]: ...


class GoodyShop:
    name = "goody"
    change_feed_path = "order_activities"

    def __init__(self, base_url: str, http: httpx.Client) -> None:
        self._base_url = base_url
        self._http = http

    def commerce(self, *, key_is_right: bool = True) -> Commerce:
        return Goody(self._base_url, api_key="right-key" if key_is_right else "wrong-key", timeout_seconds=2.0)

    def reset(self, orders: int = 0) -> None:
        self._post("/_twin/reset", {"orders": orders})

    def place(self, **fields: Any) -> str:
        return str(self._post("/_twin/orders", {"recipient_first_name": "Alena", **fields})["id"])

    def accept(self, order_id: str) -> None:
        self._post(f"/_twin/orders/{order_id}/advance", {"to": "accepted"})

    def send_batch(self, emails: list[str]) -> str:
        product = self._get("/v1/products")["data"][0]
        body = {
            "from_name": "John",
            "recipients": [{"first_name": "Ann", "email": email} for email in emails],
            "cart": {"items": [{"product_id": product["id"], "quantity": 1}]},
            "send_method": "link_multiple_custom_list",
            "customer_reference_id": "call-9",
        }
        return str(self._post("/v1/order_batches", body)["id"])

    def fail(self, kind: str, path: str, **fields: Any) -> None:
        self._post("/_twin/faults", [{"kind": kind, "match": {"path": path}, **fields}])

    def writes(self) -> list[dict[str, Any]]:
        return [entry for entry in self._get("/_twin/ledger")["data"] if entry["order_id"]]

    def _post(self, path: str, body: object) -> Any:
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def _get(self, path: str) -> Any:
        response = self._http.get(path)
        assert response.is_success, response.text
        return response.json()


@contextmanager
def running_goody() -> Iterator[Shop]:
    twin = create_goody_twin(api_key="right-key", webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {"Authorization": "Bearer right-key"}
    with serving(twin) as url, httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=10) as http:
        yield GoodyShop(url, http)


SHOPS = {"goody": running_goody}


@pytest.fixture(scope="module", params=SHOPS)
def running_shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with SHOPS[request.param]() as shop:
        yield shop


@pytest.fixture
def shop(running_shop: Shop) -> Shop:
    running_shop.reset()
    return running_shop


@pytest.fixture
async def commerce(shop: Shop) -> AsyncIterator[Commerce]:
    commerce = shop.commerce()
    yield commerce
    await commerce.close()


def test_it_has_its_vendors_name_and_can_at_least_tell_an_orders_status(shop, commerce):
    assert commerce.name == shop.name
    assert ActionKind.ORDER_STATUS in commerce.abilities


async def test_an_order_is_read_as_it_was_placed(shop, commerce):
    before = datetime.now(UTC).replace(microsecond=0)
    sender = {"first_name": "Robin", "last_name": "Ash", "email": "Robin@Example.com"}
    order_id = shop.place(recipient_last_name="Kenter", recipient_email="ALENA@example.com", sender=sender)
    order = await commerce.read_order(order_id)
    assert order.destination == shop.name
    assert order.external_id == order_id
    assert order.stage is OrderStage.OPEN
    assert order.recipient == Person("Alena", "Kenter", "alena@example.com")
    assert order.sender == Person("Robin", "Ash", "robin@example.com")
    assert order.reference_id
    assert order.items
    assert order.amount_cents is not None
    assert order.placed_at is not None
    assert before <= order.placed_at <= datetime.now(UTC)


STAGES = {
    "created": "open",
    "accepted": "accepted",
    "shipped": "shipped",
    "delivered": "delivered",
    "failed": "cancelled",
}


@pytest.mark.parametrize("status", STAGES)
async def test_an_order_is_read_at_its_stage(shop, commerce, status):
    assert (await commerce.read_order(shop.place(status=status))).stage == STAGES[status]


HOSTILE_IDS = ["", ".", "..", "../orders", "a/b", "a?b=c", "a#b", "a%2Fb", "%2e%2e", "a b", "a\r\nb", "é", "a" * 500]


@pytest.mark.parametrize("order_id", ["9b6c7a52-0000-4000-8000-000000000000", *HOSTILE_IDS])
async def test_an_order_that_is_not_there_is_missing_for_reads_and_writes(shop, commerce, order_id):
    with pytest.raises(DestinationMissingError):
        await commerce.read_order(order_id)
    with pytest.raises(DestinationMissingError):
        await commerce.cancel_order(order_id, idempotency_key=KEY)
    with pytest.raises(DestinationMissingError):
        await commerce.extend_expiration(order_id, datetime.now(UTC), idempotency_key=KEY)
    assert {entry["order_id"] for entry in shop.writes()} <= {order_id}
    assert len(shop.writes()) == (0 if order_id in HOSTILE_IDS else 2)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
async def test_all_orders_are_listed_once(shop, commerce, count):
    shop.reset(orders=count)
    listed = [order.external_id async for order in commerce.list_orders(placed_after=None)]
    assert len(listed) == len(set(listed)) == count


async def test_orders_placed_since_a_time_are_listed_with_those_of_that_very_time(shop, commerce):
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    shop.place(created_at=(noon - timedelta(seconds=1)).isoformat())
    wanted = {shop.place(created_at=(noon + timedelta(hours=hours)).isoformat()) for hours in (0, 1)}
    local_noon = noon.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    assert {order.external_id async for order in commerce.list_orders(placed_after=local_noon)} == wanted


async def test_orders_placed_while_the_list_is_read_neither_hide_nor_double_others(shop, commerce):
    shop.reset(orders=250)
    known = {order.external_id async for order in commerce.list_orders(placed_after=None)}
    listed = []
    async for order in commerce.list_orders(placed_after=None):
        listed.append(order.external_id)
        if len(listed) in {1, 100, 120}:
            shop.place()
    assert known <= set(listed)
    assert len(listed) == len(set(listed))


async def test_changed_orders_are_told_once_in_their_present_state(shop, commerce):
    shop.place(created_at="2026-01-01T00:00:00+00:00")
    since = datetime.now(UTC).replace(microsecond=0)
    order_id = shop.place()
    shop.accept(order_id)
    await commerce.cancel_order(shop.place(), idempotency_key=KEY)
    changed = [order async for order in commerce.list_changed_orders(after=since)]
    assert len(changed) == 2
    assert {order.external_id: order.stage for order in changed}[order_id] is OrderStage.ACCEPTED


async def test_a_vendor_without_a_change_feed_says_so(shop, commerce):
    shop.fail("status", shop.change_feed_path, status=404, error="Not found")
    with pytest.raises(DestinationMissingError):
        [order async for order in commerce.list_changed_orders(after=datetime.now(UTC))]


@pytest.mark.parametrize("count", [1, 10, 11, 130])
async def test_a_batch_is_listed_with_all_its_recipients(shop, commerce, count):
    emails = [f"ann{number}@example.com" for number in range(count)]
    batch_id = shop.send_batch(emails)
    [batch] = [batch async for batch in commerce.list_batches()]
    assert batch.external_id == batch_id
    assert batch.destination == shop.name
    assert batch.customer_reference_id == "call-9"
    assert [person.email for person in batch.recipients] == emails


async def test_an_open_order_is_cancelled_by_one_write_with_its_key(shop, commerce):
    order_id = shop.place()
    order = await commerce.cancel_order(order_id, idempotency_key=KEY)
    assert order.external_id == order_id
    assert order.stage is OrderStage.CANCELLED
    assert (await commerce.read_order(order_id)).stage is OrderStage.CANCELLED
    [write] = shop.writes()
    assert write["idempotency_key"] == KEY


async def test_an_expiry_is_moved_to_the_very_time(shop, commerce):
    order_id = shop.place()
    expires_at = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert (await commerce.extend_expiration(order_id, expires_at, idempotency_key=KEY)).expires_at == expires_at
    assert (await commerce.read_order(order_id)).expires_at == expires_at


async def test_what_comes_too_late_is_refused_and_changes_nothing(shop, commerce):
    order_id = shop.place(status="accepted")
    with pytest.raises(DestinationRefusedError):
        await commerce.cancel_order(order_id, idempotency_key=KEY)
    assert (await commerce.read_order(order_id)).stage is OrderStage.ACCEPTED


# What goes wrong, and whether the vendor acted all the same.
DOUBTS = {
    "the answer is lost": ({"kind": "answer_lost"}, True),
    "the connection is cut before": ({"kind": "close"}, False),
    "an error after the act": ({"kind": "status_after", "status": 500}, True),
    "an error instead of the act": ({"kind": "status", "status": 503}, False),
    "the answer comes too late": ({"kind": "latency", "ms": 2500}, True),
}


@pytest.mark.parametrize("case", DOUBTS)
async def test_a_write_in_doubt_is_unknown_sent_once_and_settled_by_a_read(shop, commerce, case):
    fault, acted = DOUBTS[case]
    order_id = shop.place()
    shop.fail(path="/cancel$", **fault)
    with pytest.raises(DestinationUnknownError):
        await commerce.cancel_order(order_id, idempotency_key=KEY)
    assert len(shop.writes()) == 1
    deadline = time.monotonic() + 3
    while acted and (await commerce.read_order(order_id)).stage is OrderStage.OPEN:
        assert time.monotonic() < deadline
    assert (await commerce.read_order(order_id)).stage is (OrderStage.CANCELLED if acted else OrderStage.OPEN)


async def test_a_vendor_that_is_asked_too_often_says_when_to_come_back(shop, commerce):
    order_id = shop.place()
    shop.fail("status", "/cancel$", status=429, retry_after=30)
    with pytest.raises(DestinationUnavailableError) as caught:
        await commerce.cancel_order(order_id, idempotency_key=KEY)
    assert caught.value.retry_after_seconds == 30
    assert len(shop.writes()) == 1


async def test_a_read_outlives_short_trouble_and_tells_of_longer(shop, commerce):
    order_id = shop.place()
    shop.fail("status", "/v1/orders/", status=502, times=1)
    shop.fail("close", "/v1/orders/", times=1)
    assert (await commerce.read_order(order_id)).external_id == order_id
    shop.fail("status", "/v1/", status=500)
    with pytest.raises(DestinationUnavailableError):
        await commerce.read_order(order_id)
    with pytest.raises(DestinationUnavailableError):
        [order async for order in commerce.list_orders(placed_after=None)]
    with pytest.raises(DestinationUnavailableError):
        [batch async for batch in commerce.list_batches()]


async def test_a_read_is_never_refused_for_good(shop, commerce):
    order_id = shop.place()
    shop.fail("status", "/v1/", status=400, error="Page must be greater than 0")
    with pytest.raises(DestinationUnavailableError):
        await commerce.read_order(order_id)
    with pytest.raises(DestinationUnavailableError):
        [order async for order in commerce.list_orders(placed_after=None)]


async def test_a_wrong_key_is_trouble_of_ours_and_no_answer_about_the_order(shop):
    order_id = shop.place()
    stranger = shop.commerce(key_is_right=False)
    with pytest.raises(DestinationUnavailableError, match="key") as read:
        await stranger.read_order(order_id)
    with pytest.raises(DestinationUnavailableError, match="key"):
        await stranger.cancel_order(order_id, idempotency_key=KEY)
    await stranger.close()
    assert "wrong-key" not in str(read.value)


async def test_a_vendor_that_is_gone_did_nothing():
    with running_goody() as gone:
        commerce = gone.commerce()
    with pytest.raises(DestinationUnavailableError):
        await commerce.read_order("o-1")
    with pytest.raises(DestinationUnavailableError):
        await commerce.cancel_order("o-1", idempotency_key=KEY)
    await commerce.close()
