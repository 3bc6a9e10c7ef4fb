"""The DialNexa twin: a server that places calls, delivers their webhooks and answers its REST API as documented.

`/v1/...` is the vendor's; `/_twin/...` is ours, without any key: to place calls, break things and read the log.
"""

import asyncio
import hmac
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http.client import responses
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from app.sandbox.dialnexa_bodies import (
    Json,
    TwinCall,
    call_ended_body,
    call_initiated_body,
    rest_call,
    rest_row,
    rest_status,
    session_event_body,
    transfer_completed_body,
    user_webhook_body,
    verification_body,
)
from app.sandbox.dialnexa_deliveries import VERIFICATION_USER_AGENT, Attempt, Variant, deliver
from app.sandbox.dialnexa_recordings import add_recording_routes
from app.sandbox.dialnexa_requests import Family, ListQuery, Placement, RestFault, Webhook
from app.sandbox.twin_clock import ClockInput, TwinClock

__all__ = [
    "Attempt",
    "TwinCall",
    "Variant",
    "call_ended_body",
    "call_initiated_body",
    "create_dialnexa_twin",
    "deliver",
    "serve_dialnexa_twin",
    "session_event_body",
    "transfer_completed_body",
    "user_webhook_body",
    "verification_body",
]


@dataclass(slots=True)
class _Twin:
    """All that the server remembers."""

    api_key: str
    secret: str
    webhook: Webhook | None
    clock: TwinClock
    dice: random.Random
    client: httpx.AsyncClient
    calls: dict[str, TwinCall] = field(default_factory=dict)
    log: list[Attempt] = field(default_factory=list)
    rest_faults: list[RestFault] = field(default_factory=list)
    running: set[asyncio.Task[list[Attempt]]] = field(default_factory=set)

    def make_id(self, prefix: str) -> str:
        return f"{prefix}_{self.dice.getrandbits(64):016x}"

    def start(self, work: Coroutine[Any, Any, list[Attempt]]) -> asyncio.Task[list[Attempt]]:
        # The loop holds tasks weakly: without this set one could vanish before it ends.
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task


def create_dialnexa_twin(
    *,
    api_key: str,
    secret: str,
    webhook_url: str | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    seed: int = 1,
) -> FastAPI:
    """`api_key` is the whole `key_id:secret`. `webhook_url` is not verified here: its receiver may start later."""
    twin = _Twin(
        api_key=api_key,
        secret=secret,
        webhook=Webhook(url=webhook_url) if webhook_url else None,
        clock=TwinClock(clock),
        dice=random.Random(seed),
        client=httpx.AsyncClient(trust_env=False),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        for task in tuple(twin.running):
            task.cancel()
        await twin.client.aclose()

    app = FastAPI(title="DialNexa twin", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(AnyHTTPException, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    _add_rest_routes(app, twin)
    _add_twin_routes(app, twin)
    add_recording_routes(app, twin.calls, twin.clock)
    return app


def serve_dialnexa_twin(host: str, port: int, api_key: str, secret: str, webhook_url: str | None = None) -> None:
    """Blocks until it is stopped."""
    app = create_dialnexa_twin(api_key=api_key, secret=secret, webhook_url=webhook_url)
    uvicorn.run(app, host=host, port=port, log_level="warning")


def _add_rest_routes(app: FastAPI, twin: _Twin) -> None:
    async def check_key(request: Request) -> None:
        if twin.rest_faults:
            _raise_fault(twin)
        sent = request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {twin.api_key}".encode()):
            raise HTTPException(401, "Unauthorized")

    @app.get("/v1/calls", dependencies=[Depends(check_key)])
    async def list_calls(wanted: Annotated[ListQuery, Query()]) -> list[Json]:
        calls = [call for call in twin.calls.values() if not call.is_foreign and _is_wanted(call, wanted)]
        first = (wanted.page - 1) * wanted.limit
        return [rest_row(call) for call in _sorted(calls, wanted)[first : first + wanted.limit]]

    @app.get("/v1/calls/{call_id}", dependencies=[Depends(check_key)])
    async def get_call(call_id: str) -> Json:
        if not call_id.startswith("call_"):
            raise HTTPException(400, "Invalid call ID format")
        call = twin.calls.get(call_id)
        if call is None:
            raise HTTPException(404, "Call not found")
        if call.is_foreign:
            raise HTTPException(403, "Call belongs to another organization")
        return rest_call(call, twin.clock())


def _add_twin_routes(app: FastAPI, twin: _Twin) -> None:
    @app.post("/_twin/webhook")
    async def register_webhook(webhook: Webhook) -> Json:
        attempts = await deliver(
            twin.client,
            webhook.url,
            verification_body(twin.clock()),
            twin.secret,
            variant="dialnexa" if webhook.is_verification_signed else "unsigned",
            retries=0,
            timeout_ms=webhook.timeout_ms,
            user_agent=VERIFICATION_USER_AGENT,
            next_id=lambda: twin.make_id("del"),
        )
        if not attempts[-1].is_success:
            raise HTTPException(400, f"Webhook verification failed: {attempts[-1].error_message}")
        twin.webhook = webhook
        return webhook.model_dump()

    @app.post("/_twin/calls", status_code=201)
    async def place_call(placement: Placement, request: Request) -> Json:
        call = _make_call(twin, placement, recordings_at=f"{request.base_url}recordings")
        twin.calls[call.id] = call
        webhook = twin.webhook
        if webhook is None or placement.faults.drop:
            return {"id": call.id, "attempts": []}
        task = twin.start(_deliver_all(twin, webhook, call, placement))
        attempts = await task if placement.wait else []
        return {"id": call.id, "attempts": [asdict(attempt) for attempt in attempts]}

    @app.get("/_twin/deliveries")
    async def list_deliveries() -> list[Json]:
        return [asdict(attempt) for attempt in twin.log]

    @app.post("/_twin/reset", status_code=204)
    async def forget_everything() -> None:
        for task in tuple(twin.running):
            task.cancel()
        twin.webhook = None
        twin.calls.clear()
        twin.log.clear()
        twin.rest_faults.clear()
        twin.clock.put(ClockInput(ahead_seconds=0))

    @app.post("/_twin/clock")
    async def put_clock(wanted: ClockInput) -> Json:
        return dict(twin.clock.put(wanted))

    @app.post("/_twin/rest-faults", status_code=204)
    async def break_rest(fault: RestFault) -> None:
        twin.rest_faults.extend([fault] * fault.times)


def _make_call(twin: _Twin, placement: Placement, *, recordings_at: str) -> TwinCall:
    given = placement.model_dump(exclude_none=True, exclude={"families", "events", "variant", "wait", "faults", "id"})
    call_id = placement.id or twin.make_id("call")
    return replace(TwinCall(id=call_id, initiated_at=twin.clock(), recordings_at=recordings_at), **given)


def _bodies(call: TwinCall, placement: Placement) -> list[tuple[Family, str, Json]]:
    """Every event of the wished families that fits the call, in the order it happens."""
    sent: list[tuple[Family, str, Json]] = []
    has_ended, is_completed = call.status != "initiated", call.status == "completed"
    if "E" in placement.families:
        sent.append(("E", "call_initiated", call_initiated_body(call)))
        if call.transfer is not None:
            sent.append(("E", "transfer_completed", transfer_completed_body(call)))
        if has_ended:
            sent.append(("E", "call_ended", call_ended_body(call)))
    if "U" in placement.families and has_ended:
        sent.append(("U", "call.completed" if is_completed else "call.failed", user_webhook_body(call)))
    if "L" in placement.families:
        names = ["call.started"] + ["call.ended"] * has_ended
        names += ["call.transcript_ready", "call.analysis_ready"] * is_completed
        sent += [("L", name, session_event_body(call, name)) for name in names]
    return [each for each in sent if placement.events is None or each[1] in placement.events]


async def _deliver_all(twin: _Twin, webhook: Webhook, call: TwinCall, placement: Placement) -> list[Attempt]:
    bodies = _bodies(call, placement)
    if placement.faults.shuffle:
        twin.dice.shuffle(bodies)
    await asyncio.sleep(placement.faults.delay_seconds)
    attempts: list[Attempt] = []
    for family, _, body in bodies:
        if placement.faults.drop_probability and twin.dice.random() < placement.faults.drop_probability:
            continue
        for _copy in range(1 + placement.faults.duplicates):
            tried = await deliver(
                twin.client,
                webhook.url,
                body,
                twin.secret,
                variant=placement.variant or ("nexa-sha256" if family == "U" else "dialnexa"),
                retries=webhook.retries,
                timeout_ms=webhook.timeout_ms,
                retry_delay_seconds=webhook.retry_delay_seconds,
                next_id=lambda: twin.make_id("del"),
            )
            attempts += tried
            twin.log += tried
    return attempts


def _is_wanted(call: TwinCall, wanted: ListQuery) -> bool:
    named = (
        (wanted.call_id, call.id),
        (wanted.agent_id, call.agent_id),
        (wanted.status, rest_status(call)),
        (wanted.call_direction, call.direction),
    )
    if any(given is not None and value not in given.split(",") for given, value in named):
        return False
    start, end = _aware(wanted.start_date), _aware(wanted.end_date)
    return (start is None or call.initiated_at >= start) and (end is None or call.initiated_at <= end)


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _sorted(calls: list[TwinCall], wanted: ListQuery) -> list[TwinCall]:
    if wanted.duration is not None:
        return sorted(calls, key=lambda call: call.duration_seconds, reverse=wanted.duration == "desc")
    return sorted(calls, key=lambda call: call.initiated_at, reverse=wanted.created_at != "asc")


def _raise_fault(twin: _Twin) -> None:
    fault = twin.rest_faults.pop(0)
    wait = fault.retry_after_seconds
    headers = None if wait is None else {"retry-after": str(wait)}
    raise HTTPException(fault.status, _phrase(fault.status), headers)


def _phrase(status: int) -> str:
    return responses.get(status, "Error")


async def _answer_error(_request: Request, error: Exception) -> JSONResponse:
    """`{statusCode, message, error}`, as the vendor documents all its errors."""
    assert isinstance(error, AnyHTTPException)  # noqa: S101 - registered for this class alone
    body = {"statusCode": error.status_code, "message": error.detail, "error": _phrase(error.status_code)}
    return JSONResponse(body, error.status_code, headers=error.headers)


async def _answer_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    messages = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    return JSONResponse({"statusCode": 400, "message": messages, "error": "Bad Request"}, 400)
