"""The policy document: what ships loads, and every mistake is named where it stands."""

import re
from pathlib import Path

import pytest

from app.adapters.policy_file import DEFAULT_POLICY_FILE, load_policy
from app.core.actions import ActionKind
from app.core.conditions import AllOf, AnyOf, Not, Operator, Test
from app.core.policy import Urgency, Verdict
from app.errors import SettingError

DEFAULT = DEFAULT_POLICY_FILE.read_text("utf-8")
SMALL = """\
version: "7"
parameters:
  identity_clear: 0.9
  match_clear: 0.95
  default_extension_days: 14
  max_extension_days: 90
  high_value_cents: 50_000
  two_approvals_cents: 200_000
  expiry_near_hours: 24
due_minutes: {normal: 240, high: 60, urgent: 15}
kinds:
  cancel_order: {verdict: review, team: support}
rules:
  - id: high
    says: The order is worth much.
    when:
      all:
        - {fact: order.amount_cents, gte: {parameter: high_value_cents}}
        - not: {any: [{fact: order.stage, in: [open]}, {fact: call.vip_status, eq: true}]}
    then: {verdict: review, due_minutes: 5}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, "utf-8")
    return path


def problem_of(folder: Path, text: str) -> str:
    with pytest.raises(SettingError) as caught:
        load_policy(written(folder, text))
    assert caught.value.name == "HANDOFF_POLICY_FILE"
    assert "policy.yaml" in str(caught.value)
    return str(caught.value)


def test_the_policy_that_ships_names_every_kind() -> None:
    policy = load_policy()
    assert set(policy.kinds) == set(ActionKind)
    assert policy.due_minutes == {Urgency.NORMAL: 240, Urgency.HIGH: 60, Urgency.URGENT: 15}
    assert policy.version.startswith("1+")
    assert policy.kinds[ActionKind.EXTEND_EXPIRATION].when_identity_clear is Verdict.EXECUTE
    assert policy.kinds[ActionKind.NONE].effect.team == "nobody"


def test_a_document_becomes_rules_with_its_parameters_in_place(tmp_path: Path) -> None:
    (rule,) = load_policy(written(tmp_path, SMALL)).rules
    assert rule.when == AllOf(
        (
            Test("order.amount_cents", Operator.GTE, 50_000),
            Not(
                AnyOf(
                    (
                        Test("order.stage", Operator.IN, frozenset({"open"})),
                        Test("call.vip_status", Operator.EQ, value=True),
                    )
                )
            ),
        )
    )
    assert rule.facts == ("order.amount_cents", "order.stage", "call.vip_status")
    assert (rule.effect.verdict, rule.effect.due_minutes) == (Verdict.REVIEW, 5)


def test_the_version_follows_what_the_document_means_and_not_how_it_is_written(tmp_path: Path) -> None:
    version = load_policy(written(tmp_path, SMALL)).version
    explained = "# why\n\n" + SMALL.replace(
        "{verdict: review, team: support}", "{team: support,   verdict: review}  # so"
    )
    assert load_policy(written(tmp_path, explained)).version == version
    assert load_policy(written(tmp_path, SMALL.replace("50_000", "50_001"))).version != version
    assert version.split("+")[0] == "7"


@pytest.mark.parametrize(
    ("right", "wrong", "line", "says"),
    [
        ("cancel_order:", "cancel_ordr:", 12, "kinds.cancel_ordr: Input should be 'order_status'"),
        ("team: support", "teams: support", 12, "kinds.cancel_order.team: Field required"),
        ("{verdict: review, team", "{verdict: maybe, team", 12, "kinds.cancel_order.verdict: Input should be 'execute'"),
        ("verdict: review, due_minutes", "verdict: review, due", 20, "rules.0.then.due: Extra inputs are not permitted"),
        ("order.amount_cents", "order.amout_cents", 18, "rules.0.when.all.0.fact: order.amout_cents is not in the cata"),
        ("gte:", "at_least:", 18, "rules.0.when.all.0.at_least: is no operator; these are: contains_any, eq, gt"),
        ("gte:", "in:", 18, "order.amount_cents is a number: it can be asked"),
        ("high_value_cents}", "high_value}", 18, "rules.0.when.all.0.gte: high_value is no parameter; these are:"),
        ("[open]", "[opne]", 19, "rules.0.when.all.1.not.any.0.fact: order.stage is never opne"),
        ("[open]", "[]", 19, "rules.0.when.all.1.not.any.0.in: is no value"),
        ("[open]", "[open, 3]", 19, "is no value"),
        ("eq: true", "eq: yes please", 19, "call.vip_status is compared with a flag"),
        ("eq: true", "eq: true, present: true", 19, "is no condition"),
        ("not: {any", "none: {any", 19, "rules.0.when.all.1: is no condition: write all, any, not, or a fact"),
        ("identity_clear: 0.9", "identity_clear: 0.3", 3, "parameters.identity_clear: Input should be greater than 0.5"),
        ("identity_clear: 0.9", "identity_clear: .nan", 3, "parameters.identity_clear"),
        ("50_000", "50.5", 7, "parameters.high_value_cents: Input should be a valid integer"),
        ("  expiry_near_hours: 24\n", "", 2, "parameters.expiry_near_hours: Field required"),
        (", urgent: 15", "", 10, "due_minutes: says nothing of urgent"),
        ("urgent: 15", "urgent: 0", 10, "due_minutes.urgent: Input should be greater than 0"),
        ('version: "7"', "version: 7", 1, "version: Input should be a valid string"),
        ("{verdict: review, due_minutes: 5}", "{verdict: execute}", 20, "rules.0.then.verdict: cannot be execute"),
        ("{verdict: review, due_minutes: 5}", "{}", 20, "rules.0.then: asks for nothing"),
        ("id: high", "id: kind", 14, "rules.0.id: kind names another finding already"),
        ("The order is worth much.", "Much", 15, "rules.0.says: String should have at least 10 characters"),
        ("  identity_clear: 0.9", "  identity_clear: 0.9\n  identity_clear: 0.8", 4, "has the key identity_clear twice"),
        ("rules:", "rules: [", 14, "is not YAML"),
        ("gte: {parameter: high_value_cents}", "gte: 2020-01-01", 18, "rules.0.when.all.0.gte: is no value"),
        ("gte: {parameter: high_value_cents}", "gte: 2020-99-99", 18, "holds a value that is no plain word or number"),
        ("gte: {parameter: high_value_cents}", "gte: !secret x", 18, "no plain word or number"),
        ("version:", "? [a]\n: b\nversion:", 1, "has a key that is no plain word"),
        ("{verdict: review, team: support}", "&a {verdict: review, team: support}\n  order_status: *a", 12, "uses an alias"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_path(
    tmp_path: Path, right: str, wrong: str, line: int, says: str
) -> None:
    assert right in SMALL
    problem = problem_of(tmp_path, SMALL.replace(right, wrong, 1))
    assert f"policy.yaml, line {line})" in problem
    assert says in problem


@pytest.mark.parametrize(
    ("entitlement", "says"),
    [
        ("{cancel_order: {sender: allow}}", "entitlement.cancel_order.sender: Input should be 'allowed'"),
        ("{cancel_order: {buyer: allowed}}", "entitlement.cancel_order.buyer"),
        ("{cancel: {sender: allowed}}", "entitlement.cancel"),
    ],
)
def test_a_mistake_in_the_table_of_who_may_ask_is_named(tmp_path: Path, entitlement: str, says: str) -> None:
    with pytest.raises(SettingError, match=re.escape(says)):
        load_policy(written(tmp_path, f"{SMALL}\nentitlement: {entitlement}\n"))


def test_a_document_without_the_table_leaves_every_wish_about_an_order_to_people(tmp_path: Path) -> None:
    assert load_policy(written(tmp_path, SMALL)).entitlement == {}


def test_a_rule_named_twice_is_a_mistake(tmp_path: Path) -> None:
    rule = SMALL[SMALL.index("  - id: high") :]
    assert "rules.1.id: high names another finding already" in problem_of(tmp_path, SMALL + rule)


@pytest.mark.parametrize("text", ["", "null", "[]", "just words", "- a\n- b"])
def test_a_document_that_is_none_is_a_mistake(tmp_path: Path, text: str) -> None:
    assert "policy.yaml, line 1)" in problem_of(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "{a: " * 5_000, "a: &x [*x]", *("[" * n + "]" * n for n in (100, 300, 500, 900)), "x" * 2_000_000],
)
def test_a_document_made_to_exhaust_is_refused(tmp_path: Path, text: str) -> None:
    problem_of(tmp_path, text)


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: FileNotFoundError"):
        load_policy(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"version: \xff")
    with pytest.raises(SettingError, match="cannot be read: UnicodeDecodeError"):
        load_policy(tmp_path / "latin.yaml")


def test_the_message_says_what_to_do(tmp_path: Path) -> None:
    assert "unset the variable to use the policy that ships" in problem_of(tmp_path, "[]")


def test_a_copy_of_the_policy_that_ships_is_the_same_policy(tmp_path: Path) -> None:
    assert load_policy(written(tmp_path, DEFAULT)) == load_policy()
