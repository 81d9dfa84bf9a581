"""Once a day and after each sign-in: does the account's lease still belong to the same principal holder?"""

import logging
from typing import Any, Final

from gateway.accounts.closing import close_account
from gateway.accounts.directory import Directory
from gateway.accounts.holders import open_holder
from gateway.accounts.identification import belongs_to, has_run_out, hashes_of, readable_email
from gateway.accounts.mails import Notice
from gateway.accounts.tools import Tools
from gateway.errors import UpstreamClosed, UpstreamError
from gateway.models.dates import civil_date
from gateway.models.lease import Lease
from gateway.moments import DAY, MINUTE
from gateway.store import Transaction, accounts
from gateway.store.rows import AccountRow

_AGAIN_WHEN_DOWN: Final = 10 * MINUTE

logger = logging.getLogger(__name__)


async def recheck_accounts(tools: Tools, directory: Directory, due: list[AccountRow]) -> int:
    """Looks at the leases of accounts; at how many."""
    references = [open_holder(tools.secrets, account).lease_reference for account in due]
    leases = await directory.fetch_leases(list(dict.fromkeys(references)))
    async with tools.store.write() as tx:
        if all(isinstance(lease, UpstreamClosed) for lease in leases.values()):
            # Closed for the night: not asked again for a while, for any account.
            await accounts.postpone_rechecks(tx, tools.now(), tools.now() + _AGAIN_WHEN_DOWN)
            return 0
        for account, reference in zip(due, references, strict=True):
            await _recheck(tx, tools, account, leases.get(reference))
    return sum(not isinstance(leases.get(reference), UpstreamError) for reference in references)


async def _recheck(tx: Transaction, tools: Tools, account: AccountRow, lease: Lease | UpstreamError | None) -> None:
    if isinstance(lease, Lease) and not belongs_to(tools, account, lease):
        await close_account(tx, tools, account, Notice.ACCOUNT_CLOSED)
        return
    if isinstance(lease, Lease) and has_run_out(lease, civil_date(tools.clock())):
        await close_account(tx, tools, account, Notice.LEASE_ENDED)
        return
    if isinstance(lease, UpstreamError):
        # One lease that cannot be read holds up nobody else's.
        await accounts.change(tx, account.id, recheck_at=tools.now() + _AGAIN_WHEN_DOWN)
        return
    changes: dict[str, Any] = {"recheck_at": tools.now() + DAY}
    if isinstance(lease, Lease):
        changes |= _completed(tools, account, lease)
    else:
        logger.warning("account %s: property management does not know its lease", account.id)
    await accounts.change(tx, account.id, **changes)


def _completed(tools: Tools, account: AccountRow, lease: Lease) -> dict[str, Any]:
    # An account made without a mail (the demo's) learns here whose it is, and how to write to its holder.
    if account.holder_hashes:
        return {}
    holder = open_holder(tools.secrets, account)
    email = holder.email or readable_email(lease.holder.email)
    sealed = {} if email is None else {"sealed": holder.with_email(email).seal(tools.secrets, account.id)}
    return hashes_of(tools, lease) | sealed
