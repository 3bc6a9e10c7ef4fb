"""A deployment with a database of its own: migrate it, serve without a worker, and run workers beside it."""

import signal
from collections.abc import Iterator

import psycopg
import pytest
from foreign_client import VoiceAgents, about, somebody
from running_service import DIALNEXA_SECRETS, RunningService, wait_for
from sqlalchemy import make_url
from twin_server import Twin

from app.db.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
def own_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """An empty database of a Postgres that somebody else runs."""
    url = make_url(postgres.start())
    with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE of_the_story OWNER handoff TEMPLATE template1")
        yield url.set(drivername="postgresql", database="of_the_story").render_as_string(hide_password=False)
        admin.execute("DROP DATABASE of_the_story WITH (FORCE)")


@pytest.fixture(scope="module")
def deployment(own_database: str, twin: Twin) -> Iterator[RunningService]:
    """Not started: the story does it."""
    service = RunningService(HANDOFF_GOODY_BASE_URL=twin.url, HANDOFF_DATABASE_URL=own_database)
    yield service
    service.clean_up()


def test_an_unmigrated_database_is_migrated_by_its_own_command_and_then_served(deployment, twin):
    refused = deployment.run("worker")
    assert refused.returncode != 0
    assert "Run: handoff migrate" in refused.stderr
    assert "Traceback" not in refused.stderr

    migrated = deployment.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    assert not (deployment.folder / "data").exists(), "no embedded Postgres beside a database of one's own"

    deployment.start("--no-worker")
    agents = VoiceAgents(deployment.client(), DIALNEXA_SECRETS[0])
    person = somebody()
    order = twin.place_for(person)
    call_id = agents.call(about(order, person, "more time"))
    figures = deployment.figures()
    assert figures['handoff_jobs{status="waiting"}'] >= 1
    assert deployment.find_call(call_id) is None, "nobody works yet"

    workers = [deployment.spawn("worker") for _ in range(2)]
    deployment.with_action(call_id, "done")
    assert [entry["effect"] for entry in twin.ledger(order_id=order["id"])] == ["done"]

    # One worker is killed, and the other does what comes then.
    workers[0].kill()
    workers[0].wait()
    deployment.with_action(agents.call(about(order, person, "where is my order")), "done")


def test_the_web_process_ends_in_order_when_it_is_told_to(deployment):
    wait_for(lambda: deployment.figures()['handoff_jobs{status="running"}'] == 0, "the workers to be idle")
    web, *workers = deployment.processes
    for process in (web, workers[-1]):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(60) for process in (web, workers[-1])] == [0, 0]
    assert "Traceback" not in deployment.log()
