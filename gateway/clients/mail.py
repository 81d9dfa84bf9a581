"""Mails out: by SMTP, or printed and kept where there is no mail server (the demo)."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from gateway.models.mail import Mail

DEADLINE_SECONDS: Final = 20.0
KEPT_MAILS: Final = 200


class MailNotSent(Exception):
    """A mail was not taken. The text holds no address; `about_recipient`: another mail may well be taken."""

    def __init__(self, reason: str, *, about_recipient: bool = False) -> None:
        super().__init__(reason)
        self.about_recipient = about_recipient


class SmtpServer:
    """A mail server by its address: smtp:// (TLS where offered), smtp+starttls:// and smtps:// (TLS or nothing)."""

    def __init__(self, url: str, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if parts.scheme == "smtps" else 587 if parts.username else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._deadline_seconds = deadline_seconds

    async def send(self, mail: Mail) -> None:
        """Hands a mail over. Raises MailNotSent."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                await aiosmtplib.send(
                    write_message(mail),
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._scheme == "smtps",
                    start_tls=True if self._scheme == "smtp+starttls" else None if self._scheme == "smtp" else False,
                    # Where TLS is merely offered, an unknown certificate is better than none; not with a password.
                    validate_certs=self._scheme != "smtp" or self._user is not None,
                    timeout=self._deadline_seconds,
                )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPRecipientRefused):
            raise MailNotSent("the server refuses the recipient", about_recipient=True) from None
        except aiosmtplib.SMTPResponseException as error:
            raise MailNotSent(f"the server answers {error.code}") from None
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, TimeoutError) as error:
            raise MailNotSent(type(error).__name__) from None


class PrintedMails:
    """Prints mails and keeps the last ones readable, for the demo and for development."""

    def __init__(self, write: Callable[[str], None] = print) -> None:
        self._write = write
        self._kept: deque[Mail] = deque(maxlen=KEPT_MAILS)

    async def send(self, mail: Mail) -> None:
        """Keeps and prints a mail."""
        self._kept.appendleft(mail)
        self._write(f"\n--- mail to {mail.recipient}: {mail.subject}\n{mail.text.rstrip()}\n---\n")

    @property
    def mails(self) -> tuple[Mail, ...]:
        """The mails kept, newest first."""
        return tuple(self._kept)


def write_message(mail: Mail) -> EmailMessage:
    """A mail as text and HTML, both in UTF-8."""
    message = EmailMessage()
    message["From"] = mail.sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@{parseaddr(mail.sender)[1].rpartition('@')[2]}>"
    message["Content-Language"] = mail.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
