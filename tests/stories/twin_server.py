"""The product's own Goody twin as a real server in a thread, with the switches its admin paths give."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.sandbox.goody import create_goody_twin
from tests.clients import client_of
from tests.serving import serving


@dataclass
class Twin:
    http: httpx.Client

    @property
    def url(self) -> str:
        return str(self.http.base_url).rstrip("/")

    def post(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def place_for(self, person: Any, **fields: Any) -> dict[str, Any]:
        """An order that this person receives, not accepted yet unless said so; no webhook tells of it unless asked for."""
        names = {"recipient_first_name": person.first, "recipient_last_name": person.last}
        expires_at = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        order = {
            **names,
            "recipient_email": person.email,
            "status": "notified",
            "is_told": False,
            "expires_at": expires_at,
        }
        return self.post("/_twin/orders", order | fields)

    def ledger(self, **filters: str) -> list[dict[str, Any]]:
        """The writes that arrived, with what each did."""
        return list(self.http.get("/_twin/ledger", params=filters).raise_for_status().json()["data"])

    def tell(self, url: str) -> None:
        """Send its events there."""
        self.post("/_twin/webhooks", {"url": f"{url}/webhooks/goody"})


@contextmanager
def running_twin(*, key: str, webhook_secret: str, orders: int = 0) -> Iterator[Twin]:
    app = create_goody_twin(api_key=key, webhook_secret=webhook_secret)
    with serving(app, lifespan="on") as url, client_of(url) as http:
        twin = Twin(http)
        twin.post("/_twin/reset", {"orders": orders})
        yield twin
