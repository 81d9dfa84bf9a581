"""Signing in: shape, budget of the address, gate, account, one hash, outcome; the same for labels that do not exist."""

from gateway import metrics
from gateway.accounts.devices import find_device, write_device
from gateway.accounts.lockout import (
    GateState,
    Granted,
    Standing,
    clear,
    device_gate,
    label_gate,
    reserve_password,
)
from gateway.accounts.passwords import HashingOverloaded
from gateway.accounts.sessions import Begun, begin, issue_tokens
from gateway.accounts.shapes import read_label, read_password
from gateway.accounts.tools import Tools
from gateway.accounts.work import Task, add_task
from gateway.models.account import (
    AccountBlocked,
    Caller,
    ClientKind,
    InvalidCredentials,
    PasswordAttemptsExhausted,
    RateLimited,
    SignedIn,
    SignInOutcome,
)
from gateway.store import Transaction, accounts, events
from gateway.store.rows import AccountRow

OVERLOADED = RateLimited(retry_after_seconds=5)
"""Where too many passwords wait for their turn."""


async def sign_in(tools: Tools, label: str, password: str, client: ClientKind, caller: Caller) -> SignInOutcome:
    """A session for who knows the password. Raises BadUserInput."""
    label, password = read_label(label), read_password(password)
    if (seconds := await tools.budgets.spend(caller.address, tools.now())) is not None:
        return RateLimited(seconds)
    device = await find_device(tools, label, caller.device_cookie)
    tried = await try_password(tools, label, device)
    if isinstance(tried, Standing):
        return tried.refusal
    async with tools.store.read() as tx:
        account = await accounts.find(tx, tools.label_keys(label))
    try:
        verified = await tools.passwords.verify(account.password_hash if account else None, password)
        new_hash = await tools.passwords.hash(password) if verified.outdated else None
    except HashingOverloaded:
        if tried.standing.state is GateState.CAPPED:
            async with tools.store.write() as tx:
                await add_task(tx, tools, Task.TELL_BLOCKED, label, {})
        return OVERLOADED
    if account is not None and verified.right:
        begun = await _begin(tools, account, new_hash, tried, client, caller)
        if begun is not None:
            return await present_sign_in(tools, label, begun, device)
    return await refuse_password(tools, label, tried, caller)


async def try_password(tools: Tools, label: str, device: str | None) -> Granted | Standing:
    """Spends a try of the device's gate, or of the one that everybody shares."""
    keys = label_gate(tools, label) if device is None else device_gate(tools, label, device)
    return await reserve_password(tools, keys)


async def refuse_password(
    tools: Tools, label: str, tried: Granted, caller: Caller
) -> InvalidCredentials | PasswordAttemptsExhausted | AccountBlocked:
    """What a wrong password (or an unknown label) comes to."""
    metrics.gate_event("password_wrong")
    async with tools.store.write() as tx:
        await events.add(tx, "PASSWORD_REFUSED", tools.now(), label_key=tried.keys.label_key, address=caller.address)
        if tried.standing.state is GateState.CAPPED:
            await add_task(tx, tools, Task.TELL_BLOCKED, label, {})
    if tried.standing.state is GateState.OPEN:
        return InvalidCredentials(tried.tries_left)
    return tried.standing.refusal


async def note_session(tx: Transaction, tools: Tools, kind: str, begun: Begun, caller: Caller) -> None:
    """An entry of the security log about a new session."""
    await events.add(
        tx,
        kind,
        tools.now(),
        account_id=begun.row.account_id,
        session_id=begun.row.id,
        address=caller.address,
    )


async def present_sign_in(tools: Tools, label: str, begun: Begun, device: str | None) -> SignedIn:
    """What the caller is given of a new session."""
    return SignedIn(
        principal=begun.principal,
        tokens=None if begun.cookie else await issue_tokens(tools, begun.row),
        session_cookie=begun.cookie,
        device_cookie=write_device(tools, label, device, begun.row.account_id, begun.device_epoch),
        renewal=begun.renewal,
    )


async def _begin(
    tools: Tools, account: AccountRow, new_hash: str | None, tried: Granted, client: ClientKind, caller: Caller
) -> Begun | None:
    async with tools.store.write() as tx:
        # A password that was changed while the old one was being verified lets nobody in any more.
        if not await accounts.note_sign_in(tx, account.id, account.password_hash, new_hash, tools.now()):
            return None
        await clear(tx, tried)
        begun = await begin(tx, tools, account, client, caller)
        await note_session(tx, tools, "SIGNED_IN", begun, caller)
    return begun
