"""A deployment is told to stop in the middle of an act: the act comes to its end first, and none is done twice."""

import signal

from foreign_client import about, somebody
from running_service import wait_for
from standing_still import a_place


def test_an_act_under_way_when_the_process_is_told_to_stop_is_finished_and_recorded():
    with a_place() as place:
        order, call = place.cancellation()
        place.fault("latency", "POST", f"{order['id']}/cancel", ms=4000, times=1)
        assert place.service.approve(call).status_code == 200
        place.service.with_action(call["call_id"], "executing", "done")
        assert place.service.end(signal.SIGTERM) == [0]
        place.no_faults()

        place.service.start()
        done = place.service.with_action(call["call_id"], "done")
        (action,) = done["actions"]
        assert [attempt["outcome"] for attempt in action["attempts"]] == ["succeeded"]
        assert place.effects(order) == ["done"]
        assert "cuts_off" not in place.service.log()


def test_calls_are_taken_while_nobody_works_and_what_waits_is_told():
    with a_place() as place:
        assert place.service.end(signal.SIGTERM) == [0]
        place.service.start("--no-worker")
        people = [somebody() for _ in range(3)]
        orders = [place.twin.place_for(person) for person in people]
        call_ids = [
            place.agents.call(about(order, person, "cancel order"))
            for order, person in zip(orders, people, strict=True)
        ]
        waiting = wait_for(
            lambda: (shown := place.service.anybody.get("/readyz").json())["jobs_due"] >= 3 and shown, "three to be due"
        )
        assert waiting["status"] == "ready"
        assert place.service.figures()["handoff_jobs_oldest_due_seconds"] > 0
        place.service.spawn("worker")
        for call_id in call_ids:
            place.service.settled(call_id)
        wait_for(lambda: place.service.anybody.get("/readyz").json()["jobs_due"] == 0, "nothing to wait")
