"""A new password for who is signed in and knows the current one: at the anniversary, or at any time."""

from dataclasses import replace

from gateway.accounts.devices import find_device
from gateway.accounts.holders import open_holder, present_account
from gateway.accounts.lockout import Granted, Standing, clear
from gateway.accounts.mails import Notice, write_notice
from gateway.accounts.passwords import HashingOverloaded
from gateway.accounts.resets import find_account_violations
from gateway.accounts.sessions import issue_tokens
from gateway.accounts.shapes import read_password
from gateway.accounts.signing_in import OVERLOADED, refuse_password, try_password
from gateway.accounts.tools import Tools
from gateway.accounts.words import normalised_label
from gateway.errors import Unauthenticated
from gateway.models.account import (
    AccountBlocked,
    Caller,
    ClientKind,
    InvalidCredentials,
    PasswordAttemptsExhausted,
    PasswordRejected,
    PasswordRenewed,
    PasswordRule,
    RateLimited,
    RenewalOutcome,
)
from gateway.models.principal import Principal
from gateway.store import accounts, events, links, sessions
from gateway.store.rows import AccountRow, SessionRow


async def renew_password(tools: Tools, principal: Principal, current: str, new: str, caller: Caller) -> RenewalOutcome:
    """Changes the password and ends the other sessions. Raises BadUserInput, and Unauthenticated without account."""
    current, new = read_password(current), read_password(new)
    if (seconds := await tools.budgets.spend(caller.address, tools.now())) is not None:
        return RateLimited(seconds)
    async with tools.store.read() as tx:
        account = await accounts.fetch(tx, principal.account_id)
    if account is None or account.closed_at is not None:
        raise Unauthenticated
    label = normalised_label(open_holder(tools.secrets, account).account_number)
    if violations := _violations(tools, account, label, current, new):
        return PasswordRejected(violations, attempts_left=None)
    tried = await try_password(tools, label, await find_device(tools, label, caller.device_cookie))
    if isinstance(tried, Standing):
        return _never_blocked(tried.refusal)
    try:
        right = (await tools.passwords.verify(account.password_hash, current)).right
        new_hash = await tools.passwords.hash(new) if right else ""
    except HashingOverloaded:
        return OVERLOADED
    keys = (account.label_key, *tools.label_keys(label))
    renewed = await _take_effect(tools, principal, account, keys, new_hash, tried, caller) if right else None
    if renewed is None:
        return _never_blocked(await refuse_password(tools, label, tried, caller))
    account, session = renewed
    tokens = await issue_tokens(tools, session) if session.client == ClientKind.APP.value else None
    return PasswordRenewed(present_account(tools, account), tokens)


def _violations(tools: Tools, account: AccountRow, label: str, current: str, new: str) -> tuple[PasswordRule, ...]:
    same = (PasswordRule.SAME_AS_CURRENT,) if current == new else ()
    return find_account_violations(tools, account, label, new) + same


async def _take_effect(
    tools: Tools,
    principal: Principal,
    account: AccountRow,
    label_keys: tuple[str, ...],
    new_hash: str,
    tried: Granted,
    caller: Caller,
) -> tuple[AccountRow, SessionRow] | None:
    now = tools.now()
    async with tools.store.write() as tx:
        if not await accounts.change_password(tx, account.id, account.password_hash, new_hash, now):
            return None
        await clear(tx, tried)
        await links.withdraw(tx, label_keys, now)
        await sessions.end(tx, account.id, now, but=principal.session_id)
        await sessions.restrict(tx, principal.session_id, renewal_only=False)
        session = await sessions.fetch(tx, principal.session_id)
        if session is None or session.ended_at is not None:
            raise Unauthenticated
        await events.add(
            tx, "PASSWORD_RENEWED", now, account_id=account.id, session_id=session.id, address=caller.address
        )
        await write_notice(tx, tools, account, Notice.PASSWORD_CHANGED)
    return replace(account, password_hash=new_hash, password_changed_at=now), session


def _never_blocked(
    refusal: InvalidCredentials | PasswordAttemptsExhausted | AccountBlocked,
) -> InvalidCredentials | PasswordAttemptsExhausted:
    # To who is signed in a block means the same as a hold: this password is not looked at until then.
    return PasswordAttemptsExhausted(refusal.unblock_at) if isinstance(refusal, AccountBlocked) else refusal
