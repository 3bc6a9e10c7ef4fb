"""Policies over REST: who may do what, what is refused and why, and what each answer shows."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
import yaml

from app.adapters.policy_file import DEFAULT_POLICY_FILE, parse_policy
from app.core.chain import storable
from app.core.policy import decide_from_inputs
from app.core.policy_changes import kept_of
from app.core.policy_examples import example_inputs
from app.db import audit

SHIPPED = DEFAULT_POLICY_FILE.read_text()
parse = partial(parse_policy, name="document")


def changed(**kinds):
    """The policy that ships, with other kinds and a version of its own; its examples would no longer hold."""
    document = yaml.safe_load(SHIPPED) | {"version": uuid4().hex[:8], "examples": []}
    for rule in document["rules"]:
        rule.pop("examples", None)
    for kind, section in kinds.items():
        document["kinds"][kind] |= section
    return yaml.safe_dump(document)


@pytest.fixture
async def decisions(web, database):
    """Three cancellations of an open gift, decided by the live policy as the worker decides."""
    decision = decide_from_inputs(
        storable(example_inputs({"action.kind": "cancel_order", "order.amount_cents": 1500})), parse(SHIPPED)
    )
    assert decision.verdict == "review"
    async with database.transaction() as conn:
        for _ in range(3):
            await audit.write(
                conn, actor="system:policy", event="action.decided", at=datetime.now(UTC), action_id=uuid4(),
                data=kept_of(decision),
            )  # fmt: skip
    return decision


async def draft(client, document, **more):
    answer = await client.post("/v1/policies", json={"document": document, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["version"]


def problem_of(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


async def test_the_policy_that_ships_is_the_live_one_of_a_new_deployment(bearer):
    (record,) = (await bearer("viewer").get("/v1/policies")).json()["data"]
    assert (record["version"], record["status"], record["published_by"]) == (
        parse(SHIPPED).version, "live", "system:release",
    )  # fmt: skip
    shown = (await bearer("viewer").get(f"/v1/policies/{record['version']}")).json()
    assert shown["document"] == SHIPPED
    assert shown["signatures"] == []
    problem_of(await bearer("viewer").get("/v1/policies/none+0"), 404)


async def test_versions_are_listed_newest_first_page_by_page(bearer):
    versions = [await draft(bearer("admin"), changed()) for _ in range(3)]
    first = (await bearer("viewer").get("/v1/policies", params={"limit": 2})).json()
    assert [row["version"] for row in first["data"]] == versions[:0:-1]
    then = (await bearer("viewer").get("/v1/policies", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [row["version"] for row in then["data"]] == [versions[0], parse(SHIPPED).version]


async def test_a_draft_comes_as_json_or_as_yaml_and_is_kept_once(bearer):
    document = changed()
    made = await bearer("admin").post("/v1/policies", json={"document": document, "note": "Faster answers."})
    assert (made.status_code, made.json()["status"], made.json()["note"]) == (201, "draft", "Faster answers.")
    again = await bearer("admin").post("/v1/policies", content=document, headers={"content-type": "text/yaml"})
    assert (again.status_code, again.json()) == (200, made.json())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"content": b"version: 1\nrules: []\nversion: 2", "headers": {"content-type": "text/yaml"}}, "line 3"),
        ({"content": b"\xff", "headers": {"content-type": "application/yaml"}}, "UTF-8"),
        ({"content": b"version: [", "headers": {"content-type": "application/json"}}, "text/yaml"),
        ({"json": {"document": "version: '1'"}}, "line 1"),
        ({"json": {"note": "no document"}}, "document"),
        ({"json": {"document": "a: \0"}}, "document"),
        ({"json": {"document": "x", "more": 1}}, "more"),
    ],
)
async def test_what_is_no_policy_is_refused_with_its_place(bearer, body, says):
    assert says in problem_of(await bearer("admin").post("/v1/policies", **body), 422)["detail"]


async def test_a_document_longer_than_any_policy_is_refused(bearer):
    problem_of(await bearer("admin").post("/v1/policies", content=b"#" * 1_000_001), 413)


async def test_a_loosening_is_shown_signed_and_published_by_different_people(bearer, decisions):
    admin, approver = bearer("admin"), bearer("approver")
    version = await draft(admin, changed(cancel_order={"verdict": "execute", "team": "sales"}))
    report = (await approver.post(f"/v1/policies/{version}/replay")).json()
    assert report["decisions"] == 3
    assert report["moves"] == [{"from": "review", "to": "execute", "decisions": 3, "amount_cents": {"USD": 4500}}]
    assert report["dangerous"]["by"] == {"executes": 3}
    assert [row["kind"] for row in report["changes"]] == ["cancel_order"] * 3
    refused = problem_of(await admin.post(f"/v1/policies/{version}/publication"), 409)
    assert report["dangerous"]["digest"] in refused["detail"]
    problem_of(await approver.post(f"/v1/policies/{version}/signature", json={"digest": "0" * 64}), 409)
    signed = await approver.post(f"/v1/policies/{version}/signature", json={"digest": report["dangerous"]["digest"]})
    assert (signed.status_code, signed.json()["signed_by"], signed.json()["flips"]) == (200, "approver", 3)
    live = await admin.post(f"/v1/policies/{version}/publication")
    assert (live.status_code, live.json()["status"], live.json()["replaced"]) == (200, "live", parse(SHIPPED).version)
    back = await admin.post("/v1/policies/rollback")
    assert (back.status_code, back.json()["version"]) == (200, parse(SHIPPED).version)
    entries = (await bearer("viewer").get("/v1/audit", params={"limit": 200})).json()["data"]
    assert [(each["event"], each["actor"]) for each in entries if each["event"].startswith("policy.")][2:] == [
        ("policy.drafted", "admin"), ("policy.signed", "approver"), ("policy.published", "admin"),
        ("policy.rolled_back", "admin"),
    ]  # fmt: skip


async def test_a_replay_says_nothing_of_a_person(bearer, decisions):
    version = await draft(bearer("admin"), changed(cancel_order={"team": "sales"}))
    (row, *_) = (await bearer("approver").post(f"/v1/policies/{version}/replay")).json()["changes"]
    assert row.keys() == {
        "decision_id", "at", "action_id", "kind", "policy_version", "changes", "dangers", "amount_cents", "currency",
    }  # fmt: skip
    assert row["changes"] == [{"name": "team", "before": "support", "after": "sales"}]


async def test_a_replay_of_another_time_finds_other_decisions(bearer, decisions):
    version = await draft(bearer("admin"), changed())
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    path = f"/v1/policies/{version}/replay"
    assert (await bearer("admin").post(path, json={"since": soon})).json()["decisions"] == 0
    assert (await bearer("admin").post(path, json={"until": soon})).json()["decisions"] == 3
    problem_of(await bearer("admin").post(path, json={"since": "2026-01-01T00:00:00"}), 422)
    late = {"since": datetime.now(UTC).isoformat()}
    assert (
        problem_of(await bearer("admin").post(f"/v1/policies/{version}/publication", json=late), 422)["field"]
        == "since"
    )


async def test_a_shadow_is_set_shown_and_ended(bearer):
    version = await draft(bearer("admin"), changed())
    empty = {"data": [], "next_cursor": None}
    assert (await bearer("viewer").get("/v1/policies/shadow/differences")).json() == empty
    answer = await bearer("admin").put("/v1/policies/shadow", json={"version": version})
    assert (answer.status_code, answer.json()["is_shadow"], answer.json()["status"]) == (200, True, "draft")
    assert (await bearer("viewer").get("/v1/policies/shadow/differences")).json() == empty
    assert (await bearer("admin").delete("/v1/policies/shadow")).status_code == 204
    assert (await bearer("viewer").get(f"/v1/policies/{version}")).json()["is_shadow"] is False
    problem_of(await bearer("admin").put("/v1/policies/shadow", json={"version": "none+0"}), 404)
    problem_of(await bearer("admin").put("/v1/policies/shadow", json={"version": parse(SHIPPED).version}), 409)


async def test_approvers_sign_and_admins_publish_and_nobody_else(bearer):
    version = await draft(bearer("admin"), changed())
    path = f"/v1/policies/{version}"
    for role in ("viewer", "reviewer", "agent", "ingest"):
        problem_of(await bearer(role).post(f"{path}/signature", json={"digest": "0" * 64}), 403)
        problem_of(await bearer(role).post(f"{path}/replay"), 403)
    for role in ("viewer", "reviewer", "approver", "agent", "ingest"):
        for verb, where, body in (
            ("POST", "/v1/policies", {"document": SHIPPED}), ("POST", f"{path}/publication", None),
            ("POST", "/v1/policies/rollback", None), ("PUT", "/v1/policies/shadow", {"version": version}),
            ("DELETE", "/v1/policies/shadow", None),
        ):  # fmt: skip
            problem_of(await bearer(role).request(verb, where, json=body), 403)
    problem_of(await bearer("admin").post("/v1/policies/rollback"), 409)
