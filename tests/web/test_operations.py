"""What whoever runs the place sees and does over REST: alarms, settling by hand, dead jobs, breakers, what waits."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from walked_actions import RITA, action_of, failed, parts_on, pass_time, unknown

from app.db import jobs
from app.errors import DestinationUnavailableError
from app.services.alarm import watch
from app.services.settle_by_hand import Finding, Grounds, settle_by_hand

WHY = {"reason_code": "seen_at_shop", "note": "ticket 4711"}


@pytest.fixture
def parts(database):
    return parts_on(database)


async def listed(client, path, **params):
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def kill(database, kind="settle", error="the shop was down", **payload):
    async with database.transaction() as conn:
        await jobs.enqueue(conn, kind, payload)
        query = text("update jobs set status = 'dead', last_error = :error where status = 'waiting' returning id")
        return await conn.scalar(query, {"error": error})


async def test_an_alarm_is_listed_acknowledged_and_gone_when_it_is_over(bearer, parts, database):
    action_id = await unknown(parts)
    await pass_time(database, hours=1)
    await watch(parts)
    (alarm,) = await listed(bearer("viewer"), "/v1/alarms")
    assert (alarm["kind"], alarm["state"], alarm["action_id"]) == ("outcome_unknown", "open", str(action_id))
    assert alarm["next_step"].startswith("Look at the order at the shop")
    path, word = f"/v1/alarms/{alarm['id']}/acknowledgement", {"reason": "asking the shop"}
    assert (await bearer("viewer").post(path, json=word)).status_code == 403
    assert (await bearer("reviewer").post(path, json={"reason": "  "})).status_code == 422
    answer = await bearer("reviewer").post(path, json=word)
    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "reviewer")
    assert (await bearer("admin").post(path, json=word)).status_code == 409
    assert [row["state"] for row in await listed(bearer("viewer"), "/v1/alarms", state="acknowledged")] == [
        "acknowledged"
    ]
    await settle_by_hand(parts, action_id, Finding.SUCCEEDED, RITA, Grounds("seen", None))
    await watch(parts)
    assert await listed(bearer("viewer"), "/v1/alarms") == []
    assert [row["id"] for row in await listed(bearer("viewer"), "/v1/alarms", state="cleared")] == [alarm["id"]]


async def test_alarms_come_page_by_page(bearer, parts):
    for _ in range(3):
        await failed(parts)
    await watch(parts)
    first = (await bearer("viewer").get("/v1/alarms", params={"limit": 2})).json()
    second = (await bearer("viewer").get("/v1/alarms", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert (len(first["data"]), len(second["data"]), second["next_cursor"]) == (2, 1, None)
    assert {row["id"] for row in first["data"]}.isdisjoint(row["id"] for row in second["data"])


async def test_an_approver_settles_an_unknown_outcome_and_nobody_below(bearer, parts):
    action_id = await unknown(parts)
    path, word = f"/v1/actions/{action_id}/settlement", {"outcome": "succeeded", **WHY}
    for role in ("viewer", "reviewer", "agent", "ingest"):
        assert (await bearer(role).post(path, json=word)).status_code == 403
    answer = await bearer("approver").post(path, json=word)
    assert (answer.status_code, answer.json()["status"]) == (200, "done")
    assert answer.json()["attempts"][0]["detail"] == "Settled by hand by approver: succeeded (seen_at_shop)."
    again = await bearer("admin").post(path, json={"outcome": "did_not_happen", **WHY})
    assert again.status_code == 409
    assert "the action is done" in again.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [{"outcome": "perhaps", **WHY}, {"outcome": "succeeded"}, {**WHY}, {"outcome": "succeeded", "reason_code": " "}],
)
async def test_a_settlement_without_outcome_or_reason_changes_nothing(bearer, parts, body):
    action_id = await unknown(parts)
    assert (await bearer("admin").post(f"/v1/actions/{action_id}/settlement", json=body)).status_code == 422
    assert (await action_of(parts, action_id)).status == "outcome_unknown"


@pytest.mark.parametrize(("noun", "status"), [("reopening", "awaiting_review"), ("rejection", "rejected")])
async def test_a_reviewer_takes_a_failed_action_up_again_or_closes_it(bearer, parts, noun, status):
    action_id = await failed(parts)
    path = f"/v1/actions/{action_id}/{noun}"
    assert (await bearer("viewer").post(path, json=WHY)).status_code == 403
    answer = await bearer("reviewer").post(path, json=WHY)
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert (await bearer("reviewer").post(path, json=WHY)).status_code == 409
    assert (await bearer("reviewer").post(f"/v1/actions/{uuid4()}/{noun}", json=WHY)).status_code == 404


async def test_dead_jobs_are_an_admins(bearer, database):
    job_id = await kill(database)
    for role in ("viewer", "reviewer", "approver", "agent", "ingest"):
        assert (await bearer(role).get("/v1/jobs/dead")).status_code == 403
        assert (await bearer(role).post(f"/v1/jobs/dead/{job_id}/replay")).status_code == 403
    (group,) = await listed(bearer("admin"), "/v1/jobs/dead")
    assert (group["kind"], group["cause"], group["number"], group["samples"]) == (
        "settle", "the shop was down", 1, [job_id],
    )  # fmt: skip


async def test_a_dead_job_is_looked_at_and_replayed(bearer, database):
    job_id = await kill(database, destination="goody", kind="sync_orders")
    shown = (await bearer("admin").get(f"/v1/jobs/dead/{job_id}")).json()
    assert (shown["id"], shown["would"]) == (job_id, "Reads the shop's orders anew.")
    answer = await bearer("admin").post(f"/v1/jobs/dead/{job_id}/replay")
    assert (answer.status_code, answer.json()) == (202, {"replayed": 1})
    assert (await bearer("admin").get(f"/v1/jobs/dead/{job_id}")).status_code == 404


async def test_groups_and_all_are_replayed_at_a_pace(bearer, database):
    for error in ("one", "one", "other"):
        await kill(database, error=error)
    admin = bearer("admin")
    largest = (await listed(admin, "/v1/jobs/dead"))[0]
    assert (await admin.post("/v1/jobs/dead/replay", json={"group": largest["id"]})).json() == {"replayed": 2}
    assert (await admin.post("/v1/jobs/dead/replay", json={"group": None, "per_minute": 10})).json() == {"replayed": 1}
    assert (await admin.post("/v1/jobs/dead/replay", json={})).status_code == 422
    assert (await admin.post("/v1/jobs/dead/replay", json={"group": None, "per_minute": 0})).status_code == 422
    assert (await admin.post("/v1/jobs/dead/replay", json={"group": "nothing"})).status_code == 404


async def test_a_dead_job_is_dropped_for_a_reason(bearer, database):
    job_id = await kill(database)
    path = f"/v1/jobs/dead/{job_id}/removal"
    assert (await bearer("admin").post(path, json={})).status_code == 422
    assert (await bearer("admin").post(path, json={"reason": "done by hand"})).status_code == 200
    assert await listed(bearer("admin"), "/v1/jobs/dead") == []


async def test_what_this_process_hears_of_a_shop_is_told_to_all(web, bearer):
    with pytest.raises(DestinationUnavailableError):  # nobody listens where the fixture says the shop is
        await web.state.parts.shops["goody"].read_order(str(uuid4()))
    (row,) = await listed(bearer("viewer"), "/v1/breakers")
    assert (row["vendor"], row["last_error"], row["open"]) == ("goody", "no answer", False)
    assert row["failures"] >= 1


async def test_it_stays_ready_whatever_waits_and_tells_what_does(bearer, database, parts):
    anybody = bearer(None)
    calm = (await anybody.get("/readyz")).json()
    assert calm == {
        "status": "ready", "jobs_due": 0, "oldest_due_seconds": 0.0, "jobs_dead": 0, "vendors_down": [], "alarms": 0,
    }  # fmt: skip
    await kill(database)
    await failed(parts)
    await watch(parts)
    async with database.transaction() as conn:
        await conn.execute(text("delete from jobs where status = 'waiting'"))
        for _ in range(3):
            await jobs.enqueue(conn, "work", {})
        await conn.execute(text("update jobs set run_at = now() - interval '90 s' where status = 'waiting'"))
        await conn.execute(
            text("insert into breakers (vendor, failures, opened_at, retry_at) values ('goody', 10, now(), now())")
        )
    answer = await anybody.get("/readyz")
    busy = answer.json()
    assert (answer.status_code, busy["status"], busy["jobs_due"], busy["jobs_dead"]) == (200, "ready", 3, 1)
    assert (busy["vendors_down"], busy["alarms"]) == (["goody"], 1)
    assert 90 <= busy["oldest_due_seconds"] < 150
    lines = (await anybody.get("/metrics")).text.splitlines()
    for line in (
        "handoff_jobs_due 3.0",
        'handoff_jobs_dead{kind="settle"} 1.0',
        'handoff_breaker_open{vendor="goody"} 1.0',
        'handoff_alarms{kind="failed",state="open"} 1.0',
    ):
        assert line in lines
    (row,) = await listed(bearer("viewer"), "/v1/breakers")
    assert (row["vendor"], row["open"], row["failures"]) == ("goody", True, 10)
