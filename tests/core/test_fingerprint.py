"""What an approval is bound to, and what may move without lapsing it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from handoff_examples import NOW, ORDER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.actions import ActionKind
from app.core.fingerprint import Change, Fingerprint, difference, fingerprint
from app.core.identity import Identity, Role
from app.core.matching import Agreement, Candidate, Evidence, Match, MatchOutcome
from app.core.orders import OrderItem, OrderStage, Person

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

EVIDENCE = Evidence("email", "ann@example.com", "ann@example.com", Agreement.EXACT, 12.5, "The e-mail is the same.")
BEST = Candidate("goody", "o-1", "WHTWW", 12.5, 0.999, (EVIDENCE,))
MATCH = Match(MatchOutcome.MATCHED, (BEST,), "model-1")
IDENTITY = Identity(Role.RECIPIENT, 0.97, (EVIDENCE,))


def of(**changes: Any) -> Fingerprint:
    known: dict[str, Any] = {
        "order": ORDER,
        "kind": ActionKind.CHANGE_ADDRESS,
        "parameters": {"new_address": "1 Elm St"},
        "policy_version": "1+abc",
        "match": MATCH,
        "identity": IDENTITY,
    }
    return fingerprint(**(known | changes))


def moved(**changes: Any) -> list[str]:
    return [change.name for change in difference(of().parts, of(**changes).parts)]


def test_the_same_world_has_the_same_fingerprint() -> None:
    assert of() == of()
    assert difference(of().parts, of().parts) == ()


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"order": replace(ORDER, status="opened")}, ["order.status"]),
        ({"order": replace(ORDER, status="accepted", stage=OrderStage.ACCEPTED)}, ["order.stage", "order.status"]),
        ({"order": replace(ORDER, expires_at=NOW)}, ["order.expires_at"]),
        ({"order": replace(ORDER, expires_at=None)}, ["order.expires_at"]),
        ({"order": replace(ORDER, amount_cents=7346)}, ["order.amount_cents"]),
        ({"order": replace(ORDER, items=(OrderItem("Mug"),))}, ["order.items"]),
        ({"order": replace(ORDER, refunded_at=NOW)}, ["order.refunded"]),
        ({"order": replace(ORDER, recipient=Person("Ann", "Lee", "eve@example.com"))}, ["order.recipient"]),
        ({"order": replace(ORDER, sender=Person("Bob", "Ray"))}, ["order.sender"]),
        ({"parameters": {"new_address": "2 Elm St"}}, ["parameters.new_address"]),
        ({"parameters": {}}, ["parameters.new_address"]),
        ({"policy_version": "2+def"}, ["policy_version"]),
        ({"identity": replace(IDENTITY, role=Role.SENDER)}, ["identity.role"]),
        ({"identity": replace(IDENTITY, evidence=())}, ["evidence"]),
        ({"match": replace(MATCH, outcome=MatchOutcome.AMBIGUOUS)}, ["evidence", "match"]),
        ({"match": replace(MATCH, candidates=(replace(BEST, order_id="o-2"),))}, ["match"]),
        ({"kind": ActionKind.CANCEL_ORDER}, ["kind"]),
    ],
)
def test_each_thing_that_moves_is_named(changes: dict[str, Any], parts: list[str]) -> None:
    assert moved(**changes) == parts
    assert of(**changes).digest != of().digest


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": replace(IDENTITY, confidence=0.96)},
        {"match": replace(MATCH, candidates=(replace(BEST, probability=0.99, bits=11.0),))},
        {"match": replace(MATCH, candidates=(BEST, replace(BEST, order_id="o-9", probability=0.001)))},
        {"order": replace(ORDER, gift_link="https://gifts.example/other")},
        {"order": replace(ORDER, expires_at=NOW + timedelta(days=5, microseconds=9))},
    ],
)
def test_what_drifts_by_itself_lapses_no_approval(changes: dict[str, Any]) -> None:
    assert moved(**changes) == []


def test_a_change_shows_before_and_after_where_it_says_nothing_of_a_person() -> None:
    (change,) = difference(of().parts, of(order=replace(ORDER, status="opened")).parts)
    assert change == Change("order.status", "notified", "opened")


def test_what_was_not_there_is_none() -> None:
    assert difference({}, {"order.status": "opened"}) == (Change("order.status", None, "opened"),)
    assert Change("order", None, "none") in difference({}, of(order=None).parts)


def test_parts_hold_no_personal_data_and_no_secret() -> None:
    parts = str(of().parts)
    for secret in ("ann@", "bob@", "Ann", "Lee", "Bob", "Elm", "secret"):
        assert secret not in parts


def test_the_wanted_date_is_readable() -> None:
    extension = of(kind=ActionKind.EXTEND_EXPIRATION, parameters={"new_expiration": "2026-12-24T00:00:00Z"})
    assert extension.parts["parameters.new_expiration"] == "2026-12-24T00:00:00Z"


@unhurried
@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4),
)
def test_digests_are_equal_exactly_where_nothing_moved(left: dict[str, str], right: dict[str, str]) -> None:
    one, other = of(parameters=left), of(parameters=right)
    assert (one.digest == other.digest) == (left == right) == (difference(one.parts, other.parts) == ())
