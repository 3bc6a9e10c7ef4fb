"""Both vendors' twins as real servers, with what a test does to them and to their clocks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from app.sandbox.dialnexa import create_dialnexa_twin
from app.sandbox.goody import create_goody_twin
from tests.clients import client_of
from tests.serving import serving

DIALNEXA_KEY = "key_1:secret_of_the_key"
DIALNEXA_SECRET = "dialnexa-secret-of-the-twins"
GOODY_KEY = "goody-key-of-the-twins"
GOODY_WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class TwoTwins:
    dialnexa: httpx.Client
    goody: httpx.Client

    @property
    def settings(self) -> dict[str, str]:
        """What a deployment beside them sets."""
        return {
            "HANDOFF_DIALNEXA_BASE_URL": str(self.dialnexa.base_url),
            "HANDOFF_DIALNEXA_API_KEY": DIALNEXA_KEY,
            "HANDOFF_DIALNEXA_WEBHOOK_SECRETS": DIALNEXA_SECRET,
            "HANDOFF_GOODY_BASE_URL": str(self.goody.base_url),
            "HANDOFF_GOODY_API_KEY": GOODY_KEY,
            "HANDOFF_GOODY_WEBHOOK_SECRETS": GOODY_WEBHOOK_SECRET,
        }

    def tell(self, url: str) -> None:
        """Webhooks of both go to the service at this address, which answers already."""
        _post(self.dialnexa, "/_twin/webhook", {"url": f"{url}/webhooks/dialnexa", "retry_delay_seconds": 0})
        _post(self.goody, "/_twin/webhooks", {"url": f"{url}/webhooks/goody"})

    def put_clocks(self, ahead: timedelta) -> None:
        for twin in (self.dialnexa, self.goody):
            _post(twin, "/_twin/clock", {"ahead_seconds": ahead.total_seconds()})

    def call(self, **placement: Any) -> str:
        """The id of a new call, its webhooks sent unless they are dropped."""
        return str(_post(self.dialnexa, "/_twin/calls", placement)["id"])

    def lose_webhooks_of_orders(self, share: float) -> None:
        self.goody.delete("/_twin/faults").raise_for_status()
        if share:
            _post(self.goody, "/_twin/faults", [{"kind": "webhook_drop", "probability": share}])

    def place(self, **order: Any) -> dict[str, Any]:
        return _post(self.goody, "/_twin/orders", {"recipient_first_name": "Ann", **order})

    def advance(self, order: dict[str, Any], to: str) -> None:
        _post(self.goody, f"/_twin/orders/{order['id']}/advance", {"to": to})

    def cancel(self, order: dict[str, Any]) -> None:
        _post(self.goody, f"/_twin/orders/{order['id']}/cancel")

    def orders(self) -> dict[str, dict[str, Any]]:
        """All, by id, as Goody's own list shows them."""
        headers = {"authorization": f"Bearer {GOODY_KEY}"}
        answer = self.goody.get("/v1/orders", params={"per_page": 100}, headers=headers).raise_for_status().json()
        assert answer["list_meta"]["total_count"] <= 100
        return {row["id"]: row for row in answer["data"]}

    def lost(self) -> tuple[int, int]:
        """How many webhooks of orders were dropped, and how many there were."""
        outcomes = [row["outcome"] for row in self.goody.get("/_twin/deliveries").raise_for_status().json()["data"]]
        return outcomes.count("dropped"), outcomes.count("dropped") + outcomes.count("delivered")

    def calls_told_of(self) -> list[tuple[str, str]]:
        """Call and event of each webhook that arrived."""
        log = self.dialnexa.get("/_twin/deliveries").raise_for_status().json()
        return [(row["call_id"], row["event"]) for row in log if row["is_success"] and row["call_id"]]


@contextmanager
def running_twins(*, seed: int = 1) -> Iterator[TwoTwins]:
    dialnexa = create_dialnexa_twin(api_key=DIALNEXA_KEY, secret=DIALNEXA_SECRET, seed=seed)
    goody = create_goody_twin(api_key=GOODY_KEY, webhook_secret=GOODY_WEBHOOK_SECRET, seed=seed)
    with (
        serving(dialnexa) as calls_at,
        serving(goody) as orders_at,
        client_of(calls_at) as of_dialnexa,
        client_of(orders_at) as of_goody,
    ):
        # Svix's retries take a day; what a dead receiver does not take is lost within a second.
        _post(of_goody, "/_twin/settings", {"retry_scale": 0.00001})
        yield TwoTwins(of_dialnexa, of_goody)


def _post(client: httpx.Client, path: str, body: Any = None) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json()) if answer.content else {}
