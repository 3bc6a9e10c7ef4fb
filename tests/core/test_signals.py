"""Marketing systems hear known words and nothing that was said."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from handoff_examples import CALL, NOW, ORDER, decision_of, facts_of

from app.core import signals
from app.core.actions import PARAMETERS, ActionKind
from app.core.calls import CANONICAL_FIELDS, FieldType, Transfer, Turn
from app.core.contacts import Contact
from app.core.evidence import Agreement, Evidence
from app.core.identity import Identity, Role
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import OrderItem, Person, Shipment
from app.core.policy import Facts, Verdict
from app.core.signals import SIGNALS, pseudonym_of, signal_of

K = ActionKind
MARK = "ZQX"
KEY = b"a key of the merchant"


def mark(name: str) -> str:
    return f"{MARK} {name} {MARK}"


def marked_field(name: str, kind: FieldType) -> Any:
    """A value of the field's type that carries a mark, as far as the type can carry one."""
    return {
        FieldType.TEXT: mark(name),
        FieldType.LIST: (mark(name),) if name != "risk_flags" else (),  # with a flag there is no signal at all
        FieldType.FLAG: True,
        FieldType.EMAIL: f"{MARK}@{MARK}.example.com",
        FieldType.PHONE: "+4915755512399",
        FieldType.MONEY: "98765.43",
        FieldType.DATE: "2031-07-09",
    }[kind]


MARKED = {name: marked_field(name, kind) for name, kind in CANONICAL_FIELDS.items()}
FIGURES = ("4915755512399", "98765", "2031-07", "7771", "0.4242", "1987")  # marks of what holds no letters


def marked_facts(kind: ActionKind, said: Mapping[str, Any]) -> Facts:
    """Every fact there is carries a mark."""
    person = Person(mark("first"), mark("last"), f"{MARK}@example.com")
    evidence = (Evidence(mark("field"), mark("heard"), mark("known"), Agreement.EXACT, 7771.0, mark("says")),)
    moment = datetime(1987, 1, 1, tzinfo=UTC)
    call = replace(
        CALL,
        call_id=mark("call_id"), status=mark("status"), families=(MARK,), from_number="+4915755512399",
        to_number="+4915755512399", agent_id=mark("agent"), started_at=moment, duration_seconds=7771.0,
        hangup_reason=mark("hangup"), sentiment=mark("sentiment"), summary=mark("summary"),
        transcript=(Turn(MARK, mark("turn")),), recording_url=f"https://{MARK}.example",
        transfer=Transfer(mark("transfer"), MARK), other_fields={MARK: MARK}, unread_fields={"item": MARK},
        conflicts=("order_id",), fields=dict(said),
    )  # fmt: skip
    order = replace(
        ORDER,
        destination=MARK, external_id=mark("order"), reference_id=mark("reference"), status=mark("status"),
        recipient=person, sender=person, items=(OrderItem(mark("item"), MARK, 7771, MARK),),
        shipments=(Shipment(MARK, MARK, moment, moment, moment),), amount_cents=777_100, currency=MARK,
        placed_at=moment, accepted_at=moment, expires_at=moment, batch_id=MARK, gift_link=f"https://{MARK}.example",
        refunded_at=moment,
    )  # fmt: skip
    return Facts(
        kind=kind,
        parameters={name: mark(name) for name in (*PARAMETERS[kind], "requested_action", "expiration_problem")},
        call=call,
        match=Match(MatchOutcome.MATCHED, (Candidate(MARK, MARK, MARK, 7771.0, 0.4242, evidence),), MARK),
        identity=Identity(Role.SENDER, 0.4242, evidence),
        order=order,
        contact=Contact(mark("contact"), (mark("name"),), (f"{MARK}@example.com",), ("+4915755512399",), mark("tier")),
        now=NOW,
    )


@pytest.mark.parametrize("consent", [None, mark("consent"), "yes"])
@pytest.mark.parametrize("kind", list(ActionKind))
def test_no_mark_of_any_field_or_fact_comes_out(kind: ActionKind, consent: str | None) -> None:
    said = MARKED | ({"consent": consent} if consent else {})
    facts = marked_facts(kind, said)
    decision = decision_of(facts, mark("finding"), team=MARK, policy_version=MARK)
    signal = signal_of(facts, decision, products=("Mug", "Cookies"), pseudonym_key=KEY)
    assert (signal is not None) == (kind in SIGNALS)
    told = json.dumps(signal).casefold()
    assert MARK.casefold() not in told
    without_pseudonym = json.dumps({name: value for name, value in (signal or {}).items() if name != "contact"})
    assert not any(figure in without_pseudonym for figure in FIGURES)


@pytest.mark.parametrize("field", CANONICAL_FIELDS)
def test_each_field_alone_changes_nothing_but_what_was_decided_about_it(field: str) -> None:
    reduced = signals.REDUCED_TO_A_WORD | signals.ONLY_FROM_A_LIST | signals.ONLY_AS_A_PSEUDONYM
    for kind in SIGNALS:
        bare, told = facts_of(kind), facts_of(kind, {field: MARKED[field]}, parameters={})
        if field == "risk_flags" or field in reduced:
            continue
        assert signal_of(told, decision_of(told), pseudonym_key=KEY) == signal_of(bare, decision_of(bare))


def test_every_canonical_field_is_decided_about_exactly_once() -> None:
    """Whoever adds a field says here what marketing may know of it: nothing, by default."""
    groups = (
        signals.REDUCED_TO_A_WORD, signals.ONLY_FROM_A_LIST, signals.ONLY_AS_A_PSEUDONYM, signals.KEPT_BACK,
    )  # fmt: skip
    assert frozenset().union(*groups) == frozenset(CANONICAL_FIELDS)
    assert sum(len(group) for group in groups) == len(CANONICAL_FIELDS)


# --- what does come out


def test_interest_in_a_product_names_it_only_as_the_catalogue_does() -> None:
    said = {"product": "cookies!", "sku": "no such", "availability_question": "How much, and is it in stock?"}
    facts = facts_of(K.ROUTE_BUYING_INTENT, said)
    assert signal_of(facts, decision_of(facts), products=("Cookies", "Mug")) == {
        "signal": "product_interest", "day": "2026-11-22", "product": "Cookies", "question": "price, stock",
    }  # fmt: skip
    assert signal_of(facts, decision_of(facts)) == {
        "signal": "product_interest", "day": "2026-11-22", "question": "price, stock",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.EXECUTE, "granted"),
        (Verdict.HAND_OFF, "with a team"),
        (Verdict.ASSIST, "with a team"),
        (Verdict.REVIEW, "in review"),
        (Verdict.REFUSE, "not granted"),
    ],
)
def test_a_return_s_outcome_is_a_word(verdict: Verdict, outcome: str) -> None:
    facts = facts_of(K.RETURN_ORDER, {"return_reason": "it smells"})
    signal = signal_of(facts, decision_of(facts, verdict=verdict))
    assert signal == {"signal": "return_outcome", "day": "2026-11-22", "outcome": outcome}


def test_a_need_for_a_follow_up_is_a_fact_without_its_reason() -> None:
    facts = facts_of(K.FOLLOW_UP, {"promise_made": "a call", "requested_action": ("divorce lawyer",)})
    assert signal_of(facts, decision_of(facts)) == {"signal": "follow_up_need", "day": "2026-11-22"}


@pytest.mark.parametrize("consent", ["yes", "Opted in", "GRANTED"])
def test_the_contact_is_a_pseudonym_that_the_merchant_can_make_too(consent: str) -> None:
    facts = facts_of(K.FOLLOW_UP, {"customer_id": " crm-17 ", "consent": consent})
    signal = signal_of(facts, decision_of(facts), pseudonym_key=KEY)
    assert signal is not None
    assert signal["contact"] == pseudonym_of("crm-17", KEY)
    assert "crm" not in signal["contact"]
    assert pseudonym_of("crm-17", KEY) != pseudonym_of("crm-17", b"another key")


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"customer_id": "crm-17"}, KEY),
        ({"customer_id": "crm-17", "consent": "no"}, KEY),
        ({"customer_id": "crm-17", "consent": "yes, but only for this order"}, KEY),
        ({"customer_id": "crm-17", "consent": "yes"}, None),
        ({"consent": "yes"}, KEY),
    ],
)
def test_without_consent_key_or_id_there_is_no_contact(said: dict[str, str], key: bytes | None) -> None:
    facts = facts_of(K.FOLLOW_UP, said)
    assert "contact" not in (signal_of(facts, decision_of(facts), pseudonym_key=key) or {})


def test_a_call_that_carries_a_risk_gives_no_signal() -> None:
    facts = facts_of(K.RETURN_ORDER, {"risk_flags": ("legal threat",)})
    assert signal_of(facts, decision_of(facts)) is None


@pytest.mark.parametrize("kind", sorted(set(ActionKind) - set(SIGNALS)))
def test_what_is_none_of_marketing_s_business_gives_no_signal(kind: ActionKind) -> None:
    facts = facts_of(kind)
    assert signal_of(facts, decision_of(facts)) is None
