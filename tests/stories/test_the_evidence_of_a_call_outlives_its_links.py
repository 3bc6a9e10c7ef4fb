"""Links to a recording die after seven days; what was said and the recording itself are there when somebody asks."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from running_service import RunningService, problem_of, wait_for
from sandbox.dialnexa_twin_server import API_KEY, SECRET, RunningTwin, running_twin
from twin_server import Twin

from app.db.embedded import EmbeddedPostgres
from app.sandbox.dialnexa_bodies import TwinCall
from app.sandbox.dialnexa_recordings import recording_of

EIGHT_DAYS = 8 * 86_400
SENTENCE = "My grandmother's blue parrot ate the voucher."
SUMMARY = "A caller whose parrot eats paper asked for nothing in particular."
KEY, NEXT_KEY = (base64.b64encode(bytes([number]) * 32).decode() for number in (7, 8))
KEPT, NOT_KEPT = "call_kept", "call_from_before"


@pytest.fixture(scope="module")
def dialnexa() -> Iterator[RunningTwin]:
    with running_twin() as running:
        yield running


@pytest.fixture(scope="module")
def deployment(twin: Twin, dialnexa: RunningTwin) -> Iterator[RunningService]:
    service = RunningService(
        HANDOFF_GOODY_BASE_URL=twin.url,
        HANDOFF_DIALNEXA_BASE_URL=dialnexa.url,
        HANDOFF_DIALNEXA_API_KEY=API_KEY,
        HANDOFF_DIALNEXA_WEBHOOK_SECRETS=SECRET,
        HANDOFF_MASTER_KEY=KEY,
    )
    service.settings["HANDOFF_RECORDINGS_URL"] = f"file://{service.folder}/recordings"
    try:
        service.start()
        yield service
    finally:
        service.clean_up()


@pytest.fixture(scope="module")
def old_links(deployment: RunningService, dialnexa: RunningTwin) -> dict[str, str]:
    """Of two calls that came in eight days ago: one whose recording is kept, one from before recordings were."""
    dialnexa.register(f"{deployment.url}/webhooks/dialnexa")
    for call_id in (KEPT, NOT_KEPT):
        said = [["agent", "How can I help?"], ["user", SENTENCE]]
        dialnexa.place(id=call_id, said=said, summary=SUMMARY, analysis={"requested_action": "file a complaint"})
        deployment.call(
            call_id, lambda call: (call["recording"] or {}).get("status") == "kept", "its recording is kept"
        )
    with superuser(deployment) as admin:
        admin.execute("DELETE FROM recordings WHERE call_id = %s", [NOT_KEPT])
    links = {
        call_id: dialnexa.http.get(f"/v1/calls/{call_id}").json()["recording_sas_url"] for call_id in (KEPT, NOT_KEPT)
    }
    assert {dialnexa.http.get(link).status_code for link in links.values()} == {200}
    dialnexa.http.post("/_twin/clock", json={"ahead_seconds": EIGHT_DAYS}).raise_for_status()
    assert {dialnexa.http.get(link).status_code for link in links.values()} == {403}
    return links


def superuser(service: RunningService) -> psycopg.Connection[Any]:
    dsn = EmbeddedPostgres(Path(service.settings["HANDOFF_DATA_DIR"])).superuser_dsn()
    return psycopg.connect(make_conninfo(dsn, dbname="handoff"), autocommit=True)


def tables_that_hold(service: RunningService, words: str) -> set[str]:
    """The raw bytes of every value of every table, looked through."""
    found = set()
    with superuser(service) as admin:
        names = [row[0] for row in admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        for name in names:
            query = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(name))
            with admin.cursor().copy(query) as rows:
                # jsonb is text here, in which a quotation mark is escaped: a sentence without one is looked for.
                if words.encode() in b"".join(bytes(row) for row in rows):
                    found.add(name)
    assert len(names) > 20
    return found


def entries(service: RunningService, call_id: str, event: str) -> list[dict[str, Any]]:
    return [entry for entry in service.rows("/v1/audit", call_id=call_id) if entry["event"] == event]


def test_the_link_is_renewed_for_a_call_whose_recording_is_not_kept(deployment, dialnexa, old_links):
    viewer = deployment.bearer("viewer", "vera")
    answer = viewer.get(f"/v1/calls/{NOT_KEPT}/recording")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    assert (shown["source"], shown["sha256"]) == ("dialnexa", None)
    assert shown["url"] != old_links[NOT_KEPT]
    assert httpx.get(shown["url"], trust_env=False).content == recording_of(TwinCall(NOT_KEPT))
    (look,) = entries(deployment, NOT_KEPT, "call.recording_looked_up")
    assert (look["actor"], look["data"]) == ("vera", {"outcome": "renewed"})
    problem_of(viewer.get(f"/v1/calls/{NOT_KEPT}/recording/audio"), 404)


def test_the_kept_copy_is_what_the_audit_says_it_is(deployment, dialnexa, old_links):
    viewer = deployment.bearer("viewer", "vera")
    (entry,) = entries(deployment, KEPT, "call.recording_kept")
    assert entry["actor"] == "system:archivist"
    shown = viewer.get(f"/v1/calls/{KEPT}/recording").json()
    assert (shown["source"], shown["sha256"]) == ("kept", entry["data"]["sha256"])
    assert shown["url"] == f"{deployment.url}/v1/calls/{KEPT}/recording/audio"
    heard = viewer.get(shown["url"])
    assert heard.status_code == 200
    assert heard.headers["content-type"] == "audio/mpeg"
    assert heard.content == recording_of(TwinCall(KEPT))
    assert hashlib.sha256(heard.content).hexdigest() == entry["data"]["sha256"]
    assert entry["data"]["size_bytes"] == shown["size_bytes"] == len(heard.content)
    assert [look["actor"] for look in entries(deployment, KEPT, "call.recording_listened_to")] == ["vera"]


def test_the_copy_is_sealed_under_a_name_that_tells_nothing(deployment, old_links):
    files = list((deployment.folder / "recordings").iterdir())
    assert len(files) == 2
    for file in files:
        assert "call" not in file.name
        assert b"ID3" not in file.read_bytes()[:100]
    row = next(row for row in deployment.rows("/v1/recordings", status="kept") if row["call_id"] == KEPT)
    assert (row["status"], row["is_sealed"]) == ("kept", True)


def test_the_handoff_and_the_call_lead_to_the_recording_and_to_no_link_that_dies(deployment, old_links):
    call = deployment.settled(KEPT)
    path = f"/v1/calls/{KEPT}/recording"
    assert call["links"]["recording"] == path
    assert [handoff["body"]["links"]["recording"] for handoff in call["handoffs"]] == [path]
    everything = json.dumps(
        [call, list(deployment.rows("/v1/audit", call_id=KEPT)), list(deployment.rows("/v1/recordings"))]
    )
    assert "sig=" not in everything
    assert "sig=" not in deployment.log()


def test_the_database_holds_no_readable_word_of_what_was_said(deployment, old_links):
    call = deployment.find_call(KEPT)
    assert call is not None
    assert [turn["text"] for turn in call["transcript"]] == ["How can I help?", SENTENCE]
    for words in (SENTENCE, "grandmother", "blue parrot"):
        assert tables_that_hold(deployment, words) == set()
    assert "calls" in tables_that_hold(deployment, "parrot eats paper"), "a summary is found, so the search can find"
    assert "parrot" not in deployment.log()


def test_only_who_may_read_calls_may_listen_and_who_asks_for_nothing_hears_why(deployment, dialnexa, old_links):
    path = f"/v1/calls/{KEPT}/recording"
    problem_of(deployment.anybody.get(path), 401)
    problem_of(deployment.anybody.get(f"{path}/audio"), 401)
    problem_of(deployment.bearer("agent", "the voice").get(path), 403)
    problem_of(deployment.admin.get("/v1/calls/call_unknown/recording"), 404)
    dialnexa.http.delete(f"/_twin/calls/{NOT_KEPT}/recording")
    gone = problem_of(deployment.admin.get(f"/v1/calls/{NOT_KEPT}/recording"), 410)
    assert gone["why"] == "gone"
    problem_of(deployment.bearer("viewer", "vera").post(f"{path}/retry"), 403)
    assert "is kept" in problem_of(deployment.admin.post(f"{path}/retry"), 409)["detail"]
    asked = deployment.admin.post(f"/v1/calls/{NOT_KEPT}/recording/retry")
    assert (asked.status_code, asked.json()["status"]) == (202, "awaited")
    waiting = wait_for(
        lambda: [row for row in deployment.rows("/v1/recordings", status="awaited") if row["last_error"]], "a try"
    )
    assert waiting[0]["call_id"] == NOT_KEPT
    assert "no recording of this call" in waiting[0]["last_error"]


def test_a_start_without_the_key_is_refused_and_with_a_new_one_before_it_nothing_is_lost(deployment, old_links):
    assert deployment.end() == [0]
    for key in ("", NEXT_KEY):
        refused = deployment.run("serve", HANDOFF_MASTER_KEY=key)
        assert refused.returncode != 0
        assert "HANDOFF_MASTER_KEY" in refused.stderr
        assert "Traceback" not in refused.stderr
    malformed = deployment.run("serve", HANDOFF_MASTER_KEY="c2hvcnQ=")
    assert malformed.returncode != 0
    assert "32 bytes" in malformed.stderr
    assert "c2hvcnQ" not in malformed.stderr

    for keys in (f"{NEXT_KEY},{KEY}", NEXT_KEY):
        deployment.settings["HANDOFF_MASTER_KEY"] = keys
        deployment.start()
        call = deployment.find_call(KEPT)
        assert call is not None
        assert call["transcript"][1]["text"] == SENTENCE
        heard = deployment.bearer("viewer", "vera").get(f"/v1/calls/{KEPT}/recording/audio")
        assert heard.content == recording_of(TwinCall(KEPT))
        if keys != NEXT_KEY:
            resealed = deployment.run("reseal", "--json")
            assert resealed.returncode == 0, resealed.stderr
            done = json.loads(resealed.stdout)
            assert (done["transcripts"], done["recordings"], len(done["keys_retired"])) == (2, 1, 1)
            assert deployment.end() == [0]
