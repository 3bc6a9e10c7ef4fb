"""The commands of an operator: each explains itself, fails with a remedy, and reports for people and for programs."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign_client import somebody
from running_service import environment, free_port, make_folder, processes_of, run_command

COMMANDS = (
    "", "serve", "worker", "migrate", "reconcile", "completeness", "reseal", "alarms", "jobs", "jobs dead", "token",
    "token create", "token revoke", "audit", "audit verify", "sandbox",
    "sandbox goody", "sandbox dialnexa",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help(service, command):
    ran = service.run(*command.split(), "--help")
    assert ran.returncode == 0, ran.stderr
    assert "Usage:" in ran.stdout
    assert len(ran.stdout.split("\n")) > 4
    assert ran.stderr == ""


def test_the_console_script_is_the_same_command():
    script = Path(sys.executable).with_name("handoff")
    ran = subprocess.run(
        [script, "--help"], env=environment({}), capture_output=True, text=True, check=True, timeout=60
    )
    for command in COMMANDS:
        assert command.split(" ")[0] in ran.stdout


@pytest.mark.parametrize(
    "words", [["serf"], ["token", "make"], ["serve", "--wrong"], ["token", "create"]], ids=" ".join
)
def test_what_no_command_knows_fails_and_says_so(service, words):
    ran = service.run(*words)
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert "Usage:" in ran.stderr or "Usage:" in ran.stdout


def test_a_second_token_of_the_same_name_is_refused_with_a_remedy(service):
    name = somebody().name
    service.token("viewer", name)
    again = service.run("token", "create", "--role", "admin", "--name", name, "--json")
    assert again.returncode != 0
    assert again.stdout == ""
    assert "Traceback" not in again.stderr
    assert name in again.stderr
    assert "--name" in again.stderr


@pytest.mark.parametrize(
    ("role", "name", "remedy"),
    [("emperor", "Nero", "viewer, reviewer, approver, admin, agent, ingest"), ("viewer", " ", "--name"), ("viewer", "system:policy", "--name")],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_refused_with_a_remedy(service, role, name, remedy):
    ran = service.run("token", "create", "--role", role, "--name", name)
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert remedy in ran.stderr


def test_a_token_is_kept_as_a_digest_only_and_its_making_is_in_the_audit(service):
    name = somebody().name
    token = service.token("viewer", name)
    assert service.client(token).get("/v1/calls").status_code == 200
    entries = [entry for entry in service.rows("/v1/audit") if entry["event"] == "token.created"]
    assert name in [entry["data"]["name"] for entry in entries]
    assert token not in json.dumps(entries)
    kept = [path for path in service.folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert kept == []


def test_the_audit_is_verified_for_people_and_for_programs(service):
    report = json.loads(service.run("audit", "verify", "--json").stdout)
    assert report["ok"] is True
    assert report["entries"] == report["sealed"] + report["unsealed"]
    plain = service.run("audit", "verify")
    assert plain.returncode == 0
    assert "the chain is whole" in plain.stdout


def test_reconcile_reads_the_shop_and_says_how_much(service, twin):
    person = somebody()
    order = twin.place_for(person)
    ran = service.run("reconcile", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["orders_read"]["goody"] >= 1
    assert [row["order_id"] for row in service.get("/v1/orders", email=person.email)["data"]] == [order["id"]]


def test_reconcile_with_a_shop_that_is_away_fails_with_a_sentence(service):
    ran = service.run("reconcile", HANDOFF_GOODY_BASE_URL=f"http://127.0.0.1:{free_port()}")
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr, ran.stderr
    assert "goody" in ran.stderr


@pytest.fixture
def folder() -> Iterator[Path]:
    made = make_folder()
    yield made
    shutil.rmtree(made)


def test_commands_start_the_embedded_database_when_nobody_runs_it(folder):
    settings = {"HANDOFF_DATA_DIR": str(folder / "data")}
    made = run_command(
        "token", "create", "--role", "viewer", "--name", "first", "--json", folder=folder, settings=settings
    )
    assert made.returncode == 0, made.stderr
    assert processes_of(folder) == []
    again = run_command("token", "create", "--role", "viewer", "--name", "first", folder=folder, settings=settings)
    assert again.returncode != 0
    assert "--name" in again.stderr
