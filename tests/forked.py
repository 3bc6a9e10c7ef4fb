"""`python -m <module>` as a process of its own, forked from one that has imported what the product imports.

Only the seconds of the imports are spared, which two cores would spend on little else: each has its own pid, session,
environment and files, and dies of SIGKILL as any other. What starts the product as a user does, by its command, is in
tests/stories/test_the_command_line_tells_what_to_do_next.py and test_the_demo_ends_as_told.py.
"""

import os
import runpy
import signal
import subprocess
import sys
import tempfile
import warnings
from multiprocessing import get_context
from pathlib import Path

IMPORTED = (
    "typer", "app.bootstrap", "app.db.opening", "app.main", "app.worker", "app.check", "app.check_commands",
    "app.jobs_commands", "app.match_commands", "app.policy_commands", "app.reconcile_commands", "app.reseal_command",
    "app.services.grant", "app.services.account", "app.sandbox.goody", "app.sandbox.dialnexa",
    "uvicorn", "uvicorn.loops.uvloop", "uvicorn.lifespan.on", "uvicorn.protocols.http.httptools_impl", "uvloop",
)  # fmt: skip

_forks = get_context("forkserver")
_forks.set_forkserver_preload(list(IMPORTED))


class Forked:
    """What the tests use of `subprocess.Popen`."""

    def __init__(
        self, module: str, *words: str, settings: dict[str, str], folder: Path, output: Path, errors: Path | None = None
    ) -> None:
        """`settings` is the whole environment. The files are written on, not anew; without `errors` both go to one."""
        self._process = _forks.Process(
            target=_become, args=(module, words, settings, folder, output, errors or output), daemon=True
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_forked(
    module: str, *words: str, settings: dict[str, str], folder: Path, seconds: float
) -> "subprocess.CompletedProcess[str]":
    """A command to its end; subprocess.TimeoutExpired when it does not come to one."""
    with tempfile.TemporaryDirectory() as place:
        output, errors = Path(place) / "output", Path(place) / "errors"
        process = Forked(module, *words, settings=settings, folder=folder, output=output, errors=errors)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess((module, *words), code, output.read_text(), errors.read_text())


def _become(
    module: str, words: tuple[str, ...], settings: dict[str, str], folder: Path, output: Path, errors: Path
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(settings)
    for file, flags, number in (
        (os.devnull, os.O_RDONLY, 0),
        (output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 1),
        (errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 2),
    ):
        opened = os.open(file, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    warnings.simplefilter("default")
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
