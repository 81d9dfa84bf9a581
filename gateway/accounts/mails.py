"""Mails: written into the outbox together with what they tell of, made readable when they are sent."""

from email.utils import formataddr
from enum import Enum
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gateway.accounts.holders import open_holder
from gateway.accounts.tools import Tools
from gateway.accounts.wording import written
from gateway.locale import translate
from gateway.models.mail import Mail
from gateway.models.money import Locale
from gateway.sealing import new_ordered_id
from gateway.settings import Settings
from gateway.store import Transaction, queues
from gateway.store.rows import AccountRow, OutboxRow

CONFIRM_PATH: Final = "/account/confirm"
RESET_PATH: Final = "/account/reset"


class Invitation(Enum):
    """Mails with a link that does something."""

    CONFIRM_ACCOUNT = "CONFIRM_ACCOUNT"
    CONFIRM_RECREATION = "CONFIRM_RECREATION"
    CONFIRM_EMAIL = "CONFIRM_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - the name of a mail


class Notice(Enum):
    """Mails that tell what has happened."""

    ACCOUNT_CREATED = "ACCOUNT_CREATED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - the name of a mail
    EMAIL_CHANGED = "EMAIL_CHANGED"
    LABEL_BLOCKED = "LABEL_BLOCKED"
    SESSION_REVOKED = "SESSION_REVOKED"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    LEASE_ENDED = "LEASE_ENDED"
    ASSISTANCE_ACCEPTED = "ASSISTANCE_ACCEPTED"
    ASSISTANCE_REFUSED = "ASSISTANCE_REFUSED"


async def write_notice(tx: Transaction, tools: Tools, account: AccountRow, notice: Notice) -> None:
    """Tells an account's holder; nothing where the account has no address."""
    holder = open_holder(tools.secrets, account)
    if holder.email:
        await write_mail(tx, tools, notice, holder.email, holder.locale, account.label_key)


async def write_mail(
    tx: Transaction,
    tools: Tools,
    template: Invitation | Notice,
    recipient: str,
    locale: Locale,
    label_key: str | None = None,
    **parameters: str,
) -> None:
    """A mail to send once the transaction is committed. Links and addresses are sealed meanwhile."""
    now = tools.now()
    mail_id = new_ordered_id(now)
    contents = {
        "recipient": recipient,
        "locale": locale.value,
        "parameters": {"at": written(tools.clock(), locale)} | parameters,
    }
    sealed = tools.secrets.seal("outbox", mail_id, contents)
    await queues.add_mail(tx, OutboxRow(mail_id, template.value, label_key, sealed, now, now, 0, None, None))


def link_address(settings: Settings, path: str, token: str) -> str:
    """A link of the configured public address; the token in the fragment, which browsers send to nobody."""
    return f"{settings.public_url}{path}#token={token}"


def render_mail(tools: Tools, row: OutboxRow) -> Mail:
    """The mail of an outbox row, in its reader's language."""
    contents = tools.secrets.open("outbox", row.id, row.sealed or "")
    locale = Locale(contents["locale"])
    parameters: dict[str, Any] = contents["parameters"]
    subject = translate(locale, f"mail.{row.template}.subject")
    link = parameters.get("link")
    values = {
        "language": locale.value.lower(),
        "subject": subject,
        "greeting": translate(locale, "mail.greeting"),
        "paragraphs": translate(locale, f"mail.{row.template}.body", **parameters).split("\n\n"),
        "link": link,
        "button": translate(locale, f"mail.{row.template}.button") if link else None,
        "link_lifetime": translate(locale, "mail.link_lifetime"),
        "link_hint": translate(locale, "mail.link_hint"),
        "signature": translate(locale, "mail.signature", landlord=tools.settings.landlord_name),
        "footer": translate(locale, "mail.footer"),
    }
    templates = _templates()
    return Mail(
        id=row.id,
        sender=_sender(tools.settings),
        recipient=contents["recipient"],
        subject=subject,
        text=templates.get_template("mail.txt.j2").render(values),
        html=templates.get_template("mail.html.j2").render(values),
        language=locale.value.lower(),
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("gateway.accounts"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _sender(settings: Settings) -> str:
    address = settings.mail_from or f"ne-pas-repondre@{urlsplit(settings.public_url).hostname}"
    return formataddr((settings.landlord_name, address))
