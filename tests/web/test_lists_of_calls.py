"""Lists of calls: those that asked for nothing can be counted, found, and looked at in a sample; handoffs by their schema."""

from uuid import UUID

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from app.core.actions import ActionKind
from app.core.calls import Call, CallStage
from app.core.handoff_json import HANDOFF_SCHEMA
from app.db.actions import insert_action
from app.db.calls import save_call
from app.db.engine import Database
from app.db.handoffs import list_handoffs
from app.web.api.views import show_handoff

NOISE = [f"noise_{number}" for number in range(12)]
WISHES = [f"wish_{number}" for number in range(3)]


async def tell(database: Database, call_id: str, kind: ActionKind, stage: CallStage = CallStage.COMPLETED) -> UUID:
    """A call that led to one action."""
    async with database.transaction() as conn:
        await save_call(conn, Call(call_id=call_id, stage=stage), revision=1)
        action_id = await insert_action(conn, call_id=call_id, kind=kind, order_id=None, parameters={})
    assert action_id is not None
    return action_id


@pytest.fixture
async def viewer(bearer, database):
    for call_id in NOISE:
        await tell(database, call_id, ActionKind.NONE)
    for call_id in WISHES:
        await tell(database, call_id, ActionKind.FOLLOW_UP)
    return bearer("viewer")


async def ids(viewer, **query: object) -> list[str]:
    answer = await viewer.get("/v1/calls", params=query)
    assert answer.status_code == 200
    return [row["call_id"] for row in answer.json()["data"]]


async def test_calls_that_asked_for_nothing_are_listed_by_their_kind(viewer):
    assert set(await ids(viewer, kind="none", limit=200)) == set(NOISE)
    assert set(await ids(viewer, kind="follow_up")) == set(WISHES)
    assert await ids(viewer, kind="cancel_order") == []


async def test_a_list_by_kind_goes_on_page_by_page(viewer):
    first = (await viewer.get("/v1/calls", params={"kind": "none", "limit": 10})).json()
    rest = await ids(viewer, kind="none", limit=10, cursor=first["next_cursor"])
    assert {row["call_id"] for row in first["data"]} | set(rest) == set(NOISE)
    assert len(rest) == 2


async def test_a_sample_is_drawn_at_random_from_what_the_filters_leave(viewer):
    drawn = [frozenset(await ids(viewer, kind="none", sample=5)) for _ in range(12)]
    assert all(len(each) == 5 and each <= set(NOISE) for each in drawn)
    assert len(set(drawn)) > 1  # twelve times the same five of twelve: once in 10^32
    assert set(await ids(viewer, kind="none", sample=200)) == set(NOISE)
    assert await ids(viewer, kind="none", sample=5, stage="not_connected") == []
    assert len(await ids(viewer, sample=200)) == len(NOISE) + len(WISHES)


async def test_a_sample_has_no_next_page(viewer):
    assert (await viewer.get("/v1/calls", params={"sample": 1})).json()["next_cursor"] is None
    refused = await viewer.get("/v1/calls", params={"sample": 1, "cursor": "W10"})
    assert refused.status_code == 422
    assert "leave out either cursor or sample" in refused.text


@pytest.mark.parametrize("query", [{"sample": 0}, {"sample": 201}, {"sample": "x"}, {"kind": "noise"}])
async def test_what_is_no_sample_and_no_kind_is_refused_by_name(viewer, query):
    refused = await viewer.get("/v1/calls", params=query)
    assert refused.status_code == 422
    assert next(iter(query)) in refused.text


async def test_noise_is_counted_without_saying_whose_it_was(viewer):
    lines = (await viewer.get("/metrics")).text.splitlines()
    assert 'handoff_actions{kind="none",status="proposed"} 12.0' in lines
    assert not any("noise_" in line for line in lines)


async def test_a_handoff_is_shown_by_the_published_schema_however_old_it_is(database):
    action_id = await tell(database, "call_1", ActionKind.FOLLOW_UP)
    first_release = """
        {"kind": "follow_up", "verdict": "hand_off", "matched_caller": "not identified", "affected_record": null,
         "reason": "The caller expects somebody to come back.", "urgency": "normal", "due_minutes": 240,
         "team": "support", "owner": "support", "next_step": "Take it from here.", "promise_made": null,
         "preferred_time": null, "timezone": null, "contact_channel": null, "risk_flags": [],
         "links": {"call": "call_1", "transcript": "/v1/calls/call_1"}, "details": {}, "answer": null}"""
    async with database.transaction() as conn:
        await conn.execute(
            text(
                "insert into handoffs (call_id, action_id, team, urgency, body, text)"
                " values ('call_1', :action_id, 'support', 'normal', cast(:body as jsonb), 'as it was')"
            ),
            {"action_id": action_id, "body": first_release},
        )
        (row,) = await list_handoffs(conn, "call_1")
    shown = show_handoff(row)
    Draft202012Validator(HANDOFF_SCHEMA).validate(shown["body"])
    assert shown["text"] == "as it was"
    assert shown["body"]["schema_version"] == 1
