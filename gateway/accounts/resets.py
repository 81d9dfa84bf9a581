"""« J'ai oublié mon mot de passe »: a link to the contact on file, and a new password for who opens it."""

from dataclasses import replace
from typing import Any

from gateway.accounts import lockout
from gateway.accounts.links import LinkKind, find_link, open_link, use_link
from gateway.accounts.mails import Notice, write_notice
from gateway.accounts.password_policy import find_violations
from gateway.accounts.passwords import HashingOverloaded
from gateway.accounts.sessions import Begun, begin
from gateway.accounts.shapes import read_label, read_password
from gateway.accounts.signing_in import OVERLOADED, note_session, present_sign_in
from gateway.accounts.tools import Tools
from gateway.accounts.words import holds_hashed_word, name_words
from gateway.accounts.work import Task, add_task
from gateway.models.account import (
    Caller,
    ClientKind,
    LinkInvalid,
    PasswordRejected,
    PasswordRule,
    RateLimited,
    ResetOutcome,
    ResetRequestAccepted,
    ResetRequestOutcome,
)
from gateway.store import accounts, events, links, sessions
from gateway.store.rows import AccountRow, LinkRow


async def request_password_reset(tools: Tools, label: str, caller: Caller) -> ResetRequestOutcome:
    """Keeps the request for the worker, who mails a link where there is an account. Raises BadUserInput."""
    label = read_label(label)
    if (seconds := await tools.budgets.spend(caller.address, tools.now())) is not None:
        return RateLimited(seconds)
    async with tools.store.write() as tx:
        label_key = tools.label_keys(label)[0]
        await events.add(tx, "RESET_REQUESTED", tools.now(), label_key=label_key, address=caller.address)
        await add_task(tx, tools, Task.RESET_PASSWORD, label, {"locale": caller.locale.value})
    return ResetRequestAccepted()


async def complete_password_reset(
    tools: Tools, token: str, new_password: str, client: ClientKind, caller: Caller
) -> ResetOutcome:
    """The new password and a session; the other sessions end, the gate opens. Raises BadUserInput."""
    new_password = read_password(new_password)
    if (seconds := await tools.budgets.spend(caller.address, tools.now())) is not None:
        return RateLimited(seconds)
    link = await find_link(tools, token)
    if link is None or link.kind != LinkKind.RESET.value:
        return LinkInvalid()
    contents = open_link(tools, link)
    async with tools.store.read() as tx:
        account = await accounts.fetch(tx, contents["account_id"])
    if account is None or account.closed_at is not None:
        return LinkInvalid()
    if violations := find_account_violations(tools, account, contents["label"], new_password):
        return PasswordRejected(violations, attempts_left=None)
    try:
        new_hash = await tools.passwords.hash(new_password)
    except HashingOverloaded:
        return OVERLOADED
    begun = await _take_effect(tools, link, contents, new_hash, client, caller)
    return await present_sign_in(tools, contents["label"], begun, None) if begun else LinkInvalid()


def find_account_violations(tools: Tools, account: AccountRow, label: str, password: str) -> tuple[PasswordRule, ...]:
    """The rules that a new password of an account breaks; of the holder's name only digests are kept."""
    return find_violations(
        password,
        personal={label, *name_words(tools.settings.landlord_name)},
        holds_name=lambda text: holds_hashed_word(tools.secrets, text, account.name_hashes),
    )


async def _take_effect(
    tools: Tools, link: LinkRow, contents: dict[str, Any], new_hash: str, client: ClientKind, caller: Caller
) -> Begun | None:
    now = tools.now()
    async with tools.store.write() as tx:
        account = await accounts.fetch(tx, contents["account_id"], lock=True)
        if account is None or account.closed_at is not None or not await use_link(tx, tools, link):
            return None
        changes: dict[str, Any] = {
            "password_hash": new_hash,
            "password_changed_at": now,
            "last_sign_in_at": now,
            "device_epoch": account.device_epoch + 1,
        }
        await accounts.change(tx, account.id, **changes)
        await sessions.end(tx, account.id, now)
        await lockout.release(tx, tools, contents["label"])
        await links.withdraw(tx, tools.label_keys(contents["label"]), now)
        begun = await begin(tx, tools, replace(account, **changes), client, caller)
        await note_session(tx, tools, "PASSWORD_RESET", begun, caller)
        await write_notice(tx, tools, account, Notice.PASSWORD_CHANGED)
    return begun
