"""Runs apps over real HTTP for the tests of the Goody twin: the twin itself, and a receiver of its webhooks."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.goody import create_goody_twin
from app.sandbox.goody_catalogue import find_product
from tests.serving import serving

API_KEY = "test-key"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def wait_until(is_so: Callable[[], object], *, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.01)


@dataclass
class MovableClock:
    """Real time, moved by as much as a test wants."""

    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass
class RunningTwin:
    http: httpx.Client
    clock: MovableClock

    def fresh(self) -> "RunningTwin":
        self.clock.offset = timedelta()
        self.post("/_twin/reset")
        return self

    def order(self, **fields) -> dict:
        return self.post("/_twin/orders", {"recipient_first_name": "Alena", **fields})

    def post(self, path: str, body: object = None) -> dict:
        response = self.http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def get(self, path: str, **params) -> dict:
        response = self.http.get(path, params=params)
        assert response.is_success, response.text
        return response.json()

    def data(self, path: str, **params) -> list[dict]:
        return self.get(path, **params)["data"]

    def fault(self, kind: str, **fields) -> None:
        self.post("/_twin/faults", [{"kind": kind, **fields}])


@contextmanager
def running_twin(**options) -> Iterator[RunningTwin]:
    clock = MovableClock()
    app = create_goody_twin(api_key=API_KEY, webhook_secret=WEBHOOK_SECRET, clock=clock)
    headers = {"authorization": f"Bearer {API_KEY}"}
    with (
        serving(app, **options) as address,
        httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=5) as http,
    ):
        yield RunningTwin(http, clock)


def batch_body(count=2, **fields):
    recipients = [
        {"first_name": "Alena", "last_name": "Kenter", "email": f"a{n}@mail.example.com"} for n in range(count)
    ]
    cart = {"items": [{"product_id": find_product(name="Cookies").id, "quantity": 1}]}
    return {"from_name": "Robin", "send_method": "email_and_link", "recipients": recipients, "cart": cart, **fields}


@dataclass
class Receiver:
    """Keeps what it is sent; answers from `answers` in turn, then 204."""

    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    url: str = ""

    async def __call__(self, request: Request) -> Response:
        self.received.append((dict(request.headers), await request.body()))
        return self.answers.pop(0) if self.answers else Response(status_code=204)


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(Starlette(routes=[Route("/hook", receiver.__call__, methods=["POST"])])) as address:
        receiver.url = f"{address}/hook"
        yield receiver
