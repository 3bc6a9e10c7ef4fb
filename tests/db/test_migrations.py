"""Migrations and app/db/tables.py say the same, to the last constraint; migrating is safe to repeat and to race."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text

from app.db.embedded import EmbeddedPostgres
from app.db.migrate import alembic_config, check_schema, migrate
from app.db.tables import metadata
from app.errors import SettingError

ROOT = Path(__file__).parents[2]

# What alembic's comparison leaves out (CHECK constraints, predicates and expressions of indexes, comments) counts too.
CATALOG = """
    SELECT 'column' AS what, format('%s.%s', relname, attname) AS name, format('%s, not null %s, identity %s, default %s, %s',
            format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid),
            col_description(attrelid, attnum)) AS definition
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'constraint', format('%s.%s', conrelid::regclass, conname), pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


@contextmanager
def new_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = f"empty_{uuid4().hex}"
    with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER handoff")
        yield make_url(postgres.start()).set(database=name).render_as_string(hide_password=False)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database with nothing in it, as the application sees it."""
    with new_database(postgres) as url:
        yield url


@pytest.fixture
def other_empty_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    with new_database(postgres) as url:
        yield url


def catalog(url: str) -> dict[tuple[str, str], str]:
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            return {(row.what, row.name): row.definition for row in conn.execute(text(CATALOG))}
    finally:
        engine.dispose()


def run_alembic(url: str, verb: str, revision: str) -> None:
    engine = create_engine(url)
    try:
        with engine.begin() as conn:
            config = alembic_config()
            config.attributes["connection"] = conn
            getattr(command, verb)(config, revision)
    finally:
        engine.dispose()


def start_migrate(url: str, folder: Path) -> subprocess.Popen[str]:
    """`handoff migrate` as an operator runs it, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HANDOFF_")}
    return subprocess.Popen(
        [sys.executable, "-m", "app", "migrate"],
        cwd=folder,
        env=environment | {"HANDOFF_DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Alembic cannot compare an index expression with an operator class; the next test compares it as Postgres prints it.
@pytest.mark.filterwarnings("ignore:Expression #1 .* detected to include an operator clause:UserWarning")
def test_alembic_finds_no_difference_between_the_migrations_and_the_tables(empty_url: str) -> None:
    migrate(empty_url)
    engine = create_engine(empty_url)
    try:
        with engine.connect() as conn:
            assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    finally:
        engine.dispose()


def test_the_migrations_make_every_constraint_index_default_and_comment_that_the_tables_declare(
    empty_url: str, other_empty_url: str
) -> None:
    migrate(empty_url)
    engine = create_engine(other_empty_url)
    metadata.create_all(engine)
    engine.dispose()
    migrated, declared = catalog(empty_url), catalog(other_empty_url)
    versions = {key: definition for key, definition in migrated.items() if "alembic_version" in key[1]}
    assert len(declared) > 100, "the comparison has lost its sight"
    assert {key: value for key, value in migrated.items() if key not in versions} == declared


def test_migrating_a_migrated_database_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    before = catalog(empty_url)
    migrate(empty_url)
    assert catalog(empty_url) == before
    check_schema(empty_url)


def test_every_migration_can_be_undone_and_done_again(empty_url: str) -> None:
    migrate(empty_url)
    before = catalog(empty_url)
    run_alembic(empty_url, "downgrade", "base")
    assert {name for _, name in catalog(empty_url) if not name.startswith("alembic_version")} == set()
    with pytest.raises(SettingError, match="without our schema"):
        check_schema(empty_url)
    migrate(empty_url)
    assert catalog(empty_url) == before


def test_undoing_everything_leaves_no_function_behind(empty_url: str) -> None:
    migrate(empty_url)
    run_alembic(empty_url, "downgrade", "base")
    engine = create_engine(empty_url)
    try:
        with engine.connect() as conn:
            left = conn.scalar(text("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"))
    finally:
        engine.dispose()
    assert left == 0


def test_two_replicas_that_migrate_an_empty_database_at_once_both_succeed(empty_url: str, tmp_path: Path) -> None:
    racers = [start_migrate(empty_url, tmp_path) for _ in range(2)]
    outputs = [racer.communicate(timeout=60) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], outputs
    assert all("the database has the present schema" in output for output, _ in outputs)
    check_schema(empty_url)


def test_there_is_one_line_of_migrations_and_each_says_when_what_and_why() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert len(scripts.get_heads()) == 1
    for revision in scripts.walk_revisions():
        path = Path(revision.path)
        assert path.stem == revision.revision, "the file is named as its revision: date and verb"
        assert path.stem[:8].isdecimal()
        assert "Why:" in (revision.doc + (revision.longdoc or "") + path.read_text().split('"""')[1])
        assert "lock_timeout" in path.read_text(), "a migration that waits for a lock makes everybody wait behind it"
