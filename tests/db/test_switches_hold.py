"""Which approved actions a switch holds: by their kind, by the shop of their order, and where they have none by any shop."""

import pytest
from walked_actions import approved, parts_on

from app.core.actions import ActionKind
from app.core.calls import Call
from app.core.lifecycle import Verb
from app.db.actions import get_action, insert_action
from app.db.calls import save_call
from app.db.switches import SwitchRecord, list_held, list_holding, save_switch
from app.services.decide import decide_locked
from app.services.transition import transition


@pytest.fixture
def parts(database):
    return parts_on(database)


async def without_an_order(parts):
    """An approved sending; there is no order yet."""
    async with parts.database.transaction() as conn:
        await save_call(conn, Call("call-1"), revision=1)
        action_id = await insert_action(
            conn, call_id="call-1", kind=ActionKind.SEND_ORDER, order_id=None, parameters={}
        )
        await decide_locked(conn, parts, await get_action(conn, action_id, lock=True))
        await transition(conn, action_id, Verb.APPROVE, actor="rita", at=parts.clock.now())
    return action_id


async def throw(parts, scope, name):
    async with parts.database.transaction() as conn:
        now = parts.clock.now()
        await save_switch(conn, SwitchRecord(scope, name, now, "ada", now, "a test of switches"))


@pytest.mark.parametrize(
    ("scope", "name", "holds"),
    [
        ("kind", "cancel_order", ["cancellation"]),
        ("kind", "send_order", ["sending"]),
        ("kind", "refund_order", []),
        ("destination", "goody", ["cancellation", "sending"]),
        ("destination", "cloudcart", ["sending"]),
    ],
)
async def test_a_switch_holds_what_could_reach_what_it_stops(parts, scope, name, holds):
    ids = {"cancellation": await approved(parts), "sending": await without_an_order(parts)}
    await throw(parts, scope, name)
    async with parts.database.transaction() as conn:
        held = await list_holding(conn, list(ids.values()))
        listed = await list_held(conn, scope, name)
    assert {word for word, action_id in ids.items() if action_id in held} == set(holds)
    assert set(listed) == {ids[word] for word in holds}
