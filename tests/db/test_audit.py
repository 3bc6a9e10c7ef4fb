"""The audit in a real Postgres: append-only, sealed without gaps whatever the order of commits, and what tampering shows."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.core.chain import GENESIS, ProblemKind, canonical_bytes, storable
from app.db import audit
from app.db.audit import LowWater, Report, seal_batch, verify_chain
from app.db.engine import Database

K = ProblemKind
AT = datetime(2026, 11, 22, 3, 4, 5, 678, tzinfo=UTC)

HOSTILE_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None))
    | st.sampled_from(["\x00", "\ud800", "\udfff\ud800", "\u2028", "\ufeff", "\U0001f600", "é", "e\u0301"]),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(st.characters(codec=None)), inside),
    max_leaves=15,
)


async def write(database: Database, count: int = 1, **changes: Any) -> None:
    async with database.transaction() as conn:
        for _ in range(count):
            await audit.write(conn, **({"actor": "system:matcher", "event": "call.matched", "at": AT} | changes))


async def seal(database: Database, **options: Any) -> int:
    async with database.transaction() as conn:
        return await seal_batch(conn, **options)


async def verify(database: Database) -> Report:
    async with database.transaction() as conn:
        return await verify_chain(conn)


async def found(database: Database) -> list[tuple[ProblemKind, int, int | None]]:
    return [(problem.kind, problem.position, problem.entry_id) for problem in (await verify(database)).problems]


@pytest.fixture
async def superuser(superuser_url: str) -> AsyncIterator[Database]:
    superuser = Database(superuser_url)
    yield superuser
    await superuser.close()


@pytest.fixture
async def ten(database: Database) -> Database:
    """A database with ten sealed entries."""
    for number in range(1, 11):
        await write(database, call_id=f"call-{number}")
    assert await seal(database) == 10
    return database


async def execute(database: Database, *statements: str) -> None:
    async with database.transaction() as conn:
        for statement in statements:
            await conn.execute(text(statement))


async def tamper(superuser: Database, *statements: str) -> None:
    """What a superuser can do, and an owner who gave himself the right."""
    guards = ("alter table audit_entries {} trigger append_only", "alter table audit_seals {} trigger append_only")
    off, on = ([guard.format(word) for guard in guards] for word in ("disable", "enable"))
    await execute(superuser, *off, *statements, *on)


async def test_an_entry_comes_back_as_it_was_written(database):
    action_id = UUID(int=7)
    await write(database, call_id="call-1", action_id=action_id, data={"from": "proposed", "n": [1, 0.5]})
    async with database.transaction() as conn:
        (entry,) = await audit.list_entries(conn, limit=10)
    assert (entry.at, entry.actor, entry.event) == (AT, "system:matcher", "call.matched")
    assert (entry.call_id, entry.action_id, entry.data) == ("call-1", action_id, {"from": "proposed", "n": [1, 0.5]})


async def test_entries_are_listed_by_call_and_page(database):
    for number in range(6):
        await write(database, call_id=f"call-{number % 2}")
    async with database.transaction() as conn:
        first = await audit.list_entries(conn, call_id="call-1", limit=2)
        rest = await audit.list_entries(conn, call_id="call-1", after_id=first[-1].id, limit=2)
        everything = await audit.list_entries(conn, limit=100)
    assert [entry.id for entry in first + rest] == [entry.id for entry in everything if entry.call_id == "call-1"]
    assert (len(first), len(rest), len(everything)) == (2, 1, 6)


async def test_no_entry_without_an_actor(database):
    with pytest.raises(IntegrityError, match="no_entry_without_an_actor"):
        await write(database, actor="")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(st.text(st.characters(codec=None)), HOSTILE_JSON, max_size=4), actor=st.text(min_size=1))
async def test_whatever_is_written_has_the_same_bytes_when_it_is_read(database, data, actor):
    async with database.transaction() as conn:
        await audit.write(conn, actor=actor, event="it", at=AT, call_id=actor, data=data)
        last_id = await conn.scalar(text("select max(id) from audit_entries"))
        (entry,) = await audit.list_entries(conn, after_id=last_id - 1, limit=1)
    as_written = audit.Entry(
        id=entry.id,
        at=AT,
        actor=storable(actor),
        event="it",
        call_id=storable(actor),
        action_id=None,
        data=storable(data),
    )
    assert canonical_bytes(entry) == canonical_bytes(as_written)


@pytest.mark.parametrize("table", ["audit_entries", "audit_seals"])
@pytest.mark.parametrize(
    "statement", ["update {} set {}", "delete from {}", "delete from {} where false", "truncate {}"]
)
async def test_the_application_can_change_nothing_although_it_owns_the_tables(ten, table, statement):
    column = {"audit_entries": "actor = 'alice'", "audit_seals": "chain_digest = ''"}[table]
    statement = statement.format(table, column)
    with pytest.raises(ProgrammingError, match=f"permission denied for table {table}"):
        await execute(ten, statement)
    with pytest.raises(ProgrammingError, match=f"the audit is append-only: .* on {table} refused") as refused:
        await execute(ten, f"grant update, delete, truncate on {table} to current_user", statement)
    assert isinstance(refused.value.orig, InsufficientPrivilege)
    assert (await verify(ten)).problems == []


async def test_an_untouched_chain_verifies_and_says_what_is_not_sealed_yet(ten):
    await write(ten, 3)
    report = await verify(ten)
    assert (report.entries, report.sealed, report.unsealed, report.head_position, report.problems) == (
        13,
        10,
        3,
        10,
        [],
    )
    async with ten.transaction() as conn:
        assert report.head_digest == await conn.scalar(text("select chain_digest from audit_seals where position = 10"))


async def test_an_empty_audit_verifies(database):
    assert await verify(database) == Report(0, 0, 0, 0, GENESIS, [])


async def test_a_chain_longer_than_a_page_verifies(database):
    count = 2 * audit.PAGE + 7
    async with database.transaction() as conn:
        await conn.execute(
            text("""
                insert into audit_entries (at, actor, event, data)
                select now(), 'system:matcher', 'it', jsonb_build_object('n', n) from generate_series(1, :count) n
            """),
            {"count": count},
        )
    assert [await seal(database) for _ in range(4)] == [1000, 1000, 7, 0]
    report = await verify(database)
    assert (report.entries, report.sealed, report.unsealed, report.problems) == (count, count, 0, [])


@pytest.mark.parametrize(
    "change",
    [
        "update audit_entries set actor = 'alice' where id = 4",
        "update audit_entries set at = at + interval '1 us' where id = 4",
        "update audit_entries set event = 'call.unmatched' where id = 4",
        "update audit_entries set call_id = 'call-2' where id = 4",
        "update audit_entries set action_id = gen_random_uuid() where id = 4",
        """update audit_entries set data = '{"p": 1}' where id = 4""",
    ],
)
async def test_an_entry_changed_by_a_superuser_is_named(ten, superuser, change):
    await tamper(superuser, change)
    assert await found(ten) == [(K.ENTRY_CHANGED, 4, 4)]


async def test_a_deleted_entry_is_named_also_the_last_one(ten, superuser):
    await tamper(superuser, "delete from audit_entries where id in (4, 10)")
    assert await found(ten) == [(K.ENTRY_MISSING, 4, 4), (K.ENTRY_MISSING, 10, 10)]


async def test_two_entries_that_changed_places_are_both_named(ten, superuser):
    await tamper(
        superuser,
        "alter table audit_entries alter id drop identity",
        "update audit_entries set id = -1 where id = 3",
        "update audit_entries set id = 3 where id = 7",
        "update audit_entries set id = 7 where id = -1",
    )
    assert await found(ten) == [(K.ENTRY_CHANGED, 3, 3), (K.ENTRY_CHANGED, 7, 7)]


async def test_a_deleted_seal_in_the_middle_is_named(ten, superuser):
    await tamper(superuser, "delete from audit_seals where position = 4")
    report = await verify(ten)
    assert [problem.says for problem in report.problems] == ["Position 4 is missing."]
    assert report.unsealed == 1


async def test_a_changed_seal_is_named(ten, superuser):
    await tamper(
        superuser,
        "update audit_seals set entry_digest = sha256('') where position = 4",
        "update audit_seals set chain_digest = sha256('') where position = 7",
    )
    assert await found(ten) == [(K.SEAL_CHANGED, 4, 4), (K.CHAIN_BROKEN, 7, 7)]


async def test_an_entry_sealed_twice_is_named_where_the_constraint_was_taken_away(ten, superuser):
    await tamper(
        superuser,
        "alter table audit_seals drop constraint entry_sealed_once",
        "insert into audit_seals select 11, 4, entry_digest, sha256('') from audit_seals where position = 4",
    )
    assert (K.ENTRY_SEALED_TWICE, 11, 4) in await found(ten)


async def test_the_last_entries_deleted_with_their_seals_leave_no_trace_but_a_lower_head(ten, superuser):
    """The limit of any chain kept in one place: only a head noted down elsewhere (a checkpoint) tells."""
    before = await verify(ten)
    await tamper(superuser, "delete from audit_entries where id > 8", "delete from audit_seals where position > 8")
    after = await verify(ten)
    assert after.problems == []
    assert (before.head_position, after.head_position) == (10, 8)


async def test_an_entry_changed_before_it_was_sealed_leaves_no_trace(ten, superuser):
    """Why sealing follows at once: what is not sealed yet is not protected yet, and the report says how much that is."""
    await write(ten)
    await tamper(superuser, "update audit_entries set actor = 'alice' where id = 11")
    report = await verify(ten)
    assert (report.problems, report.unsealed) == ([], 1)


async def test_a_sealer_seals_in_order_of_ids_and_no_more_than_the_limit(database):
    await write(database, 5)
    assert [await seal(database, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    async with database.transaction() as conn:
        seals = (await conn.execute(text("select position, entry_id from audit_seals order by position"))).all()
    assert seals == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]


async def test_an_entry_that_becomes_visible_late_is_sealed_and_not_skipped(database):
    low_water = LowWater()
    async with database.transaction() as late:
        await audit.write(late, actor="late", event="it", at=AT)  # draws the lowest id, commits last
        await write(database, 3)
        assert await seal(database, low_water=low_water) == 3
        for _ in range(5):
            assert await seal(database, low_water=low_water) == 0
        assert low_water.id == 0
        await write(database, 3)
        assert await seal(database, low_water=low_water) == 3
    assert await seal(database, low_water=low_water) == 1
    report = await verify(database)
    assert (report.sealed, report.unsealed, report.problems) == (7, 0, [])
    for _ in range(3):
        await seal(database, low_water=low_water)
    assert low_water.id == 7


async def test_an_entry_that_is_undone_is_no_obstacle(database):
    low_water = LowWater()
    for _ in range(3):
        with suppress(ZeroDivisionError):
            async with database.transaction() as conn:
                await audit.write(conn, actor="undone", event="it", at=AT)
                raise ZeroDivisionError
        await write(database)
    for _ in range(3):
        await seal(database, low_water=low_water)
    assert low_water.id == 6
    report = await verify(database)
    assert (report.entries, report.sealed, report.unsealed, report.problems) == (3, 3, 0, [])


async def test_a_sealing_that_was_undone_leaves_the_low_water_mark_where_it_belongs(database):
    low_water = LowWater()
    await write(database, 3)
    for _ in range(3):
        with suppress(ZeroDivisionError):
            async with database.transaction() as conn:
                assert await seal_batch(conn, low_water=low_water) == 3
                raise ZeroDivisionError
    assert low_water.id == 0
    assert await seal(database, low_water=low_water) == 3


async def test_many_writers_and_sealers_at_once_make_one_chain_without_a_gap(database_url):
    database = Database(database_url, pool_size=16)
    undone = 0

    async def write_some() -> None:
        nonlocal undone
        for _ in range(25):
            with suppress(ZeroDivisionError):
                async with database.transaction() as conn:
                    await audit.write(conn, actor="system:matcher", event="it", at=AT)
                    await asyncio.sleep(random.random() / 50)
                    if random.random() < 0.2:
                        undone += 1
                        raise ZeroDivisionError

    async def seal_until(written: asyncio.Event) -> None:
        low_water = LowWater()
        while not written.is_set():
            await seal(database, limit=random.randint(1, 20), low_water=low_water)
        while await seal(database, low_water=low_water):
            pass

    written = asyncio.Event()
    sealers = [asyncio.create_task(seal_until(written)) for _ in range(4)]
    await asyncio.gather(*(write_some() for _ in range(10)))
    written.set()
    await asyncio.gather(*sealers)
    report = await verify(database)
    await database.close()
    assert (report.sealed, report.unsealed, report.problems) == (250 - undone, 0, [])


async def test_while_one_sealer_is_at_work_another_does_nothing(database):
    await write(database)
    async with database.transaction() as conn:
        assert await seal_batch(conn) == 1
        assert await seal(database) == 0
    assert (await verify(database)).sealed == 1
