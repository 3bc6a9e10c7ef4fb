"""A deployment of a story's own, beside a twin of its own: what goes wrong there holds up no other story."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from foreign_client import VoiceAgents, about, somebody
from psycopg.conninfo import make_conninfo
from running_service import DIALNEXA_SECRETS, GOODY_KEY, GOODY_WEBHOOK_SECRET, RunningService
from twin_server import Twin, running_twin

from app.db.embedded import EmbeddedPostgres


class Place:
    """The deployment, its shop, and callers who want a gift cancelled."""

    def __init__(self, service: RunningService, twin: Twin) -> None:
        self.service = service
        self.twin = twin
        self.agents = VoiceAgents(service.client(), DIALNEXA_SECRETS[0])

    def cancellation(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """An order, and the call that waits for a person's yes to its cancellation."""
        person = somebody()
        order = self.twin.place_for(person, is_told=True)
        self.service.knows(order)
        call_id = self.agents.call(about(order, person, "cancel order"))
        return order, self.service.with_action(call_id, "awaiting_review")

    def fault(self, kind: str, method: str, path: str, **more: Any) -> None:
        self.twin.http.post(
            "/_twin/faults", json=[{"kind": kind, "match": {"method": method, "path": path}, **more}]
        ).raise_for_status()

    def no_faults(self) -> None:
        self.twin.http.delete("/_twin/faults").raise_for_status()

    def effects(self, order: dict[str, Any]) -> list[str]:
        return [entry["effect"] for entry in self.twin.ledger(order_id=order["id"])]

    def database(self) -> psycopg.Connection[Any]:
        """As an administrator has it; closed by whoever asks."""
        dsn = EmbeddedPostgres(Path(self.service.settings["HANDOFF_DATA_DIR"])).superuser_dsn()
        return psycopg.connect(make_conninfo(dsn, dbname="handoff"), autocommit=True)


@contextmanager
def a_place(**settings: str) -> Iterator[Place]:
    with (
        running_twin(key=GOODY_KEY, webhook_secret=GOODY_WEBHOOK_SECRET) as twin,
        RunningService(HANDOFF_GOODY_BASE_URL=twin.url, **settings) as service,
    ):
        twin.tell(service.url)
        yield Place(service, twin)
