"""DialNexa behind our ports: a Sender of deliveries and a CallSource."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.adapters.dialnexa import client, payloads, signature
from app.adapters.http import VendorHttp
from app.core.calls import Call
from app.core.mapping import CallMapping
from app.ports.senders import Envelope


class DialNexa:
    """Implements Sender and CallSource. Without `http` (no API key is set) nothing is read over REST."""

    name = "dialnexa"

    def __init__(self, secrets: Sequence[str], mapping: CallMapping, http: VendorHttp | None) -> None:
        self._secrets = tuple(secrets)
        self._mapping = mapping
        self._http = http

    def verify(self, headers: Mapping[str, str], body: bytes) -> str | None:
        return signature.verify(headers, body, self._secrets)

    def read_envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope:
        return payloads.read_envelope(headers, body)

    def read_call(self, body: bytes) -> Call:
        return payloads.read_call(body, self._mapping)

    async def fetch_call(self, call_id: str) -> Call | None:
        return None if self._http is None else await client.fetch_call(self._http, call_id, self._mapping)

    async def list_calls(self, *, since: datetime) -> list[Call]:
        return [] if self._http is None else await client.list_calls(self._http, self._mapping, since=since)

    async def check_key(self) -> datetime | None:
        """DialNexa's time where it tells. Raises a DestinationError; without a key nothing is asked."""
        return None if self._http is None else await self._http.read_clock("/v1/calls", params={"limit": 1})

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
