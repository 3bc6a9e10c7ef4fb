"""What marketing systems read: coarse words of ours, and nothing of what a caller said."""

from uuid import UUID

from app.core.actions import ActionKind
from app.core.calls import Call, CallStage
from app.db.actions import get_action, insert_action
from app.db.calls import save_call
from app.services.decide import decide_locked

SECRETS = {"customer_name": "Ximena Quux", "customer_phone": "+12025550123", "customer_email": "ximena@quux.example"}


async def decided(parts, call_id: str, kind: ActionKind, **fields: str) -> UUID:
    async with parts.database.transaction() as conn:
        call = Call(call_id=call_id, stage=CallStage.COMPLETED, fields=SECRETS | fields)
        await save_call(conn, call, revision=1)
        action_id = await insert_action(conn, call_id=call_id, kind=kind, order_id=None, parameters={})
        assert action_id is not None
        await decide_locked(conn, parts, await get_action(conn, action_id, lock=True))
    return action_id


async def test_a_feed_holds_the_safe_signals_and_nothing_else(web, bearer):
    parts = web.state.parts
    await decided(parts, "call_1", ActionKind.ROUTE_BUYING_INTENT, availability_question="is it in stock")
    await decided(parts, "call_2", ActionKind.ESCALATE, promise_made="a secret promise")
    await decided(parts, "call_3", ActionKind.FOLLOW_UP, preferred_time="tomorrow at 3 pm")
    answer = await bearer("viewer").get("/v1/signals")
    assert answer.status_code == 200
    assert [signal["signal"] for signal in answer.json()["data"]] == ["follow_up_need", "product_interest"]
    assert not any(said in answer.text for said in ("Ximena", "2025550123", "quux", "tomorrow", "secret", "call_"))


async def test_a_feed_goes_on_page_by_page(web, bearer):
    for number in range(3):
        await decided(web.state.parts, f"call_{number}", ActionKind.FOLLOW_UP)
    first = (await bearer("viewer").get("/v1/signals", params={"limit": 2})).json()
    rest = (await bearer("viewer").get("/v1/signals", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [len(first["data"]), len(rest["data"])] == [2, 1]
    assert rest["next_cursor"] is None
