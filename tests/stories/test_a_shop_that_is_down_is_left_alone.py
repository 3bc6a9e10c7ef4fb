"""The shop is down for all: work for it waits without wearing itself out, and goes on by itself when it is back."""

from running_service import wait_for
from standing_still import Place, a_place


def vendors_down(place: Place) -> list[str]:
    return list(place.service.anybody.get("/readyz").json()["vendors_down"])


def test_approved_acts_wait_while_the_shop_is_down_and_are_each_done_once_when_it_is_back():
    with a_place() as place:
        cases = [place.cancellation() for _ in range(3)]
        place.fault("close", "GET", "/v1/")
        place.fault("close", "POST", "/v1/")
        for _, call in cases:
            assert place.service.approve(call).status_code == 200
        wait_for(lambda: vendors_down(place) == ["goody"], "the breaker to open")
        assert place.service.figures()['handoff_breaker_open{vendor="goody"}'] == 1
        (row,) = place.service.get("/v1/breakers")["data"]
        assert (row["vendor"], row["open"], row["last_error"]) == ("goody", True, "no answer")

        put_back = "SELECT tries, status FROM jobs WHERE kind = 'execute' AND last_error LIKE 'not begun:%'"
        with place.database() as admin:
            wait_for(lambda: admin.execute(put_back).fetchall(), "a job to be put back")
            assert all(tries < 10 for tries, _ in admin.execute(put_back).fetchall())
        statuses = {place.service.find_call(call["call_id"])["actions"][0]["status"] for _, call in cases}
        assert statuses <= {"approved", "executing"}, "a read that fails leaves no doubt, so nothing is unknown"

        place.no_faults()
        for order, call in cases:
            (action,) = place.service.with_action(call["call_id"], "done")["actions"]
            assert place.effects(order) == ["done"]
            assert [attempt["outcome"] for attempt in action["attempts"]][-1] == "succeeded"
        wait_for(lambda: vendors_down(place) == [], "the breaker to close")
        events = [entry["event"] for entry in place.service.rows("/v1/audit")]
        assert events.count("breaker.opened") == events.count("breaker.closed") == 1
