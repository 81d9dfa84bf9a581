"""The worker: takes up what requests have left to do, and leaves for later what cannot be looked up now."""

import logging
from typing import Final

from gateway.accounts.directory import Directory
from gateway.accounts.holders import open_holder
from gateway.accounts.identification import invite_to_confirm
from gateway.accounts.links import LinkKind, find_recent, issue_link
from gateway.accounts.mails import RESET_PATH, Invitation, Notice, link_address, write_mail, write_notice
from gateway.accounts.rechecking import recheck_accounts
from gateway.accounts.tools import Tools
from gateway.accounts.work import Task, open_task
from gateway.errors import UpstreamError
from gateway.models.money import Locale
from gateway.moments import DAY, MINUTE, SECOND
from gateway.store import Transaction, accounts, queues
from gateway.store.duties import Duty
from gateway.store.rows import AccountRow, WorkRow

BATCH: Final = 20
KEPT_FOR: Final = 7 * DAY
"""A request that property management could not answer for so long is dropped."""
RECHECKED_AT_ONCE: Final = 50

logger = logging.getLogger(__name__)


async def work_once(tools: Tools, directory: Directory, duty: Duty) -> int:
    """Takes up what is due, while this node has the duty; how many rows."""
    done = 0
    for _ in range(BATCH):
        if (row := await duty.take(queues.find_due_work)) is None:
            break
        await _take_up(tools, directory, row)
        done += 1
    if due := await duty.take(_find_rechecks):
        done += await recheck_accounts(tools, directory, due)
    return done


async def _find_rechecks(tx: Transaction, now: int) -> list[AccountRow] | None:
    return await accounts.fetch_due_for_recheck(tx, now, RECHECKED_AT_ONCE) or None


async def _take_up(tools: Tools, directory: Directory, row: WorkRow) -> None:
    try:
        match Task(row.kind):
            case Task.CREATE_ACCOUNT:
                await invite_to_confirm(tools, directory, row)
            case Task.RESET_PASSWORD:
                await _invite_to_reset(tools, row)
            case Task.TELL_BLOCKED:
                await _tell_blocked(tools, row)
    except UpstreamError as error:
        logger.info("work %s waits: %s", row.id, error.code)
        await _postpone(tools, row)
    except Exception as error:  # one row that cannot be done must not stop the others
        logger.error("work %s failed: %s", row.id, type(error).__name__)
        await _postpone(tools, row)


async def _invite_to_reset(tools: Tools, row: WorkRow) -> None:
    asked = open_task(tools, row)
    keys = tools.label_keys(asked["label"])
    async with tools.store.write() as tx:
        account = await accounts.find(tx, keys)
        email = open_holder(tools.secrets, account).email if account else None
        if account is None or email is None:
            await _close(tx, tools, row, "NOBODY")
        elif await find_recent(tx, tools, LinkKind.RESET, keys):
            await _close(tx, tools, row, "MAILED_BEFORE")
        elif await _close(tx, tools, row, "MAILED"):
            token = await issue_link(tx, tools, LinkKind.RESET, asked["label"], {"account_id": account.id})
            link = link_address(tools.settings, RESET_PATH, token)
            locale = Locale(asked["locale"])
            await write_mail(tx, tools, Invitation.RESET_PASSWORD, email, locale, keys[0], link=link)


async def _tell_blocked(tools: Tools, row: WorkRow) -> None:
    keys = tools.label_keys(open_task(tools, row)["label"])
    async with tools.store.write() as tx:
        account = await accounts.find(tx, keys)
        told = await queues.was_mailed(tx, keys, Notice.LABEL_BLOCKED.value, tools.now() - DAY)
        if account is None or told:
            await _close(tx, tools, row, "NOBODY")
        elif await _close(tx, tools, row, "MAILED"):
            await write_notice(tx, tools, account, Notice.LABEL_BLOCKED)


async def _close(tx: Transaction, tools: Tools, row: WorkRow, outcome: str) -> bool:
    return await queues.close_work(tx, row.id, tools.now(), outcome)


async def _postpone(tools: Tools, row: WorkRow) -> None:
    now = tools.now()
    async with tools.store.write() as tx:
        if now - row.created_at >= KEPT_FOR:
            await queues.close_work(tx, row.id, now, "DROPPED")
        else:
            delay = min(30 * SECOND * 2 ** min(row.attempts, 10), 10 * MINUTE)
            await queues.postpone_work(tx, row.id, now + delay)
