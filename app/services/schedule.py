"""The jobs there are, with the lane each runs in. A job is written in the transaction that caused it.

Work on one call runs one at a time and in order of arrival, and so does work on one order, whichever call asked for it.
"""

from collections.abc import Sequence
from uuid import UUID
from zlib import crc32

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.orders import Order
from app.db import jobs
from app.db.accounts import list_lanes_at_work

UNDERSTAND = "understand"
MATCH = "match"
DECIDE = "decide"
EXECUTE = "execute"
SETTLE = "settle"
UNDO = "undo"
OBSERVE = "observe"
SYNC_ORDERS = "sync_orders"
RECONCILE_CALLS = "reconcile_calls"
NOTIFY = "notify"
ESCALATE = "escalate"
KEEP_RECORDING = "keep_recording"

# The executor's pauses grow to five minutes, so that these many tries bridge a shop's outage of about three hours.
EXECUTE_TRIES = 45
# A delivery is our only copy of a call: it is tried for days before it is laid aside for people.
INTAKE_TRIES = 600
# At a time, in all of a deployment: after an outage downloads leave workers free for what callers wait for.
DOWNLOADS = 4


async def schedule_understanding(conn: AsyncConnection, delivery_id: int, call_id: str) -> None:
    await jobs.enqueue(conn, UNDERSTAND, {"delivery_id": delivery_id}, lane=_call_lane(call_id), max_tries=INTAKE_TRIES)


async def schedule_matching(conn: AsyncConnection, call_id: str, *, in_seconds: float = 0) -> None:
    """At once, or after a pause that a later call of this cuts short."""
    await jobs.enqueue(
        conn,
        MATCH,
        {"call_id": call_id},
        lane=_call_lane(call_id),
        dedupe_key=f"{MATCH}:{call_id}",
        run_in_seconds=in_seconds,
        max_tries=INTAKE_TRIES,
    )


async def schedule_decision(conn: AsyncConnection, action_id: UUID, *, call_id: str, order: Order | None) -> None:
    lane = _lane_of_action(call_id, order)
    await jobs.enqueue(
        conn,
        DECIDE,
        {"action_id": str(action_id)},
        lane=lane,
        dedupe_key=f"{DECIDE}:{action_id}",
        max_tries=INTAKE_TRIES,
    )


async def schedule_execution(
    conn: AsyncConnection, action_id: UUID, *, call_id: str, order: Order | None, in_seconds: float = 0
) -> None:
    lane = _lane_of_action(call_id, order)
    await jobs.enqueue(
        conn,
        EXECUTE,
        {"action_id": str(action_id)},
        lane=lane,
        dedupe_key=f"{EXECUTE}:{action_id}",
        run_in_seconds=in_seconds,
        max_tries=EXECUTE_TRIES,
    )


async def hurry_execution(conn: AsyncConnection, action_ids: Sequence[UUID]) -> None:
    """What waits for its time to act acts now."""
    await jobs.hurry(conn, [f"{EXECUTE}:{action_id}" for action_id in action_ids])


async def schedule_settling(
    conn: AsyncConnection, action_id: UUID, *, call_id: str, order: Order | None, looks: int, in_seconds: float
) -> None:
    await jobs.enqueue(
        conn,
        SETTLE,
        {"action_id": str(action_id), "looks": looks},
        lane=_lane_of_action(call_id, order),
        dedupe_key=f"{SETTLE}:{action_id}",
        run_in_seconds=in_seconds,
        max_tries=INTAKE_TRIES,
    )


async def schedule_undoing(conn: AsyncConnection, action_id: UUID, *, call_id: str, order: Order | None) -> None:
    await jobs.enqueue(
        conn,
        UNDO,
        {"action_id": str(action_id)},
        lane=_lane_of_action(call_id, order),
        dedupe_key=f"{UNDO}:{action_id}",
        max_tries=EXECUTE_TRIES,
    )


async def schedule_observation(conn: AsyncConnection, delivery_id: int, *, destination: str, subject: str) -> None:
    """A shop posted something: its order is read and what waits for it is settled."""
    await jobs.enqueue(
        conn,
        OBSERVE,
        {"destination": destination, "subject": subject, "delivery_id": delivery_id},
        lane=_order_lane(destination, subject),
        max_tries=INTAKE_TRIES,
    )


async def schedule_check(conn: AsyncConnection, order: Order) -> None:
    """The same, when we noticed a change by ourselves."""
    await jobs.enqueue(
        conn,
        OBSERVE,
        {"destination": order.destination, "subject": order.external_id, "delivery_id": None},
        lane=_lane_of(order),
        dedupe_key=f"{OBSERVE}:{order.destination}:{order.external_id}",
        max_tries=INTAKE_TRIES,
    )


async def schedule_notification(conn: AsyncConnection, notification_id: UUID) -> None:
    await jobs.enqueue(
        conn,
        NOTIFY,
        {"notification_id": str(notification_id)},
        dedupe_key=f"{NOTIFY}:{notification_id}",
        max_tries=INTAKE_TRIES,  # the notification counts its own
    )


async def schedule_escalation(conn: AsyncConnection, notification_id: UUID, *, in_seconds: float) -> None:
    """When the notification should have been delivered."""
    await jobs.enqueue(
        conn,
        ESCALATE,
        {"notification_id": str(notification_id)},
        dedupe_key=f"{ESCALATE}:{notification_id}",
        run_in_seconds=in_seconds,
        max_tries=INTAKE_TRIES,
    )


async def schedule_keeping(conn: AsyncConnection, call_id: str) -> None:
    """In none of the call's own lanes: a download may take minutes, and nothing of the call has to wait for it."""
    await jobs.enqueue(
        conn,
        KEEP_RECORDING,
        {"call_id": call_id},
        lane=f"recordings:{crc32(call_id.encode()) % DOWNLOADS}",
        dedupe_key=f"{KEEP_RECORDING}:{call_id}",
        max_tries=INTAKE_TRIES,  # the recording counts its own
    )


async def schedule_sync(conn: AsyncConnection, destination: str) -> None:
    await jobs.enqueue(
        conn,
        SYNC_ORDERS,
        {"destination": destination},
        lane=_sync_lane(destination),
        dedupe_key=f"{SYNC_ORDERS}:{destination}",
        max_tries=INTAKE_TRIES,
    )


async def is_sync_at_work(conn: AsyncConnection, destination: str) -> bool:
    """One waits, be it for another try, or runs."""
    return bool(await list_lanes_at_work(conn, [_sync_lane(destination)], kind=SYNC_ORDERS))


async def is_call_reconciliation_at_work(conn: AsyncConnection) -> bool:
    return bool(await list_lanes_at_work(conn, [RECONCILE_CALLS], kind=RECONCILE_CALLS))


async def schedule_call_reconciliation(conn: AsyncConnection) -> None:
    await jobs.enqueue(
        conn, RECONCILE_CALLS, {}, lane=RECONCILE_CALLS, dedupe_key=RECONCILE_CALLS, max_tries=INTAKE_TRIES
    )


async def list_calls_at_work(conn: AsyncConnection, call_ids: Sequence[str]) -> set[str]:
    """Those of the calls of which a delivery waits to be read, or is being read."""
    lanes = {_call_lane(call_id): call_id for call_id in call_ids}
    return {lanes[lane] for lane in await list_lanes_at_work(conn, list(lanes), kind=UNDERSTAND)}


def _sync_lane(destination: str) -> str:
    return f"sync:{destination}"


def _lane_of_action(call_id: str, order: Order | None) -> str:
    """Its order's, whichever call asked for it; where it has none, its call's."""
    return _call_lane(call_id) if order is None else _lane_of(order)


def _call_lane(call_id: str) -> str:
    return f"call:{call_id}"


def _lane_of(order: Order) -> str:
    return _order_lane(order.destination, order.external_id)


def _order_lane(destination: str, external_id: str) -> str:
    return f"order:{destination}:{external_id}"
