"""A shop that answers as Goody's public documents say, and has the bad days that networks have.

Written from the documents alone; it imports nothing of the product. What no document says (the code of a refusal, what
a second cancel answers) is answered in the way that helps a client least.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import socket
import string
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import httpx

CANCELLABLE = frozenset({"created", "notified", "opened"})
# The words of the activities feed, which has none for `notified`, `accepted` and `canceled`.
FEED = frozenset({"created", "opened", "pending_payment", "paid", "ordered", "shipped", "delivered", "failed"})

# What goes wrong with one write: before the act, after it, or in between.
ACT_THEN_CUT = "act, then close the connection"
ACT_THEN_500 = "act, then answer 500"
ACT_THEN_GARBAGE = "act, then answer what is no JSON"
ANSWER_503 = "answer 503 and do nothing"
ANSWER_429 = "answer 429 and do nothing"
CUT = "close the connection and do nothing"
ACCEPTED_MEANWHILE = "the recipient accepts the gift a moment before"
RETRY_AFTER_SECONDS = 4

SENDER = {"first_name": "Robin", "last_name": "Ashgrove", "email": "robin.ashgrove@harborlight.example.com"}


@dataclass
class Write:
    """A write that arrived; `changed` says whether it did anything."""

    order_id: str
    verb: str
    body: Any
    headers: dict[str, str]
    at: float = field(default_factory=time.monotonic)
    changed: bool = False


class Shop:
    """The shop's memory. Every method may be called from any thread."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.url = ""
        self.orders: dict[str, dict[str, Any]] = {}
        self.created: dict[str, datetime] = {}
        self.feed: list[dict[str, Any]] = []
        self.writes: list[Write] = []
        self.reads: list[str] = []
        self.troubles: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.is_away = False  # every connection is cut before anything is read
        self.guard = threading.RLock()

    def place(
        self, *, status: str = "notified", cents: int = 5000, days: int | None = 30, **fields: Any
    ) -> dict[str, Any]:
        """An order as a person would send it at the shop's page, told to nobody."""
        now = datetime.now(UTC).replace(microsecond=0)
        expires_at = None if days is None else now + timedelta(days=days)
        cart = {
            "id": str(uuid4()),
            "items": [
                {
                    "id": str(uuid4()),
                    "quantity": 1,
                    "product": {"id": str(uuid4()), "name": "Cookies", "brand": {"id": str(uuid4()), "name": "Bakery"}},
                }
            ],
        }
        order = {
            "id": str(uuid4()),
            "status": status,
            "individual_gift_link": f"https://gifts.ongoody.com/gift/{secrets.token_hex(12)}",
            "recipient_first_name": "Nobody",
            "recipient_last_name": None,
            "recipient_email": None,
            "card_id": None,
            "message": None,
            "thank_you_note": None,
            "view_count_recipient": 0,
            "is_swapped": False,
            "order_batch_id": str(uuid4()),
            "expires_at": expires_at and _written(expires_at),
            "cart": cart,
            "shipments": [],
            "amounts": {
                "amount_product": cents,
                "amount_shipping": 0,
                "amount_processing_fee": 0,
                "amount_pre_tax_total": cents,
                "amount_tax": None,
                "amount_total": None,
                "amount_global_relay_cost": None,
            },
            "sender": SENDER,
            "workspace_id": str(uuid4()),
            "workspace_name": "Everybody",
            "original_cart": None,
            "original_amounts": None,
            "reference_id": "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(24)),
            "payment_link": None,
            **fields,
        }
        with self.guard:
            self.orders[order["id"]] = order
            self.created[order["id"]] = now
            self._tell_feed(order)
        return order

    def place_for(self, person: Any, **fields: Any) -> dict[str, Any]:
        """An order that this person receives."""
        names = {"recipient_first_name": person.first, "recipient_last_name": person.last}
        return self.place(**names, recipient_email=person.email, **fields)

    def move(self, order: dict[str, Any], status: str) -> None:
        with self.guard:
            order["status"] = status
            self._tell_feed(order)

    def trouble(self, order: dict[str, Any], verb: str, *troubles: str) -> None:
        """What happens to the next writes of this kind to this order, in turn."""
        with self.guard:
            self.troubles[order["id"], verb] += troubles

    def writes_to(self, order: dict[str, Any], verb: str | None = None) -> list[Write]:
        with self.guard:
            return [each for each in self.writes if each.order_id == order["id"] and verb in {None, each.verb}]

    def changes_of(self, order: dict[str, Any], verb: str) -> int:
        """How often a write of this kind really did something to the order."""
        return sum(each.changed for each in self.writes_to(order, verb))

    def cancel(self, order: dict[str, Any]) -> bool:
        with self.guard:
            if order["status"] not in CANCELLABLE:
                return False
            self.move(order, "failed")
            return True

    def _tell_feed(self, order: dict[str, Any]) -> None:
        if order["status"] in FEED:
            at = _written(datetime.now(UTC))
            self.feed.insert(0, {"id": str(uuid4()), "order_status": order["status"], "created_at": at, "order": order})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: Shop

    def do_GET(self) -> None:
        if self._is_known():
            url = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(url.query).items()}
            with self.shop.guard:
                self.shop.reads.append(unquote(self.path))
                self._answer(*self._read(url.path, query))

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        content = self.rfile.read(length)
        if not self._is_known():
            return
        found = re.fullmatch(r"/v1/orders/([^/]+)/(cancel|update_expiration)", self.path)
        with self.shop.guard:
            order = self.shop.orders.get(found[1]) if found else None
            if found is None or order is None:
                self._answer(404, {"error": "Order not found"})
                return
            self._write(order, found[2], json.loads(content) if content else None)

    def _write(self, order: dict[str, Any], verb: str, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        write = Write(order["id"], verb, body, headers)
        self.shop.writes.append(write)
        troubles = self.shop.troubles[order["id"], verb]
        trouble = troubles.pop(0) if troubles else None
        if trouble == CUT:
            self._cut()
        elif trouble == ANSWER_503:
            self._answer(503, {"error": "Service unavailable"})
        elif trouble == ANSWER_429:
            self._answer(429, {"error": "Too many requests"}, {"Retry-After": str(RETRY_AFTER_SECONDS)})
        else:
            if trouble == ACCEPTED_MEANWHILE:
                self.shop.move(order, "accepted")
            self._act_and_answer(order, write, trouble)

    def _act_and_answer(self, order: dict[str, Any], write: Write, trouble: str | None) -> None:
        if order["status"] not in CANCELLABLE:
            self._answer(400, {"error": "Order can't be changed any more. Contact Goody Support."})
            return
        if write.verb == "cancel":
            self.shop.move(order, "failed")
        else:
            order["expires_at"] = _written(datetime.fromisoformat(write.body["expiration"]))
        write.changed = True
        if trouble == ACT_THEN_CUT:
            self._cut()
        elif trouble == ACT_THEN_500:
            self._answer(500, {"error": "Something went wrong"})
        elif trouble == ACT_THEN_GARBAGE:
            self._answer(200, b"<html>Welcome</html>")
        else:
            self._answer(200, order)

    def _read(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        one = re.fullmatch(r"/v1/orders/([^/]+)", path)
        if one:
            order = self.shop.orders.get(one[1])
            if order is None:
                return 404, {"error": "Order not found"}
            times = dict.fromkeys(("notified_at", "opened_at", "accepted_at", "paid_at", "shipped_at", "delivered_at"))
            return 200, order | {"event_times": {"created_at": _written(self.shop.created[order["id"]]), **times}}
        if path == "/v1/orders":
            after, before = query.get("created_at[after]"), query.get("created_at[before]")
            rows = [
                order for id_, order in self.shop.orders.items() if _is_within(self.shop.created[id_], after, before)
            ]
            return _page(rows[::-1], query)
        if path == "/v1/order_activities":
            after, before = query.get("after"), query.get("before")
            words = {word for word in query.get("statuses", "").split(",") if word}
            rows = [
                row
                for row in self.shop.feed
                if _is_within(datetime.fromisoformat(row["created_at"]), after, before)
                and (not words or row["order_status"] in words)
            ]
            return _page(rows, query)
        if path == "/v1/order_batches":
            return _page([], query)
        return 404, {"error": "Not found"}

    def _is_known(self) -> bool:
        if self.shop.is_away:
            self._cut()
            return False
        if self.headers.get("authorization") == f"Bearer {self.shop.key}":
            return True
        self._answer(401, {"error": "Unauthorized"})
        return False

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, *_: object) -> None:
        """A client that hung up is no news."""


@contextmanager
def open_shop(key: str) -> Iterator[Shop]:
    shop = Shop(key)
    handler = type("Handler", (_Handler,), {"shop": shop})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class ShopWebhooks:
    """Goody's events as Svix sends them to one receiver."""

    http: httpx.Client
    secret: str

    def tell(self, event: str, order: dict[str, Any], *, message_id: str | None = None, **how: Any) -> httpx.Response:
        body = {"event_type": event, "id": str(uuid4()), "data": order}
        return self.send(json.dumps(body).encode(), message_id=message_id or f"msg_{secrets.token_hex(12)}", **how)

    def send(
        self, content: bytes, *, message_id: str, family: str = "svix", secret: str | None = None, age_seconds: int = 0
    ) -> httpx.Response:
        stamp = str(int(time.time()) - age_seconds)
        key = base64.b64decode((secret or self.secret).removeprefix("whsec_"))
        signed = f"{message_id}.{stamp}.".encode() + content
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        headers = {f"{family}-id": message_id, f"{family}-timestamp": stamp, f"{family}-signature": f"v1,{signature}"}
        return self.http.post(
            "/webhooks/goody", content=content, headers={"content-type": "application/json", **headers}
        )


def _page(rows: list[Any], query: dict[str, str]) -> tuple[int, Any]:
    page, per_page = int(query.get("page", "1")), min(int(query.get("per_page", "20")), 100)
    if page < 1:
        return 400, {"error": "Page must be greater than 0"}
    shown = rows[(page - 1) * per_page : page * per_page]
    return 200, {"data": shown, "list_meta": {"total_count": len(rows)}}


def _is_within(moment: datetime, after: str | None, before: str | None) -> bool:
    with suppress(ValueError):
        return (after is None or moment >= datetime.fromisoformat(after)) and (
            before is None or moment <= datetime.fromisoformat(before)
        )
    return False


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
