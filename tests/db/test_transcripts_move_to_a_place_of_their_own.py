"""The migration that parts transcripts from the facts of their calls: nothing that was said is lost on the way."""

import json

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, make_url

from app.core.calls import Turn
from app.db.engine import Database
from app.db.evidence import find_transcript
from app.db.migrate import alembic_config
from app.db.vault import Vault

BEFORE, AFTER = "20261122_alarm_and_replay", "20261122_keep_evidence"
TURNS = [{"role": "user", "text": 'Ünï said: "no\\never"', "start_seconds": 1.5, "end_seconds": None}]


def migrate(url, verb, revision):
    engine = create_engine(url)
    try:
        with engine.begin() as conn:
            config = alembic_config()
            config.attributes["connection"] = conn
            getattr(command, verb)(config, revision)
    finally:
        engine.dispose()


def connect(url):
    return psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )


def transcript_in_facts(url, call_id):
    with connect(url) as conn:
        return conn.execute("SELECT facts -> 'transcript' FROM calls WHERE call_id = %s", [call_id]).fetchone()[0]


async def test_what_was_said_moves_out_and_back_again(database_url):
    migrate(database_url, "downgrade", BEFORE)
    with connect(database_url) as conn:
        for call_id, turns in (("call_1", TURNS), ("call_2", [])):
            facts = json.dumps({"call_id": call_id, "transcript": turns})
            conn.execute(
                "INSERT INTO calls (call_id, revision, stage, facts) VALUES (%s, 1, 'completed', %s)", [call_id, facts]
            )
    migrate(database_url, "upgrade", AFTER)
    assert transcript_in_facts(database_url, "call_1") == []
    database = Database(database_url)
    async with database.transaction() as conn:
        assert await find_transcript(conn, "call_1", vault=Vault([bytes(32)])) == (Turn("user", TURNS[0]["text"], 1.5),)
        assert await find_transcript(conn, "call_2", vault=Vault()) == ()
    await database.close()
    migrate(database_url, "downgrade", BEFORE)
    assert transcript_in_facts(database_url, "call_1") == TURNS
    assert transcript_in_facts(database_url, "call_2") == []


def test_what_is_sealed_is_not_thrown_away_by_going_back(database_url):
    with connect(database_url) as conn:
        conn.execute("INSERT INTO calls (call_id, revision, stage, facts) VALUES ('call_1', 1, 'completed', '{}')")
        conn.execute(
            "INSERT INTO transcripts (call_id, body) VALUES ('call_1', %s)", [Vault([bytes(32)]).seal(b"[]", "x")]
        )
    with pytest.raises(Exception, match="sealed transcripts"):
        migrate(database_url, "downgrade", BEFORE)
