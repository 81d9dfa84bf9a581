"""Closing an account: its sessions and links end with it, and its holder is told."""

from gateway.accounts.holders import open_holder
from gateway.accounts.mails import Notice, write_notice
from gateway.accounts.tools import Tools
from gateway.accounts.words import normalised_label
from gateway.store import Transaction, accounts, events, links, sessions
from gateway.store.rows import AccountRow


async def close_account(tx: Transaction, tools: Tools, account: AccountRow, notice: Notice) -> None:
    """Closes an account for good; the label is free for whoever holds the lease now."""
    now = tools.now()
    await accounts.change(tx, account.id, closed_at=now)
    await sessions.end(tx, account.id, now)
    label = normalised_label(open_holder(tools.secrets, account).account_number)
    await links.withdraw(tx, (account.label_key, *tools.label_keys(label)), now)
    await events.add(tx, notice.value, now, label_key=account.label_key, account_id=account.id)
    await write_notice(tx, tools, account, notice)
