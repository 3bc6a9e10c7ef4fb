"""What is sealed is read only with a key, only where it was sealed, and only unchanged; without a key all stays plain."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.core.calls import Call, Turn
from app.db.calls import get_call, save_call
from app.db.deliveries import get_delivery, store_delivery
from app.db.evidence import find_transcript, save_transcript
from app.db.master_keys import note_keys
from app.db.sealed_pieces import PIECE_BYTES, open_pieces, seal_pieces
from app.db.tables import calls, deliveries, transcripts
from app.db.vault import OVERHEAD_BYTES, Vault, is_sealed
from app.errors import DamagedError, SettingError
from app.ports.senders import Envelope

OLD, NEW, OTHER = (bytes([number]) * 32 for number in (1, 2, 3))
PLAIN, SEALING = Vault(), Vault([OLD])
BODY = b'{"event_type": "call_ended", "says": "I would like to cancel the gift for Aunt Hedwig"}'
TURNS = (Turn("user", "My grandmother's blue parrot ate the voucher."), Turn("agent", "Oh.", 1.5, 2.0))

bodies = (
    st.binary() | st.binary().map(lambda tail: b"\x00hv\x01" + tail) | st.binary().map(lambda tail: b"\x00hv" + tail)
)
words = st.lists(st.none() | st.text(max_size=20), min_size=1, max_size=4)


@given(bodies, words)
def test_what_is_sealed_opens_as_it_was(body, identity):
    sealed = SEALING.seal(body, *identity)
    assert SEALING.open(sealed, *identity) == body
    assert len(sealed) == len(body) + OVERHEAD_BYTES
    assert is_sealed(sealed)


@given(bodies)
def test_without_a_key_it_is_stored_as_it_comes_and_opened_by_every_vault(body):
    stored = PLAIN.seal(body, "x")
    assert stored == body or body.startswith(b"\x00hv")
    assert PLAIN.open(stored, "x") == body
    assert SEALING.open(stored, "anything") == body
    assert not is_sealed(stored)


def test_the_same_twice_is_not_the_same_ciphertext():
    assert SEALING.seal(BODY, "x") != SEALING.seal(BODY, "x")


@given(bodies, words, words)
def test_nothing_opens_in_another_row(body, identity, other):
    sealed = SEALING.seal(body, *identity)
    if identity != other:
        with pytest.raises(DamagedError):
            SEALING.open(sealed, *other)


@given(st.data())
def test_no_changed_byte_opens(data):
    sealed = bytearray(SEALING.seal(BODY, "x"))
    place = data.draw(st.integers(12, len(sealed) - 1))  # behind the mark and the key's id
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedError) as raised:
        SEALING.open(bytes(sealed), "x")
    assert "Hedwig" not in str(raised.value)


@pytest.mark.parametrize("length", [4, 12, 13, 24, 39, 60])
def test_what_was_cut_off_does_not_open(length):
    with pytest.raises((DamagedError, SettingError)):
        SEALING.open(SEALING.seal(BODY, "x")[:length], "x")


def test_the_first_key_seals_and_each_opens_what_it_sealed():
    both = Vault([NEW, OLD])
    assert both.open(SEALING.seal(BODY, "x"), "x") == BODY
    assert Vault([NEW]).open(both.seal(BODY, "x"), "x") == BODY
    assert both.key_id == Vault([NEW]).key_id != SEALING.key_id


def test_a_missing_key_is_named_with_its_setting_and_its_remedy():
    sealed = SEALING.seal(BODY, "x")
    for vault, problem in ((PLAIN, "is not set"), (Vault([NEW]), "lacks")):
        with pytest.raises(SettingError, match=problem) as raised:
            vault.open(sealed, "x")
        assert raised.value.name == "HANDOFF_MASTER_KEY"
        assert str(SEALING.key_id) in str(raised.value)
        assert "Add that key" in raised.value.remedy


# --- deliveries


async def store(database, vault, body=BODY, subject="call_1"):
    async with database.transaction() as conn:
        return await store_delivery(
            conn,
            sender="dialnexa",
            envelope=Envelope("call_ended", subject),
            body=body,
            headers={},
            signature_variant="dialnexa",
            vault=vault,
        )


async def read(database, delivery_id, vault):
    async with database.transaction() as conn:
        return (await get_delivery(conn, delivery_id, vault=vault)).body


async def test_a_delivery_is_stored_once_whatever_it_was_sealed_with(database):
    first = await store(database, SEALING)
    assert await store(database, SEALING) is None
    assert await store(database, Vault([NEW, OLD])) is None
    assert await store(database, PLAIN) is None
    assert await store(database, PLAIN, body=BODY + b" ") is not None
    assert await read(database, first, Vault([NEW, OLD])) == BODY


async def test_a_delivery_s_body_is_nowhere_to_be_read(database):
    delivery_id = await store(database, SEALING)
    async with database.transaction() as conn:
        row = (await conn.execute(select(deliveries).where(deliveries.c.id == delivery_id))).one()
    assert b"Hedwig" not in row.body
    assert row.body_sha256 == hashlib.sha256(BODY).digest()


async def test_deliveries_from_before_there_was_a_key_stay_readable(database):
    delivery_id = await store(database, PLAIN)
    for vault in (PLAIN, SEALING, Vault([NEW])):
        assert await read(database, delivery_id, vault) == BODY


async def test_a_body_that_was_moved_to_another_delivery_is_refused(database):
    mine, other = await store(database, SEALING), await store(database, SEALING, body=BODY + b"!", subject="call_2")
    async with database.transaction() as conn:
        body = await conn.scalar(select(deliveries.c.body).where(deliveries.c.id == other))
        await conn.execute(update(deliveries).where(deliveries.c.id == mine).values(body=body))
    with pytest.raises(DamagedError):
        await read(database, mine, SEALING)


async def test_a_plain_body_that_was_changed_is_refused(database):
    delivery_id = await store(database, PLAIN)
    async with database.transaction() as conn:
        await conn.execute(update(deliveries).values(body=BODY + b" "))
    with pytest.raises(DamagedError):
        await read(database, delivery_id, PLAIN)


async def test_a_wrong_key_loses_nothing(database):
    delivery_id = await store(database, SEALING)
    with pytest.raises(SettingError, match="HANDOFF_MASTER_KEY"):
        await read(database, delivery_id, Vault([OTHER]))
    assert await read(database, delivery_id, Vault([OTHER, OLD])) == BODY


# --- transcripts


async def keep(database, call_id, turns, vault):
    async with database.transaction() as conn:
        call = Call(call_id, transcript=turns)
        await save_call(conn, call, revision=1)
        await save_transcript(conn, call_id, turns, vault=vault)


async def said_in(database, call_id, vault):
    async with database.transaction() as conn:
        return await find_transcript(conn, call_id, vault=vault)


@pytest.mark.parametrize("vault", [PLAIN, SEALING], ids=["plain", "sealed"])
async def test_a_transcript_is_kept_apart_from_the_facts_of_its_call(database, vault):
    await keep(database, "call_1", TURNS, vault)
    async with database.transaction() as conn:
        assert "parrot" not in str(await conn.scalar(select(calls.c.facts)))
        assert (b"parrot" in (await conn.scalar(select(transcripts.c.body)))) == (vault is PLAIN)
        assert (await get_call(conn, "call_1")).call == Call("call_1")
    assert await said_in(database, "call_1", Vault([NEW, OLD])) == TURNS


async def test_a_transcript_told_again_takes_the_place_of_the_one_before(database):
    await keep(database, "call_1", TURNS, PLAIN)
    async with database.transaction() as conn:
        await save_transcript(conn, "call_1", TURNS[:1], vault=SEALING)
        await save_transcript(conn, "call_1", (), vault=SEALING)
    assert await said_in(database, "call_1", SEALING) == TURNS[:1]


async def test_a_call_of_which_nothing_was_told_has_no_transcript(database):
    await keep(database, "call_1", (), SEALING)
    assert await said_in(database, "call_1", SEALING) == ()
    assert await said_in(database, "call_unknown", SEALING) == ()


async def test_one_call_s_transcript_is_not_read_as_another_s(database):
    await keep(database, "call_1", TURNS, SEALING)
    await keep(database, "call_2", TURNS[:1], SEALING)
    async with database.transaction() as conn:
        body = await conn.scalar(select(transcripts.c.body).where(transcripts.c.call_id == "call_1"))
        await conn.execute(update(transcripts).where(transcripts.c.call_id == "call_2").values(body=body))
    with pytest.raises(DamagedError):
        await said_in(database, "call_2", SEALING)


# --- keys


async def note(database, *keys):
    async with database.transaction() as conn:
        await note_keys(conn, Vault(keys))


async def test_a_key_that_was_ever_used_may_not_be_left_out(database):
    await note(database)
    await note(database, OLD)
    await note(database, NEW, OLD)
    for keys in ((), (NEW,), (OLD,), (OTHER,), (OTHER, NEW)):
        with pytest.raises(SettingError, match="HANDOFF_MASTER_KEY"):
            await note(database, *keys)
    await note(database, OTHER, OLD, NEW)


async def test_a_key_that_was_refused_is_not_noted(database):
    await note(database, OLD)
    with pytest.raises(SettingError):
        await note(database, OTHER)
    await note(database, OLD)


# --- long files


async def in_pieces(content, size):
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def all_of(pieces):
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("length", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
@pytest.mark.parametrize("size", [70_000, 5 * PIECE_BYTES])
async def test_a_long_file_is_opened_whole_however_it_was_cut(length, size):
    content = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    sealed = await all_of(seal_pieces(SEALING, in_pieces(content, size), "recording", "call_1"))
    assert await all_of(open_pieces(SEALING, in_pieces(sealed, size), "recording", "call_1")) == content


async def test_a_long_file_that_was_cut_off_or_shuffled_is_refused():
    content = b"a" * PIECE_BYTES + b"b" * PIECE_BYTES + b"c"
    sealed = await all_of(seal_pieces(SEALING, in_pieces(content, 9_999), "recording", "call_1"))
    step = PIECE_BYTES + OVERHEAD_BYTES
    one, two, three = sealed[:step], sealed[step : 2 * step], sealed[2 * step :]
    for changed in (one, one + two, two + one + three, one + three, sealed + three, b"", one + b"plain"):
        with pytest.raises((DamagedError, SettingError)):
            await all_of(open_pieces(SEALING, in_pieces(changed, 9_999), "recording", "call_1"))
    with pytest.raises(DamagedError):
        await all_of(open_pieces(SEALING, in_pieces(sealed, 9_999), "recording", "call_2"))
