"""The policy document: what ships loads, and every mistake is named where it stands."""

import re
from datetime import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from app.adapters.policy_file import DEFAULT_POLICY_FILE, load_policy, parse_policy, policy_schema
from app.adapters.yaml_document import read_yaml
from app.core.actions import ActionKind
from app.core.conditions import AllOf, AnyOf, Not, Operator, Test
from app.core.loss import Losses, Mistake
from app.core.policy import Urgency, Verdict
from app.core.quantities import Money
from app.errors import SettingError

DEFAULT = DEFAULT_POLICY_FILE.read_text("utf-8")
SMALL = """\
version: "7"
parameters:
  identity_clear: 0.9
  match_clear: 0.95
  default_extension_days: 14
  high_value: 500.00 USD
due_minutes: {normal: 240, high: 60, urgent: 15}
kinds:
  cancel_order: {verdict: review, team: support}
rules:
  - id: high
    says: The order is worth much.
    when:
      all:
        - {fact: order.amount_cents, gte: {parameter: high_value}}
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
    assert policy.version.startswith("2+")
    assert policy.kinds[ActionKind.EXTEND_EXPIRATION].when_identity_clear is Verdict.EXECUTE
    assert policy.kinds[ActionKind.NONE].effect.team == "nobody"


def test_a_document_becomes_rules_with_its_parameters_in_place(tmp_path: Path) -> None:
    (rule,) = load_policy(written(tmp_path, SMALL)).rules
    assert rule.when == AllOf(
        (
            Test("order.amount_cents", Operator.GTE, Money(50_000, "USD")),
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
    assert load_policy(written(tmp_path, SMALL.replace("500.00", "500.01"))).version != version
    assert version.split("+")[0] == "7"


@pytest.mark.parametrize(
    ("right", "wrong", "line", "says"),
    [
        ("cancel_order:", "cancel_ordr:", 9, "kinds.cancel_ordr: Input should be 'order_status'"),
        ("team: support", "teams: support", 9, "kinds.cancel_order.team: Field required"),
        ("{verdict: review, team", "{verdict: maybe, team", 9, "kinds.cancel_order.verdict: Input should be 'execute'"),
        ("verdict: review, due_minutes", "verdict: review, due", 17, "rules.0.then.due: Extra inputs are not permitted"),
        ("order.amount_cents", "order.amout_cents", 15, "rules.0.when.all.0.fact: order.amout_cents is not in the cata"),
        ("gte:", "at_least:", 15, "rules.0.when.all.0.at_least: is no operator; these are: contains_any, eq, gt"),
        ("gte:", "in:", 15, "order.amount_cents holds money, like 500.00 USD: it can be asked"),
        ("gte: {parameter: high_value}", "gte: 50000", 15, "order.amount_cents is compared with money, like 500.00 USD"),
        ("gte: {parameter: high_value}", "gte: 500.5 USD", 15, "order.amount_cents is compared with money"),
        ("gte: {parameter: high_value}", "gte: 24h", 15, "order.amount_cents is compared with money"),
        ("gte: {parameter: high_value}", "gte: {parameter: match_clear}", 15, "order.amount_cents is compared with money"),
        ("order.amount_cents", "order.hours_to_expiry", 15, "order.hours_to_expiry is compared with a length of time"),
        ("high_value}", "high}", 15, "rules.0.when.all.0.gte: high is no parameter; these are:"),
        ("500.00 USD", "50000", 15, "order.amount_cents is compared with money"),
        ("500.00 USD", "500 dollars", 6, "parameters.high_value: is no figure: write a whole number, money like"),
        ("500.00 USD", "500.00 USD\n  low_value: 1.00 USD", 7, "parameters.low_value: is used by no rule"),
        ("[open]", "[opne]", 16, "rules.0.when.all.1.not.any.0.fact: order.stage is never opne"),
        ("[open]", "[]", 16, "rules.0.when.all.1.not.any.0.in: is no value"),
        ("[open]", "[open, 3]", 16, "is no value"),
        ("eq: true", "eq: yes please", 16, "call.vip_status is compared with a flag"),
        ("eq: true", "eq: true, present: true", 16, "is no condition"),
        ("not: {any", "none: {any", 16, "rules.0.when.all.1: is no condition: write all, any, not, or a fact"),
        ("call.vip_status", "time.is_business_hours", 13, "reads time.*, which takes a section business_hours"),
        ("call.vip_status", "confidence.is_enough", 13, "reads confidence.*, which takes a section losses"),
        ("identity_clear: 0.9", "identity_clear: 0.3", 3, "parameters.identity_clear: Input should be greater than 0.5"),
        ("identity_clear: 0.9", "identity_clear: .nan", 3, "parameters.identity_clear"),
        ("  default_extension_days: 14\n", "", 2, "parameters.default_extension_days: Field required"),
        (", urgent: 15", "", 7, "due_minutes: says nothing of urgent"),
        ("urgent: 15", "urgent: 0", 7, "due_minutes.urgent: Input should be greater than 0"),
        ('version: "7"', "version: 7", 1, "version: Input should be a valid string"),
        ("{verdict: review, due_minutes: 5}", "{verdict: execute}", 17, "rules.0.then.verdict: cannot be execute"),
        ("{verdict: review, due_minutes: 5}", "{}", 17, "rules.0.then: asks for nothing"),
        ("id: high", "id: kind", 11, "rules.0.id: kind names another finding already"),
        ("The order is worth much.", "Much", 12, "rules.0.says: String should have at least 10 characters"),
        ("  identity_clear: 0.9", "  identity_clear: 0.9\n  identity_clear: 0.8", 4, "has the key identity_clear twice"),
        ("rules:", "rules: [", 11, "is not YAML"),
        ("gte: {parameter: high_value}", "gte: 2020-01-01", 15, "rules.0.when.all.0.gte: is no value"),
        ("gte: {parameter: high_value}", "gte: 2020-99-99", 15, "holds a value that is no plain word or number"),
        ("gte: {parameter: high_value}", "gte: !secret x", 15, "no plain word or number"),
        ("version:", "? [a]\n: b\nversion:", 1, "has a key that is no plain word"),
        ("{verdict: review, team: support}", "&a {verdict: review, team: support}\n  order_status: *a", 9, "uses an alias"),
        ("team: support}", "team: support, when_identity_clear: execute}", 9, "takes an entry in losses.mistakes"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_path(
    tmp_path: Path, right: str, wrong: str, line: int, says: str
) -> None:
    assert right in SMALL
    problem = problem_of(tmp_path, SMALL.replace(right, wrong, 1))
    assert f"policy.yaml, line {line})" in problem
    assert says in problem


SECTIONS = """\
business_hours: {timezone: America/New_York, days: [monday], from: "09:00", to: "18:00", holidays: ["2026-12-25"]}
losses:
  review: 4.00 USD
  mistakes: [{kinds: [cancel_order], costs: 10.00 USD, share_of_order: 0.1, floor: 0.85}]
examples:
  - {says: A dear order waits., given: {action.kind: cancel_order, order.amount_cents: 500.00 USD}, fires: [high]}
"""


def test_hours_losses_and_examples_are_read(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, SMALL + SECTIONS))
    assert policy.hours is not None
    assert (policy.hours.days, policy.hours.opens, policy.hours.closes) == ({"monday"}, time(9), time(18))
    assert policy.losses == Losses(
        Money(400, "USD"), {"cancel_order": Mistake(Money(1_000, "USD"), share_of_order=0.1, floor=0.85)}
    )
    (example,) = policy.examples
    assert (example.name, example.fires_exactly) == ("A dear order waits", {"high"})
    assert example.inputs["order.amount_cents"] == 50_000


@pytest.mark.parametrize(
    ("right", "wrong", "line", "says"),
    [
        ("America/New_York", "America/Gotham", 18, "business_hours.timezone: is no time zone this machine knows"),
        ("America/New_York", "../../etc/passwd", 18, "business_hours.timezone: is no time zone this machine knows"),
        ("[monday]", "[moonday]", 18, "business_hours.days.0: String should match"),
        ('to: "18:00"', 'to: "08:00"', 18, "business_hours.to: has to be later than from"),
        ('to: "18:00"', "to: 18:00", 18, "business_hours.to: Input should be a valid string"),
        ("2026-12-25", "2026-12-32", 18, "business_hours.holidays.0: is no day of the calendar"),
        ("review: 4.00 USD", "review: 4", 20, "losses.review: Input should be a valid string"),
        ("review: 4.00 USD", "review: 4.00 EUR", 21, "losses.mistakes.0.costs: is not in EUR"),
        ("[cancel_order], costs", "[cancel_order, cancel_order], costs", 21, "cancel_order has a price already"),
        ("floor: 0.85", "floor: 0.1", 21, "losses.mistakes.0.floor: Input should be greater than 0.5"),
        ("fires: [high]", "fires: [hihg]", 23, "examples.0.fires: hihg: no rule has this id"),
        ("order.amount_cents: 500", "order.amounts: 500", 23, "is no fact that an example can give"),
        ("500.00 USD}, f", "500}, f", 23, "order.amount_cents: is not money like 500.00 USD, nor null"),
        ("kind: cancel_order", "kind: cancel", 23, "action.kind: is not a word of its vocabulary"),
        ("order.amount_cents: 500", "identity.is_clear: 500", 23, "is no fact that an example can give"),
    ],
)
def test_a_mistake_in_hours_losses_and_examples_is_named(
    tmp_path: Path, right: str, wrong: str, line: int, says: str
) -> None:
    assert right in SECTIONS
    problem = problem_of(tmp_path, SMALL + SECTIONS.replace(right, wrong, 1))
    assert says in problem
    assert f"policy.yaml, line {line})" in problem


def test_a_list_in_an_example_stands_for_each_of_its_values(tmp_path: Path) -> None:
    rule = (
        "    examples:\n      - given: {action.kind: [cancel_order, none], call.risk_flags: [[other], [chargeback]]}\n"
    )
    examples = load_policy(written(tmp_path, SMALL + rule)).examples
    assert [(each.inputs["action.kind"], each.inputs["call.risk_flags"]) for each in examples] == [
        ("cancel_order", ["other"]),
        ("cancel_order", ["chargeback"]),
        ("none", ["other"]),
        ("none", ["chargeback"]),
    ]
    assert examples[0].name == "high, example 1 (action.kind cancel_order, call.risk_flags ['other'])"
    assert all(each.fires == {"high"} for each in examples)


def test_examples_are_no_part_of_what_the_document_decides(tmp_path: Path) -> None:
    with_examples = load_policy(written(tmp_path, SMALL + SECTIONS))
    without = load_policy(written(tmp_path, SMALL + SECTIONS.partition("examples:")[0]))
    assert with_examples.version == without.version


def test_a_document_says_whether_publishing_it_takes_a_second_person(tmp_path: Path) -> None:
    assert not load_policy(written(tmp_path, SMALL)).publish_needs_two
    assert load_policy(written(tmp_path, SMALL + "publish_needs_two: true\n")).publish_needs_two
    assert "publish_needs_two: Input should be a valid bool" in problem_of(tmp_path, SMALL + "publish_needs_two: 1\n")


def test_a_document_from_elsewhere_is_read_and_its_mistakes_bear_its_name() -> None:
    assert parse_policy(DEFAULT, name="version 3") == load_policy()
    with pytest.raises(SettingError, match=re.escape("(version 3, line 9) kinds.cancel_order.team")):
        parse_policy(SMALL.replace("team:", "tame:"), name="version 3")


# --- the JSON Schema


def test_the_policy_that_ships_is_valid_by_the_schema() -> None:
    Draft202012Validator.check_schema(policy_schema())
    Draft202012Validator(policy_schema()).validate(read_yaml(DEFAULT).content)
    Draft202012Validator(policy_schema()).validate(read_yaml(SMALL + SECTIONS).content)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("order.amount_cents", "order.amout_cents"),
        ("gte:", "at_least:"),
        ("gte: {parameter: high_value}", "gte: 500"),
        ("[open]", "[opne]"),
        ("team: support", "teams: support"),
        ("{verdict: review, due", "{verdict: maybe, due"),
        ("cancel_order: {verdict", "cancel_ordr: {verdict"),
        ("version:", "more: 1\nversion:"),
    ],
)
def test_the_schema_finds_what_an_editor_should_mark(right: str, wrong: str) -> None:
    validator = Draft202012Validator(policy_schema())
    assert right in SMALL
    assert not validator.is_valid(read_yaml(SMALL.replace(right, wrong, 1)).content)


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
