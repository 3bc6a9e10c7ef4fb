"""Deliveries as Svix makes them: signed, retried on its schedule under the same message id, and logged.

Signs with plain hmac from the description of the scheme: a receiver that verifies with Svix's library is then checked
by another hand.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from random import Random
from typing import Any, Literal
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field

from app.sandbox.twin_faults import Fault

# Seconds after the preceding failure: Svix's documented schedule, about 27 hours and 35 minutes in all.
RETRY_SECONDS = (0, 5, 300, 1800, 7200, 18000, 36000, 36000)
MESSAGE_ID_LENGTH = 27
MESSAGE_ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# A message that was to be overtaken goes out at last, if no other one comes.
LONGEST_HOLD_SECONDS = 2.0


class SvixSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    retry_scale: float = Field(default=1.0, ge=0)  # multiplies RETRY_SECONDS, so that a test need not wait a day
    timeout_seconds: float = Field(default=15.0, gt=0)
    header_prefix: Literal["svix", "webhook"] = "svix"  # Svix's customers may white-label the headers


@dataclass(slots=True)
class Endpoint:
    id: str
    url: str
    secret: str
    events: tuple[str, ...] = ()  # empty: all
    is_enabled: bool = True

    def wants(self, event: str) -> bool:
        return self.is_enabled and (not self.events or event in self.events)


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    event: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt, or the reason why there was none."""

    svix_id: str
    event: str
    endpoint_id: str
    url: str
    attempt: int
    at: str
    outcome: Literal["delivered", "failed", "gave_up", "dropped"]
    status: int | None = None
    error: str | None = None


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The key is what stands after `whsec_`, base64; what is signed is id, time and raw body, joined by dots."""
    digest = hmac.new(_key_of(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class SvixSender:
    """`strike` says which webhook faults hit an event; `clock` is for the log alone."""

    def __init__(
        self,
        *,
        secret: str,
        settings: SvixSettings,
        strike: Callable[[str], dict[str, Fault]],
        clock: Callable[[], datetime],
        seed: int,
    ) -> None:
        _key_of(secret)
        self.secret = secret
        self.settings = settings
        self.endpoints: dict[str, Endpoint] = {}
        self.messages: dict[str, Message] = {}
        self.deliveries: list[Delivery] = []
        self._strike = strike
        self._clock = clock
        self._dice = Random(f"{seed}:svix")
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[str, list[asyncio.Event]] = {}  # by endpoint: messages that wait to be overtaken
        self._client: httpx.AsyncClient | None = None

    def add_endpoint(self, url: str, *, secret: str | None = None, events: tuple[str, ...] = ()) -> Endpoint:
        _key_of(secret or self.secret)
        endpoint = Endpoint(self._new_uuid(), url, secret or self.secret, events)
        self.endpoints[endpoint.id] = endpoint
        return endpoint

    def remove_endpoint(self, endpoint_id: str) -> bool:
        return self.endpoints.pop(endpoint_id, None) is not None

    def publish(self, event: str, event_type: str, data: dict[str, Any]) -> Message:
        """`event` is the name that endpoints filter by, `event_type` what the body says: they may differ."""
        body = json.dumps(
            {"event_type": event_type, "id": self._new_uuid(), "data": data}, ensure_ascii=False, separators=(",", ":")
        )
        letters = self._dice.choices(MESSAGE_ID_LETTERS, k=MESSAGE_ID_LENGTH)
        message = Message("msg_" + "".join(letters), event, body.encode())
        self.messages[message.id] = message
        for endpoint in self.endpoints.values():
            if endpoint.wants(event):
                self._send_with_faults(message, endpoint)
        return message

    def replay(self, message: Message) -> int:
        """Sends it again under its own id, as the dashboard's re-send does; says to how many endpoints."""
        chosen = [endpoint for endpoint in self.endpoints.values() if endpoint.wants(message.event)]
        for endpoint in chosen:
            self._start(message, endpoint)
        return len(chosen)

    def deliveries_json(self) -> list[dict[str, Any]]:
        return [asdict(delivery) for delivery in self.deliveries]

    async def forget(self, *, keep_endpoints: bool) -> None:
        await self._cancel_tasks()
        self.messages.clear()
        self.deliveries.clear()
        if not keep_endpoints:
            self.endpoints.clear()

    async def aclose(self) -> None:
        await self._cancel_tasks()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _send_with_faults(self, message: Message, endpoint: Endpoint) -> None:
        faults = self._strike(message.event)
        if "webhook_drop" in faults:
            self._log(message, endpoint, 0, "dropped")
            return
        delay = faults["webhook_delay"].ms / 1000 if "webhook_delay" in faults else 0.0
        for _ in range(2 if "webhook_duplicate" in faults else 1):
            self._start(message, endpoint, delay_seconds=delay, is_held="webhook_reorder" in faults)

    def _start(self, message: Message, endpoint: Endpoint, *, delay_seconds: float = 0, is_held: bool = False) -> None:
        overtaken = asyncio.Event()
        if is_held:
            self._held.setdefault(endpoint.id, []).append(overtaken)
        else:
            overtaken.set()
        task = asyncio.get_running_loop().create_task(self._deliver(message, endpoint, delay_seconds, overtaken))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, message: Message, endpoint: Endpoint, delay_seconds: float, overtaken: asyncio.Event
    ) -> None:
        await asyncio.sleep(delay_seconds)
        if not overtaken.is_set():
            await _wait_at_most(overtaken, LONGEST_HOLD_SECONDS)
        for attempt, seconds in enumerate(RETRY_SECONDS, start=1):
            await asyncio.sleep(seconds * self.settings.retry_scale)
            if endpoint.id not in self.endpoints or not endpoint.is_enabled:
                return
            if await self._attempt(message, endpoint, attempt):
                self._let_held_go(endpoint)
                return

    async def _attempt(self, message: Message, endpoint: Endpoint, attempt: int) -> bool:
        """True when there is nothing left to do for this message: delivered, or the receiver asked to stop."""
        outcome: Literal["failed", "gave_up"] = "gave_up" if attempt == len(RETRY_SECONDS) else "failed"
        try:
            # One limit for the whole exchange; httpx's own limits are for each read and write.
            async with asyncio.timeout(self.settings.timeout_seconds):
                response = await self._http().post(
                    endpoint.url, content=message.body, headers=self._headers(message, endpoint)
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            self._log(message, endpoint, attempt, outcome, error=type(error).__name__)
            return False
        if response.is_success:
            self._log(message, endpoint, attempt, "delivered", status=response.status_code)
            return True
        wish = response.headers.get("webhook-delivery", "")
        endpoint.is_enabled = wish != "disable"
        has_ended = wish in {"abort-message", "disable"}
        self._log(message, endpoint, attempt, "gave_up" if has_ended else outcome, status=response.status_code)
        return has_ended

    def _headers(self, message: Message, endpoint: Endpoint) -> dict[str, str]:
        # The wall clock, not the twin's: receivers refuse a time more than five minutes from their own.
        timestamp = int(time.time())
        prefix = self.settings.header_prefix
        return {
            f"{prefix}-id": message.id,
            f"{prefix}-timestamp": str(timestamp),
            f"{prefix}-signature": sign(endpoint.secret, message.id, timestamp, message.body),
            "content-type": "application/json",
            "user-agent": "Svix-Webhooks/1.64.1 (twin)",
        }

    def _http(self) -> httpx.AsyncClient:
        """Made on first use, because only then there is a loop. The environment's proxies are not for loopback."""
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=None, trust_env=False)  # noqa: S113 - see _attempt
        return self._client

    def _log(
        self,
        message: Message,
        endpoint: Endpoint,
        attempt: int,
        outcome: Literal["delivered", "failed", "gave_up", "dropped"],
        *,
        status: int | None = None,
        error: str | None = None,
    ) -> None:
        at = self._clock().isoformat()
        delivery = Delivery(message.id, message.event, endpoint.id, endpoint.url, attempt, at, outcome, status, error)
        self.deliveries.append(delivery)

    def _let_held_go(self, endpoint: Endpoint) -> None:
        for held in self._held.pop(endpoint.id, []):
            held.set()

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held.clear()

    def _new_uuid(self) -> str:
        return str(UUID(int=self._dice.getrandbits(128), version=4))


def _key_of(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        raise ValueError("a signing secret is whsec_ and base64 after it") from error


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
