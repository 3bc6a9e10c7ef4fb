"""Outermost layer of the Goody twin: keeps the ledger of writes and plays the faults, around the vendor's endpoints.

It has to stand outside FastAPI's own layers, because closing a connection needs uvicorn's own `send`.
"""

import asyncio
import re

from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from app.sandbox.goody_state import GoodyState, LedgerEntry
from app.sandbox.twin_faults import Fault, cut_connection

LEDGER_KEY = "goody.ledger_entry"  # in the ASGI scope
PRICE_PATH = "/v1/order_batches/price"  # a POST that changes nothing


class GoodyTwin(FastAPI):
    """The app; `state.goody`, `state.faults` and `state.svix` are its parts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await super().__call__(scope, receive, send)
            return
        body = await _read_whole(receive)
        if body is None:
            return
        entry = _open_entry(self.state.goody, scope)
        seconds, fault = self.state.faults.strike_request(scope["method"], scope["path"])
        entry.fault = fault.kind if fault else ("latency" if seconds else None)
        await asyncio.sleep(seconds)
        is_acting = fault is None or fault.kind not in {"status", "close"}
        if is_acting:
            order = self.state.goody.orders.get(entry.order_id or "")
            entry.found = order.status if order else None
            await super().__call__(scope, _replay(body, receive), _Watch(entry, None if fault else send))
        else:
            entry.effect = "fault"
        if fault is not None and fault.kind in {"status", "status_after"}:
            entry.answered = fault.status
            await _fault_answer(fault)(scope, receive, send)
        elif fault is not None:
            await cut_connection(receive, send)


class _Watch:
    """Notes the act's status in the ledger; passes the answer on, or keeps it to itself when `send` is None."""

    def __init__(self, entry: LedgerEntry, send: Send | None) -> None:
        self._entry = entry
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            self._entry.status = status
            self._entry.effect = "done" if status < 400 else "refused" if status < 500 else "fault"
            self._entry.answered = None if self._send is None else status
        if self._send is not None:
            await self._send(message)


def _open_entry(state: GoodyState, scope: Scope) -> LedgerEntry:
    """Left in the scope for handlers that know more. A read gets one that is not kept: the ledger is of writes."""
    headers = {name.lower(): value for name, value in scope["headers"]}
    key = headers.get(b"idempotency-key")
    order = re.fullmatch(r"/v1/orders/([^/]+)/\w+", scope["path"])
    entry = LedgerEntry(
        number=len(state.ledger) + 1,
        method=scope["method"],
        path=scope["path"],
        at=state.clock().isoformat(),
        idempotency_key=None if key is None else key.decode("latin-1"),
        order_id=order.group(1) if order else None,
    )
    scope[LEDGER_KEY] = entry
    is_read = entry.method in {"GET", "HEAD", "OPTIONS"} or entry.path == PRICE_PATH
    if not is_read:
        state.ledger.append(entry)
    return entry


def _fault_answer(fault: Fault) -> JSONResponse:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return JSONResponse({"error": fault.error}, status_code=fault.status, headers=headers)


async def _read_whole(receive: Receive) -> bytes | None:
    """None when the client hung up halfway. A whole request is acted on, whoever has stopped waiting for its answer."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
