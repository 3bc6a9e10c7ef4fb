"""DialNexa's recordings: a fresh link by the REST API, and the download of one, from no host but those we may trust.

A delivery is signed, but what it says is not asked for: its link is followed only to hosts that the settings name.
Where the API just sent us we go, as long as that is no address of our own network.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from app.adapters.http import Downloads, VendorHttp
from app.errors import DestinationMissingError, DestinationRefusedError, DestinationUnavailableError, SettingError
from app.ports.recordings import Download, RecordingLink

# Five hours of stereo MP3 at 128 kbit/s are 288 MB.
MOST_BYTES = 300_000_000
DOWNLOAD_SECONDS = 600.0
LONGEST_LINK = 4_000  # as of a delivery

# The first is what customers were seen to get; the others are of older documents.
_LINK_FIELDS = ("recording_sas_url", "recording_url", "recording")
_AUDIO = re.compile(r"(?:audio|video)/[a-z0-9][a-z0-9.+-]{0,60}", re.ASCII)
_ANY_MEDIA = "application/octet-stream"
_NAME = "the link to the recording"


class DialNexaRecordings:
    """Implements RecordingSource. Without `http` (no API key is set) no link is renewed."""

    def __init__(self, base_url: str, http: VendorHttp | None, *, hosts: Sequence[str] = ()) -> None:
        base = urlsplit(base_url)
        # A stand-in on this machine or in a test network; then its recordings lie there, too.
        self._is_sandbox = base.scheme == "http"
        self._hosts = (base.hostname or "", *hosts)
        self.http = http
        self._downloads = Downloads(most_bytes=MOST_BYTES, timeout_seconds=DOWNLOAD_SECONDS)

    async def renew_link(self, call_id: str) -> RecordingLink:
        if self.http is None:
            problem = "is not set, so that no link to a recording can be renewed"
            remedy = "Create a key in DialNexa under Workspace settings > Developer; it reads key_id:secret."
            raise SettingError("HANDOFF_DIALNEXA_API_KEY", problem, remedy)
        call = await self.http.get_json(f"/v1/calls/{quote(call_id, safe='')}")
        if not isinstance(call, dict) or call_id not in {call.get("id"), call.get("call_id")}:
            raise DestinationUnavailableError("dialnexa: GET /v1/calls answered with another call")
        link = next((found for name in _LINK_FIELDS if (found := _read_link(call.get(name)))), None)
        if link is None:
            raise DestinationMissingError("dialnexa has no recording of this call: none was made, or it is erased")
        return RecordingLink(link, is_from_api=True)

    @asynccontextmanager
    async def download(self, link: RecordingLink) -> AsyncIterator[Download]:
        await self._check(link)
        async with self._downloads.open(link.url, name=_NAME) as (media_type, pieces):
            yield Download(_media_type(media_type), pieces)

    async def close(self) -> None:
        await self._downloads.close()
        if self.http is not None:
            await self.http.close()

    async def _check(self, link: RecordingLink) -> None:
        """Raises DestinationRefusedError where the link may not be followed."""
        parts = _split(link.url)
        if parts is None or parts.hostname is None or parts.username or parts.password:
            raise DestinationRefusedError(f"{_NAME} is no plain web address")
        if parts.scheme != "https" and not (parts.scheme == "http" and self._is_sandbox):
            raise DestinationRefusedError(f"{_NAME} is not https")
        if any(_fits(parts.hostname, host) for host in self._hosts):
            return
        if not link.is_from_api:
            raise DestinationRefusedError(f"{_NAME} leads to a host that HANDOFF_RECORDING_HOSTS does not name")
        if not self._is_sandbox and not await _is_public(parts.hostname):
            raise DestinationRefusedError(f"{_NAME} leads into our own network")


def _read_link(value: Any) -> str | None:
    """A whole address: some deliveries carry a path, by which nobody finds anything."""
    text = value.strip() if isinstance(value, str) else ""
    parts = _split(text)
    return text if parts and parts.scheme in {"http", "https"} and parts.hostname else None


def _split(link: str) -> SplitResult | None:
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError:
        return None
    return parts if len(link) <= LONGEST_LINK and link.isascii() and link.isprintable() and " " not in link else None


def _fits(host: str, pattern: str) -> bool:
    host = host.casefold()
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


async def _is_public(host: str) -> bool:
    """Whether every address of the host is one of the internet's; the connection is made right after."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise DestinationUnavailableError(f"the host of {_NAME} has no address") from None
    return all(ip_address(address[4][0]).is_global for address in found)


def _media_type(sent: str) -> str:
    """It is given out again with the recording, so that nothing a browser would run gets through."""
    plain = sent.partition(";")[0].strip().casefold()
    return plain if _AUDIO.fullmatch(plain) else _ANY_MEDIA
