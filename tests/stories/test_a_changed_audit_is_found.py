"""What somebody with all powers changes in the audit afterwards is found and named."""

import json
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from foreign_client import about, somebody
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb
from running_service import RunningService, wait_for

from app.db.embedded import EmbeddedPostgres


def connect(service: RunningService, user: str = "postgres") -> psycopg.Connection:
    dsn = EmbeddedPostgres(Path(service.settings["HANDOFF_DATA_DIR"])).superuser_dsn()
    return psycopg.connect(make_conninfo(dsn, dbname="handoff", user=user), autocommit=True)


@contextmanager
def unguarded(admin: psycopg.Connection, table: str):
    admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    try:
        yield
    finally:
        admin.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


def verify(service: RunningService, *, code: int) -> dict:
    ran = service.run("audit", "verify", "--json")
    assert ran.returncode == code, ran.stdout + ran.stderr
    return dict(json.loads(ran.stdout))


@pytest.fixture(scope="module")
def entries(service, agents, place) -> list[dict]:
    """The sealed entries of one call that was carried out."""
    person = somebody()
    call = service.with_action(agents.call(about(place(person), person, "more time")), "done")
    with connect(service) as admin:
        count = (
            "SELECT count(*) FROM audit_entries e WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.entry_id = e.id)"
        )
        wait_for(lambda: admin.execute(count).fetchone() == (0,), "all entries to be sealed")
    return list(service.rows("/v1/audit", call_id=call["call_id"]))


def test_changed_and_removed_entries_are_named_and_putting_them_back_makes_it_whole(service, entries):
    data, actor, removed = entries[1], entries[2], entries[3]
    change = "UPDATE audit_entries SET {} = %s WHERE id = %s"
    with connect(service) as admin:
        with unguarded(admin, "audit_entries"):
            row = admin.execute("SELECT * FROM audit_entries WHERE id = %s", [removed["id"]]).fetchone()
            admin.execute(change.format("data"), [Jsonb(data["data"] | {"innocent": True}), data["id"]])
            admin.execute(change.format("actor"), ["somebody else", actor["id"]])
            admin.execute("DELETE FROM audit_entries WHERE id = %s", [removed["id"]])
        try:
            report = verify(service, code=1)
        finally:
            with unguarded(admin, "audit_entries"):
                admin.execute(change.format("data"), [Jsonb(data["data"]), data["id"]])
                admin.execute(change.format("actor"), [actor["actor"], actor["id"]])
                values = [Jsonb(value) if isinstance(value, dict) else value for value in row]
                put_back = "INSERT INTO audit_entries OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, %s)"
                admin.execute(put_back, values)
    assert report["ok"] is False
    named = {problem["entry_id"]: problem["kind"] for problem in report["problems"]}
    assert named == {
        data["id"]: "entry_changed",
        actor["id"]: "entry_changed",
        removed["id"]: "entry_missing",
    }
    assert all(problem["says"] for problem in report["problems"])
    whole = verify(service, code=0)
    assert whole["ok"]
    assert whole["problems"] == []


def test_a_change_of_a_seal_is_named(service, entries):
    with connect(service) as admin:
        query = "SELECT position, entry_digest FROM audit_seals WHERE entry_id = %s"
        position, digest = admin.execute(query, [entries[0]["id"]]).fetchone()
        change = "UPDATE audit_seals SET entry_digest = %s WHERE position = %s"
        with unguarded(admin, "audit_seals"):
            admin.execute(change, [bytes(32), position])
        try:
            report = verify(service, code=1)
        finally:
            with unguarded(admin, "audit_seals"):
                admin.execute(change, [digest, position])
    assert position in {problem["position"] for problem in report["problems"]}


@pytest.mark.parametrize("user", ["handoff", "postgres"])
@pytest.mark.parametrize("table", ["audit_entries", "audit_seals"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
def test_neither_the_application_nor_a_careless_superuser_removes_anything(service, user, table, statement, entries):
    with connect(service, user) as who, pytest.raises(psycopg.errors.InsufficientPrivilege):
        who.execute(statement.format(table))
    assert list(service.rows("/v1/audit", call_id=entries[0]["call_id"])) == entries
