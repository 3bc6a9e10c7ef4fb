"""Postgres servers of the chaos suite: started, killed with SIGKILL, copied into a synchronous standby, promoted.

The binaries are those the product ships with; the launcher is not the product's, whose embedded Postgres is a single
server that looks after itself.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from app.db.place import Place, find_place, make_folder, readable_install
from tests.stories.running_service import processes_of

# Durability stays at its default: what is tested is that an acknowledged commit survives.
SETTINGS = """
--listen_addresses= --port=5432 --unix_socket_permissions=0700 --max_connections=200 --shared_buffers=128MB
--timezone=UTC --log_min_messages=log --log_checkpoints=off --wal_level=replica --max_wal_senders=4
--wal_receiver_timeout=5s --wal_retrieve_retry_interval=200ms
"""
START_SECONDS = 60.0
PASSED_ON = frozenset({"PATH", "LD_LIBRARY_PATH"})
STANDBY = "standby"


class Postgres:
    """One server in a folder of its own. `let_watch` hears of each process, so that none outlives its parent."""

    def __init__(self, folder: Path, let_watch: Callable[[int], None]) -> None:
        self._place: Place = find_place(folder, "nobody")
        self._install = readable_install(None, self._place)
        self._let_watch = let_watch
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> str:
        return str(self._place.socket_folder / ".s.PGSQL.5432")

    @property
    def home(self) -> Path:
        return self._place.home

    def dsn(self, user: str = "postgres", database: str = "postgres") -> str:
        """With patience: what looks on must not give up sooner than what it looks at."""
        return make_conninfo(self._place.dsn(user, database), connect_timeout=60)

    def create(self) -> None:
        """A cluster with the role and the database of the product."""
        make_folder(self._place.cluster, self._place.uid, self._place.gid, 0o700)
        words = "--locale=C.UTF-8 --encoding=UTF8 --auth-local=trust --auth-host=reject -U postgres --no-instructions"
        self._run("initdb", "-D", str(self._place.cluster), *words.split())
        self.start()
        with psycopg.connect(self.dsn(), autocommit=True) as admin:
            admin.execute("CREATE ROLE handoff LOGIN")
            with psycopg.connect(self.dsn(database="template1"), autocommit=True) as template:
                for name in ("pg_trgm", "fuzzystrmatch", "unaccent"):
                    template.execute(f"CREATE EXTENSION IF NOT EXISTS {name}".encode())
            admin.execute("CREATE DATABASE handoff OWNER handoff")

    def copy_of(self, primary: "Postgres") -> None:
        """A standby that streams from the primary, and that the primary's commits wait for from now on."""
        make_folder(self._place.cluster, self._place.uid, self._place.gid, 0o700)
        source = f"host={primary._place.socket_folder} port=5432 user=postgres application_name={STANDBY}"
        self._run("pg_basebackup", "-D", str(self._place.cluster), "-d", source, "-R", "-X", "stream", "-c", "fast")
        self.start()
        with psycopg.connect(primary.dsn(), autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'".encode())
            admin.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + START_SECONDS
            while not admin.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone():
                assert time.monotonic() < deadline, f"the standby is not synchronous: {self.log()[-2000:]}"
                time.sleep(0.1)

    def start(self) -> None:
        make_folder(self._place.socket_folder, self._place.uid, self._place.gid, 0o700)
        for stale in (self._place.cluster / "postmaster.pid", *self._place.socket_folder.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)
        options = f"--unix_socket_directories={self._place.socket_folder}"
        self._process = self._spawn("postgres", "-D", str(self._place.cluster), *SETTINGS.split(), options)
        self._let_watch(self._process.pid)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_up():
            assert self._process.poll() is None, f"Postgres ended at its start: {self.log()[-2000:]}"
            assert time.monotonic() < deadline, f"Postgres did not start: {self.log()[-2000:]}"
            time.sleep(0.02)

    def is_up(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self.dsn()).close()
            return True
        return False

    def kill(self) -> None:
        """SIGKILL to the postmaster and to whatever works in its folder, as when the machine goes away."""
        while found := processes_of(self._place.cluster):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self._process is not None:
                self._process.wait(30)
            time.sleep(0.01)
        self._process = None

    def promote(self) -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as admin:
            admin.execute("SELECT pg_promote(true, 60)")

    def log(self) -> str:
        return self._place.log_file.read_text(errors="replace") if self._place.log_file.exists() else ""

    def _run(self, program: str, *words: str) -> None:
        assert self._spawn(program, *words).wait(START_SECONDS) == 0, f"{program}: {self.log()[-2000:]}"

    def _spawn(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        # Postgres refuses to run as root.
        become: dict[str, Any] = (
            {"user": self._place.uid, "group": self._place.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        with self._place.log_file.open("ab") as output:
            return subprocess.Popen(
                [str(self._install / "bin" / program), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._place.cluster,
                env={name: value for name, value in os.environ.items() if name in PASSED_ON},
                start_new_session=True,
                **become,
            )
