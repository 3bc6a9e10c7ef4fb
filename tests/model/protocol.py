"""A model of the execute protocol: whatever comes in whatever order, an approved act happens once at most, as approved.

Real services on a real Postgres, against the Goody twin over HTTP. Only the order of things is the model's: it runs one
job at a time, and lets the process die in the middle of one wherever a real one could.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import booleans, sampled_from
from sqlalchemy import make_url, text

from app.adapters.goody.client import Goody
from app.bootstrap import Adapters, build_adapters, handlers_of
from app.core.lifecycle import MOVING, ActionStatus
from app.db import audit, jobs
from app.db.embedded import EmbeddedPostgres
from app.db.engine import Database
from app.db.orders import find_order
from app.errors import ConflictError, HandoffError
from app.ports.clock import SystemClock
from app.services import review as people
from app.services.mirror import refresh_order
from app.services.parts import Parts
from app.services.receive import receive
from app.services.review import Decider, Word
from app.services.schedule import schedule_check
from app.settings import Settings
from tests.stories.foreign_client import about, completed, digest, new_call_id, raw, somebody
from tests.stories.running_service import GOODY_KEY
from tests.stories.twin_server import Twin, running_twin

T = TypeVar("T")
SECRET, WEBHOOK_SECRET = "dialnexa-secret-of-the-model", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PERSON = Decider("ops", "admin")
WORD = Word("caller_asked", None, None)
ADDRESSES = ("5 New Street, Springfield, IL 62704", "somewhere in Springfield")  # the second is not understood whole
WISHES = ("cancel order", "more time", "change address", "send_order")
DEATHS = ("before the read", "before the act", "after the act", "after the last read")
FAULTS = ("answer_lost", "close", "status", "status_after")


@contextmanager
def modelled(postgres: EmbeddedPostgres, template_url: str) -> Iterator[type["Protocol"]]:
    """The machine, on this Postgres and beside a twin of its own."""
    with running_twin(key=GOODY_KEY, webhook_secret=WEBHOOK_SECRET) as twin:
        Protocol.twin, Protocol.template, Protocol.superuser = twin, template_url, postgres.superuser_dsn()
        Protocol.visited = Counter()
        yield Protocol


@cache
def _adapters(base_url: str) -> Adapters:
    """Policy, weights and mapping are read once: that takes longer than what is done with them."""
    settings = Settings(
        _env_file=None,
        dialnexa_webhook_secrets=SECRET,
        goody_api_key=GOODY_KEY,
        goody_base_url=base_url,
        goody_webhook_secrets=WEBHOOK_SECRET,
    )
    return build_adapters(settings)


class DiedError(BaseException):
    """The process is gone: nobody handles this, and what was not committed is not there."""


class MortalGoody(Goody):
    """The real adapter, in a process that dies at a point of the next execution."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url, api_key=GOODY_KEY)
        self.dies: str | None = None
        self.acts: list[tuple[str, str]] = []  # order id and its status at the shop as the act was sent
        self._is_past_act = False

    def begin(self, dies: str | None) -> None:
        self.dies, self._is_past_act = dies, False

    async def read_order(self, external_id: str) -> Any:
        self._die_if("before the read", is_there=not self._is_past_act)
        order = await super().read_order(external_id)
        self._die_if("after the last read", is_there=self._is_past_act)
        return order

    async def _act(self, external_id: str, verb: str, body: object | None, idempotency_key: str) -> Any:
        self._die_if("before the act")
        self.acts.append((external_id, (await super().read_order(external_id)).status))
        try:
            return await super()._act(external_id, verb, body, idempotency_key)
        finally:
            self._is_past_act = True
            self._die_if("after the act")

    async def send(self, sending: Any, *, idempotency_key: str) -> None:
        self._die_if("before the act")
        try:
            await super().send(sending, idempotency_key=idempotency_key)
        finally:
            self._is_past_act = True
            self._die_if("after the act")

    def _die_if(self, point: str, *, is_there: bool = True) -> None:
        if self.dies == point and is_there:
            self.dies = None
            raise DiedError(point)


class Protocol(RuleBasedStateMachine):
    """One order, one call about it, and everything that may happen to them."""

    twin: Twin
    template: str
    superuser: str
    visited: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.is_assisted = False  # by a person, who said that it was done at the shop
        self.runner = asyncio.Runner()
        self.name = f"model_{uuid4().hex}"
        with psycopg.connect(self.superuser, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {self.name} TEMPLATE handoff OWNER handoff".encode())
        url = make_url(self.template).set(database=self.name).render_as_string(hide_password=False)
        self.parts, self.goody = self.run(self._open(url))
        self.twin.post("/_twin/reset", {"orders": 0})  # else each new database would read the orders of all before

    async def _open(self, url: str) -> tuple[Parts, MortalGoody]:
        adapters, goody = _adapters(self.twin.url), MortalGoody(self.twin.url)
        parts = Parts(
            database=Database(url),
            clock=SystemClock(),
            senders=adapters.senders,
            calls=adapters.calls,
            shops={goody.name: goody},
            policy=adapters.policy,
            parse_policy=lambda _: adapters.policy,
            words=adapters.words,
            weights=adapters.weights,
            routing=adapters.routing,
        )
        return parts, goody

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    # --- what may happen

    @initialize(wish=sampled_from(WISHES), new_address=sampled_from(ADDRESSES), is_approved_in_the_end=booleans())
    def a_call_comes(self, wish: str, new_address: str, is_approved_in_the_end: bool) -> None:  # noqa: FBT001 (drawn)
        self.wish, self.call_id, person = wish, new_call_id(), somebody()
        self.is_approved_in_the_end = is_approved_in_the_end
        method = "direct_send" if wish == "change address" else "email_and_link"
        self.order = self.twin.place_for(person, send_method=method)
        said = about(self.order, person, wish, new_address=new_address, Product="Cookies")
        body = raw(completed(self.call_id, said))
        self.run(self._receive(body))
        for _ in range(3):  # understood, matched, decided
            self.work(None)

    async def _receive(self, body: bytes) -> None:
        await refresh_order(self.parts, self.goody, self.order["id"])
        headers = {"x-dialnexa-signature": digest(SECRET, body)}
        assert await receive(self.parts, self.parts.senders["dialnexa"], headers, body)

    @rule(dies=sampled_from((None, None, *DEATHS)))
    def a_job_runs(self, dies: str | None) -> None:
        self.work(dies)

    @precondition(lambda self: self._is_asked("decision"))
    @rule(verb=sampled_from((people.approve, people.approve, people.approve, people.reject)))
    def a_person_decides(self, verb: Any) -> None:
        self._decide(verb, "decision")

    @precondition(lambda self: self._is_asked("assistance"))
    @rule()
    def a_person_asks_the_shops_support(self) -> None:
        self._decide(people.say_assisted, "assistance")
        self.is_assisted = True

    @rule(status=sampled_from(["opened", "accepted", "shipped"]))
    def the_recipient_moves_the_order(self, status: str) -> None:
        self.twin.http.post(f"/_twin/orders/{self.order['id']}/advance", json={"to": status})

    @rule()
    def somebody_cancels_at_the_shop(self) -> None:
        self.twin.http.post(f"/_twin/orders/{self.order['id']}/cancel")

    @rule()
    def a_webhook_tells_of_the_order(self) -> None:
        self.run(self._tell())

    @precondition(lambda self: not self.parts.policy.version.endswith("+"))
    @rule()
    def the_policy_moves(self) -> None:
        moved = replace(self.parts.policy, version=f"{self.parts.policy.version}+")
        self.parts = replace(self.parts, policy=moved)

    @rule(kind=sampled_from(FAULTS))
    def the_next_write_has_a_bad_day(self, kind: str) -> None:
        fault = {"kind": kind, "match": {"method": "POST", "path": "/v1/orders/|/v1/order_batches$"}, "times": 1}
        self.twin.http.post("/_twin/faults", json=[fault]).raise_for_status()

    @rule()
    def time_passes(self) -> None:
        """Pauses and leases end."""
        self.run(
            self._execute(
                "UPDATE jobs SET run_at = now() WHERE status = 'waiting'",
                "UPDATE jobs SET leased_until = now() - interval '1 second' WHERE status = 'running'",
            )
        )
        self.run(self._reap())

    # --- what always holds

    @invariant()
    def what_a_machine_has_to_move_has_a_job(self) -> None:
        """Or a person settles it: of an unknown outcome that no read can show."""
        stuck = [row.id for row in self._actions() if row.status in MOVING and not self._has_job(row.id)]
        assert not stuck, f"no job will ever move {stuck}"

    @invariant()
    def an_act_happens_once_at_most(self) -> None:
        done = [entry for entry in self._ledger() if entry["effect"] == "done"]
        for (path, key), times in Counter((entry["path"], entry["idempotency_key"]) for entry in done).items():
            assert times == 1, f"{path} was done {times} times under {key}"

    @invariant()
    def every_act_was_approved_as_the_order_stood(self) -> None:
        """The status at the shop when the act was sent is the one that the approval was bound to."""
        for order_id, status in self.goody.acts:
            shown = {row.fingerprint_parts.get("order.status") for row in self._actions() if row.fingerprint_parts}
            is_of_saga = order_id != self.order["id"] or self.wish == "change address"
            assert is_of_saga or status in shown, f"acted on an order that was {status}, approved as {shown}"

    def teardown(self) -> None:
        try:
            self._end_well()
        finally:
            self.run(self.parts.database.close())
            self.run(self.goody.close())
            self.runner.close()
            with psycopg.connect(self.superuser, autocommit=True) as admin:
                admin.execute(f"DROP DATABASE {self.name} WITH (FORCE)".encode())

    def _end_well(self) -> None:
        """Left alone, with nothing going wrong any more, all comes to rest, and the shop and we agree."""
        if not hasattr(self, "order"):
            return
        self.twin.http.delete("/_twin/faults").raise_for_status()
        for _ in range(40):
            self.time_passes()
            while self.work(None):
                pass
            if self.is_approved_in_the_end and self._is_asked("decision"):
                self._decide(people.approve, "decision")
            elif all(row.status not in MOVING for row in self._actions()):
                break
        rows = self._actions()
        assert rows, "the call led to nothing"
        for row in rows:
            self.visited[f"{row.kind} {row.status}"] += 1
            assert row.status not in MOVING, f"{row.kind} stays {row.status}"
            self._agrees_with_the_shop(row)
        assert self.run(self._verify()) == []

    def _agrees_with_the_shop(self, row: Any) -> None:
        done = [each for each in self._ledger() if each["effect"] == "done" and str(row.id) in each["idempotency_key"]]
        if row.kind in {"cancel_order", "extend_expiration", "send_order"}:
            assert row.status == ActionStatus.DONE or not done, f"done at the shop, and {row.status} here"
        if row.kind == "change_address":
            made = [each for each in done if each["path"] == "/v1/order_batches"]
            taken_back = sum(each["path"].endswith("/cancel") and self.order["id"] not in each["path"] for each in done)
            went_out = len(made) - taken_back
            assert row.status == ActionStatus.DONE or went_out <= (row.status == ActionStatus.AWAITING_ASSISTANCE)
            assert row.status != ActionStatus.DONE or went_out == 1 or self.is_assisted, "done, and nothing went out"

    # --- how it is done

    def work(self, dies: str | None) -> bool:
        return self.run(self._work_on_one(dies))

    async def _work_on_one(self, dies: str | None) -> bool:
        async with self.parts.database.transaction() as conn:
            claimed = await jobs.claim(conn, limit=1, lease_seconds=30)
        for job in claimed:
            self.goody.begin(dies if job.kind in {"execute", "settle"} else None)
            try:
                await handlers_of(self.parts)[job.kind](job)
            except DiedError:
                return True  # its lease will run out
            except HandoffError:
                async with self.parts.database.transaction() as conn:
                    await jobs.reschedule(conn, job, run_in_seconds=60)
            else:
                async with self.parts.database.transaction() as conn:
                    await jobs.finish_what_is_held(conn, [job])
        return bool(claimed)

    def _is_asked(self, purpose: str) -> bool:
        query = "SELECT FROM reviews WHERE status = 'open' AND purpose = :purpose"
        return bool(self.run(self._select(query, purpose=purpose)))

    def _decide(self, verb: Any, purpose: str) -> None:
        query = "SELECT id FROM reviews WHERE status = 'open' AND purpose = :purpose"
        for row in self.run(self._select(query, purpose=purpose)):
            with suppress(ConflictError):  # the case moved since it was shown
                self.run(verb(self.parts, row.id, PERSON, WORD))

    async def _tell(self) -> None:
        async with self.parts.database.transaction() as conn:
            record = await find_order(conn, "goody", self.order["id"])
            assert record is not None
            await schedule_check(conn, record.order)

    async def _reap(self) -> None:
        async with self.parts.database.transaction() as conn:
            await jobs.reap(conn)

    async def _verify(self) -> list[Any]:
        async with self.parts.database.transaction() as conn:
            while await audit.seal_batch(conn):
                pass
            return list((await audit.verify_chain(conn)).problems)

    async def _execute(self, *statements: str) -> None:
        async with self.parts.database.transaction() as conn:
            for statement in statements:
                await conn.execute(text(statement))

    async def _select(self, query: str, **values: Any) -> list[Any]:
        async with self.parts.database.transaction() as conn:
            return list(await conn.execute(text(query), values))

    def _actions(self) -> list[Any]:
        return self.run(self._select("SELECT id, kind, status, fingerprint_parts FROM actions"))

    def _has_job(self, action_id: UUID) -> bool:
        query = "SELECT FROM jobs WHERE payload ->> 'action_id' = :id AND status <> 'dead'"
        return bool(self.run(self._select(query, id=str(action_id))))

    def _ledger(self) -> list[dict[str, Any]]:
        return [entry for entry in self.twin.ledger() if (entry["idempotency_key"] or "").startswith(self.call_id)]
