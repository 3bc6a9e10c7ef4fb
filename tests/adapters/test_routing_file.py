"""Teams, channels and records of the mapping file: those that ship, and a deployment's laid over them."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest
import yaml

from app.adapters.mapping_file import DEFAULT_MAPPING_FILE, load_routing
from app.adapters.policy_file import load_policy
from app.core.actions import ActionKind
from app.core.routing import Channel, ChannelKind, Hours, teams_of
from app.errors import SettingError

SHIPPED = load_routing()


def write(folder, text):
    path = folder / "mapping.yaml"
    path.write_text(text, "utf-8")
    return path


def channels_for_all(address="team@acme.example") -> str:
    names = [name for name in teams_of(load_policy()) if name != "nobody"]
    return yaml.safe_dump({"teams": {name: {"channels": [{"mail": address}]} for name in names}})


def test_what_ships_says_everything_of_every_kind_and_team_but_where_to_reach_anybody():
    policy = load_policy()
    assert SHIPPED.record_problems(policy) == ()
    assert SHIPPED.channels() == ()
    assert {name for name in teams_of(policy) if name != "nobody"} == {
        problem.split(".")[1] for problem in SHIPPED.channel_problems(policy)
    }


def test_records_of_what_ships_stand_in_the_order_of_the_kinds():
    shipped = yaml.safe_load(DEFAULT_MAPPING_FILE.read_text())
    assert list(shipped["records"]) == [kind.value for kind in ActionKind]


def test_a_deployment_that_only_adds_channels_is_complete(tmp_path):
    routing = load_routing(write(tmp_path, channels_for_all()))
    assert routing.problems(load_policy()) == ()
    assert routing.owner_of("support") == SHIPPED.owner_of("support")
    assert routing.kinds == SHIPPED.kinds


def test_a_deployments_words_are_laid_over_field_by_field(tmp_path):
    routing = load_routing(
        write(
            tmp_path,
            """
teams:
  support:
    owner: Ada
    channels:
      - {mail: Ada@acme.example}
      - {slack: HANDOFF_CHANNEL_SUPPORT}
      - {webhook: HANDOFF_CHANNEL_HOOK, secret: HANDOFF_CHANNEL_HOOK_SECRET}
    hours: {timezone: Europe/Berlin, days: [mon, fri], from: "09:00", to: "17:30"}
    on_call: [{mail: night@acme.example}]
  warehouse: {owner: Wim}
records:
  cancel_order: {record_url: "https://shop.example/orders/{order_id}"}
escalate_after_minutes: 2
confirm_to_callers: true
""",
        )
    )
    support = routing.teams["support"]
    assert (support.name, support.owner) == ("support", "Ada")
    assert support.channels == (
        Channel(ChannelKind.MAIL, "Ada@acme.example"),
        Channel(ChannelKind.SLACK, "HANDOFF_CHANNEL_SUPPORT"),
        Channel(ChannelKind.WEBHOOK, "HANDOFF_CHANNEL_HOOK", "HANDOFF_CHANNEL_HOOK_SECRET"),
    )
    assert support.hours == Hours(ZoneInfo("Europe/Berlin"), frozenset({0, 4}), time(9), time(17, 30))
    assert support.on_call == (Channel(ChannelKind.MAIL, "night@acme.example"),)
    assert routing.owner_of("warehouse") == "Wim"
    cancel, shipped = routing.kinds[ActionKind.CANCEL_ORDER], SHIPPED.kinds[ActionKind.CANCEL_ORDER]
    assert cancel.record_url == "https://shop.example/orders/{order_id}"
    assert cancel.next_step == shipped.next_step
    assert (routing.escalate_after_minutes, SHIPPED.escalate_after_minutes) == (2, 5)
    assert (routing.confirms_to_callers, SHIPPED.confirms_to_callers) == (True, False)


def test_what_the_policy_needs_and_the_mapping_lacks_is_named(tmp_path):
    policy, routing = load_policy(), load_routing(write(tmp_path, channels_for_all()))
    teams = {name: team for name, team in routing.teams.items() if name != "sales"}
    assert replace(routing, teams=teams).problems(policy) == (
        "teams.sales: is missing, but the policy sends handoffs to it",
    )
    ownerless = {**routing.teams, "sales": replace(routing.teams["sales"], owner="")}
    assert replace(routing, teams=ownerless).problems(policy) == ("teams.sales.owner: is missing",)
    kinds = {kind: route for kind, route in routing.kinds.items() if kind is not ActionKind.SEND_ORDER}
    assert [problem.split(":")[0] for problem in replace(routing, kinds=kinds).problems(policy)] == [
        f"records.send_order.{name}" for name in ("destination_object", "status", "next_step", "record_url")
    ]
    known = {kind: entry for kind, entry in policy.kinds.items() if kind is not ActionKind.SEND_ORDER}
    (problem,) = routing.problems(replace(policy, kinds=known))
    assert "kinds.send_order" in problem


def test_a_team_that_the_policy_does_not_name_may_be_half_described(tmp_path):
    routing = load_routing(write(tmp_path, channels_for_all() + "  newcomers: {}\n"))
    assert routing.problems(load_policy()) == ()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("teams:\n  support: {boss: Ada}\n", 2, "teams.support.boss"),
        ("teams:\n  Support: {owner: Ada}\n", 2, "teams.Support"),
        ("teams:\n  support:\n    channels: [{mail: nobody}]\n", 3, "is no mail address"),
        (
            "teams:\n  support:\n    channels:\n      - {slack: 'https://hooks.slack.example/T0'}\n",
            4,
            "HANDOFF_CHANNEL_",
        ),
        ("teams:\n  support:\n    channels: [{slack: HANDOFF_GOODY_API_KEY}]\n", 3, "HANDOFF_CHANNEL_"),
        ("teams:\n  support:\n    channels: [{webhook: HANDOFF_CHANNEL_A}]\n", 3, "it has a secret"),
        ("teams:\n  support:\n    channels: [{mail: a@b.example, secret: HANDOFF_CHANNEL_A}]\n", 3, "has a secret"),
        ("teams:\n  support:\n    channels: [{mail: a@b.example, slack: HANDOFF_CHANNEL_A}]\n", 3, "more than one"),
        ("teams:\n  support:\n    channels: [{}]\n", 3, "none of mail, slack and webhook"),
        (
            "teams:\n  support:\n    hours: {timezone: Mars, days: [mon], from: '09:00', to: '10:00'}\n",
            3,
            "is no timezone",
        ),
        (
            "teams:\n  support:\n    hours: {timezone: UTC, days: [mon], from: 10:30, to: '12:00'}\n",
            3,
            "in quotation marks",
        ),
        ("teams:\n  support:\n    hours: {timezone: UTC, days: [mon], from: '9', to: '9'}\n", 3, "is no time of day"),
        (
            "teams:\n  support:\n    hours: {timezone: UTC, days: [mon], from: '09:00', to: '09:00'}\n",
            3,
            "when it ends",
        ),
        ("teams:\n  support:\n    hours: {timezone: UTC, days: [], from: '09:00', to: '10:00'}\n", 3, "days"),
        ("records:\n  cancel: {status: open}\n", 2, "records.cancel"),
        ("records:\n  cancel_order: {record_url: 'javascript:alert(1)'}\n", 2, "neither an http(s) address"),
        ("records:\n  cancel_order: {record_url: 'https://x.example/{order}'}\n", 2, "in braces"),
        ("records:\n  cancel_order:\n    next_step: ''\n", 3, "next_step"),
        ("escalate_after_minutes: 0\n", 1, "escalate_after_minutes"),
        ("confirm_to_callers: maybe\n", 1, "confirm_to_callers"),
    ],
)
def test_a_mistake_of_routing_is_named_with_its_line_and_path(tmp_path, text, line, says):
    path = write(tmp_path, text)
    with pytest.raises(SettingError) as raised:
        load_routing(path)
    assert raised.value.name == "HANDOFF_MAPPING_FILE"
    assert f"{path}, line {line})" in str(raised.value)
    assert says in str(raised.value)
