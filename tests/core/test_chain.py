"""The chain: what an entry's bytes are, and that every change to entries or seals is found and named."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chain import (
    GENESIS,
    Entry,
    Problem,
    ProblemKind,
    Seal,
    Verification,
    canonical_bytes,
    chain,
    entry_digest,
    link,
    storable,
    verify,
)

K = ProblemKind
AT = datetime(2026, 11, 22, 3, 4, 5, 678, tzinfo=UTC)
Sealed = list[tuple[Seal, Entry | None]]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=20,
)


def entry(number: int, **changes: Any) -> Entry:
    given = Entry(number, AT, "system:matcher", "call.matched", f"call-{number}", None, {"probability": 0.5})
    return replace(given, **changes)


def sealed(ids: Sequence[int] = range(1, 8)) -> Sealed:
    entries = [entry(number) for number in ids]
    return list(zip(chain(entries, after_position=0, after_digest=GENESIS), entries, strict=True))


def found(pairs: Sealed) -> list[tuple[ProblemKind, int]]:
    return [(problem.kind, problem.position) for problem in verify(pairs)]


def test_the_bytes_of_an_entry_are_fixed_for_ever():
    """An auditor's own program computes the same: changing this breaks every chain there is."""
    fixed = entry(
        7,
        at=datetime(2026, 11, 22, 5, 0, 0, 678, tzinfo=timezone(timedelta(hours=2))),
        action_id=UUID(int=1),
        data={"b": [1, True, None, "Zoë\n"], "a": {"z": 0.25, "y": -3}},
    )
    assert (
        canonical_bytes(fixed)
        == (
            '{"action_id":"00000000-0000-0000-0000-000000000001","actor":"system:matcher",'
            '"at":"2026-11-22T03:00:00.000678+00:00","call_id":"call-7",'
            '"data":{"a":{"y":-3,"z":0.25},"b":[1,true,null,"Zoë\\n"]},"event":"call.matched","id":7}'
        ).encode()
    )
    assert entry_digest(fixed) == sha256(b"handoff audit entry 1\n" + canonical_bytes(fixed)).digest()
    assert sha256(b"handoff audit genesis 1\n").digest() == GENESIS
    assert (
        link(GENESIS, 258, entry_digest(fixed))
        == sha256(
            b"handoff audit link 1\n" + GENESIS + b"\x00\x00\x00\x00\x00\x00\x01\x02" + entry_digest(fixed)
        ).digest()
    )


@pytest.mark.parametrize(
    "change",
    [
        {"id": 2},
        {"at": AT + timedelta(microseconds=1)},
        {"actor": "alice"},
        {"event": "call.unmatched"},
        {"call_id": None},
        {"call_id": "call-2"},
        {"action_id": UUID(int=1)},
        {"data": {"probability": 0.51}},
        {"data": {}},
    ],
    ids=str,
)
def test_every_part_of_an_entry_counts(change):
    assert entry_digest(entry(1)) != entry_digest(entry(1, **change))


def test_the_time_zone_an_entry_is_read_in_does_not_count():
    elsewhere = AT.astimezone(timezone(timedelta(hours=-5)))
    assert entry_digest(entry(1, at=elsewhere)) == entry_digest(entry(1))


def test_nothing_to_verify_yields_nothing():
    assert found([]) == []
    assert Verification().digest == GENESIS


def test_an_untouched_chain_has_no_problem_whatever_the_order_of_its_ids():
    assert found(sealed()) == []
    assert found(sealed([5, 3, 9, 1, 2, 10, 4])) == []


def test_a_chain_goes_on_where_it_ended():
    entries = [entry(number) for number in range(1, 8)]
    first = chain(entries[:3], after_position=0, after_digest=GENESIS)
    rest = chain(entries[3:], after_position=3, after_digest=first[-1].chain_digest)
    assert first + rest == [seal for seal, _ in sealed()]


def test_a_verification_ends_with_the_position_and_digest_that_vouch_for_all():
    verification = Verification()
    pairs = sealed()
    for pair in pairs:
        verification.check(*pair)
    assert (verification.position, verification.digest) == (7, pairs[-1][0].chain_digest)


@pytest.mark.parametrize("position", [1, 4, 7])
def test_a_changed_entry_is_named(position):
    pairs = sealed()
    seal, original = pairs[position - 1]
    assert original
    pairs[position - 1] = seal, replace(original, actor="alice")
    assert list(verify(pairs)) == [
        Problem(
            K.ENTRY_CHANGED, position, position, f"Entry {position}, at position {position}, is not what was sealed."
        )
    ]


@pytest.mark.parametrize("position", [1, 4, 7])
def test_a_deleted_entry_is_named(position):
    pairs = sealed()
    pairs[position - 1] = pairs[position - 1][0], None
    assert list(verify(pairs)) == [
        Problem(
            K.ENTRY_MISSING, position, position, f"Entry {position}, at position {position}, was sealed and is gone."
        )
    ]


@pytest.mark.parametrize("position", [1, 4, 7])
def test_a_changed_digest_of_an_entry_in_its_seal_is_named(position):
    pairs = sealed()
    pairs[position - 1] = replace(pairs[position - 1][0], entry_digest=bytes(32)), pairs[position - 1][1]
    assert found(pairs) == [(K.SEAL_CHANGED, position)]


@pytest.mark.parametrize("position", [1, 4, 7])
def test_a_changed_chain_digest_is_named_once(position):
    pairs = sealed()
    pairs[position - 1] = replace(pairs[position - 1][0], chain_digest=bytes(32)), pairs[position - 1][1]
    assert found(pairs) == [(K.CHAIN_BROKEN, position)]


def test_neighbouring_changed_chain_digests_are_each_named_once():
    pairs = sealed()
    for position in (3, 4, 5):
        pairs[position - 1] = (
            replace(pairs[position - 1][0], chain_digest=bytes([position] * 32)),
            pairs[position - 1][1],
        )
    assert found(pairs) == [(K.CHAIN_BROKEN, 3), (K.CHAIN_BROKEN, 4), (K.CHAIN_BROKEN, 5)]


def test_an_entry_changed_together_with_its_digest_breaks_the_chain_there():
    pairs = sealed()
    forged = entry(4, actor="alice")
    pairs[3] = replace(pairs[3][0], entry_digest=entry_digest(forged)), forged
    assert list(verify(pairs)) == [
        Problem(K.CHAIN_BROKEN, 4, 4, "Entry 4, at position 4, has a seal that does not follow from the one before it.")
    ]


def test_a_chain_written_anew_from_a_position_on_breaks_there_only():
    pairs = sealed()
    forged = [entry(4, actor="alice"), *(entry(number) for number in range(5, 8))]
    pairs[3:] = zip(chain(forged, after_position=3, after_digest=bytes(32)), forged, strict=True)
    assert found(pairs) == [(K.CHAIN_BROKEN, 4)]


def test_a_chain_written_anew_from_the_start_can_only_be_told_by_a_digest_noted_elsewhere():
    forged = [entry(number, actor="alice" if number == 4 else "system:matcher") for number in range(1, 8)]
    pairs = list(zip(chain(forged, after_position=0, after_digest=GENESIS), forged, strict=True))
    assert found(pairs) == []
    assert pairs[-1][0].chain_digest != sealed()[-1][0].chain_digest


def test_missing_seals_are_named_with_their_positions():
    pairs = sealed()
    del pairs[5], pairs[1:3]
    assert [problem.says for problem in verify(pairs)] == ["Positions 2 to 3 are missing.", "Position 6 is missing."]
    assert found(pairs) == [(K.SEAL_MISSING, 2), (K.SEAL_MISSING, 6)]


def test_missing_first_seals_are_named():
    assert [problem.says for problem in verify(sealed()[2:])] == ["Positions 1 to 2 are missing."]


def test_missing_last_seals_cannot_be_seen_in_the_chain_itself():
    assert found(sealed()[:-2]) == []


def test_an_entry_sealed_twice_is_named():
    entries = [entry(1), entry(2), entry(1), entry(3)]
    pairs = list(zip(chain(entries, after_position=0, after_digest=GENESIS), entries, strict=True))
    assert found(pairs) == [(K.ENTRY_SEALED_TWICE, 3)]


def test_two_entries_that_changed_places_are_both_named():
    pairs = sealed()
    (second, entry_2), (fifth, entry_5) = pairs[1], pairs[4]
    assert entry_2
    assert entry_5
    pairs[1], pairs[4] = (second, replace(entry_5, id=2)), (fifth, replace(entry_2, id=5))
    assert found(pairs) == [(K.ENTRY_CHANGED, 2), (K.ENTRY_CHANGED, 5)]


def test_two_seals_that_changed_their_entries_are_both_named():
    pairs = sealed()
    (second, entry_2), (fifth, entry_5) = pairs[1], pairs[4]
    pairs[1], pairs[4] = (replace(second, entry_id=5), entry_5), (replace(fifth, entry_id=2), entry_2)
    assert found(pairs) == [(K.ENTRY_CHANGED, 2), (K.ENTRY_CHANGED, 5)]


def test_two_seals_that_changed_places_are_named():
    pairs = sealed()
    pairs[2], pairs[3] = (
        (replace(pairs[3][0], position=3), pairs[3][1]),
        (replace(pairs[2][0], position=4), pairs[2][1]),
    )
    assert [position for _, position in found(pairs)] == [3, 4, 5]  # 5 followed the digest that stands at 3 now


def test_a_position_taken_twice_is_named():
    pairs = sealed()
    pairs.insert(3, (replace(pairs[2][0], entry_id=99), entry(99)))
    kinds = [kind for kind, position in found(pairs) if position == 3]
    assert K.CHAIN_BROKEN in kinds


def test_many_problems_are_all_named():
    pairs = sealed(range(1, 21))
    pairs[2] = pairs[2][0], None
    pairs[4] = pairs[4][0], entry(5, actor="alice")
    pairs[11] = replace(pairs[11][0], chain_digest=bytes(32)), pairs[11][1]
    pairs[18] = pairs[18][0], entry(19, data={})
    del pairs[7]
    assert found(pairs) == [
        (K.ENTRY_MISSING, 3),
        (K.ENTRY_CHANGED, 5),
        (K.SEAL_MISSING, 8),
        (K.CHAIN_BROKEN, 12),
        (K.ENTRY_CHANGED, 19),
    ]


@given(ids=st.lists(st.integers(1, 40), max_size=60))
def test_an_id_counts_as_sealed_twice_exactly_when_it_is(ids):
    entries = [entry(number) for number in ids]
    pairs = zip(chain(entries, after_position=0, after_digest=GENESIS), entries, strict=True)
    twice = [position for position, number in enumerate(ids, 1) if number in ids[: position - 1]]
    assert [problem.position for problem in verify(pairs) if problem.kind is K.ENTRY_SEALED_TWICE] == twice


@given(data=JSON)
def test_what_was_made_storable_stays_as_it_is_and_survives_json(data):
    once = storable(data)
    assert storable(once) == once
    assert storable(json.loads(json.dumps(once))) == once


class Word(StrEnum):
    CANCEL = "cancel"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Word.CANCEL, "cancel"),
        (("a", {"b": (1,)}), ["a", {"b": [1]}]),
        (0.1234567, 0.123457),
        (-0.0, 0),
        (3.0, 3),
        (1e22, 10**22),
        ("NUL \x00, half a pair \ud83d", "NUL \ufffd, half a pair \ufffd"),
        ({"\x00": 1}, {"\ufffd": 1}),
        (True, True),
    ],
    ids=repr,
)
def test_values_are_stored_so_that_they_come_back_the_same(value, stored):
    assert storable(value) == stored
    assert type(storable(value)) is type(stored)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), Decimal(1), AT, b"bytes", {1: "one"}, {"a": [object()]}],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        storable(value)
