"""The Goody twin's webhooks at a real listener: verified with Svix's own library, retried, doubled, late and lost."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from goody_twin_server import WEBHOOK_SECRET, batch_body, running_receiver, running_twin, wait_until
from starlette.responses import Response
from svix.webhooks import Webhook, WebhookVerificationError

from app.sandbox.goody import create_goody_twin
from app.sandbox.svix_sender import RETRY_SECONDS, SvixSender, SvixSettings, sign
from app.sandbox.twin_faults import FaultBoard


@pytest.fixture(scope="module")
def server():
    with running_twin() as twin:
        yield twin


@pytest.fixture
def twin(server):
    return server.fresh()


@pytest.fixture(scope="module")
def listener():
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def receiver(listener, twin):
    """Registered for everything; the twin's reset has ended all deliveries to it before."""
    listener.received.clear()
    listener.answers.clear()
    twin.post("/_twin/webhooks", {"url": listener.url})
    twin.post("/_twin/settings", {"retry_scale": 0.01})
    return listener


def bodies(receiver, count):
    """What arrived so far, as soon as it is `count`; by Svix's rules in any order."""
    wait_until(lambda: len(receiver.received) >= count)
    return [json.loads(body) for _, body in receiver.received]


def types(receiver, count):
    return sorted(body["event_type"] for body in bodies(receiver, count))


def ids(receiver):
    return [headers["svix-id"] for headers, _ in receiver.received]


def test_the_signature_is_that_of_the_documented_example():
    signature = sign(WEBHOOK_SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("prefix", ["svix", "webhook"])
def test_svixs_own_library_accepts_the_signature_under_either_name_of_the_headers(twin, receiver, prefix):
    twin.post("/_twin/settings", {"header_prefix": prefix})
    order = twin.order(recipient_first_name="Siobhán")
    [body] = bodies(receiver, 1)
    headers, raw = receiver.received[0]
    assert {name for name in headers if name.endswith("-signature")} == {f"{prefix}-signature"}
    Webhook(WEBHOOK_SECRET).verify(raw, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(WEBHOOK_SECRET).verify(raw.replace(b"created", b"shipped"), headers)
    assert body["event_type"] == "order.created"
    assert body["data"] == twin.data("/v1/orders")[0]
    assert body["data"]["recipient_first_name"] == order["recipient_first_name"]


def test_an_endpoint_can_have_a_secret_of_its_own(twin, receiver):
    own = "whsec_" + "b3duLXNlY3JldC1vd24tc2VjcmV0LW93bg=="
    twin.post("/_twin/webhooks", {"url": receiver.url, "secret": own})
    twin.order()
    bodies(receiver, 2)
    secrets = set()
    for headers, raw in receiver.received:
        for secret in (own, WEBHOOK_SECRET):
            try:
                Webhook(secret).verify(raw, headers)
            except WebhookVerificationError:
                continue
            secrets.add(secret)
    assert secrets == {own, WEBHOOK_SECRET}


def test_the_life_of_an_order_is_told_by_the_documented_events_and_by_no_others(twin, receiver):
    order = twin.order()
    twin.post(f"/_twin/orders/{order['id']}/advance", {"to": "delivered"})
    twin.post(f"/_twin/orders/{order['id']}/refund")
    expected = ["created", "delivered", "gift_accepted", "gift_opened", "refunded", "shipped"]
    assert types(receiver, 6) == [f"order.{name}" for name in expected]
    told = {body["event_type"]: body["data"]["status"] for body in bodies(receiver, 6)}
    assert told["order.gift_opened"] == "opened"
    assert told["order.refunded"] == "delivered"
    assert len({body["id"] for body in bodies(receiver, 6)}) == len(set(ids(receiver))) == 6


@pytest.mark.parametrize("path", ["/v1/orders/{}/cancel", "/_twin/orders/{}/cancel"])
def test_a_cancel_is_told_whoever_did_it(twin, receiver, path):
    order = twin.order(is_told=False)
    twin.post(path.format(order["id"]))
    [body] = bodies(receiver, 1)
    assert (body["event_type"], body["data"]["status"]) == ("order.canceled", "failed")


def test_a_change_of_expiry_is_not_told(twin, receiver):
    order = twin.order(is_told=False)
    twin.post(f"/v1/orders/{order['id']}/update_expiration", {"expiration": "2027-01-01T00:00:00Z"})
    twin.order()
    assert types(receiver, 1) == ["order.created"]


def test_batch_events_have_the_older_words_of_the_vendors_pages(twin, receiver):
    batch = twin.post("/v1/order_batches", batch_body(2, customer_reference_id="call-1"))
    assert types(receiver, 4) == ["gift_batch.completed", "gift_batch.created", "order.created", "order.created"]
    data = next(body["data"] for body in bodies(receiver, 4) if body["event_type"] == "gift_batch.created")
    assert (data["id"], data["gifts_count"], len(data["gifts_preview"])) == (batch["id"], 2, 2)
    assert {"gift_batch_id", "individual_gift_link_shared"} <= set(data["gifts_preview"][0])
    assert not {"orders_count", "orders_preview", "customer_reference_id"} & set(data)


def test_batch_events_can_be_switched_to_the_words_of_the_schema(twin, receiver):
    twin.post("/_twin/settings", {"batch_event_spelling": "order_batch"})
    batch = twin.post("/v1/order_batches", batch_body(1, customer_reference_id="call-1"))
    assert types(receiver, 3) == ["order.created", "order_batch.completed", "order_batch.created"]
    data = next(body["data"] for body in bodies(receiver, 3) if body["event_type"] == "order_batch.created")
    assert data == batch


def test_a_scheduled_batch_is_told_when_its_time_comes_although_nobody_asks(twin, receiver):
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    twin.post("/v1/order_batches", batch_body(1, scheduled_send_on=later))
    assert types(receiver, 1) == ["gift_batch.created"]
    twin.clock.offset = timedelta(hours=2)
    assert types(receiver, 3) == ["gift_batch.completed", "gift_batch.created", "order.created"]


def test_an_endpoint_of_the_api_gets_the_events_it_asked_for_until_it_is_deleted(twin, receiver):
    twin.post("/_twin/reset")
    webhook = twin.post("/v1/webhooks", {"url": receiver.url, "events": ["order.canceled"]})
    assert list(webhook) == ["id"]
    for _ in range(2):
        order = twin.order()
        twin.post(f"/v1/orders/{order['id']}/cancel")
    assert types(receiver, 2) == ["order.canceled", "order.canceled"]
    assert twin.http.delete(f"/v1/webhooks/{webhook['id']}").status_code == 204
    twin.post(f"/v1/orders/{twin.order()['id']}/cancel")
    assert len(twin.data("/_twin/deliveries")) == 2
    assert twin.http.delete(f"/v1/webhooks/{webhook['id']}").status_code == 400


def test_who_is_no_admin_cannot_manage_webhooks(twin):
    twin.post("/_twin/settings", {"is_admin": False})
    response = twin.http.post("/v1/webhooks", json={"url": "https://hooks.example.com"})
    assert response.json() == {"error": "Unauthorized. You must be an admin to manage webhooks."}
    response = twin.http.delete("/v1/webhooks/x")
    assert (response.status_code, response.json()) == (400, {"error": "Unauthorized"})


def test_a_signing_secret_that_is_none_is_refused_before_anything_is_signed_with_it(twin):
    assert (
        twin.http.post("/_twin/webhooks", json={"url": "https://hooks.example.com", "secret": "whsec_a"}).status_code
        == 422
    )
    with pytest.raises(ValueError, match="signing secret"):
        create_goody_twin(api_key="k", webhook_secret="whsec_a")


# Retries


def test_what_is_not_taken_comes_again_under_the_same_id_with_a_fresh_signature(twin, receiver):
    twin.post("/_twin/settings", {"retry_scale": 0.001})
    receiver.answers += [Response(status_code=500), Response(status_code=302, headers={"location": "/hook"})]
    twin.order()
    bodies(receiver, 3)
    assert len(set(ids(receiver))) == 1
    assert len({raw for _, raw in receiver.received}) == 1
    for headers, raw in receiver.received:
        Webhook(WEBHOOK_SECRET).verify(raw, headers)
    wait_until(lambda: len(twin.data("/_twin/deliveries")) == 3)
    told = [(row["attempt"], row["outcome"], row["status"]) for row in twin.data("/_twin/deliveries")]
    assert told == [(1, "failed", 500), (2, "failed", 302), (3, "delivered", 204)]


def test_after_eight_attempts_the_sender_gives_up(twin, receiver):
    twin.post("/_twin/settings", {"retry_scale": 0})
    receiver.answers += [Response(status_code=503) for _ in range(9)]
    twin.order()
    wait_until(lambda: len(twin.data("/_twin/deliveries")) == 8)
    outcomes = [row["outcome"] for row in twin.data("/_twin/deliveries")]
    assert outcomes == ["failed"] * 7 + ["gave_up"]
    assert len(receiver.received) == 8
    assert sum(RETRY_SECONDS) == (27 * 60 + 35) * 60 + 5


def test_a_receiver_that_is_too_slow_has_not_received(twin, receiver):
    class SlowResponse(Response):
        async def __call__(self, scope, receive, send):
            await asyncio.sleep(1)
            await super().__call__(scope, receive, send)

    twin.post("/_twin/settings", {"timeout_seconds": 0.3})
    receiver.answers.append(SlowResponse(status_code=204))
    twin.order()
    wait_until(lambda: len(twin.data("/_twin/deliveries")) == 2)
    assert [row["outcome"] for row in twin.data("/_twin/deliveries")] == ["failed", "delivered"]
    assert twin.data("/_twin/deliveries")[0]["error"] == "TimeoutError"


def test_an_address_where_nobody_listens_is_a_failure(twin):
    twin.post("/_twin/webhooks", {"url": "http://127.0.0.1:1/hook"})
    twin.order()
    wait_until(lambda: twin.data("/_twin/deliveries"))
    assert twin.data("/_twin/deliveries")[0]["error"] == "ConnectError"


@pytest.mark.parametrize(("wish", "is_enabled"), [("abort-message", True), ("disable", False)])
def test_a_receiver_can_ask_to_stop(twin, receiver, wish, is_enabled):
    receiver.answers.append(Response(status_code=500, headers={"webhook-delivery": wish}))
    twin.order()
    wait_until(lambda: twin.data("/_twin/deliveries"))
    assert [row["outcome"] for row in twin.data("/_twin/deliveries")] == ["gave_up"]
    assert [webhook["is_enabled"] for webhook in twin.data("/_twin/webhooks")] == [is_enabled]


def test_a_message_can_be_sent_again_by_hand(twin, receiver):
    twin.order()
    bodies(receiver, 1)
    assert twin.post(f"/_twin/replay/{ids(receiver)[0]}")["endpoints"] == 1
    bodies(receiver, 2)
    assert receiver.received[0][1] == receiver.received[1][1]
    assert len(set(ids(receiver))) == 1
    assert twin.http.post("/_twin/replay/msg_unknown").status_code == 404


async def test_the_schedule_is_scaled():
    settings = SvixSettings(retry_scale=0.01)
    board = FaultBoard(1)
    sender = SvixSender(
        secret=WEBHOOK_SECRET, settings=settings, strike=board.strike_webhook, clock=lambda: datetime.now(UTC), seed=1
    )
    sender.add_endpoint("http://127.0.0.1:1/hook")
    sender.publish("order.created", "order.created", {})
    async with asyncio.timeout(5):
        while len(sender.deliveries) < 2:
            await asyncio.sleep(0.01)
    await sender.aclose()
    at = [datetime.fromisoformat(delivery.at) for delivery in sender.deliveries]
    [pause] = [(second - first).total_seconds() for first, second in pairwise(at)]
    assert 0.05 <= pause < 3


# Faults


def test_a_dropped_event_never_comes_but_can_be_replayed(twin, receiver):
    twin.fault("webhook_drop", times=1, match={"event": "canceled"})
    order = twin.order()
    twin.post(f"/v1/orders/{order['id']}/cancel")
    twin.order()
    assert types(receiver, 2) == ["order.created", "order.created"]
    [dropped] = [row for row in twin.data("/_twin/deliveries") if row["outcome"] == "dropped"]
    twin.post(f"/_twin/replay/{dropped['svix_id']}")
    assert types(receiver, 3) == ["order.canceled", "order.created", "order.created"]


def test_a_doubled_event_comes_twice_under_one_id(twin, receiver):
    twin.fault("webhook_duplicate", times=1)
    twin.order()
    bodies(receiver, 2)
    assert len(set(ids(receiver))) == 1


def test_a_delayed_event_comes_later(twin, receiver):
    twin.fault("webhook_delay", ms=500, times=1)
    first, second = twin.order(), twin.order()
    assert [body["data"]["id"] for body in bodies(receiver, 2)] == [second["id"], first["id"]]


def test_a_reordered_event_is_overtaken_by_the_next_one(twin, receiver):
    twin.fault("webhook_reorder", times=1)
    first = twin.order()
    second = twin.order()
    assert [body["data"]["id"] for body in bodies(receiver, 2)] == [second["id"], first["id"]]


def test_a_reset_ends_what_was_under_way(twin, receiver):
    twin.fault("webhook_delay", ms=1000, times=1)
    twin.order()
    twin.post("/_twin/reset", {"keep_webhooks": True})
    twin.order()
    wait_until(lambda: twin.data("/_twin/deliveries"))
    assert len(twin.data("/_twin/deliveries")) == len(receiver.received) == 1
