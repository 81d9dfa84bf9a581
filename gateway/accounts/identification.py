"""The worker's part of a creation: who is it, and which contact is on file? Whoever is not found is told nothing."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from gateway.accounts.closing import close_account
from gateway.accounts.directory import Directory
from gateway.accounts.holders import open_holder
from gateway.accounts.links import MAILED_EVERY, LinkKind, find_recent, issue_link
from gateway.accounts.mails import CONFIRM_PATH, Invitation, Notice, link_address, write_mail
from gateway.accounts.shapes import read_email
from gateway.accounts.tools import Tools
from gateway.accounts.words import hash_words, holder_hashes, is_same_holder, name_words
from gateway.accounts.work import open_task
from gateway.errors import BadUserInput, UpstreamError
from gateway.models.dates import civil_date
from gateway.models.lease import Lease, LeaseStatus
from gateway.models.money import Locale
from gateway.moments import DAY, HOUR
from gateway.store import Transaction, accounts, assistance, gate, queues
from gateway.store.rows import AccountRow, WorkRow

OPEN_AFTER_LEASE: Final = timedelta(days=365)
"""So long after the lease's end a tenant still has an account."""
WAITS_FOR_TURN: Final = HOUR
"""So long a creation waits for its turn while others of its label are mailed; then they stand for it."""
VERIFIED_CONTACT_FOR: Final = 7 * DAY
"""So long after staff accepted a request, its address stands in for a contact that property management lacks."""


async def invite_to_confirm(tools: Tools, directory: Directory, row: WorkRow) -> str:
    """Mails a creation's link to the contact on file and closes the work. What came of it. Raises UpstreamError."""
    asked = open_task(tools, row)
    keys = tools.label_keys(asked["label"])
    if await _is_privately_held(tools, keys, asked["reserved_at"]):
        return await _close(tools, row, "ON_HOLD")
    lease = await _identify(tools, directory, asked)
    if lease is None or has_run_out(lease, civil_date(tools.clock())):
        return await _close(tools, row, "NOBODY")
    async with tools.store.write() as tx:
        account = await accounts.find(tx, keys)
        if account is not None and not belongs_to(tools, account, lease):
            await close_account(tx, tools, account, Notice.ACCOUNT_CLOSED)
            account = None
        email = await _contact_on_file(tx, tools, account, lease, keys)
        outcome = "MAILED" if email else "NO_CONTACT"
        if account is not None and account.password_changed_at > asked["reserved_at"]:
            outcome = "OVERTAKEN"  # by a later creation or reset, which is the tenant's own
        elif email and (recent := await find_recent(tx, tools, LinkKind.CREATION, keys)):
            if tools.now() - row.created_at < WAITS_FOR_TURN:
                await queues.postpone_work(tx, row.id, recent.created_at + MAILED_EVERY)
                return "WAITS"
            outcome = "MAILED_BEFORE"
        if await queues.close_work(tx, row.id, tools.now(), outcome) and email and outcome == "MAILED":
            await _send_link(tx, tools, asked, account, lease, email)
    return outcome


def has_run_out(lease: Lease, today: date) -> bool:
    """Whether the lease ended so long ago that it gives no account any more."""
    return lease.status is LeaseStatus.ENDED and lease.ends_on is not None and lease.ends_on + OPEN_AFTER_LEASE < today


def belongs_to(tools: Tools, account: AccountRow, lease: Lease) -> bool:
    """Whether the account is that of the lease's principal holder."""
    holder = lease.holder
    return not account.holder_hashes or is_same_holder(
        tools.secrets, account.holder_hashes, holder.first_name, holder.last_name, holder.birth_date
    )


def hashes_of(tools: Tools, lease: Lease) -> dict[str, str]:
    """What an account keeps of its holder's name: enough to compare, not to read."""
    holder = lease.holder
    return {
        "name_hashes": hash_words(tools.secrets, name_words(holder.first_name, holder.last_name)),
        "holder_hashes": holder_hashes(tools.secrets, holder.first_name, holder.last_name, holder.birth_date),
    }


def readable_email(text: str | None) -> str | None:
    """An address as a legacy system has it; None where no mail can be sent there."""
    try:
        return read_email(text or "")
    except BadUserInput:
        return None


async def _is_privately_held(tools: Tools, keys: tuple[str, ...], reserved_at: int) -> bool:
    async with tools.store.read() as tx:
        if await accounts.ever_existed(tx, keys):
            return False
        rows = [await gate.fetch(tx, key) for key in keys]
    # The creation that begins the block is still heard; those that come later are not, until staff release the label.
    return any(found is not None and 0 < found.private_hold_at < reserved_at for found in rows)


async def _identify(tools: Tools, directory: Directory, asked: Mapping[str, Any]) -> Lease | None:
    birth_date = asked["birth_date"] and date.fromisoformat(asked["birth_date"])
    try:
        found = await directory.fetch_identification(
            asked["label"], asked["last_name"], asked["first_name"], birth_date
        )
    except ValueError:
        return None
    if found is None or found.not_principal or found.lease_reference is None:
        return None
    lease = (await directory.fetch_leases([found.lease_reference]))[found.lease_reference]
    if isinstance(lease, UpstreamError):
        raise lease
    return lease


async def _contact_on_file(
    tx: Transaction, tools: Tools, account: AccountRow | None, lease: Lease, keys: tuple[str, ...]
) -> str | None:
    own = open_holder(tools.secrets, account).email if account else None
    if email := own or readable_email(lease.holder.email):
        return email
    accepted = await assistance.find_accepted(tx, keys, tools.now() - VERIFIED_CONTACT_FOR)
    if accepted is None or accepted.sealed is None:
        return None
    contact: str | None = tools.secrets.open("assistance", accepted.reference, accepted.sealed)["email"]
    return contact


async def _send_link(
    tx: Transaction, tools: Tools, asked: Mapping[str, Any], account: AccountRow | None, lease: Lease, email: str
) -> None:
    contents = hashes_of(tools, lease) | {
        "account_id": account.id if account else None,
        "lease_reference": lease.reference,
        "account_number": lease.account_number or asked["label"],
        "email_on_file": email,
        "email_typed": asked["email"],
        "password_hash": asked["password_hash"],
        "locale": asked["locale"],
    }
    token = await issue_link(tx, tools, LinkKind.CREATION, asked["label"], contents)
    invitation = Invitation.CONFIRM_RECREATION if account else Invitation.CONFIRM_ACCOUNT
    link = link_address(tools.settings, CONFIRM_PATH, token)
    key = tools.label_keys(asked["label"])[0]
    await write_mail(tx, tools, invitation, email, Locale(asked["locale"]), key, link=link)


async def _close(tools: Tools, row: WorkRow, outcome: str) -> str:
    async with tools.store.write() as tx:
        await queues.close_work(tx, row.id, tools.now(), outcome)
    return outcome
