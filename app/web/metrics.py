"""What a scrape sees: requests by route, deliveries by outcome, what waits. Labels are templates and fixed words."""

import time

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import jobs
from app.db.actions import count_actions
from app.db.calls import count_calls_by_stage
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
    return Response(generate_latest() + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
