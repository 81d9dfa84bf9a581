"""Opening the link of a creation, and giving the password chosen then once more: only now does anything change."""

from dataclasses import replace
from typing import Any

from gateway.accounts import lockout
from gateway.accounts.devices import find_device
from gateway.accounts.holders import Holder, open_holder
from gateway.accounts.links import LinkKind, find_link, issue_link, open_link, try_link, use_link
from gateway.accounts.lockout import Granted, Standing
from gateway.accounts.mails import CONFIRM_PATH, Invitation, Notice, link_address, write_mail, write_notice
from gateway.accounts.passwords import HashingOverloaded
from gateway.accounts.sessions import Begun, begin
from gateway.accounts.shapes import read_password
from gateway.accounts.signing_in import OVERLOADED, note_session, present_sign_in, refuse_password, try_password
from gateway.accounts.tools import Tools
from gateway.models.account import Caller, ClientKind, ConfirmationOutcome, LinkInvalid, RateLimited
from gateway.models.money import Locale
from gateway.moments import DAY, SECOND
from gateway.sealing import new_id
from gateway.store import Transaction, accounts, links, sessions
from gateway.store.rows import AccountRow, LinkRow


async def confirm_account(
    tools: Tools, token: str, password: str, client: ClientKind, caller: Caller
) -> ConfirmationOutcome:
    """The account and a session for who opens the link and knows the chosen password. Raises BadUserInput."""
    password = read_password(password)
    if (seconds := await tools.budgets.spend(caller.address, tools.now())) is not None:
        return RateLimited(seconds)
    link = await find_link(tools, token)
    if link is None or link.kind == LinkKind.RESET.value:
        return LinkInvalid()
    contents = open_link(tools, link)
    tried = await _try_account(tools, contents["label"], caller) if link.kind == LinkKind.EMAIL.value else None
    if isinstance(tried, Standing):
        return _refused(tools, tried)
    try:
        right = await try_link(tools, token) is not None and await _is_right(tools, contents, password)
    except HashingOverloaded:
        return OVERLOADED
    if not right:
        if tried:
            await refuse_password(tools, contents["label"], tried, caller)
        return LinkInvalid()
    async with tools.store.write() as tx:
        begun = await _take_effect(tx, tools, link, contents, client, caller)
        if begun and tried:
            await lockout.clear(tx, tried)
    return await present_sign_in(tools, contents["label"], begun, None) if begun else LinkInvalid()


async def _try_account(tools: Tools, label: str, caller: Caller) -> Granted | Standing:
    # The link of an address asks for the account's own password, which is guessed nowhere but through the gate.
    return await try_password(tools, label, await find_device(tools, label, caller.device_cookie))


def _refused(tools: Tools, standing: Standing) -> ConfirmationOutcome:
    # The link keeps its tries: it can be opened again once the gate is open.
    if standing.until is None:
        return LinkInvalid()
    return RateLimited(-(-(standing.until - tools.now()) // SECOND))


async def _is_right(tools: Tools, contents: dict[str, Any], password: str) -> bool:
    return (await tools.passwords.verify(await _chosen_hash(tools, contents), password)).right


async def _chosen_hash(tools: Tools, contents: dict[str, Any]) -> str | None:
    if "password_hash" in contents:
        return str(contents["password_hash"])
    async with tools.store.read() as tx:
        account = await accounts.find(tx, tools.label_keys(contents["label"]))
    return account.password_hash if account and account.id == contents["account_id"] else None


async def _take_effect(
    tx: Transaction, tools: Tools, link: LinkRow, contents: dict[str, Any], client: ClientKind, caller: Caller
) -> Begun | None:
    account = await accounts.find(tx, tools.label_keys(contents["label"]), lock=True)
    if account is not None and account.id != contents["account_id"]:
        return None  # meanwhile the label has come to somebody else
    if not await use_link(tx, tools, link):
        return None
    if link.kind == LinkKind.EMAIL.value:
        account = await _change_email(tx, tools, account, contents)
    else:
        account = await _choose_password(tx, tools, account, contents)
    if account is None:
        return None
    begun = await begin(tx, tools, account, client, caller)
    await note_session(tx, tools, f"{link.kind}_CONFIRMED", begun, caller)
    return begun


async def _choose_password(
    tx: Transaction, tools: Tools, account: AccountRow | None, contents: dict[str, Any]
) -> AccountRow | None:
    if account is None and contents["account_id"] is not None:
        return None  # the account was closed after the link was sent
    if account is None:
        account = await _insert(tx, tools, contents)
        await write_notice(tx, tools, account, Notice.ACCOUNT_CREATED)
    else:
        now = tools.now()
        changes = {
            "password_hash": contents["password_hash"],
            "password_changed_at": now,
            "last_sign_in_at": now,
            "device_epoch": account.device_epoch + 1,
        }
        await accounts.change(tx, account.id, **changes)
        await sessions.end(tx, account.id, now)
        await write_notice(tx, tools, account, Notice.PASSWORD_CHANGED)
        account = replace(account, **changes)
    await lockout.release(tx, tools, contents["label"])
    await links.withdraw(tx, tools.label_keys(contents["label"]), tools.now())
    await _offer_email(tx, tools, account, contents)
    return account


async def _insert(tx: Transaction, tools: Tools, contents: dict[str, Any]) -> AccountRow:
    account_id, now = new_id(), tools.now()
    holder = Holder(
        contents["lease_reference"], contents["account_number"], contents["email_on_file"], Locale(contents["locale"])
    )
    account = AccountRow(
        id=account_id,
        label_key=tools.label_keys(contents["label"])[0],
        sealed=holder.seal(tools.secrets, account_id),
        password_hash=contents["password_hash"],
        name_hashes=contents["name_hashes"],
        holder_hashes=contents["holder_hashes"],
        device_epoch=0,
        created_at=now,
        password_changed_at=now,
        last_sign_in_at=now,
        recheck_at=now + DAY,
        closed_at=None,
    )
    await accounts.insert(tx, account)
    return account


async def _offer_email(tx: Transaction, tools: Tools, account: AccountRow, contents: dict[str, Any]) -> None:
    # The address typed into the form becomes the account's by a link of its own, sent only once the holder is known.
    typed = contents["email_typed"]
    holder = open_holder(tools.secrets, account)
    if typed is None or typed.casefold() == (holder.email or "").casefold():
        return
    offered = {"account_id": account.id, "email": typed}
    token = await issue_link(tx, tools, LinkKind.EMAIL, contents["label"], offered)
    link = link_address(tools.settings, CONFIRM_PATH, token)
    await write_mail(tx, tools, Invitation.CONFIRM_EMAIL, typed, holder.locale, account.label_key, link=link)


async def _change_email(
    tx: Transaction, tools: Tools, account: AccountRow | None, contents: dict[str, Any]
) -> AccountRow | None:
    if account is None:
        return None
    await write_notice(tx, tools, account, Notice.EMAIL_CHANGED)  # to the address that was the account's until now
    # What lies in the former mailbox opens nothing any more.
    await links.withdraw(tx, tools.label_keys(contents["label"]), tools.now())
    holder = open_holder(tools.secrets, account).with_email(contents["email"])
    changed = replace(account, sealed=holder.seal(tools.secrets, account.id))
    await accounts.change(tx, account.id, sealed=changed.sealed)
    return changed
