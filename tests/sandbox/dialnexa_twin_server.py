"""Runs the DialNexa twin and a receiver of its webhooks over real HTTP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.dialnexa import create_dialnexa_twin
from tests.serving import serving

API_KEY = "key_1:secret_of_the_key"
SECRET = "whsec_of_the_twin"


@dataclass
class Receiver:
    """Keeps what it is sent; answers with the statuses of `answers` in turn, then 200."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    seconds: float = 0

    def fresh(self) -> "Receiver":
        self.received, self.answers, self.seconds = [], [], 0
        return self

    async def __call__(self, request: Request) -> Response:
        self.received.append((dict(request.headers), await request.body()))
        time.sleep(self.seconds)
        return Response('{"received": true}', self.answers.pop(0) if self.answers else 200)


@dataclass
class RunningTwin:
    url: str
    http: httpx.Client

    def place(self, **placement) -> dict:
        return self._json(self.http.post("/_twin/calls", json=placement))

    def register(self, url: str, **options) -> httpx.Response:
        return self.http.post("/_twin/webhook", json={"url": url, "retry_delay_seconds": 0, **options})

    def deliveries(self) -> list[dict]:
        return self._json(self.http.get("/_twin/deliveries"))

    def calls(self, **params) -> list[dict]:
        return self._json(self.http.get("/v1/calls", params=params))

    def _json(self, response: httpx.Response):
        assert response.is_success, response.text
        return response.json()


@contextmanager
def running_twin(**options) -> Iterator[RunningTwin]:
    app = create_dialnexa_twin(api_key=API_KEY, secret=SECRET, **options)
    headers = {"authorization": f"Bearer {API_KEY}"}
    with (
        serving(app) as url,
        httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=10) as http,
    ):
        yield RunningTwin(url, http)


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(Starlette(routes=[Route("/hook", receiver.__call__, methods=["POST"])])) as url:
        receiver.url = f"{url}/hook"
        yield receiver
