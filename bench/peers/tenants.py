"""Tenants with accounts and open sessions at the gateway, put into its database directly, and their access tokens."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bench.peers.scenarios import Tenant
from gateway.accounts import migrate_database
from gateway.accounts.holders import Holder
from gateway.accounts.opening import open_tools
from gateway.accounts.tools import Tools
from gateway.clock import system_clock
from gateway.models.money import Locale
from gateway.moments import DAY
from gateway.sealing import new_id
from gateway.settings import Settings
from gateway.simulator.landlord import Landlord
from gateway.store import Transaction, accounts, sessions
from gateway.store.rows import AccountRow, SessionRow


@dataclass(frozen=True)
class SignedIn:
    """A tenant with the account and the session that tokens are issued for."""

    tenant: Tenant
    account_id: str
    session_id: str


def sign_in(settings: Settings, seed: int, count: int) -> list[SignedIn]:
    """Accounts and sessions for the first tenants of the simulated landlord, in a new database."""
    migrate_database(settings.database_url)
    landlord = Landlord(seed, count)
    tenants = [Tenant(each.lease_reference, each.account_number) for each in islice(landlord.tenants, count)]
    return asyncio.run(_insert_all(settings, tenants))


def with_tokens(settings: Settings, signed_in: Sequence[SignedIn]) -> list[Tenant]:
    """The same tenants with new tokens, which hold for five minutes."""
    return asyncio.run(_issue_all(settings, signed_in))


async def _insert_all(settings: Settings, tenants: Sequence[Tenant]) -> list[SignedIn]:
    async with open_tools(settings, system_clock) as tools:
        async with tools.store.write() as tx:
            found = [await insert(tx, tools, tenant) for tenant in tenants]
        await tools.tokens.keys.signing()
        return found


async def insert(tx: Transaction, tools: Tools, tenant: Tenant) -> SignedIn:
    """An account that is signed in, without a password."""
    now, account_id, session_id = tools.now(), new_id(), new_id()
    account = AccountRow(
        id=account_id,
        label_key=tools.label_keys(tenant.account)[0],
        sealed=Holder(tenant.lease, tenant.account, None, Locale.FR).seal(tools.secrets, account_id),
        password_hash="",  # nobody signs in with a password here
        name_hashes="",
        holder_hashes="",
        device_epoch=0,
        created_at=now,
        password_changed_at=now,
        last_sign_in_at=None,
        recheck_at=now + 365 * DAY,  # no work in the background while something is measured
        closed_at=None,
    )
    session = SessionRow(
        id=session_id,
        account_id=account_id,
        client="APP",
        cookie_hash=None,
        counter=0,
        rotated_at=now,
        created_at=now,
        last_used_at=now,
        renewal_only=0,
        user_agent=None,
        ended_at=None,
    )
    await accounts.insert(tx, account)
    await sessions.insert(tx, session)
    return SignedIn(tenant, account_id, session_id)


async def _issue_all(settings: Settings, signed_in: Sequence[SignedIn]) -> list[Tenant]:
    async with open_tools(settings, system_clock) as tools:
        issued = [await tools.tokens.issue_token(each.account_id, each.session_id) for each in signed_in]
    return [replace(each.tenant, token=token) for each, (token, _) in zip(signed_in, issued, strict=True)]
