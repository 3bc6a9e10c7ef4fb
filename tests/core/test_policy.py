"""The engine and the policy that ships: what may be done alone, and that nothing unsafe makes it more."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from handoff_examples import MATCHED, NOW
from handoff_examples import ORDER as EXAMPLE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.policy_file import load_policy
from app.core.actions import ActionKind, commits, moves_money, touches_order
from app.core.calls import CANONICAL_FIELDS, Call, CallStage, FieldType, Turn
from app.core.claims import RISK_FLAGS
from app.core.contacts import Contact
from app.core.facts import CATALOGUE, DERIVED
from app.core.history import History
from app.core.identity import NOBODY, Identity, Role
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import OrderStage, Person
from app.core.policy import (
    AUTHORITY,
    HASTE,
    STRICTNESS,
    Decision,
    Facts,
    Policy,
    Urgency,
    Verdict,
    decide,
    decide_from_inputs,
    sentence_of,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

K = ActionKind
POLICY = load_policy()
ORDER = replace(EXAMPLE, placed_at=NOW - timedelta(days=2))
UNMATCHED = Match(MatchOutcome.UNMATCHED, (), "model-1")
AMBIGUOUS = Match(MatchOutcome.AMBIGUOUS, (Candidate("goody", "o-1", "WHTWW", 2.0, 0.5, ()),) * 2, "model-1")
DEFAULTS: dict[str, Any] = {
    "kind": K.EXTEND_EXPIRATION,
    "parameters": {"new_expiration": "2026-12-11T12:00:00Z"},
    "call": Call(call_id="call_1", stage=CallStage.COMPLETED),
    "match": MATCHED,
    "identity": Identity(Role.SENDER, 0.97),
    "order": ORDER,
    "contact": None,
    "now": NOW,
}


def facts(*, said: dict[str, Any] | None = None, **changes: Any) -> Facts:
    """An extension by a clear sender, with what differs; `said` are the call's fields."""
    known = DEFAULTS | changes
    if said is not None:
        known["call"] = replace(known["call"], fields=said)
    return Facts(**known)


def decided(*, said: dict[str, Any] | None = None, **changes: Any) -> Decision:
    return decide(facts(said=said, **changes), POLICY)


def fired(decision: Decision) -> set[str]:
    return {finding.rule for finding in decision.findings if finding.fired} - {"kind"}


# --- the table of design section 5


@pytest.mark.parametrize(
    ("kind", "verdict", "team"),
    [
        (K.ORDER_STATUS, "execute", "support"),
        (K.EXTEND_EXPIRATION, "execute", "support"),
        (K.RESEND_GIFT_LINK, "execute", "support"),
        (K.CANCEL_ORDER, "review", "support"),
        (K.REFUND_ORDER, "review", "support"),
        (K.CHANGE_ADDRESS, "review", "fulfillment"),
        (K.REPORT_DAMAGE, "assist", "fulfillment"),
        (K.REPORT_MISSING_ITEM, "assist", "fulfillment"),
        (K.RETURN_ORDER, "assist", "fulfillment"),
        (K.SUBSTITUTE_ITEM, "review", "fulfillment"),
        (K.SEND_ORDER, "review", "fulfillment"),
        (K.CREATE_WEBHOOK, "review", "operations"),
        (K.DELETE_WEBHOOK, "review", "operations"),
        (K.ROUTE_BUYING_INTENT, "hand_off", "sales"),
        (K.CHANGE_BOOKING, "hand_off", "bookings"),
        (K.FOLLOW_UP, "hand_off", "support"),
        (K.ESCALATE, "hand_off", "escalations"),
        (K.CREATE_SUBSCRIBER_CHANNEL, "review", "marketing"),
        (K.UPDATE_SUBSCRIBER_CHANNEL, "review", "marketing"),
        (K.UPDATE_CONTACT, "review", "support"),
        (K.NONE, "hand_off", "nobody"),
    ],
)
def test_a_clear_caller_with_a_plain_wish_gets_the_verdict_of_the_kind(
    kind: ActionKind, verdict: str, team: str
) -> None:
    decision = decided(kind=kind)
    assert (decision.verdict, decision.team) == (verdict, team)
    always = {K.CREATE_WEBHOOK: "access_changes", K.DELETE_WEBHOOK: "access_changes"} | dict.fromkeys(
        (K.CREATE_SUBSCRIBER_CHANNEL, K.UPDATE_SUBSCRIBER_CHANNEL), "consent_changes"
    )
    assert fired(decision) == ({always[kind]} if kind in always else set())


def test_a_plain_decision_waits_four_hours_for_one_reviewer() -> None:
    decision = decided(kind=K.CANCEL_ORDER)
    assert (decision.urgency, decision.due_minutes) == (Urgency.NORMAL, 240)
    assert (decision.approvals_needed, decision.approval_role) == (1, "reviewer")
    assert decision.policy_version == POLICY.version


# --- the rules; each has examples in the document, which tests/core/test_policy_mutations.py holds against it


def outcome(decision: Decision) -> tuple[object, ...]:
    return (
        decision.verdict,
        decision.team,
        decision.urgency,
        decision.due_minutes,
        decision.approvals_needed,
        decision.approval_role,
    )


def test_much_money_needs_two_approvers() -> None:
    decision = decided(kind=K.CANCEL_ORDER, order=replace(ORDER, amount_cents=200_000))
    assert (decision.approvals_needed, decision.approval_role, decision.queue) == (2, "approver", "money")
    assert decided(kind=K.CANCEL_ORDER, order=replace(ORDER, amount_cents=199_999)).approvals_needed == 1


def test_travel_is_due_in_a_quarter_of_an_hour_and_on_a_sunday_by_whoever_is_on_call() -> None:
    decision = decided(kind=K.CHANGE_BOOKING, said={"risk_flags": ("urgent travel",)})
    assert (decision.due_minutes, decision.queue) == (15, "on_call")
    on_monday = decided(kind=K.CHANGE_BOOKING, said={"risk_flags": ("urgent travel",)}, now=NOW + timedelta(hours=27))
    assert (on_monday.due_minutes, on_monday.queue) == (15, "general")


def test_reason_codes_are_those_of_the_rules_that_fired_each_once() -> None:
    decision = decided(said={"vip_status": True}, history=History(kind_is_off=True, destination_is_off=True))
    assert decision.reason_codes == ("important_customer", "important_customer_waits", "switched_off")
    assert decided().reason_codes == ()


def test_what_happened_before_counts() -> None:
    assert decided(history=History(calls_of_caller_24h=99)).verdict is Verdict.EXECUTE
    assert decided(history=History(calls_of_caller_24h=100)).queue == "risk"
    assert decided(history=History(calls_of_caller_24h=None)).verdict is Verdict.EXECUTE
    refused = decided(history=History(refused_of_caller_24h=10))
    assert (refused.verdict, refused.approval_role) == (Verdict.REVIEW, "approver")
    much = decided(kind=K.REFUND_ORDER, history=History(money_moved_today_cents=5_000_000, money_currency="USD"))
    assert (much.approval_role, much.queue) == ("approver", "money")
    unknown = decided(kind=K.REFUND_ORDER, history=History(money_moved_today_cents=None))
    assert unknown.approval_role == "approver"


def test_a_cheap_mistake_takes_less_confidence_than_a_dear_one() -> None:
    caller = Identity(Role.SENDER, 0.92)
    cheap, dear = (decided(identity=caller, order=replace(ORDER, amount_cents=cents)) for cents in (2_000, 45_000))
    assert (cheap.verdict, dear.verdict) == (Verdict.EXECUTE, Verdict.REVIEW)
    assert "not_sure_enough" in fired(dear)
    assert dear.findings[0].says == (
        "extend_expiration starts at review, since acting alone takes a confidence of 0.9273 and 0.9191 is reached."
    )


def test_noise_stays_nobodys_business_whatever_else_was_said() -> None:
    said = {"vip_status": True, "risk_flags": ("fraud_concern", "urgent_travel"), "deadline": "today"}
    decision = decided(kind=K.NONE, said=said, match=UNMATCHED, identity=NOBODY, order=None)
    assert outcome(decision) == (Verdict.HAND_OFF, "nobody", Urgency.NORMAL, 240, 1, "reviewer")


# --- findings


def test_every_rule_leaves_a_finding_with_a_sentence_and_its_figures() -> None:
    decision = decided(order=replace(ORDER, amount_cents=60_000))
    assert [finding.rule for finding in decision.findings] == ["kind", *(rule.id for rule in POLICY.rules)]
    found = {finding.rule: finding for finding in decision.findings}
    assert found["high_value"].says == (
        "The order, or the value that the caller named, is high. "
        "(action.commits yes, order.is_present yes, order.amount_cents 60000, call.order_value_cents not known)"
    )
    assert sentence_of(found["high_value"]) == "The order, or the value that the caller named, is high."
    assert found["unmatched"].says.startswith("Not so: No order could be tied to the call. (")
    assert found["unmatched"].verdict is None
    assert found["kind"].says == (
        "extend_expiration starts at execute, since it is clear who is calling about which order."
    )


def test_a_rule_that_cannot_be_judged_asks_for_a_person_and_for_all_it_might_have_asked() -> None:
    decision = decided(kind=K.CANCEL_ORDER, order=replace(ORDER, amount_cents=None))
    assert decision.verdict is Verdict.REVIEW
    assert (decision.approvals_needed, decision.approval_role) == (2, "approver")
    found = {finding.rule: finding for finding in decision.findings}
    assert found["two_approvals"].says.startswith("Cannot be judged, so a person decides: ")


def test_an_amount_in_another_currency_cannot_be_compared() -> None:
    for cents in (1, 10**9):
        decision = decided(order=replace(ORDER, currency="EUR", amount_cents=cents))
        assert (decision.verdict, decision.approval_role) == (Verdict.REVIEW, "approver")
        assert {"high_value", "not_sure_enough", "other_currency"} <= fired(decision)


def test_a_kind_that_the_document_does_not_name_goes_to_a_person() -> None:
    silent = replace(POLICY, kinds={})
    assert decide(facts(), silent).verdict is Verdict.REVIEW
    assert decide(facts(kind=K.NONE), silent).verdict is Verdict.REVIEW


@pytest.mark.parametrize("kind", ["cancel_everything", None, 7])
def test_inputs_of_no_known_kind_go_to_a_person(kind: Any) -> None:
    assert decide_from_inputs({"action.kind": kind}, POLICY).verdict is Verdict.REVIEW


# --- inputs


def test_inputs_hold_every_fact_of_the_catalogue_and_nothing_else() -> None:
    assert set(facts().inputs()) == set(CATALOGUE) - DERIVED
    assert set(facts(order=None, match=UNMATCHED).inputs()) == set(CATALOGUE) - DERIVED


def test_inputs_hold_no_free_text_and_no_personal_data() -> None:
    """Whatever field a caller's words get into, they are in no input and in no finding."""
    said: dict[str, Any] = {
        name: ("SECRETWORD one",) if kind is FieldType.LIST else "SECRETWORD one"
        for name, kind in CANONICAL_FIELDS.items()
        if kind is not FieldType.FLAG
    }
    call = Call(
        call_id="call_SECRETWORD",
        stage=CallStage.COMPLETED,
        from_number="SECRETWORD",
        summary="SECRETWORD",
        sentiment="SECRETWORD",
        transcript=(Turn("user", "SECRETWORD"),),
        fields=said,
        unread_fields={"order_value": "SECRETWORD", "SECRETWORD": "?"},
        conflicts=("SECRETWORD",),
    )
    person = Person("SECRETWORD", "SECRETWORD", "SECRETWORD")
    decision = decided(
        call=call,
        parameters={"new_address": "SECRETWORD"},
        order=replace(ORDER, sender=person, recipient=person, gift_link="SECRETWORD", status="SECRETWORD"),
        contact=Contact("SECRETWORD", names=("SECRETWORD",)),
    )
    kept = json.dumps([decision.inputs, [finding.says for finding in decision.findings]])
    assert "secretword" not in kept.casefold()
    assert decision.inputs["call.risk_flags"] == ["other"]
    assert decision.inputs["call.loyalty"] == "other"


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        (("fraud_concern",), ["fraud_concern"]),
        (("Possible FRAUD!",), ["fraud_concern"]),
        (("wrong address", "No-Show risk"), ["no_show_risk", "wrong_address"]),
        (("none",), []),
        (("low",), []),
        (("martians",), ["other"]),
        (("",), []),
        (("GDPR request",), ["privacy_request"]),
        (("asks for account access", "contract terms"), ["access_request", "legal_terms"]),
    ],
)
def test_risk_flags_become_known_words(said: tuple[str, ...], flags: list[str]) -> None:
    assert facts(said={"risk_flags": said}).inputs()["call.risk_flags"] == flags


@pytest.mark.parametrize(
    ("said", "cents"),
    [("500.00", 50_000), ("499.991", 50_000), ("Infinity", None), ("1e400", None), ("NaN", None), ("lots", None)],
)
def test_a_claimed_value_is_exact_and_never_rounded_down(said: str, cents: int | None) -> None:
    assert facts(said={"order_value": said}).inputs()["call.order_value_cents"] == cents


def test_what_is_not_a_number_makes_nothing_clear() -> None:
    assert decided(identity=Identity(Role.SENDER, float("nan"))).verdict is Verdict.REVIEW
    stored = dict(facts().inputs()) | {"identity.confidence": float("nan")}
    assert decide_from_inputs(stored, POLICY).verdict is Verdict.REVIEW
    assert decide_from_inputs(stored | {"identity.confidence": "0.99"}, POLICY).verdict is Verdict.REVIEW


def test_a_stored_derived_fact_is_not_believed() -> None:
    stored = dict(facts(identity=NOBODY).inputs()) | {"identity.is_clear": True}
    assert decide_from_inputs(stored, POLICY).verdict is Verdict.REVIEW


# --- properties

NUMBER = st.floats(min_value=0, max_value=1)
FLAG = st.sampled_from([True, False, None])


COUNTS = (
    "history.calls_of_caller_24h", "history.refused_of_caller_24h", "history.actions_of_contact_30d",
    "history.orders_of_sender_90d", "history.calls_about_order_7d", "history.actions_of_order_30d",
    "history.same_kind_of_order",
)  # fmt: skip


@st.composite
def inputs_of_a_decision(draw: st.DrawFn, kinds: tuple[ActionKind, ...] = tuple(ActionKind)) -> dict[str, Any]:
    kind = draw(st.sampled_from(kinds))
    present = draw(st.booleans())
    order: dict[str, Any] = {
        "order.stage": draw(st.sampled_from([str(stage) for stage in OrderStage])),
        "order.amount_cents": draw(st.one_of(st.none(), st.integers(0, 500_000))),
        "order.currency": draw(st.sampled_from(["USD", "EUR"])),
        "order.is_refunded": draw(st.booleans()),
        "order.is_expired": draw(st.booleans()),
        "order.hours_to_expiry": draw(st.one_of(st.none(), st.floats(-100, 1000))),
        "order.age_hours": draw(st.one_of(st.none(), st.floats(0, 5000))),
    }
    counted = st.one_of(st.none(), st.integers(0, 12))
    return {
        "action.kind": str(kind),
        "action.touches_order": touches_order(kind),
        "action.commits": commits(kind),
        "action.moves_money": moves_money(kind),
        "parameters.extension_days": draw(st.one_of(st.none(), st.floats(-100, 400))),
        "parameters.has_expiration_problem": draw(st.booleans()),
        "parameters.field_changed": draw(st.sampled_from([None, "note", "consent"])),
        "match.outcome": draw(st.sampled_from([str(each) for each in MatchOutcome])),
        "match.probability": draw(st.one_of(st.none(), NUMBER)),
        "identity.role": draw(st.sampled_from([str(each) for each in Role])),
        "identity.confidence": draw(NUMBER),
        "order.is_present": present,
        **(order if present else dict.fromkeys(order)),
        "contact.tier": draw(st.sampled_from([None, "gold", "b_list"])),
        "call.direction": draw(st.sampled_from([None, "inbound", "outbound"])),
        "call.vip_status": draw(FLAG),
        "call.repeat_complaint": draw(FLAG),
        "call.loyalty": draw(st.sampled_from([None, "vip", "member", "other"])),
        "call.order_value_cents": draw(st.one_of(st.none(), st.integers(0, 500_000))),
        "call.risk_flags": sorted(draw(st.sets(st.sampled_from(sorted(RISK_FLAGS)), max_size=3))),
        "call.has_deadline": draw(st.booleans()),
        "call.has_promise": draw(st.booleans()),
        **{fact: draw(counted) for fact in COUNTS},
        "history.money_actions_today": draw(st.sampled_from([0, 99, 1000])),
        "history.money_moved_today_cents": draw(st.sampled_from([None, 0, 500, 10**7])),
        "history.money_currency": draw(st.sampled_from([None, "USD", "EUR"])),
        "switches.kind_is_off": draw(st.booleans()),
        "switches.destination_is_off": draw(st.booleans()),
        "time.at": draw(st.sampled_from(["2026-11-18T17:00:00Z", "2026-11-22T17:00:00Z"])),
        "call.conflicts": sorted(draw(st.sets(st.sampled_from(sorted(CANONICAL_FIELDS)), max_size=1))),
        "call.unread_fields": sorted(draw(st.sets(st.sampled_from(sorted(CANONICAL_FIELDS)), max_size=1))),
    }


WORSE: dict[str, st.SearchStrategy[Any]] = {
    "match.outcome": st.sampled_from(["ambiguous", "unmatched"]),
    "match.probability": st.one_of(st.none(), NUMBER),
    "identity.role": st.sampled_from(["unknown", "other"]),
    "identity.confidence": NUMBER,
    "order.amount_cents": st.integers(0, 10**9),
    "call.order_value_cents": st.integers(0, 10**9),
    "parameters.extension_days": st.floats(-100, 4000),
    "parameters.has_expiration_problem": st.just(value=True),
    "call.vip_status": st.just(value=True),
    "call.repeat_complaint": st.just(value=True),
    "call.loyalty": st.just("vip"),
    "contact.tier": st.just("gold"),
    "call.risk_flags": st.sets(st.sampled_from(sorted(RISK_FLAGS)), min_size=1),
    "call.conflicts": st.just(["order_id"]),
    "call.unread_fields": st.just(["order_value"]),
    "call.has_deadline": st.just(value=True),
    "call.has_promise": st.just(value=True),
    **dict.fromkeys(COUNTS, st.integers(0, 1000)),
    "history.money_actions_today": st.integers(0, 1000),
    "history.money_moved_today_cents": st.integers(0, 10**9),
    "switches.kind_is_off": st.just(value=True),
    "switches.destination_is_off": st.just(value=True),
}
LOWER = {"match.probability", "identity.confidence"}
HIGHER = {
    "order.amount_cents", "call.order_value_cents", "parameters.extension_days", *COUNTS,
    "history.money_actions_today", "history.money_moved_today_cents",
}  # fmt: skip
CLAIMS = {name for name, spec in CATALOGUE.items() if spec.absent_is_no}


def worsened(inputs: dict[str, Any], fact: str, value: Any) -> dict[str, Any]:
    """The same inputs with less certainty, more money or more risk in one fact."""
    before = inputs[fact]
    if fact == "order.amount_cents" and not inputs["order.is_present"]:
        return inputs
    if fact in LOWER and before is not None and value is not None:
        value = min(before, value)
    if fact in HIGHER and before is not None:
        value = max(before, value)
    if fact in HIGHER and before is None and fact not in CLAIMS:
        return inputs  # an unknown amount is worse than any known one
    if isinstance(value, set):
        value = sorted(value | set(before))
    if fact == "match.outcome" and before != "matched":
        return inputs
    return inputs | {fact: value}


EXECUTED = st.sampled_from([K.ORDER_STATUS, K.EXTEND_EXPIRATION, K.REPORT_DAMAGE]).map(
    lambda kind: facts(kind=kind).inputs()
)


@unhurried
@given(
    st.one_of(EXECUTED, inputs_of_a_decision()),
    st.sampled_from(sorted(WORSE)).flatmap(lambda f: st.tuples(st.just(f), WORSE[f])),
)
def test_less_certainty_more_risk_and_more_money_never_give_more_autonomy(
    inputs: dict[str, Any], change: tuple[str, Any]
) -> None:
    before, after = decide_from_inputs(inputs, POLICY), decide_from_inputs(worsened(inputs, *change), POLICY)
    assert STRICTNESS[after.verdict] >= STRICTNESS[before.verdict]
    assert after.approvals_needed >= before.approvals_needed
    assert AUTHORITY[after.approval_role] >= AUTHORITY[before.approval_role]
    assert HASTE[after.urgency] >= HASTE[before.urgency]
    assert after.due_minutes <= before.due_minutes


NEEDED = {name for name, spec in CATALOGUE.items() if not spec.absent_is_no and name not in DERIVED}
# Whatever these are, no rule could fire on a plain extension: what is needed beside them is known and says no.
SETTLED_WITHOUT = {
    "action.commits", "action.touches_order", "action.moves_money", "order.is_present", "order.is_refunded",
    "order.age_hours", "history.money_actions_today", "history.money_moved_today_cents", "time.at",
}  # fmt: skip


@pytest.mark.parametrize("fact", sorted(NEEDED - SETTLED_WITHOUT))
@pytest.mark.parametrize("value", ["null", "absent", "of another type"])
def test_nothing_is_executed_while_a_needed_fact_is_missing(fact: str, value: str) -> None:
    inputs: dict[str, Any] = facts().inputs()
    assert decide_from_inputs(inputs, POLICY).verdict is Verdict.EXECUTE
    if value == "absent":
        del inputs[fact]
    else:
        inputs[fact] = None if value == "null" else {"a": "dict"}
    assert decide_from_inputs(inputs, POLICY).verdict is Verdict.REVIEW


@unhurried
@given(inputs_of_a_decision())
def test_only_three_kinds_are_ever_executed_and_two_of_them_for_a_clear_caller_only(inputs: dict[str, Any]) -> None:
    decision = decide_from_inputs(inputs, POLICY)
    if decision.verdict is Verdict.EXECUTE:
        assert inputs["match.outcome"] == "matched"
        assert not inputs["switches.kind_is_off"]
        assert not inputs["switches.destination_is_off"]
        assert inputs["action.kind"] in {"order_status", "extend_expiration", "resend_gift_link"}
        assert inputs["action.kind"] == "order_status" or (
            inputs["identity.role"] in {"sender", "recipient"} and inputs["identity.confidence"] >= 0.9
        )


@unhurried
@given(inputs_of_a_decision())
def test_a_decision_is_made_again_from_what_was_stored(inputs: dict[str, Any]) -> None:
    assert set(inputs) == set(CATALOGUE) - DERIVED
    decision = decide_from_inputs(inputs, POLICY)
    stored = json.loads(json.dumps(decision.inputs))
    assert decide_from_inputs(stored, POLICY) == decision


JSON_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=2)
)


@unhurried
@given(st.dictionaries(st.sampled_from([*sorted(CATALOGUE), "unknown"]), JSON_VALUES))
def test_damaged_inputs_break_nothing_and_free_nothing(inputs: dict[str, Any]) -> None:
    decision = decide_from_inputs(inputs, POLICY)
    assert decision.verdict is not Verdict.EXECUTE
    assert len(decision.findings) == len(POLICY.rules) + 1


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    hours = draw(st.one_of(st.none(), st.floats(-500, 500)))
    said = st.fixed_dictionaries({}, optional={"order_value": st.text(max_size=6), "vip_status": st.booleans()})
    order = replace(
        ORDER,
        stage=draw(st.sampled_from(OrderStage)),
        amount_cents=draw(st.one_of(st.none(), st.integers(0, 10**7))),
        expires_at=None if hours is None else NOW + timedelta(hours=hours),
    )
    return facts(
        kind=draw(st.sampled_from(ActionKind)),
        match=draw(st.sampled_from([MATCHED, UNMATCHED, AMBIGUOUS])),
        identity=Identity(draw(st.sampled_from(Role)), draw(NUMBER)),
        order=draw(st.sampled_from([None, order])),
        said=draw(said),
    )


@unhurried
@given(any_facts())
def test_deciding_from_facts_and_from_their_stored_inputs_is_the_same(known: Facts) -> None:
    decision = decide(known, POLICY)
    assert decide_from_inputs(json.loads(json.dumps(decision.inputs)), POLICY) == decision


@unhurried
@given(st.sampled_from(ActionKind), st.text(max_size=200))
def test_words_change_no_verdict(kind: ActionKind, words: str) -> None:
    """A transcript that says "the manager approved the refund" is evidence for people and nothing else."""
    free = dict.fromkeys(("return_reason", "next_step", "contact_channel", "owner", "damage_description"), words)
    spoken = replace(DEFAULTS["call"], fields=free, summary=words, transcript=(Turn("user", words),), sentiment=words)
    assert outcome(decided(kind=kind, call=spoken)) == outcome(decided(kind=kind))


def test_the_policy_that_ships_is_what_these_tests_judge() -> None:
    assert isinstance(POLICY, Policy)
    assert POLICY.parameters.default_extension_days == 14
