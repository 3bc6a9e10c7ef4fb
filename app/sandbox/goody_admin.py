"""What a test, a demo or an operator does to the Goody twin under `/_twin`: nothing here exists at the vendor.

Stands for the people around the vendor (recipients who open gifts, support that refunds) and for its dashboard.
"""

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Body, Depends, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.sandbox.goody_catalogue import CARDS, Brand, Json, Product, find_product
from app.sandbox.goody_records import GoodyRefusedError, Recipient, Sender, TwinOrder, order_json, single_order_json
from app.sandbox.goody_seed import seed_orders, walk_silently
from app.sandbox.goody_state import ACCOUNT, EVENTS, BatchDraft, GoodySettings, GoodyState
from app.sandbox.svix_sender import SvixSender
from app.sandbox.twin_clock import ClockInput, TwinClock
from app.sandbox.twin_faults import Fault, FaultBoard

admin_router = APIRouter(prefix="/_twin")

AdvanceTo = Literal["notified", "opened", "accepted", "pending_payment", "paid", "ordered", "shipped", "delivered"]


def the_state(request: Request) -> GoodyState:
    return cast("GoodyState", request.app.state.goody)


def the_sender(request: Request) -> SvixSender:
    return cast("SvixSender", request.app.state.svix)


def the_faults(request: Request) -> FaultBoard:
    return cast("FaultBoard", request.app.state.faults)


def the_clock(request: Request) -> TwinClock:
    return cast("TwinClock", request.app.state.clock)


State = Annotated[GoodyState, Depends(the_state)]
Svix = Annotated[SvixSender, Depends(the_sender)]
Faults = Annotated[FaultBoard, Depends(the_faults)]
Clock = Annotated[TwinClock, Depends(the_clock)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SenderInput(_Strict):
    first_name: str
    last_name: str
    email: str


class ProductInput(_Strict):
    """One of the catalogue by its name, or one made up for this order."""

    name: str
    brand: str = "Cookie Company"
    price: int | None = Field(default=None, ge=0)
    quantity: int = Field(default=1, ge=1)


class OrderInput(_Strict):
    recipient_first_name: str
    recipient_last_name: str | None = None
    recipient_email: str | None = None
    sender: SenderInput | None = None
    from_name: str | None = None
    message: str | None = None
    products: list[ProductInput] = Field(default_factory=lambda: [ProductInput(name="Cookies")], min_length=1)
    status: Literal["created", AdvanceTo, "failed", "canceled"] = "created"
    amounts: dict[str, int | None] = Field(default_factory=dict)
    created_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    reference_id: str | None = Field(default=None, pattern=r"^[A-Z0-9]{24}$")
    customer_reference_id: str | None = None
    send_method: Literal["email_and_link", "link_multiple_custom_list", "direct_send"] | None = None
    is_told: bool = True  # whether webhooks tell of the order, and of the status it has


class AdvanceInput(_Strict):
    to: AdvanceTo


class CancelInput(_Strict):
    status: Literal["failed", "canceled"] = "failed"


class WebhookInput(_Strict):
    url: str
    secret: str | None = None
    events: list[str] = Field(default_factory=list)


class ResetInput(_Strict):
    orders: int = Field(default=0, ge=0)
    seed: int | None = None
    keep_webhooks: bool = False


@admin_router.post("/orders", status_code=201)
async def create_order(body: OrderInput, state: State) -> Json:
    """One order with a batch of its own. Batch events are not sent: no batch was created through the vendor's doors."""
    created_at = (body.created_at or state.now()).replace(microsecond=0)
    sender = Sender(**body.sender.model_dump()) if body.sender else ACCOUNT
    recipient = Recipient(body.recipient_first_name, body.recipient_last_name, body.recipient_email)
    draft = BatchDraft(
        from_name=body.from_name or f"{sender.first_name} {sender.last_name}",
        recipients=(recipient,),
        lines=tuple(_line(product) for product in body.products),
        send_method=body.send_method or ("email_and_link" if body.recipient_email else "link_multiple_custom_list"),
        message=body.message,
        card_id=CARDS[0]["id"] if body.message else None,
        expires_at=body.expires_at,
        customer_reference_id=body.customer_reference_id,
    )
    batch = state.add_batch(draft, created_at=created_at, sender=sender)
    batch.send_status = "complete"
    order = state.add_order(batch, recipient, created_at=created_at)
    order.reference_id = body.reference_id or order.reference_id
    walk_silently(state, order, body.status)
    order.amounts.update(body.amounts)
    if body.is_told:
        _tell(state, order)
    return single_order_json(order)


@admin_router.post("/orders/{order_id}/advance")
async def advance_order(order_id: str, body: AdvanceInput, state: State) -> Json:
    order = state.get_order(order_id)
    state.advance(order, body.to)
    return single_order_json(order)


@admin_router.post("/orders/{order_id}/refund")
async def refund_order(order_id: str, state: State) -> Json:
    order = state.get_order(order_id)
    state.refund(order)
    return single_order_json(order)


@admin_router.post("/orders/{order_id}/cancel")
async def cancel_order(order_id: str, state: State, body: CancelInput | None = None) -> Json:
    """Somebody cancels at the vendor's web page. It is no API write, so that the ledger does not know it."""
    order = state.get_order(order_id)
    state.cancel(order, status=(body or CancelInput()).status)
    return single_order_json(order)


@admin_router.get("/ledger")
async def read_ledger(state: State, order_id: str | None = None, effect: str | None = None) -> Json:
    chosen = [
        entry.as_json()
        for entry in state.ledger
        if order_id in {None, entry.order_id} and effect in {None, entry.effect}
    ]
    return {"data": chosen}


@admin_router.get("/deliveries")
async def read_deliveries(svix: Svix) -> Json:
    return {"data": svix.deliveries_json()}


@admin_router.get("/webhooks")
async def read_webhooks(svix: Svix) -> Json:
    """The dashboard: the only place where the vendor shows endpoints and signing secrets."""
    rows = [
        {"id": one.id, "url": one.url, "secret": one.secret, "events": list(one.events), "is_enabled": one.is_enabled}
        for one in svix.endpoints.values()
    ]
    return {"data": rows}


@admin_router.post("/webhooks", status_code=201)
async def add_webhook(body: WebhookInput, svix: Svix) -> Json:
    try:
        endpoint = svix.add_endpoint(body.url, secret=body.secret, events=tuple(body.events))
    except ValueError as error:
        raise GoodyRefusedError(422, str(error)) from error
    return {"id": endpoint.id, "secret": endpoint.secret}


@admin_router.post("/replay/{svix_id}")
async def replay_message(svix_id: str, svix: Svix) -> Json:
    message = svix.messages.get(svix_id)
    if message is None:
        raise GoodyRefusedError(404, "Message not found")
    return {"svix_id": svix_id, "endpoints": svix.replay(message)}


@admin_router.get("/faults")
async def read_faults(board: Faults) -> Json:
    return {"data": [fault.model_dump() for fault in board.faults]}


@admin_router.post("/faults", status_code=201)
async def add_faults(faults: list[Fault], board: Faults) -> Json:
    """Adds to those in force."""
    board.faults.extend(faults)
    return await read_faults(board)


@admin_router.delete("/faults", status_code=204)
async def clear_faults(board: Faults) -> None:
    board.clear()


@admin_router.post("/clock")
async def put_clock(body: ClockInput, clock: Clock) -> Json:
    """Orders placed and moved from now on are of that time; signatures keep the real one, which receivers check."""
    return clock.put(body)


@admin_router.get("/settings")
async def read_settings(state: State) -> GoodySettings:
    return state.settings


@admin_router.post("/settings")
async def change_settings(body: Annotated[dict[str, Any], Body()], state: State) -> GoodySettings:
    """Changes what is named, leaves the rest."""
    wanted = GoodySettings.model_validate(state.settings.model_dump() | body)
    for name, value in wanted:
        setattr(state.settings, name, value)
    return state.settings


@admin_router.post("/reset")
async def reset(state: State, svix: Svix, board: Faults, clock: Clock, body: ResetInput | None = None) -> Json:
    wanted = body or ResetInput()
    clock.put(ClockInput(ahead_seconds=0))
    await svix.forget(keep_endpoints=wanted.keep_webhooks)
    board.clear()
    state.reset(state.seed if wanted.seed is None else wanted.seed)
    orders = seed_orders(state, wanted.orders)
    return {"orders": len(orders)}


def _line(product: ProductInput) -> tuple[Product, int, int]:
    known = find_product(name=product.name)
    if known is None:
        known = Product(product.name, Brand(product.brand), product.price or 0)
    return known, product.quantity, known.price_cents if product.price is None else product.price


def _tell(state: GoodyState, order: TwinOrder) -> None:
    """The birth, and the present where that has an event of its own; a past that was skipped stays untold."""
    written = order_json(order)
    state.publish("order.created", "order.created", written | {"status": "created"})
    if order.status in {"failed", "canceled"}:
        state.publish("order.canceled", "order.canceled", written)
    elif order.status in EVENTS and order.status != "created":
        state.publish(EVENTS[order.status], EVENTS[order.status], written)
