"""What differs between decisions and between policies, and which differences take a signature."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actions import ActionKind
from app.core.conditions import AllOf, AnyOf, Not, Operator, Test
from app.core.policy import (
    Effect,
    KindPolicy,
    Policy,
    PolicyParameters,
    Rule,
    Urgency,
    Verdict,
    decide_from_inputs,
)
from app.core.policy_changes import (
    Change,
    Danger,
    FlipList,
    changes_between,
    compare_policies,
    dangers_of,
    fired_in,
    outcome_of,
    said,
    stored_outcome,
)
from app.core.policy_examples import example_inputs

HIGH = Rule(
    "high_value",
    "The order is high.",
    AllOf(
        (Test("action.commits", Operator.EQ, value=True), Not(Test("order.stage", Operator.IN, frozenset({"open"}))))
    ),
    Effect(Verdict.REVIEW, approvals_needed=2, approval_role="approver"),
)
VIP = Rule(
    "vip", "The caller is a VIP.", Test("call.vip_status", Operator.EQ, value=True), Effect(urgency=Urgency.HIGH)
)
POLICY = Policy(
    version="1+aa",
    parameters=PolicyParameters(identity_clear=0.9, match_clear=0.9, default_extension_days=14),
    due_minutes={Urgency.NORMAL: 240, Urgency.HIGH: 60, Urgency.URGENT: 15},
    kinds={
        ActionKind.CANCEL_ORDER: KindPolicy(Effect(Verdict.REVIEW, team="support")),
        ActionKind.FOLLOW_UP: KindPolicy(Effect(Verdict.HAND_OFF, team="support")),
    },
    rules=(HIGH, VIP),
)

OUTCOMES = st.fixed_dictionaries({
    "verdict": st.sampled_from([str(verdict) for verdict in Verdict]),
    "approvals_needed": st.integers(1, 3),
    "approval_role": st.sampled_from(["reviewer", "approver"]),
    "team": st.sampled_from(["support", "sales"]),
})  # fmt: skip


def outcome(verdict, approvals=1, role="reviewer"):
    return {"verdict": verdict, "approvals_needed": approvals, "approval_role": role}


def test_an_outcome_is_all_that_somebody_notices_of_a_decision_and_not_why():
    decision = decide_from_inputs(example_inputs({"action.kind": "cancel_order", "order.stage": "shipped"}), POLICY)
    shown = outcome_of(decision)
    assert (shown["verdict"], shown["approvals_needed"], shown["approval_role"]) == ("review", 2, "approver")
    assert shown["team"] == "support"
    assert not shown.keys() & {"findings", "inputs", "policy_version", "reason_codes"}
    assert fired_in(decision) == ["kind", "high_value"]
    assert stored_outcome({**shown, "kind": "cancel_order", "inputs": {}}) == shown


def test_what_an_older_release_did_not_store_did_not_change():
    before, after = {"verdict": "review"}, {"verdict": "review", "team": "sales"}
    assert changes_between(before, after) == ()
    assert changes_between({"verdict": "review"}, {"verdict": "assist", "team": "x"}) == (
        Change("verdict", "review", "assist"),
    )


@pytest.mark.parametrize("before", [verdict for verdict in Verdict if verdict is not Verdict.EXECUTE])
def test_whatever_would_happen_by_itself_and_did_not_is_dangerous(before):
    assert dangers_of(outcome(before), outcome("execute")) == (Danger.EXECUTES,)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (outcome("review", 2), outcome("review", 1), (Danger.FEWER_APPROVALS,)),
        (outcome("review", role="approver"), outcome("review"), (Danger.LOWER_ROLE,)),
        (outcome("review", 2, "approver"), outcome("review", 1), (Danger.FEWER_APPROVALS, Danger.LOWER_ROLE)),
        (outcome("review", 1), outcome("review", 2, "approver"), ()),
        (outcome("review", 2), outcome("refuse", 1), ()),
        (outcome("execute"), outcome("review"), ()),
        (outcome("execute"), outcome("execute"), ()),
    ],
)
def test_fewer_or_lesser_people_are_dangerous_where_people_decide(before, after, expected):
    assert dangers_of(before, after) == expected


@given(OUTCOMES, OUTCOMES)
def test_nothing_is_dangerous_both_ways_and_nothing_that_did_not_change(one, other):
    assert dangers_of(one, one) == ()
    there, back = set(dangers_of(one, other)), set(dangers_of(other, one))
    assert not there & back
    assert not there or changes_between(one, other)


def test_a_list_of_flips_has_one_digest_for_exactly_these_flips():
    flip = (Change("verdict", "review", "execute"),), (Danger.EXECUTES,)

    def digest(*ids, version="2+bb", instead_of="1+aa"):
        flips = FlipList(version, instead_of=instead_of)
        for each in ids:
            flips.add(each, *flip)
        return flips.digest

    digests = [
        digest(1, 2), digest(1), digest(2, 1), digest(12), digest(1, 2, version="3+cc"), digest(1, 2, instead_of="0+zz"),
    ]  # fmt: skip
    assert len(set(digests)) == len(digests)
    assert digest(1, 2) == digest(1, 2)


def test_a_policy_is_no_other_than_itself_whatever_it_is_called():
    assert compare_policies(POLICY, replace(POLICY, version="9+zz")) == ()


def test_a_new_rule_a_lost_one_and_a_changed_one_are_named_by_their_ids():
    new = Rule(
        "late", "It is late.", Test("call.has_deadline", Operator.EQ, value=True), Effect(urgency=Urgency.URGENT)
    )
    changed = replace(HIGH, effect=replace(HIGH.effect, approvals_needed=1))
    changes = {each.name: each for each in compare_policies(POLICY, replace(POLICY, rules=(changed, new)))}
    assert changes["rules.high_value.effect.approvals_needed"] == Change(
        "rules.high_value.effect.approvals_needed", "2", "1"
    )
    assert changes["rules.late.when"] == Change("rules.late.when", None, "call.has_deadline eq yes")
    assert changes["rules.vip.when"].after is None
    assert {name.split(".")[1] for name in changes} == {"high_value", "late", "vip"}


def test_another_parameter_kind_or_order_of_rules_is_seen():
    other = replace(
        POLICY,
        parameters=replace(POLICY.parameters, match_clear=0.8),
        kinds={ActionKind.CANCEL_ORDER: KindPolicy(Effect(Verdict.ASSIST, team="support"))},
        rules=(VIP, HIGH),
    )
    changes = {each.name: (each.before, each.after) for each in compare_policies(POLICY, other)}
    assert changes == {
        "parameters.match_clear": ("0.9", "0.8"),
        "kinds.cancel_order.effect.verdict": ("review", "assist"),
        "kinds.follow_up.effect.verdict": ("hand_off", None),
        "kinds.follow_up.effect.team": ("support", None),
        "rules (order)": ("high_value, vip", "vip, high_value"),
    }


def test_a_condition_reads_as_it_is_written():
    either = AnyOf((HIGH.when, Test("call.loyalty", Operator.IN, frozenset({"vip", "gold"}))))
    assert said(either) == ("any(all(action.commits eq yes, not(order.stage in [open])), call.loyalty in [gold, vip])")
