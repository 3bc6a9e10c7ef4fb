"""The processes of one deployment, each started again when it dies, as whoever runs a service would see to."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.forked import Forked, run_forked
from tests.stories.running_service import WATCH, environment, make_folder, processes_of

REPOSITORY = Path(__file__).resolve().parents[2]
LOOK_SECONDS = 0.2
# One that ends at once, because its database is away, is not started in a tight loop.
PAUSE_SECONDS = 0.5


@dataclass
class Member:
    """One process with its command; `settings` are its whole environment."""

    name: str
    command: tuple[str, ...]
    settings: dict[str, str]
    is_program: bool = False
    process: Forked | subprocess.Popen[bytes] | None = None
    starts: int = 0
    rest_until: float = field(default=0.0)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Fleet:
    """A folder, the processes in it, and a watch that ends them all should we be killed ourselves."""

    def __init__(self) -> None:
        self.folder = make_folder()
        self.members: dict[str, Member] = {}
        self._watch = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WATCH], stdin=subprocess.PIPE, start_new_session=True
        )
        self._guard = threading.RLock()
        self._is_over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self.let_watch(self.folder)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_all()
        self._watch.kill()
        self._watch.communicate()
        while found := processes_of(self.folder):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        shutil.rmtree(self.folder)

    def let_watch(self, word: object) -> None:
        assert self._watch.stdin is not None
        self._watch.stdin.write(f"{word}\n".encode())
        self._watch.stdin.flush()

    def add(self, name: str, *command: str, settings: dict[str, str]) -> None:
        """Start `python -m <command>` and keep it running."""
        self._add(Member(name, command, settings))

    def add_program(self, name: str, *command: str, settings: dict[str, str]) -> None:
        """The same for what is not written in Python."""
        self._add(Member(name, command, settings, is_program=True))

    def _add(self, member: Member) -> None:
        with self._guard:
            self.members[member.name] = member
            self._start(member)

    def kill(self, name: str) -> None:
        member = self.members[name]
        if member.process is not None:
            member.process.kill()

    def stop(self, name: str) -> int | None:
        """End it in order and start it no more; its exit code."""
        with self._guard:
            return self._end(self.members.pop(name))

    def end_all(self) -> list[str]:
        """All in order, the last added first; the names of those that had to be killed."""
        self._is_over.set()
        if self._keeper.is_alive():
            self._keeper.join()
        killed = []
        while self.members:
            name, member = self.members.popitem()
            try:
                self._end(member)
            except subprocess.TimeoutExpired:
                killed.append(name)
        return killed

    def names(self, kind: str) -> list[str]:
        return sorted(name for name in self.members if name.startswith(kind))

    def starts(self) -> dict[str, int]:
        return {name: member.starts for name, member in self.members.items()}

    def run(self, *command: str, settings: dict[str, str], seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """A command of the product to its end."""
        return run_forked("app", *command, settings=self._environment(settings), folder=self.folder, seconds=seconds)

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def keep_logs(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.folder.glob("**/*.log"):
            shutil.copy(file, folder / file.name)

    def _keep(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            with self._guard:
                for member in self.members.values():
                    if member.is_running:
                        member.rest_until = time.monotonic() + PAUSE_SECONDS
                    elif time.monotonic() > member.rest_until:
                        self._start(member)

    def _start(self, member: Member) -> None:
        file, settings = self.folder / f"{member.name}.log", self._environment(member.settings)
        if member.is_program:
            with file.open("ab") as log:
                member.process = subprocess.Popen(
                    member.command,
                    env=settings,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        else:
            member.process = Forked(*member.command, settings=settings, folder=self.folder, output=file)
        member.starts += 1
        member.rest_until = time.monotonic() + PAUSE_SECONDS
        self.let_watch(member.process.pid)

    def _end(self, member: Member) -> int | None:
        if member.process is None:
            return None
        if member.is_running:
            member.process.terminate()
        try:
            return member.process.wait(60)
        except subprocess.TimeoutExpired:
            member.process.kill()
            raise

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        return environment({**settings, "PYTHONPATH": str(REPOSITORY)})
