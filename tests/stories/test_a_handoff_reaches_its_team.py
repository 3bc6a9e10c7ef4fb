"""A call becomes a message to a team: by mail, by Slack's webhook and by a signed one, whatever fails on the way."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from foreign_client import VoiceAgents, somebody
from icalendar import Calendar
from running_service import DIALNEXA_SECRETS, RunningService, run_command, wait_for
from sinks import HookSink, MailSink, hook_sink, mail_sink
from svix.webhooks import Webhook
from twin_server import Twin

SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Teams:
    """A deployment whose teams listen on real channels."""

    service: RunningService
    agents: VoiceAgents
    mail: MailSink
    slack: HookSink
    hook: HookSink
    first: HookSink

    def hears(self, call_id: str, status: str = "delivered", number: int = 1) -> list[dict[str, Any]]:
        """The notifications of the call, once so many have this status."""

        def look() -> list[dict[str, Any]]:
            found = self.service.get("/v1/notifications", call_id=call_id)["data"]
            return found if len([row for row in found if row["status"] == status]) >= number else []

        return wait_for(look, f"{number} {status} of {call_id}")

    def events(self, call_id: str) -> list[str]:
        entries = self.service.get("/v1/audit", call_id=call_id, limit=200)["data"]
        return [entry["event"] for entry in entries if entry["event"].startswith("handoff.")]


@pytest.fixture(scope="module")
def teams(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teams]:
    with ExitStack() as stack:
        mail = stack.enter_context(mail_sink())
        slack, hook, first = (stack.enter_context(hook_sink()) for _ in range(3))
        channels = {
            "support": [{"mail": "support@acme.example"}],
            "sales": [{"slack": "HANDOFF_CHANNEL_SALES"}],
            "escalations": [{"webhook": "HANDOFF_CHANNEL_DESK", "secret": "HANDOFF_CHANNEL_DESK_SECRET"}],
            "bookings": [{"slack": "HANDOFF_CHANNEL_FIRST"}, {"mail": "bookings@acme.example"}],
        }
        mapping = mapping_in(tmp_path_factory.mktemp("mapping"), channels)
        service = stack.enter_context(
            RunningService(
                HANDOFF_GOODY_BASE_URL=twin.url,
                HANDOFF_MAPPING_FILE=str(mapping),
                HANDOFF_SMTP_URL=mail.url,
                HANDOFF_MAIL_FROM="handoff@acme.example",
                HANDOFF_PUBLIC_URL="https://handoff.acme.example",
                HANDOFF_CHANNEL_SALES=slack.url,
                HANDOFF_CHANNEL_DESK=hook.url,
                HANDOFF_CHANNEL_DESK_SECRET=SIGNING_SECRET,
                HANDOFF_CHANNEL_FIRST=first.url,
            )
        )
        agents = VoiceAgents(service.client(), DIALNEXA_SECRETS[0])
        yield Teams(service, agents, mail, slack, hook, first)
        assert "secret-part" not in service.log()
        assert "Traceback" not in service.log()


def mapping_in(folder: Path, channels: dict[str, list[dict[str, str]]]) -> Path:
    names = ("support", "fulfillment", "operations", "sales", "bookings", "escalations", "marketing")
    default = [{"mail": "everybody@acme.example"}]
    path = folder / "mapping.yaml"
    path.write_text(json.dumps({"teams": {name: {"channels": channels.get(name, default)} for name in names}}))
    return path


def asking(wish: str, **more: str) -> dict[str, str]:
    person = somebody()
    return {"Customer Name": person.name, "Customer Email": person.email, "Requested Action": wish, **more}


def test_a_mail_arrives_once_though_the_server_was_busy_twice(teams):
    teams.mail.script += ["451 busy", "451 still busy"]
    when = {"Preferred Time": "2026-12-01 10:00", "Time Zone": "Europe/Berlin"}
    call_id = teams.agents.call(asking("call me back", **when))
    (row,) = teams.hears(call_id)
    assert (row["channel"], row["tries"], row["last_error"]) == ("mail:support@acme.example", 3, "unavailable 451")
    mails = [mail for mail in teams.mail.mails if row["id"] in mail["Message-ID"]]
    assert len(mails) == 1
    assert [message_id for message_id in teams.mail.tries if row["id"] in message_id] == [mails[0]["Message-ID"]] * 3
    text = mails[0].get_body(("plain",)).get_content()
    assert f"https://handoff.acme.example/v1/calls/{call_id}" in text.replace("=\n", "")
    (invite,) = mails[0].iter_attachments()
    (event,) = Calendar.from_ical(invite.get_payload(decode=True)).walk("VEVENT")
    assert event.decoded("dtstart").isoformat() == "2026-12-01T09:00:00+00:00"
    assert teams.events(call_id) == ["handoff.written", "handoff.delivered"]


def test_slack_hears_of_buying_intent_once_though_it_failed_twice(teams):
    teams.slack.answers(500, 500)
    call_id = teams.agents.call(asking("price", **{"Buying Signal": "wants 200 boxes before Christmas"}))
    (row,) = teams.hears(call_id)
    assert row["tries"] == 3
    posts = [post for post in teams.slack.posts if post.headers["webhook-id"] == row["id"]]
    assert len(posts) == 3
    assert len([post for post in teams.slack.taken if post.headers["webhook-id"] == row["id"]]) == 1
    assert json.loads(posts[-1].body)["blocks"]


def test_a_signed_webhook_is_verified_by_its_receiver(teams):
    call_id = teams.agents.call(asking("speak to a manager"))
    (row,) = teams.hears(call_id)
    (post,) = [post for post in teams.hook.taken if post.headers["webhook-id"] == row["id"]]
    Webhook(SIGNING_SECRET).verify(post.body, post.headers)
    told = json.loads(post.body)
    assert told["type"] == "handoff.written"
    assert told["data"]["kind"] == "escalate"
    assert call_id in json.dumps(told["data"]["links"])


def test_a_dead_first_channel_hands_what_is_urgent_to_the_next(teams):
    teams.first.answers(410)
    wish = {"Booking ID": "B-77", "Risk Flags": "urgent travel", "Preferred Time": "2026-12-01 18:00"}
    call_id = teams.agents.call(asking("reschedule my booking", **wish))
    # Operations hear of it as well, since it touches their plan.
    rows = {row["channel"]: row for row in teams.hears(call_id, number=2)}
    assert rows["mail:everybody@acme.example"]["team"] == "operations"
    first, second = rows["slack:HANDOFF_CHANNEL_FIRST"], rows["mail:bookings@acme.example"]
    assert (first["urgency"], first["status"], first["last_error"]) == ("urgent", "dead", "refused 410")
    assert first["escalated_at"] is not None
    assert second["status"] == "delivered"
    assert "handoff.escalated" in teams.events(call_id)
    assert teams.service.figures()['handoff_notifications{status="dead"}'] >= 1
    dead = teams.service.get("/v1/notifications", status="dead")["data"]
    assert first["id"] in [row["id"] for row in dead]

    # Somebody mends the channel, and what died is tried again.
    answer = teams.service.admin.post(f"/v1/notifications/{first['id']}/retry")
    assert answer.status_code == 202
    teams.hears(call_id, number=3)
    assert teams.service.admin.post(f"/v1/notifications/{first['id']}/retry").status_code == 409
    reader = teams.service.bearer("reviewer", "rita")
    assert reader.post(f"/v1/notifications/{first['id']}/retry").status_code == 403


def test_who_asked_for_nothing_is_told_to_nobody(teams):
    call_id = teams.agents.call(asking("nothing"))
    teams.service.settled(call_id)
    assert "handoff.delivered" not in teams.events(call_id)
    assert teams.service.get("/v1/notifications", call_id=call_id)["data"] == []


def test_what_was_on_its_way_when_everything_was_killed_arrives_all_the_same(teams):
    """Killed after the channel got it, before it could answer: it comes again under the same id, and is counted once."""
    arrived, is_killed = Event(), Event()

    def hold() -> None:
        teams.hook.before_answer = lambda: None
        arrived.set()
        is_killed.wait(60)

    teams.hook.before_answer = hold
    call_id = teams.agents.call(asking("file a complaint"))
    assert arrived.wait(60)
    teams.service.kill_everything()
    is_killed.set()
    teams.service.start()
    (row,) = teams.hears(call_id)
    posts = [post for post in teams.hook.posts if post.headers["webhook-id"] == row["id"]]
    assert len(posts) == 2
    assert posts[0].body == posts[1].body
    for post in posts:
        Webhook(SIGNING_SECRET).verify(post.body, post.headers)
    assert teams.events(call_id) == ["handoff.written", "handoff.delivered"]


def test_the_deployment_is_checked_beside_its_running_service(teams):
    checked = teams.service.run("check", "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    report = json.loads(checked.stdout)
    assert report["ok"] is True
    wrong = teams.service.run("check", HANDOFF_GOODY_API_KEY="hush-4e7d")
    assert wrong.returncode == 1
    assert "hush-4e7d" not in wrong.stdout + wrong.stderr
    assert "goody's API" in wrong.stdout


def test_serve_refuses_a_mapping_with_gaps_unless_told_otherwise(teams, tmp_path):
    """It names the gaps and what to do; nothing else of the deployment is touched."""
    path = mapping_in(tmp_path, {"sales": [{"slack": "HANDOFF_CHANNEL_NOT_SET"}], "bookings": []})
    settings = teams.service.settings | {"HANDOFF_MAPPING_FILE": str(path), "HANDOFF_PORT": "1"}
    refused = run_command("serve", folder=tmp_path, settings=settings)
    assert refused.returncode == 1
    for words in ("HANDOFF_MAPPING_FILE", "teams.bookings.channels", "HANDOFF_CHANNEL_NOT_SET is", "handoff check"):
        assert words in refused.stderr
    taken = settings | {"HANDOFF_PORT": str(teams.service.port)}
    goes_on = run_command("serve", "--allow-incomplete", folder=tmp_path, settings=taken)
    assert "the mapping is incomplete, as --allow-incomplete allows" in goes_on.stderr
    assert "teams.bookings.channels" in goes_on.stderr
    assert "cannot be used" in goes_on.stderr, "it got as far as its port, which is taken"


def test_without_a_mapping_serve_starts_and_says_loudly_that_nobody_is_told(service):
    assert "NO TEAM HAS A CHANNEL" in service.log()
