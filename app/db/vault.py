"""Encryption at rest: what is sealed here is read only with a master key, and only in the row it was sealed for.

AES-256-GCM with a random nonce. What it belongs to is authenticated with it, so that neither a changed byte nor a
ciphertext moved from another row opens. The first key seals and every key opens, so that keys can be changed.
"""

import hashlib
import json
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import DamagedError, SettingError

MASTER_KEY = "HANDOFF_MASTER_KEY"
KEY_BYTES = 32

# No JSON begins with a zero byte, so a body as it came is told from a sealed one; the last byte is the form.
_MARK = b"\x00hv"
_SEALED = _MARK + b"\x01"
_AS_IT_CAME = _MARK + b"\x00"  # before plain bytes that begin like something sealed
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12  # random: for one key good for 2^32 sealings, by NIST SP 800-38D
_TAG_BYTES = 16
OVERHEAD_BYTES = len(_SEALED) + _KEY_ID_BYTES + _NONCE_BYTES + _TAG_BYTES


class Vault:
    """Seals and opens. Without any key nothing is sealed, and what was never sealed is opened by every vault."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._ciphers = {_id_of(key): AESGCM(key) for key in keys}
        self._sealing_id = next(iter(self._ciphers), None)

    @property
    def key_id(self) -> str | None:
        """Of the key that seals; None where nothing is sealed."""
        return None if self._sealing_id is None else self._sealing_id.hex()

    @property
    def key_ids(self) -> tuple[str, ...]:
        return tuple(key_id.hex() for key_id in self._ciphers)

    def seal(self, plain: bytes, *belongs_to: str | int | None) -> bytes:
        """`belongs_to` is what the row is known by; only with the same words can it be opened."""
        if self._sealing_id is None:
            return _AS_IT_CAME + plain if plain.startswith(_MARK) else plain
        header, nonce = _SEALED + self._sealing_id, os.urandom(_NONCE_BYTES)
        return header + nonce + self._ciphers[self._sealing_id].encrypt(nonce, plain, _bind(header, belongs_to))

    def seals_so(self, stored: bytes) -> bool:
        """Whether it was sealed with the key that seals now."""
        return self._sealing_id is not None and stored.startswith(_SEALED + self._sealing_id)

    def open(self, stored: bytes, *belongs_to: str | int | None) -> bytes:
        """Raises SettingError where the key is missing, DamagedError where the bytes are not what was sealed here."""
        if not stored.startswith(_SEALED):
            return stored.removeprefix(_AS_IT_CAME)
        start = len(_SEALED) + _KEY_ID_BYTES
        header, nonce, sealed = stored[:start], stored[start : start + _NONCE_BYTES], stored[start + _NONCE_BYTES :]
        cipher = self._ciphers.get(header[len(_SEALED) :])
        if cipher is None:
            raise key_missing(header[len(_SEALED) :].hex(), is_any_set=bool(self._ciphers))
        try:
            return cipher.decrypt(nonce, sealed, _bind(header, belongs_to))
        except (InvalidTag, ValueError):
            raise DamagedError(f"{belongs_to[0]} was changed after it was sealed, or moved from elsewhere") from None


def is_sealed(stored: bytes) -> bool:
    return stored.startswith(_SEALED)


def key_missing(key_id: str, *, is_any_set: bool) -> SettingError:
    problem = "lacks" if is_any_set else "is not set, but there is data sealed with"
    remedy = "Add that key at the end of the list; the first one seals, all of them open. What is sealed is kept."
    return SettingError(MASTER_KEY, f"{problem} the key of id {key_id}", remedy)


def _id_of(key: bytes) -> bytes:
    """Tells keys apart and nothing about them."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return hashlib.sha256(b"handoff master key\x00" + key).digest()[:_KEY_ID_BYTES]


def _bind(header: bytes, belongs_to: Sequence[str | int | None]) -> bytes:
    return header + json.dumps(belongs_to).encode()
