"""Three days without the service, and a third of all webhooks lost before and after: in the end nothing is missing.

The vendors' clocks stand three days back when the service is first seen at work, and come up to ours while it is away.
Its own clock is the real one, so that what it remembers of when it last looked is put back by the same three days.
"""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from running_service import RunningService, wait_for
from sqlalchemy import make_url
from two_twins import TwoTwins, running_twins

OUTAGE = timedelta(hours=72)
LOST = 0.3
MAY_BE_LOST = {"drop_probability": LOST}

# Whatever the service keeps of a moment at which it did or saw something.
PUT_BACK = """
    UPDATE bookmarks SET at = at - %(outage)s;
    UPDATE orders SET read_at = read_at - %(outage)s, looked_for_at = looked_for_at - %(outage)s;
    UPDATE leases SET leased_until = leased_until - %(outage)s;
    UPDATE jobs SET run_at = run_at - %(outage)s, leased_until = leased_until - %(outage)s;
"""


@pytest.fixture(scope="module")
def twins() -> Iterator[TwoTwins]:
    with running_twins(seed=7) as running:
        yield running


@pytest.fixture
def deployment(twins: TwoTwins, database_url: str) -> Iterator[RunningService]:
    """Not started: the story does it."""
    service = RunningService(**twins.settings, HANDOFF_DATABASE_URL=database_url, HANDOFF_RECONCILE_EVERY_SECONDS="2")
    yield service
    service.clean_up()


class World:
    """What people do at both vendors, and what they have done."""

    def __init__(self, twins: TwoTwins) -> None:
        self.twins = twins
        self.orders: list[dict[str, Any]] = []
        self.calls: dict[str, str] = {}  # call id to the order that it is about

    def place(self, number: int) -> list[dict[str, Any]]:
        first = len(self.orders)
        emails = [f"caller{place}@mail.example.com" for place in range(first, first + number)]
        self.orders += [self.twins.place(recipient_email=email, status="notified") for email in emails]
        return self.orders[first:]

    def call_about(self, orders: list[dict[str, Any]]) -> None:
        for place, order in enumerate(orders):
            wish = "cancel order" if place % 2 else "where is my order"
            email = order["recipient_email"]
            analysis = {"Order ID": order["reference_id"], "Customer Email": email, "Requested Action": wish}
            self.calls[self.twins.call(analysis=analysis, faults=MAY_BE_LOST)] = order["id"]

    def ship(self, orders: list[dict[str, Any]]) -> None:
        for order in orders:
            self.twins.advance(order, "shipped")

    def webhooks_have_ended(self) -> bool:
        """Each was taken, dropped, or tried for the last time."""
        rows = self.twins.goody.get("/_twin/deliveries").json()["data"]
        done = {row["svix_id"] for row in rows if row["outcome"] in {"delivered", "dropped", "gave_up"}}
        return done == {row["svix_id"] for row in rows}


def accounted(service: RunningService, *, since: datetime) -> tuple[int, dict[str, Any]]:
    ran = service.run("completeness", "--since", since.isoformat(), "--json")
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_reconcilers_find_all_that_was_lost_in_three_days_and_the_report_shows_it(
    deployment: RunningService, twins: TwoTwins, superuser_url: str
) -> None:
    world = World(twins)
    twins.put_clocks(-OUTAGE - timedelta(days=9))
    accepted_unseen = twins.place(recipient_email="early@mail.example.com", status="opened")
    twins.put_clocks(-OUTAGE)
    begin = datetime.now(UTC) - OUTAGE - timedelta(minutes=1)
    waiting = world.place(8)

    # A usual day: a third of the webhooks never comes.
    deployment.start()
    twins.tell(deployment.url)
    twins.lose_webhooks_of_orders(LOST)
    for order in (accepted_unseen, *waiting):
        deployment.knows(order)
    world.call_about(waiting)
    world.ship(waiting[:4])
    waiting = waiting[4:] + world.place(4)
    wait_for(world.webhooks_have_ended, "the webhooks of the day")
    wait_for(lambda: deployment.figures()['handoff_jobs{status="waiting"}'] == 0, "the work on what came by webhook")

    # Then nobody is there for three days.
    deployment.end(signal.SIGKILL)
    plain_url = make_url(superuser_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain_url) as conn:
        for statement in filter(str.strip, PUT_BACK.split(";")):
            conn.execute(statement, {"outage": OUTAGE})
    for hours in (66, 48, 24, 3):
        twins.put_clocks(-timedelta(hours=hours))
        world.ship(waiting)
        waiting = world.place(5)
        world.call_about(waiting)
    twins.advance(accepted_unseen, "accepted")
    wait_for(world.webhooks_have_ended, "the last try of the webhooks")

    code, report = accounted(deployment, since=begin)
    assert code == 1
    assert min(report[what]["missing"] for what in ("calls", "orders", "changes")) >= 15, report
    assert {row["gap"] for row in report["missing"] if row["subject"] == "call"} >= {"absent", "behind"}

    # It comes back, and so do the webhooks, but for a third.
    twins.put_clocks(timedelta(minutes=-5))
    deployment.start()
    world.ship(waiting)
    world.call_about(world.place(6))
    for call_id, order_id in world.calls.items():
        call = deployment.settled(call_id)
        assert call["match"]["order_id"] == order_id
        assert len(call["actions"]) == 1, "done once, by whichever way and however often it was told"
    wait_for(lambda: shown(deployment) == statuses(twins), "the mirror to show every order as the shop does")

    code, report = accounted(deployment, since=begin)
    assert code == 0, report["missing"]
    assert report["is_complete"]
    for what in ("calls", "orders", "changes"):
        assert report[what]["share"] == 1
        assert report[what]["webhook"] > 0, f"{what}: {report[what]}"
        assert report[what]["read"] > 0, f"{what}: {report[what]}"
    assert report["calls"]["total"] == len(world.calls) == 34
    assert report["orders"]["total"] == len(world.orders), "all but the one that was placed before"
    dropped, sent = twins.lost()
    assert dropped > 0.15 * sent

    verified = deployment.run("audit", "verify", "--json")
    assert json.loads(verified.stdout)["ok"], verified.stdout


def statuses(twins: TwoTwins) -> dict[str, str]:
    return {order_id: order["status"] for order_id, order in twins.orders().items()}


def shown(service: RunningService) -> dict[str, str]:
    return {row["order_id"]: row["status"] for row in service.rows("/v1/orders")}
