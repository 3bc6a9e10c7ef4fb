"""Channels to teams, against real servers: what arrives, and what each answer means."""

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
from handed_over import WRITTEN_AT, handoff
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from sinks import hook_sink, mail_sink
from svix.webhooks import Webhook, WebhookVerificationError

from app.adapters.notify.mail import Mailer, MailServer
from app.adapters.notify.slack import SlackHooks
from app.adapters.notify.webhook import SignedWebhooks
from app.core.routing import Channel, ChannelKind
from app.errors import (
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
)
from app.ports.clock import SystemClock
from app.ports.notify import Message

MAIL = Channel(ChannelKind.MAIL, "support@acme.example")
SLACK = Channel(ChannelKind.SLACK, "HANDOFF_CHANNEL_SALES")
HOOK = Channel(ChannelKind.WEBHOOK, "HANDOFF_CHANNEL_OPS", "HANDOFF_CHANNEL_OPS_SECRET")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = Message("5a9d9d1c-2f3a-4a5f-9df4-6f3f6f7f8f90", WRITTEN_AT, handoff())


def mailer(url: str) -> Mailer:
    return Mailer(MailServer.of_url(url), "handoff@acme.example")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# --- mail


async def test_a_mail_carries_text_html_and_an_invite_that_a_calendar_reads():
    with mail_sink() as sink:
        await mailer(sink.url).send(MAIL, MESSAGE)
    (mail,) = sink.mails
    assert (mail["From"], mail["To"]) == ("handoff@acme.example", "support@acme.example")
    assert mail["Message-ID"] == f"<{MESSAGE.id}@acme.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Follow up" in mail["Subject"]
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Alena Kenter" in text.get_content()
    assert "Alena Kenter" in html.get_content()
    (invite,) = mail.iter_attachments()
    assert (invite.get_content_type(), invite.get_param("method"), invite.get_filename()) == (
        "text/calendar", "REQUEST", "invite.ics",
    )  # fmt: skip
    (event,) = Calendar.from_ical(invite.get_payload(decode=True)).walk("VEVENT")
    assert event.decoded("dtstart") == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert "support@acme.example" in str(event["attendee"])


async def test_a_handoff_without_a_time_has_no_invite():
    with mail_sink() as sink:
        await mailer(sink.url).send(MAIL, Message(MESSAGE.id, WRITTEN_AT, handoff(starts_at=None)))
    assert list(sink.mails[0].iter_attachments()) == []


async def test_words_of_a_caller_open_no_header_and_no_second_mail():
    hostile = "x\r\nBcc: everybody@evil.example\r\n\r\n.\r\nMAIL FROM:<a@evil.example>"
    told = handoff(matched_caller=hostile, reason=hostile, team=hostile, contact_channel=hostile, promise_made=hostile)
    with mail_sink() as sink:
        await mailer(sink.url).send(MAIL, Message(MESSAGE.id, WRITTEN_AT, told))
    (mail,) = sink.mails
    assert mail["Bcc"] is None
    assert mail["To"] == "support@acme.example"
    assert mail.get_all("From") == ["handoff@acme.example"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("451 later", DestinationUnavailableError),
        ("550 no such mailbox support@acme.example", DestinationRefusedError),
    ],
)
async def test_what_a_mail_server_answers_decides_whether_to_try_again(answer, error):
    with mail_sink(answer) as sink, pytest.raises(error) as raised:
        await mailer(sink.url).send(MAIL, MESSAGE)
    assert raised.value.status_code == int(answer[:3])
    assert "support@acme.example" not in str(raised.value)
    assert sink.mails == []


async def test_a_mail_server_that_is_away_may_be_tried_again():
    with pytest.raises(DestinationUnavailableError):
        await mailer(f"smtp://127.0.0.1:{closed_port()}").send(MAIL, MESSAGE)


async def test_reaching_a_mail_server_sends_nothing():
    with mail_sink() as sink:
        await mailer(sink.url).reach(MAIL)
    assert sink.tries == []


async def test_a_password_crosses_no_network_in_the_clear():
    assert MailServer.of_url("smtp://user:word@mail.acme.example").starttls is True
    assert MailServer.of_url("smtp+starttls://mail.acme.example").starttls is True
    assert MailServer.of_url("smtp://user:word@127.0.0.1:2525").starttls is None
    assert MailServer.of_url("smtp://relay").starttls is None
    with_tls = MailServer.of_url("smtps://us%40er:p%3Aw@mail.acme.example")
    assert (with_tls.implicit_tls, with_tls.port, with_tls.username, with_tls.password) == (True, 465, "us@er", "p:w")
    assert "p:w" not in repr(with_tls)


async def test_a_server_without_tls_gets_no_mail_where_tls_is_a_must():
    with mail_sink() as sink, pytest.raises(DestinationUnavailableError):
        await mailer(sink.url.replace("smtp:", "smtp+starttls:")).send(MAIL, MESSAGE)
    assert sink.tries == []


# --- webhooks


async def test_slack_gets_its_json_and_the_message_id():
    with hook_sink() as sink:
        slack = SlackHooks({"HANDOFF_CHANNEL_SALES": sink.url})
        await slack.send(SLACK, MESSAGE)
        await slack.close()
    (post,) = sink.taken
    body = json.loads(post.body)
    assert body["blocks"]
    assert "Follow up" in body["text"]
    assert post.headers["webhook-id"] == MESSAGE.id


async def test_a_signed_webhook_is_verified_by_the_svix_library_and_by_no_other_secret():
    with hook_sink() as sink:
        hooks = SignedWebhooks({"HANDOFF_CHANNEL_OPS": sink.url, "HANDOFF_CHANNEL_OPS_SECRET": SECRET}, SystemClock())
        await hooks.send(HOOK, MESSAGE)
        await hooks.close()
    (post,) = sink.taken
    Webhook(SECRET).verify(post.body, post.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").verify(post.body, post.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(post.body.replace(b"Alena", b"Morga"), post.headers)
    envelope = json.loads(post.body)
    assert envelope["type"] == "handoff.written"
    assert datetime.fromisoformat(envelope["timestamp"]) == WRITTEN_AT
    assert envelope["data"]["team"] == "support"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, DestinationUnavailableError), (503, DestinationUnavailableError), (429, DestinationUnavailableError),
        (408, DestinationUnavailableError), (400, DestinationRefusedError), (404, DestinationRefusedError),
        (410, DestinationRefusedError), (302, DestinationRefusedError),
    ],
)  # fmt: skip
async def test_what_a_hook_answers_decides_whether_to_try_again(status, error):
    with hook_sink() as sink:
        sink.script.append((status, {"Retry-After": "17"}))
        slack = SlackHooks({"HANDOFF_CHANNEL_SALES": sink.url})
        with pytest.raises(error) as raised:
            await slack.send(SLACK, MESSAGE)
        await slack.close()
    assert raised.value.status_code == status
    assert "secret-part" not in str(raised.value)
    if error is DestinationUnavailableError:
        assert raised.value.retry_after_seconds == 17


async def test_a_hook_that_is_away_or_hangs_up_may_be_tried_again():
    slack = SlackHooks({"HANDOFF_CHANNEL_SALES": f"http://127.0.0.1:{closed_port()}/secret-part"})
    for ask in (slack.send(SLACK, MESSAGE), slack.reach(SLACK)):
        with pytest.raises(DestinationUnavailableError) as raised:
            await ask
        assert "secret-part" not in str(raised.value)
    await slack.close()
    with hook_sink() as sink:
        sink.before_answer = lambda: (_ for _ in ()).throw(ConnectionAbortedError)
        slack = SlackHooks({"HANDOFF_CHANNEL_SALES": sink.url})
        with pytest.raises(DestinationUnknownError):
            await slack.send(SLACK, MESSAGE)
        await slack.close()


async def test_reaching_a_hook_posts_nothing():
    with hook_sink() as sink:
        slack = SlackHooks({"HANDOFF_CHANNEL_SALES": sink.url})
        await slack.reach(SLACK)
        await slack.close()
    assert sink.posts == []


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "HANDOFF_CHANNEL_OPS is not set"),
        ({"HANDOFF_CHANNEL_OPS": "ftp://x"}, "HANDOFF_CHANNEL_OPS holds no http"),
        ({"HANDOFF_CHANNEL_OPS": "https://ops.example"}, "HANDOFF_CHANNEL_OPS_SECRET is not set"),
        (
            {"HANDOFF_CHANNEL_OPS": "https://ops.example", "HANDOFF_CHANNEL_OPS_SECRET": "whsec_short!"},
            "HANDOFF_CHANNEL_OPS_SECRET holds no signing secret",
        ),
    ],
)
async def test_what_a_channel_lacks_is_named_without_its_value(variables, named):
    hooks = SignedWebhooks(variables, SystemClock())
    with pytest.raises(DestinationMissingError, match=named) as raised:
        hooks.check(HOOK)
    assert all(value not in str(raised.value) for value in variables.values())
    await hooks.close()


@given(st.text(), st.text())
def test_no_text_makes_a_subject_that_a_mail_cannot_carry(reason, reference):
    record = handoff().affected_record
    told = handoff(reason=reason, matched_caller=reference, team=reason, affected_record=record)
    written = Mailer(MailServer.of_url("smtp://relay"), "handoff@acme.example")._write(
        "support@acme.example", Message("id", WRITTEN_AT + timedelta(days=1), told)
    )
    assert b"\nBcc" not in written.as_bytes()
