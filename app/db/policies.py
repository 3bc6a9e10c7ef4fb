"""Versions of the policy, the signatures under them, and what a shadow would have decided otherwise.

A document is inserted once and never changed; which version is live moves, under one lock.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.policy_changes import Change, Danger
from app.db.statements import Asked, ask
from app.db.tables import audit_entries, policy_signatures, policy_versions, shadow_differences
from app.errors import NotFoundError

# Which version is live is moved by one transaction at a time, in whatever process. "policy" in hexadecimal.
_LOCK = 0x706F6C696379
PAGE = 500

_COLUMNS = policy_versions.c
_ALL_BUT_DOCUMENT = [column for column in _COLUMNS if column is not _COLUMNS.document]


@dataclass(frozen=True, slots=True)
class VersionRecord:
    version: str
    note: str | None
    status: str
    is_shadow: bool
    drafted_by: str
    drafted_at: datetime
    published_by: str | None
    published_at: datetime | None
    replaced: str | None


@dataclass(frozen=True, slots=True)
class Signature:
    digest: str
    flips: int
    since: datetime
    until: datetime
    signed_by: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """The versions that count now; None where none was ever put there."""

    live: str | None
    shadow: str | None


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """One decision as the audit keeps it: its inputs and what came of them."""

    id: int
    at: datetime
    action_id: UUID
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DifferenceRecord:
    id: int
    at: datetime
    action_id: UUID
    live_version: str
    shadow_version: str
    changes: list[dict[str, Any]]
    dangers: list[str]


async def lock_policies(conn: AsyncConnection) -> None:
    """Until the transaction ends, nobody else moves what is live or shadow."""
    await conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))


async def find_ruling(conn: AsyncConnection) -> Ruling:
    (rows,) = await ask(conn, RULING)
    return ruling_from(rows)


# What `find_ruling` asks.
RULING = Asked("SELECT version, status FROM policy_versions WHERE status = 'live' OR is_shadow", {})


def ruling_from(rows: Sequence[Any]) -> Ruling:
    found = {row.status == "live": row.version for row in rows}
    return Ruling(live=found.get(True), shadow=found.get(False))


async def insert_version(
    conn: AsyncConnection, version: str, document: str, *, note: str | None, by: str, at: datetime
) -> bool:
    """Keep it as a draft; False where it is kept already, in whatever status: what is there stays as it is."""
    statement = insert(policy_versions).values(
        version=version, document=document, note=note, status="draft", drafted_by=by, drafted_at=at
    )
    row = await conn.execute(statement.on_conflict_do_nothing().returning(_COLUMNS.version))
    return row.one_or_none() is not None


async def get_version(conn: AsyncConnection, version: str) -> VersionRecord:
    row = (await conn.execute(select(*_ALL_BUT_DOCUMENT).where(_COLUMNS.version == version))).one_or_none()
    if row is None:
        raise NotFoundError(f"no policy of version {version} is kept here")
    return _version(row)


async def find_document(conn: AsyncConnection, version: str) -> str | None:
    query = select(_COLUMNS.document).where(_COLUMNS.version == version)
    return (await conn.execute(query)).scalar_one_or_none()


async def list_versions(
    conn: AsyncConnection, *, before: tuple[datetime, str] | None = None, limit: int
) -> list[VersionRecord]:
    """Newest first."""
    query = select(*_ALL_BUT_DOCUMENT).order_by(_COLUMNS.drafted_at.desc(), _COLUMNS.version.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(_COLUMNS.drafted_at, _COLUMNS.version) < before)
    return [_version(row) for row in await conn.execute(query)]


async def make_live(conn: AsyncConnection, version: str, *, replaced: str | None, by: str, at: datetime) -> None:
    """The one live now is retired. Under `lock_policies`."""
    await conn.execute(update(policy_versions).where(_COLUMNS.status == "live").values(status="retired"))
    await conn.execute(
        update(policy_versions)
        .where(_COLUMNS.version == version)
        .values(status="live", is_shadow=False, published_by=by, published_at=at, replaced=replaced)
    )


async def make_shadow(conn: AsyncConnection, version: str | None) -> None:
    """Instead of any other; None: no shadow. Under `lock_policies`."""
    await conn.execute(update(policy_versions).where(_COLUMNS.is_shadow).values(is_shadow=False))
    if version is not None:
        await conn.execute(update(policy_versions).where(_COLUMNS.version == version).values(is_shadow=True))


async def insert_signature(conn: AsyncConnection, version: str, signature: Signature) -> bool:
    """False where this person signed this very list already."""
    statement = insert(policy_signatures).values(version=version, **asdict(signature))
    row = await conn.execute(statement.on_conflict_do_nothing().returning(policy_signatures.c.id))
    return row.one_or_none() is not None


async def list_signatures(conn: AsyncConnection, version: str, *, digest: str | None = None) -> list[Signature]:
    c = policy_signatures.c
    query = select(c.digest, c.flips, c.since, c.until, c.signed_by, c.signed_at).where(c.version == version)
    if digest is not None:
        query = query.where(c.digest == digest)
    return [Signature(**row) for row in (await conn.execute(query.order_by(c.id))).mappings()]


async def insert_difference(
    conn: AsyncConnection,
    action_id: UUID,
    *,
    live_version: str,
    shadow_version: str,
    changes: Sequence[Change],
    dangers: Sequence[Danger],
    at: datetime,
) -> None:
    await conn.execute(
        insert(shadow_differences).values(
            at=at,
            action_id=action_id,
            live_version=live_version,
            shadow_version=shadow_version,
            changes=[asdict(change) for change in changes],
            dangers=[str(danger) for danger in dangers],
        )
    )


async def list_differences(
    conn: AsyncConnection, shadow_version: str, *, before_id: int | None = None, limit: int
) -> list[DifferenceRecord]:
    """Newest first."""
    c = shadow_differences.c
    query = select(shadow_differences).where(c.shadow_version == shadow_version).order_by(c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(c.id < before_id)
    return [DifferenceRecord(**row) for row in (await conn.execute(query)).mappings()]


async def list_decisions(
    conn: AsyncConnection, *, since: datetime | None, until: datetime, after: tuple[datetime, int] | None
) -> list[StoredDecision]:
    """A page of the decisions ever made, in the order of time; those of an action that was decided again, too."""
    c = audit_entries.c
    query = (
        select(c.id, c.at, c.action_id, c.data)
        .where(c.event == text("'action.decided'"), c.at < until)  # as the index spells it
        .order_by(c.at, c.id)
        .limit(PAGE)
    )
    if since is not None:
        query = query.where(c.at >= since)
    if after is not None:
        query = query.where(tuple_(c.at, c.id) > after)
    return [StoredDecision(**row) for row in (await conn.execute(query)).mappings()]


def _version(row: Row[Any]) -> VersionRecord:
    return VersionRecord(**row._mapping)  # noqa: SLF001 (SQLAlchemy's documented name)
