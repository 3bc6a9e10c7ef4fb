"""Play a plan against real processes, wait for rest, and hand what was seen to the judge."""

import math
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.deployment import ADMIN_TOKEN, Deployment, deployed
from tests.chaos.gathering import gather
from tests.chaos.judge import Evidence, Violation, Wish, judge
from tests.chaos.kinds import HANGUP, KINDS
from tests.chaos.people import Hands, Reviewers
from tests.chaos.plan import Blow, Plan, PlannedCall

# So much work may wait before the next call is placed: enough to keep all workers busy although a dead one holds what
# it had for half a minute, and little enough that what happens after so many calls happens in the middle of their work.
FEWEST_WAITING_JOBS, PART_OF_CALLS_WAITING = 24, 0.02
# The storm lasts until so little of the work is left, but not for ever: what it stirs up may come back again and again.
LAST_WAITING_JOBS = 2
LAST_SECONDS = 40.0
WAITING = b"""
    SELECT count(*) FROM jobs WHERE (lane LIKE 'call:%' OR lane LIKE 'order:%')
        AND (status = 'running' OR status = 'waiting' AND run_at < now() + interval '1 s')
"""
# A look at an order that waits for the shop to show something may come in an hour; all else comes to rest.
# What no read can show stays unknown until a person settles it.
UNREADABLE = ", ".join(f"'{name}'" for name, kind in KINDS.items() if not kind.is_readable)
RESTLESS = f"""
    SELECT (SELECT count(*) FROM actions WHERE status IN ('proposed', 'approved', 'executing')
            OR status = 'outcome_unknown' AND kind NOT IN ({UNREADABLE}))
        + (SELECT count(*) FROM reviews WHERE status = 'open' AND purpose = 'decision')
        + (SELECT count(*) FROM jobs WHERE (lane LIKE 'call:%' OR lane LIKE 'order:%')
            AND (status = 'running' OR status = 'waiting' AND run_at < now() + interval '1 minute'))
""".encode()  # noqa: S608 (names of our own)
REST_SECONDS = 300.0


@dataclass
class Outcome:
    """What the judge says, what it looked at, and the figures of the run."""

    violations: list[Violation]
    evidence: Evidence
    figures: dict[str, Any] = field(default_factory=dict)


def play(
    plan: Plan, *, serves: int = 2, workers: int = 2, is_pooled: bool = False, logs: Path | None = None
) -> Outcome:
    """The whole run, in processes of its own that are gone when it ends; their words are kept in `logs`."""
    with deployed(seed=plan.seed, is_pooled=is_pooled) as deployment:
        begun = time.monotonic()
        if any(blow.what == "fail_over" for blow in plan.blows):
            deployment.add_standby()
        orders = {call.call_id: place_order(deployment, call) for call in plan.calls if has_order(call)}
        deployment.add_serves(serves)
        deployment.read_mirror()
        deployment.add_workers(workers)
        deployment.open_for_business()
        hands = Hands(deployment.goody, orders)
        tokens = (ADMIN_TOKEN, make_token(deployment, "second reviewer"))
        reviewers = Reviewers(deployment, {call.call_id: call for call in plan.calls}, hands, tokens)
        thread = threading.Thread(target=reviewers.work, name="reviewers")
        thread.start()
        ready = time.monotonic()
        try:
            _storm(deployment, plan, hands)
            stormed = time.monotonic()
            hits = _hits(deployment)
            deployment.clear_faults()
            is_at_rest = come_to_rest(deployment)
        finally:
            reviewers.is_over.set()
            thread.join()
            if logs is not None:
                deployment.fleet.keep_logs(logs)
        rested = time.monotonic()
        evidence = gather(deployment, _wishes(plan), hands.moves, reviewers.said)
        figures = _figures(deployment, plan, evidence, hits) | {
            "start_seconds": round(ready - begun, 1),
            "storm_seconds": round(stormed - ready, 1),
            "rest_seconds": round(rested - stormed, 1),
            "came_to_rest": is_at_rest,
        }
        # While their database is still there: who cannot end then is stuck.
        unwilling = [
            Violation("stuck", name, "did not end when it was asked to") for name in deployment.fleet.end_all()
        ]
    return Outcome([*judge(evidence), *unwilling], evidence, figures)


def place_order(deployment: Deployment, call: PlannedCall) -> str:
    order = {
        **KINDS[call.kind].order,
        "recipient_first_name": call.first_name,
        "recipient_last_name": call.last_name,
        "recipient_email": call.email,
        "reference_id": call.reference_id,
        "status": "notified",
        "is_told": False,
        "expires_at": "2099-01-01T00:00:00Z",
    }
    return str(deployment.place(order)["id"])


def make_token(deployment: Deployment, name: str) -> str:
    made = deployment.fleet.run(*("token", "create", "--role", "admin", "--name", name), settings=deployment.settings)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[0]


def _storm(deployment: Deployment, plan: Plan, hands: Hands) -> None:
    """Place call after call; what else happens is counted in calls, not in seconds."""
    deployment.goody.post("/_twin/faults", json=list(plan.faults)).raise_for_status()
    deployment.to_postgres.counted = deployment.to_shop.counted = 0
    deployment.to_postgres.cuts, deployment.to_shop.cuts = plan.commit_cuts, plan.write_cuts
    blows = list(plan.blows)
    most_waiting = max(FEWEST_WAITING_JOBS, int(len(plan.calls) * PART_OF_CALLS_WAITING))
    for number, call in enumerate(plan.calls):
        while blows and blows[0].after_calls <= number:
            strike(deployment, blows.pop(0))
        deployment.dialnexa.post("/_twin/calls", json=placement_of(call)).raise_for_status()
        hands.act(call, "at_once")
        _wait_for_room(deployment, most_waiting)
    for blow in blows:
        strike(deployment, blow)
    _wait_for_room(deployment, LAST_WAITING_JOBS, seconds=LAST_SECONDS)


def strike(deployment: Deployment, blow: Blow) -> None:
    fleet = deployment.fleet
    match blow.what:
        case "kill_worker" | "kill_serve":
            names = fleet.names(blow.what.removeprefix("kill_"))
            fleet.kill(names[blow.target % len(names)])
        case "cut_connections":
            deployment.to_postgres.cut_all()
        case "kill_postgres":
            deployment.postgres.kill()
            deployment.postgres.start()
        case "fail_over":
            deployment.fail_over()
        case "kill_everything":
            for name in (*fleet.names("worker"), *fleet.names("serve")):
                fleet.kill(name)
            deployment.postgres.kill()
            deployment.postgres.start()
        case _:
            raise AssertionError(f"no blow is called {blow.what}")


def placement_of(call: PlannedCall) -> dict[str, Any]:
    """The call as DialNexa's twin is told to have it, posted by the twin with its own retries."""
    analysis = {}
    if call.kind in KINDS:
        name = f"{call.first_name}-{call.last_name}".lower()
        said = {word: text.format(name=name) for word, text in KINDS[call.kind].analysis.items()}
        person = {"Customer Name": f"{call.first_name} {call.last_name}", "Customer Email": call.email}
        analysis = {"Requested Action": call.kind, **person, **said}
    if has_order(call):
        analysis |= {"Order ID": call.reference_id}
    return {
        "id": call.call_id,
        "status": "hangup" if call.kind == HANGUP else "completed",
        "from_number": call.from_number,
        "families": [call.family],
        "analysis": analysis,
        "has_recording": False,
        "wait": False,
        "faults": {"duplicates": call.duplicates, "shuffle": call.is_shuffled},
    }


def has_order(call: PlannedCall) -> bool:
    return call.kind in KINDS and KINDS[call.kind].has_order


def _wait_for_room(deployment: Deployment, most: int, *, seconds: float = math.inf) -> None:
    deadline = time.monotonic() + seconds
    while (waiting := count(deployment, WAITING)) is None or waiting > most:
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)


def come_to_rest(deployment: Deployment) -> bool:
    """Twice in a row, so that nothing was between two steps. False when it does not: the judge will say what."""
    deadline, calm_looks = time.monotonic() + REST_SECONDS, 0
    while calm_looks < 2:
        if time.monotonic() > deadline:
            return False
        calm_looks = calm_looks + 1 if count(deployment, RESTLESS) == 0 else 0
        time.sleep(0.5)
    return True


def count(deployment: Deployment, query: bytes) -> int | None:
    """None while Postgres is away."""
    with suppress(psycopg.OperationalError), psycopg.connect(deployment.dsn()) as conn:
        row = conn.execute(query).fetchone()
        return int(row[0]) if row else None
    return None


def _wishes(plan: Plan) -> dict[str, Wish]:
    return {call.call_id: Wish(call.kind, call.is_approved, call.move is not None) for call in plan.calls}


def _hits(deployment: Deployment) -> dict[str, int]:
    hits: Counter[str] = Counter()
    for fault in deployment.goody.get("/_twin/faults").raise_for_status().json()["data"]:
        hits[fault["kind"]] += fault["hits"]
    return dict(hits)


def _figures(deployment: Deployment, plan: Plan, evidence: Evidence, hits: dict[str, int]) -> dict[str, Any]:
    starts = deployment.fleet.starts()
    return {
        "seed": plan.seed,
        "calls": len(plan.calls),
        "acknowledged": len(evidence.acknowledged),
        "actions": dict(sorted(Counter(action["status"] for action in evidence.actions).items())),
        "done_at_the_shop": sum(write["effect"] == "done" for write in evidence.writes),
        "attempts": len(evidence.attempts),
        "blows": dict(sorted(Counter(blow.what for blow in plan.blows).items())),
        "process_starts": starts,
        "commits": deployment.to_postgres.counted,
        "writes_at_the_shop": deployment.to_shop.counted,
        "commit_cuts": dict(sorted(Counter(cut for _, cut in deployment.to_postgres.made).items())),
        "write_cuts": dict(sorted(Counter(cut for _, cut in deployment.to_shop.made).items())),
        "shop_faults": hits,
        "moves_behind_our_back": len(evidence.moves),
        "decisions_by_people": dict(sorted(Counter(str(one.status) for one in evidence.said).items())),
        "audit_entries": evidence.audit_report["entries"],
    }
