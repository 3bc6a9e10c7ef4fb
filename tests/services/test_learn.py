"""Numbers learnt from reviewed calls: what vouches for them, that they are used, and that they can be taken back."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.adapters.policy_file import load_policy
from app.core.actions import ActionKind
from app.core.calls import Call, Direction
from app.core.contacts import Contact
from app.core.hearing import Heard
from app.core.identity import Identity, Role, identify
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import Order, OrderStage, Person
from app.core.policy import Facts, Verdict, decide
from app.db.actions import get_action, insert_action
from app.db.calls import get_call, save_call
from app.db.contacts import save_contact
from app.db.links import get_link
from app.db.orders import save_order
from app.db.tables import audit_entries, links
from app.errors import NotFoundError
from app.services.case import Case
from app.services.learn import learn_from_confirmation, learn_from_review, revoke_link
from app.services.match import contacts_of
from tests.walked_actions import parts_on

NOW = datetime.now(UTC)
PHONE = "+12137771234"
POLICY = load_policy()
ORDER = Order(
    "goody", "o-1", "DRKRUKB5XGWRB7VRKNZBWN5Q", "notified", OrderStage.OPEN,
    recipient=Person("Alena", "Kenter", "alena@ongoody.example"), sender=Person("Morgan", "Reed", "morgan@acme.example"),
    amount_cents=2100,
)  # fmt: skip
MATCHED = Match(MatchOutcome.MATCHED, (Candidate("goody", "o-1", ORDER.reference_id, 40.0, 0.999, ()),), "m-1")
SENDER = Identity(Role.SENDER, 0.97)


@pytest.fixture
def parts(database):
    return parts_on(database)


async def case_of(
    conn, *, identity=SENDER, match=MATCHED, number=PHONE, kind=ActionKind.CANCEL_ORDER, call_id="call-1"
):
    """A call about the order that was matched and decided, as far as learning reads it."""
    call = Call(call_id, direction=Direction.INBOUND, from_number=number)
    await save_call(conn, call, revision=1)
    await save_order(conn, ORDER, read_at=NOW)
    order = await save_order(conn, ORDER, read_at=datetime.now(UTC))
    action_id = await insert_action(conn, call_id=call_id, kind=kind, order_id=order.id, parameters={})
    decision = decide(Facts(kind, {"new_expiration": "2036-01-01"}, call, match, identity, ORDER, None, NOW), POLICY)
    action = replace(await get_action(conn, action_id), decision=decision)
    return Case(action, await get_call(conn, call_id), order, match, identity, None)


async def events(conn, name):
    query = select(audit_entries).where(audit_entries.c.event == name).order_by(audit_entries.c.id)
    return list(await conn.execute(query))


async def test_an_approved_review_teaches_the_number_with_its_origin_and_in_the_audit(database, parts):
    review_id = uuid4()
    async with database.transaction() as conn:
        link_id = await learn_from_review(conn, parts, await case_of(conn), review_id, by="rita")
        link = await get_link(conn, link_id)
        (entry,) = await events(conn, "link.learned")
        (contact,) = await contacts_of(conn, Heard(phones=(PHONE,)), call_id="call-2")
    assert (link.phone, link.email, link.role) == (PHONE, "morgan@acme.example", "sender")
    assert (link.origin, link.learned_by, link.call_id) == (f"review:{review_id}", "rita", "call-1")
    assert (entry.actor, entry.call_id, entry.data["link_id"]) == ("rita", "call-1", str(link_id))
    assert PHONE not in str(entry.data)
    assert "acme" not in str(entry.data)
    assert contact == Contact(f"link:{link_id}", emails=("morgan@acme.example",), phones=(PHONE,))


async def test_a_learnt_number_is_on_file_from_then_on_and_says_where_it_is_from(database, parts):
    async with database.transaction() as conn:
        link_id = await learn_from_review(conn, parts, await case_of(conn), uuid4(), by="rita")
        contacts = await contacts_of(conn, Heard(phones=(PHONE,)), call_id="call-2")
    known = identify(Call("call-2", direction=Direction.INBOUND, from_number=PHONE), ORDER, contacts)
    (phone,) = [line for line in known.evidence if line.field == "phone"]
    assert known.role is Role.SENDER
    assert phone.bits == 1
    assert f"link:{link_id}" in phone.says


async def test_a_revoked_link_is_used_no_more_and_not_learnt_again(database, parts):
    async with database.transaction() as conn:
        case = await case_of(conn)
        link_id = await learn_from_review(conn, parts, case, uuid4(), by="rita")
    for _ in range(2):
        await revoke_link(parts, link_id, by="ada")
    async with database.transaction() as conn:
        assert await contacts_of(conn, Heard(phones=(PHONE,)), call_id="call-2") == []
        assert await learn_from_review(conn, parts, case, uuid4(), by="rita") is None
        assert await contacts_of(conn, Heard(phones=(PHONE,)), call_id="call-2") == []
        link = await get_link(conn, link_id)
        (entry,) = await events(conn, "link.revoked")
    assert (link.revoked_by, entry.actor, entry.call_id) == ("ada", "ada", "call-1")
    with pytest.raises(NotFoundError):
        await revoke_link(parts, UUID(int=7), by="ada")


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": Identity(Role.UNKNOWN, 0.9)},
        {"identity": Identity(Role.OTHER, 0.9)},
        {"identity": Identity(Role.SENDER, 0.4)},
        {"match": replace(MATCHED, outcome=MatchOutcome.AMBIGUOUS)},
        {"match": Match(MatchOutcome.UNMATCHED, (), "m-1")},
        {"number": "anonymous"},
        {"number": None},
    ],
)
async def test_without_a_match_a_known_caller_and_a_number_an_approval_teaches_nothing(database, parts, changes):
    async with database.transaction() as conn:
        assert await learn_from_review(conn, parts, await case_of(conn, **changes), uuid4(), by="rita") is None
        assert await conn.scalar(select(func.count()).select_from(links)) == 0
        assert await events(conn, "link.learned") == []


async def test_a_number_on_file_for_anybody_is_left_as_it_is(database, parts):
    async with database.transaction() as conn:
        await save_contact(conn, Contact("crm-1", emails=("bo@else.example",), phones=(PHONE,)), origin="import")
        assert await learn_from_review(conn, parts, await case_of(conn), uuid4(), by="rita") is None


async def test_what_was_learnt_of_a_call_does_not_vouch_for_that_call(database, parts):
    async with database.transaction() as conn:
        await learn_from_review(conn, parts, await case_of(conn), uuid4(), by="rita")
        assert await contacts_of(conn, Heard(phones=(PHONE,)), call_id="call-1") == []


async def test_a_number_learnt_to_be_of_two_people_is_nobodys_until_one_of_them_is_taken_back(database, parts):
    async with database.transaction() as conn:
        await learn_from_review(conn, parts, await case_of(conn), uuid4(), by="rita")
        other = await case_of(conn, identity=Identity(Role.RECIPIENT, 0.97), call_id="call-2")
        second = await learn_from_review(conn, parts, other, uuid4(), by="rita")
        assert second is not None
        assert await contacts_of(conn, Heard(phones=(PHONE,)), call_id="call-3") == []
    await revoke_link(parts, second, by="ada")
    async with database.transaction() as conn:
        (contact,) = await contacts_of(conn, Heard(phones=(PHONE,)), call_id="call-3")
    assert contact.emails == ("morgan@acme.example",)


async def test_what_the_shop_confirmed_of_an_act_that_policy_let_pass_teaches_as_well(database, parts):
    async with database.transaction() as conn:
        case = await case_of(conn, kind=ActionKind.RESEND_GIFT_LINK)
        assert case.action.decision.verdict is Verdict.EXECUTE
        link = await get_link(conn, await learn_from_confirmation(conn, parts, case))
    assert (link.origin, link.learned_by) == (f"action:{case.action.id}", "system:executor")


async def test_a_confirmation_of_what_people_decided_or_of_a_doubtful_caller_teaches_nothing(database, parts):
    async with database.transaction() as conn:
        by_people = await case_of(conn)
        assert by_people.action.decision.verdict is Verdict.REVIEW
        assert await learn_from_confirmation(conn, parts, by_people) is None
        doubtful = await case_of(
            conn, kind=ActionKind.ORDER_STATUS, identity=Identity(Role.SENDER, 0.8), call_id="call-2"
        )
        assert doubtful.action.decision.verdict is Verdict.EXECUTE
        assert await learn_from_confirmation(conn, parts, doubtful) is None
