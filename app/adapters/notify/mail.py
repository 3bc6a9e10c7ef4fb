"""Handoffs by mail: plain text and HTML in one message, with a calendar invite where there is one."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.core.confirmation import Confirmation
from app.core.handoff_html import as_html
from app.core.handoff_text import as_text, subject_of
from app.core.invite import invite_of
from app.core.routing import Channel
from app.errors import (
    DestinationError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
)
from app.ports.notify import Message

TIMEOUT_SECONDS = 20.0
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """`starttls` None: where the server offers it."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    implicit_tls: bool
    starttls: bool | None

    @classmethod
    def of_url(cls, url: str) -> Self:
        """A password crosses no network in the clear: with one, TLS is a must unless the server is this machine."""
        parts = urlsplit(url)
        host, is_implicit = parts.hostname or "", parts.scheme == "smtps"
        is_must = parts.scheme == "smtp+starttls" or (bool(parts.username) and not _is_this_machine(host))
        return cls(
            host=host,
            port=parts.port or PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=is_implicit,
            starttls=False if is_implicit else (True if is_must else None),
        )


class Mailer:
    """Implements Notifier and CallerMail.

    One connection a message: handoffs are few, and a kept one may be dead under the next.
    """

    def __init__(self, server: MailServer, sender: str) -> None:
        self._server = server
        self._sender = sender

    def check(self, channel: Channel) -> None:
        """The settings are those of all mail, and an address needs none of its own."""

    async def send(self, channel: Channel, message: Message) -> None:
        await self._deliver(self._write(channel.target, message), channel.target)

    async def send_word(self, address: str, confirmation: Confirmation, *, message_id: str, at: datetime) -> None:
        """Plain text alone: what a customer gets needs no more."""
        mail = self._begin(address, confirmation.subject, message_id=message_id, at=at)
        mail.set_content(confirmation.text)
        await self._deliver(mail, address)

    async def _deliver(self, mail: EmailMessage, recipient: str) -> None:
        client = await self._connect()
        try:
            await client.send_message(mail, sender=self._sender, recipients=[recipient])
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _translate(error) from None
        finally:
            await _leave(client)

    async def reach(self, channel: Channel) -> None:  # noqa: ARG002 (one server for all)
        client = await self._connect()
        try:
            await client.noop()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DestinationUnavailableError(f"the mail server does not answer: {type(error).__name__}") from None
        finally:
            await _leave(client)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _connect(self) -> aiosmtplib.SMTP:
        """With the greeting, TLS and login behind it."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=server.starttls,
            timeout=TIMEOUT_SECONDS,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # A wrong password is our fault and will be mended, so it is no reason to lay a handoff aside.
            client.close()
            status = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None
            problem = f"the mail server was not reached: {type(error).__name__}"
            raise DestinationUnavailableError(problem, status_code=status) from None
        return client

    def _begin(self, recipient: str, subject: str, *, message_id: str, at: datetime) -> EmailMessage:
        """The email library encodes what is not ASCII, and refuses a header with a line break in it."""
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["Subject"] = subject
        mail["From"] = self._sender
        mail["To"] = recipient
        mail["Date"] = at.astimezone(UTC)
        mail["Message-ID"] = f"<{message_id}@{self._sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # no answer of a machine on holiday
        return mail

    def _write(self, recipient: str, message: Message) -> EmailMessage:
        handoff = message.handoff
        mail = self._begin(recipient, subject_of(handoff), message_id=message.id, at=message.written_at)
        mail.set_content(as_text(handoff))
        mail.add_alternative(as_html(handoff), subtype="html")
        invite = invite_of(handoff, organizer=self._sender, attendees=[recipient], stamped_at=message.written_at)
        if invite is not None:
            params = {"method": "REQUEST", "charset": "utf-8"}
            mail.add_attachment(invite, maintype="text", subtype="calendar", filename="invite.ics", params=params)
        return mail


def _translate(error: aiosmtplib.SMTPException | OSError) -> DestinationError:
    """The server's own words are left out: they quote addresses."""
    code = _code_of(error)
    if code is None:
        return DestinationUnknownError(f"the mail server gave no whole answer: {type(error).__name__}")
    if 500 <= code < 600:
        return DestinationRefusedError(f"the mail server answered {code}", status_code=code)
    return DestinationUnavailableError(f"the mail server answered {code}", status_code=code)


def _code_of(error: aiosmtplib.SMTPException | OSError) -> int | None:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return error.code
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return max(refused.code for refused in error.recipients)
    return None


async def _leave(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        await client.quit()
    client.close()


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
