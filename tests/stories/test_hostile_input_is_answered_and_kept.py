"""Whatever comes in is answered in a way that a client can read, nothing that was acknowledged is lost, nothing leaks."""

import codecs
import json
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from foreign_client import HEADERS, Person, about, completed, digest, flat, hangup, new_call_id, raw, session, somebody
from running_service import DIALNEXA_SECRETS, RunningService, problem_of, wait_for
from twin_server import Twin

ANY_TYPE = (None, True, 0, -1, 1.5, "", "text", [], {}, [[]], {"a": {"b": []}}, [None, 7, {"x": "y"}])
ODD_TEXTS = {
    "nul": "a\x00b",
    "a lone surrogate": "a\ud800b",
    "a surrogate the wrong way round": "\udfff\ud800",
    "right to left": "\u202etxt.exe\u202c",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "stacked accents": "Z" + "\u0301" * 500,
    "a hundred thousand characters": "Ab" * 50_000,
    "controls": "a\r\n\t\x07\x1b[31mb",
    "markup": "<script>alert(1)</script>",
    "sql": "'; DROP TABLE calls; --",
    "a template": "{{7*7}} ${7*7} %s %n",
}
ODD_NUMBERS = {
    "too large": "1e400",
    "too small": "-1e400",
    "not a number": "NaN",
    "infinite": "Infinity",
    "five thousand digits": "9" * 5000,
    "minus zero": "-0.0",
}


def texts_everywhere(text: str) -> bytes:
    """One text as every value and as the name of a field."""
    analysis = dict.fromkeys(("customer_name", "customer_email", "customer_phone", "order_id", "product"), text)
    analysis |= {"requested_action": text, "risk_flags": [text], "new_address": text, text: text}
    facts = {"summary": text, "transcript": text, "hangup_reason": text, "agent_id": text, "from_number": text}
    return raw(completed(new_call_id(), analysis, recording_url=text, category=text, **facts))


def types_everywhere(value: Any) -> bytes:
    """One value in the place of every other but the call's id."""
    body = completed(new_call_id(), {})
    call = body["payload"]["call"]
    kept = {"id": call["id"], "status": "completed"}
    return raw({**body, "payload": {"call": {**dict.fromkeys(call, value), **kept}, "call_transfer": value}})


def number(digits: str) -> bytes:
    body = completed(
        new_call_id(), {"order_value": "#", "requested_action": "cancel order", "x": "#"}, duration_in_seconds="#"
    )
    return raw(body).replace(b'"#"', digits.encode())


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def bodies() -> Iterator[tuple[str, bytes]]:
    good = raw(completed(new_call_id(), {}))
    yield "empty", b""
    yield "blanks", b"  \n "
    yield "half an object", good[: len(good) // 2]
    yield "more after the end", good + b"{}"
    yield "not UTF-8", good.replace(b"Hello", b"\xff\xfe\x80")
    yield "UTF-16", good.decode().encode("utf-16")
    yield "a byte order mark", codecs.BOM_UTF8 + raw(completed(new_call_id(), {}))
    yield "a raw NUL", good.replace(b"Hello", b"\x00")
    yield "a form", b"event_type=call_ended&id=1"
    yield "XML", b"<?xml version='1.0'?><call/>"
    yield "five thousand levels", nested(5000).encode()
    yield (
        "five thousand levels in a value",
        raw(completed(new_call_id(), {"x": "#"})).replace(b'"#"', nested(5000).encode()),
    )
    yield "five thousand levels in a text", raw(completed(new_call_id(), {}, transcript=nested(5000)))
    yield "sixty levels in a value", raw(completed(new_call_id(), {"x": "#"})).replace(b'"#"', nested(60).encode())
    yield (
        "a key twice",
        raw(completed(new_call_id(), {})).replace(b'{"event', b'{"event_type": "verification", "event', 1),
    )
    yield "two ids", raw(completed(new_call_id(), {})).replace(b'{"id"', b'{"id": "call_first", "id"', 1)
    yield "ten thousand fields", raw(completed(new_call_id(), {f"field {n}": n for n in range(10_000)}))
    yield "ten thousand wishes", raw(completed(new_call_id(), {"requested_action": "cancel order," * 10_000}))
    yield "a wish without end", raw(completed(new_call_id(), {"requested_action": "not " * 50_000}))
    yield "three megabytes", raw(completed(new_call_id(), {}, transcript="Agent: Hello. " * 220_000))
    for text in ("0000-00-00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "99999-01-01", "1e9"):
        analysis = {"new_expiration": text, "deadline": text, "requested_action": "more time"}
        yield f"the date {text}", raw(completed(new_call_id(), analysis, initiated_at=text))
    for name, text in ODD_TEXTS.items():
        yield f"texts: {name}", texts_everywhere(text)
        yield f"flat texts: {name}", raw(flat(new_call_id(), {"customer_name": text}, summary=text, status="completed"))
    for name, digits in ODD_NUMBERS.items():
        yield f"numbers: {name}", number(digits)
    for value in ANY_TYPE:
        yield f"all is {value!r}", types_everywhere(value)
        yield (
            f"the payload is {value!r}",
            raw({"event_type": "call_ended", "payload": value, "n": secrets.token_hex(8)}),
        )
        yield f"the kind is {value!r}", raw({**completed(new_call_id(), {}), "event_type": value})
        yield f"the analysis is {value!r}", raw(completed(new_call_id(), value))
        yield f"the metadata is {value!r}", raw(flat(new_call_id(), {}, metadata=value))
        yield f"the event is {value!r}", raw({**session(new_call_id()), "event": value})


BODIES = dict(bodies())

CALL_IDS = {
    "slashes": "call/with/slashes",
    "a way up": "../../etc/passwd",
    "two dots": "..",
    "a question": "call?x=1#y",
    "percent": "call%2Fid%00",
    "a line break": "call\nid",
    "NUL": "call\x00id",
    "a lone surrogate": "call\ud800",
    "right to left": "call\u202eid",
    "emoji": "call_👋",
    "accents": "càll_é",
    "blanks inside": "call id",
    "blanks around": "  call_padded ",
    "two hundred characters": "c" * 200,
    "ten thousand characters": "c" * 10_000,
    "nothing": "",
    "blanks only": "   ",
    "a number": 12345,
    "a yes": True,
    "null": None,
    "a list": ["call_1"],
    "an object": {"id": "call_1"},
}


def newest_delivery(service: RunningService) -> int:
    rows = service.get("/v1/deliveries", limit=1)["data"]
    return rows[0]["id"] if rows else 0


def deliveries_after(service: RunningService, last: int) -> list[dict]:
    found = []
    for row in service.rows("/v1/deliveries"):
        if row["id"] <= last:
            break
        if row["sender"] == "dialnexa":
            found.append(row)
    return found


def wait_until_accounted_for(service: RunningService, last: int) -> list[dict]:
    """Every delivery since, once each is parked for people to see or stands in the list of calls."""

    def look() -> list[dict] | None:
        rows = deliveries_after(service, last)
        known = {row["call_id"] for row in service.rows("/v1/calls")}
        is_done = all(row["parked_reason"] or row["subject"] in known for row in rows)
        return rows if is_done else None

    return wait_for(look, "every delivery to be parked or understood", pause=0.5)


def read_call(service: RunningService, call_id: str) -> int:
    """The status of the answer, 0 where it is of another call."""
    answer = service.admin.get(f"/v1/calls/{quote(call_id, safe='')}")
    is_other = answer.status_code == 200 and answer.json().get("call_id") != call_id
    return 0 if is_other else answer.status_code


def test_whatever_was_signed_is_acknowledged_and_nothing_of_it_is_lost(service, agents):
    last = newest_delivery(service)
    answers = {name: agents.post(content).status_code for name, content in BODIES.items()}
    assert {name: code for name, code in answers.items() if code != 200} == {}
    rows = wait_until_accounted_for(service, last)
    assert len(rows) == len(set(BODIES.values()))
    understood = [row["subject"] for row in rows if not row["parked_reason"]]
    assert {call_id: code for call_id in understood if (code := read_call(service, call_id)) != 200} == {}
    assert len(understood) > len(rows) / 2
    for call_id in understood:
        if service.find_call(quote(call_id, safe=""))["stage"] == "completed":
            service.settled(call_id)


@pytest.mark.parametrize("family", ["E", "U", "L"])
def test_a_call_id_of_any_kind_is_parked_or_can_be_read_again(service, agents, family):
    last = newest_delivery(service)
    for call_id in CALL_IDS.values():
        said = {"requested_action": "buy", "n": secrets.token_hex(4)}
        body = {
            "E": lambda call_id=call_id, said=said: completed(call_id, said),
            "U": lambda call_id=call_id, said=said: flat(call_id, said),
            "L": lambda call_id=call_id, said=said: session(call_id, "call.analysis_ready", analysis=said),
        }[family]()
        agents.tell(body)
    rows = wait_until_accounted_for(service, last)
    assert len(rows) == len(CALL_IDS)
    understood = {row["subject"] for row in rows if not row["parked_reason"]}
    assert understood <= {call_id.strip() for call_id in CALL_IDS.values() if isinstance(call_id, str)}
    assert {call_id: code for call_id in understood if (code := read_call(service, call_id)) != 200} == {}


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/actions", "/v1/reviews", "/v1/deliveries", "/v1/audit"])
def test_after_all_that_every_list_can_still_be_read(service, path):
    """Whatever of the tests above ran before in this process."""
    assert all(json.dumps(row) for row in service.rows(path))


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("path", ["/webhooks/dialnexa", "/webhooks/goody"])
def test_ten_megabytes_are_too_much(service, path, is_chunked):
    content = b'{"x": "' + b"a" * 10_000_000 + b'"}'
    headers = {HEADERS[0]: digest(DIALNEXA_SECRETS[0], content)}
    pieces = (content[at : at + 100_000] for at in range(0, len(content), 100_000))
    last = newest_delivery(service)
    answer = service.client().post(path, content=pieces if is_chunked else content, headers=headers)
    problem_of(answer, 413)
    assert deliveries_after(service, last) == []


def test_a_body_that_never_ends_does_not_hold_up_the_others(service, agents):
    def slowly() -> Iterator[bytes]:
        yield b'{"event_type": '
        time.sleep(2)
        yield b'"call_ended"}'

    begun = time.monotonic()
    agents.call({"requested_action": "buy"})
    assert time.monotonic() - begun < 10
    content = b'{"event_type": "call_ended"}'
    answer = service.client().post(
        "/webhooks/dialnexa", content=slowly(), headers={HEADERS[0]: digest(DIALNEXA_SECRETS[0], content)}
    )
    assert answer.status_code == 200


# NUL, no UTF-8, half of a surrogate pair, and what is merely unusual.
ODD_PARTS = ("%00", "%ff%fe", "%ed%a0%80", "%0a", "%F0%9F%91%8B", "%25", "a" * 5000)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/calls/{}",
        "/v1/actions/{}",
        "/v1/reviews/{}",
        "/v1/actions?call_id={}",
        "/v1/reviews?call_id={}",
        "/v1/audit?call_id={}",
        "/v1/orders?reference={}",
        "/v1/orders?email={}",
        "/v1/orders?email=x{}@mail.example.com",
        "/v1/orders?phone={}",
        "/v1/calls?cursor={}",
        "/v1/calls?limit={}",
        "/{}",
    ],
)
def test_no_address_breaks_the_service(service, path):
    answers = {odd[:12]: service.admin.get(path.format(odd)) for odd in ODD_PARTS}
    assert {
        odd: answer.status_code for odd, answer in answers.items() if answer.status_code not in {200, 404, 422}
    } == {}
    for answer in answers.values():
        if answer.status_code != 200:
            problem_of(answer, answer.status_code)


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_no_text_of_a_person_breaks_the_service(service, agents, place, name):
    text = ODD_TEXTS[name]
    person = somebody()
    call = service.with_action(agents.call(about(place(person), person, "cancel order")), "awaiting_review")
    review = service.review_of(call)
    path = f"/v1/reviews/{review['id']}"

    def send(method: str, path: str, body: Any, **headers: str) -> int:
        content = json.dumps(body).encode()
        answer = service.admin.request(
            method, path, content=content, headers={"content-type": "application/json", **headers}
        )
        if not answer.is_success:
            problem_of(answer, answer.status_code)
        return answer.status_code

    assert send("POST", f"{path}/notes", {"note": text}) in {200, 422}
    assert send("POST", f"{path}/notes", {"note": "Fine.", "reason_code": text}) in {200, 422}
    version = f'"{service.review(review["id"])["version"]}"'
    assert send("POST", f"{path}/rejection", {"reason_code": "no", "note": text}, **{"if-match": version}) in {200, 422}
    contact = {"names": [text], "emails": [f"{person.last}@mail.example.com"], "tier": text}
    assert send("PUT", f"/v1/contacts/{person.last}", contact) in {200, 422}
    assert send("POST", "/v1/contacts:import", [{"contact_id": text, **contact}]) in {200, 422}
    assert service.review(review["id"])
    assert list(service.rows("/v1/audit", call_id=call["call_id"]))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'"x"', b"\xff", nested(5000).encode(), b'{"note": 1e400}'], ids=repr
)
@pytest.mark.parametrize("verb", ["approval", "rejection", "notes", "assistance"])
def test_no_body_of_a_decision_breaks_the_service(service, content, verb):
    path = f"/v1/reviews/00000000-0000-4000-8000-000000000000/{verb}"
    headers = {"content-type": "application/json", "if-match": '"1"'}
    answer = service.admin.post(path, content=content, headers=headers)
    assert answer.status_code in {400, 404, 422}, answer.text
    problem_of(answer, answer.status_code)


@pytest.mark.parametrize("token", ["", "Bearer", "Basic YTpi", "Bearer \xff\xfe", "Bearer " + "x" * 20_000])
def test_no_token_breaks_the_service(service, token):
    answer = service.client().get("/v1/calls", headers={"authorization": token.encode("latin-1")})
    assert answer.status_code in {400, 401, 431}, answer.text


def refuse_quoting(twin: Twin, order: dict, person: Person) -> None:
    """For a while the shop refuses everything about this order, and quotes people while it does so."""
    words = f"{person.name} <{person.email}> of {person.phone} has {order['individual_gift_link']}"
    match = {"path": f"/v1/orders/{order['id']}"}
    fault = {"kind": "status", "match": match, "status": 400, "error": words, "times": 3}
    assert twin.http.post("/_twin/faults", json=[fault]).is_success


def test_what_a_shop_says_of_people_is_kept_neither_with_the_attempt_nor_in_the_audit(service, agents, place, twin):
    person = somebody()
    order = place(person)
    call = service.with_action(agents.call(about(order, person, "cancel order")), "awaiting_review")
    refuse_quoting(twin, order, person)
    assert service.approve(call).status_code == 200
    call = service.settled(call["call_id"])
    shown = json.dumps([call["actions"][0]["attempts"], *service.rows("/v1/audit", call_id=call["call_id"])])
    assert "answered 400" in shown, "the shop never refused anything"
    secret = (person.first, person.last, person.email, person.phone, "gifts.ongoody.com")
    assert [word for word in secret if word.lower() in shown.lower()] == []


def test_nothing_of_a_person_gets_into_the_log(service, agents, place, twin):
    caller, giver = somebody(), somebody()
    sender = {"first_name": giver.first, "last_name": giver.last, "email": giver.email}
    orders = [place(caller, sender=sender) for _ in range(3)]
    transcript = f"My dog is called {somebody().last} and I live in {somebody().last} Street."
    said = {
        "New Address": transcript,
        "Promise Made": transcript,
        "Return reason": transcript,
        "customer phone": caller.phone,
    }
    facts = {"transcript": transcript, "summary": transcript, "from_number": caller.phone}

    def tell(order: dict, wish: str, **more: Any) -> str:
        return agents.call(about(order, caller, wish, **said, **more), **facts)

    # Done by itself, approved by a person, rejected by a person, and told to a team.
    service.settled(tell(orders[0], "more time"))
    call = service.with_action(tell(orders[1], "cancel order"), "awaiting_review")
    service.admin.post(f"/v1/reviews/{call['actions'][0]['review_id']}/notes", json={"note": transcript})
    assert service.approve(service.find_call(call["call_id"])).status_code == 200
    service.with_action(call["call_id"], "done")
    service.settled(tell(orders[0], "call me back"))
    refuse_quoting(twin, orders[2], caller)
    service.settled(tell(orders[2], "where is my order"))
    # What is refused, parked, badly written or asked for in vain.
    agents.send(raw(completed(new_call_id(), said, **facts)), {HEADERS[0]: "0" * 64})
    agents.post(raw({"event_type": "unheard_of", "payload": {"call": {**facts, "id": caller.name}}}))
    agents.post(raw(completed(new_call_id(), said, **facts))[:-2])
    agents.post(raw(hangup(new_call_id(), from_number=caller.phone, hangup_reason=transcript)))
    service.admin.put("/v1/contacts/one", json={"emails": [transcript], "phones": [caller.name]})
    service.admin.put(f"/v1/contacts/{caller.last}", json={"names": [caller.name], "emails": [caller.email + "\x00"]})
    service.admin.post("/v1/contacts:import", content=f"contact_id,email\n{caller.last},{transcript}\n")
    service.admin.get("/v1/orders", params={"email": caller.email, "phone": caller.phone})
    service.admin.get("/v1/orders", params={"reference": f"{caller.name}\x00"})
    service.admin.get(f"/v1/calls/{caller.email}%00")

    log = service.log()
    assert len(log) > 100
    secret = [caller.first, caller.last, caller.email, giver.first, giver.last, giver.email, caller.phone[2:]]
    found = [word for word in (*secret, transcript.split()[4], "gifts.ongoody.com") if word.lower() in log.lower()]
    assert [line for line in log.splitlines() if any(word.lower() in line.lower() for word in found)] == []
    for hidden in (*DIALNEXA_SECRETS, *service.settings["HANDOFF_GOODY_WEBHOOK_SECRETS"].split(",")):
        assert hidden not in log
    assert service.settings["HANDOFF_GOODY_API_KEY"] not in log
    assert re.findall(r"ho_[\w-]{20,}", log) == []


def test_a_gift_link_is_shown_to_nobody(service, agents, place):
    person = somebody()
    order = place(person)
    call_id = agents.call(about(order, person, "resend the gift link"))
    call = service.settled(call_id)
    shown = [
        call,
        *service.rows("/v1/audit", call_id=call_id),
        *service.rows("/v1/orders", reference=order["reference_id"]),
        *(service.review(action["review_id"]) for action in call["actions"] if action["review_id"]),
    ]
    assert order["individual_gift_link"].rsplit("/", 1)[1] not in json.dumps(shown)


def test_the_log_has_no_traceback(service):
    """Of whatever ran before in this process: an unforeseen error would stand there in full, with what it quotes."""
    assert "Traceback" not in service.log()
