"""How the DialNexa twin signs a body and delivers it: every documented signature variant, its retries, its log rows."""

import asyncio
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import httpx

USER_AGENT = "DialNexa-External-Webhook/1.0"
VERIFICATION_USER_AGENT = "DialNexa-External-Webhook-Verification/1.0"
MOST_RETRIES = 3
SHORTEST_TIMEOUT_MS = 1_000
LONGEST_TIMEOUT_MS = 60_000

Variant = Literal["dialnexa", "dialnexa-sha256", "nexa", "nexa-sha256", "both", "inner-payload", "unsigned"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of DialNexa's delivery log. None of it is sent to the receiver."""

    id: str
    event: str
    call_id: str | None
    response_status: int | None
    is_success: bool
    error_message: str | None
    retry_attempt: int
    parent_delivery_id: str | None


def encode(body: Any) -> bytes:
    """As JavaScript's JSON.stringify writes it: no blanks, no escapes that are not needed."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def sign(body: bytes, secret: str, variant: Variant) -> dict[str, str]:
    """The signature headers. `inner-payload` signs what one source reports and no other document knows."""
    if variant == "inner-payload":
        body = encode(json.loads(body).get("payload"))
    digest = hmac.digest(secret.encode(), body, "sha256").hex()
    bare, prefixed = {"x-dialnexa-signature": digest}, {"x-nexa-signature": f"sha256={digest}"}
    return {
        "dialnexa": bare,
        "dialnexa-sha256": {"x-dialnexa-signature": f"sha256={digest}"},
        "nexa": {"x-nexa-signature": digest},
        "nexa-sha256": prefixed,
        "both": bare | prefixed,
        "inner-payload": bare,
        "unsigned": {},
    }[variant]


def make_id() -> str:
    return f"del_{uuid4().hex[:12]}"


async def deliver(
    client: httpx.AsyncClient,
    url: str,
    body: Any,
    secret: str,
    *,
    variant: Variant = "dialnexa",
    retries: int = MOST_RETRIES,
    timeout_ms: int = 10_000,
    retry_delay_seconds: float = 0.05,
    user_agent: str = USER_AGENT,
    next_id: Callable[[], str] = make_id,
) -> list[Attempt]:
    """Post the body (bytes are sent as they are) until a 2xx comes or the retries are used up.

    The vendor publishes no delay between retries; a short one keeps a demo and its tests quick.
    """
    if not 0 <= retries <= MOST_RETRIES or not SHORTEST_TIMEOUT_MS <= timeout_ms <= LONGEST_TIMEOUT_MS:
        raise ValueError("DialNexa takes 0 to 3 retries and a timeout of 1,000 to 60,000 ms")
    content = body if isinstance(body, bytes) else encode(body)
    headers = {"content-type": "application/json", "user-agent": user_agent, **sign(content, secret, variant)}
    event, call_id = _subject_of(content)
    attempts: list[Attempt] = []
    for retry_attempt in range(retries + 1):
        if retry_attempt:
            await asyncio.sleep(retry_delay_seconds)
        status, problem = await _post(client, url, content, headers, timeout_ms)
        attempts.append(
            Attempt(
                id=next_id(),
                event=event,
                call_id=call_id,
                response_status=status,
                is_success=problem is None,
                error_message=problem,
                retry_attempt=retry_attempt,
                parent_delivery_id=attempts[0].id if attempts else None,
            )
        )
        if problem is None:
            break
    return attempts


async def _post(
    client: httpx.AsyncClient, url: str, content: bytes, headers: dict[str, str], timeout_ms: int
) -> tuple[int | None, str | None]:
    """The answer's status and what was wrong with it."""
    try:
        # httpx bounds each read by itself; the vendor's limit is on the whole answer.
        async with asyncio.timeout(timeout_ms / 1000):
            response = await client.post(url, content=content, headers=headers, timeout=None)
    except TimeoutError:
        return None, "timeout"
    except httpx.HTTPError as error:
        return None, type(error).__name__
    return response.status_code, None if response.is_success else "non-2xx response"


def _subject_of(content: bytes) -> tuple[str, str | None]:
    """The event and the call id that the log shows."""
    try:
        body = json.loads(content)
    except ValueError:
        return "unknown", None
    if not isinstance(body, dict):
        return "unknown", None
    payload = body.get("payload")
    call = payload.get("call") if isinstance(payload, dict) else None
    inner_id = call.get("id") if isinstance(call, dict) else None
    event = body.get("event_type") or body.get("event") or f"call.{body.get('status', 'unknown')}"
    return str(event), inner_id or body.get("call_id") or body.get("session_id")
