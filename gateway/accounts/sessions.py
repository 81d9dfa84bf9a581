"""Sessions: begun at sign-in, listed and ended."""

from dataclasses import dataclass
from typing import Final

from gateway.accounts.holders import find_renewal, open_holder
from gateway.accounts.refresh_tokens import sign_refresh_token
from gateway.accounts.tools import Tools
from gateway.models.account import (
    Caller,
    ClientKind,
    PasswordRenewal,
    Session,
    Tokens,
)
from gateway.models.principal import Principal
from gateway.moments import DAY, HOUR, MINUTE, moment_of
from gateway.sealing import fingerprint, new_id, new_token
from gateway.store import Transaction, accounts, events, sessions
from gateway.store.rows import AccountRow, SessionRow
from gateway.store.sessions import Lifetimes

LIFETIMES: Final = Lifetimes(web_idle=30 * MINUTE, web_total=12 * HOUR, app_idle=30 * DAY, app_total=180 * DAY)
LONGEST_USER_AGENT: Final = 200


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has just begun; `cookie` for WEB, never kept in clear; `device_epoch` for the device cookie."""

    row: SessionRow
    principal: Principal
    cookie: str | None
    renewal: PasswordRenewal | None
    device_epoch: int


async def begin(tx: Transaction, tools: Tools, account: AccountRow, client: ClientKind, caller: Caller) -> Begun:
    """A new session of the account, in the caller's transaction."""
    now = tools.now()
    renewal = find_renewal(tools, account)
    cookie = new_token() if client is ClientKind.WEB else None
    row = SessionRow(
        id=new_id(),
        account_id=account.id,
        client=client.value,
        cookie_hash=fingerprint(cookie) if cookie else None,
        counter=0,
        rotated_at=now,
        created_at=now,
        last_used_at=now,
        renewal_only=int(bool(renewal and renewal.mandatory)),
        user_agent=_readable(caller.user_agent),
        ended_at=None,
    )
    await sessions.insert(tx, row)
    return Begun(row, principal_of(tools, row, account), cookie, renewal, account.device_epoch)


async def issue_tokens(tools: Tools, session: SessionRow) -> Tokens:
    """What an app holds of a session. Not inside a transaction: the signing key may have to be read."""
    access_token, expires_at = await tools.tokens.issue_token(session.account_id, session.id)
    return Tokens(access_token, moment_of(expires_at), sign_refresh_token(tools, session.id, session.counter))


async def list_sessions(tools: Tools, principal: Principal) -> tuple[Session, ...]:
    """Where the tenant is signed in, the last used first."""
    async with tools.store.read() as tx:
        rows = await sessions.fetch_open(tx, principal.account_id, LIFETIMES, tools.now())
    return tuple(
        Session(
            id=row.id,
            created_at=moment_of(row.created_at),
            last_used_at=moment_of(row.last_used_at),
            user_agent=row.user_agent,
            current=row.id == principal.session_id,
        )
        for row in rows
    )


async def end_session(tools: Tools, principal: Principal, session_id: str, caller: Caller) -> bool:
    """Ends one of the tenant's sessions; false where there is none of that id."""
    now = tools.now()
    async with tools.store.write() as tx:
        ended = await sessions.end(tx, principal.account_id, now, only=session_id)
        if ended:
            await _note(tx, "SESSION_ENDED", now, principal.account_id, session_id, caller)
    return ended > 0


async def end_all_sessions(tools: Tools, principal: Principal, caller: Caller) -> None:
    """Ends every session of the tenant, this one too; no device is a known one any more."""
    now = tools.now()
    async with tools.store.write() as tx:
        await accounts.forget_devices(tx, principal.account_id)
        await sessions.end(tx, principal.account_id, now)
        await _note(tx, "SIGNED_OUT_EVERYWHERE", now, principal.account_id, principal.session_id, caller)


def principal_of(tools: Tools, session: SessionRow, account: AccountRow) -> Principal:
    """Who a session stands for."""
    holder = open_holder(tools.secrets, account)
    return Principal(
        account_id=account.id,
        session_id=session.id,
        lease_reference=holder.lease_reference,
        account_number=holder.account_number,
        renewal_only=bool(session.renewal_only),
    )


async def _note(tx: Transaction, kind: str, now: int, account_id: str, session_id: str, caller: Caller) -> None:
    await events.add(tx, kind, now, account_id=account_id, session_id=session_id, address=caller.address)


def _readable(user_agent: str | None) -> str | None:
    text = "".join(character for character in user_agent or "" if character.isprintable()).strip()
    return text.encode("utf-8", "ignore").decode()[:LONGEST_USER_AGENT] or None
