"""Puts the accounts of a process together, and makes the demo's account."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.accounts.budgets import AddressBudgets
from gateway.accounts.holders import Holder
from gateway.accounts.passwords import Passwords
from gateway.accounts.service import Accounts
from gateway.accounts.shapes import read_label, read_password
from gateway.accounts.signing_keys import SigningKeys
from gateway.accounts.tokens import TokenIssuer
from gateway.accounts.tools import Tools
from gateway.clock import Clock
from gateway.models.money import Locale
from gateway.moments import SECOND
from gateway.sealing import new_id
from gateway.settings import Settings
from gateway.sharing.opening import Sharing, build_sharing, open_sharing
from gateway.store import accounts
from gateway.store.rows import AccountRow


@asynccontextmanager
async def open_accounts(settings: Settings, clock: Clock, sharing: Sharing | None = None) -> AsyncIterator[Accounts]:
    """Accounts on what the process shares, else on the database of the settings; it is not asked for anything yet."""
    async with open_tools(settings, clock, sharing) as tools:
        yield Accounts(tools)


@asynccontextmanager
async def open_tools(settings: Settings, clock: Clock, sharing: Sharing | None = None) -> AsyncIterator[Tools]:
    """What use cases work with."""
    async with AsyncExitStack() as stack:
        shared = sharing or await stack.enter_async_context(open_sharing(settings, clock))
        tools = build_tools(settings, clock, shared)
        stack.callback(tools.passwords.close)
        yield tools


def build_tools(settings: Settings, clock: Clock, sharing: Sharing | None = None) -> Tools:
    """The same, to be closed by the caller."""
    sharing = sharing or build_sharing(settings, clock)
    store, secrets = sharing.store, sharing.secrets
    return Tools(
        settings=settings,
        clock=clock,
        store=store,
        secrets=secrets,
        passwords=Passwords(threads=settings.hashing_threads, queue_seconds=settings.hashing_queue_seconds),
        tokens=TokenIssuer(SigningKeys(store, secrets, clock), clock, settings.public_url),
        budgets=AddressBudgets(
            calls=settings.address_calls,
            window_ms=settings.address_window_seconds * SECOND,
            valkey=sharing.valkey,
        ),
        news=sharing.news,
    )


async def create_account_without_mail(
    settings: Settings, clock: Clock, label: str, lease_reference: str, password: str, *, email: str | None = None
) -> str:
    """An account that nobody had to confirm, for demo and tests; its id."""
    async with open_tools(settings, clock) as tools:
        return await insert_account(tools, label, lease_reference, password, email=email)


async def insert_account(
    tools: Tools, label: str, lease_reference: str, password: str, *, email: str | None = None
) -> str:
    """The same with tools at hand."""
    label, now, account_id = read_label(label), tools.now(), new_id()
    password_hash = await tools.passwords.hash(read_password(password))
    row = AccountRow(
        id=account_id,
        label_key=tools.label_keys(label)[0],
        sealed=Holder(lease_reference, label, email, Locale.FR).seal(tools.secrets, account_id),
        password_hash=password_hash,
        name_hashes="",
        holder_hashes="",
        device_epoch=0,
        created_at=now,
        password_changed_at=now,
        last_sign_in_at=None,
        recheck_at=now,
        closed_at=None,
    )
    async with tools.store.write() as tx:
        await accounts.insert(tx, row)
    return account_id
