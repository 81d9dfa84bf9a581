"""What the account mutations are given."""

from datetime import date

import strawberry

from gateway.models.account import AccountForm, AssistanceForm, ClientKind
from gateway.schema.fields import described, plain

described(
    ClientKind,
    "What signs in.",
    WEB="A browser: a session cookie is set, no tokens are returned.",
    APP="An app: tokens are returned, no cookie is set.",
)
_LABEL = "Intitulé de compte, as printed on the lease; case and blanks do not matter."
_CLIENT = "WEB sets a session cookie; APP returns tokens."


@strawberry.input(description="Who signs in.")
class LogInInput:
    """Sign-in."""

    account_label: str = plain(_LABEL)
    password: str = plain("The password.")
    client: ClientKind = strawberry.field(default=ClientKind.WEB, description=_CLIENT)


@strawberry.input(description="Whose account is to be created, or created again.")
class CreateAccountInput:
    """Creation."""

    account_label: str = plain(_LABEL)
    last_name: str = plain("Last name of the principal lease holder.")
    first_name: str = plain("First name of the principal lease holder.")
    birth_date: date | None = strawberry.field(default=None, description="Date of birth; makes the check surer.")
    email: str = plain("Where mails are to go; asked to confirm by a link of its own.")
    password: str = plain("The password to be.")

    def form(self) -> AccountForm:
        """The model."""
        return AccountForm(
            account_label=self.account_label,
            last_name=self.last_name,
            first_name=self.first_name,
            email=self.email,
            password=self.password,
            birth_date=self.birth_date,
        )


@strawberry.input(description="The mailed link and the password given at creation.")
class ConfirmAccountInput:
    """Confirmation."""

    token: str = plain("The link's token: it stands in the fragment of the mailed address.")
    password: str = plain("The password given at creation, once more: whoever opens the link must be who chose it.")
    client: ClientKind = strawberry.field(default=ClientKind.WEB, description=_CLIENT)


@strawberry.input(description="Whose password is forgotten.")
class RequestPasswordResetInput:
    """Reset request."""

    account_label: str = plain(_LABEL)


@strawberry.input(description="The mailed link and a new password.")
class CompletePasswordResetInput:
    """Reset."""

    token: str = plain("The link's token: it stands in the fragment of the mailed address.")
    new_password: str = plain("The new password.")
    client: ClientKind = strawberry.field(default=ClientKind.WEB, description=_CLIENT)


@strawberry.input(description="The current password and a new one.")
class RenewPasswordInput:
    """Renewal."""

    current_password: str = plain("The current password.")
    new_password: str = plain("The new password.")


@strawberry.input(description="The token that gets the next pair.")
class RefreshSessionInput:
    """Refresh."""

    refresh_token: str = plain("The latest refresh token.")


@strawberry.input(description="The assistance form, for a blocked label that never had an account.")
class RequestAssistanceInput:
    """Assistance."""

    account_label: str = plain(_LABEL)
    last_name: str = plain("Last name of the principal lease holder.")
    first_name: str = plain("First name of the principal lease holder.")
    birth_date: date | None = strawberry.field(default=None, description="Date of birth.")
    email: str | None = strawberry.field(default=None, description="Mail address; this or a telephone number.")
    phone: str | None = strawberry.field(default=None, description="Telephone number; this or a mail address.")
    message: str | None = strawberry.field(default=None, description="Anything else; no password.")

    def form(self) -> AssistanceForm:
        """The model."""
        return AssistanceForm(
            account_label=self.account_label,
            last_name=self.last_name,
            first_name=self.first_name,
            birth_date=self.birth_date,
            email=self.email,
            phone=self.phone,
            message=self.message,
        )
