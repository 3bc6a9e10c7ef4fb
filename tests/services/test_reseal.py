"""Sealing anew: whatever was stored plain or under an older key opens with the new one alone, and nothing is lost."""

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from app.adapters.recordings import RecordingFiles
from app.core.calls import Call, CallStage, Turn
from app.db import evidence
from app.db.calls import save_call
from app.db.deliveries import get_delivery, store_delivery
from app.db.evidence import KeptFile, find_recording, find_transcript, save_transcript
from app.db.master_keys import note_keys
from app.db.sealed_pieces import seal_pieces
from app.db.tables import audit_entries, transcripts
from app.db.vault import Vault
from app.errors import DamagedError, SettingError
from app.ports.senders import Envelope
from app.services.recording_link import open_kept
from app.services.reseal import PAGE, reseal
from tests.walked_actions import parts_on

OLD, NEW = (bytes([number]) * 32 for number in (1, 2))
PLAIN, OLDER, BOTH, NEWER = Vault(), Vault([OLD]), Vault([NEW, OLD]), Vault([NEW])
SOUND = b"sound" * 1_000


@pytest.fixture
def parts(database, tmp_path):
    storage = RecordingFiles(f"file://{tmp_path}/recordings")
    return parts_on(database, vault=BOTH, recording_storage=storage)


async def store(parts, call_id, vault):
    """A delivery, what was said and the recording of one call, as they were kept when this vault was in use."""
    sealed = seal_pieces(vault, _pieces(), "recording", call_id)
    await parts.recording_storage.write(f"file_of_{call_id}", sealed)
    async with parts.database.transaction() as conn:
        await note_keys(conn, vault)
        await save_call(conn, Call(call_id, CallStage.COMPLETED), revision=1)
        await save_transcript(conn, call_id, (Turn("user", f"I am {call_id}."),), vault=vault)
        await evidence.await_recording(conn, call_id, at=parts.clock.now())
        await evidence.record_try(conn, call_id, file_name=f"file_of_{call_id}")
        file = KeptFile(hashlib.sha256(SOUND).digest(), len(SOUND), "audio/mpeg", vault.key_id)
        await evidence.mark_kept(conn, call_id, file, at=parts.clock.now())
        return await deliver(conn, call_id, vault)


async def deliver(conn, call_id, vault):
    envelope = Envelope("call_ended", call_id)
    body = call_id.encode()
    return await store_delivery(
        conn, sender="dialnexa", envelope=envelope, body=body, headers={}, signature_variant="nexa", vault=vault
    )


async def _pieces():
    yield SOUND


async def test_afterwards_the_new_key_opens_all_of_it_and_the_old_one_may_go(parts, tmp_path):
    ids = {call_id: await store(parts, call_id, vault) for call_id, vault in (("plain", PLAIN), ("older", OLDER))}
    ids["newer"] = await store(parts, "newer", BOTH)
    done = await reseal(parts)
    assert (done.deliveries, done.transcripts, done.recordings) == (2, 2, 2)
    assert done.keys_retired == (OLDER.key_id,)

    later = replace(parts, vault=NEWER)
    for call_id, delivery_id in ids.items():
        async with parts.database.transaction() as conn:
            assert (await get_delivery(conn, delivery_id, vault=NEWER)).body == call_id.encode()
            assert [turn.text for turn in await find_transcript(conn, call_id, vault=NEWER)] == [f"I am {call_id}."]
        _, pieces = await open_kept(later, call_id, by="ann")
        assert b"".join([piece async for piece in pieces]) == SOUND
    assert len(list((tmp_path / "recordings").iterdir())) == 3, "the files from before are gone"
    async with parts.database.transaction() as conn:
        await note_keys(conn, NEWER)
        written = select(audit_entries.c.event, audit_entries.c.data).where(audit_entries.c.event.like("%resealed"))
        events = [(row.event, row.data) for row in await conn.execute(written.order_by(audit_entries.c.id))]
    assert [event for event, _ in events] == ["call.recording_resealed"] * 2 + ["evidence.resealed"]
    assert events[-1][1]["keys_retired"] == [OLDER.key_id]


async def test_once_more_changes_nothing(parts):
    await store(parts, "older", OLDER)
    await reseal(parts)
    done = await reseal(parts)
    assert (done.deliveries, done.transcripts, done.recordings, done.keys_retired) == (0, 0, 0, ())


async def test_more_than_a_page_is_sealed_to_the_last(parts):
    async with parts.database.transaction() as conn:
        for number in range(PAGE + 5):
            await deliver(conn, f"call_{number}", PLAIN)
    assert (await reseal(parts)).deliveries == PAGE + 5


async def test_without_a_key_nothing_can_be_sealed(parts):
    with pytest.raises(SettingError, match="HANDOFF_MASTER_KEY"):
        await reseal(replace(parts, vault=PLAIN))


@pytest.mark.parametrize("what", ["transcript", "recording", "key"])
async def test_what_does_not_open_is_kept_as_it_is_and_so_is_its_key(parts, tmp_path, what):
    await store(parts, "older", OLDER)
    file = tmp_path / "recordings/file_of_older"
    if what == "transcript":
        async with parts.database.transaction() as conn:
            moved = OLDER.seal(b"[]", "transcript", "another call")
            await conn.execute(update(transcripts).values(body=moved))
    elif what == "recording":
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises((DamagedError, SettingError)):
        await reseal(replace(parts, vault=NEWER) if what == "key" else parts)
    assert [each.name for each in file.parent.iterdir()] == ["file_of_older"]
    async with parts.database.transaction() as conn:
        assert (await find_recording(conn, "older")).file_name == "file_of_older"
        with pytest.raises(SettingError):
            await note_keys(conn, NEWER)
