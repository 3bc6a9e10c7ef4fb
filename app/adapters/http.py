"""HTTP to vendors: the only file that knows httpx, and the one place where its failures become DestinationErrors.

A read may be tried again in here. A write is sent once, over a connection of its own, and whatever leaves a doubt
whether it happened is a DestinationUnknownError.
"""

import asyncio
import json
import logging
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import httpx
import stamina

from app.errors import (
    DestinationError,
    DestinationMissingError,
    DestinationPausedError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
    SettingError,
)
from app.ports.limits import Limits, NoLimits

# httpx writes whole addresses at INFO, and a query may name a person; httpcore writes headers at DEBUG.
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

# Waiting for the pool, the TCP handshake and the TLS handshake may each take this part of the time. Together they end
# before the whole does, so that "nothing was sent yet" always shows as an error of its own.
CONNECT_SHARE = 0.3
READ_TRIES = 3
LONGEST_WAIT_SECONDS = 2.0  # a vendor that asks for more is left to the jobs table, which holds no worker meanwhile

# Raised before the first byte of a request leaves: nothing can have happened.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
# OSError: asyncio.timeout raises TimeoutError, and a broken TLS record can pass httpcore as ssl.SSLError.
TRANSPORT_ERRORS = (httpx.HTTPError, OSError)

PATH = re.compile(r"(?:/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)+/?")
LONGEST_SENTENCE = 200
PERSONAL = (
    (re.compile(r"\S*@\S*"), "[e-mail]"),
    (re.compile(r"\S*(?:://|www\.|\.\w{2,}/)\S*"), "[link]"),
    (re.compile(r"\+?\d[\d\s().-]{4,}\d"), "[number]"),
)


# Its own log lines quote a stranger's error texts; what matters of a retry is in the error it ends with.
stamina.instrumentation.set_on_retry_hooks([])


@cache
def trusted_roots() -> ssl.SSLContext:
    """Of all clients of the process: to read them takes longer than the handshake they are for."""
    return httpx.create_ssl_context()


class VendorHttp:
    """JSON to and from one vendor. `timeout_seconds` bounds a whole try, `name` is the vendor's word in error texts."""

    def __init__(self, base_url: str, *, name: str, headers: Mapping[str, str], timeout_seconds: float = 10.0) -> None:
        self._name = name
        self.limits: Limits = NoLimits()  # what is shared with other processes is known only once a database is open
        self._base_url = _checked_base_url(base_url, name)
        self._timeout_seconds = timeout_seconds
        _check_headers(headers, name)
        share = timeout_seconds * CONNECT_SHARE
        timeout = httpx.Timeout(timeout_seconds, connect=share, pool=share)
        self._reader = httpx.AsyncClient(headers=headers, timeout=timeout, verify=trusted_roots())
        # A connection kept from before may be closed under a write, which then looks as if it might have arrived.
        fresh = httpx.Limits(max_keepalive_connections=0)
        self._writer = httpx.AsyncClient(headers=headers, timeout=timeout, verify=trusted_roots(), limits=fresh)
        # No try starts after `timeout_seconds`: a read takes at most twice that and the longest wait.
        self._tries = stamina.AsyncRetryingCaller(
            attempts=READ_TRIES, timeout=timeout_seconds, wait_initial=0.1, wait_max=1.0, wait_jitter=0.2
        ).on(_wait_before_next_try)

    async def get_json(self, path: str, *, params: Mapping[str, str | int] | None = None) -> Any:
        """The answer's JSON. Raises DestinationMissingError, DestinationRefusedError or DestinationUnavailableError."""
        return await self._tries(self._read_once, path, params)

    async def post_json(self, path: str, body: object | None = None, *, idempotency_key: str) -> Any:
        """The answer's JSON, None for a 204. Sent once. Any DestinationError may come; after an unknown one, read."""
        return await self._write("POST", path, body, idempotency_key)

    async def delete(self, path: str, *, idempotency_key: str) -> None:
        """As `post_json`."""
        await self._write("DELETE", path, None, idempotency_key)

    async def _write(self, method: str, path: str, body: object | None, idempotency_key: str) -> Any:
        call = f"{self._name}: {method} {path}"
        request = self._writer.build_request(
            method,
            self._address(path),
            content=None if body is None else json.dumps(body, allow_nan=False).encode(),
            headers={"Idempotency-Key": quote(idempotency_key, safe=":")}
            | ({} if body is None else {"Content-Type": "application/json"}),
        )
        async with self.limits.request(self._name, is_write=True):
            try:
                response = await self._send(self._writer, request)
            except NOT_SENT as error:
                raise DestinationUnavailableError(f"{call} was not sent: {type(error).__name__}") from None
            except TRANSPORT_ERRORS as error:
                raise DestinationUnknownError(f"{call} got no whole answer: {type(error).__name__}") from None
            return _written(call, response)

    async def read_clock(self, path: str, *, params: Mapping[str, str | int] | None = None) -> datetime | None:
        """The vendor's time, from the `Date` of an answer that `get_json` would take; None where it sends none."""
        return await self._tries(self._read_clock_once, path, params)

    async def close(self) -> None:
        await self._reader.aclose()
        await self._writer.aclose()

    async def _read_clock_once(self, path: str, params: Mapping[str, str | int] | None) -> datetime | None:
        async with self.limits.request(self._name, is_write=False):
            response = await self._get(path, params)
            _read(f"{self._name}: GET {path}", response)
            return _http_date(response.headers.get("Date", ""))

    async def _read_once(self, path: str, params: Mapping[str, str | int] | None) -> Any:
        async with self.limits.request(self._name, is_write=False):
            return _read(f"{self._name}: GET {path}", await self._get(path, params))

    async def _get(self, path: str, params: Mapping[str, str | int] | None) -> httpx.Response:
        request = self._reader.build_request("GET", self._address(path), params=params)
        try:
            return await self._send(self._reader, request)
        except TRANSPORT_ERRORS as error:
            call = f"{self._name}: GET {path}"
            raise DestinationUnavailableError(f"{call} got no whole answer: {type(error).__name__}") from None

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        # httpx bounds the time between two bytes, which a server that drips never exceeds.
        async with asyncio.timeout(self._timeout_seconds):
            return await client.send(request)

    def _address(self, path: str) -> str:
        """Base and path as one address; no path can lead away from the base."""
        if not PATH.fullmatch(path) or any(unquote(part) in {".", ".."} for part in path.split("/")):
            raise DestinationMissingError(f"{self._name} has no such route")
        return self._base_url + path


class HookHttp:
    """Posts to whole addresses that are secrets themselves: nothing raised or logged in here shows one."""

    def __init__(self, *, timeout_seconds: float = 10.0) -> None:
        self._timeout_seconds = timeout_seconds
        share = timeout_seconds * CONNECT_SHARE
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_seconds, connect=share, pool=share),
            limits=httpx.Limits(max_keepalive_connections=0),
            verify=trusted_roots(),
        )

    async def post(self, url: str, body: bytes, *, headers: Mapping[str, str], name: str) -> None:
        """Sent once; any 2xx is a yes. `name` stands for the address in error texts. Raises a DestinationError."""
        try:
            # What it says beside its status is not read: nobody needs it, and it may have no end.
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._client.stream("POST", url, content=body, headers=headers) as response,
            ):
                status, wait = response.status_code, _retry_after_seconds(response)
        except httpx.InvalidURL:
            raise DestinationRefusedError(f"{name} is not an address") from None
        except NOT_SENT as error:
            raise DestinationUnavailableError(f"{name} was not reached: {type(error).__name__}") from None
        except TRANSPORT_ERRORS as error:
            raise DestinationUnknownError(f"{name} gave no whole answer: {type(error).__name__}") from None
        if response.is_success:
            return
        if status in {408, 425, 429} or status >= 500:
            raise DestinationUnavailableError(f"{name} answered {status}", status_code=status, retry_after_seconds=wait)
        raise DestinationRefusedError(f"{name} answered {status}", status_code=status)

    async def reach(self, url: str, *, name: str) -> None:
        """Connect, with TLS where the address says so, and hang up. Raises DestinationUnavailableError."""
        parts = httpx.URL(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        tls = trusted_roots() if parts.scheme == "https" else None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                _, writer = await asyncio.open_connection(parts.host, port, ssl=tls)
                writer.close()
                await writer.wait_closed()
        except OSError as error:
            raise DestinationUnavailableError(f"{name} was not reached: {type(error).__name__}") from None

    async def close(self) -> None:
        await self._client.aclose()


class Downloads:
    """Fetches what a link leads to, piece by piece, never held whole. Links are secrets: no error text shows one.

    Nothing of ours is sent along, no redirect is followed, and a link is either alive or dead, whatever its host says.
    """

    def __init__(self, *, most_bytes: int, timeout_seconds: float) -> None:
        self._most_bytes = most_bytes
        self._timeout_seconds = timeout_seconds
        timeout = httpx.Timeout(30.0, connect=10.0)
        self._client = httpx.AsyncClient(
            timeout=timeout, headers={"Accept-Encoding": "identity"}, verify=trusted_roots()
        )

    @asynccontextmanager
    async def open(self, url: str, *, name: str) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """The media type and the pieces, in as many seconds as there are. `name` stands for the link in error texts."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._send(url, name)
                try:
                    yield response.headers.get("Content-Type", ""), self._pieces(response, name)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise DestinationUnavailableError(f"{name} took longer than {self._timeout_seconds:.0f} s") from None

    async def _send(self, url: str, name: str) -> httpx.Response:
        try:
            response = await self._client.send(self._client.build_request("GET", url), stream=True)
        except httpx.InvalidURL:
            raise DestinationRefusedError(f"{name} is not an address") from None
        except TRANSPORT_ERRORS as error:
            raise DestinationUnavailableError(f"{name} was not reached: {type(error).__name__}") from None
        if not response.is_success:
            await response.aclose()
            raise _no_download(name, response)
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._most_bytes:
            await response.aclose()
            raise self._too_large(name)
        return response

    async def _pieces(self, response: httpx.Response, name: str) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for piece in response.aiter_bytes():
                size += len(piece)
                if size > self._most_bytes:
                    raise self._too_large(name)
                yield piece
        except TRANSPORT_ERRORS as error:
            raise DestinationUnavailableError(f"{name} was cut off: {type(error).__name__}") from None

    def _too_large(self, name: str) -> DestinationRefusedError:
        return DestinationRefusedError(f"{name} leads to more than {self._most_bytes} bytes")

    async def close(self) -> None:
        await self._client.aclose()


def is_web_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host)


def _checked_base_url(base_url: str, name: str) -> str:
    setting, remedy = f"HANDOFF_{name.upper()}_BASE_URL", "Give it as https://host or https://host/prefix."
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        raise SettingError(setting, "is not an address", remedy) from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingError(setting, "is not an http or https address", remedy)
    if url.userinfo or url.query or url.fragment:
        raise SettingError(setting, "carries a user, a query or a fragment", remedy)
    return base_url.rstrip("/")


def _check_headers(headers: Mapping[str, str], name: str) -> None:
    """A key with a line break would otherwise be found only when it is sent, and be quoted in the error."""
    for value in headers.values():
        if not value.isascii() or not value.isprintable() or value != value.strip():
            problem = "is empty or holds a line break, an outer blank or a character that no HTTP header can carry"
            raise SettingError(f"HANDOFF_{name.upper()}_API_KEY", problem, "Copy the key again.")


def _wait_before_next_try(error: Exception) -> bool | float:
    """Whether a read is worth another try at once: True, or the seconds the vendor asked us to wait."""
    if not isinstance(error, DestinationUnavailableError) or isinstance(error, DestinationPausedError):
        return False
    status = error.status_code
    if status is not None and not (status < 300 or status in {408, 425, 429} or status >= 500):
        return False  # a wrong key or a redirect stays what it is
    if error.retry_after_seconds is None:
        return True
    return error.retry_after_seconds if error.retry_after_seconds <= LONGEST_WAIT_SECONDS else False


def _read(call: str, response: httpx.Response) -> Any:
    status = response.status_code
    if response.is_success:
        try:
            return _json(response)
        except ValueError:
            raise DestinationUnavailableError(f"{call} answered {status}, not in JSON", status_code=status) from None
    raise _denial(call, response) or DestinationUnavailableError(
        f"{call} answered {status}", status_code=status, retry_after_seconds=_retry_after_seconds(response)
    )


def _written(call: str, response: httpx.Response) -> Any:
    status = response.status_code
    if status == 204:
        return None
    if response.is_success:
        try:
            return _json(response)
        except ValueError:
            raise DestinationUnknownError(f"{call} answered {status}, not in JSON", status_code=status) from None
    raise _denial(call, response) or DestinationUnknownError(
        f"{call} answered {status}: it may have happened",
        status_code=status,
        retry_after_seconds=_retry_after_seconds(response),
    )


def _denial(call: str, response: httpx.Response) -> DestinationError | None:
    """What a 4xx answer means, for reads and writes alike: nothing happened. None for any other answer."""
    status = response.status_code
    if not 400 <= status < 500 or status == 408:  # gateways say 408 of a request that was passed on, too
        return None
    sentence = _sentence(response)
    text = f"{call} answered {status}" + (f": {sentence}" if sentence else "")
    if status in {425, 429}:
        wait = _retry_after_seconds(response)
        return DestinationUnavailableError(text, status_code=status, retry_after_seconds=wait)
    # A wrong key is our fault and will be mended; it is not the vendor's no. Goody says so with a 400 as well.
    if status in {401, 403, 407} or sentence.lower().startswith("unauthorized"):
        return DestinationUnavailableError(f"{text} (check the key and what it may do)", status_code=status)
    if status in {404, 410}:
        return DestinationMissingError(text, status_code=status)
    return DestinationRefusedError(text, status_code=status)


def _json(response: httpx.Response) -> Any:
    """Raises ValueError for whatever is not JSON, including NaN and nesting beyond reason."""
    try:
        return json.loads(response.content, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(word: str) -> None:
    raise ValueError(word)


def _sentence(response: httpx.Response) -> str:
    """The vendor's `{"error": "..."}`, bounded, without what could tell who somebody is; empty where there is none."""
    try:
        body = _json(response)
    except ValueError:
        return ""
    said = body.get("error") if isinstance(body, dict) else None
    if not isinstance(said, str):
        return ""
    text = " ".join("".join(mark if mark.isprintable() else " " for mark in said[: 5 * LONGEST_SENTENCE]).split())
    for pattern, stand_in in PERSONAL:
        text = pattern.sub(stand_in, text)
    return text[:LONGEST_SENTENCE]


def _retry_after_seconds(response: httpx.Response) -> float | None:
    """`Retry-After` in seconds; a date is measured against the vendor's own clock where it sent its time."""
    asked = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return float(asked)
    until = _http_date(asked)
    if until is None:
        return None
    now = _http_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _no_download(name: str, response: httpx.Response) -> DestinationError:
    status = response.status_code
    if status in {401, 403, 404, 410}:  # a signed link says all of these when its time is over
        return DestinationMissingError(f"{name} is dead: it answered {status}", status_code=status)
    if status in {408, 425, 429} or status >= 500:
        wait = _retry_after_seconds(response)
        return DestinationUnavailableError(f"{name} answered {status}", status_code=status, retry_after_seconds=wait)
    return DestinationRefusedError(f"{name} answered {status}", status_code=status)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
