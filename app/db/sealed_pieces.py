"""A long file sealed piece by piece, so that none is ever held whole: each piece knows its place and which is last."""

from collections.abc import AsyncIterator

from app.db.vault import OVERHEAD_BYTES, Vault, is_sealed
from app.errors import DamagedError

PIECE_BYTES = 1024 * 1024
_SEALED_BYTES = PIECE_BYTES + OVERHEAD_BYTES


async def seal_pieces(vault: Vault, plain: AsyncIterator[bytes], *belongs_to: str) -> AsyncIterator[bytes]:
    """In sealed pieces of one size, the last one shorter or equal; as it comes where the vault has no key."""
    if vault.key_id is None:
        async for piece in plain:
            yield piece
        return
    place, buffer = 0, bytearray()
    async for piece in plain:
        buffer += piece
        while len(buffer) > PIECE_BYTES:  # one piece is held back: it may be the last
            yield vault.seal(bytes(buffer[:PIECE_BYTES]), *belongs_to, place, "more")
            del buffer[:PIECE_BYTES]
            place += 1
    yield vault.seal(bytes(buffer), *belongs_to, place, "last")


async def open_pieces(vault: Vault, sealed: AsyncIterator[bytes], *belongs_to: str) -> AsyncIterator[bytes]:
    """What `seal_pieces` of a vault with a key was given. Raises DamagedError where anything is changed or cut off."""
    place, buffer = 0, bytearray()
    async for piece in sealed:
        buffer += piece
        while len(buffer) > _SEALED_BYTES:
            yield _open(vault, bytes(buffer[:_SEALED_BYTES]), *belongs_to, place, "more")
            del buffer[:_SEALED_BYTES]
            place += 1
    yield _open(vault, bytes(buffer), *belongs_to, place, "last")


def _open(vault: Vault, piece: bytes, *belongs_to: str | int) -> bytes:
    """No plain piece passes for a sealed one."""
    if not is_sealed(piece):
        raise DamagedError(f"{belongs_to[0]} was sealed and is not any more, or was cut off")
    return vault.open(piece, *belongs_to)
