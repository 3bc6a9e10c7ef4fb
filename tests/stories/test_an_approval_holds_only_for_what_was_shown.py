"""An approval is bound to what the person saw: when the order moves at the shop, it is worth nothing any more."""

import json

import pytest
from foreign_client import about, somebody
from running_service import problem_of, wait_for


@pytest.fixture
def waiting(service_at_shop, agents_at_shop, place_at_shop):
    """A cancellation in the queue: the order, the call as it was shown, and its review."""
    person = somebody()
    order = place_at_shop(person)
    call_id = agents_at_shop.call(about(order, person, "cancel order"))
    call = service_at_shop.with_action(call_id, "awaiting_review")
    return order, call, service_at_shop.review_of(call)


def approve(service, review, version=None):
    headers = {"if-match": f'"{version or review["version"]}"'}
    return service.admin.post(f"/v1/reviews/{review['id']}/approval", headers=headers, json={"reason_code": "ok"})


def test_a_change_told_by_webhook_before_the_approval_makes_it_stale(service_at_shop, shop, shop_webhooks, waiting):
    order, call, review = waiting
    shop.move(order, "opened")
    assert shop_webhooks.tell("order.gift_opened", order).status_code == 204
    moved = wait_for(
        lambda: (now := service_at_shop.review(review["id"]))["fingerprint"] != review["fingerprint"] and now,
        "the review to show the opened gift",
    )
    assert moved["version"] > review["version"]
    assert moved["status"] == "open"
    changed = {change["name"]: (change["before"], change["after"]) for change in moved["difference"]}
    assert changed["order.status"] == ("notified", "opened")
    problem_of(approve(service_at_shop, review), 409)
    assert shop.writes_to(order) == []

    assert approve(service_at_shop, moved).status_code == 200
    service_at_shop.with_action(call["call_id"], "done")
    assert shop.changes_of(order, "cancel") == 1


def test_a_change_nobody_told_of_is_seen_before_the_act(service_at_shop, shop, waiting):
    order, call, review = waiting
    shop.move(order, "opened")
    answer = approve(service_at_shop, review)
    assert answer.status_code in {200, 409}, answer.text
    back = wait_for(
        lambda: (now := service_at_shop.review(review["id"]))["status"] == "open" and now["difference"] and now,
        "the review to come back with what moved",
    )
    assert "order.status" in {change["name"] for change in back["difference"]}
    assert all(approval["lapsed_at"] for approval in back["approvals"])
    assert shop.writes_to(order) == []
    assert service_at_shop.find_call(call["call_id"])["actions"][0]["status"] == "awaiting_review"

    assert approve(service_at_shop, back).status_code == 200
    service_at_shop.with_action(call["call_id"], "done")
    assert shop.changes_of(order, "cancel") == 1


def test_a_change_that_ends_the_matter_is_seen_before_the_act(service_at_shop, shop, waiting):
    order, call, review = waiting
    assert shop.cancel(order)
    assert approve(service_at_shop, review).status_code in {200, 409}
    service_at_shop.with_action(call["call_id"], "lapsed")
    assert shop.writes_to(order) == []


def test_other_words_of_the_same_call_make_the_approval_stale(service_at_shop, agents_at_shop, shop, waiting):
    order, call, review = waiting
    somebody_else = somebody()
    analysis = {
        "Customer Name": somebody_else.name,
        "Order ID": order["reference_id"],
        "Requested Action": "cancel order",
    }
    body = {"call_id": call["call_id"], "status": "completed", "extracted_data": analysis}
    agents_at_shop.tell(body)
    wait_for(lambda: service_at_shop.review(review["id"])["version"] > review["version"], "a new version of the review")
    problem_of(approve(service_at_shop, review), 409)
    assert shop.writes_to(order) == []


def test_the_shop_is_read_before_its_webhook_is_believed(service_at_shop, shop, shop_webhooks, waiting):
    order, call, review = waiting
    lie = json.loads(json.dumps(order)) | {"status": "failed", "recipient_email": "thief@mail.example.com"}
    assert shop_webhooks.tell("order.canceled", lie).status_code == 204
    wait_for(lambda: sum(order["id"] in path for path in shop.reads) >= 2, "the order to be read again")
    assert service_at_shop.find_call(call["call_id"])["actions"][0]["status"] == "awaiting_review"
    (shown,) = service_at_shop.get("/v1/orders", reference=order["reference_id"])["data"]
    assert shown["status"] == "notified"
    assert approve(service_at_shop, review).status_code == 200
    service_at_shop.with_action(call["call_id"], "done")


@pytest.mark.parametrize("family", ["svix", "webhook"])
def test_the_webhooks_of_the_shop_are_taken_under_both_names_of_the_headers(shop_webhooks, shop, family):
    order = shop.place_for(somebody())
    assert shop_webhooks.tell("order.created", order, family=family).status_code == 204


def test_an_event_of_the_shop_is_taken_once(service_at_shop, shop_webhooks, shop):
    order = shop.place_for(somebody())
    content = json.dumps({"event_type": "order.created", "id": "evt", "data": order}).encode()
    for _ in range(3):
        assert shop_webhooks.send(content, message_id=f"msg_{order['id']}").status_code == 204
    rows = [row for row in service_at_shop.rows("/v1/deliveries") if row["subject"] == order["id"]]
    assert len(rows) == 1


@pytest.mark.parametrize("forgery", [{"secret": "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA=="}, {"age_seconds": 3600}])
def test_an_event_that_the_shop_did_not_sign_just_now_is_refused(service_at_shop, shop_webhooks, shop, forgery):
    order = shop.place_for(somebody())
    problem_of(shop_webhooks.tell("order.created", order, **forgery), 401)
    assert not [row for row in service_at_shop.rows("/v1/deliveries") if row["subject"] == order["id"]]


@pytest.mark.parametrize("spelling", ["order_batch.completed", "gift_batch.completed"])
def test_events_of_batches_are_taken_in_both_spellings(service_at_shop, shop_webhooks, shop, spelling):
    person = somebody()
    order = shop.place_for(person)
    batch = {"id": order["order_batch_id"], "send_status": "complete", "from_name": "Robin", "orders_count": 1}
    assert shop_webhooks.tell(spelling, batch).status_code == 204
    service_at_shop.knows(order)
