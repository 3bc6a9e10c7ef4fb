"""A voice agent asks while the caller is on the line; what was tried then counts when the call is over."""

import httpx
import pytest
from foreign_client import about, completed, new_call_id, somebody

LOOKUP = "/v1/tools/order-lookup"


@pytest.fixture(scope="module")
def agent(service) -> httpx.Client:
    return service.bearer("agent", "voice-agent")


def look_up(agent, call_id, person, **heard):
    answer = agent.post(LOOKUP, json={"call_id": call_id, "caller_number": person.phone, **heard})
    assert answer.status_code == 200, answer.text
    return answer.json()


def end(agents, call_id, order, person, wish):
    agents.tell(completed(call_id, about(order, person, wish), from_number=person.phone))


def test_the_agent_tells_what_the_caller_may_know_and_the_call_shows_what_was_asked(service, agents, agent, place):
    person, call_id = somebody(), new_call_id()
    order = place(person)
    first = look_up(agent, call_id, person, customer_name=person.name)
    assert first["level"] in {"none", "low"}
    then = look_up(
        agent, call_id, person,
        order_id=order["reference_id"], customer_name=person.name, customer_email=person.email,
    )  # fmt: skip
    assert then["level"] == "clear"
    assert "extend_expiration" in then["may_offer"]
    end(agents, call_id, order, person, "extend expiration")
    call = service.with_action(call_id, "done")
    assert [lookup["level"] for lookup in call["lookups"]] == [first["level"], "clear"]
    events = [entry["event"] for entry in service.rows("/v1/audit", call_id=call_id)]
    assert events.count("call.looked_up") == 2
    assert events[0] == "call.looked_up", "it came before any delivery of the call"


def test_references_guessed_at_during_the_call_count_when_it_is_over(service, agents, agent, place):
    person, call_id = somebody(), new_call_id()
    order = place(person)
    tail = order["reference_id"][-6:-1]
    for sign in [sign for sign in "234678" if sign != order["reference_id"][-1]][:5]:
        look_up(agent, call_id, person, order_id=f"ends in {tail}{sign}")
    end(agents, call_id, order, person, "extend expiration")
    call = service.with_action(call_id, "awaiting_review")
    (guesses,) = [line for line in call["identity"]["evidence"] if line["field"] == "guesses"]
    assert guesses["bits"] < -2
    assert call["identity"]["confidence"] < 0.9
