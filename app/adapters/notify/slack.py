"""Slack's incoming webhooks, and those of others that take the same JSON."""

import json
from collections.abc import Mapping

from app.adapters.http import HookHttp
from app.adapters.notify.hooks import address_of
from app.core.handoff_slack import as_slack
from app.core.routing import Channel
from app.ports.notify import Message


class SlackHooks:
    """Implements Notifier. `variables` holds the webhooks' URLs, which are their secrets."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._http = HookHttp()

    def check(self, channel: Channel) -> None:
        address_of(self._variables, channel.target)

    async def send(self, channel: Channel, message: Message) -> None:
        url = address_of(self._variables, channel.target)
        headers = {"Content-Type": "application/json", "webhook-id": message.id}
        await self._http.post(url, json.dumps(as_slack(message.handoff)).encode(), headers=headers, name=channel.target)

    async def reach(self, channel: Channel) -> None:
        await self._http.reach(address_of(self._variables, channel.target), name=channel.target)

    async def close(self) -> None:
        await self._http.close()
