"""The Goody twin's memory: its orders and batches, the lifecycle that moves them, and the ledger of writes.

Knows no HTTP. Every change happens without a pause in between, so that one event loop is all the locking it needs.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

from app.sandbox.goody_catalogue import Json, Product
from app.sandbox.goody_records import (
    EVENT_TIMES,
    Activity,
    Cart,
    CartLine,
    GoodyRefusedError,
    Recipient,
    Sender,
    TwinBatch,
    TwinOrder,
    batch_json,
    cart_amounts,
    order_json,
    stale_batch_json,
    tax_cents,
    write_moment,
)
from app.sandbox.svix_sender import SvixSettings

# In the order an order walks them. "ordered" is explained nowhere; its place follows from the vendor's enum.
STATUSES = ("created", "notified", "opened", "accepted", "pending_payment", "paid", "ordered", "shipped", "delivered")
CANCELLABLE = frozenset({"created", "notified", "opened"})
# The cancel endpoint leaves "failed"; "canceled" is in the enum and seen in the vendor's MCP answers.
CANCELLED = frozenset({"failed", "canceled"})
# The activities feed has no word for the others.
ACTIVITY_STATUSES = frozenset(
    {"created", "opened", "pending_payment", "paid", "ordered", "shipped", "delivered", "failed"}
)
EVENTS = {
    "created": "order.created",
    "opened": "order.gift_opened",
    "accepted": "order.gift_accepted",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
}
# Sandbox only: a sender of this name makes an accepted gift go on by itself.
MAGIC_NAMES = {"[shipped]": "shipped", "[delivered]": "delivered", "[refunded]": "refunded"}
LARGEST_SYNCHRONOUS_BATCH = 10
REFERENCE_LENGTH = 24
REFERENCE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class GoodySettings(SvixSettings):
    """Switches of the twin; the defaults are what the vendor documents."""

    batch_event_spelling: Literal["gift_batch", "order_batch"] = "gift_batch"
    async_seconds: float = 0.3  # how long a batch of more than ten recipients stays pending
    is_admin: bool = True  # whether the key's user may manage webhooks


@dataclass(slots=True)
class LedgerEntry:
    """One write request that arrived. `effect` says what it did to the vendor, whatever the client was told."""

    number: int
    method: str
    path: str
    at: str
    idempotency_key: str | None
    order_id: str | None = None
    order_batch_id: str | None = None
    customer_reference_id: str | None = None
    effect: Literal["arrived", "done", "refused", "fault"] = "arrived"  # fault: nothing was done, because of a fault
    status: int | None = None  # of the act itself; None where it never happened
    answered: int | None = None  # what went back; None where the connection was cut
    fault: str | None = None
    found: str | None = None  # the order's status right before the act

    def as_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BatchDraft:
    """A validated request for a batch, before it has an id."""

    from_name: str
    recipients: tuple[Recipient, ...]
    lines: tuple[tuple[Product, int, int], ...]  # product, quantity, cents each
    send_method: str = "link_multiple_custom_list"
    message: str | None = None
    card_id: str | None = None
    workspace: Json | None = None
    scheduled_send_on: datetime | None = None
    expires_at: datetime | None = None
    customer_reference_id: str | None = None


# Whom the account's key belongs to.
ACCOUNT = Sender("Robin", "Ashgrove", "robin.ashgrove@harborlight.example.com")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class GoodyState:
    """All that the twin knows. `publish` takes an event's name, its type in the body and its data."""

    clock: Callable[[], datetime]
    seed: int
    publish: Callable[[str, str, Json], object]
    settings: GoodySettings = field(default_factory=GoodySettings)
    orders: dict[str, TwinOrder] = field(default_factory=dict)
    batches: dict[str, TwinBatch] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    dice: Random = field(init=False)
    _sequence: int = 0
    _ready_at: dict[str, float] = field(default_factory=dict)  # pending batch -> time.monotonic()

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)

    def reset(self, seed: int) -> None:
        """Back to an empty account; the same seed gives the same ids again."""
        self.seed = seed
        self.dice = Random(seed)
        self._sequence = 0
        for records in (self.orders, self.batches, self.activities, self.ledger, self._ready_at):
            records.clear()
        for name, value in GoodySettings():
            setattr(self.settings, name, value)

    # Looking up

    def now(self) -> datetime:
        """Whole seconds, because that is all the vendor's times show: a filter must find what a row says."""
        return self.clock().replace(microsecond=0)

    def get_order(self, order_id: str) -> TwinOrder:
        order = self.orders.get(order_id)
        if order is None:
            raise GoodyRefusedError(404, "Order not found")
        return order

    def get_batch(self, batch_id: str) -> TwinBatch:
        batch = self.batches.get(batch_id)
        if batch is None:
            raise GoodyRefusedError(404, "Order batch not found")
        return batch

    def new_id(self) -> str:
        return str(UUID(int=self.dice.getrandbits(128), version=4))

    def new_reference(self) -> str:
        return "".join(self.dice.choices(REFERENCE_LETTERS, k=REFERENCE_LENGTH))

    # Batches and the orders they make

    def create_batch(self, draft: BatchDraft) -> TwinBatch:
        """Ten recipients or fewer: complete at once. More, or a future time: pending, see `finish_due_batches`."""
        reference = draft.customer_reference_id
        if reference is not None and any(batch.customer_reference_id == reference for batch in self.batches.values()):
            # Documented: rejected instead of created anew. Not documented: the code, the text, and that a failed or
            # cancelled batch keeps its reference, as here.
            raise GoodyRefusedError(400, "Customer reference has already been taken")
        batch = self.add_batch(draft, created_at=self.now())
        is_scheduled = batch.scheduled_send_on is not None and batch.scheduled_send_on > self.clock()
        if is_scheduled or len(batch.recipients) > LARGEST_SYNCHRONOUS_BATCH:
            # Monotonic, not the clock: a clock that a test holds still must not hold the vendor's own workers.
            self._ready_at[batch.id] = time.monotonic() + (0 if is_scheduled else self.settings.async_seconds)
            self._publish_batch("created", batch)
            return batch
        orders = self._fill(batch)
        self._publish_batch("created", batch)
        self._publish_filled(batch, orders)
        return batch

    def add_batch(self, draft: BatchDraft, *, created_at: datetime, sender: Sender = ACCOUNT) -> TwinBatch:
        lines = tuple(CartLine(self.new_id(), product, quantity, cents) for product, quantity, cents in draft.lines)
        batch = TwinBatch(
            id=self.new_id(),
            reference_id=self.new_reference(),
            from_name=draft.from_name,
            sender=sender,
            recipients=draft.recipients,
            cart=Cart(self.new_id(), lines),
            created_at=created_at.replace(microsecond=0),
            sequence=self._next(),
            send_method=draft.send_method,
            message=draft.message,
            card_id=draft.card_id,
            expires_at=draft.expires_at,
            scheduled_send_on=draft.scheduled_send_on,
            customer_reference_id=draft.customer_reference_id,
        )
        if draft.workspace is not None:
            batch.workspace = draft.workspace
        self.batches[batch.id] = batch
        return batch

    def finish_due_batches(self) -> None:
        """Makes the orders of pending batches whose time has come; called before every read and by the ticker."""
        for batch_id, ready_at in list(self._ready_at.items()):
            batch = self.batches[batch_id]
            scheduled = batch.scheduled_send_on
            if time.monotonic() >= ready_at and (scheduled is None or self.clock() >= scheduled):
                del self._ready_at[batch_id]
                self._publish_filled(batch, self._fill(batch))

    def add_order(self, batch: TwinBatch, recipient: Recipient, *, created_at: datetime) -> TwinOrder:
        order = TwinOrder(
            id=self.new_id(),
            reference_id=self.new_reference(),
            batch=batch,
            recipient=recipient,
            amounts=cart_amounts(batch.cart),
            gift_code=self.new_reference(),
            created_at=created_at.replace(microsecond=0),
            sequence=self._next(),
            expires_at=batch.expires_at,
        )
        self.orders[order.id] = order
        batch.orders.append(order)
        self._record(order, "created", order.created_at)
        return order

    # The lifecycle of one order

    def cancel(
        self, order: TwinOrder, *, status: str = "failed", at: datetime | None = None, is_told: bool = True
    ) -> None:
        """By the API or by a person at the vendor's page: the same rule, since no document gives the page another."""
        if order.status not in CANCELLABLE:
            # Documented: too late from accepted on. Not documented: code and text, here and for a second cancel.
            raise GoodyRefusedError(400, "Order can't be canceled")
        order.status = status
        self._record(order, "failed", at or self.now())
        if is_told:
            self.publish("order.canceled", "order.canceled", order_json(order))

    def change_expiration(self, order: TwinOrder, expires_at: datetime) -> None:
        """A date in the past is taken, as in the vendor's example. No webhook tells of it."""
        if order.status not in CANCELLABLE:
            # Not documented: the expiry is the deadline to accept, so that it means nothing any more.
            raise GoodyRefusedError(400, "Expiration can't be updated")
        order.expires_at = expires_at

    def advance(self, order: TwinOrder, to: str, *, at: Sequence[datetime] = (), is_told: bool = True) -> None:
        """Walks every status on the way; `at` gives their times in turn, the last one for the rest."""
        if order.status in CANCELLED or STATUSES.index(to) <= STATUSES.index(order.status):
            raise GoodyRefusedError(409, f"An order that is {order.status} does not become {to}")
        times = list(at) or [self.now()]
        for status in STATUSES[STATUSES.index(order.status) + 1 : STATUSES.index(to) + 1]:
            self._enter(order, status, times.pop(0) if len(times) > 1 else times[0])
            if is_told and status in EVENTS:
                self.publish(EVENTS[status], EVENTS[status], order_json(order))
        if is_told and to == "accepted" and order.batch.from_name in MAGIC_NAMES:
            self._follow_magic_name(order, MAGIC_NAMES[order.batch.from_name])

    def refund(self, order: TwinOrder) -> None:
        """Done by the vendor's support. The order keeps its status, and no field of it tells."""
        if order.status in CANCELLED | CANCELLABLE or order.refunded_at is not None:
            raise GoodyRefusedError(
                409, f"An order that is {order.status} has nothing to refund, or was refunded before"
            )
        order.refunded_at = self.now()
        self.publish("order.refunded", "order.refunded", order_json(order))

    def _follow_magic_name(self, order: TwinOrder, outcome: str) -> None:
        if outcome == "refunded":
            self.refund(order)
        else:
            self.advance(order, outcome)

    def _enter(self, order: TwinOrder, status: str, at: datetime) -> None:
        order.status = status
        if status in EVENT_TIMES:
            order.event_times[status] = at
        if status == "opened":
            order.view_count += 1
        elif status == "accepted":
            pre_tax = order.amounts["amount_pre_tax_total"] or 0
            order.amounts["amount_tax"] = tax_cents(pre_tax)
            order.amounts["amount_total"] = pre_tax + tax_cents(pre_tax)
        elif status == "shipped":
            order.shipments = self._shipments(order, at)
        elif status == "delivered":
            for shipment in order.shipments:
                shipment.update(status="delivered", delivered_at=write_moment(at))
        self._record(order, status, at)

    def _shipments(self, order: TwinOrder, at: datetime) -> list[Json]:
        """One a brand. Tracking number and link are for approved distribution partners only, and so left out."""
        return [
            {
                "id": self.new_id(),
                "status": "shipped",
                "brand_name": brand_name,
                "tracking_carrier": self.dice.choice(("UPS", "FedEx", "USPS")),
                "shipped_at": write_moment(at),
                "delivered_at": None,
                "delivery_eta": write_moment(at + timedelta(days=3)),
            }
            for brand_name in dict.fromkeys(line.product.brand.name for line in order.batch.cart.lines)
        ]

    def _fill(self, batch: TwinBatch) -> list[TwinOrder]:
        orders = [self.add_order(batch, recipient, created_at=self.now()) for recipient in batch.recipients]
        batch.send_status = "complete"
        return orders

    def _publish_filled(self, batch: TwinBatch, orders: list[TwinOrder]) -> None:
        for order in orders:
            self.publish("order.created", "order.created", order_json(order))
        self._publish_batch("completed", batch)

    def _publish_batch(self, step: str, batch: TwinBatch) -> None:
        """Endpoints filter by order_batch.*, whatever the body says: the vendor's examples and its list disagree."""
        spelling = self.settings.batch_event_spelling
        data = stale_batch_json(batch) if spelling == "gift_batch" else batch_json(batch)
        self.publish(f"order_batch.{step}", f"{spelling}.{step}", data)

    def _record(self, order: TwinOrder, status: str, at: datetime) -> None:
        if status in ACTIVITY_STATUSES:
            self.activities.append(Activity(self.new_id(), order, status, at, self._next()))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence
