"""A merchant loosens the policy: drafted, tested, replayed, signed by one person, published by another, rolled back.

Everything beside it, by the command and over REST, on a deployment that takes calls all the while.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from foreign_client import about, somebody
from running_service import problem_of


@pytest.fixture(scope="module")
def anna(service):
    return service.bearer("approver", "anna-of-the-policy")


@pytest.fixture
def extended(service, agents, place):
    """The action of a call that wants half a year more, as the policy of the moment decided it."""

    def call(status):
        person = somebody()
        day = (datetime.now(UTC) + timedelta(days=180)).date().isoformat()
        wish = about(place(person), person, "more time", new_expiration=day)
        (action,) = service.with_action(agents.call(wish), status)["actions"]
        return action

    return call


@pytest.fixture
def draft_file(service):
    """The live policy with far longer extensions done alone; examples that say otherwise are taken out."""
    document = yaml.safe_load(service.run("policy", "show", "live").stdout)
    document |= {"version": "bold", "examples": []}
    for rule in document["rules"]:
        rule.pop("examples", None)
    document["parameters"]["max_extension"] = "1000d"
    file = service.folder / "bold.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def test_a_draft_becomes_the_live_policy_when_its_flips_are_signed_and_leaves_again(
    service, anna, extended, draft_file
):
    cautious = extended("awaiting_review")
    assert cautious["verdict"] == "review"
    shown = service.run("policy", "draft", str(draft_file), "--by", "dora", "--json")
    version = json.loads(shown.stdout)["version"]
    refused = service.run("policy", "publish", version, "--by", "pat")
    assert refused.returncode == 1
    assert "would pass more easily" in refused.stderr

    report = anna.post(f"/v1/policies/{version}/replay", json={}).json()
    flip = next(row for row in report["changes"] if row["action_id"] == cautious["id"])
    assert flip["dangers"] == ["executes"]
    until = {"until": report["until"]}
    signed = anna.post(f"/v1/policies/{version}/signature", json={"digest": report["dangerous"]["digest"], **until})
    assert signed.status_code == 200, signed.text
    problem_of(anna.post(f"/v1/policies/{version}/publication", json=until), 403)
    published = service.admin.post(f"/v1/policies/{version}/publication", json=until)
    assert published.status_code == 200, published.text
    try:
        bold = extended("done")
        assert (bold["verdict"], bold["policy_version"]) == ("execute", version)
    finally:
        back = service.run("policy", "rollback", "--by", "pat", "--json")
    assert json.loads(back.stdout)["version"] == cautious["policy_version"]
    assert extended("awaiting_review")["policy_version"] == cautious["policy_version"]


def test_a_draft_is_compared_and_replayed_by_the_command_without_being_kept(service, extended, draft_file):
    waiting = extended("awaiting_review")
    compared = service.run("policy", "compare", "live", str(draft_file))
    assert (
        "~ rules.extension_too_long.when: all(action.kind eq extend_expiration, parameters.extension_days gt "
        in compared.stdout
    )
    replayed = service.run("policy", "replay", "--draft", str(draft_file), "--json")
    *rows, last = [json.loads(line) for line in replayed.stdout.splitlines()]
    assert waiting["id"] in {row["action_id"] for row in rows}
    assert last["report"]["changed"] == len(rows)
    text = service.run("policy", "replay", "--draft", str(draft_file)).stdout
    assert "DANGEROUS executes" in text
    assert last["report"]["dangerous"]["digest"] in text
    version = json.loads(service.run("policy", "draft", str(draft_file), "--by", "dora", "--json").stdout)["version"]
    what_to_sign = text.split("to sign: ")[1].split()
    signed = service.run("policy", "sign", version, *what_to_sign, "--by", "sam")
    assert "signed by sam" in signed.stdout, signed.stderr


def test_a_shadow_decides_nothing_and_shows_what_it_would_have_decided(service, extended, draft_file):
    version = json.loads(service.run("policy", "draft", str(draft_file), "--by", "dora", "--json").stdout)["version"]
    assert service.run("policy", "shadow", version).returncode == 1  # nobody says who starts it
    assert service.run("policy", "shadow", version, "--by", "dora").returncode == 0
    try:
        action = extended("awaiting_review")
        told = service.run("policy", "shadow").stdout
        assert f"{version} runs in the shadow" in told
        assert f"action {action['id']}  verdict review -> execute  DANGEROUS executes" in told
        (row,) = [row for row in service.rows("/v1/policies/shadow/differences") if row["action_id"] == action["id"]]
        assert row["changes"] == [{"name": "verdict", "before": "review", "after": "execute"}]
        listed = service.run("policy", "list").stdout
        (line,) = [line.split() for line in listed.splitlines() if line.startswith(version)]
        assert (line[1] in {"draft", "retired"}, line[2]) == (True, "shadow")
    finally:
        service.run("policy", "shadow", "off", "--by", "dora")
    assert "no policy runs" in service.run("policy", "shadow").stdout


def test_what_does_not_load_or_breaks_an_example_is_refused_where_it_stands(service, draft_file):
    text = draft_file.read_text()
    draft_file.write_text(text.replace("cancel_order:", "cancel_orders:"))
    wrong = service.run("policy", "draft", str(draft_file), "--by", "dora")
    assert (wrong.returncode, "cancel_orders" in wrong.stderr, "line" in wrong.stderr) == (1, True, True)
    example = {
        "says": "A cancellation waits.",
        "given": {"action.kind": "cancel_order"},
        "gives": {"verdict": "refuse"},
    }
    draft_file.write_text(yaml.safe_dump(yaml.safe_load(text) | {"version": "broken", "examples": [example]}))
    for command in (("draft", str(draft_file), "--by", "dora"), ("test", str(draft_file))):
        broken = service.run("policy", *command)
        assert broken.returncode == 1
        assert "A cancellation waits" in broken.stdout + broken.stderr


def test_every_decision_that_this_deployment_ever_made_is_decided_the_same_again(service, extended):
    """Over everything that the stories before this one left in the database."""
    extended("awaiting_review")
    replayed = service.run("policy", "replay", "--stored", "--json")
    assert replayed.returncode == 0, replayed.stdout
    report = json.loads(replayed.stdout)["report"]
    assert report["changed"] == 0
    assert report["unreadable"] == {}
    decided = [entry for entry in service.rows("/v1/audit") if entry["event"] == "action.decided"]
    assert report["decisions"] == len(decided) > 0
