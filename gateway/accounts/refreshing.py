"""The app's refresh: one rotation, one successor, and an old token ends the session."""

from dataclasses import replace
from typing import Final

from gateway.accounts.holders import find_renewal
from gateway.accounts.mails import Notice, write_notice
from gateway.accounts.refresh_tokens import read_refresh_token
from gateway.accounts.sessions import LIFETIMES, issue_tokens, principal_of
from gateway.accounts.tools import Tools
from gateway.models.account import Caller, PasswordRenewal, RefreshOutcome, SessionExpired, SessionRefreshed
from gateway.moments import SECOND
from gateway.store import Transaction, accounts, events, sessions
from gateway.store.rows import AccountRow, SessionRow

GRACE: Final = 10 * SECOND
"""So long the predecessor of a refresh token is answered with the same successor: two tabs, a lost answer."""


async def refresh(tools: Tools, refresh_token: str, caller: Caller) -> RefreshOutcome:
    """New tokens for the holder of the newest refresh token; whoever shows an older one ends the session."""
    if (shown := read_refresh_token(tools, refresh_token)) is None:
        return SessionExpired()
    session_id, counter = shown
    now = tools.now()
    async with tools.store.write() as tx:
        found = await _rotate(tx, session_id, counter, now)
        found = found or await _answer_again(tx, tools, session_id, counter, now, caller)
        if found is None:
            return SessionExpired()
        session, account = found
        renewal = find_renewal(tools, account)
        session = await _restrict(tx, session, renewal)
    return SessionRefreshed(principal_of(tools, session, account), await issue_tokens(tools, session), renewal)


async def _rotate(tx: Transaction, session_id: str, counter: int, now: int) -> tuple[SessionRow, AccountRow] | None:
    session = await sessions.rotate(tx, session_id, counter, LIFETIMES, now)
    account = None if session is None else await accounts.fetch(tx, session.account_id)
    if session is None or account is None or account.closed_at is not None:
        return None
    return session, account


async def _answer_again(
    tx: Transaction, tools: Tools, session_id: str, counter: int, now: int, caller: Caller
) -> tuple[SessionRow, AccountRow] | None:
    found = await sessions.fetch_with_account(tx, LIFETIMES, now, session_id=session_id)
    if found is None or found[0].counter <= counter:
        return None
    session, account = found
    if session.counter == counter + 1 and now - session.rotated_at <= GRACE:
        return found
    # Somebody holds a copy: thief and tenant cannot be told apart, so both have to sign in.
    await sessions.end(tx, account.id, now, only=session_id)
    await events.add(
        tx, "REFRESH_TOKEN_REUSED", now, account_id=account.id, session_id=session_id, address=caller.address
    )
    await write_notice(tx, tools, account, Notice.SESSION_REVOKED)
    return None


async def _restrict(tx: Transaction, session: SessionRow, renewal: PasswordRenewal | None) -> SessionRow:
    renewal_only = int(renewal is not None and renewal.mandatory)
    if renewal_only != session.renewal_only:
        await sessions.restrict(tx, session.id, renewal_only=bool(renewal_only))
    return replace(session, renewal_only=renewal_only)
