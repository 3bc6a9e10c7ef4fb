"""Signed webhooks by the Standard Webhooks scheme: whoever gets one can tell that we sent it, and know a repetition."""

import json
from collections.abc import Mapping
from typing import Any

from svix.webhooks import Webhook

from app.adapters.http import HookHttp
from app.adapters.notify.hooks import address_of
from app.adapters.standard_webhooks import read_key
from app.core.handoff_json import as_json
from app.core.routing import Channel
from app.errors import DestinationMissingError
from app.ports.clock import Clock
from app.ports.notify import Message

EVENT = "handoff.written"


class SignedWebhooks:
    """Implements Notifier. `variables` holds URLs and signing secrets."""

    def __init__(self, variables: Mapping[str, str], clock: Clock) -> None:
        self._variables = variables
        self._clock = clock
        self._http = HookHttp()

    def check(self, channel: Channel) -> None:
        address_of(self._variables, channel.target)
        self._signer_of(channel)

    async def send(self, channel: Channel, message: Message) -> None:
        url, signer = address_of(self._variables, channel.target), self._signer_of(channel)
        body, now = json.dumps(_envelope(message)), self._clock.now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(message.id, now, body),
        }
        await self._http.post(url, body.encode(), headers=headers, name=channel.target)

    async def reach(self, channel: Channel) -> None:
        self.check(channel)
        await self._http.reach(address_of(self._variables, channel.target), name=channel.target)

    async def close(self) -> None:
        await self._http.close()

    def _signer_of(self, channel: Channel) -> Webhook:
        """Raises DestinationMissingError, naming the variable and never what it holds."""
        name = channel.secret or ""
        secret = self._variables.get(name)
        if secret is None:
            raise DestinationMissingError(f"{name} is not set")
        key = read_key(secret)
        if key is None:
            raise DestinationMissingError(f"{name} holds no signing secret (whsec_ and base64 of 16 bytes or more)")
        return Webhook(key)


def _envelope(message: Message) -> dict[str, Any]:
    return {"type": EVENT, "timestamp": message.written_at.isoformat(), "data": as_json(message.handoff)}
