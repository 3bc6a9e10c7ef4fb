"""One deployment as an operator runs it: the real command, its settings, a data folder and a Postgres of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from tests.clients import client_of
from tests.forked import Forked, run_forked

# Generous, because two cores may be shared by everything that runs on the machine; nobody waits that long when it works.
PATIENCE_SECONDS = 90.0

DIALNEXA_SECRETS = ("dialnexa-secret-old-7f3a", "dialnexa-secret-new-91bc")
GOODY_KEY = "goody-key-4d1f0c"
ADMIN_TOKEN = "admin-token-of-the-stories-5a1c"
GOODY_WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

# A machine still has to move an action of these statuses; all others wait for people, for the shop, or are the end.
MOVING = frozenset({"proposed", "approved", "executing", "outcome_unknown"})

# Ends what a test process left behind that was killed itself: reads the folder and process ids until the pipe breaks.
WATCH = """
import os, shutil, signal, sys, time
folder, *pids = sys.stdin.read().splitlines()
for pid in pids:
    try:
        os.kill(int(pid), signal.SIGKILL)
    except ProcessLookupError:
        pass
time.sleep(5)  # for Postgres, which follows by itself
shutil.rmtree(folder, ignore_errors=True)
"""

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], what: str, *, seconds: float = PATIENCE_SECONDS, pause: float = 0.1) -> Found:
    """The first truthy value that `look` gives."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(pause)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def make_folder() -> Path:
    """Not below pytest's own folder, which the user Postgres runs as cannot pass when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="handoff-story-"))
    folder.chmod(0o711)
    return folder


def environment(settings: dict[str, str]) -> dict[str, str]:
    """No variable of whoever runs the tests goes along, but for where programs are."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "PYTHONWARNINGS": "default", **settings}


def processes_of(folder: Path) -> list[int]:
    """Pids of whatever was started with this folder on its command line or works inside it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_named = os.fsencode(folder) in (process / "cmdline").read_bytes()
            if is_named or (process / "cwd").resolve().is_relative_to(folder):
                found.append(int(process.name))
    return found


class RunningService:
    """`handoff serve` as a process of its own, in `folder`, with exactly the settings of design section 6."""

    def __init__(self, **settings: str) -> None:
        self.folder = make_folder()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "HANDOFF_DATA_DIR": str(self.folder / "data"),
            "HANDOFF_PORT": str(self.port),
            "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": ",".join(DIALNEXA_SECRETS),
            "HANDOFF_GOODY_API_KEY": GOODY_KEY,
            "HANDOFF_GOODY_WEBHOOK_SECRETS": GOODY_WEBHOOK_SECRET,
            "HANDOFF_ADMIN_TOKEN": ADMIN_TOKEN,
            **settings,
        }
        self.processes: list[Forked] = []
        self._watch = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WATCH], stdin=subprocess.PIPE, start_new_session=True
        )
        self._let_watch(self.folder)
        self._clients = ExitStack()
        self._by_name: dict[str, httpx.Client] = {}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.clean_up()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.clean_up()

    def start(self, *options: str) -> None:
        """Until it says that it can take calls."""
        process = self.spawn("serve", *options)

        def is_ready() -> bool:
            assert process.poll() is None, f"serve ended with {process.returncode}:\n{self.log()[-4000:]}"
            with suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/readyz", trust_env=False, timeout=5).status_code == 200
            return False

        wait_for(is_ready, f"/readyz of {self.url}")

    def spawn(self, *command: str) -> Forked:
        """A process that runs beside us; its words go to the log."""
        process = Forked("app", *command, settings=environment(self.settings), folder=self.folder, output=self.log_file)
        self.processes.append(process)
        self._let_watch(process.pid)
        return process

    def _let_watch(self, word: object) -> None:
        assert self._watch.stdin is not None
        self._watch.stdin.write(f"{word}\n".encode())
        self._watch.stdin.flush()

    def run(self, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        return run_command(*command, folder=self.folder, settings=self.settings | settings)

    def end(self, number: int = signal.SIGTERM) -> list[int]:
        """End all processes and return their exit codes."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)
        codes = [process.wait(PATIENCE_SECONDS) for process in self.processes]
        self.processes.clear()
        return codes

    def kill_everything(self) -> None:
        """kill -9, the service first, then its Postgres with all that belongs to it."""
        self.end(signal.SIGKILL)
        while found := processes_of(self.folder):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def clean_up(self) -> None:
        self._clients.close()
        self._by_name.clear()
        try:
            self.end()
        except subprocess.TimeoutExpired:
            self.kill_everything()
            raise
        self._watch.kill()
        self._watch.communicate()
        left = processes_of(self.folder)
        if left:
            self.kill_everything()
        shutil.rmtree(self.folder)
        assert not left, f"processes that outlived the service: {left}"

    @property
    def log_file(self) -> Path:
        return self.folder / "service.log"

    def log(self) -> str:
        """All that the service, its commands and its Postgres ever wrote."""
        files = [self.log_file, *self.folder.glob("data/*.log")]
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    def token(self, role: str, name: str) -> str:
        made = self.run("token", "create", "--role", role, "--name", name, "--json")
        assert made.returncode == 0, made.stderr
        shown = json.loads(made.stdout)
        assert shown.keys() == {"id", "name", "role", "token"}
        assert (shown["name"], shown["role"]) == (name, role)
        return str(shown["token"])

    def bearer(self, role: str, name: str) -> httpx.Client:
        """A client with a token of this role; the same one for the same name."""
        if name not in self._by_name:
            self._by_name[name] = self.client(self.token(role, name))
        return self._by_name[name]

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        made = client_of(self.url, headers=headers, timeout=PATIENCE_SECONDS)
        return self._clients.enter_context(made)

    @property
    def anybody(self) -> httpx.Client:
        """A client without a token."""
        if "" not in self._by_name:
            self._by_name[""] = self.client()
        return self._by_name[""]

    @property
    def admin(self) -> httpx.Client:
        """A client with the first token, which the settings give."""
        if "bootstrap" not in self._by_name:
            self._by_name["bootstrap"] = self.client(ADMIN_TOKEN)
        return self._by_name["bootstrap"]

    def get(self, path: str, **params: Any) -> Any:
        answer = self.admin.get(path, params=params)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def rows(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, limit=200, **params, **({"cursor": cursor} if cursor else {}))
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def figures(self) -> dict[str, float]:
        """Every line of /metrics."""
        lines = self.anybody.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def knows(self, order: dict[str, Any]) -> None:
        """Wait until the mirror shows the order."""
        reference = order["reference_id"]
        wait_for(lambda: self.get("/v1/orders", reference=reference)["data"], f"order {reference} in the mirror")

    def find_call(self, call_id: str) -> dict[str, Any] | None:
        answer = self.admin.get(f"/v1/calls/{call_id}")
        assert answer.status_code in {200, 404}, answer.text
        return answer.json() if answer.status_code == 200 else None

    def call(self, call_id: str, is_so: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """The call once something is so of it."""
        last: dict[str, Any] = {}

        def look() -> bool:
            nonlocal last
            last = self.find_call(call_id) or {}
            return bool(last and is_so(last))

        try:
            wait_for(look, f"call {call_id}: {what}")
        except AssertionError as error:
            error.add_note(f"last seen: {json.dumps(last)[:3000]}")
            raise
        return last

    def settled(self, call_id: str) -> dict[str, Any]:
        """The call once it was matched and a machine has nothing left to do for it."""
        return self.call(call_id, is_settled, "nothing is left for a machine to do")

    def with_action(self, call_id: str, *statuses: str) -> dict[str, Any]:
        """The call once its only action has one of these statuses."""
        what = f"its action is {' or '.join(statuses)}"
        return self.call(call_id, lambda call: [each["status"] in statuses for each in call["actions"]] == [True], what)

    def review_of(self, call: dict[str, Any]) -> dict[str, Any]:
        (action,) = call["actions"]
        return self.review(action["review_id"])

    def review(self, review_id: str) -> dict[str, Any]:
        return dict(self.get(f"/v1/reviews/{review_id}"))

    def approve(self, call: dict[str, Any], by: httpx.Client | None = None) -> httpx.Response:
        """Somebody's yes to the review as it now is."""
        review = self.review_of(call)
        headers = {"if-match": f'"{review["version"]}"'}
        return (by or self.admin).post(
            f"/v1/reviews/{review['id']}/approval", headers=headers, json={"reason_code": "caller_asked"}
        )


def is_settled(call: dict[str, Any]) -> bool:
    statuses = [action["status"] for action in call["actions"]]
    return call["match"] is not None and bool(statuses) and MOVING.isdisjoint(statuses)


def run_command(
    *command: str, folder: Path, settings: dict[str, str], seconds: float = PATIENCE_SECONDS
) -> "subprocess.CompletedProcess[str]":
    """A command to its end; subprocess.TimeoutExpired when it does not come to one."""
    return run_forked("app", *command, settings=environment(settings), folder=folder, seconds=seconds)


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The body of an error, which has the form of RFC 9457 whatever went wrong."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem.get("type", "about:blank")
    return dict(problem)
