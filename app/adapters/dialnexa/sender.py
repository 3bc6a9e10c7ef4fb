"""DialNexa behind our ports: a Sender of deliveries and a CallSource."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from app.adapters.dialnexa import client, payloads, signature
from app.adapters.http import VendorHttp
from app.core.calls import Call
from app.core.mapping import CallMapping
from app.ports.senders import CallPage, Envelope, RestCall


class DialNexa:
    """Implements Sender and CallSource. Without `http` (no API key is set) nothing is read over REST."""

    name = "dialnexa"

    def __init__(self, secrets: Sequence[str], mapping: CallMapping, http: VendorHttp | None) -> None:
        self._secrets = tuple(secrets)
        self._mapping = mapping
        self.http = http

    def verify(self, headers: Mapping[str, str], body: bytes) -> str | None:
        return signature.verify(headers, body, self._secrets)

    def read_envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope:
        return payloads.read_envelope(headers, body)

    def read_call(self, body: bytes) -> Call:
        return payloads.read_call(body, self._mapping)

    @property
    def can_be_asked(self) -> bool:
        return self.http is not None

    async def fetch_call(self, call_id: str) -> Call | None:
        fetched = await self.fetch_rest_call(call_id)
        return None if fetched is None else fetched.call

    async def fetch_rest_call(self, call_id: str) -> RestCall | None:
        return None if self.http is None else await client.fetch_call(self.http, call_id, self._mapping)

    async def list_calls(self, *, since: datetime, until: datetime | None = None) -> AsyncIterator[CallPage]:
        if self.http is not None:
            async for page in client.list_calls(self.http, self._mapping, since=since, until=until):
                yield page

    async def check_key(self) -> datetime | None:
        """DialNexa's time where it tells. Raises a DestinationError; without a key nothing is asked."""
        return None if self.http is None else await self.http.read_clock("/v1/calls", params={"limit": 1})

    async def close(self) -> None:
        if self.http is not None:
            await self.http.close()
