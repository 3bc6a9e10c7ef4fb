"""Kill a worker at each named point of its work, for each kind, and see where the action ends.

The points are not listed by hand: a worker that is let live tells those it passes, and then one dies at each.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from tests.chaos.deployment import ADMIN_TOKEN, Deployment, deployed
from tests.chaos.driver import come_to_rest, has_order, place_order, placement_of
from tests.chaos.dying_worker import lanes_of
from tests.chaos.fleet import REPOSITORY
from tests.chaos.gathering import gather
from tests.chaos.judge import Evidence, Violation, Wish, judge
from tests.chaos.kinds import KINDS, KINDS_WITH_AN_ACT
from tests.chaos.people import Hands, Reviewers
from tests.chaos.plan import PlannedCall, make_call
from tests.sinks import MailSink, mail_sink
from tests.stories.running_service import environment

# More than a kind passes; orders are placed beforehand, since reading them into the mirror is one command.
MOST_POINTS = 100
CASE_SECONDS = 60.0


# The shop's webhook of what was done comes after it; what that leads to has its points, too.
CALM_LOOKS = 6
LOOK_SECONDS = 0.2
OVER = """
    SELECT EXISTS (SELECT FROM actions WHERE call_id = %(call)s AND finished_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM jobs WHERE lane = ANY (%(lanes)s) AND run_at < now() + interval '3 s')
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One worker's death and what became of the call it worked on."""

    kind: str
    point: str | None  # None: nobody died
    call_id: str
    died: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """A line of the table."""

    kind: str
    point: str
    died: bool
    status: str
    attempts: str
    acts: int


@dataclass
class Results:
    endings: list[Ending]
    violations: list[Violation]


class DyingWorkers:
    """The process that forks a dying worker for each case."""

    def __init__(self, deployment: Deployment) -> None:
        self.log = (deployment.fleet.folder / "dying.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.dying_worker"],
            env=environment({**deployment.settings, "HANDOFF_WORKER_CONCURRENCY": "1", "PYTHONPATH": str(REPOSITORY)}),
            cwd=deployment.fleet.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )
        deployment.fleet.let_watch(self.process.pid)

    def run(self, call_id: str, order_id: str | None, at: str | None, is_over: Callable[[], bool]) -> list[str]:
        """The words of one worker, which is told to end once `is_over`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"call": call_id, "order": order_id, "at": at}) + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline().partition("\t")[2])
        has_ended = threading.Event()
        patience = threading.Thread(target=_end_when, args=(pid, has_ended, is_over))
        patience.start()
        told = []
        while not (line := self.process.stdout.readline().rstrip("\n")).startswith("ended\t"):
            assert line, "the dying workers' process ended"
            told.append(line)
        has_ended.set()
        patience.join()
        return told

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.log.close()


def _end_when(pid: int, has_ended: threading.Event, is_over: Callable[[], bool]) -> None:
    deadline, calm_looks = time.monotonic() + CASE_SECONDS, 0
    while not has_ended.wait(LOOK_SECONDS):
        calm_looks = calm_looks + 1 if is_over() else 0
        if calm_looks > CALM_LOOKS or time.monotonic() > deadline:
            os.kill(pid, signal.SIGTERM)
            has_ended.wait(30)
            return


def kill_at_every_point(kinds: Sequence[str], *, matching: str = "", most: int = MOST_POINTS, seed: int = 1) -> Results:
    """`matching` narrows the points by a regular expression; the end is the same judge's as after a storm."""
    with mail_sink() as mails, deployed(seed=seed, **mail_settings(mails)) as deployment:
        calls = {kind: [make_call(seed, f"{kind} {n}", kind) for n in range(most + 1)] for kind in kinds}
        orders = {
            call.call_id: place_order(deployment, call) for rows in calls.values() for call in rows if has_order(call)
        }
        deployment.add_serves(1)
        deployment.read_mirror()
        deployment.open_for_business()
        planned = [each for rows in calls.values() for call in rows for each in (call, before(call)) if each]
        with _reviewed(deployment, planned, orders) as reviewers:
            workers = DyingWorkers(deployment)
            try:
                cases = [
                    case
                    for kind in kinds
                    for case in _kill_along_the_way(deployment, workers, calls[kind], orders, matching)
                ]
            finally:
                workers.close()
            deployment.add_workers(1)
            come_to_rest(deployment)
        wishes = {call.call_id: Wish(call.kind) for call in planned}
        evidence = gather(deployment, wishes, [], reviewers.said, mails.mails)
    not_dead = [
        Violation("point", case.call_id, f"no worker came to {case.point}")
        for case in cases
        if case.point is not None and not case.died
    ]
    return Results([_ending_of(case, evidence) for case in cases], not_dead + judge(evidence))


def before(call: PlannedCall) -> PlannedCall | None:
    """What the caller called for earlier, where the kind needs it."""
    kind = KINDS[call.kind].after
    return replace(call, kind=kind, call_id=f"{call.call_id}0") if kind else None


def mail_settings(mails: MailSink) -> dict[str, str]:
    return {"HANDOFF_SMTP_URL": mails.url, "HANDOFF_MAIL_FROM": "handoff@shop.example.com"}


@contextmanager
def _reviewed(deployment: Deployment, calls: Sequence[PlannedCall], orders: dict[str, str]) -> Iterator[Reviewers]:
    by_id = {call.call_id: call for call in calls}
    reviewers = Reviewers(deployment, by_id, Hands(deployment.goody, orders), (ADMIN_TOKEN,), poll_seconds=0.2)
    thread = threading.Thread(target=reviewers.work, name="reviewers")
    thread.start()
    try:
        yield reviewers
    finally:
        reviewers.is_over.set()
        thread.join()


def _kill_along_the_way(
    deployment: Deployment, workers: DyingWorkers, calls: list[PlannedCall], orders: dict[str, str], matching: str
) -> Iterator[Case]:
    alive, *others = calls
    told = _run(deployment, workers, alive, orders, None)
    yield Case(alive.kind, None, alive.call_id, died=False)
    points = list(dict.fromkeys(line.partition("\t")[2] for line in told if line.startswith("passed\t")))
    wanted = [point for point in points if re.search(matching, point)]
    assert wanted, f"no point of {alive.kind} matches {matching!r}: {points}"
    assert len(wanted) <= len(others), f"{alive.kind} passes {len(wanted)} points of {len(others)}"
    for point, call in zip(wanted, others, strict=False):
        told = _run(deployment, workers, call, orders, point)
        yield Case(call.kind, point, call.call_id, died=f"dies\t{point}" in told)


def _run(
    deployment: Deployment, workers: DyingWorkers, call: PlannedCall, orders: dict[str, str], at: str | None
) -> list[str]:
    earlier = before(call)
    if earlier is not None:
        _run(deployment, workers, earlier, orders, None)
    placement = placement_of(call) | {"wait": True, "events": ["call_ended"]}
    deployment.dialnexa.post("/_twin/calls", json=placement).raise_for_status()
    order_id = orders.get(call.call_id)
    told = workers.run(call.call_id, order_id, at, lambda: _is_over(deployment, call, order_id))
    with psycopg.connect(deployment.dsn(), autocommit=True) as conn:
        # Whoever holds these is dead: the next worker need not wait out the half minute to take them over.
        conn.execute(b"UPDATE jobs SET leased_until = now() WHERE status = 'running'")
    return told


def _is_over(deployment: Deployment, call: PlannedCall, order_id: str | None) -> bool:
    """The action is where nothing moves it, and all that its end caused is done as well."""
    with psycopg.connect(deployment.dsn()) as conn:
        row = conn.execute(OVER, {"call": call.call_id, "lanes": lanes_of(call.call_id, order_id)}).fetchone()
    return row is not None and bool(row[0])


def _ending_of(case: Case, evidence: Evidence) -> Ending:
    (action,) = [row for row in evidence.actions if row["call_id"] == case.call_id] or [{"id": "", "status": "none"}]
    attempts = sorted(
        (row for row in evidence.attempts if row["action_id"] == action["id"]), key=lambda row: int(row["number"])
    )
    acts = [
        write
        for write in evidence.writes
        if write["effect"] == "done" and str(write["idempotency_key"]).startswith(f"{case.call_id}:")
    ]
    outcomes = ", ".join(str(row["outcome"]) for row in attempts) or "none"
    return Ending(case.kind, case.point or "(nobody dies)", case.died, str(action["status"]), outcomes, len(acts))


def table_of(endings: Sequence[Ending]) -> str:
    """In Markdown, for docs/chaos.md."""
    lines = ["| kind | killed | ends | attempts | acts at the shop |", "|---|---|---|---|---|"]
    lines += [f"| {one.kind} | {one.point} | {one.status} | {one.attempts} | {one.acts} |" for one in endings]
    return "\n".join(lines)


INTRODUCTION = """# Killed at every point

Made by `python -m tests.chaos.points`; what it does and how to read it stands in [Chaos](chaos.md#killed-at-every-point).
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.points", description=__doc__)
    parser.add_argument("kinds", nargs="*", default=KINDS_WITH_AN_ACT, help="all that write, unless named")
    parser.add_argument("--matching", default="", help="a regular expression: only points that it finds")
    arguments = parser.parse_args()
    results = kill_at_every_point(arguments.kinds, matching=arguments.matching)
    print(INTRODUCTION)
    print(table_of(results.endings))
    for violation in results.violations:
        print(f"{violation.rule} {violation.subject}: {violation.says}", file=sys.stderr)
    sys.exit(bool(results.violations))


if __name__ == "__main__":
    main()
