"""What `handoff policy` is given, read: files, versions, names and times; and the parts it works with."""

# ruff: noqa: PLC0415 (imports inside functions, so that --help answers at once)

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.errors import InputError, NotFoundError
from app.log import configure_logging
from app.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from app.core.policy import Policy
    from app.services.parts import Parts
    from app.services.policy_lifecycle import Author
    from app.services.replay_policy import Window

T = TypeVar("T")


async def find_policy(conn: "AsyncConnection", parts: "Parts", named: str) -> "Policy":
    """A version, a file, or live or shadow."""
    from app.services.live_policy import live_policy, policies_in_force, policy_of_version

    if named == "live":
        return await live_policy(conn, parts)
    if named == "shadow":
        running = (await policies_in_force(conn, parts)).shadow
        if running is None:
            raise NotFoundError("no policy runs in the shadow")
        return running
    file = _file_named(named)
    return read_policy_file(file) if file is not None else await policy_of_version(conn, parts, named)


def _file_named(named: str) -> Path | None:
    return Path(named) if Path(named).is_file() else None


def read_policy_file(file: Path) -> "Policy":
    from app.adapters.policy_file import parse_policy

    return parse_policy(read_text(file), name=str(file))


def read_text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(file), f"cannot be read ({type(error).__name__}); give a UTF-8 file") from None


def author_named(name: str) -> "Author":
    from app.services.policy_lifecycle import Author

    if not name.strip() or name.startswith("system:"):
        raise InputError("--by", "has to be the name of a person; names that start with system: are the machine's own")
    return Author(name.strip(), "operator")


def list_window(since: datetime | None, until: datetime | None) -> "Window":
    from app.services.policy_lifecycle import window_of_list

    return window_of_list(datetime.now(UTC), since=_in_utc(since), until=_in_utc(until))


def window_to_look_at(since: datetime | None, until: datetime | None, *, everything: bool) -> "Window":
    from app.services.policy_lifecycle import window_of_list
    from app.services.replay_policy import Window

    now = datetime.now(UTC)
    usual = None if everything else window_of_list(now).since
    return Window(_in_utc(since) or usual, _in_utc(until) or now)


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def iso_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def with_parts(work: "Callable[[Parts], Awaitable[T]]") -> T:
    """On the database of the settings; what is live there stays as it is, whatever file the settings name."""
    from app.bootstrap import build_adapters, open_parts
    from app.db.opening import open_database

    settings = Settings.load()
    configure_logging(settings.log_level)
    adapters = build_adapters(settings)

    async def run(url: str) -> T:
        async with open_parts(settings, adapters, url, keeps_policy=False) as parts:
            return await work(parts)

    with open_database(settings) as database:
        return asyncio.run(run(database.url))
