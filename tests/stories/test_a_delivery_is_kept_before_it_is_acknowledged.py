"""A 2xx is a receipt: what was acknowledged is in the database, once, and what is not there was not acknowledged."""

import asyncio
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from foreign_client import HEADERS, about, completed, digest, new_call_id, raw, somebody
from psycopg import sql
from psycopg.conninfo import make_conninfo
from running_service import DIALNEXA_SECRETS, RunningService, problem_of

from app.db.embedded import EmbeddedPostgres

COPIES = 200


async def post_all(service: RunningService, content: bytes) -> list[httpx.Response]:
    headers = {HEADERS[0]: digest(DIALNEXA_SECRETS[0], content)}
    limits = httpx.Limits(max_connections=COPIES)
    async with httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=60, limits=limits) as http:
        posts = (http.post("/webhooks/dialnexa", content=content, headers=headers) for _ in range(COPIES))
        return await asyncio.gather(*posts)


async def test_two_hundred_copies_at_the_same_time_make_one_call_and_one_action(service, place, twin):
    person = somebody()
    order = place(person)
    call_id = new_call_id()
    answers = await post_all(service, raw(completed(call_id, about(order, person, "more time"))))
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json() == {"received": True} for answer in answers)
    call = service.with_action(call_id, "done")
    assert call["revision"] == 1
    assert len([row for row in service.rows("/v1/deliveries") if row["subject"] == call_id]) == 1
    assert len([row for row in service.rows("/v1/calls") if row["call_id"] == call_id]) == 1
    assert [entry["effect"] for entry in twin.ledger(order_id=order["id"])] == ["done"]
    events = [entry["event"] for entry in service.rows("/v1/audit", call_id=call_id)]
    assert events.count("delivery.received") == 1


def superuser(service: RunningService) -> psycopg.Connection:
    dsn = EmbeddedPostgres(Path(service.settings["HANDOFF_DATA_DIR"])).superuser_dsn()
    return psycopg.connect(make_conninfo(dsn, dbname="handoff"), autocommit=True)


@contextmanager
def failing_at_commit(service: RunningService, call_id: str, state: str):
    """Everything about this call goes well until its transaction wants to commit."""
    with superuser(service) as admin:
        body = "BEGIN RAISE EXCEPTION 'the disk said no' USING ERRCODE = {}; END"
        admin.execute(
            sql.SQL("CREATE FUNCTION say_no() RETURNS trigger LANGUAGE plpgsql AS {}").format(
                sql.Literal(sql.SQL(body).format(sql.Literal(state)).as_string(admin))
            )
        )
        try:
            admin.execute(
                sql.SQL(
                    "CREATE CONSTRAINT TRIGGER say_no AFTER INSERT ON deliveries DEFERRABLE INITIALLY DEFERRED"
                    " FOR EACH ROW WHEN (NEW.subject = {}) EXECUTE FUNCTION say_no()"
                ).format(sql.Literal(call_id))
            )
            yield
        finally:
            admin.execute("DROP FUNCTION say_no CASCADE")


@pytest.mark.parametrize("state", ["P0001", "53100", "40001"], ids=["a trigger", "disk full", "serialization"])
def test_a_delivery_whose_commit_fails_is_not_acknowledged(service, agents, state):
    call_id = new_call_id()
    body = completed(call_id, {"requested_action": "buy"})
    with failing_at_commit(service, call_id, state):
        for _ in range(2):
            answer = agents.post(body)
            assert answer.status_code in {500, 503}
            problem_of(answer, answer.status_code)
            assert "disk said no" not in answer.text
        assert service.find_call(call_id) is None
        assert not [row for row in service.rows("/v1/deliveries") if row["subject"] == call_id]
        assert list(service.rows("/v1/audit", call_id=call_id)) == []
    agents.tell(body)
    assert [action["kind"] for action in service.settled(call_id)["actions"]] == ["route_buying_intent"]


def test_a_decision_whose_commit_fails_is_not_acknowledged(service, agents, place, twin):
    person = somebody()
    order = place(person)
    call = service.with_action(agents.call(about(order, person, "cancel order")), "awaiting_review")
    review = service.review_of(call)
    with superuser(service) as admin:
        admin.execute(
            "CREATE FUNCTION say_no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'"
        )
        try:
            admin.execute(
                "CREATE CONSTRAINT TRIGGER say_no AFTER INSERT ON review_approvals DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION say_no()"
            )
            problem_of(service.approve(call), 500)
        finally:
            admin.execute("DROP FUNCTION say_no CASCADE")
    assert service.review(review["id"])["version"] == review["version"]
    assert service.approve(call).status_code == 200
    service.with_action(call["call_id"], "done")
    assert len(twin.ledger(order_id=order["id"])) == 1
