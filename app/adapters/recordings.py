"""Where recordings are kept: a folder or a bucket, by the URL that fsspec knows it by. The only file that uses fsspec.

It blocks, so each step runs in a thread. What is written is whole or is removed; names are given by who writes.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from app.errors import DestinationError, DestinationMissingError, DestinationUnavailableError, SettingError

SETTING = "HANDOFF_RECORDINGS_URL"
READ_BYTES = 1024 * 1024
LOCAL = frozenset({"file", "local"})
# Read-only, or gone with the process: what is kept there is not kept.
UNFIT = frozenset({"http", "https", "memory", "data", "github", "git", "zip", "tar"})
Result = TypeVar("Result")


class RecordingFiles:
    """Implements RecordingStorage."""

    def __init__(self, url: str) -> None:
        """Raises SettingError where the URL leads nowhere, or a folder cannot be made."""
        scheme = urlsplit(url).scheme
        if scheme in UNFIT:
            raise SettingError(SETTING, f"is a {scheme} URL", "Recordings are kept in a folder (file://) or a bucket.")
        self._is_local = scheme in LOCAL
        self._files, self._root = _connect(url, scheme)
        if self._is_local:
            _make_folder(self._files, self._root)

    async def write(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        path = self._path(name)
        try:
            file = await _put(self._files.open, path, "wb")
            try:
                async for piece in pieces:
                    await _put(file.write, piece)
                if self._is_local:
                    await _put(_to_disk, file)
            finally:
                await _put(file.close)
        except BaseException:
            # Also when the process is told to stop: half a recording would look like one.
            with suppress(DestinationError):
                await asyncio.shield(self.delete(name))
            raise

    async def read(self, name: str) -> AsyncIterator[bytes]:
        file = await _ask(self._files.open, self._path(name), "rb")
        try:
            while piece := await _ask(file.read, READ_BYTES):
                yield piece
        finally:
            await _ask(file.close)

    async def delete(self, name: str) -> None:
        try:
            await _ask(self._files.rm_file, self._path(name))
        except DestinationMissingError:
            return

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _connect(url: str, scheme: str) -> tuple[Any, str]:
    # A deployment that keeps no recordings loads nothing of it, nor what it needs for a bucket.
    from fsspec.core import url_to_fs  # noqa: PLC0415 (for the reason above)

    try:
        files, root = url_to_fs(url)
    except ImportError:
        remedy = f"Install what fsspec needs for {scheme}://; for s3:// that is: pip install 'handoff[s3]'"
        raise SettingError(SETTING, "names a kind of storage that is not installed", remedy) from None
    except ValueError:
        raise SettingError(SETTING, "is no URL of a storage that fsspec knows", "Give e.g. file:///srv/rec.") from None
    return files, str(root).rstrip("/")


def _make_folder(files: Any, root: str) -> None:
    try:
        files.makedirs(root, exist_ok=True)
    except OSError as error:
        raise SettingError(SETTING, f"cannot be used ({error.strerror})", "Give a folder we may write to.") from None
    if not os.access(root, os.W_OK):
        raise SettingError(SETTING, "is a folder we may not write to", "Give another, or its rights to our user.")


def _to_disk(file: Any) -> None:
    """Else a recording that the database calls kept could be gone when the power is."""
    file.flush()
    os.fsync(file.fileno())


async def _put(step: Callable[..., Result], *arguments: Any) -> Result:
    """A step that makes a file: what it does not find is the folder or the bucket."""
    try:
        return await _ask(step, *arguments)
    except DestinationMissingError:
        raise DestinationUnavailableError("the storage of recordings is not there") from None


async def _ask(step: Callable[..., Result], *arguments: Any) -> Result:
    """One step of the storage. Each kind has errors of its own; their texts may show keys."""
    try:
        return await asyncio.to_thread(step, *arguments)
    except FileNotFoundError:
        raise DestinationMissingError("the storage of recordings has no such file") from None
    except DestinationError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever a storage raises: the recording was not stored)
        raise DestinationUnavailableError(f"the storage of recordings failed: {type(error).__name__}") from None
