"""Recordings are kept before their links die, sealed, with their hash; who listens is in the audit; what never comes is seen."""

import hashlib
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sandbox.dialnexa_twin_server import API_KEY, SECRET, running_twin
from sqlalchemy import select, text, update

from app.adapters.dialnexa.client import connect
from app.adapters.dialnexa.recordings import DialNexaRecordings
from app.adapters.dialnexa.sender import DialNexa
from app.adapters.mapping_file import load_mapping
from app.adapters.policy_file import load_policy, parse_policy
from app.adapters.recordings import RecordingFiles
from app.core.calls import Call, CallStage, Turn
from app.db import jobs
from app.db.calls import get_call, save_call
from app.db.deliveries import list_deliveries
from app.db.evidence import find_recording, find_transcript, list_recordings, mark_missing
from app.db.tables import audit_entries
from app.db.tables import jobs as jobs_table
from app.db.vault import Vault
from app.errors import (
    ConflictError,
    DamagedError,
    DestinationPausedError,
    LeaseLostError,
    NotFoundError,
    SettingError,
)
from app.ports.clock import SystemClock
from app.ports.recordings import RecordingLink
from app.sandbox.dialnexa_bodies import TwinCall
from app.sandbox.dialnexa_deliveries import encode, sign
from app.sandbox.dialnexa_recordings import recording_of
from app.services.keep_recording import MOST_TRIES, await_recording, await_recording_again, keep_recording
from app.services.parts import Parts
from app.services.receive import receive
from app.services.recording_link import Absence, NotThere, find_link, open_kept
from app.services.understand import understand

KEY = bytes(32)
CALL_ID = "call_r1"
SECONDS = 900
SAID = recording_of(TwinCall(CALL_ID, duration_seconds=SECONDS))
WEEK = timedelta(days=8).total_seconds()
MAPPING = load_mapping()


@pytest.fixture(scope="module")
def running():
    with running_twin() as twin:
        yield twin


@pytest.fixture
def twin(running):
    """With one call that was recorded."""
    running.http.post("/_twin/reset")
    running.place(id=CALL_ID, duration_seconds=SECONDS)
    return running


@pytest.fixture
async def parts(database, twin, tmp_path):
    recordings = DialNexaRecordings(twin.url, connect(twin.url, API_KEY))
    calls = DialNexa([SECRET], MAPPING, connect(twin.url, API_KEY))
    yield Parts(
        database=database,
        clock=SystemClock(),
        senders={calls.name: calls},
        calls=calls,
        shops={},
        policy=load_policy(),
        parse_policy=partial(parse_policy, name="document"),
        words=MAPPING.action_words,
        weights=None,
        vault=Vault([KEY]),
        recordings=recordings,
        recording_storage=RecordingFiles(f"file://{tmp_path}/recordings"),
    )
    await recordings.close()
    await calls.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recordings"


def told_link(twin):
    return twin.http.get(f"/v1/calls/{CALL_ID}").json()["recording_sas_url"]


async def told(parts, link):
    """A completed call whose delivery told this link."""
    call = Call(CALL_ID, CallStage.COMPLETED, recording_url=link)
    async with parts.database.transaction() as conn:
        await save_call(conn, call, revision=1)
        await await_recording(conn, parts, call)


async def run_due(parts, kind="keep_recording", handler=keep_recording):
    """One try of what waits, as if its time had come."""
    async with parts.database.transaction() as conn:
        due = update(jobs_table).where(jobs_table.c.kind == kind)
        await conn.execute(due.values(run_at=text("now() - interval '1 second'")))
        await conn.execute(
            update(jobs_table).where(jobs_table.c.kind != kind).values(run_at=text("now() + interval '1 day'"))
        )
    async with parts.database.transaction() as conn:
        claimed = await jobs.claim(conn, limit=5, lease_seconds=30)
    for job in claimed:
        await handler(parts, job)
    return len(claimed)


async def recording(parts):
    async with parts.database.transaction() as conn:
        return await find_recording(conn, CALL_ID)


async def events(parts, like="call.recording_%"):
    async with parts.database.transaction() as conn:
        query = select(audit_entries).where(audit_entries.c.event.like(like)).order_by(audit_entries.c.id)
        return [(row.event, row.actor, row.data) for row in await conn.execute(query)]


async def listen(parts):
    kept, pieces = await open_kept(parts, CALL_ID, by="ann")
    return kept, b"".join([piece async for piece in pieces])


# --- keeping


async def test_a_recording_is_kept_sealed_and_its_hash_is_in_the_audit(parts, twin, folder):
    await told(parts, told_link(twin))
    assert await run_due(parts) == 1
    kept = await recording(parts)
    assert (kept.status, kept.sha256, kept.size_bytes) == ("kept", hashlib.sha256(SAID).digest(), len(SAID))
    assert (kept.media_type, kept.key_id, kept.last_error) == ("audio/mpeg", parts.vault.key_id, None)
    (file,) = folder.iterdir()
    assert file.name == kept.file_name
    assert CALL_ID not in file.name
    assert SAID[1000:1100] not in file.read_bytes()
    assert len(SAID) > 1024 * 1024, "more than one sealed piece"
    ((event, actor, data),) = await events(parts)
    assert (event, actor, data["sha256"]) == (
        "call.recording_kept",
        "system:archivist",
        hashlib.sha256(SAID).hexdigest(),
    )
    assert (await listen(parts))[1] == SAID


async def test_without_a_master_key_it_is_kept_as_it_came(parts, twin, folder):
    parts = replace(parts, vault=Vault())
    await told(parts, told_link(twin))
    await run_due(parts)
    (file,) = folder.iterdir()
    assert file.read_bytes() == SAID
    assert (await recording(parts)).key_id is None
    assert (await listen(parts))[1] == SAID


async def test_a_dead_link_is_renewed_first(parts, twin):
    link = told_link(twin)
    twin.http.post("/_twin/clock", json={"ahead_seconds": WEEK})
    assert twin.http.get(link).status_code == 403
    await told(parts, link)
    await run_due(parts)
    assert (await recording(parts)).status == "kept"


@pytest.mark.parametrize("link", [None, "recordings/call_r1.mp3", "https://evil.example/call_r1.mp3", "localhost"])
async def test_a_link_that_may_not_be_followed_is_not_but_the_api_is_asked(parts, twin, link):
    # "localhost" is this very twin, but by a name that neither the settings nor the API gave.
    await told(parts, told_link(twin).replace("127.0.0.1", "localhost") if link == "localhost" else link)
    await run_due(parts)
    assert (await recording(parts)).status == "kept"


async def test_without_an_api_key_a_delivered_link_is_followed_only_to_a_host_that_is_named(parts, twin):
    link = told_link(twin).replace("127.0.0.1", "localhost")
    deaf = DialNexaRecordings("http://127.0.0.1:9", None)
    await told(parts, link)
    await run_due(replace(parts, recordings=deaf))
    record = await recording(parts)
    assert (record.status, record.tries) == ("awaited", 1)
    assert "HANDOFF_DIALNEXA_API_KEY is not set" in record.last_error
    named = DialNexaRecordings("http://127.0.0.1:9", None, hosts=["localhost"])
    await run_due(replace(parts, recordings=named))
    assert (await recording(parts)).status == "kept"
    await deaf.close()
    await named.close()


async def test_a_recording_that_never_comes_ends_where_it_is_seen(parts, twin, folder):
    link = told_link(twin)
    twin.http.delete(f"/_twin/calls/{CALL_ID}/recording")
    await told(parts, link)
    for number in range(1, MOST_TRIES):
        assert await run_due(parts) == 1
        assert ((await recording(parts)).status, (await recording(parts)).tries) == ("awaited", number)
    assert await run_due(parts) == 1
    assert await run_due(parts) == 0, "it is tried no more"
    record = await recording(parts)
    assert (record.status, record.tries) == ("missing", MOST_TRIES)
    assert "no recording of this call" in record.last_error
    ((event, _, data),) = await events(parts)
    assert (event, data["tries"]) == ("call.recording_missing", MOST_TRIES)
    async with parts.database.transaction() as conn:
        assert [row.call_id for row in await list_recordings(conn, status="missing", before=None, limit=5)] == [CALL_ID]
    assert list(folder.iterdir()) == []


async def test_a_missing_one_is_fetched_once_a_person_asks_for_it_again(parts, twin):
    await told(parts, None)
    async with parts.database.transaction() as conn:
        await mark_missing(conn, CALL_ID, error="it was gone")
    await await_recording_again(parts, CALL_ID, by="ann")
    with pytest.raises(ConflictError, match="awaited"):
        await await_recording_again(parts, CALL_ID, by="ann")
    await run_due(parts)
    assert (await recording(parts)).status == "kept"
    assert ("call.recording_awaited_again", "ann", {}) in await events(parts)
    with pytest.raises(ConflictError, match="kept"):
        await await_recording_again(parts, CALL_ID, by="ann")


async def test_a_person_may_ask_for_a_call_from_before_recordings_were_kept(parts, twin):
    without = replace(parts, recording_storage=None)
    await told(without, told_link(twin))
    assert await recording(parts) is None
    with pytest.raises(ConflictError, match="HANDOFF_RECORDINGS_URL"):
        await await_recording_again(without, CALL_ID, by="ann")
    with pytest.raises(NotFoundError):
        await await_recording_again(parts, "call_unknown", by="ann")
    await await_recording_again(parts, CALL_ID, by="ann")
    await run_due(parts)
    assert (await recording(parts)).status == "kept"


async def test_while_dialnexa_is_not_to_be_asked_no_try_is_used_up(parts, twin):
    class Budget:
        """Of which nothing is left."""

        @asynccontextmanager
        async def request(self, vendor, *, is_write):
            raise DestinationPausedError(f"{vendor} has no budget left: nothing was sent", retry_after_seconds=40)
            yield

    await told(parts, None)
    parts.recordings.http.limits = Budget()
    for _ in range(MOST_TRIES + 1):
        assert await run_due(parts) == 1
    record = await recording(parts)
    assert (record.status, record.tries) == ("awaited", 0)
    assert "no budget" in record.last_error


async def test_a_storage_that_fails_is_tried_again_and_holds_no_half_recording(parts, twin, folder):
    await told(parts, told_link(twin))
    folder.rmdir()
    await run_due(parts)
    record = await recording(parts)
    assert (record.status, record.tries) == ("awaited", 1)
    assert record.last_error == "the storage of recordings is not there"
    folder.mkdir()
    await run_due(parts)
    assert (await recording(parts)).status == "kept"
    assert len(list(folder.iterdir())) == 1


async def test_what_a_killed_try_left_behind_is_removed_by_the_next(parts, twin, folder):
    await told(parts, told_link(twin))
    async with parts.database.transaction() as conn:
        await conn.execute(text("update recordings set tries = 1, file_name = 'halfway'"))
    (folder / "halfway").write_bytes(b"half of it")
    await run_due(parts)
    (file,) = folder.iterdir()
    assert file.name == (await recording(parts)).file_name != "halfway"


async def test_who_lost_the_job_keeps_nothing(parts, twin, folder):
    await told(parts, told_link(twin))
    async with parts.database.transaction() as conn:
        (job,) = await jobs.claim(conn, limit=5, lease_seconds=30)

    class Overtaken(RecordingFiles):
        """While it is written, another worker takes the job over."""

        async def write(self, name, pieces):
            await super().write(name, pieces)
            async with parts.database.transaction() as conn:
                await conn.execute(update(jobs_table).values(fence=jobs_table.c.fence + 1))

    with pytest.raises(LeaseLostError):
        await keep_recording(replace(parts, recording_storage=Overtaken(f"file://{folder}")), job)
    assert (await recording(parts)).status == "awaited"
    assert list(folder.iterdir()) == []


async def test_a_call_that_never_connected_has_no_recording_to_wait_for(parts):
    call = Call(CALL_ID, CallStage.NOT_CONNECTED)
    async with parts.database.transaction() as conn:
        await save_call(conn, call, revision=1)
        await await_recording(conn, parts, call)
    assert await recording(parts) is None
    with pytest.raises(ConflictError):
        await await_recording_again(parts, CALL_ID, by="ann")


# --- listening


async def test_a_fresh_link_works_when_the_delivered_one_is_dead(parts, twin):
    without = replace(parts, recording_storage=None)
    link = told_link(twin)
    await told(without, link)
    twin.http.post("/_twin/clock", json={"ahead_seconds": WEEK})
    found = await find_link(without, CALL_ID, by="ann")
    assert isinstance(found, RecordingLink)
    assert found.url != link
    assert twin.http.get(found.url).content == SAID
    assert await events(parts) == [("call.recording_looked_up", "ann", {"outcome": "renewed"})]
    assert found.url not in repr(found)


async def test_the_kept_copy_comes_before_a_link(parts, twin):
    await told(parts, told_link(twin))
    await run_due(parts)
    found = await find_link(parts, CALL_ID, by="ann")
    assert (found.status, found.sha256) == ("kept", hashlib.sha256(SAID).digest())
    assert (await events(parts))[1:] == [("call.recording_looked_up", "ann", {"outcome": "kept"})]
    await listen(parts)
    assert (await events(parts))[2:] == [("call.recording_listened_to", "ann", {"outcome": "kept"})]


async def test_where_there_is_nothing_to_listen_to_it_says_why(parts, twin):
    await told(replace(parts, recording_storage=None), told_link(twin))
    with pytest.raises(NotFoundError):
        await find_link(parts, "call_unknown", by="ann")
    with pytest.raises(NotFoundError):
        await open_kept(parts, CALL_ID, by="ann")

    keyless = DialNexaRecordings(twin.url, None)
    found = await find_link(replace(parts, recordings=keyless), CALL_ID, by="ann")
    await keyless.close()
    assert isinstance(found, NotThere)
    assert found.why is Absence.NO_KEY
    assert "HANDOFF_DIALNEXA_API_KEY" in found.says

    twin.http.post("/_twin/rest-faults", json={"status": 429, "times": 5, "retry_after_seconds": 70})
    found = await find_link(parts, CALL_ID, by="ann")
    assert (found.why, found.retry_after_seconds) == (Absence.UNAVAILABLE, 70)
    twin.http.post("/_twin/reset")
    assert (await find_link(parts, CALL_ID, by="ann")).why is Absence.GONE, "DialNexa knows no such call"
    twin.place(id=CALL_ID, has_recording=False)
    assert (await find_link(parts, CALL_ID, by="ann")).why is Absence.GONE
    assert [data["outcome"] for _, _, data in await events(parts)] == ["no_key", "unavailable", "gone", "gone"]


@pytest.mark.parametrize("vault", [Vault(), Vault([KEY])], ids=["plain", "sealed"])
@pytest.mark.parametrize("damage", ["changed", "cut", "removed"])
async def test_a_copy_that_is_not_what_was_kept_is_given_to_nobody(parts, twin, folder, vault, damage):
    parts = replace(parts, vault=vault)
    await told(parts, told_link(twin))
    await run_due(parts)
    (file,) = folder.iterdir()
    content = bytearray(file.read_bytes())
    content[500_000] ^= 1
    if damage == "removed":
        file.unlink()
    else:
        file.write_bytes(content if damage == "changed" else file.read_bytes()[:-1])
    with pytest.raises(DamagedError):
        await open_kept(parts, CALL_ID, by="ann")
    assert (await events(parts))[-1] == ("call.recording_damaged", "ann", {"outcome": "refused"})


async def test_without_its_key_the_copy_is_refused_and_not_lost(parts, twin):
    await told(parts, told_link(twin))
    await run_due(parts)
    for vault in (Vault(), Vault([bytes([1]) * 32])):
        with pytest.raises(SettingError, match="HANDOFF_MASTER_KEY"):
            await open_kept(replace(parts, vault=vault), CALL_ID, by="ann")
    with pytest.raises(SettingError, match="HANDOFF_RECORDINGS_URL"):
        await open_kept(replace(parts, recording_storage=None), CALL_ID, by="ann")
    assert (await listen(parts))[1] == SAID


# --- deliveries under a key


def ended(transcript):
    call = {"id": CALL_ID, "status": "completed", "from_number": "12015550123", "transcript": transcript}
    return encode({"event_type": "call_ended", "payload": {"call": call}})


async def take_in(parts, body):
    sender = parts.senders["dialnexa"]
    assert await receive(parts, sender, sign(body, SECRET, "dialnexa"), body) is not None


async def test_a_delivery_that_no_key_opens_waits_and_is_neither_parked_nor_lost(parts):
    parts = replace(parts, recording_storage=None)
    await take_in(parts, ended("User: The blue parrot ate it."))
    for vault in (Vault(), Vault([bytes([1]) * 32])):
        with pytest.raises(SettingError, match="HANDOFF_MASTER_KEY"):
            await run_due(replace(parts, vault=vault), "understand", understand)
        async with parts.database.transaction() as conn:
            await conn.execute(update(jobs_table).values(status="waiting", leased_until=None))
            assert await list_deliveries(conn, parked_only=True, before_id=None, limit=5) == []
    await run_due(parts, "understand", understand)
    async with parts.database.transaction() as conn:
        assert (await get_call(conn, CALL_ID)).call.stage is CallStage.COMPLETED
        assert await find_transcript(conn, CALL_ID, vault=parts.vault) == (Turn("user", "The blue parrot ate it."),)


async def test_the_same_told_again_is_no_new_revision_and_more_of_it_is(parts):
    parts = replace(parts, recording_storage=None)
    for body in (ended("User: One."), ended("User: One.") + b" ", ended("User: One.\nAgent: Two.")):
        await take_in(parts, body)
        await run_due(parts, "understand", understand)
    async with parts.database.transaction() as conn:
        assert (await get_call(conn, CALL_ID)).revision == 2
        assert [turn.text for turn in await find_transcript(conn, CALL_ID, vault=parts.vault)] == ["One.", "Two."]
