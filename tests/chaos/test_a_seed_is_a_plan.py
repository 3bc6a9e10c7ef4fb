"""The same seed is the same run: every choice is in the plan, and the plan comes of the seed alone."""

import subprocess
import sys

from tests.chaos.fleet import REPOSITORY
from tests.chaos.plan import make_calm, make_failover, make_plan

TELL = "from tests.chaos.plan import make_plan; print(make_plan(7, 300).to_json(), end='')"


def test_the_same_seed_makes_the_same_plan_in_another_process():
    told = subprocess.run(
        [sys.executable, "-c", TELL], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == make_plan(7, 300).to_json()


def test_another_seed_makes_another_plan():
    assert make_plan(7, 300).to_json() != make_plan(8, 300).to_json()


def test_every_kind_of_blow_and_of_fault_is_in_a_plan():
    plan = make_plan(1, 100)
    assert {blow.what for blow in plan.blows} >= {"kill_worker", "kill_serve", "cut_connections", "kill_postgres"}
    assert {call.kind for call in plan.calls} >= {"cancel_order", "refund_order", "extend_expiration", "hangup"}
    assert {call.move for call in plan.calls} == {None, "open", "accept", "cancel"}
    assert plan.commit_cuts
    assert plan.write_cuts
    assert len({call.call_id for call in plan.calls}) == 100


def test_a_plan_for_one_matter_leaves_the_others_out():
    assert [blow.what for blow in make_failover(1, 60).blows] == ["fail_over"]
    assert make_calm(1, 60).blows == ()
    assert make_calm(1, 60).calls == make_plan(1, 60).calls
