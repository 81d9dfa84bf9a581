"""`assistance`: the requests of people whose label is blocked and never had an account, for operators."""

import argparse
import asyncio
import getpass

from gateway.accounts import Accounts, open_accounts
from gateway.accounts.assistance import Handled
from gateway.clock import system_clock
from gateway.commands import CommandError
from gateway.models.account import AssistanceRequest
from gateway.models.dates import PARIS
from gateway.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Lists open requests, or accepts or refuses one; mails go out with the serving gateway's sender."""
    return asyncio.run(_handle(options))


async def _handle(options: argparse.Namespace) -> int:
    async with open_accounts(load_settings(), system_clock) as accounts:
        if options.action == "list":
            return await _list(accounts)
        handle = accounts.accept_assistance if options.action == "accept" else accounts.refuse_assistance
        match await handle(options.reference, options.operator or getpass.getuser()):
            case Handled.UNKNOWN:
                raise CommandError(f"there is no request {options.reference}")
            case Handled.CLOSED_ALREADY:
                raise CommandError(f"request {options.reference} is closed already")
        print(f"{options.reference}: {options.action} done")
        return 0


async def _list(accounts: Accounts) -> int:
    requests = await accounts.list_assistance()
    for request in requests:
        print(_described(request))
    if not requests:
        print("no open requests")
    return 0


def _described(request: AssistanceRequest) -> str:
    lines = [f"{request.reference}   {request.created_at.astimezone(PARIS):%d/%m/%Y %H:%M}"]
    if (form := request.form) is not None:
        born = f"{form.birth_date:%d/%m/%Y}" if form.birth_date else "not given"
        lines += [
            f"  account label  {form.account_label}",
            f"  name           {form.first_name} {form.last_name}, born {born}",
            f"  e-mail, phone  {form.email or '-'}, {form.phone or '-'}",
        ]
        lines += [f"  {line}" for line in (form.message or "").splitlines()]
    return "\n".join(lines)
