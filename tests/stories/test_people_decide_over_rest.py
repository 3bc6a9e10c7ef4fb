"""The queue of people over REST: who may do what, in which order it is shown, and what two people cannot do at once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from foreign_client import about, somebody
from running_service import RunningService, problem_of

DECISIONS = ("claim", "release", "approval", "rejection", "notes", "assistance")


@pytest.fixture(scope="module")
def people(service: RunningService) -> dict[str, httpx.Client]:
    """Bearers of tokens made by the command, all at the same time, since each takes seconds; Abel bears the first one."""
    roles = {"vera": "viewer", "ruth": "reviewer", "anna": "approver", "igor": "ingest"}
    with ThreadPoolExecutor(len(roles)) as pool:
        made = dict(zip(roles, pool.map(lambda name: service.bearer(roles[name], name), roles), strict=True))
    return made | {"abel": service.admin}


@pytest.fixture
def waiting(service, agents, place):
    """Makes a cancellation that waits for people; returns its review and call."""

    def make(cents: int = 5000, **said):
        person = somebody()
        order = place(person, amounts={"amount_product": cents, "amount_pre_tax_total": cents})
        call = service.with_action(agents.call(about(order, person, "cancel order", **said)), "awaiting_review")
        return service.review_of(call), call

    return make


def post(who: httpx.Client, review: dict, verb: str, body: object = None, *, version: object = None) -> httpx.Response:
    """With the version that was shown, unless another one is given; `False` sends none."""
    tag = review["version"] if version is None else version
    headers = {} if tag is False else {"if-match": f'"{tag}"'}
    return who.post(f"/v1/reviews/{review['id']}/{verb}", headers=headers, json=body)


def test_nobody_reads_or_decides_without_a_token(service, waiting):
    review, _ = waiting()
    for nobody in (service.client(), service.client("ho_nobody_has_this_token")):
        for path in (
            "/v1/reviews",
            f"/v1/reviews/{review['id']}",
            "/v1/calls",
            "/v1/actions",
            "/v1/audit",
            "/v1/orders",
        ):
            answer = nobody.get(path)
            problem_of(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        for verb in DECISIONS:
            problem_of(post(nobody, review, verb, {"reason_code": "x", "note": "x"}), 401)
    assert service.review(review["id"])["version"] == review["version"]


def test_a_viewer_reads_everything_and_decides_nothing(service, waiting, people):
    review, call = waiting()
    for path in (f"/v1/reviews/{review['id']}", f"/v1/calls/{call['call_id']}", "/v1/reviews", "/v1/deliveries"):
        assert people["vera"].get(path).status_code == 200
    for verb in DECISIONS:
        problem_of(post(people["vera"], review, verb, {"reason_code": "x", "note": "x"}), 403)
    problem_of(people["vera"].put("/v1/contacts/c1", json={}), 403)
    assert service.review(review["id"])["version"] == review["version"]


def test_a_token_that_only_feeds_reads_and_decides_nothing(waiting, people):
    review, _ = waiting()
    problem_of(people["igor"].get("/v1/reviews"), 403)
    problem_of(post(people["igor"], review, "approval", {}), 403)


def test_an_approval_needs_the_version_that_was_seen(service, waiting, people):
    review, _ = waiting()
    problem_of(post(people["ruth"], review, "approval", {"reason_code": "ok"}, version=False), 428)
    problem_of(post(people["ruth"], review, "rejection", {"reason_code": "no"}, version=False), 428)
    problem_of(post(people["ruth"], review, "approval", {"reason_code": "ok"}, version=review["version"] + 1), 409)
    problem_of(post(people["ruth"], review, "approval", {"reason_code": "ok"}, version=0), 409)
    problem_of(post(people["ruth"], review, "approval", {"reason_code": "ok"}, version="the newest"), 422)
    assert service.review(review["id"])["status"] == "open"


def test_the_version_is_in_the_etag_and_moves_with_every_change(waiting, people):
    review, _ = waiting()
    answer = people["ruth"].get(f"/v1/reviews/{review['id']}")
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    noted = post(people["ruth"], review, "notes", {"note": "Called back, no answer."})
    assert noted.status_code == 200
    assert noted.headers["etag"] == f'"{review["version"] + 1}"'
    assert noted.json()["notes"][-1]["note"] == "Called back, no answer."
    assert noted.json()["notes"][-1]["written_by"] == "ruth"
    problem_of(post(people["anna"], review, "approval", {"reason_code": "ok"}), 409)
    problem_of(post(people["anna"], review, "notes", {"note": ""}), 422)


def test_what_was_approved_cannot_be_decided_again(service, waiting, people):
    review, call = waiting()
    answer = post(people["ruth"], review, "approval", {"reason_code": "caller_asked", "note": "Fine."})
    assert answer.status_code == 200, answer.text
    approved = answer.json()
    assert approved["status"] == "approved"
    assert [(each["approved_by"], each["reason_code"]) for each in approved["approvals"]] == [("ruth", "caller_asked")]
    for who in ("ruth", "anna"):
        problem_of(post(people[who], review, "approval", {"reason_code": "ok"}), 409)
        problem_of(post(people[who], approved, "approval", {"reason_code": "ok"}), 409)
        problem_of(post(people[who], approved, "rejection", {"reason_code": "no"}), 409)
        problem_of(post(people[who], approved, "claim"), 409)
    service.with_action(call["call_id"], "done")


def test_only_one_of_many_approvals_at_the_same_moment_counts(service, twin, waiting, people):
    review, call = waiting()
    with ThreadPoolExecutor(9) as pool:
        voters = [people[name] for name in ("ruth", "anna", "abel")] * 3
        answers = list(pool.map(lambda who: post(who, review, "approval", {"reason_code": "ok"}), voters))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 8
    service.with_action(call["call_id"], "done")
    assert len(service.review(review["id"])["approvals"]) == 1
    order_id = call["match"]["order_id"]
    assert [entry["effect"] for entry in twin.ledger(order_id=order_id)] == ["done"]


def test_an_approval_and_a_rejection_at_the_same_moment_are_not_both_taken(service, waiting, people):
    review, call = waiting()
    with ThreadPoolExecutor(2) as pool:
        yes = pool.submit(post, people["ruth"], review, "approval", {"reason_code": "ok"})
        no = pool.submit(post, people["anna"], review, "rejection", {"reason_code": "no"})
    assert sorted((yes.result().status_code, no.result().status_code)) == [200, 409]
    end = service.with_action(call["call_id"], "done", "rejected")["actions"][0]["status"]
    assert end == ("done" if yes.result().status_code == 200 else "rejected")


def test_a_rejection_needs_a_reason_code(service, twin, waiting, people):
    review, call = waiting()
    for body in ({}, {"note": "No."}, {"reason_code": ""}, {"reason_code": None}, {"reason_code": 7}, None):
        problem = problem_of(post(people["ruth"], review, "rejection", body), 422)
        assert "reason_code" in str(problem) or body is None
    answer = post(people["ruth"], review, "rejection", {"reason_code": "not_the_owner", "note": "Not hers."})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "rejected"
    service.with_action(call["call_id"], "rejected")
    assert twin.ledger(order_id=call["match"]["order_id"]) == []
    told = [entry for entry in service.rows("/v1/audit", call_id=call["call_id"]) if entry["actor"] == "ruth"]
    assert any(entry["data"].get("reason_code") == "not_the_owner" for entry in told)


def test_a_word_that_no_decision_knows_is_refused_and_named(waiting, people):
    review, _ = waiting()
    problem = problem_of(post(people["ruth"], review, "approval", {"reason_code": "ok", "force": True}), 422)
    assert "force" in str(problem)


def test_more_than_two_thousand_dollars_take_two_approvers(service, twin, waiting, people):
    review, call = waiting(cents=250_000)
    assert review["approvals_needed"] == 2
    problem_of(post(people["ruth"], review, "approval", {"reason_code": "ok"}), 403)

    first = post(people["anna"], review, "approval", {"reason_code": "ok"})
    assert first.status_code == 200, first.text
    assert first.json()["status"] == "open"
    assert len(first.json()["approvals"]) == 1
    problem_of(post(people["abel"], review, "approval", {"reason_code": "ok"}), 409)
    problem_of(post(people["anna"], first.json(), "approval", {"reason_code": "ok"}), 403)
    assert service.find_call(call["call_id"])["actions"][0]["status"] == "awaiting_review"
    assert twin.ledger(order_id=call["match"]["order_id"]) == []

    second = post(people["abel"], first.json(), "approval", {"reason_code": "ok"})
    assert second.status_code == 200, second.text
    assert second.json()["status"] == "approved"
    assert {each["approved_by"] for each in second.json()["approvals"]} == {"anna", "bootstrap"}
    service.with_action(call["call_id"], "done")


def test_what_somebody_claimed_is_not_decided_by_another(waiting, people):
    review, _ = waiting()
    claimed = post(people["ruth"], review, "claim")
    assert claimed.status_code == 200, claimed.text
    assert claimed.json()["claimed_by"] == "ruth"
    for verb, body in (("claim", None), ("approval", {}), ("rejection", {"reason_code": "no"}), ("release", None)):
        problem_of(post(people["anna"], claimed.json(), verb, body), 409)
    released = post(people["ruth"], claimed.json(), "release")
    assert released.json()["claimed_by"] is None
    assert post(people["anna"], released.json(), "claim").json()["claimed_by"] == "anna"


def test_an_unknown_review_is_not_found(people):
    for verb in DECISIONS:
        unknown = {"id": uuid4(), "version": 1}
        problem_of(post(people["ruth"], unknown, verb, {"reason_code": "x", "note": "x"}), 404)
    problem_of(people["vera"].get(f"/v1/reviews/{uuid4()}"), 404)
    problem_of(people["vera"].get("/v1/reviews/not-an-id"), 422)
    problem_of(people["vera"].get(f"/v1/actions/{uuid4()}"), 404)
    problem_of(people["vera"].get("/v1/calls/call_of_nobody"), 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/no-such-thing", 404),
        ("/v1/reviews?limit=0", 422),
        ("/v1/reviews?limit=100000", 422),
        ("/v1/reviews?status=undecided", 422),
        ("/v1/reviews?cursor=nonsense", 422),
        ("/v1/actions?kind=sing", 422),
        ("/v1/calls?cursor=W10", 422),
    ],
)
def test_every_error_is_a_problem_document(people, path, status):
    problem_of(people["vera"].get(path), status)


def test_a_method_that_a_route_does_not_have_is_a_problem_document(people):
    problem_of(people["vera"].delete("/v1/reviews"), 405)


def test_a_filter_that_finds_nothing_gives_an_empty_list(people):
    for path in (
        "/v1/reviews?call_id=call_of_nobody",
        "/v1/actions?call_id=call_of_nobody",
        "/v1/audit?call_id=call_of_nobody",
        "/v1/orders?email=nobody@mail.example.com",
        "/v1/orders?phone=%2B12015550199",
        "/v1/orders?reference=NOBODYSREFERENCE00000000",
    ):
        assert people["vera"].get(path).json() == {"data": [], "next_cursor": None}, path


def test_the_most_urgent_review_is_shown_first(service, waiting):
    normal, _ = waiting()
    urgent, _ = waiting(risk_flags="urgent travel")
    high, _ = waiting(deadline="tomorrow")
    later, _ = waiting()
    mine = [review["id"] for review in (urgent, high, normal, later)]
    listed = list(service.rows("/v1/reviews", status="open"))
    assert [row["id"] for row in listed if row["id"] in mine] == mine
    keys = [(-row["priority"], row["due_at"], row["id"]) for row in listed]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    "path", ["/v1/reviews", "/v1/calls", "/v1/actions", "/v1/audit", "/v1/deliveries", "/v1/orders"]
)
def test_paging_shows_every_row_once(service, waiting, path):
    waiting(), waiting()
    filters = {"status": "open"} if path == "/v1/reviews" else {}
    whole = [row.get("id") or row.get("call_id") or row["order_id"] for row in service.rows(path, **filters)]
    assert len(whole) == len(set(whole)) > 3
    seen, cursor = [], None
    while len(seen) < 30:
        page = service.get(path, limit=3, **filters, **({"cursor": cursor} if cursor else {}))
        assert page.keys() == {"data", "next_cursor"}
        assert len(page["data"]) <= 3
        seen += [row.get("id") or row.get("call_id") or row["order_id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == whole[: len(seen)]
    assert cursor is not None or seen == whole


def test_reviews_that_are_decided_between_two_pages_hide_none_of_the_others(service, waiting, people):
    reviews = [waiting()[0] for _ in range(5)]
    first = service.get("/v1/reviews", status="open", kind="cancel_order", limit=200)["data"]
    mine = [row["id"] for row in first if row["id"] in {review["id"] for review in reviews}]
    assert len(mine) == 5
    cursor, seen = None, []
    while True:
        page = service.get(
            "/v1/reviews", status="open", kind="cancel_order", limit=2, **({"cursor": cursor} if cursor else {})
        )
        for row in page["data"]:
            if row["id"] in mine:
                seen.append(row["id"])
                assert post(people["ruth"], row, "rejection", {"reason_code": "no"}).status_code == 200
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == mine
