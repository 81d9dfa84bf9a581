"""Every mail goes out, whatever the mail server or the sender goes through, and at most one of them twice."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from email import message_from_string, policy

import pytest

from gateway.accounts.mails import Notice, write_mail
from gateway.accounts.sender import send_once
from gateway.clients.mail import MailNotSent, SmtpServer, write_message
from gateway.models.mail import Mail
from gateway.models.money import Locale
from gateway.store import queues

from .conftest import Gateway
from .smtp import SmtpBox, running_box

Opener = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def box() -> AsyncIterator[SmtpBox]:
    async with running_box() as running:
        yield running


async def write(gateway: Gateway, mails: int) -> None:
    tools = gateway.accounts.tools
    async with tools.store.write() as tx:
        for number in range(mails):
            await write_mail(tx, tools, Notice.PASSWORD_CHANGED, f"tenant{number}@example.org", Locale.FR)


async def waiting(gateway: Gateway) -> int:
    async with gateway.accounts.tools.store.read() as tx:
        return await queues.count_waiting_mails(tx)


async def send(gateway: Gateway, box: SmtpBox, *, deadline_seconds: float = 5) -> int:
    tools = gateway.accounts.tools
    server = SmtpServer(f"smtp://127.0.0.1:{box.port}", deadline_seconds=deadline_seconds)
    return await send_once(tools, server, tools.duty("sender"))


async def test_a_mail_is_text_and_html_in_its_readers_language(gateway: Gateway, box: SmtpBox) -> None:
    await write(gateway, 1)
    assert await send(gateway, box) == 1
    message = message_from_string(box.bodies[0], policy=policy.default)
    assert message["To"] == "tenant0@example.org"
    assert message["From"] == "Le bailleur <ne-pas-repondre@tenants.example>"
    assert message["Subject"] == "Votre mot de passe a été modifié"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.iter_parts()
    assert "3 novembre 2026" in plain.get_content()
    assert '<html lang="fr">' in html.get_content()
    assert await waiting(gateway) == 0


@pytest.mark.parametrize("mood", ["refusing", "slow", "dead"])
async def test_mails_wait_for_a_server_that_is_unwell(gateway: Gateway, box: SmtpBox, mood: str) -> None:
    await write(gateway, 3)
    box.mood = mood
    for _ in range(3):
        assert await send(gateway, box, deadline_seconds=0.2) == 0
        gateway.clock.forward(minutes=2)
    assert await waiting(gateway) == 3
    box.mood = "well"
    gateway.clock.forward(minutes=15)
    assert await send(gateway, box) == 3
    assert len(set(box.ids)) == len(box.ids) == 3


async def test_a_server_that_is_not_there(gateway: Gateway, box: SmtpBox) -> None:
    await write(gateway, 1)
    tools = gateway.accounts.tools
    assert await send_once(tools, SmtpServer("smtp://127.0.0.1:1"), tools.duty("sender")) == 0
    gateway.clock.forward(minutes=2)
    assert await send(gateway, box) == 1


async def test_a_refused_recipient_holds_nobody_up_and_is_given_up_in_the_end(
    gateway: Gateway, box: SmtpBox, caplog: pytest.LogCaptureFixture
) -> None:
    await write(gateway, 3)
    box.refused_recipient = "tenant1@"
    assert await send(gateway, box) == 2
    gateway.clock.forward(days=3)
    assert await send(gateway, box) == 0
    assert await waiting(gateway) == 0
    assert "is given up: the server refuses the recipient" in caplog.text
    assert "tenant1" not in caplog.text


@pytest.mark.parametrize("kill_at", [1, 2])
async def test_a_killed_sender_makes_one_double_at_most(
    gateway: Gateway, box: SmtpBox, database_url: str, kill_at: int
) -> None:
    await write(gateway, 4)
    command = [sys.executable, "-m", "tests.accounts.killed_sender", database_url, str(box.port), "0", str(kill_at)]
    killed = await asyncio.create_subprocess_exec(*command)
    assert await killed.wait() == -signal.SIGKILL
    assert await send(gateway, box) == 0  # the dead node still has the duty …
    gateway.clock.forward(minutes=1)
    assert await send(gateway, box) == 4 - kill_at + 1  # … for a minute
    assert len(set(box.ids)) == 4
    assert len(box.ids) == 5


async def test_one_node_sends_at_a_time(open_gateway: Opener, box: SmtpBox) -> None:
    nodes = [await open_gateway() for _ in range(3)]
    await write(nodes[0], 10)
    sent = await asyncio.gather(*(send(node, box) for node in nodes))
    assert sorted(sent) == [0, 0, 10]
    assert len(box.ids) == 10


async def test_the_loops_send_what_requests_leave(gateway: Gateway, box: SmtpBox) -> None:
    server = SmtpServer(f"smtp://127.0.0.1:{box.port}")
    async with gateway.accounts.working(gateway.directory, server):
        await gateway.create()
        async with asyncio.timeout(5):
            await box.arrived.wait()
    assert "account/confirm#token" in box.bodies[0].replace("=\r\n", "")


async def test_a_mail_cannot_smuggle_headers(box: SmtpBox) -> None:
    mail = Mail("id", "a@b.example", "c@d.example\r\nBcc: e@f.example", "subject", "text", "<p>html</p>", "fr")
    with pytest.raises(ValueError, match="linefeed"):
        write_message(mail)


@pytest.mark.parametrize("mood", ["refusing", "slow", "dead"])
async def test_errors_hold_no_address(box: SmtpBox, mood: str) -> None:
    box.mood = mood
    mail = Mail("id", "a@b.example", "secret@d.example", "subject", "text", "<p>html</p>", "fr")
    with pytest.raises(MailNotSent) as caught:
        await SmtpServer(f"smtp://127.0.0.1:{box.port}", deadline_seconds=0.2).send(mail)
    assert "example" not in str(caught.value)
