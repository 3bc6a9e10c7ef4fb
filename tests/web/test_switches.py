"""Switches over REST: who may throw them, what they are called, and that each throw is written down."""

import pytest

OFF = {"off": True, "reason": "too many refunds today"}
ON = {"off": False, "reason": "looked into it"}
REFUNDS = "/v1/switches/kind/refund_order"


async def listed(bearer):
    return (await bearer("viewer").get("/v1/switches")).json()["data"]


async def test_nothing_is_switched_off_until_somebody_does_it(bearer):
    assert (await bearer("viewer").get("/v1/switches")).json() == {"data": [], "next_cursor": None}
    answer = await bearer("approver").put(REFUNDS, json=OFF)
    assert answer.status_code == 200
    (row,) = await listed(bearer)
    assert answer.json().items() <= row.items()
    assert (row["scope"], row["name"], row["off"], row["holds"]) == ("kind", "refund_order", True, [])
    assert (row["changed_by"], row["reason"]) == ("approver", OFF["reason"])
    assert row["off_since"] == row["changed_at"]


async def test_an_approver_switches_off_and_only_an_admin_on_again(bearer):
    for path in (REFUNDS, "/v1/switches/destination/goody"):
        assert (await bearer("approver").put(path, json=OFF)).status_code == 200
        refused = await bearer("approver").put(path, json=ON)
        assert refused.status_code == 403
        assert "only admin switches on" in refused.json()["detail"]
        switched = await bearer("admin").put(path, json=ON)
        assert (switched.json()["off"], switched.json()["off_since"]) == (False, None)
    assert [row["off"] for row in await listed(bearer)] == [False, False]


@pytest.mark.parametrize("role", ["viewer", "reviewer", "agent", "ingest"])
async def test_nobody_else_throws_a_switch(bearer, role):
    assert (await bearer(role).put(REFUNDS, json=OFF)).status_code == 403
    assert await listed(bearer) == []


async def test_switching_off_what_is_off_keeps_the_time_since_when(bearer):
    first = (await bearer("admin").put(REFUNDS, json=OFF)).json()
    again = (await bearer("approver").put(REFUNDS, json={"off": True, "reason": "still looking"})).json()
    assert (again["off_since"], again["reason"]) == (first["off_since"], "still looking")


async def test_each_throw_is_in_the_audit_with_its_reason(bearer):
    await bearer("approver").put(REFUNDS, json=OFF)
    await bearer("admin").put(REFUNDS, json=ON)
    entries = (await bearer("viewer").get("/v1/audit")).json()["data"]
    found = {entry["event"]: entry for entry in entries if entry["event"].startswith("switch.")}
    assert {event: entry["actor"] for event, entry in found.items()} == {"switch.off": "approver", "switch.on": "admin"}
    assert found["switch.on"]["data"] == {
        "scope": "kind", "name": "refund_order", "was_off": True, "reason": ON["reason"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/v1/switches/kind/refunds", OFF, "name: is no kind of this deployment; these are: order_status"),
        ("/v1/switches/destination/shopify", OFF, "name: is no destination of this deployment; these are: goody"),
        ("/v1/switches/team/support", OFF, ""),
        (REFUNDS, {"off": True}, ""),
        (REFUNDS, {"off": True, "reason": "  "}, ""),
        (REFUNDS, {"off": "yes", "reason": "because"}, ""),
        (REFUNDS, {"off": True, "reason": "because", "until": "noon"}, ""),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(bearer, path, body, says):
    answer = await bearer("admin").put(path, json=body)
    assert answer.status_code == 422
    assert says in answer.text
    assert await listed(bearer) == []
