"""Work that used up its tries is found by what it died of, looked at, and given back once the cause is mended."""

import json

import pytest
from running_service import problem_of, wait_for
from standing_still import a_place


@pytest.fixture(scope="module")
def place():
    with a_place() as running:
        yield running


@pytest.fixture
def dead(place):
    """Two approved cancellations whose jobs died; the shop was asked nothing."""
    place.service.admin.put(
        "/v1/switches/kind/cancel_order", json={"off": True, "reason": "a story of dead letters"}
    ).raise_for_status()
    cases = [place.cancellation() for _ in range(2)]
    for _, call in cases:
        assert place.service.approve(call).status_code == 200
    with place.database() as admin:
        died = """
            WITH died AS (
                UPDATE jobs SET status = 'dead', last_error = 'DestinationUnavailableError: goody answered 503 to '
                    || gen_random_uuid() WHERE kind = 'execute' AND status = 'waiting' RETURNING id
            ) SELECT count(*) FROM jobs WHERE kind = 'execute' AND (status = 'dead' OR id IN (SELECT id FROM died))
        """
        wait_for(lambda: admin.execute(died).fetchone() == (2,), "both to be held, and then to die")
    place.service.admin.put(
        "/v1/switches/kind/cancel_order", json={"off": False, "reason": "a story of dead letters"}
    ).raise_for_status()
    return cases


def groups(place):
    ran = place.service.run("jobs", "dead", "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_group_is_looked_at_and_replayed_at_a_pace_and_each_act_happens_once(place, dead):
    (group,) = groups(place)
    assert (group["kind"], group["number"]) == ("execute", 2)
    assert group["cause"] == "DestinationUnavailableError: goody answered 503 to …"
    assert place.service.figures()['handoff_jobs_dead{kind="execute"}'] == 2
    assert place.service.anybody.get("/readyz").json()["jobs_dead"] == 2
    assert [place.effects(order) for order, _ in dead] == [[], []]

    job_id = str(group["samples"][0])
    shown = place.service.run("jobs", "dead", "preview", job_id)
    assert "Begins an attempt at the shop: the action is approved." in shown.stdout
    refused = place.service.run("jobs", "dead", "replay", job_id, "--all", "--by", "ada")
    assert refused.returncode == 1
    assert "exactly one of them" in refused.stderr

    problem_of(place.service.bearer("approver", "amy").post("/v1/jobs/dead/replay", json={"group": group["id"]}), 403)
    ran = place.service.run("jobs", "dead", "replay", "--group", group["id"], "--per-minute", "60", "--by", "ada")
    assert (ran.returncode, ran.stdout) == (0, "2 given back to the queue\n"), ran.stderr
    for order, call in dead:
        place.service.with_action(call["call_id"], "done")
        assert place.effects(order) == ["done"]
    assert groups(place) == []
    (entry,) = [entry for entry in place.service.rows("/v1/audit") if entry["event"] == "jobs.replayed"]
    assert (entry["actor"], len(entry["data"]["job_ids"])) == ("ada", 2)


def test_a_job_that_shall_never_be_done_is_dropped_with_a_reason(place, dead):
    first, second = (str(job_id) for job_id in groups(place)[0]["samples"])
    silent = place.service.run("jobs", "dead", "drop", first, "--by", "ada", "--reason", " ")
    assert silent.returncode == 1
    assert "--reason" in silent.stderr
    dropped = place.service.run("jobs", "dead", "drop", first, "--by", "ada", "--reason", "the caller rang again")
    assert dropped.returncode == 0, dropped.stderr
    gone = place.service.run("jobs", "dead", "preview", first)
    assert gone.returncode == 1
    assert f"no dead job {first}" in gone.stderr
    assert [str(job_id) for job_id in groups(place)[0]["samples"]] == [second]


def test_a_token_that_is_taken_back_lets_nobody_in_from_then_on(place):
    client = place.service.bearer("viewer", "vera")
    assert client.get("/v1/calls").status_code == 200
    ran = place.service.run("token", "revoke", "--name", "vera")
    assert (ran.returncode, ran.stdout) == (0, "the token named vera is revoked\n"), ran.stderr
    problem_of(client.get("/v1/calls"), 401)
    again = place.service.run("token", "revoke", "--name", "vera")
    assert again.returncode == 1
    assert "no valid token is named 'vera'" in again.stderr
    (entry,) = [entry for entry in place.service.rows("/v1/audit") if entry["event"] == "token.revoked"]
    assert entry["data"]["name"] == "vera"
