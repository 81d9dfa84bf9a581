"""Requests for assistance: the form is kept, staff look at it, and accepting it opens the label again."""

import secrets
from dataclasses import asdict
from datetime import date
from enum import Enum
from typing import Any, Final

from gateway.accounts import lockout
from gateway.accounts.mails import Notice, write_mail
from gateway.accounts.shapes import (
    LONGEST_MESSAGE,
    LONGEST_PHONE,
    read_birth_date,
    read_email,
    read_label,
    read_name,
    read_text,
)
from gateway.accounts.tools import Tools
from gateway.errors import BadUserInput
from gateway.models.account import (
    AssistanceForm,
    AssistanceOutcome,
    AssistanceRequest,
    AssistanceRequested,
    AssistanceState,
    Caller,
    FormField,
    InvalidForm,
    RateLimited,
)
from gateway.models.dates import civil_date
from gateway.models.money import Locale
from gateway.moments import moment_of
from gateway.store import assistance, events
from gateway.store.rows import AssistanceRow

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are mistaken for one another


class Handled(Enum):
    """What came of accepting or refusing a request."""

    DONE = "DONE"
    UNKNOWN = "UNKNOWN"
    CLOSED_ALREADY = "CLOSED_ALREADY"


async def request_assistance(tools: Tools, form: AssistanceForm, caller: Caller) -> AssistanceOutcome:
    """Keeps the form for staff."""
    if (seconds := await tools.budgets.spend(caller.address, tools.now())) is not None:
        return RateLimited(seconds)
    read, wrong = _read(tools, form)
    if wrong:
        return InvalidForm(wrong)
    reference = "AS-" + "".join(secrets.choice(_LETTERS) for _ in range(8))
    contents = asdict(read) | {
        "birth_date": read.birth_date and read.birth_date.isoformat(),
        "locale": caller.locale.value,
    }
    label_key, now = tools.label_keys(read.account_label)[0], tools.now()
    sealed = tools.secrets.seal("assistance", reference, contents)
    async with tools.store.write() as tx:
        row = AssistanceRow(reference, AssistanceState.OPEN.value, label_key, sealed, now, None, None)
        await assistance.insert(tx, row)
        await events.add(tx, "ASSISTANCE_REQUESTED", now, label_key=label_key, address=caller.address)
    return AssistanceRequested(reference)


async def list_requests(tools: Tools, state: AssistanceState = AssistanceState.OPEN) -> tuple[AssistanceRequest, ...]:
    """The requests in a state, the oldest first."""
    async with tools.store.read() as tx:
        rows = await assistance.fetch_in_state(tx, state.value)
    return tuple(_present(tools, row) for row in rows)


async def accept(tools: Tools, reference: str, operator: str) -> Handled:
    """The person is who they say: the label is released, and a mail says that the account can be created again."""
    return await _handle(tools, reference, operator, AssistanceState.ACCEPTED, Notice.ASSISTANCE_ACCEPTED)


async def refuse(tools: Tools, reference: str, operator: str) -> Handled:
    """The person could not be identified: nothing is released, and a mail says how to go on."""
    return await _handle(tools, reference, operator, AssistanceState.REFUSED, Notice.ASSISTANCE_REFUSED)


async def _handle(tools: Tools, reference: str, operator: str, state: AssistanceState, notice: Notice) -> Handled:
    now = tools.now()
    async with tools.store.write() as tx:
        row = await assistance.fetch(tx, reference)
        if row is None or row.sealed is None:
            return Handled.UNKNOWN
        if not await assistance.close(tx, reference, state.value, now, operator):
            return Handled.CLOSED_ALREADY
        contents = tools.secrets.open("assistance", reference, row.sealed)
        if state is AssistanceState.ACCEPTED:
            await lockout.release(tx, tools, contents["account_label"])
        await events.add(tx, f"ASSISTANCE_{state.value}", now, label_key=row.label_key)
        if contents["email"]:
            locale = Locale(contents["locale"])
            await write_mail(tx, tools, notice, contents["email"], locale, row.label_key, reference=reference)
    return Handled.DONE


def _read(tools: Tools, form: AssistanceForm) -> tuple[AssistanceForm, tuple[FormField, ...]]:
    today = civil_date(tools.clock())
    readers: dict[FormField, Any] = {
        FormField.ACCOUNT_LABEL: lambda: read_label(form.account_label),
        FormField.LAST_NAME: lambda: read_name(form.last_name),
        FormField.FIRST_NAME: lambda: read_name(form.first_name),
        FormField.BIRTH_DATE: lambda: read_birth_date(form.birth_date, today),
        FormField.EMAIL: lambda: read_email(form.email) if form.email and form.email.strip() else None,
        FormField.PHONE: lambda: read_text(form.phone, LONGEST_PHONE),
        FormField.MESSAGE: lambda: read_text(form.message, LONGEST_MESSAGE),
    }
    read: dict[str, Any] = {}
    wrong = []
    for field, reader in readers.items():
        try:
            read[field.value.lower()] = reader()
        except BadUserInput:
            wrong.append(field)
    if not wrong and not read["email"] and not read["phone"]:
        wrong = [FormField.EMAIL, FormField.PHONE]  # one way to answer is needed
    return (form if wrong else AssistanceForm(**read)), tuple(wrong)


def _present(tools: Tools, row: AssistanceRow) -> AssistanceRequest:
    form = None
    if row.sealed is not None:
        contents = tools.secrets.open("assistance", row.reference, row.sealed)
        contents.pop("locale")
        contents["birth_date"] = contents["birth_date"] and date.fromisoformat(contents["birth_date"])
        form = AssistanceForm(**contents)
    return AssistanceRequest(
        reference=row.reference,
        state=AssistanceState(row.state),
        created_at=moment_of(row.created_at),
        closed_at=None if row.closed_at is None else moment_of(row.closed_at),
        form=form,
    )
