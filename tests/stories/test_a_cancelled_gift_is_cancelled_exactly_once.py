"""A person approves a cancellation, the shop or the network has a bad day, and still the gift is cancelled once."""

from itertools import pairwise

import pytest
from foreign_client import VoiceAgents, about, somebody
from foreign_shop import (
    ACCEPTED_MEANWHILE,
    ACT_THEN_500,
    ACT_THEN_CUT,
    ACT_THEN_GARBAGE,
    ANSWER_429,
    ANSWER_503,
    CUT,
    RETRY_AFTER_SECONDS,
    Shop,
)
from running_service import RunningService, wait_for

# What happens to the first writes, and how often the shop may have been asked in the end.
BAD_DAYS = {
    "nothing goes wrong": ([], 1),
    "the answer is lost after the act": ([ACT_THEN_CUT], 1),
    "an error is answered after the act": ([ACT_THEN_500], 1),
    "what is no JSON is answered after the act": ([ACT_THEN_GARBAGE], 1),
    "the shop is unavailable before the act": ([ANSWER_503], 2),
    "too much is asked of the shop": ([ANSWER_429], 2),
    "the connection is cut before the act": ([CUT], 2),
    "too much is asked, then the answer is lost": ([ANSWER_429, ACT_THEN_CUT], 2),
}


@pytest.fixture(scope="module")
def cancellations(service_at_shop: RunningService, agents_at_shop: VoiceAgents, place_at_shop, shop: Shop):
    """A cancellation under way for each bad day, all at the same time, since some take half a minute to be sure."""
    under_way = {}
    for name, (troubles, _) in BAD_DAYS.items():
        person = somebody()
        order = place_at_shop(person)
        shop.trouble(order, "cancel", *troubles)
        under_way[name] = (
            order,
            agents_at_shop.call(about(order, person, "cancel order", return_reason="changed plans")),
        )
    for _, call_id in under_way.values():
        answer = service_at_shop.approve(service_at_shop.with_action(call_id, "awaiting_review"))
        assert answer.status_code == 200, answer.text
    return under_way


@pytest.mark.parametrize("name", BAD_DAYS)
def test_the_gift_is_cancelled_once_and_the_action_is_done_when(service_at_shop, shop, cancellations, name):
    order, call_id = cancellations[name]
    call = service_at_shop.with_action(call_id, "done")
    _, most_writes = BAD_DAYS[name]
    assert shop.orders[order["id"]]["status"] == "failed"
    assert shop.changes_of(order, "cancel") == 1
    assert len(shop.writes_to(order)) == most_writes
    (action,) = call["actions"]
    assert action["attempts"][-1]["outcome"] == "succeeded"
    assert len(action["attempts"]) == most_writes
    keys = {write.headers["idempotency-key"] for write in shop.writes_to(order)}
    assert keys == {f"{call_id}:{action['id']}"}
    assert all(write.body is None for write in shop.writes_to(order)), "Goody's cancel takes no body"


def test_the_shop_is_not_asked_again_before_the_time_it_asked_for(service_at_shop, shop, cancellations):
    order, call_id = cancellations["too much is asked of the shop"]
    service_at_shop.with_action(call_id, "done")
    first, second = shop.writes_to(order, "cancel")
    assert second.at - first.at >= RETRY_AFTER_SECONDS


def test_every_step_of_a_cancellation_is_in_the_audit(service_at_shop, cancellations):
    _, call_id = cancellations["the answer is lost after the act"]
    (action,) = service_at_shop.with_action(call_id, "done")["actions"]
    entries = list(service_at_shop.rows("/v1/audit", call_id=call_id))
    assert all(entry["actor"] for entry in entries)
    events = [entry["event"] for entry in entries]
    for event in ("delivery.received", "call.understood", "call.matched", "action.decided", "review.approved"):
        assert event in events
    moves = [
        entry for entry in entries if entry["action_id"] == action["id"] and {"from", "to"} <= entry["data"].keys()
    ]
    statuses = [moves[0]["data"]["from"], *(entry["data"]["to"] for entry in moves)]
    assert statuses == ["proposed", "awaiting_review", "approved", "executing", "outcome_unknown", "done"]
    assert all(before["data"]["to"] == after["data"]["from"] for before, after in pairwise(moves))
    assert [entry["actor"] for entry in moves if entry["event"] == "action.approve"] == ["bootstrap"]


def test_a_refusal_because_the_gift_was_just_accepted_becomes_assistance(
    service_at_shop, agents_at_shop, place_at_shop, shop, shop_webhooks
):
    person = somebody()
    order = place_at_shop(person)
    shop.trouble(order, "cancel", ACCEPTED_MEANWHILE)
    call_id = agents_at_shop.call(about(order, person, "cancel order"))
    answer = service_at_shop.approve(service_at_shop.with_action(call_id, "awaiting_review"))
    assert answer.status_code == 200
    call = service_at_shop.with_action(call_id, "awaiting_assistance")
    assert shop.changes_of(order, "cancel") == 0
    assert len(shop.writes_to(order, "cancel")) == 1
    (action,) = call["actions"]
    assert action["attempts"][-1]["outcome"] == "refused"

    review = service_at_shop.review_of(call)
    assert review["status"] == "open"
    headers = {"if-match": f'"{review["version"]}"'}
    path = f"/v1/reviews/{review['id']}"
    assert service_at_shop.admin.post(f"{path}/approval", headers=headers, json={}).status_code == 409
    note = {"reason_code": "asked_support", "note": "Ticket 4711"}
    answer = service_at_shop.admin.post(f"{path}/assistance", headers=headers, json=note)
    assert answer.status_code == 200, answer.text
    service_at_shop.with_action(call_id, "awaiting_confirmation")

    assert shop_webhooks.tell("order.refunded", order).status_code == 204
    service_at_shop.with_action(call_id, "done")
    assert len(shop.writes_to(order, "cancel")) == 1


def test_a_gift_that_was_accepted_before_the_call_is_never_sent_a_cancel(
    service_at_shop, agents_at_shop, place_at_shop, shop, shop_webhooks
):
    person = somebody()
    order = place_at_shop(person, status="accepted")
    call_id = agents_at_shop.call(about(order, person, "cancel order"))
    assert service_at_shop.approve(service_at_shop.with_action(call_id, "awaiting_review")).status_code == 200
    service_at_shop.with_action(call_id, "awaiting_assistance")
    assert shop_webhooks.tell("order.refunded", order).status_code == 204
    service_at_shop.with_action(call_id, "done")
    assert shop.writes_to(order) == []


def test_a_gift_that_somebody_else_cancelled_is_not_cancelled_again(
    service_at_shop, agents_at_shop, place_at_shop, shop, shop_webhooks
):
    person = somebody()
    order = place_at_shop(person)
    call_id = agents_at_shop.call(about(order, person, "cancel order"))
    call = service_at_shop.with_action(call_id, "awaiting_review")
    assert shop.cancel(order)
    assert shop_webhooks.tell("order.canceled", order).status_code == 204
    service_at_shop.with_action(call_id, "lapsed")
    review = service_at_shop.review(call["actions"][0]["review_id"])
    assert review["status"] == "lapsed"
    assert shop.writes_to(order) == []


def test_two_calls_that_want_the_same_gift_cancelled_cancel_it_once(
    service_at_shop, agents_at_shop, place_at_shop, shop
):
    person = somebody()
    order = place_at_shop(person)
    ids = [agents_at_shop.call(about(order, person, "cancel order")) for _ in range(2)]
    calls = [service_at_shop.with_action(call_id, "awaiting_review") for call_id in ids]
    answers = [service_at_shop.approve(call) for call in calls]
    assert answers[0].status_code == 200
    assert answers[1].status_code in {200, 409}
    ends = [service_at_shop.settled(call_id)["actions"][0]["status"] for call_id in ids]
    assert ends.count("done") == 1
    assert len(shop.writes_to(order, "cancel")) == 1


def test_what_one_call_brought_about_is_not_asked_of_people_again_for_another(
    service_at_shop, agents_at_shop, place_at_shop, shop
):
    """No webhook tells of the cancellation: the product did it, and has read the order afterwards."""
    person = somebody()
    order = place_at_shop(person)
    ids = [agents_at_shop.call(about(order, person, "cancel order")) for _ in range(2)]
    calls = [service_at_shop.with_action(call_id, "awaiting_review") for call_id in ids]
    assert service_at_shop.approve(calls[0]).status_code == 200
    service_at_shop.with_action(ids[0], "done")
    wait_for(
        lambda: service_at_shop.find_call(ids[1])["actions"][0]["status"] == "lapsed",
        "the other wish to lapse",
        seconds=20,
    )
    assert len(shop.writes_to(order)) == 1


def test_a_call_that_wants_cancellation_and_refund_cancels_once(service_at_shop, agents_at_shop, place_at_shop, shop):
    person = somebody()
    order = place_at_shop(person)
    call_id = agents_at_shop.call(about(order, person, "cancel order, refund"))
    call = service_at_shop.call(
        call_id, lambda call: [each["status"] for each in call["actions"]] == ["awaiting_review"] * 2, "two reviews"
    )
    for action in call["actions"]:
        review = service_at_shop.review(action["review_id"])
        headers = {"if-match": f'"{review["version"]}"'}
        answer = service_at_shop.admin.post(f"/v1/reviews/{review['id']}/approval", headers=headers, json={})
        assert answer.status_code in {200, 409}, answer.text
    ends = [action["status"] for action in service_at_shop.settled(call_id)["actions"]]
    assert ends.count("done") == 1
    assert len(shop.writes_to(order, "cancel")) == 1


def test_an_order_placed_a_second_before_the_call_is_found_without_any_webhook(service_at_shop, agents_at_shop, shop):
    # Whatever makes the product read the shop's list has just happened.
    service_at_shop.settled(agents_at_shop.call({"customer_name": somebody().name, "requested_action": "order status"}))
    person = somebody()
    order = shop.place_for(person)
    call = service_at_shop.settled(agents_at_shop.call(about(order, person, "where is my order")))
    assert (call["match"]["outcome"], call["match"]["order_id"]) == ("matched", order["id"])
    assert [action["status"] for action in call["actions"]] == ["done"]


@pytest.fixture
def away(shop: Shop):
    """Lets the shop go away, and come back at the end whatever happens."""

    def go(*, is_away: bool = True) -> None:
        shop.is_away = is_away

    yield go
    go(is_away=False)


def test_a_shop_that_goes_away_and_comes_back_cancels_once(service_at_shop, agents_at_shop, place_at_shop, shop, away):
    person = somebody()
    order = place_at_shop(person)
    call_id = agents_at_shop.call(about(order, person, "cancel order"))
    call = service_at_shop.with_action(call_id, "awaiting_review")
    away()
    assert service_at_shop.approve(call).status_code == 200
    tried = service_at_shop.call(call_id, lambda call: len(call["actions"][0]["attempts"]) >= 2, "a second attempt")
    assert tried["actions"][0]["status"] in {"approved", "executing"}
    assert tried["actions"][0]["attempts"][0]["outcome"] == "failed"
    assert shop.writes_to(order) == []
    away(is_away=False)
    service_at_shop.with_action(call_id, "done")
    assert len(shop.writes_to(order, "cancel")) == 1


def test_a_shop_that_is_away_hides_no_call_from_people(service_at_shop, agents_at_shop, shop, away):
    away()
    person = somebody()
    analysis = {"customer_name": person.name, "customer_email": person.email, "requested_action": "cancel order"}
    call = service_at_shop.settled(agents_at_shop.call(analysis))
    assert call["match"]["outcome"] == "unmatched"
    assert [action["status"] for action in call["actions"]] == ["awaiting_review"]
