"""The demo's processes: both stand-ins and the service, each a process of its own with only settings to tie them.

Every run has a fresh folder; whatever happens to the demo, its processes end with it.
"""

import base64
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import httpx

from app.errors import HandoffError

Found = TypeVar("Found")

LONGEST_WAIT_SECONDS = 60.0  # for any one thing: two loaded cores are slow, but not that slow
LOOK_SECONDS = 0.1
LONGEST_START_SECONDS = 180.0  # the first one of all also copies Postgres and writes its cluster
LONGEST_FAREWELL_SECONDS = 20.0  # for what a killed demo left behind; a living one is told of at once enough
# The service may finish what it began (25 seconds) before its Postgres writes a last checkpoint.
STOP_SECONDS = 60.0
LAST_WORDS = 12  # lines of a dead process's log that are shown
SEEDED_ORDERS = 40  # gifts that have nothing to do with any story, so that finding the right one means something
RUN_FOLDER = re.compile(r"\d{8}-\d{6}")
# Where the embedded Postgres of root lives when the user it runs as may not pass the data dir; a note there says so.
CLUSTERS_OF_ROOT = Path("/var/lib/handoff/clusters")
ROOT = Path(__file__).parents[2]

# Runs in the new process before it becomes the command. If the demo is killed, the system ends its processes too, in
# order (SIGTERM), so that nothing of an earlier run holds a port or a database. macOS has no such signal.
TETHER = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, ctypes.c_ulong(signal.SIGTERM))  # 1 is PR_SET_PDEATHSIG
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the demo ended before this process began")
os.execv(sys.argv[2], sys.argv[2:])
"""


class StageError(HandoffError):
    """The demo cannot go on: a process of it died, or could not be started."""


class NeverHappenedError(StageError):
    """What was waited for did not come in time, though every process lives."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One process: its name in messages, and where what it writes goes."""

    name: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()[-LAST_WORDS:]
        return "\n".join(f"  {line}" for line in lines) or "  (it wrote nothing)"


class Stage:
    """The addresses of what runs, once `open` has returned; leaving the context stops everything."""

    def __init__(self, home: Path, *, port: int) -> None:
        self._home = home.resolve()
        self._lock: BinaryIO | None = None
        self._actors: list[Actor] = []
        self._commands: list[subprocess.Popen[bytes]] = []
        self._settings: dict[str, str] = {}
        self.folder = self._home
        self.wanted_port = port
        self.service_url = self.goody_url = self.dialnexa_url = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Start everything and wait until it answers. Raises StageError, saying which process and its last words."""
        self._take_folder()
        is_wanted_port_free = _is_free(self.wanted_port)
        try:
            self._start_all(self.wanted_port if is_wanted_port_free else _free_port())
        except StageError:
            if not is_wanted_port_free or _is_free(self.wanted_port):
                raise
            # Somebody was quicker and has the port now.
            self._stop_actors()
            self._start_all(_free_port())

    @property
    def goody_key(self) -> str:
        return self._settings["HANDOFF_GOODY_API_KEY"]

    @property
    def has_other_port(self) -> bool:
        return not self.service_url.endswith(f":{self.wanted_port}")

    def check(self) -> None:
        """Raises StageError when a process has ended that should not have."""
        for actor in self._actors:
            code = actor.process.poll()
            if code is not None:
                raise StageError(
                    f"{actor.name} ended (exit code {code}). Its log, {actor.log_file}, ends with:\n"
                    + actor.last_words()
                )

    def wait_for(self, look: Callable[[], Found | None], what: str, *, seconds: float = LONGEST_WAIT_SECONDS) -> Found:
        """What `look` finds. Raises NeverHappenedError after a while, StageError as soon as a process has ended."""
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            found = None
            # A busy process may let one connection wait too long; the next look is a new one.
            with suppress(httpx.TransportError):
                found = look()
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise NeverHappenedError(f"waited {seconds:.0f} seconds for {what}")
            time.sleep(LOOK_SECONDS)

    def wait_until_something_ends(self) -> None:
        """Blocks until a process dies (StageError) or a signal interrupts us."""
        while True:
            self.check()
            with suppress(subprocess.TimeoutExpired):
                self._actors[0].process.wait(timeout=0.5)

    def make_tokens(self, roles_by_name: Mapping[str, str]) -> dict[str, str]:
        """A token for each name, made by the command that a real deployment uses."""
        started = {
            name: self._begin("token", "create", "--role", role, "--name", name, "--json")
            for name, role in roles_by_name.items()
        }
        return {name: str(_json_of(process)["token"]) for name, process in started.items()}

    def verify_audit(self) -> dict[str, Any]:
        """What `handoff audit verify` says of the chain."""
        return _json_of(self._begin("audit", "verify", "--json"))

    def close(self) -> None:
        """Stop the service first, so that it need not see its vendors vanish; each gets its time, then is killed."""
        self._stop_actors()
        for command in self._commands:
            if command.poll() is None:
                command.kill()
                command.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _stop_actors(self) -> None:
        for actor in reversed(self._actors):
            _stop(actor.process)
        self._actors.clear()

    def _take_folder(self) -> None:
        """A fresh folder of our own. Only one demo at a time has this home; those before us are removed."""
        # The user Postgres runs as, when root starts the demo, has to pass.
        self._home.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._lock = (self._home / "lock").open("ab", buffering=0)
        try:
            # An earlier demo that was killed takes its processes with it, in order, which takes a moment.
            self.wait_for(self._try_lock, "an earlier demo to end", seconds=LONGEST_FAREWELL_SECONDS)
        except NeverHappenedError:
            raise StageError(
                f"another demo, or what is left of one, runs in {self._home}: stop it (Ctrl-C), or give another"
                " folder by HANDOFF_DATA_DIR"
            ) from None
        for old in self._home.iterdir():
            if RUN_FOLDER.fullmatch(old.name):
                _remove(old)
        self.folder = self._home / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        self.folder.mkdir(mode=0o711)

    def _try_lock(self) -> bool | None:
        assert self._lock is not None  # noqa: S101 (opened right before)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        return True

    def _start_all(self, service_port: int) -> None:
        goody_port, dialnexa_port = _free_port(), _free_port()
        self.service_url, self.goody_url, self.dialnexa_url = (
            f"http://127.0.0.1:{port}" for port in (service_port, goody_port, dialnexa_port)
        )
        self._settings = self._make_settings(service_port)
        self._start_twins(goody_port, dialnexa_port)
        service = self._start("service", "serve")
        self._wait_for_port("Goody's stand-in", goody_port)
        self._wait_for_port("DialNexa's stand-in", dialnexa_port)
        what = f"the service to be ready (its log is {service.log_file})"
        self.wait_for(lambda: self._is_ready(service), what, seconds=LONGEST_START_SECONDS)

    def _make_settings(self, port: int) -> dict[str, str]:
        """All that ties the service to this demo: the settings of the README, with secrets of this run."""
        return {
            "HANDOFF_DATA_DIR": str(self.folder / "data"),
            "HANDOFF_HOST": "127.0.0.1",
            "HANDOFF_PORT": str(port),
            "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": secrets.token_hex(24),
            "HANDOFF_DIALNEXA_API_KEY": f"key_demo:{secrets.token_hex(16)}",
            "HANDOFF_DIALNEXA_BASE_URL": self.dialnexa_url,
            "HANDOFF_GOODY_API_KEY": secrets.token_hex(24),
            "HANDOFF_GOODY_BASE_URL": self.goody_url,
            "HANDOFF_GOODY_WEBHOOK_SECRETS": "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
        }

    def _start_twins(self, goody_port: int, dialnexa_port: int) -> None:
        settings = self._settings
        self._start(
            "Goody's stand-in",
            *("sandbox", "goody", "--port", str(goody_port), "--orders", str(SEEDED_ORDERS)),
            *("--api-key", settings["HANDOFF_GOODY_API_KEY"]),
            *("--webhook-secret", settings["HANDOFF_GOODY_WEBHOOK_SECRETS"]),
            *("--webhook-url", f"{self.service_url}/webhooks/goody"),
        )
        self._start(
            "DialNexa's stand-in",
            *("sandbox", "dialnexa", "--port", str(dialnexa_port)),
            *("--api-key", settings["HANDOFF_DIALNEXA_API_KEY"]),
            *("--secret", settings["HANDOFF_DIALNEXA_WEBHOOK_SECRETS"]),
            *("--webhook-url", f"{self.service_url}/webhooks/dialnexa"),
        )

    def _start(self, name: str, *words: str) -> Actor:
        log_file = self.folder / f"{words[1] if words[0] == 'sandbox' else 'service'}.log"
        assert self._lock is not None  # noqa: S101 (the folder is taken first)
        with log_file.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-I", "-S", "-c", TETHER, str(os.getpid()), sys.executable, "-m", "app", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment(),
                cwd=self.folder,  # where no .env of somebody's deployment lies
                pass_fds=[self._lock.fileno()],  # held as long as any of them lives
                start_new_session=True,  # Ctrl-C is for us alone: we stop them in order
            )
        actor = Actor(name, process, log_file)
        self._actors.append(actor)
        return actor

    def _begin(self, *words: str) -> subprocess.Popen[bytes]:
        command = subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "app", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
            cwd=self.folder,
        )
        self._commands.append(command)
        return command

    def _environment(self) -> dict[str, str]:
        """Ours, without the settings of any real deployment and without proxies: all of it is on this machine."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith("HANDOFF_") and not name.lower().endswith("_proxy")
        }
        paths = [str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]
        return kept | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"} | self._settings

    def _is_ready(self, service: Actor) -> bool | None:
        # Its own word as well, or somebody else who got the port meanwhile would be taken for it.
        if self.service_url not in service.log_file.read_text(errors="replace"):
            return None
        return httpx.get(f"{self.service_url}/readyz", trust_env=False, timeout=10).is_success or None

    def _wait_for_port(self, name: str, port: int) -> None:
        def connects() -> bool | None:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0 or None

        self.wait_for(connects, f"{name} to answer", seconds=LONGEST_START_SECONDS)


def _is_free(port: int) -> bool:
    """Whether the service could listen there; asked as it will ask, or a port that has just been left looks taken."""
    with socket.socket() as client, socket.socket() as server:
        if client.connect_ex(("127.0.0.1", port)) == 0:
            return False
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _json_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a command printed under --json, whatever its exit code: a chain that is broken is an answer, too."""
    output, errors = process.communicate(timeout=2 * LONGEST_WAIT_SECONDS)
    try:
        answer = json.loads(output)
    except ValueError:
        command = " ".join(map(str, process.args[2:] if isinstance(process.args, list) else ()))
        raise StageError(f"{command} failed: {errors.decode(errors='replace').strip()}") from None
    if not isinstance(answer, dict):
        raise StageError(f"a command answered {output[:200]!r}")
    return answer


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        # Too slow for us, or for whoever pressed Ctrl-C once more.
        process.kill()
        process.wait()


def _remove(old: Path) -> None:
    """An earlier run's folder, and its cluster where that had to live elsewhere."""
    note = old / "data" / "cluster-location.txt"
    if note.exists():
        cluster = Path(note.read_text().partition("\n")[0])
        if cluster.parent == CLUSTERS_OF_ROOT:
            shutil.rmtree(cluster, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
