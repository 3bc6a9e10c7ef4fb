"""A client that knows only the vendor's documents posts calls and reads what became of them."""

import json
import secrets

import pytest
from foreign_client import (
    HEADERS,
    PREFIXES,
    VERIFIER,
    VoiceAgents,
    about,
    completed,
    digest,
    flat,
    hangup,
    initiated,
    new_call_id,
    raw,
    session,
    somebody,
    transferred,
    verification,
)
from running_service import DIALNEXA_SECRETS, RunningService, is_settled, problem_of, wait_for

CALL_KEYS = {"call_id", "direction", "match", "identity", "actions", "handoffs", "links"}
MATCH_KEYS = {
    "outcome",
    "destination",
    "order_id",
    "reference_id",
    "probability",
    "runner_up",
    "evidence",
    "candidates",
}
EVIDENCE_KEYS = {"field", "heard", "known", "agreement", "bits", "says"}
ACTION_KEYS = {"id", "kind", "status", "verdict", "findings", "policy_version", "review_id", "attempts"}
FINDING_KEYS = {"rule", "fired", "verdict", "says"}


def deliveries_of(service: RunningService, call_id: str) -> list[dict]:
    return [row for row in service.rows("/v1/deliveries") if row["subject"] == call_id]


def counted(service: RunningService, line: str) -> float:
    """A figure of /metrics, 0 where it is not there yet."""
    return service.figures().get(line, 0.0)


@pytest.mark.parametrize("secret", DIALNEXA_SECRETS)
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("header", HEADERS)
def test_every_family_is_taken_under_every_documented_form_of_signature(service, agents, header, prefix, secret):
    ids = {family: new_call_id() for family in ("E", "U", "L")}
    wish = {"requested_action": "buy"}
    for body in (completed(ids["E"], wish), flat(ids["U"], wish), session(ids["L"])):
        agents.tell(body, header=header, prefix=prefix, secret=secret)
    for family in ("E", "U"):
        call = service.settled(ids[family])
        assert [action["kind"] for action in call["actions"]] == ["route_buying_intent"]
    assert service.call(ids["L"], bool, "it is known")["call_id"] == ids["L"]


def test_a_later_event_of_family_l_leads_to_actions(service, agents):
    call_id = new_call_id()
    agents.tell(session(call_id, "call.started"))
    agents.tell(session(call_id, "call.analysis_ready", analysis={"Requested Action": "call me back"}))
    call = service.settled(call_id)
    assert [action["kind"] for action in call["actions"]] == ["follow_up"]


def wrong_secret(content: bytes) -> tuple[bytes, dict]:
    return content, {HEADERS[0]: digest("somebody-elses-secret", content)}


def body_changed_after_signing(content: bytes) -> tuple[bytes, dict]:
    return content.replace(b"completed", b"complete."), {HEADERS[0]: digest(DIALNEXA_SECRETS[0], content)}


def signature_of_the_inner_payload(content: bytes) -> tuple[bytes, dict]:
    inner = json.dumps(json.loads(content)["payload"]).encode()
    return content, {HEADERS[0]: digest(DIALNEXA_SECRETS[0], inner)}


def no_signature(content: bytes) -> tuple[bytes, dict]:
    return content, {}


def empty_signature(content: bytes) -> tuple[bytes, dict]:
    return content, {HEADERS[0]: "", HEADERS[1]: "sha256="}


def half_a_signature(content: bytes) -> tuple[bytes, dict]:
    return content, {HEADERS[0]: digest(DIALNEXA_SECRETS[0], content)[:32]}


def a_secret_as_the_signature(content: bytes) -> tuple[bytes, dict]:
    return content, {HEADERS[0]: DIALNEXA_SECRETS[0]}


def both_secrets_as_one(content: bytes) -> tuple[bytes, dict]:
    return content, {HEADERS[0]: digest(",".join(DIALNEXA_SECRETS), content)}


@pytest.mark.parametrize(
    "forge",
    [
        wrong_secret,
        body_changed_after_signing,
        signature_of_the_inner_payload,
        no_signature,
        empty_signature,
        half_a_signature,
        a_secret_as_the_signature,
        both_secrets_as_one,
    ],
)
def test_a_bad_signature_is_refused_and_leaves_nothing_but_a_count(service, agents, forge):
    call_id = new_call_id()
    content, headers = forge(raw(completed(call_id, {"requested_action": "buy"})))
    line = 'handoff_deliveries_total{outcome="bad_signature",sender="dialnexa"}'
    before, newest = counted(service, line), next(service.rows("/v1/deliveries"), {"id": 0})["id"]
    problem_of(agents.send(content, headers), 401)
    assert counted(service, line) == before + 1
    new = [row for row in service.rows("/v1/deliveries") if row["id"] > newest and row["sender"] == "dialnexa"]
    assert new == []
    assert service.find_call(call_id) is None
    assert list(service.rows("/v1/audit", call_id=call_id)) == []


def test_a_matched_call_is_shown_in_the_shape_of_the_contract(service, agents, place):
    person = somebody()
    order = place(person)
    call_id = agents.call(about(order, person, "cancel order"))
    call = service.settled(call_id)

    assert call.keys() >= CALL_KEYS
    assert (call["call_id"], call["direction"]) == (call_id, "inbound")
    match = call["match"]
    assert match.keys() >= MATCH_KEYS
    assert match["outcome"] == "matched"
    assert (match["destination"], match["order_id"]) == ("goody", order["id"])
    assert match["reference_id"] == order["reference_id"]
    assert 0.9 < match["probability"] <= 1
    assert match["candidates"] == []
    assert match["evidence"]
    for line in [*match["evidence"], *call["identity"]["evidence"]]:
        assert line.keys() == EVIDENCE_KEYS
        assert isinstance(line["bits"], int | float)
        assert line["says"].endswith(".")
    assert call["identity"].keys() >= {"role", "confidence", "evidence"}
    assert call["identity"]["role"] == "recipient"
    assert 0.9 <= call["identity"]["confidence"] <= 1

    (action,) = call["actions"]
    assert action.keys() >= ACTION_KEYS
    assert (action["kind"], action["status"], action["verdict"]) == ("cancel_order", "awaiting_review", "review")
    assert action["findings"]
    assert all(finding.keys() == FINDING_KEYS for finding in action["findings"])
    assert any(finding["fired"] and finding["verdict"] == "review" for finding in action["findings"])
    assert action["policy_version"]
    assert action["attempts"] == []

    review = service.review(action["review_id"])
    expected = {"id", "version", "status", "action", "call_id", "due_at", "priority", "claimed_by"}
    assert review.keys() >= expected | {"approvals", "approvals_needed", "fingerprint"}
    assert (review["status"], review["call_id"], review["claimed_by"]) == ("open", call_id, None)
    assert (review["approvals"], review["approvals_needed"]) == ([], 1)
    assert review["action"]["id"] == action["id"]
    assert review["fingerprint"]

    assert service.get(f"/v1/actions/{action['id']}")["id"] == action["id"]
    assert any(row["id"] == action["id"] for row in service.rows("/v1/actions", status="awaiting_review"))


def test_a_question_after_the_order_is_answered_in_the_handoff(service, agents, place, twin):
    person = somebody()
    order = place(person, status="shipped")
    call = service.settled(agents.call(about(order, person, "where is my order")))
    (action,) = call["actions"]
    assert (action["kind"], action["status"], action["verdict"]) == ("order_status", "done", "execute")
    (handoff,) = call["handoffs"]
    assert "shipped" in json.dumps(handoff)
    assert twin.ledger(order_id=order["id"]) == []


def test_a_caller_with_nothing_to_match_is_unmatched_and_goes_to_people(service, agents):
    person = somebody()
    call = service.settled(agents.call({"customer_name": person.name, "requested_action": "cancel order"}))
    match = call["match"]
    assert (match["outcome"], match["order_id"], match["candidates"]) == ("unmatched", None, [])
    assert [action["status"] for action in call["actions"]] == ["awaiting_review"]


def test_one_person_with_two_alike_orders_is_ambiguous_and_both_are_shown(service, agents, place):
    person = somebody()
    orders = [place(person) for _ in range(2)]
    analysis = {"customer_name": person.name, "customer_email": person.email, "requested_action": "refund"}
    call = service.settled(agents.call(analysis))
    match = call["match"]
    assert (match["outcome"], match["order_id"]) == ("ambiguous", None)
    assert {candidate["order_id"] for candidate in match["candidates"]} == {order["id"] for order in orders}
    assert [action["status"] for action in call["actions"]] == ["awaiting_review"]


@pytest.mark.parametrize("agent", ["DialNexa-External-Webhook/1.0", VERIFIER])
def test_the_verification_of_the_address_is_answered_and_parked(service, agents, agent):
    body = verification() | {"message": secrets.token_hex(8)}
    agents.tell(body, agent=agent)
    flat_body = {"message": secrets.token_hex(8), "timestamp": "2026-11-20T10:21:15Z"}
    agents.tell(flat_body, agent=VERIFIER)
    parked = list(service.rows("/v1/deliveries", parked="true"))[:2]
    assert [row["kind"] for row in parked] == ["verification", "verification"]


def test_a_verification_that_nobody_signed_is_answered_and_leaves_nothing(service, agents):
    """No document says whether it is signed, and without a 2xx the vendor does not save the address."""
    newest = next(service.rows("/v1/deliveries"), {"id": 0})["id"]
    content = raw(verification() | {"message": secrets.token_hex(8)})
    assert agents.send(content, {"user-agent": VERIFIER}).status_code == 200
    # Whoever calls a call a verification gains nothing by it.
    call_id = new_call_id()
    disguised = completed(call_id, {"requested_action": "cancel order"})
    agents.send(raw(disguised), {"user-agent": VERIFIER})
    agents.send(raw(disguised | {"event_type": "verification"}), {"user-agent": VERIFIER})
    assert [row for row in service.rows("/v1/deliveries") if row["id"] > newest and row["sender"] == "dialnexa"] == []
    assert service.find_call(call_id) is None


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "call_paused", "payload": {"call": {"id": "call_of_an_unknown_event"}}},
        {"event_type": "campaign.completed", "payload": {"campaign": {"id": "c1"}}},
        {"event": "alert.triggered", "workspace_id": "ws_1", "timestamp": "2024-03-15T14:32:00Z"},
        {"event": "call.function_error", "session_id": "sess_1", "workspace_id": "ws_1"},
        {"hello": "world"},
        [1, 2, 3],
        "a text",
        None,
    ],
    ids=repr,
)
def test_what_is_no_known_event_is_received_and_parked_and_listed(service, agents, body):
    content = body | {"nonce": secrets.token_hex(8)} if isinstance(body, dict) else body
    newest = next(service.rows("/v1/deliveries"), {"id": 0})["id"]
    agents.tell(content)
    listed = [row for row in service.rows("/v1/deliveries", parked="true") if row["id"] > newest]
    # A body without a nonce may have been posted before, and is stored once.
    assert len(listed) == (1 if isinstance(body, dict) else len(listed))
    assert all(row["parked_reason"] and row["sender"] == "dialnexa" for row in listed)


def test_a_call_that_never_connected_makes_no_task_and_is_counted(service, agents):
    line = 'handoff_calls{stage="not_connected"}'
    before = counted(service, line)
    call_id = new_call_id()
    agents.tell(initiated(call_id))
    agents.tell(hangup(call_id, post_call_analysis={"requested_action": "cancel order"}))
    wait_for(lambda: counted(service, line) == before + 1, "the hangup in /metrics")
    call = service.find_call(call_id)
    assert (call["actions"], call["handoffs"], call["match"]) == ([], [], None)


def test_a_late_beginning_does_not_undo_the_end(service, agents):
    call_id = new_call_id()
    agents.tell(completed(call_id, {"requested_action": "call me back"}))
    service.settled(call_id)
    agents.tell(initiated(call_id))
    agents.tell(transferred(call_id))
    call = service.call(call_id, lambda call: call["revision"] >= 2, "the later events are in it")
    wait_for(lambda: len(deliveries_of(service, call_id)) == 3, "three deliveries")
    assert call["stage"] == "completed"
    assert [action["kind"] for action in service.settled(call_id)["actions"]] == ["follow_up"]


def test_another_body_for_the_same_call_is_a_new_revision_and_no_new_call(service, agents):
    call_id = agents.call({"requested_action": "buy", "product": "Cookies"})
    assert service.settled(call_id)["revision"] == 1
    agents.tell(
        completed(call_id, {"requested_action": "buy", "product": "Flowers"}, summary="They changed their mind.")
    )
    call = service.call(call_id, lambda call: call["revision"] == 2 and is_settled(call), "the second revision")
    assert len(call["actions"]) == 1
    rows = [row for row in service.rows("/v1/calls") if row["call_id"] == call_id]
    assert [row["revision"] for row in rows] == [2]
    assert len(deliveries_of(service, call_id)) == 2


def test_the_same_body_twice_is_one_delivery(service, agents):
    call_id = new_call_id()
    body = completed(call_id, {"requested_action": "buy"})
    agents.tell(body)
    agents.tell(body, header=HEADERS[1], prefix="sha256=", secret=DIALNEXA_SECRETS[1])
    assert service.settled(call_id)["revision"] == 1
    assert len(deliveries_of(service, call_id)) == 1


@pytest.mark.parametrize("first", ["E", "U"])
def test_two_families_telling_of_the_same_call_make_one_call(service, agents, place, first):
    person = somebody()
    order = place(person)
    call_id = new_call_id()
    analysis = about(order, person, "where is my order")
    bodies = [completed(call_id, analysis), flat(call_id, analysis)]
    for body in bodies if first == "E" else bodies[::-1]:
        agents.tell(body)
    wait_for(lambda: len(deliveries_of(service, call_id)) == 2, "both deliveries")
    call = service.call(call_id, lambda call: is_settled(call) and len(call["families"]) == 2, "both families")
    assert sorted(call["families"]) == ["E", "U"]
    assert [action["kind"] for action in call["actions"]] == ["order_status"]
    assert len(call["handoffs"]) == 1
    assert call["match"]["order_id"] == order["id"]
    assert len([row for row in service.rows("/v1/calls") if row["call_id"] == call_id]) == 1


SPELLINGS = [
    ("Customer Name", "Customer Email", "Order ID", "Requested Action"),
    ("customer-name", "customer-email", "order-id", "requested-action"),
    ("CUSTOMER_NAME", "CUSTOMER_EMAIL", "ORDER_ID", "REQUESTED_ACTION"),
    ("customerName", "customerEmail", "orderId", "requestedAction"),
    (" customer  name", "Customer_Email ", "order - id", "Requested_action"),
]


@pytest.mark.parametrize("family", ["E", "U", "metadata"])
def test_canonical_fields_are_understood_in_any_spelling(service, agents, place, family):
    person = somebody()
    order = place(person)
    values = (person.name, person.email, order["reference_id"], "Where is my order")
    calls = {names: new_call_id() for names in SPELLINGS}
    for names, call_id in calls.items():
        said = dict(zip(names, values, strict=True))
        if family == "E":
            agents.tell(completed(call_id, said))
        elif family == "U":
            agents.tell(flat(call_id, said))
        else:
            known = {names[1]: person.email, names[2]: order["reference_id"]}
            agents.tell(flat(call_id, {names[0]: person.name, names[3]: "Where is my order"}, metadata=known))
    for names, call_id in calls.items():
        call = service.settled(call_id)
        assert (call["match"]["outcome"], call["match"]["order_id"]) == ("matched", order["id"]), names
        assert [action["kind"] for action in call["actions"]] == ["order_status"], names


def fired_rules(call: dict) -> set[str]:
    (action,) = call["actions"]
    return {finding["rule"] for finding in action["findings"] if finding["fired"]}


def test_a_yes_is_understood_in_every_type_and_only_a_yes_makes_it_stricter(service, agents, place):
    person = somebody()
    order = place(person)
    yes, no = [True, "true", "TRUE", "yes", "Yes", 1, "1"], [False, "false", "no", 0, "0", None, ""]
    calls = [(value, agents.call(about(order, person, "cancel", **{"VIP status": value}))) for value in yes + no]
    for number, (value, call_id) in enumerate(calls):
        fired = fired_rules(service.settled(call_id))
        assert ("important_customer" in fired) == (number < len(yes)), repr(value)
        assert "something_could_not_be_read" not in fired, repr(value)


def test_an_amount_is_understood_as_a_number_or_as_text(service, agents, place):
    person = somebody()
    order = place(person)
    for value in (612.5, 612, "612.5", "$612.50", "612,50", "USD 612.50", "1,612.50"):
        fired = fired_rules(service.settled(agents.call(about(order, person, "cancel order", order_value=value))))
        assert "high_value" in fired, repr(value)
        assert "something_could_not_be_read" not in fired, repr(value)


def test_risk_flags_are_a_list_or_comma_text(service, agents, place):
    for value in (
        ["urgent travel", "wrong_address"],
        "urgent travel, wrong address",
        '["urgent_travel", "wrong address"]',
    ):
        person = somebody()
        order = place(person)
        call = service.settled(agents.call(about(order, person, "more time", risk_flags=value)))
        assert fired_rules(call) >= {"urgent_travel", "any_risk_before_acting_alone"}, value
        assert call["actions"][0]["verdict"] == "review", value


def test_a_field_that_is_null_or_empty_is_as_absent(service, agents, place):
    person = somebody()
    order = place(person)
    others = (
        "customer_phone",
        "sku",
        "deadline",
        "order_value",
        "vip_status",
        "risk_flags",
        "new_expiration",
        "consent",
    )
    forms = [*(dict.fromkeys(others, missing) for missing in (None, "", "   ")), {"risk_flags": []}, {}]
    calls = [agents.call(about(order, person, "where is my order", **form)) for form in forms]
    for form, call_id in zip(forms, calls, strict=True):
        call = service.settled(call_id)
        assert [action["status"] for action in call["actions"]] == ["done"], form
        assert set(call["fields"]) == {"customer_name", "customer_email", "order_id", "requested_action"}, form
        assert call["unread_fields"] == {}, form


CANONICAL = {
    "customer_name": "Ada Vale", "customer_phone": "+12015550123", "customer_email": "ada@mail.example.com",
    "caller_role": "sender", "order_id": "ABC123DEF456", "product": "Cookies", "sku": "CK-1", "booking_id": "B-77",
    "store": "Harbor", "channel": "web", "location": "Boston", "requested_action": "call me back",
    "delivery_status": "late", "availability_question": "Is it in stock?", "return_reason": "too small",
    "refund_expectation": "full", "deadline": "Friday", "vip_status": True, "order_value": 12.5,
    "loyalty_status": "gold", "repeat_complaint": False, "escalation_owner": "Dana", "risk_flags": ["wrong address"],
    "preferred_time": "9 am", "timezone": "America/New_York", "promise_made": "a call", "contact_channel": "phone",
    "item": "Mug", "damage_description": "broken handle", "photo_available": "yes", "resolution_preference": "refund",
    "new_address": "1 Main St", "new_expiration": "2027-03-01", "buying_signal": "asked for a quote",
    "objection": "price", "next_step": "call", "owner": "Dana", "consent": "yes", "field_changed": "email",
    "old_value": "a", "new_value": "b",
}  # fmt: skip


def test_every_canonical_field_of_the_contract_is_known_under_its_own_name(service, agents):
    call = service.settled(agents.call(CANONICAL))
    assert set(call["fields"]) == set(CANONICAL)
    assert call["unread_fields"] == {}
    assert call["fields"]["vip_status"] is True
    assert call["fields"]["repeat_complaint"] is False


WISHES = [
    ("cancel order", {"cancel_order"}),
    ("refund", {"refund_order"}),
    ("change address", {"change_address"}),
    ("Where is my order?", {"order_status"}),
    ("cancel_order", {"cancel_order"}),
    ("Cancel Order, Where is my order", {"cancel_order", "order_status"}),
    (["change_address", "order_status"], {"change_address", "order_status"}),
    ("do not cancel my order", {"follow_up"}),
    ("sing me a song", {"follow_up"}),
    ("none", {"none"}),
    ("", {"none"}),
    (None, {"none"}),
]


def test_what_was_asked_becomes_actions(service, agents, place):
    person = somebody()
    order = place(person)
    calls = [agents.call(about(order, person, words)) for words, _ in WISHES]
    for (words, kinds), call_id in zip(WISHES, calls, strict=True):
        actions = service.settled(call_id)["actions"]
        assert {action["kind"] for action in actions} == kinds, words
        assert len(actions) == len(kinds), words


# Design section 5, for a caller who is clearly the recipient of an unaccepted gift.
DEFAULT_VERDICTS = {
    "order_status": {"execute"}, "extend_expiration": {"execute"}, "resend_gift_link": {"execute"},
    "cancel_order": {"review"}, "refund_order": {"review"}, "change_address": {"review"},
    "report_damage": {"assist", "review"}, "report_missing_item": {"assist", "review"},
    "return_order": {"assist", "review"}, "substitute_item": {"assist", "review"},
    "send_order": {"review"}, "create_webhook": {"review"}, "delete_webhook": {"review"},
    "route_buying_intent": {"hand_off"}, "change_booking": {"hand_off"}, "follow_up": {"hand_off"},
    "escalate": {"hand_off"}, "create_subscriber_channel": {"review", "execute"},
    "update_subscriber_channel": {"review", "execute"}, "update_contact": {"review", "execute"}, "none": {"hand_off"},
}  # fmt: skip


def test_every_kind_of_action_starts_with_the_verdict_of_the_contract(
    service: RunningService, agents: VoiceAgents, place
):
    person = somebody()
    order = place(person)
    calls = {kind: agents.call(about(order, person, kind)) for kind in DEFAULT_VERDICTS}
    for kind, call_id in calls.items():
        call = service.settled(call_id)
        (action,) = call["actions"]
        assert action["kind"] == kind
        assert action["verdict"] in DEFAULT_VERDICTS[kind], kind
        if action["verdict"] == "hand_off":
            assert action["status"] == "handed_off"
            assert len(call["handoffs"]) == (0 if kind == "none" else 1)
