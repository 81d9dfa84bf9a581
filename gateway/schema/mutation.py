"""The root of all changes."""

import strawberry

from gateway.context import Context
from gateway.resolvers import account as resolvers
from gateway.resolvers.payment import start_rent_payment
from gateway.schema import inputs, outcomes
from gateway.schema.fields import fetched, plain
from gateway.schema.payment import StartRentPaymentInput

# They look at a secret or cost a try: each stands alone in its operation, or one request could hold a hundred.
ALONE = frozenset(
    {
        "logIn",
        "createAccount",
        "confirmAccount",
        "requestPasswordReset",
        "completePasswordReset",
        "renewPassword",
        "refreshSession",
        "requestAssistance",
    }
)
_INPUT = "What is asked for."


async def _log_in(context: Context, _: object, input: inputs.LogInInput) -> object:  # noqa: A002
    return await resolvers.log_in(context, input.account_label, input.password, input.client)


async def _create_account(context: Context, _: object, input: inputs.CreateAccountInput) -> object:  # noqa: A002
    return await resolvers.create_account(context, input.form())


async def _confirm_account(context: Context, _: object, input: inputs.ConfirmAccountInput) -> object:  # noqa: A002
    return await resolvers.confirm_account(context, input.token, input.password, input.client)


async def _request_reset(context: Context, _: object, input: inputs.RequestPasswordResetInput) -> object:  # noqa: A002
    return await resolvers.request_password_reset(context, input.account_label)


async def _complete_reset(context: Context, _: object, input: inputs.CompletePasswordResetInput) -> object:  # noqa: A002
    return await resolvers.complete_password_reset(context, input.token, input.new_password, input.client)


async def _renew_password(context: Context, _: object, input: inputs.RenewPasswordInput) -> object:  # noqa: A002
    return await resolvers.renew_password(context, input.current_password, input.new_password)


async def _refresh_session(context: Context, _: object, input: inputs.RefreshSessionInput) -> object:  # noqa: A002
    return await resolvers.refresh_session(context, input.refresh_token)


async def _request_assistance(context: Context, _: object, input: inputs.RequestAssistanceInput) -> object:  # noqa: A002
    return await resolvers.request_assistance(context, input.form())


async def _start_rent_payment(context: Context, _: object, input: StartRentPaymentInput) -> object:  # noqa: A002
    return await start_rent_payment(context, input.amount, input.due_notice_id, input.return_url, input.idempotency_key)


async def _log_out(context: Context, _: object) -> "LogOutPayload":
    return LogOutPayload(ended=await resolvers.log_out(context))


async def _log_out_everywhere(context: Context, _: object) -> "LogOutPayload":
    return LogOutPayload(ended=await resolvers.log_out_everywhere(context))


async def _end_session(context: Context, _: object, id: str) -> "LogOutPayload":  # noqa: A002
    return LogOutPayload(ended=await resolvers.end_session(context, id))


@strawberry.type(description="Signed out.")
class LogOutPayload:
    """Signed out."""

    ended: bool = plain("True where a session has ended.")


@strawberry.type(description="What can be changed. What looks at a secret must be the only field of its operation.")
class Mutation:
    """The mutation root."""

    log_in: outcomes.LogInResult = fetched(_log_in, "Signs in.", input=_INPUT)
    log_out: LogOutPayload = fetched(_log_out, "Ends this session.")
    log_out_everywhere: LogOutPayload = fetched(_log_out_everywhere, "Ends every session of the account.")
    end_session: LogOutPayload = fetched(
        _end_session, "Ends one session of the account.", id="One of `account.sessions`."
    )
    refresh_session: outcomes.RefreshSessionResult = fetched(_refresh_session, "New tokens for an app.", input=_INPUT)
    create_account: outcomes.CreateAccountResult = fetched(
        _create_account, "First creation, and re-creation after too many wrong passwords.", input=_INPUT
    )
    confirm_account: outcomes.ConfirmAccountResult = fetched(
        _confirm_account, "Makes a creation effective, by the mailed link.", input=_INPUT
    )
    request_password_reset: outcomes.RequestPasswordResetResult = fetched(
        _request_reset, "« J'ai oublié mon mot de passe »: a link goes to the contact on file.", input=_INPUT
    )
    complete_password_reset: outcomes.CompletePasswordResetResult = fetched(
        _complete_reset, "Sets a new password, by the mailed link, and signs in.", input=_INPUT
    )
    renew_password: outcomes.RenewPasswordResult = fetched(
        _renew_password, "At the anniversary of the account, or whenever the tenant wishes.", input=_INPUT
    )
    request_assistance: outcomes.RequestAssistanceResult = fetched(
        _request_assistance, "The assistance form for a blocked label that never had an account.", input=_INPUT
    )
    start_rent_payment: outcomes.StartRentPaymentResult = fetched(
        _start_rent_payment, "Takes the tenant to the landlord's payment page.", calls=2, input=_INPUT
    )
