"""Asking for an account, the first time or again: nothing is looked up and nothing is told before the answer."""

from gateway.accounts.lockout import GateState, Standing, label_gate, reserve_creation
from gateway.accounts.password_policy import find_violations
from gateway.accounts.passwords import HashingOverloaded
from gateway.accounts.shapes import read_birth_date, read_email, read_label, read_name, read_password
from gateway.accounts.signing_in import OVERLOADED
from gateway.accounts.tools import Tools
from gateway.accounts.words import name_words
from gateway.accounts.work import Task, add_task
from gateway.models.account import (
    AccountBlocked,
    AccountForm,
    AccountRequestAccepted,
    Caller,
    CreationOutcome,
    PasswordRejected,
    RateLimited,
)
from gateway.models.dates import civil_date
from gateway.store import events


async def create_account(tools: Tools, form: AccountForm, caller: Caller) -> CreationOutcome:
    """Keeps the request for the worker, who identifies the person and mails the contact. Raises BadUserInput."""
    label, password = read_label(form.account_label), read_password(form.password)
    last_name, first_name = read_name(form.last_name), read_name(form.first_name)
    birth_date = read_birth_date(form.birth_date, civil_date(tools.clock()))
    email = read_email(form.email)
    if (seconds := await tools.budgets.spend(caller.address, tools.now())) is not None:
        return RateLimited(seconds)
    tried = await reserve_creation(tools, label_gate(tools, label))
    if isinstance(tried, Standing):
        return _blocked(tried)
    blocks = tried.standing.state is GateState.BLOCKED
    personal = {label, *name_words(last_name, first_name), *name_words(tools.settings.landlord_name)}
    violations = find_violations(password, personal=personal)
    try:
        password_hash = None if violations else await tools.passwords.hash(password)
    except HashingOverloaded:
        if blocks:
            async with tools.store.write() as tx:
                await add_task(tx, tools, Task.TELL_BLOCKED, label, {})
        return OVERLOADED
    async with tools.store.write() as tx:
        kind = "CREATION_REQUESTED" if password_hash else "CREATION_REFUSED"
        await events.add(tx, kind, tools.now(), label_key=tried.keys.label_key, address=caller.address)
        if password_hash:
            contents = {
                "reserved_at": tried.at,
                "last_name": last_name,
                "first_name": first_name,
                "birth_date": birth_date and birth_date.isoformat(),
                "email": email,
                "password_hash": password_hash,
                "locale": caller.locale.value,
            }
            await add_task(tx, tools, Task.CREATE_ACCOUNT, label, contents)
        if blocks:
            await add_task(tx, tools, Task.TELL_BLOCKED, label, {})
    if not violations:
        return AccountRequestAccepted()
    return _blocked(tried.standing) if blocks else PasswordRejected(violations, tried.tries_left)


def _blocked(standing: Standing) -> AccountBlocked:
    refusal = standing.refusal
    assert isinstance(refusal, AccountBlocked)
    return refusal
