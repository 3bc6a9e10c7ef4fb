"""Learnt links over REST: seen by readers, taken back by approvers."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.core.calls import Call
from app.core.hearing import Heard
from app.core.identity import Role
from app.core.learning import Tie
from app.core.orders import Order, OrderStage, Person
from app.db.calls import save_call
from app.db.links import insert_link
from app.db.orders import save_order
from app.services.match import contacts_of

NOW = datetime.now(UTC)
ORDER = Order("goody", "o-1", "DRKRUKB5XGWRB7VRKNZBWN5Q", "notified", OrderStage.OPEN, Person("Ann"), Person("Bob"))


@pytest.fixture
async def two_links(database):
    """Of two calls, the older first."""
    async with database.transaction() as conn:
        order = await save_order(conn, ORDER, read_at=NOW)
        made = []
        for number in range(2):
            call_id = f"call-{number}"
            await save_call(conn, Call(call_id), revision=1)
            tie = Tie(f"+1213777123{number}", "ann@example.com", Role.RECIPIENT)
            made.append(
                await insert_link(
                    conn, tie, order_id=order.id, call_id=call_id, origin=f"review:{uuid4()}", by="rita",
                    at=datetime.now(UTC),
                )
            )  # fmt: skip
    return [str(link_id) for link_id in made]


async def test_links_are_listed_newest_first_page_by_page_and_by_call(bearer, two_links):
    older, newer = two_links
    first = (await bearer("viewer").get("/v1/links", params={"limit": 1})).json()
    assert [row["id"] for row in first["data"]] == [newer]
    then = (await bearer("viewer").get("/v1/links", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [row["id"] for row in then["data"]] == [older]
    (row,) = (await bearer("viewer").get("/v1/links", params={"call_id": "call-0"})).json()["data"]
    assert (row["id"], row["phone"], row["email"], row["role"], row["learned_by"], row["revoked_at"]) == (
        older, "+12137771230", "ann@example.com", "recipient", "rita", None,
    )  # fmt: skip
    assert (await bearer("viewer").get("/v1/links", params={"call_id": "none"})).json()["data"] == []


@pytest.mark.parametrize("role", ["approver", "admin"])
async def test_an_approver_takes_a_link_back_and_the_list_says_so(bearer, database, two_links, role):
    older, _ = two_links
    for _ in range(2):
        answer = await bearer(role).delete(f"/v1/links/{older}")
        assert (answer.status_code, answer.content) == (204, b"")
    (row,) = (await bearer("viewer").get("/v1/links", params={"call_id": "call-0"})).json()["data"]
    assert row["revoked_by"] == role
    entries = (await bearer("viewer").get("/v1/audit", params={"call_id": "call-0"})).json()["data"]
    assert [(entry["event"], entry["actor"]) for entry in entries] == [("link.revoked", role)]
    async with database.transaction() as conn:
        assert await contacts_of(conn, Heard(phones=("+12137771230",)), call_id="call-9") == []
        assert len(await contacts_of(conn, Heard(phones=("+12137771231",)), call_id="call-9")) == 1


async def test_nobody_else_takes_a_link_back_and_an_unknown_one_is_told_as_such(bearer, two_links):
    for role in ("viewer", "reviewer", "agent", "ingest"):
        assert (await bearer(role).delete(f"/v1/links/{two_links[0]}")).status_code == 403
    assert (await bearer("admin").delete(f"/v1/links/{uuid4()}")).status_code == 404
    assert (await bearer("admin").delete("/v1/links/none")).status_code == 422
