"""The people of a run: reviewers who say yes or no over REST, and hands at the shop that nobody tells us of."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.chaos.deployment import Deployment
from tests.chaos.judge import Moved, Said
from tests.chaos.plan import PlannedCall

ROUTES = {"open": ("advance", {"to": "opened"}), "accept": ("advance", {"to": "accepted"}), "cancel": ("cancel", {})}


@dataclass
class Hands:
    """Recipients and others who act at the shop's own pages. `orders` gives the shop's id by call."""

    shop: httpx.Client
    orders: dict[str, str]
    moves: list[Moved] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)

    def act(self, call: PlannedCall, moment: str) -> None:
        """What the plan has them do at this moment of the call, once."""
        if call.move is None or call.moment != moment or call.call_id in self.moved:
            return
        self.moved.add(call.call_id)
        order_id, (verb, body) = self.orders[call.call_id], ROUTES[call.move]
        # It may be too late for them as well: we were there before.
        if self.shop.post(f"/_twin/orders/{order_id}/{verb}", json=body).is_success:
            self.moves.append(Moved(order_id, datetime.now(UTC)))


@dataclass
class Reviewers:
    """People who go through the queue again and again and decide as planned, each with a token of their own."""

    deployment: Deployment
    calls: dict[str, PlannedCall]
    hands: Hands
    tokens: tuple[str, ...]
    poll_seconds: float = 0.3
    said: list[Said] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        with ExitStack() as stack:
            people = [stack.enter_context(self.deployment.client(token)) for token in self.tokens]
            for person in itertools.cycle(people):
                if self.is_over.wait(self.poll_seconds):
                    return
                with suppress(httpx.HTTPError, ValueError):
                    self._go_through(person)

    def _go_through(self, person: httpx.Client) -> None:
        for review in self._queue(person):
            call = self.calls.get(review["call_id"])
            if call is None or review["purpose"] != "decision":
                continue
            self.hands.act(call, "before_approval")
            if self._say(person, review, is_yes=call.is_approved) == 200:
                self.hands.act(call, "after_approval")

    def _queue(self, person: httpx.Client) -> Iterator[dict[str, Any]]:
        """Page by page: tasks that nobody does stand in it before what is to be decided."""
        cursor: str | None = None
        while not self.is_over.is_set():
            params = {"status": "open", "limit": 100} | ({"cursor": cursor} if cursor else {})
            page = person.get("/v1/reviews", params=params).raise_for_status().json()
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _say(self, person: httpx.Client, review: dict[str, Any], *, is_yes: bool) -> int | None:
        status = None
        with suppress(httpx.HTTPError):
            status = person.post(
                f"/v1/reviews/{review['id']}/{'approval' if is_yes else 'rejection'}",
                headers={"if-match": f'"{review["version"]}"'},
                json={"reason_code": "caller_asked" if is_yes else "not_convincing"},
            ).status_code
        self.said.append(Said(review["id"], review["action"]["id"], is_yes, review["fingerprint"], status))
        return status
