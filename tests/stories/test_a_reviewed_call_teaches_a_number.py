"""What a person approved of a call ties its number to the person of the order, until somebody takes that back."""

from foreign_client import about, somebody


def phone_line(call):
    return next(line for line in call["match"]["evidence"] if line["field"] == "phone")


def links_of(service, call_id):
    return service.get("/v1/links", call_id=call_id)["data"]


def test_an_approved_call_teaches_its_number_and_a_revoked_link_is_forgotten(service, agents, place):
    person = somebody()
    order = place(person)
    before = service.settled(agents.call({"requested_action": "where is my order"}, from_number=person.phone))
    assert before["match"]["outcome"] == "unmatched"

    call_id = agents.call(about(order, person, "change address", new_address="1 Main St"), from_number=person.phone)
    waiting = service.with_action(call_id, "awaiting_review")
    assert waiting["identity"]["role"] == "recipient"
    assert links_of(service, call_id) == []
    assert service.approve(waiting).status_code == 200
    (link,) = links_of(service, call_id)
    review_id = waiting["actions"][0]["review_id"]
    assert (link["phone"], link["email"], link["origin"]) == (person.phone, person.email, f"review:{review_id}")

    known = service.settled(agents.call({"requested_action": "where is my order"}, from_number=person.phone))
    assert (known["match"]["outcome"], known["match"]["order_id"]) == ("matched", order["id"])
    assert phone_line(known)["agreement"] == "exact"
    assert known["identity"]["role"] == "recipient"
    assert known["identity"]["confidence"] < 0.9, "a number that calls is a claim"

    assert service.admin.delete(f"/v1/links/{link['id']}").status_code == 204
    after = service.settled(agents.call({"requested_action": "where is my order"}, from_number=person.phone))
    assert after["match"]["outcome"] == "unmatched"
    events = [entry["event"] for entry in service.rows("/v1/audit", call_id=call_id)]
    assert {"link.learned", "link.revoked"} <= set(events)


def test_a_rejected_call_teaches_nothing(service, agents, place):
    person = somebody()
    order = place(person)
    call_id = agents.call(about(order, person, "change address", new_address="1 Main St"), from_number=person.phone)
    review = service.review_of(service.with_action(call_id, "awaiting_review"))
    answer = service.admin.post(
        f"/v1/reviews/{review['id']}/rejection",
        headers={"if-match": f'"{review["version"]}"'},
        json={"reason_code": "not_them"},
    )
    assert answer.status_code == 200
    assert links_of(service, call_id) == []
