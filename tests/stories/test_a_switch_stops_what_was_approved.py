"""People switch a kind of action, or a whole shop, off: what they approved waits in sight, and then happens once."""

import pytest
from foreign_client import about, somebody
from running_service import wait_for


def throw(service, path, *, off):
    answer = service.admin.put(f"/v1/switches/{path}", json={"off": off, "reason": "a story about switches"})
    assert answer.status_code == 200, answer.text


def holds_of(service, path):
    return next(row["holds"] for row in service.get("/v1/switches")["data"] if f"{row['scope']}/{row['name']}" == path)


def action_of(service, call_id):
    (action,) = service.find_call(call_id)["actions"]
    return action


@pytest.fixture
def on_again(service):
    """No story after this one finds a switch off."""
    yield
    for row in service.get("/v1/switches")["data"]:
        throw(service, f"{row['scope']}/{row['name']}", off=False)


@pytest.mark.usefixtures("on_again")
@pytest.mark.parametrize("path", ["kind/cancel_order", "destination/goody"])
def test_what_is_approved_waits_while_it_is_off_and_is_done_once_when_it_is_on(service, agents, place, twin, path):
    person = somebody()
    order = place(person)
    call_id = agents.call(about(order, person, "cancel order"))
    waiting = service.with_action(call_id, "awaiting_review")
    throw(service, path, off=True)
    assert service.approve(waiting).status_code == 200

    def is_held():
        return [entry for entry in service.rows("/v1/audit", call_id=call_id) if entry["event"] == "action.held"]

    (entry,) = wait_for(is_held, "the action to be held")
    scope, name = path.split("/")
    assert entry["data"]["why"] == f"{scope} {name} is switched off"
    held = action_of(service, call_id)
    assert (held["status"], held["attempts"]) == ("approved", [])
    assert held["held_by"] == [f"{scope} {name} is switched off: a story about switches"]
    assert held["id"] in holds_of(service, path)
    assert twin.ledger(order_id=order["id"]) == []

    throw(service, path, off=False)
    done = service.with_action(call_id, "done")
    (action,) = done["actions"]
    assert [attempt["outcome"] for attempt in action["attempts"]] == ["succeeded"]
    assert action["held_by"] == []
    assert [entry["effect"] for entry in twin.ledger(order_id=order["id"])] == ["done"]


@pytest.mark.usefixtures("on_again")
def test_what_would_be_done_alone_goes_to_people_while_it_is_off(service, agents, place, twin):
    throw(service, "kind/extend_expiration", off=True)
    person = somebody()
    order = place(person)
    call = service.with_action(agents.call(about(order, person, "more time")), "awaiting_review")
    review = service.review_of(call)
    assert (review["queue"], "switched_off" in review["reason_codes"]) == ("switched_off", True)
    assert any(row["id"] == review["id"] for row in service.rows("/v1/reviews", queue="switched_off"))
    assert all(row["id"] != review["id"] for row in service.rows("/v1/reviews", queue="general"))
    assert twin.ledger(order_id=order["id"]) == []

    throw(service, "kind/extend_expiration", off=False)
    person = somebody()
    order = place(person)
    service.with_action(agents.call(about(order, person, "more time")), "done")
