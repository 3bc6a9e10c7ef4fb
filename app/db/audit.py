"""The audit: an entry is written in the transaction of what it records, and sealed into the chain soon after.

Entries and seals are only ever added; triggers and privileges refuse the rest (app/db/append_only.py).
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import ColumnElement, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.chain import GENESIS, Entry, Problem, Seal, Verification, chain, storable, storable_text
from app.db.statements import Asked, ask
from app.db.tables import audit_entries, audit_seals

# One sealer at a time, in whatever process. Any constant does; this one is "sealer" in hexadecimal.
SEALER_LOCK = 0x7365616C6572
PAGE = 1000

SEAL = (audit_seals.c.position, audit_seals.c.entry_id, audit_seals.c.entry_digest, audit_seals.c.chain_digest)

# Who may have drawn an id up to the newest and not committed yet: an INSERT locks its table, in a mode that hinders no
# other, before it draws an id, and lets go only after its commit can be seen. `newest` comes from this statement's
# snapshot, which is older than its look at the locks.
NEWEST_AND_WRITERS = text("""
    SELECT coalesce((SELECT max(id) FROM audit_entries), 0) AS newest, ARRAY(
        SELECT virtualtransaction FROM pg_locks
        WHERE locktype = 'relation' AND relation = 'audit_entries'::regclass AND mode = 'RowExclusiveLock'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS writers
""")


INSERT_ENTRY = """
    INSERT INTO audit_entries (at, actor, event, call_id, action_id, data)
    VALUES (:at, :actor, :event, :call_id, :action_id, :data)
"""

# One statement with four arrays takes a fraction of the time of a thousand with four values.
INSERT_SEALS = text("""
    INSERT INTO audit_seals (position, entry_id, entry_digest, chain_digest) SELECT * FROM unnest(
        CAST(:positions AS bigint[]), CAST(:entry_ids AS bigint[]),
        CAST(:entry_digests AS bytea[]), CAST(:chain_digests AS bytea[])
    )
""")


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `head_digest` vouches for all up to `head_position`: note it down elsewhere."""

    entries: int
    sealed: int
    unsealed: int
    head_position: int
    head_digest: bytes
    problems: list[Problem]


class LowWater:
    """Up to `id` every entry is sealed, or will never appear: its transaction was undone. A sealer looks only above it.

    Ids become visible out of order, because a transaction that draws a low one may commit after one that drew a higher.
    So the mark rises to what was the newest id at an earlier look only when all who wrote at that look have ended: what
    they committed can be seen by now, and is sealed or among the unsealed. It rests on seals committed before, never on
    those of the batch under way, and a new one at 0 is always right; it only has more to look through.
    """

    def __init__(self) -> None:
        self.id = 0
        self._newest = 0
        self._writers: frozenset[str] = frozenset()

    def rise(self, *, newest: int, writers: frozenset[str], first_unsealed: int | None) -> None:
        """Take in a look: who wrote, and then the lowest unsealed id that could be seen."""
        if self._writers.isdisjoint(writers):
            settled = self._newest if first_unsealed is None else min(self._newest, first_unsealed - 1)
            self.id = max(self.id, settled)
            self._newest, self._writers = newest, writers


async def write(
    conn: AsyncConnection,
    *,
    actor: str,
    event: str,
    at: datetime,
    call_id: str | None = None,
    action_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry of `new_entry`."""
    entry = new_entry(actor=actor, event=event, at=at, call_id=call_id, action_id=action_id, data=data)
    await ask(conn, entry)


def new_entry(
    *,
    actor: str,
    event: str,
    at: datetime,
    call_id: str | None = None,
    action_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> Asked:
    """For `ask`. `data` holds JSON's own types only, finite numbers; fractions are kept to six places."""
    entry = {
        "at": at,
        "actor": storable_text(actor),
        "event": storable_text(event),
        "call_id": None if call_id is None else storable_text(call_id),
        "action_id": action_id,
        "data": Jsonb(storable(data or {})),
    }
    return Asked(INSERT_ENTRY, entry)


async def seal_batch(conn: AsyncConnection, limit: int = 1000, *, low_water: LowWater | None = None) -> int:
    """Seal up to `limit` entries, lowest id first; returns how many. None when another sealer is at work."""
    if not await conn.scalar(select(func.pg_try_advisory_xact_lock(SEALER_LOCK))):
        return 0
    mark = low_water or LowWater()
    look = (await conn.execute(NEWEST_AND_WRITERS)).one()
    unsealed = await _list_unsealed(conn, above=mark.id, limit=limit)
    mark.rise(newest=look.newest, writers=frozenset(look.writers), first_unsealed=unsealed[0].id if unsealed else None)
    if unsealed:
        position, digest = await _find_head(conn)
        seals = chain(unsealed, after_position=position, after_digest=digest)
        await conn.execute(
            INSERT_SEALS,
            {
                "positions": [seal.position for seal in seals],
                "entry_ids": [seal.entry_id for seal in seals],
                "entry_digests": [seal.entry_digest for seal in seals],
                "chain_digests": [seal.chain_digest for seal in seals],
            },
        )
    return len(unsealed)


async def list_entries(
    conn: AsyncConnection, *, call_id: str | None = None, after_id: int = 0, limit: int
) -> list[Entry]:
    """Oldest first."""
    query = select(audit_entries).where(audit_entries.c.id > after_id).order_by(audit_entries.c.id).limit(limit)
    if call_id is not None:
        query = query.where(audit_entries.c.call_id == call_id)
    return [Entry(**row) for row in (await conn.execute(query)).mappings()]


async def verify_chain(conn: AsyncConnection) -> Report:
    """Read the whole chain as it is now, page by page. Entries sealed meanwhile count as unsealed."""
    head = (await _find_head(conn))[0]
    verification = Verification()
    problems: list[Problem] = []
    sealed = 0
    async for seal, entry in list_sealed(conn, up_to=head):
        problems += verification.check(seal, entry)
        sealed += 1
    unsealed = func.count().filter(~_is_sealed(audit_seals.c.position <= head))
    counts = (await conn.execute(select(func.count(), unsealed).select_from(audit_entries))).one()
    return Report(counts[0], sealed, counts[1], verification.position, verification.digest, problems)


async def list_sealed(conn: AsyncConnection, *, up_to: int) -> AsyncIterator[tuple[Seal, Entry | None]]:
    """Seals by position, each with its entry, or None where that is gone; one page in memory at a time."""
    position = 0
    while seals := await _list_seals(conn, after=position, up_to=up_to):
        # By id and not in one join, whose plan might read all entries for each page.
        query = select(audit_entries).where(audit_entries.c.id == func.any([seal.entry_id for seal in seals]))
        entries = {row["id"]: Entry(**row) for row in (await conn.execute(query)).mappings()}
        for seal in seals:
            yield seal, entries.get(seal.entry_id)
        position = seals[-1].position


async def _list_seals(conn: AsyncConnection, *, after: int, up_to: int) -> list[Seal]:
    position = audit_seals.c.position
    query = select(*SEAL).where(position > after, position <= up_to).order_by(position).limit(PAGE)
    return [Seal(**row) for row in (await conn.execute(query)).mappings()]


async def _list_unsealed(conn: AsyncConnection, *, above: int, limit: int) -> list[Entry]:
    # Seals of lower ids are excluded by name, so that they are not read either.
    query = (
        select(audit_entries)
        .where(audit_entries.c.id > above, ~_is_sealed(audit_seals.c.entry_id > above))
        .order_by(audit_entries.c.id)
        .limit(limit)
    )
    return [Entry(**row) for row in (await conn.execute(query)).mappings()]


async def _find_head(conn: AsyncConnection) -> tuple[int, bytes]:
    query = select(audit_seals.c.position, audit_seals.c.chain_digest).order_by(audit_seals.c.position.desc()).limit(1)
    row = (await conn.execute(query)).one_or_none()
    return (0, GENESIS) if row is None else (row.position, row.chain_digest)


def _is_sealed(*among: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(audit_seals.c.entry_id).where(audit_seals.c.entry_id == audit_entries.c.id, *among))
