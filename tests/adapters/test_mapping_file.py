"""The mapping that ships, and a deployment's own file over it."""

import pytest
import yaml

from app.adapters.mapping_file import DEFAULT_MAPPING_FILE, load_mapping
from app.core.actions import ActionKind, propose
from app.core.calls import CANONICAL_FIELDS, Call, CallStage
from app.errors import SettingError

SHIPPED = load_mapping()


def write(folder, text):
    path = folder / "mapping.yaml"
    path.write_text(text, "utf-8")
    return path


def problem_of(folder, text) -> str:
    path = write(folder, text)
    with pytest.raises(SettingError) as raised:
        load_mapping(path)
    assert raised.value.name == "HANDOFF_MAPPING_FILE"
    assert str(path) in str(raised.value)
    return str(raised.value)


def asked(words: str) -> list[ActionKind]:
    call = Call("call_1", CallStage.COMPLETED, fields={"requested_action": (words,)})
    return [proposal.kind for proposal in propose(call, SHIPPED.action_words)]


def implied(**fields) -> list[ActionKind]:
    call = Call("call_1", CallStage.COMPLETED, fields=fields)
    return [proposal.kind for proposal in propose(call, SHIPPED.action_words)]


def test_every_canonical_field_is_understood_under_its_own_name_in_any_writing():
    for name in CANONICAL_FIELDS:
        for written in (
            name,
            name.upper(),
            name.replace("_", " ").title(),
            name.replace("_", "-"),
            name.replace("_", ""),
        ):
            assert SHIPPED.find_field(written) == name


def test_usual_names_are_understood_and_strange_ones_are_not():
    assert SHIPPED.find_field("Order #") == "order_id"
    assert SHIPPED.find_field("Email Address") == "customer_email"
    assert SHIPPED.find_field("Intent") == "requested_action"
    assert SHIPPED.find_field("Outcome") is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("cancel_order", "cancel_order"),
        ("Cancel my order", "cancel_order"),
        ("refund", "refund_order"),
        ("I want my money back", "refund_order"),
        ("change address", "change_address"),
        ("wrong address", "change_address"),
        ("Where is my order?", "order_status"),
        ("order status", "order_status"),
        ("track", "order_status"),
        ("extend expiration", "extend_expiration"),
        ("more time to accept", "extend_expiration"),
        ("resend gift link", "resend_gift_link"),
        ("damaged", "report_damage"),
        ("missing item", "report_missing_item"),
        ("return", "return_order"),
        ("exchange", "substitute_item"),
        ("product question", "route_buying_intent"),
        ("price", "route_buying_intent"),
        ("buy", "route_buying_intent"),
        ("reschedule booking", "change_booking"),
        ("cancel my booking", "change_booking"),
        ("call back", "follow_up"),
        ("please return my call", "follow_up"),
        ("speak to manager", "escalate"),
        ("complaint", "escalate"),
        ("no action", "none"),
        ("nothing", "none"),
        ("none", "none"),
        ("wrong number", "none"),
        ("unsubscribe", "update_subscriber_channel"),
    ],
)
def test_plain_words_lead_to_the_kind_they_mean(words, kind):
    assert asked(words) == [ActionKind(kind)]


def test_every_kind_is_understood_by_its_own_name():
    for kind in ActionKind:
        assert asked(kind.value) == [kind]


def test_where_nothing_was_asked_for_in_words_the_first_given_field_decides():
    assert implied(damage_description="cracked", new_address="1 Main St", delivery_status="late") == ["report_damage"]
    assert implied(new_expiration="2026-12-24") == ["extend_expiration"]
    assert implied(delivery_status="late") == ["order_status"]
    assert implied(preferred_time="tomorrow at 5", delivery_status="late") == ["follow_up"]
    assert implied(repeat_complaint=False) == ["none"]


def test_an_id_alone_asks_for_nothing():
    assert implied(order_id="1001", booking_id="B-1") == ["none"]


def test_the_file_that_ships_names_every_field_and_kind():
    shipped = yaml.safe_load(DEFAULT_MAPPING_FILE.read_text())
    assert set(shipped["fields"]) == set(CANONICAL_FIELDS)
    assert list(shipped["actions"]["phrases"]) == [kind.value for kind in ActionKind]


def test_a_deployments_file_adds_to_the_one_that_ships_and_wins_over_it(tmp_path):
    path = write(
        tmp_path,
        """
fields: {order_id: [Bestellnummer], booking_id: [order]}
actions:
  phrases: {refund_order: [Geld zurück], return_order: [refund]}
  implied_by:
    - delivery_status: order_status
""",
    )
    mapping = load_mapping(path)
    assert mapping.find_field("bestell-nummer") == "order_id"
    assert mapping.find_field("order") == "booking_id"
    assert mapping.find_field("order_number") == "order_id"
    assert mapping.action_words.phrases["geld zurück"] is ActionKind.REFUND_ORDER
    assert mapping.action_words.phrases["refund"] is ActionKind.RETURN_ORDER
    assert mapping.action_words.implied_by == (("delivery_status", ActionKind.ORDER_STATUS),)


def test_an_empty_file_changes_nothing(tmp_path):
    assert load_mapping(write(tmp_path, "# nothing yet\n")) == SHIPPED


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("fields:\n  order_id: [a]\n  order_nr: [b]\n", 3, "fields.order_nr: is no canonical field"),
        ("fields:\n  order_id:\n    - a\n    - 5\n", 4, "fields.order_id.1"),
        ("fields:\n  order_id: a\n", 2, "fields.order_id"),
        ("field: {}\n", 1, "field: "),
        ("actions:\n  words: {}\n", 2, "actions.words"),
        ("actions:\n  phrases:\n    cancel: [stop]\n", 3, "actions.phrases.cancel"),
        ("actions:\n  phrases:\n    none: [no]\n", 3, "actions.phrases.none.0"),
        ("actions:\n  phrases:\n    none: ['!!']\n", 3, "holds no words"),
        ("actions:\n  phrases:\n    none: [halt]\n    escalate:\n      - Halt!\n", 5, "means none already"),
        ("actions:\n  implied_by:\n    - item: report_damage\n    - store: nowhere\n", 4, "actions.implied_by.1.store"),
        ("actions:\n  implied_by:\n    - {item: report_damage, store: escalate}\n", 3, "actions.implied_by.0"),
        ("squads: {}\n", 1, "squads: "),
        ("fields:\n  order_id: [a]\n  order_id: [b]\n", 3, "has the key order_id twice"),
        ("fields:\n  booking_id: [Order-ID]\n", 2, "means order_id already"),
        ("fields:\n  order_id: [a]\n  booking_id: [A]\n", 3, "means order_id already"),
        ("fields:\n  ? [a]\n  : b\n", 2, "no plain word"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_path(tmp_path, text, line, says):
    problem = problem_of(tmp_path, text)
    assert f"line {line})" in problem
    assert says in problem


@pytest.mark.parametrize(
    "text",
    [
        "fields: [",
        "\tfields: {}",
        "- a\n",
        "just words",
        "x: !!python/name:os.system\n",
        "a: &a [*a]\n",
        "d: 2026-02-31\n",
    ],
)
def test_what_is_no_mapping_at_all_is_refused(tmp_path, text):
    problem_of(tmp_path, text)


def test_a_file_that_is_not_there_or_not_utf8_is_named(tmp_path):
    with pytest.raises(SettingError, match=r"absent\.yaml"):
        load_mapping(tmp_path / "absent.yaml")
    path = tmp_path / "mapping.yaml"
    path.write_bytes(b"fields: {order_id: \xff}")
    with pytest.raises(SettingError, match="cannot be read"):
        load_mapping(path)
