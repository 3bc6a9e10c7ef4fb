"""The Goody twin over real HTTP: the ledger of what writes did, and the faults that come between act and answer."""

import time

import httpx
import pytest
from goody_twin_server import batch_body, running_twin, wait_until


@pytest.fixture(scope="module")
def server():
    with running_twin() as twin:
        yield twin


@pytest.fixture
def twin(server):
    return server.fresh()


def test_the_ledger_tells_what_every_write_did(twin):
    order = twin.order()
    path = f"/v1/orders/{order['id']}/cancel"
    twin.fault("status", times=1, status=503, match={"path": "/cancel$"})
    for key in ("k1", "k2", "k3"):
        twin.http.post(path, headers={"Idempotency-Key": key})
    twin.get(f"/v1/orders/{order['id']}")
    rows = twin.data("/_twin/ledger", order_id=order["id"])
    told = [(row["method"], row["path"], row["idempotency_key"], row["effect"], row["answered"]) for row in rows]
    assert told == [
        ("POST", path, "k1", "fault", 503),
        ("POST", path, "k2", "done", 200),
        ("POST", path, "k3", "refused", 400),
    ]


def test_the_ledger_knows_a_batch_by_its_id_and_its_customer_reference(twin):
    batch = twin.post("/v1/order_batches", batch_body(1, customer_reference_id="call-1"))
    twin.http.post("/v1/order_batches", json=batch_body(1, customer_reference_id="call-1"))
    rows = twin.data("/_twin/ledger")
    assert [(row["effect"], row["order_batch_id"], row["customer_reference_id"]) for row in rows] == [
        ("done", batch["id"], "call-1"),
        ("refused", None, "call-1"),
    ]


# Faults


@pytest.mark.parametrize("implementation", ["httptools", "h11"])
@pytest.mark.parametrize(
    ("kind", "status", "effect"), [("close", "created", "fault"), ("answer_lost", "failed", "done")]
)
def test_a_cut_connection_gives_the_client_no_answer_whether_or_not_the_act_was_done(
    implementation, kind, status, effect
):
    with running_twin(http=implementation) as twin:
        order = twin.order()
        twin.fault(kind, times=1, match={"method": "POST", "path": "/cancel$"})
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            twin.http.post(f"/v1/orders/{order['id']}/cancel")
        assert twin.get(f"/v1/orders/{order['id']}")["status"] == status
        [row] = twin.data("/_twin/ledger")
        assert (row["effect"], row["answered"], row["fault"]) == (effect, None, kind)


def test_an_error_after_the_act_leaves_it_done(twin):
    order = twin.order()
    twin.fault("status_after", times=1)
    assert twin.http.post(f"/v1/orders/{order['id']}/cancel").status_code == 500
    assert twin.get(f"/v1/orders/{order['id']}")["status"] == "failed"


def test_a_rate_limit_says_when_to_come_back_and_ends(twin):
    twin.fault("status", status=429, retry_after=2, times=2, error="Too many requests")
    responses = [twin.http.get("/v1/orders") for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 200]
    assert responses[0].headers["retry-after"] == "2"
    assert responses[0].json() == {"error": "Too many requests"}


def test_a_client_that_gives_up_waiting_undoes_nothing(twin):
    order = twin.order()
    twin.fault("latency", ms=300, times=1, match={"method": "POST"})
    body = {"expiration": "2027-02-01T00:00:00Z"}
    with pytest.raises(httpx.ReadTimeout):
        twin.http.post(f"/v1/orders/{order['id']}/update_expiration", json=body, timeout=0.1)
    wait_until(lambda: twin.data("/_twin/ledger", effect="done"))
    assert twin.get(f"/v1/orders/{order['id']}")["expires_at"] == "2027-02-01T00:00:00Z"


def test_latency_adds_to_the_fault_that_follows(twin):
    twin.fault("latency", ms=150)
    twin.fault("status", status=503)
    started = time.monotonic()
    assert twin.http.get("/v1/me").status_code == 503
    assert time.monotonic() - started >= 0.15


def test_a_fault_hits_what_it_matches_and_is_lifted(twin):
    twin.fault("status", match={"method": "get", "path": "^/v1/order_batches$"})
    assert [twin.http.get(f"/v1/{path}").status_code for path in ("order_batches", "orders")] == [500, 200]
    assert [fault["hits"] for fault in twin.data("/_twin/faults")] == [1]
    twin.http.delete("/_twin/faults")
    assert twin.http.get("/v1/order_batches").status_code == 200


def test_chances_fall_the_same_way_in_every_run(twin):
    def run():
        twin.post("/_twin/reset")
        twin.fault("status", probability=0.5)
        return [twin.http.get("/v1/me").status_code for _ in range(30)]

    codes = run()
    assert set(codes) == {200, 500}
    assert run() == codes


@pytest.mark.parametrize(
    "fault", [{"kind": "meteor"}, {"kind": "status", "status": 200}, {"kind": "close", "match": {"path": "("}}]
)
def test_a_fault_that_cannot_be_is_refused(twin, fault):
    assert twin.http.post("/_twin/faults", json=[fault]).status_code == 422
