"""What a person approved is done once at the shop, whatever becomes of the answers: gifts sent, addresses changed,
webhooks made and deleted, links mailed again.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from foreign_client import VoiceAgents, about, somebody
from running_service import DIALNEXA_SECRETS, GOODY_KEY, GOODY_WEBHOOK_SECRET, RunningService, wait_for
from sinks import MailSink, mail_sink
from twin_server import Twin, running_twin

NEW_ADDRESS = "5 New Street, Springfield, IL 62704"
BATCHES, WEBHOOKS = r"/v1/order_batches$", r"/v1/webhooks"


@pytest.fixture(scope="module")
def mails() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def goody() -> Iterator[Twin]:
    """One of its own: faults and webhook endpoints of these stories are nobody else's."""
    with running_twin(key=GOODY_KEY, webhook_secret=GOODY_WEBHOOK_SECRET) as running:
        yield running


@pytest.fixture(scope="module")
def running(goody: Twin, mails: MailSink) -> Iterator[RunningService]:
    settings = {"HANDOFF_SMTP_URL": mails.url, "HANDOFF_MAIL_FROM": "handoff@shop.example.com"}
    with RunningService(HANDOFF_GOODY_BASE_URL=goody.url, **settings) as service:
        goody.tell(service.url)
        yield service


@pytest.fixture(scope="module")
def callers(running: RunningService) -> VoiceAgents:
    return VoiceAgents(running.client(), DIALNEXA_SECRETS[0])


def lose_answer(goody: Twin, path: str, method: str = "POST") -> None:
    goody.post("/_twin/faults", [{"kind": "answer_lost", "match": {"method": method, "path": path}, "times": 1}])


def approved(running: RunningService, call_id: str) -> None:
    answer = running.approve(running.with_action(call_id, "awaiting_review"))
    assert answer.status_code == 200, answer.text


def placed(running: RunningService, goody: Twin, person: Any, **fields: Any) -> dict[str, Any]:
    order = goody.place_for(person, is_told=True, **fields)
    running.knows(order)
    return order


def batches_of(goody: Twin, key: str) -> list[dict[str, Any]]:
    return [entry for entry in goody.ledger(effect="done") if entry["customer_reference_id"] == key]


def wants_a_gift(person: Any, **more: Any) -> dict[str, Any]:
    said = {"Customer Name": person.name, "Customer Email": person.email, "Product": "Cookies"}
    return said | {"Requested Action": "send_order"} | more


@pytest.mark.parametrize("is_lost", [False, True], ids=["answered", "answer lost"])
def test_a_gift_is_sent_once_under_the_call_id(running, callers, goody, is_lost):
    if is_lost:
        lose_answer(goody, BATCHES)
    call_id = callers.call(wants_a_gift(somebody()))
    approved(running, call_id)
    (action,) = running.with_action(call_id, "done")["actions"]
    (batch,) = batches_of(goody, call_id)
    assert batch["idempotency_key"] == f"{call_id}:{action['id']}"
    assert [attempt["outcome"] for attempt in action["attempts"]] == ["succeeded"]


def test_a_duplicate_that_the_shop_refuses_is_our_own_earlier_success(running, callers, goody):
    """Somebody with our key was there first, and the list that shows it was away while we looked before the act."""
    person = somebody()
    call_id = callers.call(wants_a_gift(person))
    running.with_action(call_id, "awaiting_review")
    order = goody.place_for(person, customer_reference_id=call_id)
    approved(running, call_id)
    (action,) = running.with_action(call_id, "done")["actions"]
    assert batches_of(goody, call_id) == []
    assert action["attempts"][-1]["made"]["order_id"] == order["id"]


def test_a_product_that_nobody_sells_is_a_persons_to_find(running, callers, goody):
    call_id = callers.call(wants_a_gift(somebody(), Product="A moon of Jupiter"))
    approved(running, call_id)
    running.with_action(call_id, "awaiting_assistance")
    assert batches_of(goody, call_id) == []


@pytest.mark.parametrize("lost", [None, BATCHES, r"/cancel$"], ids=["answered", "send lost", "cancel lost"])
def test_a_direct_send_gets_its_new_address_and_goes_out_once(running, callers, goody, lost):
    person = somebody()
    order = placed(running, goody, person, send_method="direct_send")
    if lost:
        lose_answer(goody, lost)
    call_id = callers.call(about(order, person, "change address", new_address=NEW_ADDRESS))
    approved(running, call_id)
    (action,) = running.with_action(call_id, "done")["actions"]
    (anew,) = batches_of(goody, f"{call_id}:{action['id']}")
    assert order_at(goody, order["id"])["status"] == "failed"
    (new,) = orders_of_batch(goody, anew["order_batch_id"])
    assert new["status"] == "created"
    names = [step["name"] for step in action["steps"] if step["outcome"] == "succeeded"]
    assert names == ["price", "send_anew", "cancel_old"]


def test_an_order_that_is_accepted_in_between_keeps_its_address_and_nothing_goes_out_twice(running, callers, goody):
    person = somebody()
    order = placed(running, goody, person, send_method="direct_send")
    # The cancellation is not answered until the order has moved: then the old one can be cancelled no more.
    goody.post("/_twin/faults", [{"kind": "close", "match": {"path": f"{order['id']}/cancel"}, "times": 1}])
    call_id = callers.call(about(order, person, "change address", new_address=NEW_ADDRESS))
    approved(running, call_id)
    running.call(call_id, lambda call: has_step(call, "send_anew"), "what is sent anew is under way")
    goody.post(f"/_twin/orders/{order['id']}/advance", {"to": "accepted"})
    call = running.with_action(call_id, "awaiting_assistance")
    (action,) = call["actions"]
    (anew,) = batches_of(goody, f"{call_id}:{action['id']}")
    (new,) = orders_of_batch(goody, anew["order_batch_id"])
    assert new["status"] == "failed"
    assert order_at(goody, order["id"])["status"] == "accepted"
    assert action["steps"][-1]["name"] == "take_back"
    assert "what was sent anew was taken back" in running.review(action["review_id"])["summary"]

    # It was accepted with the old address, so that the shop's word of it does not end what a person has to do.
    goody.post(f"/_twin/orders/{order['id']}/advance", {"to": "shipped"})
    wait_for(lambda: status_in_mirror(running, order) == "shipped", "its shipment in the mirror")
    assert running.find_call(call_id)["actions"][0]["status"] == "awaiting_assistance"


def test_a_gift_whose_recipient_enters_the_address_is_not_sent_anew(running, callers, goody):
    person = somebody()
    order = placed(running, goody, person)
    call_id = callers.call(about(order, person, "change address", new_address=NEW_ADDRESS))
    approved(running, call_id)
    (action,) = running.with_action(call_id, "awaiting_assistance")["actions"]
    assert action["steps"] == []
    assert order_at(goody, order["id"])["status"] == "notified"


def test_half_an_address_is_sent_nowhere(running, callers, goody):
    person = somebody()
    order = placed(running, goody, person, send_method="direct_send")
    call_id = callers.call(about(order, person, "change address", new_address="somewhere in Springfield"))
    approved(running, call_id)
    (action,) = running.with_action(call_id, "awaiting_assistance")["actions"]
    assert "not understood whole" in action["attempts"][-1]["detail"]


def test_the_link_goes_to_the_address_on_file_and_to_no_other(running, callers, goody, mails):
    person, stranger = somebody(), somebody()
    order = placed(running, goody, person)
    said = about(order, person, "resend_gift_link", **{"Contact Channel": stranger.email})
    call_id = callers.call(said)
    call = running.with_action(call_id, "done", "awaiting_review")
    if call["actions"][0]["status"] == "awaiting_review":
        approved(running, call_id)
    running.with_action(call_id, "done")
    (mail,) = [each for each in mails.mails if each["Subject"] == "Your gift is waiting"]
    assert mail["To"] == person.email
    assert order["individual_gift_link"] in mail.get_content()
    assert order["individual_gift_link"] not in running.log()


def test_a_webhook_is_made_deleted_and_brought_back(running, callers, goody):
    url = "https://hooks.example.com/goody"
    made = callers.call({"Requested Action": "create_webhook", "New Value": url, "Owner": "operations"})
    approved(running, made)
    running.with_action(made, "done")
    (endpoint,) = endpoints_at(goody, url)

    gone = callers.call({"Requested Action": "delete_webhook", "Old Value": url, "Owner": "operations"})
    approved(running, gone)
    (deleted,) = running.with_action(gone, "done")["actions"]
    assert endpoints_at(goody, url) == []
    (kept,) = [entry for entry in running.rows("/v1/audit", call_id=gone) if entry["event"] == "webhook.way_back_kept"]
    assert kept["data"]["way_back"] == {"webhook_id": endpoint["id"], "url": url, "events": ""}
    assert kept["data"]["approved"] == [{"by": "bootstrap", "reason_code": "caller_asked"}]

    answer = running.admin.post(f"/v1/actions/{deleted['id']}/undoing", json={"reason_code": "by_mistake"})
    assert answer.status_code == 202, answer.text
    back = wait_for(lambda: way_back_of(running, gone), "the way back in the queue")
    review = running.review(back["review_id"])
    headers = {"if-match": f'"{review["version"]}"'}
    path = f"/v1/reviews/{review['id']}/approval"
    assert running.admin.post(path, headers=headers, json={"reason_code": "by_mistake"}).status_code == 200
    wait_for(lambda: endpoints_at(goody, url), "the endpoint again")
    answer = running.admin.post(f"/v1/actions/{deleted['id']}/undoing", json={"reason_code": "by_mistake"})
    assert answer.status_code == 409


def test_a_webhook_that_we_did_not_make_is_not_deleted(running, callers, goody):
    url = "https://hooks.example.com/of-somebody-else"
    goody.post("/_twin/webhooks", {"url": url})
    call_id = callers.call({"Requested Action": "delete_webhook", "Old Value": url, "Owner": "operations"})
    approved(running, call_id)
    running.with_action(call_id, "awaiting_assistance")
    assert endpoints_at(goody, url)


def test_a_webhook_whose_answer_was_lost_waits_for_a_person(running, callers, goody):
    url = "https://hooks.example.com/lost"
    lose_answer(goody, WEBHOOKS)
    call_id = callers.call({"Requested Action": "create_webhook", "New Value": url, "Owner": "operations"})
    approved(running, call_id)
    (action,) = running.with_action(call_id, "outcome_unknown")["actions"]
    assert len(endpoints_at(goody, url)) == 1
    assert [attempt["outcome"] for attempt in action["attempts"]] == ["unknown"]


def has_step(call: dict[str, Any], name: str) -> bool:
    return any(step["name"] == name for action in call["actions"] for step in action["steps"])


def way_back_of(running: RunningService, call_id: str) -> dict[str, Any] | None:
    call = running.find_call(call_id) or {"actions": []}
    found = [each for each in call["actions"] if each["kind"] == "create_webhook" and each["review_id"]]
    return found[0] if found else None


def status_in_mirror(running: RunningService, order: dict[str, Any]) -> str:
    (shown,) = running.get("/v1/orders", reference=order["reference_id"])["data"]
    return str(shown["status"])


def order_at(goody: Twin, order_id: str) -> dict[str, Any]:
    return dict(goody.http.get(f"/v1/orders/{order_id}", headers=key()).raise_for_status().json())


def orders_of_batch(goody: Twin, batch_id: str) -> list[dict[str, Any]]:
    return list(goody.http.get(f"/v1/order_batches/{batch_id}/orders", headers=key()).raise_for_status().json()["data"])


def endpoints_at(goody: Twin, url: str) -> list[dict[str, Any]]:
    rows = goody.http.get("/_twin/webhooks").raise_for_status().json()["data"]
    return [row for row in rows if row["url"] == url]


def key() -> dict[str, str]:
    return {"authorization": f"Bearer {GOODY_KEY}"}
