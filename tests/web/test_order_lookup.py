"""The in-call lookup over HTTP: what the agent hears back at each level, whatever it sends, and what is kept of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.core.calls import Call, CallStage, Direction
from app.core.contacts import Contact
from app.core.orders import Order, OrderItem, OrderStage, Person
from app.db.calls import save_call
from app.db.contacts import save_contact
from app.db.orders import save_order
from app.db.tables import audit_entries, lookups, reference_misses

PATH = "/v1/tools/order-lookup"
NOW = datetime.now(UTC)
REFERENCE = "DRKRUKB5XGWRB7VRKNZBWN5Q"
PHONE = "+12137771234"
ORDER = Order(
    "goody", "3f2b8c1e-8d1a-4c43-9b63-5a2f0a1f9b10", REFERENCE, "notified", OrderStage.OPEN,
    recipient=Person("Alena", "Kenter", "alena@ongoody.example"), sender=Person("Morgan", "Reed", "morgan@acme.example"),
    items=(OrderItem("Cookies"),), amount_cents=7345, placed_at=NOW, expires_at=NOW + timedelta(days=9),
)  # fmt: skip
ALENA = {"customer_name": "Alena Kenter", "customer_email": "alena@ongoody.example"}
PERSONAL = ("Alena", "Kenter", "Morgan", "Reed", "ongoody", "acme", REFERENCE, "7345", "73.45", PHONE)


@pytest.fixture(autouse=True)
async def mirror(database):
    """One order and one contact."""
    async with database.transaction() as conn:
        await save_order(conn, ORDER, read_at=NOW)
        contact = Contact("crm-1", ("Alena Kenter",), ("alena@ongoody.example",), (PHONE,))
        await save_contact(conn, contact, origin="import")


@pytest.fixture
def ask(bearer):
    async def ask(call_id="call-1", number="+13105550199", *, role="agent", **heard):
        body = {"call_id": call_id, "caller_number": number, **heard}
        answer = await bearer(role).post(PATH, json={key: value for key, value in body.items() if value is not None})
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"level", "say", "order", "may_offer", "ask_next", "ignored"}
        return answer.json()

    return ask


async def rows(database, table):
    async with database.transaction() as conn:
        return list(await conn.execute(select(table)))


# --- what is said


async def test_who_knows_the_reference_and_the_person_hears_status_promise_and_what_may_be_done(ask):
    told = await ask(order_id=REFERENCE, **ALENA)
    assert told["level"] == "clear"
    assert told["order"]["status"] == "waiting_for_acceptance"
    assert told["order"]["items"] == ["Cookies"]
    assert told["order"]["eligibility"] == {"cancel_order": "no", "extend_expiration": "yes", "return_order": "no"}
    assert told["may_offer"] == ["extend_expiration", "resend_gift_link", "change_address", "follow_up"]
    assert told["ask_next"] is None
    assert [word for word in PERSONAL if word in json.dumps(told)] == []


async def test_what_friends_know_as_well_opens_the_status_alone(ask):
    told = await ask(**ALENA)
    assert (told["level"], told["ask_next"], told["may_offer"]) == ("low", "order_id", ["follow_up"])
    assert {name for name, value in told["order"].items() if value is not None} == {"status"}
    assert [word for word in PERSONAL if word in json.dumps(told)] == []


STRANGER = {"customer_name": "Bo Lind", "customer_email": "bo@else.example"}


async def test_a_stranger_with_a_real_reference_hears_the_very_same_as_one_with_an_invented_one(ask):
    real = await ask("call-1", order_id=REFERENCE, **STRANGER)
    invented = await ask("call-2", order_id="XXXXUKB5XGWRB7VRAAAAAAA1", **STRANGER)
    assert real == invented
    assert (real["level"], real["order"]) == ("none", None)


async def test_a_reference_alone_says_nothing_either(ask):
    assert await ask("call-1", order_id=REFERENCE) == await ask("call-2", order_id="XXXXUKB5XGWRB7VRAAAAAAA1")
    assert (await ask("call-3", order_id=REFERENCE))["ask_next"] == "customer_name"


async def test_as_it_was_spoken_is_as_good_as_written(ask):
    spoken = "D R K R U K B five X G W R B seven V R K N Z B W N five Q"
    told = await ask(order_id=spoken, customer_name="alena kenter", customer_email="alena at ongoody dot example")
    assert told["level"] == "clear"


async def test_without_a_call_id_nothing_is_said_because_nobody_could_tell_later_to_whom(ask, database):
    for call_id in (None, "", "{{call_id}}"):
        assert (await ask(call_id, order_id=REFERENCE, **ALENA))["level"] == "none"
    kept = await rows(database, lookups)
    assert [(row.call_id, row.level) for row in kept] == [(None, "none")] * 3


# --- direction and number


async def told_of(database, direction, number, **more):
    numbers = {"to_number": number} if direction is Direction.OUTBOUND else {"from_number": number}
    call = Call("call-1", stage=CallStage.INITIATED, direction=direction, **numbers, **more)
    async with database.transaction() as conn:
        await save_call(conn, call, revision=1)


async def test_an_agent_that_says_outbound_proves_no_possession(ask):
    """Its arguments may be what the caller talked it into."""
    told = await ask(number=PHONE, direction="outbound", customer_name="Alena Kenter")
    assert told["level"] != "clear"
    told = await ask("call-2", number=PHONE, direction="outbound", order_id=REFERENCE, **ALENA)
    assert told["level"] != "clear"


async def test_on_a_call_that_dialnexa_placed_to_the_number_on_file_a_name_is_enough(ask, database):
    await told_of(database, Direction.OUTBOUND, PHONE)
    assert (await ask(number=None, customer_name="Alena Kenter"))["level"] == "clear"


async def test_dialnexas_word_on_the_number_goes_before_the_agents(ask, database):
    await told_of(database, Direction.INBOUND, "+13105550177")
    await ask(number=PHONE, direction="outbound", customer_name="Alena Kenter")
    (entry,) = [row for row in await rows(database, audit_entries) if row.event == "call.looked_up"]
    assert entry.data["level"] != "clear"


# --- guessing


async def test_several_references_tried_in_one_call_close_what_the_right_one_would_open(ask):
    for number in range(3):
        await ask(order_id=f"ZBWN5{number}", **STRANGER)
    assert (await ask(order_id=REFERENCE, **ALENA))["level"] == "low"
    for number in range(3, 6):
        await ask(order_id=f"ZBWN5{number}", **STRANGER)
    assert (await ask(order_id=REFERENCE, **ALENA))["level"] == "none"


async def test_one_slip_and_the_same_code_again_and_again_do_no_harm(ask):
    for _ in range(5):
        await ask(order_id="ZBWN50", customer_name="Alena Kenter")
    assert (await ask(order_id=REFERENCE, **ALENA))["level"] == "clear"


async def test_a_number_carries_its_guesses_into_its_next_call_and_no_other_number_does(ask):
    for number in range(5):
        await ask(f"call-{number}", order_id=f"ZBWN5{number}")
    assert (await ask("call-9", order_id=REFERENCE, **ALENA))["level"] == "none"
    assert (await ask("call-10", number="+13105550111", order_id=REFERENCE, **ALENA))["level"] == "clear"


async def test_withheld_numbers_share_no_guesses(ask):
    for number in range(5):
        await ask(f"call-{number}", number="anonymous", order_id=f"ZBWN5{number}")
    assert (await ask("call-9", number="anonymous", order_id=REFERENCE, **ALENA))["level"] == "clear"


async def test_guesses_of_long_ago_are_forgotten(ask, database):
    for number in range(5):
        await ask(f"call-{number}", order_id=f"ZBWN5{number}")
    async with database.transaction() as conn:
        await conn.execute(reference_misses.update().values(tried_at=NOW - timedelta(hours=25)))
    assert (await ask("call-9", order_id=REFERENCE, **ALENA))["level"] == "clear"


async def test_to_name_a_strangers_order_is_a_guess_that_hit_until_one_shows_who_one_is(ask, database):
    await ask(order_id=REFERENCE)
    assert [row.code for row in await rows(database, reference_misses)] == [REFERENCE]
    assert (await ask(order_id=REFERENCE, **ALENA))["level"] == "clear"


# --- what is kept


async def test_each_lookup_is_an_audit_entry_and_part_of_the_calls_evidence_without_personal_data(
    ask, database, bearer
):
    await ask(number=PHONE, order_id=REFERENCE, **ALENA, product="Cookies")
    await ask(order_id="something else", **STRANGER)
    entries = [row for row in await rows(database, audit_entries) if row.event == "call.looked_up"]
    assert [(row.actor, row.call_id, row.data["level"], row.data["outcome"]) for row in entries] == [
        ("agent", "call-1", "clear", "matched"), ("agent", "call-1", "none", "unmatched"),
    ]  # fmt: skip
    kept = json.dumps([row.data for row in entries]) + repr(await rows(database, lookups))
    assert [word for word in (*PERSONAL, "Bo Lind", "bo@else.example", "Cookies") if word in kept] == []
    await told_of(database, Direction.INBOUND, PHONE)
    shown = (await bearer("viewer").get("/v1/calls/call-1")).json()["lookups"]
    assert [(each["level"], each["order_id"], each["asked_by"]) for each in shown] == [
        ("clear", ORDER.external_id, "agent"), ("none", None, "agent"),
    ]  # fmt: skip
    assert shown[0]["heard"] == ["customer_email", "customer_name", "order_id", "product"]


# --- what agents send


async def test_arguments_may_lie_in_a_wrapping_as_nobody_documents_which(bearer):
    said = {"caller_number": PHONE, "order_id": REFERENCE, **ALENA}
    for wrapping in ("args", "arguments", "parameters"):
        body = {"call_id": "call-1", "name": "order_lookup", wrapping: said}
        told = (await bearer("agent").post(PATH, json=body)).json()
        assert (told["level"], told["ignored"]) == ("clear", ["name"])


@pytest.mark.parametrize("empty", ["{{customer_email}}", " {{ customer.email | default: }} ", "", None, [], {}, True])
async def test_a_variable_that_was_not_filled_in_is_absent(ask, empty):
    told = await ask(customer_name="Alena Kenter", customer_email=empty)
    assert (await ask(customer_name="Alena Kenter")) == told


async def test_numbers_are_taken_as_text_and_unknown_keys_are_listed(ask):
    told = await ask(call_id=17, number=12137771234.0, order_id=1001, mood="fine", **{"x" * 100: 1})
    assert told["ignored"] == ["mood", "x" * 64]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "JSON"), (b"{", "JSON"), (b"[]", "object"), (b"7", "object"), (b"\xff\xfe", "JSON"), (b"null", "object"),
        (b"[" * 15_000, "JSON"),
        (b'{"call_id": "a\\u0000b"}', "call_id"), (b'{"customer_name": "a\\u0000b"}', "customer_name"),
        (b'{"order_id": "\\ud800"}', "order_id"), (b'{"call_id": "' + b"x" * 201 + b'"}', "call_id"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_in_words(bearer, content, named):
    answer = await bearer("agent").post(PATH, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.text


async def test_a_body_that_is_too_large_is_refused(bearer):
    answer = await bearer("agent").post(PATH, content=b" " * 17_000)
    assert answer.status_code == 413


async def test_only_agents_and_admins_may_look_up(bearer):
    for role, status in (("agent", 200), ("admin", 200), ("viewer", 403), ("reviewer", 403), ("ingest", 403)):
        answer = await bearer(role).post(PATH, json={"call_id": "call-1"})
        assert answer.status_code == status
    assert (await bearer(None).post(PATH, json={})).status_code == 401


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=400),
    st.lists(st.text(max_size=5), max_size=2),
)
KEYS = st.sampled_from(
    ["call_id", "caller_number", "direction", "order_id", "customer_name", "customer_email", "customer_phone",
     "product", "recipient_name", "company", "args", "nothing"]
)  # fmt: skip


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(KEYS, VALUES))
@example({"call_id": "c", "order_id": 10**300})
@example({"call_id": "c", "order_id": float("nan"), "caller_number": float("inf")})
@example({"call_id": "c", "order_id": "%_'\";--", "customer_name": "%"})
async def test_no_body_breaks_the_lookup_and_a_readable_one_is_answered(bearer, body):
    answer = await bearer("agent").post(PATH, content=json.dumps(body))
    assert answer.status_code in {200, 422}, answer.text
    if not any(isinstance(value, str) and ("\0" in value or not value.isprintable()) for value in body.values()):
        assert answer.status_code == 200 or len(str(body.get("call_id"))) > 200
