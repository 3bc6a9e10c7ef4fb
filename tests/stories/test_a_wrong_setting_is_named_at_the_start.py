"""Whoever starts the service with a missing or malformed setting is told which one, and what to do about it."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_service import free_port, make_folder, processes_of, run_command

import app
from app.db.embedded import EmbeddedPostgres

SECRET = "hush-4e7d0a55-not-to-be-shown"
# Of work: how long that takes is up to the machine, and a command that hangs instead is ended by `run_command`.
MOST_SECONDS = 15.0


@pytest.fixture
def folder() -> Iterator[Path]:
    made = make_folder()
    yield made
    left = processes_of(made)
    shutil.rmtree(made)
    assert left == []


def good_settings(folder: Path) -> dict[str, str]:
    return {
        "HANDOFF_DATA_DIR": str(folder / "data"),
        "HANDOFF_PORT": str(free_port()),
        "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": SECRET,
        "HANDOFF_GOODY_API_KEY": SECRET,
        "HANDOFF_GOODY_BASE_URL": "http://127.0.0.1:9",
    }


def refused(folder: Path, settings: dict[str, str], command: str = "serve", *, seconds: float = 60) -> str:
    """What it said when it refused to start."""
    before = os.times()
    ran = run_command(command, folder=folder, settings=settings, seconds=seconds)
    after = os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    assert ran.returncode != 0
    assert worked < MOST_SECONDS, f"worked for {worked:.1f} s"
    assert "Traceback" not in ran.stderr, ran.stderr
    assert SECRET not in ran.stderr + ran.stdout
    return ran.stderr


# The setting, its value (None: not set), and a word of the remedy.
WRONG = {
    "a port that is no number": ("HANDOFF_PORT", "abc", "8080"),
    "a port beyond all ports": ("HANDOFF_PORT", "70000", "8080"),
    "another database": ("HANDOFF_DATABASE_URL", f"mysql://user:{SECRET}@db/handoff", "postgresql://"),
    "a database nobody can reach": (
        "HANDOFF_DATABASE_URL",
        f"postgresql://user:{SECRET}@127.0.0.1:9/handoff",
        "running",
    ),
    "a database at no port": ("HANDOFF_DATABASE_URL", f"postgresql://user:{SECRET}@db:port/handoff", "postgresql://"),
    "a loud log": ("HANDOFF_LOG_LEVEL", "loud", "debug, info, warning, error"),
    "no secret of DialNexa": ("HANDOFF_DIALNEXA_WEBHOOK_SECRETS", None, "Keys page"),
    "an empty secret of DialNexa": ("HANDOFF_DIALNEXA_WEBHOOK_SECRETS", " , ", "Keys page"),
    "no key of Goody": ("HANDOFF_GOODY_API_KEY", None, "API Keys"),
    "a key with a line break": ("HANDOFF_GOODY_API_KEY", f"{SECRET}\nX-Other: header", "Copy the key again"),
    "a shop at no address": ("HANDOFF_GOODY_BASE_URL", "api.ongoody.com", "https://"),
    "one bad secret of two": (
        "HANDOFF_GOODY_WEBHOOK_SECRETS",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_x",
        "whsec_",
    ),
    "a worker for nobody": ("HANDOFF_WORKER_CONCURRENCY", "0", "between 1 and 64"),
    "a short admin token": ("HANDOFF_ADMIN_TOKEN", "short", "openssl"),
    "a policy that is not there": ("HANDOFF_POLICY_FILE", "/nowhere/policy.yaml", "file"),
    "a mapping that is not there": ("HANDOFF_MAPPING_FILE", "/nowhere/mapping.yaml", "file"),
    "a folder that is a file": ("HANDOFF_DATA_DIR", "/dev/null", "folder"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_service_does_not_start_with(folder, name):
    setting, value, remedy = WRONG[name]
    settings = {name: text for name, text in (good_settings(folder) | {setting: value}).items() if text is not None}
    said = refused(folder, settings)
    assert setting in said
    assert remedy in said


def test_every_setting_that_is_missing_is_named_at_once(folder):
    said = refused(folder, {"HANDOFF_DATA_DIR": str(folder / "data")})
    assert "HANDOFF_DIALNEXA_WEBHOOK_SECRETS" in said
    assert "HANDOFF_GOODY_API_KEY" in said
    assert not (folder / "data").exists(), "nothing is made before the settings are right"


def test_a_worker_without_a_shop_does_not_start(folder):
    settings = {"HANDOFF_DATA_DIR": str(folder / "data")}
    assert "HANDOFF_GOODY_API_KEY" in refused(folder, settings, "worker")


@pytest.mark.parametrize(
    ("setting", "shipped", "right", "wrong"),
    [
        ("HANDOFF_POLICY_FILE", "policies/default.yaml", "match_clear:", "match_claer:"),
        ("HANDOFF_POLICY_FILE", "policies/default.yaml", "fact: match.outcome", "fact: match.outcme"),
        ("HANDOFF_MAPPING_FILE", "mappings/default.yaml", "customer_name:", "customer_mane:"),
        ("HANDOFF_MAPPING_FILE", "mappings/default.yaml", "fields:\n", "fields: [\n"),
    ],
)
def test_a_typing_error_in_a_file_is_named_with_file_and_line(folder, setting, shipped, right, wrong):
    text = (Path(app.__file__).parent / shipped).read_text()
    line = text[: text.index(right)].count("\n") + 1
    file = folder / "mine.yaml"
    file.write_text(text.replace(right, wrong, 1))
    said = refused(folder, good_settings(folder) | {setting: str(file)})
    assert setting in said
    assert "mine.yaml" in said
    # YAML notices an open bracket a little later, and of a missing key the place is where it should have been.
    is_near = any(f"line {number}" in said for number in range(line, line + 4))
    assert is_near or ("line " in said and right.strip(": ") in said), said


def test_a_port_that_is_taken_and_a_setting_that_nothing_reads_are_named(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(folder, good_settings(folder) | {"HANDOFF_PORT": port, "HANDOFF_PROT": "8080"})
    assert "HANDOFF_PROT" in said
    assert "HANDOFF_PORT" in said
    assert "stop what uses it" in said


def test_a_database_that_takes_connections_and_says_nothing_is_named(folder):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://user:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/handoff"
        said = refused(folder, good_settings(folder) | {"HANDOFF_DATABASE_URL": url}, seconds=30)
    assert "HANDOFF_DATABASE_URL" in said


def test_a_database_without_our_schema_names_the_command_that_makes_it(folder):
    with EmbeddedPostgres(folder / "elsewhere") as postgres:
        url = postgres.start().replace("postgresql+psycopg://", "postgresql://")
        said = refused(folder, good_settings(folder) | {"HANDOFF_DATABASE_URL": url})
    assert "HANDOFF_DATABASE_URL" in said
    assert "Run: handoff migrate" in said


def test_a_setting_from_a_file_beside_it_counts_as_one_from_the_environment(folder):
    (folder / ".env").write_text("HANDOFF_PORT=abc\n")
    settings = good_settings(folder)
    del settings["HANDOFF_PORT"]
    assert "HANDOFF_PORT" in refused(folder, settings)
