"""The audit chain: what an entry's bytes are, how seals tie them together, and how to find what was changed since.

Each seal's chain digest covers its position, its entry's digest and the chain digest before it. Whoever knows the
latest chain digest from elsewhere can tell that nothing up to it was changed, left out or put in.
"""

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

# Each digest says what it is of, so that the bytes of one kind can never pass for another.
_ENTRY = b"handoff audit entry 1\n"
_LINK = b"handoff audit link 1\n"
GENESIS = sha256(b"handoff audit genesis 1\n").digest()

# Postgres stores neither in text or jsonb: NUL, and halves of UTF-16 pairs that JSON can carry alone.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
FLOAT_PLACES = 6

_CANONICAL_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    at: datetime
    actor: str
    event: str
    call_id: str | None
    action_id: UUID | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seal:
    position: int
    entry_id: int
    entry_digest: bytes
    chain_digest: bytes


class ProblemKind(StrEnum):
    ENTRY_CHANGED = "entry_changed"
    ENTRY_MISSING = "entry_missing"
    ENTRY_SEALED_TWICE = "entry_sealed_twice"
    SEAL_CHANGED = "seal_changed"
    SEAL_MISSING = "seal_missing"
    CHAIN_BROKEN = "chain_broken"


@dataclass(frozen=True, slots=True)
class Problem:
    kind: ProblemKind
    position: int
    entry_id: int | None
    says: str


def storable(value: Any) -> Any:
    """The value as jsonb gives it back, so that an entry's bytes are the same before and after it was stored."""
    match value:
        case None | bool():
            return value
        case str():
            return storable_text(value)
        case int():
            return int(value)
        case float() if math.isfinite(value):
            rounded = round(value, FLOAT_PLACES)
            # jsonb knows no exponents: 1e22 would come back as an integer, and -0.0 as 0.
            return int(rounded) if rounded.is_integer() else rounded
        case Mapping():
            return {_key(key): storable(item) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [storable(item) for item in value]
        case float():
            raise ValueError("the audit cannot hold a number that is not finite")
        case _:
            raise TypeError(f"the audit cannot hold a {type(value).__name__}: make it text or a number first")


def storable_text(value: str) -> str:
    """The text with what Postgres cannot store replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", str.__str__(value))


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the audit cannot hold a {type(key).__name__} as a name")
    return storable_text(key)


def canonical_bytes(entry: Entry) -> bytes:
    """JSON in UTF-8: names in order of code points, no spaces, nothing escaped that need not be, the time in UTC."""
    content = {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "event": entry.event,
        "call_id": entry.call_id,
        "action_id": None if entry.action_id is None else str(entry.action_id),
        "data": entry.data,
    }
    return _CANONICAL_JSON.encode(content).encode()


def entry_digest(entry: Entry) -> bytes:
    return sha256(_ENTRY + canonical_bytes(entry)).digest()


def link(previous: bytes, position: int, digest: bytes) -> bytes:
    """The chain digest of the seal at `position`; `previous` is that of the one before, GENESIS for the first."""
    return sha256(_LINK + previous + position.to_bytes(8) + digest).digest()


def chain(entries: Iterable[Entry], *, after_position: int, after_digest: bytes) -> list[Seal]:
    """Seals for the entries, going on from where the chain ends."""
    seals = []
    previous = after_digest
    for position, entry in enumerate(entries, after_position + 1):
        digest = entry_digest(entry)
        previous = link(previous, position, digest)
        seals.append(Seal(position, entry.id, digest, previous))
    return seals


class Verification:
    """Checks seals in the order of their positions, each with its entry (None where that is gone), in bounded memory.

    It goes on after a problem, so that all are named, and names each once: behind a seal that does not follow, the
    next may follow from it (all was sealed anew from there on) or from what it should have been (it alone was changed).
    """

    def __init__(self) -> None:
        self.position = 0
        self.digest = GENESIS
        self._should_be: bytes | None = None
        self._sealed = _Ids()

    def check(self, seal: Seal, entry: Entry | None) -> list[Problem]:
        digest = None if entry is None else entry_digest(entry)
        link_problem = self._check_link(seal, digest)
        found = [] if link_problem is None else [link_problem]
        if not self._sealed.add(seal.entry_id):
            found.append(_problem(ProblemKind.ENTRY_SEALED_TWICE, seal, "was sealed at an earlier position already"))
        if digest is None:
            found.append(_problem(ProblemKind.ENTRY_MISSING, seal, "was sealed and is gone"))
        elif digest != seal.entry_digest and not (link_problem and link_problem.kind is ProblemKind.SEAL_CHANGED):
            found.append(_problem(ProblemKind.ENTRY_CHANGED, seal, "is not what was sealed"))
        return found

    def _check_link(self, seal: Seal, digest: bytes | None) -> Problem | None:
        befores = [self.digest] if self._should_be is None else [self.digest, self._should_be]
        expected, self.position = self.position + 1, seal.position
        self.digest, self._should_be = seal.chain_digest, None
        if seal.position != expected:
            return _gap(expected, seal)  # nothing can be said of the link, because what it follows is unknown
        if _follows(seal, seal.entry_digest, befores):
            return None
        if digest is not None and _follows(seal, digest, befores):
            return _problem(
                ProblemKind.SEAL_CHANGED, seal, "is as it was sealed, but its digest in the seal was changed"
            )
        self._should_be = link(befores[-1], seal.position, seal.entry_digest)
        return _problem(ProblemKind.CHAIN_BROKEN, seal, "has a seal that does not follow from the one before it")


def verify(sealed: Iterable[tuple[Seal, Entry | None]]) -> Iterator[Problem]:
    """All problems of a whole chain, in order."""
    verification = Verification()
    for stored_seal, entry in sealed:
        yield from verification.check(stored_seal, entry)


def _follows(seal: Seal, digest: bytes, befores: Iterable[bytes]) -> bool:
    return any(seal.chain_digest == link(before, seal.position, digest) for before in befores)


def _problem(kind: ProblemKind, seal: Seal, what: str) -> Problem:
    return Problem(kind, seal.position, seal.entry_id, f"Entry {seal.entry_id}, at position {seal.position}, {what}.")


def _gap(expected: int, seal: Seal) -> Problem:
    if seal.position < expected:
        return _problem(ProblemKind.CHAIN_BROKEN, seal, "has a position that was taken already")
    missing = (
        f"Position {expected} is"
        if seal.position == expected + 1
        else f"Positions {expected} to {seal.position - 1} are"
    )
    return Problem(ProblemKind.SEAL_MISSING, expected, None, f"{missing} missing.")


class _Ids:
    """A set of ids as runs of neighbours: it grows with the gaps between them, not with their number."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def add(self, number: int) -> bool:
        """False when it is there already."""
        run = bisect_right(self._firsts, number) - 1  # the last run that begins at or before it
        if run >= 0 and number <= self._lasts[run]:
            return False
        touches_next = run + 1 < len(self._firsts) and self._firsts[run + 1] == number + 1
        if run >= 0 and self._lasts[run] == number - 1:
            self._lasts[run] = self._lasts.pop(run + 1) if touches_next else number
            if touches_next:
                del self._firsts[run + 1]
        elif touches_next:
            self._firsts[run + 1] = number
        else:
            self._firsts.insert(run + 1, number)
            self._lasts.insert(run + 1, number)
        return True
