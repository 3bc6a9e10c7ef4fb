"""The Goody twin: a real HTTP server with the endpoints, answers and refusals of the vendor's documents.

Here are the vendor's endpoints under `/v1` and the two ways to start it; `goody_admin.py` has `/_twin`, and
`goody_front.py` plays the faults.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar, cast

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.sandbox.goody_admin import State, Svix, admin_router
from app.sandbox.goody_batches import price_batch, read_batch
from app.sandbox.goody_catalogue import CARDS, PAYMENT_METHODS, PRODUCTS, WORKSPACES, Json, find_product, product_json
from app.sandbox.goody_front import LEDGER_KEY, GoodyTwin
from app.sandbox.goody_records import (
    Activity,
    GoodyRefusedError,
    TwinBatch,
    TwinOrder,
    activity_json,
    batch_json,
    order_json,
    read_moment,
    single_order_json,
    write_moment,
)
from app.sandbox.goody_seed import seed_orders
from app.sandbox.goody_state import ACCOUNT, GoodySettings, GoodyState, LedgerEntry, utc_now
from app.sandbox.svix_sender import SvixSender
from app.sandbox.twin_clock import TwinClock
from app.sandbox.twin_faults import FaultBoard

DEFAULT_PER_PAGE = 20
LARGEST_PER_PAGE = 100
TICK_SECONDS = 0.1  # how often pending batches are looked at while nobody asks

Row = TypeVar("Row")
Dated = TypeVar("Dated", TwinOrder, TwinBatch, Activity)


def create_goody_twin(
    *, api_key: str, webhook_secret: str, clock: Callable[[], datetime] = utc_now, seed: int = 1
) -> FastAPI:
    """The parts are in `app.state`: `goody` the memory, `svix` the webhook sender, `faults` the fault board."""
    settings = GoodySettings()
    faults = FaultBoard(seed)
    clock = TwinClock(clock)
    svix = SvixSender(secret=webhook_secret, settings=settings, strike=faults.strike_webhook, clock=clock, seed=seed)
    app = GoodyTwin(title="Goody twin", openapi_url=None, lifespan=_lifespan)
    app.state.api_key = api_key
    app.state.clock = clock
    app.state.faults = faults
    app.state.svix = svix
    app.state.goody = GoodyState(clock=clock, seed=seed, publish=svix.publish, settings=settings)
    app.include_router(vendor_router)
    app.include_router(admin_router)
    app.add_exception_handler(GoodyRefusedError, _answer_refusal)
    app.add_exception_handler(HTTPException, _answer_unknown_path)
    return app


def serve_goody_twin(
    host: str, port: int, api_key: str, webhook_secret: str, webhook_url: str | None, orders: int, seed: int
) -> None:
    """Blocks until interrupted. Without a webhook_url nobody is told of anything until an endpoint is registered."""
    app = create_goody_twin(api_key=api_key, webhook_secret=webhook_secret, seed=seed)
    if webhook_url is not None:
        app.state.svix.add_endpoint(webhook_url)
    seed_orders(app.state.goody, orders)
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


async def require_key(request: Request) -> None:
    """The file declares a 401 on some operations only, and the key on all of them."""
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {request.app.state.api_key}".encode()):
        raise GoodyRefusedError(401, "Unauthorized")


async def finish_batches(state: State) -> None:
    state.finish_due_batches()


vendor_router = APIRouter(prefix="/v1", dependencies=[Depends(require_key), Depends(finish_batches)])


@vendor_router.get("/me")
async def read_me() -> Json:
    """An Automation key belongs to a user; a commerce app's would answer `public_app_id`."""
    return {"email": ACCOUNT.email}


@vendor_router.get("/workspaces")
async def list_workspaces() -> Json:
    return {"data": list(WORKSPACES), "list_meta": {"total_count": len(WORKSPACES)}}


@vendor_router.get("/payment_methods")
async def list_payment_methods() -> Json:
    return {"data": list(PAYMENT_METHODS), "list_meta": {"total_count": len(PAYMENT_METHODS)}}


@vendor_router.get("/products")
async def list_products(request: Request, state: State) -> Json:
    updated_at = write_moment(state.now())
    return _page(request, PRODUCTS, lambda product: product_json(product, updated_at))


@vendor_router.get("/products/{product_id}")
async def read_product(product_id: str, state: State) -> Json:
    product = find_product(product_id=product_id)
    if product is None:
        raise GoodyRefusedError(404, "Product not found")
    return product_json(product, write_moment(state.now()))


@vendor_router.get("/cards")
async def list_cards(request: Request) -> Json:
    return _page(request, CARDS, dict)


@vendor_router.get("/orders")
async def list_orders(request: Request, state: State) -> Json:
    rows = _within(request, state.orders.values(), "created_at[after]", "created_at[before]")
    return _page(request, _newest_first(rows), order_json)


@vendor_router.get("/orders/{order_id}")
async def read_order(order_id: str, state: State) -> Json:
    return single_order_json(state.get_order(order_id))


@vendor_router.post("/orders/{order_id}/cancel")
async def cancel_order(order_id: str, state: State) -> Json:
    order = state.get_order(order_id)
    state.cancel(order)
    return order_json(order)


@vendor_router.post("/orders/{order_id}/update_expiration")
async def update_expiration(order_id: str, request: Request, state: State) -> Json:
    order = state.get_order(order_id)
    body = await _read_object(request)
    try:
        expires_at = read_moment(body.get("expiration"))
    except ValueError as error:
        # Not documented: no field is marked required, and nothing says what null or another field's name does.
        raise GoodyRefusedError(400, "Expiration is invalid") from error
    state.change_expiration(order, expires_at)
    return order_json(order)


@vendor_router.get("/order_batches")
async def list_batches(request: Request, state: State) -> Json:
    return _page(request, _newest_first(state.batches.values()), batch_json)


@vendor_router.post("/order_batches", status_code=201)
async def create_batch(request: Request, state: State) -> Json:
    draft = read_batch(await _read_object(request))
    entry = cast("LedgerEntry", request.scope[LEDGER_KEY])
    entry.customer_reference_id = draft.customer_reference_id
    batch = state.create_batch(draft)
    entry.order_batch_id = batch.id
    return batch_json(batch)


@vendor_router.post("/order_batches/price")
async def read_price(request: Request) -> Json:
    return price_batch(await _read_object(request))


@vendor_router.get("/order_batches/{batch_id}")
async def read_batch_by_id(batch_id: str, state: State) -> Json:
    return batch_json(state.get_batch(batch_id))


@vendor_router.get("/order_batches/{batch_id}/orders")
async def list_batch_orders(batch_id: str, request: Request, state: State) -> Json:
    """Oldest first, as the vendor's MCP server says of its own list; the REST file says nothing."""
    return _page(request, state.get_batch(batch_id).orders, order_json)


@vendor_router.get("/order_batches/{batch_id}/recipients")
async def list_batch_recipients(batch_id: str, request: Request, state: State) -> Json:
    return _page(request, state.get_batch(batch_id).recipients, lambda recipient: recipient.as_json())


@vendor_router.get("/order_activities")
async def list_activities(request: Request, state: State) -> Json:
    rows = _within(request, state.activities, "after", "before")
    wanted = {word.strip() for word in request.query_params.get("statuses", "").split(",")} - {""}
    chosen = [activity for activity in rows if not wanted or activity.status in wanted]
    return _page(request, _newest_first(chosen), activity_json)


@vendor_router.post("/webhooks", status_code=201)
async def create_webhook(request: Request, state: State, svix: Svix) -> Json:
    """The answer has no signing secret: people copy it from the dashboard, here GET /_twin/webhooks."""
    if not state.settings.is_admin:
        raise GoodyRefusedError(400, "Unauthorized. You must be an admin to manage webhooks.")
    body = await _read_object(request)
    url, events = body.get("url"), body.get("events") or []
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise GoodyRefusedError(400, "Url is invalid")
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise GoodyRefusedError(400, "Events are invalid")
    return {"id": svix.add_endpoint(url, events=tuple(events)).id}


@vendor_router.delete("/webhooks/{webhook_id}")
async def delete_webhook(webhook_id: str, state: State, svix: Svix) -> Response:
    if not state.settings.is_admin:
        raise GoodyRefusedError(400, "Unauthorized")
    if not svix.remove_endpoint(webhook_id):
        # Not documented: the file declares no 404 here, so that 400 is all that is left.
        raise GoodyRefusedError(400, "Webhook endpoint not found")
    return Response(status_code=204)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    ticker = asyncio.create_task(_tick(app.state.goody))
    yield
    ticker.cancel()
    with suppress(asyncio.CancelledError):
        await ticker
    await app.state.svix.aclose()


async def _tick(state: GoodyState) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        state.finish_due_batches()


async def _answer_refusal(_: Request, error: Exception) -> Response:
    refusal = cast("GoodyRefusedError", error)
    return JSONResponse({"error": refusal.text}, status_code=refusal.status_code)


async def _answer_unknown_path(_: Request, error: Exception) -> Response:
    """A known path with another method is answered like an unknown path, as Rails does."""
    known = cast("HTTPException", error)
    is_missing = known.status_code in {404, 405}
    return JSONResponse(
        {"error": "Not found" if is_missing else known.detail}, status_code=404 if is_missing else known.status_code
    )


async def _read_object(request: Request) -> Json:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise GoodyRefusedError(400, "Request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise GoodyRefusedError(400, "Request body must be an object")
    return body


def _page(request: Request, rows: Sequence[Row], write: Callable[[Row], Any]) -> Json:
    """`per_page` over the maximum is cut to it: not documented, and of all answers the most misleading to a client."""
    page, per_page = _whole(request, "page", 1), min(_whole(request, "per_page", DEFAULT_PER_PAGE), LARGEST_PER_PAGE)
    shown = rows[(page - 1) * per_page : page * per_page]
    return {"data": [write(row) for row in shown], "list_meta": {"total_count": len(rows)}}


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise GoodyRefusedError(400, f"{name.replace('_', ' ').capitalize()} must be greater than 0")
    return number


def _within(request: Request, rows: Iterable[Dated], after_name: str, before_name: str) -> list[Dated]:
    """Both ends belong to the range, as documented."""
    after, before = _bound(request, after_name), _bound(request, before_name)
    return [
        row
        for row in rows
        if (after is None or row.created_at >= after) and (before is None or row.created_at <= before)
    ]


def _bound(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return read_moment(text)
    except ValueError as error:
        raise GoodyRefusedError(400, f"{name} is not an ISO 8601 time") from error


def _newest_first(rows: Iterable[Dated]) -> list[Dated]:
    """The vendor's own order is not documented; its examples look like this."""
    return sorted(rows, key=lambda row: (row.created_at, row.sequence), reverse=True)
