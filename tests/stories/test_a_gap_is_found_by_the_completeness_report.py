"""A gap that was made on purpose is found by the report, named with what to do, and mended by reconciling."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from running_service import RunningService, run_command
from sqlalchemy import make_url
from two_twins import TwoTwins, running_twins


@pytest.fixture(scope="module")
def twins() -> Iterator[TwoTwins]:
    with running_twins() as running:
        # What ended five minutes ago is no longer on its way.
        running.put_clocks(timedelta(minutes=-5))
        yield running


@pytest.fixture
def deployment(twins: TwoTwins, database_url: str) -> Iterator[RunningService]:
    """Its reconcilers look once, at the start, and then not for a day."""
    once_a_day = {"HANDOFF_RECONCILE_EVERY_SECONDS": "86400"}
    with RunningService(**twins.settings, **once_a_day, HANDOFF_DATABASE_URL=database_url) as running:
        twins.tell(running.url)
        yield running


def report(service: RunningService, *command: str, **settings: str) -> tuple[int, dict[str, Any]]:
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    ran = service.run(*command, "--since", since, "--json", **settings)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_a_lost_call_and_a_lost_order_are_named_and_then_fetched(
    deployment: RunningService, twins: TwoTwins, superuser_url: str
) -> None:
    orders = [twins.place(recipient_email=f"p{place}@mail.example.com", status="opened") for place in range(3)]
    for order in orders:
        deployment.knows(order)
    wish = {"Order ID": orders[0]["reference_id"], "Requested Action": "where is my order"}
    told = [twins.call(analysis=wish) for _ in range(2)]
    for call_id in told:
        deployment.settled(call_id)
    code, whole = report(deployment, "completeness")
    assert code == 0, whole["missing"]
    assert (whole["calls"]["webhook"], whole["calls"]["share"]) == (2, 1)

    # Nobody tells of a call, and an order vanishes from the mirror behind everybody's back.
    lost = twins.call(analysis=wish, faults={"drop": True})
    plain_url = make_url(superuser_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain_url) as conn:
        conn.execute("DELETE FROM orders WHERE external_id = %s", [orders[2]["id"]])
    code, gap = report(deployment, "completeness")
    assert code == 1
    assert {(row["subject"], row["belongs_to"], row["gap"]) for row in gap["missing"]} == {
        ("call", lost, "absent"),
        ("order", orders[2]["id"], "unread"),
        ("change", orders[2]["id"], "unread"),
    }
    assert all(row["remedy"] for row in gap["missing"])
    assert gap["calls"]["share"] == pytest.approx(2 / 3, abs=1e-6)
    assert gap["digest"] != whole["digest"]
    assert deployment.find_call(lost) is None, "a report mends nothing"

    code, mended = report(deployment, "reconcile", "--report")
    assert code == 0, mended
    assert mended["calls"]["fetched"] == 1
    assert mended["report"]["is_complete"]
    assert (mended["report"]["calls"]["webhook"], mended["report"]["calls"]["read"]) == (2, 1)
    assert len(deployment.settled(lost)["actions"]) == 1

    kept = [row["data"] for row in deployment.rows("/v1/audit") if row["event"] == "completeness.reported"]
    shown = [whole, gap, mended["report"]]
    assert sorted(row["digest"] for row in kept) == sorted(row["digest"] for row in shown)
    assert sorted(len(row["missing"]) for row in kept) == [0, 0, len(gap["missing"])]
    assert "mail.example.com" not in json.dumps(kept)

    code, half = report(deployment, "completeness", HANDOFF_DIALNEXA_API_KEY="")
    assert code == 1, "without a key, calls cannot be accounted for"
    assert "HANDOFF_DIALNEXA_API_KEY" in half["unasked"]["dialnexa"]
    assert half["orders"]["share"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["completeness"],
        ["completeness", "--since", "yesterday"],
        ["reconcile", "--report"],
        ["reconcile", "--until", "2026-11-01"],
        ["reconcile", "--since", "2026-11-02", "--until", "2026-11-01"],
    ],
    ids=" ".join,
)
def test_a_period_that_is_none_is_refused_with_what_to_give(words: list[str], tmp_path: Path) -> None:
    refused = run_command(*words, folder=tmp_path, settings={"HANDOFF_GOODY_API_KEY": "key"})
    assert refused.returncode == 1
    assert "--since" in refused.stderr
    assert "Traceback" not in refused.stderr
