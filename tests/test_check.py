"""What `handoff check` finds, against real stand-ins of the vendors and real listeners behind the channels."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sinks import HookSink, MailSink, hook_sink, mail_sink
from sqlalchemy import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.adapters.policy_file import DEFAULT_POLICY_FILE, load_policy
from app.check import Check, State, check_deployment
from app.core.actions import ActionKind
from app.core.routing import teams_of
from app.sandbox.dialnexa import create_dialnexa_twin
from app.sandbox.goody import create_goody_twin
from app.settings import Settings
from tests.serving import serving

GOODY_KEY, DIALNEXA_KEY = "goody-key-4d1f0c", "key_1:secret-of-the-key"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = (GOODY_KEY, DIALNEXA_KEY, WEBHOOK_SECRET, "hush-dialnexa-secret", "secret-part")


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, str]]:
    with (
        serving(create_goody_twin(api_key=GOODY_KEY, webhook_secret=WEBHOOK_SECRET)) as goody,
        serving(create_dialnexa_twin(api_key=DIALNEXA_KEY, secret="hush-dialnexa-secret")) as dialnexa,
    ):
        yield {"goody_base_url": goody, "dialnexa_base_url": dialnexa}


@dataclass
class Site:
    """A deployment in which everything is right; a test makes something of it wrong."""

    values: dict[str, Any]
    mapping: dict[str, Any]
    mapping_file: Path
    mail: MailSink
    hook: HookSink

    def check(self, **changed: Any) -> dict[str, Check]:
        self.mapping_file.write_text(yaml.safe_dump(self.mapping))
        found = check_deployment(Settings(_env_file=None, **{**self.values, **changed}))
        shown = "\n".join(f"{each.subject} {each.says} {each.remedy}" for each in found)
        assert [secret for secret in SECRETS if secret in shown] == []
        return {each.subject: each for each in found}


@pytest.fixture
def site(vendors: dict[str, str], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with ExitStack() as stack:
        mail, hook = stack.enter_context(mail_sink()), stack.enter_context(hook_sink())
        monkeypatch.setenv("HANDOFF_CHANNEL_SALES", hook.url)
        monkeypatch.setenv("HANDOFF_CHANNEL_OPS", hook.url)
        monkeypatch.setenv("HANDOFF_CHANNEL_OPS_SECRET", WEBHOOK_SECRET)
        channels = {
            "sales": {"slack": "HANDOFF_CHANNEL_SALES"},
            "operations": {"webhook": "HANDOFF_CHANNEL_OPS", "secret": "HANDOFF_CHANNEL_OPS_SECRET"},
        }
        names = [name for name in teams_of(load_policy()) if name != "nobody"]
        teams = {name: {"channels": [channels.get(name, {"mail": f"{name}@acme.example"})]} for name in names}
        values = {
            **vendors,
            "database_url": make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False),
            "data_dir": tmp_path / "data",
            "goody_api_key": GOODY_KEY,
            "dialnexa_api_key": DIALNEXA_KEY,
            "dialnexa_webhook_secrets": "hush-dialnexa-secret",
            "goody_webhook_secrets": WEBHOOK_SECRET,
            "mapping_file": tmp_path / "mapping.yaml",
            "smtp_url": mail.url,
            "mail_from": "handoff@acme.example",
            "public_url": "https://handoff.acme.example",
        }
        yield Site(values, {"teams": teams}, tmp_path / "mapping.yaml", mail, hook)


def test_where_everything_is_right_all_of_it_is_shown_and_nothing_is_sent(site):
    found = site.check()
    assert {subject: each.says for subject, each in found.items() if each.state is not State.OK} == {}
    assert {f"kind {kind}" for kind in ActionKind} <= set(found)
    cancel = found["kind cancel_order"].says
    for part in ("order", "support, Support lead", "normal", "cancellation asked for", "/v1/orders?reference="):
        assert part in cancel
    for subject in (
        "goody's API", "dialnexa's API", "clock, by goody's", "database", "policy", "weights",
        "channel slack:HANDOFF_CHANNEL_SALES", "channel mail:support@acme.example",
    ):  # fmt: skip
        assert subject in found
    assert site.hook.posts == []
    assert site.mail.tries == []


@pytest.mark.parametrize(
    ("changed", "subject", "state", "stops"),
    [
        ({"dialnexa_webhook_secrets": ""}, "HANDOFF_DIALNEXA_WEBHOOK_SECRETS", State.MISSING, True),
        ({"dialnexa_webhook_secrets": "short"}, "DialNexa's webhook secrets", State.WRONG, True),
        ({"goody_webhook_secrets": "whsec_???"}, "Goody's webhook secrets", State.WRONG, True),
        ({"goody_webhook_secrets": ""}, "HANDOFF_GOODY_WEBHOOK_SECRETS", State.MISSING, False),
        ({"goody_api_key": ""}, "HANDOFF_GOODY_API_KEY", State.MISSING, True),
        ({"goody_api_key": "another"}, "goody's API", State.WRONG, True),
        ({"dialnexa_api_key": "another:key"}, "dialnexa's API", State.WRONG, True),
        ({"dialnexa_api_key": ""}, "HANDOFF_DIALNEXA_API_KEY", State.MISSING, False),
        ({"goody_base_url": "http://127.0.0.1:9"}, "goody's API", State.WRONG, True),
        ({"public_url": ""}, "HANDOFF_PUBLIC_URL", State.MISSING, False),
        ({"smtp_url": ""}, "channel mail:support@acme.example", State.MISSING, True),
        ({"smtp_url": "smtp://127.0.0.1:9"}, "channel mail:support@acme.example", State.WRONG, True),
        ({"database_url": "postgresql://nobody@127.0.0.1:9/none"}, "database", State.WRONG, True),
        ({"policy_file": Path("/nowhere/policy.yaml")}, "policy", State.WRONG, True),
        ({"weights_file": Path("/nowhere/weights.json")}, "weights", State.WRONG, True),
        ({"mapping_file": Path("/nowhere/mapping.yaml")}, "mapping", State.WRONG, True),
    ],
)
def test_what_is_not_right_is_named_with_a_remedy_and_hides_nothing_else(site, changed, subject, state, stops):
    found = site.check(**changed)
    each = found[subject]
    assert (each.state, each.stops_us) == (state, stops)
    assert each.remedy
    assert "database" in found
    assert (
        any(subject.startswith("kind ") for subject in found) or "policy_file" in changed or "mapping_file" in changed
    )


def test_a_channel_whose_variable_is_not_set_or_wrong_is_named(site, monkeypatch):
    monkeypatch.delenv("HANDOFF_CHANNEL_SALES")
    monkeypatch.setenv("HANDOFF_CHANNEL_OPS_SECRET", "too-short")
    monkeypatch.setenv("HANDOFF_CHANNEL_SALSE", "https://hooks.acme.example/secret-part")
    found = site.check()
    assert found["channel slack:HANDOFF_CHANNEL_SALES"].says == "HANDOFF_CHANNEL_SALES is not set"
    assert "HANDOFF_CHANNEL_OPS_SECRET" in found["channel webhook:HANDOFF_CHANNEL_OPS"].says
    assert found["channel webhook:HANDOFF_CHANNEL_OPS"].stops_us
    assert (found["HANDOFF_CHANNEL_SALSE"].state, found["HANDOFF_CHANNEL_SALSE"].stops_us) == (State.WRONG, False)


def test_a_channel_nobody_answers_at_is_wrong(site, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HANDOFF_CHANNEL_SALES", f"http://127.0.0.1:{port}/secret-part")
    assert site.check()["channel slack:HANDOFF_CHANNEL_SALES"].state is State.WRONG


def test_a_team_without_a_channel_stops_a_deployment_that_gave_a_mapping(site):
    site.mapping["teams"]["bookings"] = {"owner": "Bo"}
    channels = site.check()["channels"]
    assert channels.stops_us
    assert "teams.bookings.channels" in channels.says


def test_without_a_mapping_of_its_own_a_deployment_is_told_and_may_start(site):
    found = site.check(mapping_file=None)
    assert (found["channels"].state, found["channels"].stops_us) == (State.MISSING, False)
    assert not any(each.stops_us for each in found.values())


def test_a_kind_that_the_policy_leaves_out_is_missing(site, tmp_path):
    lines = DEFAULT_POLICY_FILE.read_text().splitlines()
    lines.remove(next(line for line in lines if line.startswith("  send_order: {verdict: ")))
    path = tmp_path / "policy.yaml"
    path.write_text("\n".join(lines))
    found = site.check(policy_file=path)
    assert found["policy"].state is State.OK, found["policy"].says
    assert found["kind send_order"].stops_us


@pytest.mark.parametrize(("off", "state"), [(timedelta(seconds=5), State.OK), (timedelta(minutes=4), State.WRONG)])
def test_a_clock_that_is_off_is_told_and_stops_nobody(site, off, state):
    async def answer(_: Request) -> JSONResponse:
        date = format_datetime(datetime.now(UTC) - off, usegmt=True)
        return JSONResponse({"email": "a@acme.example"}, headers={"Date": date})

    with serving(Starlette(routes=[Route("/v1/me", answer)]), date_header=False) as url:
        each = site.check(goody_base_url=url)["clock, by goody's"]
    assert (each.state, each.stops_us) == (state, False)


def test_the_policy_that_was_published_counts_and_not_the_one_of_the_file(site):
    lines = [
        line for line in DEFAULT_POLICY_FILE.read_text().splitlines() if not line.startswith("  send_order: {verdict: ")
    ]
    with psycopg.connect(site.values["database_url"], autocommit=True) as conn:
        conn.execute(
            "INSERT INTO policy_versions (version, document, status, drafted_by, drafted_at, published_by, published_at)"
            " VALUES (%s, %s, 'live', 'ada', now(), 'ada', now())",
            (load_policy().version, "\n".join(lines)),
        )
    found = site.check()
    assert found["published policy"].state is State.OK
    assert found["kind send_order"].stops_us
