"""The on-line account: sign-in and everything around it, by way of the accounts service."""

from typing import TypeVar

from gateway.context import Context, tenant_of
from gateway.errors import Forbidden
from gateway.models.account import (
    Account,
    AccountForm,
    AssistanceForm,
    AssistanceOutcome,
    ClientKind,
    ConfirmationOutcome,
    CreationOutcome,
    RefreshOutcome,
    RenewalOutcome,
    ResetOutcome,
    ResetRequestOutcome,
    Session,
    SignedIn,
    SignInOutcome,
)
from gateway.models.tenant import Tenant

T = TypeVar("T")


async def log_in(context: Context, label: str, password: str, client: ClientKind) -> SignInOutcome:
    """Signs in; a browser gets a cookie."""
    _refuse_other_sites(context, client)
    outcome = await context.services.accounts.sign_in(label, password, client, context.caller)
    return _entered(context, client, outcome)


async def create_account(context: Context, form: AccountForm) -> CreationOutcome:
    """Takes in a creation or re-creation."""
    return await context.services.accounts.create_account(form, context.caller)


async def confirm_account(context: Context, token: str, password: str, client: ClientKind) -> ConfirmationOutcome:
    """Makes a creation effective."""
    _refuse_other_sites(context, client)
    outcome = await context.services.accounts.confirm_account(token, password, client, context.caller)
    return _entered(context, client, outcome)


async def request_password_reset(context: Context, label: str) -> ResetRequestOutcome:
    """Has a link mailed."""
    return await context.services.accounts.request_password_reset(label, context.caller)


async def complete_password_reset(context: Context, token: str, password: str, client: ClientKind) -> ResetOutcome:
    """Sets a password by link."""
    _refuse_other_sites(context, client)
    outcome = await context.services.accounts.complete_password_reset(token, password, client, context.caller)
    return _entered(context, client, outcome)


async def renew_password(context: Context, current: str, new: str) -> RenewalOutcome:
    """Changes the password of the account that is signed in."""
    return await context.services.accounts.renew_password(context.signed_in, current, new, context.caller)


async def refresh_session(context: Context, refresh_token: str) -> RefreshOutcome:
    """New tokens for an app."""
    return await context.services.accounts.refresh_session(refresh_token, context.caller)


async def request_assistance(context: Context, form: AssistanceForm) -> AssistanceOutcome:
    """Stores the assistance form."""
    return await context.services.accounts.request_assistance(form, context.caller)


async def log_out(context: Context) -> bool:
    """Ends this session."""
    await context.services.accounts.log_out(context.signed_in, context.caller)
    context.cookies.session_ended = True
    return True


async def log_out_everywhere(context: Context) -> bool:
    """Ends every session of the account."""
    await context.services.accounts.log_out_everywhere(context.signed_in, context.caller)
    context.cookies.session_ended = True
    return True


async def end_session(context: Context, session_id: str) -> bool:
    """Ends one session of the account; false where there is none of that id."""
    principal = context.signed_in
    if session_id != principal.session_id:
        context.require_whole_session()
    ended = await context.services.accounts.end_session(principal, session_id, context.caller)
    context.cookies.session_ended = session_id == principal.session_id
    return ended


async def resolve_account(context: Context, _: Tenant) -> Account:
    """The account that is signed in."""
    context.require_whole_session()
    return await context.services.accounts.account_of(context.signed_in)


async def resolve_sessions(context: Context, _: Account) -> tuple[Session, ...]:
    """The account's devices."""
    return await context.services.accounts.list_sessions(context.signed_in)


def resolve_signed_in_me(context: Context, _: SignedIn) -> Tenant:
    """The tenant who has just signed in: the keys are there even while a renewal is due, what they lead to is not."""
    return tenant_of(context.signed_in)


def resolve_assistance_form_url(context: Context, _: object) -> str:
    """Where the assistance form is."""
    settings = context.services.settings
    return settings.assistance_url or f"{settings.public_url}/assistance"


def _refuse_other_sites(context: Context, client: ClientKind) -> None:
    """A page of another site must not sign a browser in (login CSRF)."""
    if client is ClientKind.WEB and not context.from_own_site:
        raise Forbidden("csrf")


def _entered(context: Context, client: ClientKind, outcome: T) -> T:
    if isinstance(outcome, SignedIn):
        context.principal = outcome.principal
        if client is ClientKind.WEB:
            context.cookies.signed_in(outcome)
    return outcome
