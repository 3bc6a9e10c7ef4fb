"""What is sent by Goody's client: batches under our key, prices, products, webhook endpoints; over HTTP, at the twin."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx
import pytest

from app.adapters.goody.client import Goody
from app.core.addresses import Address
from app.core.orders import Person
from app.core.sendings import Sending, SendingLine
from app.errors import DestinationRefusedError, DestinationUnavailableError, DestinationUnknownError
from app.sandbox.goody import create_goody_twin
from app.sandbox.goody_catalogue import find_product
from tests.serving import serving

KEY = "call-1:7"
COOKIES = find_product(name="Cookies")
GIFT = Sending("call-1", "Ada Byron", Person("Ada", "Byron", "ada@mail.example.com"), (SendingLine(COOKIES.id, 2),))
TO_HOME = replace(GIFT, address=Address("5 New Street", "Springfield", "IL", "62704"))


@pytest.fixture
def twin() -> Iterator[httpx.Client]:
    app = create_goody_twin(api_key="key", webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as http:
        yield http


@pytest.fixture
async def goody(twin: httpx.Client) -> AsyncIterator[Goody]:
    client = Goody(str(twin.base_url), api_key="key", timeout_seconds=5.0)
    yield client
    await client.close()


def trouble(twin: httpx.Client, kind: str, path: str, **fields: object) -> None:
    fault = {"kind": kind, "match": {"path": path}, "times": 1, **fields}
    twin.post("/_twin/faults", json=[fault]).raise_for_status()


async def test_a_gift_is_sent_once_under_its_key(goody):
    assert await goody.find_sent(GIFT.key) is None
    await goody.send(GIFT, idempotency_key=KEY)
    sent = await goody.find_sent(GIFT.key)
    assert sent is not None
    order = await goody.read_order(sent.order_id)
    assert (order.recipient, order.items[0].quantity, order.batch_id) == (GIFT.recipient, 2, sent.batch_id)
    with pytest.raises(DestinationRefusedError):
        await goody.send(GIFT, idempotency_key=KEY)


async def test_what_was_sent_and_cancelled_says_so(goody):
    await goody.send(GIFT, idempotency_key=KEY)
    sent = await goody.find_sent(GIFT.key)
    await goody.cancel_order(sent.order_id, idempotency_key=KEY)
    assert (await goody.find_sent(GIFT.key)).is_cancelled


async def test_a_lost_answer_is_unknown_and_the_key_finds_what_was_made(goody, twin):
    trouble(twin, "answer_lost", "order_batches$")
    with pytest.raises(DestinationUnknownError):
        await goody.send(GIFT, idempotency_key=KEY)
    assert await goody.find_sent(GIFT.key) is not None


async def test_a_direct_send_can_be_made_anew_and_a_gift_cannot(goody):
    await goody.send(TO_HOME, idempotency_key=KEY)
    sent = await goody.find_sent(TO_HOME.key)
    again = await goody.read_sending(sent.batch_id)
    assert again == replace(TO_HOME, key="", recipient=Person(), address=None, workspace_id=again.workspace_id)

    await goody.send(replace(GIFT, key="call-2"), idempotency_key=KEY)
    gift = await goody.find_sent("call-2")
    assert "send the link again" in await goody.read_sending(gift.batch_id)


async def test_a_price_is_told_before_anything_is_sent(goody, twin):
    assert await goody.price(TO_HOME) == 2 * COOKIES.price_cents + 1000 + 150
    assert twin.get("/_twin/ledger").json()["data"] == []


async def test_a_price_that_does_not_come_may_be_asked_for_again(goody, twin):
    trouble(twin, "status", "price$", status=500)
    with pytest.raises(DestinationUnavailableError):
        await goody.price(TO_HOME)


@pytest.mark.parametrize("wanted", ["Cookies", " cookies ", COOKIES.id, COOKIES.id.upper()])
async def test_a_product_is_found_by_its_name_or_id(goody, wanted):
    assert await goody.find_product(wanted) == SendingLine(COOKIES.id)


@pytest.mark.parametrize("wanted", ["Cookie", "", "a moon of Jupiter", "Goody Flex Gift Card"])
async def test_no_product_is_guessed(goody, wanted):
    assert await goody.find_product(wanted) is None


async def test_an_endpoint_is_made_and_deleted(goody, twin):
    made = await goody.create_webhook("https://hooks.example.com", ("order.shipped",), idempotency_key=KEY)
    (row,) = twin.get("/_twin/webhooks").json()["data"]
    assert (row["id"], row["events"]) == (made, ["order.shipped"])
    await goody.delete_webhook(made, idempotency_key=KEY)
    assert twin.get("/_twin/webhooks").json()["data"] == []
    with pytest.raises(DestinationRefusedError):
        await goody.delete_webhook(made, idempotency_key=KEY)


async def test_a_key_that_may_not_manage_webhooks_is_ours_to_mend(goody, twin):
    twin.post("/_twin/settings", json={"is_admin": False}).raise_for_status()
    with pytest.raises(DestinationUnavailableError):
        await goody.create_webhook("https://hooks.example.com", (), idempotency_key=KEY)
