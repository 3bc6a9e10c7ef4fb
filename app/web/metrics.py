"""What a scrape sees: requests by route, deliveries by outcome, what waits. Labels are templates and fixed words."""

import time

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import jobs
from app.db.actions import count_actions
from app.db.alarms import count_alarms
from app.db.breakers import list_breakers
from app.db.calls import count_calls_by_stage
from app.db.dead_jobs import count_dead_by_kind
from app.db.evidence import count_recordings
from app.db.notifications import count_notifications
from app.db.reviews import count_open_reviews
from app.web.deps import PartsDep

DELIVERIES = Counter("handoff_deliveries", "Deliveries posted to us.", ["sender", "outcome"])
REQUESTS = Histogram(
    "handoff_request_seconds",
    "Time to answer a request.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

router = APIRouter()


class RequestMetrics:
    """Pure ASGI, since Starlette's own middleware base costs more than the request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note_status)
        finally:
            route = getattr(scope.get("route"), "path", "unrouted")
            method = scope["method"] if scope["method"] in METHODS else "other"  # a client may invent methods
            REQUESTS.labels(method, route, status).observe(time.perf_counter() - started)


@router.get("/metrics", include_in_schema=False)
async def get_metrics(parts: PartsDep) -> Response:
    """The process's own counters, and what the database says of the whole deployment."""
    registry = CollectorRegistry()
    calls = Gauge("handoff_calls", "Calls by how far they came.", ["stage"], registry=registry)
    actions = Gauge("handoff_actions", "Actions by kind and status.", ["kind", "status"], registry=registry)
    waiting = Gauge("handoff_jobs", "Jobs by status.", ["status"], registry=registry)
    notified = Gauge("handoff_notifications", "Handoffs on their way to channels.", ["status"], registry=registry)
    reviews = Gauge("handoff_reviews_open", "Reviews that wait for people.", registry=registry)
    async with parts.database.transaction() as conn:
        for stage, number in (await count_calls_by_stage(conn)).items():
            calls.labels(stage).set(number)
        for kind, status, number in await count_actions(conn):
            actions.labels(kind, status).set(number)
        for status, number in (await jobs.count_by_status(conn)).items():
            waiting.labels(status).set(number)
        for status, number in (await count_notifications(conn)).items():
            notified.labels(status).set(number)
        reviews.set(await count_open_reviews(conn))
        await _show_what_stands_still(conn, registry)
    return Response(generate_latest() + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _show_what_stands_still(conn: AsyncConnection, registry: CollectorRegistry) -> None:
    """What somebody should look at when it is not nought, or grows."""
    due = Gauge("handoff_jobs_due", "Jobs whose time has come and that no worker has begun.", registry=registry)
    oldest = Gauge("handoff_jobs_oldest_due_seconds", "How long the oldest of them waits.", registry=registry)
    dead = Gauge("handoff_jobs_dead", "Jobs that used up their tries, by kind.", ["kind"], registry=registry)
    breakers = Gauge("handoff_breaker_open", "1 while a vendor is down for all.", ["vendor"], registry=registry)
    recordings = Gauge("handoff_recordings", "Recordings by how far keeping came.", ["status"], registry=registry)
    alarms = Gauge("handoff_alarms", "Alarms that stand, by kind and state.", ["kind", "state"], registry=registry)
    backlog = await jobs.measure_backlog(conn)
    due.set(backlog.due)
    oldest.set(backlog.oldest_seconds)
    for kind, number in (await count_dead_by_kind(conn)).items():
        dead.labels(kind).set(number)
    for breaker in await list_breakers(conn):
        breakers.labels(breaker.vendor).set(breaker.is_open)
    for status, number in (await count_recordings(conn)).items():
        recordings.labels(status).set(number)
    for kind, state, number in await count_alarms(conn):
        alarms.labels(kind, state).set(number)
