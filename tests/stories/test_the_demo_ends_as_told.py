"""`handoff demo --exit`, as a stranger starts it: every story ends as told, and nothing is left behind."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 400  # a minute where two cores have nothing else to do

# The match, the kind and the status that each call ends with.
ENDINGS = {
    "call_where_is_my_order": ("matched", "order_status", "done"),
    "call_known_by_phone": ("matched", "order_status", "done"),
    "call_more_time": ("matched", "extend_expiration", "done"),
    "call_cancel": ("matched", "cancel_order", "done"),
    "call_cancel_too_late": ("matched", "cancel_order", "done"),
    "call_wrong_address": ("matched", "change_address", "done"),
    "call_ambiguous": ("ambiguous", "extend_expiration", "awaiting_review"),
    "call_nothing_to_match": ("unmatched", "cancel_order", "rejected"),
    "call_buying_question": ("unmatched", "route_buying_intent", "handed_off"),
    "call_two_approvals": ("matched", "cancel_order", "done"),
    "call_noise": ("unmatched", "none", "handed_off"),
    "call_never_connected": (None, None, None),
    "call_spoofed": (None, None, None),
    "call_delivered_again": ("matched", "extend_expiration", "done"),
    "call_moves_under_review": ("matched", "cancel_order", "rejected"),
    "call_goody_is_away": ("matched", "extend_expiration", "done"),
    "call_answer_is_lost": ("matched", "cancel_order", "done"),
}
# How often Goody's ledger says that something was done.
ACTS = {
    "call_more_time": 1,
    "call_cancel": 1,
    "call_two_approvals": 1,
    "call_delivered_again": 1,
    "call_goody_is_away": 1,
    "call_answer_is_lost": 1,
}


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not below pytest's own folder, which the user Postgres runs as cannot pass when root runs the tests.
    made = Path(tempfile.mkdtemp(prefix="handoff-demo-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.mark.slow
def test_every_story_ends_as_told_and_nothing_is_left_behind(folder: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        exit_code, told = run_demo(folder, port=taken.getsockname()[1])
    assert exit_code == 0, told
    calls = json.loads((folder / "out.json").read_text())
    assert {call["call_id"]: ending(call) for call in calls} == ENDINGS
    assert {call["call_id"]: acts for call in calls if (acts := call["actual"].get("goody_acts"))} == ACTS
    for call in calls:
        assert call.keys() == {"call_id", "story", "expected", "actual", "ok"}
        assert call["ok"]
        assert call["expected"] == call["actual"]
    assert f"{len(ENDINGS)} of {len(ENDINGS)} stories ended as told" in told
    assert "is taken, so the service got another one" in told
    assert "the audit chain is whole" in told
    assert is_plain_text_of_80_columns(told)
    assert processes_in(folder) == []


def run_demo(folder: Path, *, port: int) -> tuple[int, str]:
    ours = {"HANDOFF_DATA_DIR": str(folder), "HANDOFF_PORT": str(port), "COLUMNS": "80"}
    result = subprocess.run(
        [sys.executable, "-m", "app", "demo", "--exit", "--json", str(folder / "out.json")],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("HANDOFF_")} | ours,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return result.returncode, result.stdout.decode()


def ending(call: dict) -> tuple[str | None, str | None, str | None]:
    return tuple(call["actual"].get(name) for name in ("match", "kind", "status"))


def is_plain_text_of_80_columns(told: str) -> bool:
    return "\x1b" not in told and max(len(line) for line in told.splitlines()) <= 80


def processes_in(folder: Path) -> list[str]:
    """Command lines of what works in the folder or names it; empty where there is no /proc to look in (macOS)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # It may end while we look, and of other people's processes not everything can be read.
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if os.fsencode(folder) in command or (process / "cwd").readlink().is_relative_to(folder):
                found.append(command.decode(errors="replace"))
    return found
