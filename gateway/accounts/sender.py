"""Sends the outbox: each mail is marked at once, tried again later where it fails, and survives a restart."""

import logging
from typing import Final, Protocol

from gateway.accounts.mails import render_mail
from gateway.accounts.tools import Tools
from gateway.clients.mail import MailNotSent
from gateway.models.mail import Mail
from gateway.moments import DAY, MINUTE, SECOND
from gateway.store import queues
from gateway.store.duties import Duty
from gateway.store.rows import OutboxRow

BATCH: Final = 20
KEPT_FOR: Final = 3 * DAY
"""A mail that could not be sent for so long is given up."""

logger = logging.getLogger(__name__)


class MailServer(Protocol):
    """Takes mails."""

    async def send(self, mail: Mail) -> None:
        """Hands a mail over, within half a minute. Raises MailNotSent."""


async def send_once(tools: Tools, server: MailServer, duty: Duty) -> int:
    """Sends what is due, while this node has the duty; how many mails went out."""
    sent = 0
    for _ in range(BATCH):
        if (row := await duty.take(queues.find_due_mail)) is None:
            break
        try:
            await server.send(render_mail(tools, row))
        except Exception as error:  # whatever is wrong with one mail, the others and the loop go on
            await _postpone(tools, row, error)
            if isinstance(error, MailNotSent) and not error.about_recipient:
                break
            continue
        # Before the next one is sent: a node that dies here makes one double at most.
        async with tools.store.write() as tx:
            await queues.mark_sent(tx, row.id, tools.now())
        sent += 1
    return sent


async def _postpone(tools: Tools, row: OutboxRow, error: Exception) -> None:
    reason = str(error) if isinstance(error, MailNotSent) else type(error).__name__
    now = tools.now()
    async with tools.store.write() as tx:
        if now - row.created_at >= KEPT_FOR:
            logger.error("mail %s (%s) is given up: %s", row.id, row.template, reason)
            await queues.abandon_mail(tx, row.id, now)
            return
        logger.warning("mail %s (%s) waits: %s", row.id, row.template, reason)
        delay = min(5 * SECOND * 2 ** min(row.attempts, 10), 15 * MINUTE)
        await queues.postpone_mail(tx, row.id, now + delay)
