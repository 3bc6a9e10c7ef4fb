"""What happened before an action is counted over others only, within its time, and what is switched off is seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from app.core.actions import ActionKind
from app.core.calls import Call, Direction
from app.core.history import MOST_COUNTED, NO_HISTORY, History
from app.core.identity import Role
from app.core.orders import Order, OrderStage, Person
from app.db.actions import insert_action
from app.db.calls import save_call
from app.db.history import count_history
from app.db.orders import save_order
from app.db.switches import SwitchRecord, save_switch
from app.db.tables import actions, calls

K = ActionKind
NOW = datetime.now(UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NUMBER = "+12025550143"
ORDER = Order(
    "goody", "o-1", "DRKRUKB5XGWRB7VRKNZBWN5Q", "notified", OrderStage.OPEN,
    recipient=Person("Ann", "Lee", "ann@example.com"), sender=Person("Bob", "Ray", "bob@example.com"),
    amount_cents=7_345, placed_at=NOW - DAY,
)  # fmt: skip


class Past:
    """Writes what happened, each under a call of its own unless one is named."""

    def __init__(self, conn):
        self.conn = conn
        self.number = 0

    async def order(self, external_id="o-1", **changes):
        return (await save_order(self.conn, replace(ORDER, external_id=external_id, **changes), read_at=NOW)).id

    async def call(self, number=NUMBER, *, ago=HOUR, direction=Direction.INBOUND):
        self.number += 1
        call_id = f"call-{self.number}"
        ends = {"from_number": number} if direction is Direction.INBOUND else {"to_number": number}
        await save_call(self.conn, Call(call_id, direction=direction, **ends), revision=1)
        await self.conn.execute(update(calls).where(calls.c.call_id == call_id).values(created_at=NOW - ago))
        return call_id

    async def action(
        self, order_id, kind=K.EXTEND_EXPIRATION, *, status="done", ago=HOUR, moved=None, role="sender", call_id=None
    ):
        call_id = call_id or await self.call(None, ago=ago)
        action_id = await insert_action(self.conn, call_id=call_id, kind=kind, order_id=order_id, parameters={})
        changes = {
            "status": status,
            "verdict": "review",
            "decision": {"inputs": {"identity.role": role}},
            "created_at": NOW - ago,
            "updated_at": NOW - (ago if moved is None else moved),
            "finished_at": NOW if status in {"done", "rejected", "refused", "lapsed"} else None,
        }
        await self.conn.execute(update(actions).where(actions.c.id == action_id).values(**changes))
        return action_id

    async def counted(self, *, kind=K.EXTEND_EXPIRATION, order_id=None, call_id=None, action_id=None, **changes):
        call_id = call_id or await self.call(ago=timedelta())
        if action_id is None:
            action_id = await insert_action(self.conn, call_id=call_id, kind=kind, order_id=order_id, parameters={})
        known = {
            "number": NUMBER, "destination": "goody", "role": Role.SENDER, "emails": ["bob@example.com"],
            "sender_emails": ["bob@example.com"],
        }  # fmt: skip
        return await count_history(
            self.conn, action_id=action_id, kind=kind, call_id=call_id, order_id=order_id, **known | changes
        )


@pytest.fixture
async def past(database):
    async with database.transaction() as conn:
        yield Past(conn)


async def test_somebody_who_never_called_has_no_history(past):
    assert await past.counted(number="+12025550199") == replace(NO_HISTORY, orders_of_sender_90d=0)
    unknown = await past.counted(number=None, role=Role.UNKNOWN, emails=[], sender_emails=[])
    assert unknown == History(
        calls_of_caller_24h=None, refused_of_caller_24h=None, actions_of_contact_30d=None, orders_of_sender_90d=None
    )


async def test_other_calls_of_the_same_person_count_for_a_day_whoever_dialled(past):
    await past.call()
    await past.call(direction=Direction.OUTBOUND)
    await past.call(ago=25 * HOUR)
    await past.call("+12025550144")
    assert (await past.counted()).calls_of_caller_24h == 2


async def test_what_was_refused_to_a_caller_counts_for_a_day(past):
    order = await past.order()
    for status, ago in (("refused", HOUR), ("rejected", HOUR), ("done", HOUR), ("refused", 25 * HOUR)):
        call_id = await past.call(ago=ago)
        await past.action(order, K.CANCEL_ORDER, status=status, ago=ago, call_id=call_id)
    assert (await past.counted()).refused_of_caller_24h == 2


async def test_calls_and_actions_about_the_order_count_and_its_own_do_not(past):
    order, other = await past.order(), await past.order("o-2")
    two = await past.call()
    await past.action(order, K.ORDER_STATUS, call_id=two)
    await past.action(order, K.REPORT_DAMAGE, call_id=two)
    await past.action(order, K.EXTEND_EXPIRATION, ago=8 * DAY)
    await past.action(order, K.EXTEND_EXPIRATION, ago=31 * DAY)
    await past.action(order, K.EXTEND_EXPIRATION, status="rejected", ago=40 * DAY)
    await past.action(other, K.EXTEND_EXPIRATION)
    own = await past.call()
    await past.action(order, K.ORDER_STATUS, call_id=own)
    found = await past.counted(order_id=order, call_id=own)
    assert found.calls_about_order_7d == 1
    assert found.actions_of_order_30d == 2  # a question changes nothing
    assert found.same_kind_of_order == 2  # however long ago, and not what was rejected


async def test_actions_of_a_person_count_over_all_their_orders_and_in_their_role_only(past):
    first, second = await past.order(), await past.order("o-2")
    of_another = await past.order("o-3", sender=Person("Eve", "May", "eve@example.com"))
    await past.action(first)
    await past.action(second)
    await past.action(second, K.RESEND_GIFT_LINK, role="recipient")
    await past.action(second, K.CANCEL_ORDER, ago=31 * DAY)
    await past.action(of_another)
    assert (await past.counted(order_id=first)).actions_of_contact_30d == 2
    as_recipient = await past.counted(order_id=second, role=Role.RECIPIENT, emails=["ann@example.com"])
    assert as_recipient.actions_of_contact_30d == 1


async def test_orders_of_a_sender_count_for_a_quarter_of_a_year(past):
    for number, ago in enumerate((DAY, 89 * DAY, 91 * DAY)):
        await past.order(f"o-{number}", placed_at=NOW - ago)
    await past.order("o-8", sender=Person("Eve", "May", "eve@example.com"))
    assert (await past.counted()).orders_of_sender_90d == 2
    assert (await past.counted(sender_emails=[])).orders_of_sender_90d is None


async def test_the_money_of_the_day_is_what_was_approved_since_midnight_in_utc(past):
    today = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    for number, (kind, status, moved) in enumerate(
        [
            (K.CANCEL_ORDER, "done", timedelta()),
            (K.REFUND_ORDER, "awaiting_assistance", timedelta()),
            (K.REFUND_ORDER, "awaiting_review", timedelta()),
            (K.CANCEL_ORDER, "rejected", timedelta()),
            (K.RETURN_ORDER, "done", timedelta()),
            (K.CANCEL_ORDER, "done", NOW - today + timedelta(minutes=1)),
        ]
    ):
        await past.action(await past.order(f"o-{number}"), kind, status=status, ago=3 * DAY, moved=moved)
    found = await past.counted(kind=K.CANCEL_ORDER)
    assert (found.money_actions_today, found.money_moved_today_cents, found.money_currency) == (2, 14_690, "USD")


@pytest.mark.parametrize("changes", [{"amount_cents": None}, {"currency": "EUR"}])
async def test_a_sum_with_an_unknown_amount_or_of_two_currencies_is_not_known(past, changes):
    await past.action(await past.order("o-1"), K.CANCEL_ORDER)
    await past.action(await past.order("o-2", **changes), K.CANCEL_ORDER, moved=timedelta())
    await past.conn.execute(update(actions).values(updated_at=NOW))
    found = await past.counted(kind=K.REFUND_ORDER)
    assert (found.money_actions_today, found.money_moved_today_cents) == (2, None)


async def test_a_switch_that_is_off_is_seen_for_its_kind_and_its_shop_only(past):
    for scope, name, off_since in (
        ("kind", "cancel_order", NOW),
        ("kind", "refund_order", None),
        ("destination", "goody", NOW),
    ):
        await save_switch(past.conn, SwitchRecord(scope, name, off_since, "ada", NOW, "a test"))
    found = await past.counted(kind=K.CANCEL_ORDER)
    assert (found.kind_is_off, found.destination_is_off) == (True, True)
    other = await past.counted(kind=K.REFUND_ORDER, destination=None)
    assert (other.kind_is_off, other.destination_is_off) == (False, False)


async def test_no_count_goes_further_than_it_has_to(past):
    await past.conn.execute(
        text("""
            INSERT INTO calls (call_id, revision, stage, direction, facts)
            SELECT 'many-' || n, 1, 'completed', 'inbound', jsonb_build_object('from_number', CAST(:number AS text))
            FROM generate_series(1, :many) AS n
        """),
        {"number": NUMBER, "many": MOST_COUNTED + 50},
    )
    assert (await past.counted()).calls_of_caller_24h == MOST_COUNTED
