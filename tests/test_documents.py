"""The documents say what the product does: transitions, settings, routes, commands; and the examples of the API run."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from time import monotonic, sleep
from typing import Any, cast

import click
import httpx
import pytest
import typer

from app.__main__ import ROLES, cli
from app.core.actions import ActionKind
from app.core.calls import CallStage
from app.core.lifecycle import TERMINAL, TRANSITIONS
from app.db.tables import metadata
from app.main import create_app
from app.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
API = (ROOT / "docs/api.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
COMMAND: click.Command = typer.main.get_command(cli)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def code_in(text: str) -> str:
    """What a reader would type or take for a name: blocks and spans of code."""
    return "\n".join(
        [*re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL), *re.findall(r"`([^`\n]+)`", text)]
    )


# --- names that have to exist


def test_the_documented_transitions_are_those_of_the_table() -> None:
    (diagram,) = blocks(ARCHITECTURE, "mermaid")
    drawn = re.findall(r"^ *(\w+) --> (\w+): (\w+)$", diagram, re.MULTILINE)
    assert sorted(drawn) == sorted((before, after, verb) for (before, verb), after in TRANSITIONS.items())
    assert set(re.findall(r"^ *(\w+) --> \[\*\]$", diagram, re.MULTILINE)) == set(TERMINAL)


def test_the_architecture_names_every_table() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", ARCHITECTURE, re.MULTILINE))
    assert set(metadata.tables) - named == set()


def test_the_architecture_names_only_files_there_are() -> None:
    named = set(re.findall(r"`((?:app|migrations|tests)/[\w/.]+\.\w+)`", ARCHITECTURE))
    assert len(named) > 20
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_the_readme_lists_every_setting_with_its_default() -> None:
    rows = dict(re.findall(rf"^\| `({PREFIX}\w+)` \| (.*?) \|", README, re.MULTILINE))
    assert set(rows) == {PREFIX + field.upper() for field in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        shown = rows[PREFIX + name.upper()]
        assert shown == (f"`{field.default}`" if field.default not in {None, ()} else ""), name


def list_commands(command: click.Command, words: str = "handoff") -> list[str]:
    if isinstance(command, click.Group):
        return [line for name, each in command.commands.items() for line in list_commands(each, f"{words} {name}")]
    return [words]


def test_the_readme_lists_every_command() -> None:
    assert [line for line in list_commands(COMMAND) if f"`{line}`" not in README] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"^make ([a-z-]+)", code_in(document.read_text()), re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_handoff_that_is_named_exists(document: Path) -> None:
    for line in re.findall(r"(?:^|[\s`/(])handoff ([a-z][^\n`|]*)", code_in(document.read_text())):
        command = COMMAND
        for word in line.split():
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, f"handoff {line}"
            command = command.commands[word]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", document.read_text()):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
            assert anchor in {anchor_of(heading) for heading in headings}, f"{target}#{anchor}"


def anchor_of(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# --- the HTTP contract


def documented_routes() -> set[tuple[str, str]]:
    return set(re.findall(r"^### `(GET|POST|PUT|DELETE) (\S+)`$", API, re.MULTILINE))


def test_every_route_is_documented_and_every_documented_route_exists() -> None:
    app = create_app(cast("Any", nullcontext))
    routes = {(method.upper(), path) for path, verbs in app.openapi()["paths"].items() for method in verbs}
    assert documented_routes() == routes | {("GET", "/metrics")}


def test_each_route_has_an_example() -> None:
    sections = re.split(r"^### ", API, flags=re.MULTILINE)[1:]
    assert [section.splitlines()[0] for section in sections if not blocks(section, "sh")] == []


def test_the_words_of_the_api_document_are_the_product_s() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| ", API.partition("## Errors")[0], re.MULTILINE)) == set(ROLES)
    (stages,) = re.findall(r"Filter: `stage` \((.*?)\)", API)
    assert set(re.findall(r"`(\w+)`", stages)) == set(CallStage)


def test_the_architecture_explains_every_kind_of_action() -> None:
    assert {str(kind) for kind in ActionKind} - set(re.findall(r"`(\w+)`", ARCHITECTURE)) == set()


@pytest.fixture
def try_it() -> Iterator[dict[str, str]]:
    """What the first section of the document tells a reader to start, on free ports: the variables of its examples."""
    service_port, twin_port = free_port(), free_port()
    goody_secret = "whsec_" + "dHJ5LWl0LXRyeS1pdC10cnktaXQ="
    service, twin = f"http://127.0.0.1:{service_port}", f"http://127.0.0.1:{twin_port}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handoff-tests-")))
        folder.chmod(0o711)  # root's Postgres runs as a user who has to pass it
        environment = {
            "HANDOFF_DATA_DIR": str(folder / "data"),
            "HANDOFF_PORT": str(service_port),
            "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": "try-it",
            "HANDOFF_GOODY_API_KEY": "goody-sandbox-key",
            "HANDOFF_GOODY_BASE_URL": twin,
            "HANDOFF_GOODY_WEBHOOK_SECRETS": goody_secret,
            "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin",
        }
        twin_options = [f"--port={twin_port}", f"--webhook-url={service}/webhooks/goody"]
        stack.enter_context(
            running(["sandbox", "goody", *twin_options, f"--webhook-secret={goody_secret}"], folder, environment)
        )
        stack.enter_context(running(["serve"], folder, environment))
        wait_until_ready(f"{service}/readyz")
        create = [sys.executable, "-m", "app", "token", "create", "--role=admin", "--name=try-it"]
        token = subprocess.run(create, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
        yield {
            "HANDOFF": service,
            "TWIN": twin,
            "SECRET": "try-it",
            "GOODY_SECRET": goody_secret,
            "TOKEN": token.split()[0],
            "PATH": "/usr/bin:/bin",
        }


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="the examples need bash, curl, openssl"
)
def test_the_examples_of_the_api_document_work(try_it: dict[str, str], tmp_path: Path) -> None:
    """In the order of the document, each until it works: a reader, too, is slower than the worker."""
    (tmp_path / "state").write_text("")
    for number, example in enumerate(blocks(API, "sh"), start=1):
        script = f"set -aeuo pipefail; source state; {example}\n{{ export -p; declare -f; }} > state"
        deadline = monotonic() + 20
        while True:
            ran = subprocess.run(
                ["bash", "-c", script], cwd=tmp_path, env=try_it, capture_output=True, text=True, check=False
            )
            if ran.returncode == 0:
                break
            assert monotonic() < deadline, (
                f"example {number} fails with {ran.returncode}:\n{example}{ran.stdout}{ran.stderr}"
            )
            sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class running:  # noqa: N801 (read as a sentence: with running(...))
    """`handoff …` in a process of its own, ended in the end."""

    def __init__(self, words: list[str], folder: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "app", *words]
        self.log = (folder / f"{words[0]}.log").open("wb")
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=self.log, stderr=self.log)

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.log.close()


def wait_until_ready(url: str) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        sleep(0.1)
    raise AssertionError(f"{url} is not ready")
