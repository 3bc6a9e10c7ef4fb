"""The shop's answer is lost and the order cannot be read: people are alarmed, look for themselves, and their word counts."""

import json

import pytest
from running_service import problem_of, wait_for
from standing_still import a_place


@pytest.fixture(scope="module")
def place():
    with a_place() as running:
        yield running


@pytest.fixture
def lost(place):
    """A cancellation whose answer never came, of an order that cannot be read since."""
    order, call = place.cancellation()
    place.fault("close", "POST", f"{order['id']}/cancel", times=1)
    assert place.service.approve(call).status_code == 200
    call = place.service.with_action(call["call_id"], "outcome_unknown")
    place.fault("status", "GET", f"/v1/orders/{order['id']}$", status=500)
    yield order, call
    place.no_faults()


def settle(place, action, outcome, by="approver"):
    bearer = place.service.bearer(by, f"{by} of the story")
    word = {"outcome": outcome, "reason_code": "seen_at_shop", "note": "ticket 4711"}
    return bearer.post(f"/v1/actions/{action['id']}/settlement", json=word)


def alarms_of(place, action, state="open"):
    return [row for row in place.service.rows("/v1/alarms", state=state) if row["action_id"] == action["id"]]


def test_an_alarm_is_raised_acknowledged_and_over_when_a_person_settles_it(place, lost):
    order, call = lost
    (action,) = call["actions"]
    with place.database() as admin:  # as if a quarter of an hour had passed
        admin.execute("UPDATE actions SET updated_at = updated_at - interval '16 min' WHERE id = %s", [action["id"]])
    (alarm,) = wait_for(lambda: alarms_of(place, action), "an alarm")
    assert (alarm["kind"], alarm["call_id"]) == ("outcome_unknown", call["call_id"])
    assert place.service.figures()['handoff_alarms{kind="outcome_unknown",state="open"}'] == 1
    handoffs = place.service.find_call(call["call_id"])["handoffs"]
    assert [row["team"] for row in handoffs if row["alarm_id"] == alarm["id"]] == ["operations"]

    seen = place.service.run("alarms", "acknowledge", alarm["id"], "--by", "rita", "--reason", "asking the shop")
    assert seen.returncode == 0, seen.stderr
    (listed,) = json.loads(place.service.run("alarms", "--json").stdout)
    assert (listed["id"], listed["acknowledged_by"]) == (alarm["id"], "rita")

    # A person cancels it at the shop's own page, and says so here.
    place.twin.post(f"/_twin/orders/{order['id']}/cancel")
    problem_of(settle(place, action, "succeeded", by="reviewer"), 403)
    assert settle(place, action, "succeeded").json()["status"] == "done"
    problem_of(settle(place, action, "did_not_happen"), 409)
    assert place.effects(order) == ["fault"]
    wait_for(lambda: alarms_of(place, action, "cleared"), "the alarm to be over")
    assert "alarm_raised" in place.service.log()


def test_what_did_not_happen_waits_for_a_new_approval_and_is_then_done_once(place, lost):
    order, call = lost
    (action,) = call["actions"]
    answer = settle(place, action, "did_not_happen")
    assert (answer.status_code, answer.json()["status"]) == (200, "awaiting_review")
    assert answer.json()["attempts"][0]["detail"].startswith("Settled by hand by approver of the story: did not happen")
    place.no_faults()
    assert place.effects(order) == ["fault"]

    review = place.service.review_of(place.service.find_call(call["call_id"]))
    assert review["status"] == "open"
    assert all(approval["lapsed_at"] for approval in review["approvals"])
    wait_for(
        lambda: place.service.approve(place.service.find_call(call["call_id"])).status_code == 200,
        "a yes to the order as it is",
    )
    place.service.with_action(call["call_id"], "done")
    assert place.effects(order) == ["fault", "done"]
    events = [entry["event"] for entry in place.service.rows("/v1/audit", call_id=call["call_id"])]
    assert "action.settled_by_hand" in events
    assert events.count("review.approved") == 2
