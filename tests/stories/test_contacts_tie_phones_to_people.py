"""Goody knows no phone numbers, so the merchant's own directory does: written one by one or imported."""

import json

import httpx
import pytest
from foreign_client import new_call_id, raw, somebody
from running_service import problem_of


@pytest.fixture(scope="module")
def keeper(service) -> httpx.Client:
    return service.bearer("ingest", "igor")


def upload(who: httpx.Client, content: str | bytes, kind: str) -> httpx.Response:
    return who.post("/v1/contacts:import", content=content, headers={"content-type": kind})


def call_from(agents, number: str) -> str:
    call_id = new_call_id()
    body = {
        "event_type": "call_ended",
        "payload": {
            "call": {
                "id": call_id,
                "status": "completed",
                "direction": "inbound",
                "from_number": number,
                "to_number": "12137771235",
                "post_call_analysis": {"requested_action": "where is my order"},
            }
        },
    }
    agents.tell(raw(body))
    return call_id


def is_matched(service, agents, person, order, number=None):
    call = service.settled(call_from(agents, number or person.phone))
    match = call["match"]
    assert (match["outcome"], match["order_id"]) == ("matched", order["id"])
    phone = next(line for line in match["evidence"] if line["field"] == "phone")
    assert phone["agreement"] == "exact"


def test_a_phone_number_of_a_written_contact_finds_the_order(service, agents, place, keeper):
    person = somebody()
    order = place(person)
    unknown = service.settled(call_from(agents, person.phone))
    assert unknown["match"]["outcome"] == "unmatched"

    body = {"names": [person.name], "emails": [person.email.upper()], "phones": [person.phone], "tier": "gold"}
    written = keeper.put(f"/v1/contacts/{person.last}", json=body)
    assert written.status_code == 200, written.text
    assert written.json()["emails"] == [person.email]
    assert written.json()["phones"] == [person.phone]
    (row,) = service.get("/v1/orders", phone=person.phone)["data"]
    assert row["order_id"] == order["id"]
    # As DialNexa's webhooks write numbers, without the plus.
    is_matched(service, agents, person, order, person.phone.removeprefix("+"))


def test_a_contact_is_written_whole(service, place, keeper):
    person = somebody()
    order = place(person)
    path = f"/v1/contacts/{person.last}"
    assert keeper.put(path, json={"emails": [person.email], "phones": [person.phone]}).status_code == 200
    assert [row["order_id"] for row in service.get("/v1/orders", phone=person.phone)["data"]] == [order["id"]]
    assert keeper.put(path, json={"emails": [person.email]}).json()["phones"] == []
    assert service.get("/v1/orders", phone=person.phone)["data"] == []


@pytest.mark.parametrize("wrap", [list, lambda rows: {"data": rows}], ids=["a list", "an object"])
def test_contacts_are_imported_from_json(service, agents, place, keeper, wrap):
    people = [somebody() for _ in range(3)]
    order = place(people[1])
    rows = [
        {"contact_id": one.last, "names": [one.name], "emails": [one.email], "phones": [one.phone]} for one in people
    ]
    answer = upload(keeper, json.dumps(wrap(rows)), "application/json")
    assert (answer.status_code, answer.json()) == (200, {"imported": 3})
    is_matched(service, agents, people[1], order)


@pytest.mark.parametrize("kind", ["text/csv", "text/csv; charset=utf-8"])
def test_contacts_are_imported_from_csv(service, agents, place, keeper, kind):
    person, other = somebody(), somebody()
    order = place(person)
    spelled = f"({person.phone[2:5]}) {person.phone[5:8]}-{person.phone[8:]}"
    content = (
        "\ufeffcontact_id,name,email,phones,tier\r\n"
        f'{person.last},"{person.last}, {person.first}",{person.email},{spelled};+12015550177,vip\r\n'
        f"{other.last},Zoë {other.last},{other.email},,\r\n"
    )
    answer = upload(keeper, content.encode(), kind)
    assert (answer.status_code, answer.json()) == (200, {"imported": 2}), answer.text
    is_matched(service, agents, person, order)


def test_an_import_twice_changes_nothing(service, place, keeper):
    person = somebody()
    order = place(person)
    rows = json.dumps([{"contact_id": person.last, "emails": [person.email], "phones": [person.phone]}])
    for _ in range(2):
        assert upload(keeper, rows, "application/json").status_code == 200
    assert [row["order_id"] for row in service.get("/v1/orders", phone=person.phone)["data"]] == [order["id"]]


GOOD = {"contact_id": "good-row", "emails": ["fine@mail.example.com"], "phones": ["+12015550144"]}


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([GOOD, {"contact_id": "bad", "emails": ["no address"]}], "row 2"),
        ([GOOD, GOOD, {"contact_id": "bad", "phones": ["12"]}], "row 3"),
        ([GOOD, {"emails": ["fine@mail.example.com"]}], "row 2"),
        ([GOOD, {"contact_id": "bad", "telephone": "1"}], "row 2"),
        ([GOOD, {"contact_id": ""}], "row 2"),
        ([GOOD, "a word"], "row 2"),
        ({"data": [GOOD, {"contact_id": "bad", "emails": ["no address"]}]}, "row 2"),
        ({"data": [GOOD, {"emails": ["fine@mail.example.com"]}]}, "row 2"),
        ({"rows": [GOOD]}, "body"),
        (7, "body"),
    ],
    ids=lambda value: json.dumps(value)[-60:],
)
def test_a_bad_row_of_json_is_named_and_nothing_is_imported(service, keeper, rows, named):
    problem = problem_of(upload(keeper, json.dumps(rows), "application/json"), 422)
    assert named in json.dumps(problem)
    assert "no address" not in json.dumps(problem), "a value could be personal data"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("contact_id,email\ngood,fine@mail.example.com\nbad,no address\n", "row 2"),
        ("contact_id,phone\ngood,+12015550144\nbad,12\n", "row 2"),
        ("contact_id,email\n,fine@mail.example.com\n", "row 1"),
        ("email\nfine@mail.example.com\n", "contact_id"),
        ('contact_id,email\n"good,fine@mail.example.com\n', "CSV"),
        (b"contact_id,name\nbad,\xff\xfe\n", "UTF-8"),
    ],
)
def test_a_bad_row_of_csv_is_named_and_nothing_is_imported(keeper, content, named):
    problem = problem_of(upload(keeper, content, "text/csv"), 422)
    assert named in json.dumps(problem)
    assert "no address" not in json.dumps(problem)


def test_of_an_import_with_a_bad_row_nothing_is_kept(service, place, keeper):
    person = somebody()
    place(person)
    rows = [
        {"contact_id": person.last, "emails": [person.email], "phones": [person.phone]},
        {"contact_id": "", "emails": []},
    ]
    problem_of(upload(keeper, json.dumps(rows), "application/json"), 422)
    assert service.get("/v1/orders", phone=person.phone)["data"] == []


def test_a_bad_contact_is_named_by_its_field(keeper):
    for body, named in (
        ({"emails": ["nobody at home"]}, "emails"),
        ({"phones": ["1"]}, "phones"),
        ({"emails": "one@mail.example.com"}, "emails"),
        ({"age": 7}, "age"),
        ([], "body"),
    ):
        assert named in json.dumps(problem_of(keeper.put("/v1/contacts/somebody", json=body), 422))
    too_long = keeper.put(f"/v1/contacts/{'x' * 201}", json={})
    problem_of(too_long, 422)


def test_one_number_of_two_people_is_ambiguous_and_not_guessed(service, agents, place, keeper):
    people = [somebody(), somebody()]
    for person in people:
        place(person)
        body = {"emails": [person.email], "phones": [people[0].phone]}
        assert keeper.put(f"/v1/contacts/{person.last}", json=body).status_code == 200
    call = service.settled(call_from(agents, people[0].phone))
    assert call["match"]["outcome"] == "ambiguous"
    assert len(call["match"]["candidates"]) == 2
