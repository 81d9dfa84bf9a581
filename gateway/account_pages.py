"""Small pages: the two that mailed links open, the assistance form, and the demo's mails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.accounts.wording import describe_rule
from gateway.clients.mail import PrintedMails
from gateway.locale import translate
from gateway.models.account import PasswordRule
from gateway.models.money import Locale
from gateway.negotiation import caller_locale

# Name in the mutation's input, type, autocomplete, required.
_ASSISTANCE_FIELDS: Final = (
    ("accountLabel", "text", "off", True),
    ("lastName", "text", "family-name", True),
    ("firstName", "text", "given-name", True),
    ("birthDate", "date", "bday", False),
    ("email", "email", "email", False),
    ("phone", "tel", "tel", False),
    ("message", "textarea", "off", False),
)
PAGES: Final = Path(__file__).parent / "pages"
_ENVIRONMENT: Final = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def account_routes(landlord_name: str) -> list[BaseRoute]:
    """The pages and their assets."""
    return [
        Route("/account/confirm", _page("confirm", "account.html.j2", landlord_name)),
        Route("/account/reset", _page("reset", "account.html.j2", landlord_name)),
        Route("/assistance", _page("assistance", "assistance.html.j2", landlord_name)),
        Mount("/account/assets", StaticFiles(directory=PAGES / "assets")),
    ]


def mails_page(kept: PrintedMails) -> Callable[[Request], Response]:
    """The mails of a gateway without mail server, newest first; for the demo."""
    template = _ENVIRONMENT.get_template("mails.html.j2")

    def render(_: Request) -> Response:
        return HTMLResponse(template.render(mails=kept.mails), headers=_HEADERS)

    return render


def _page(kind: str, template_name: str, landlord_name: str) -> Callable[[Request], Response]:
    template = _ENVIRONMENT.get_template(template_name)

    def render(request: Request) -> Response:
        locale = caller_locale(request.headers.get("accept-language"))
        lang = locale.value.lower()
        html = template.render(
            kind=kind,
            lang=lang,
            landlord=landlord_name,
            t=lambda message_id: translate(locale, message_id),
            rules=[{"rule": rule.value, "label": describe_rule(rule, locale)} for rule in PasswordRule],
            fields=_ASSISTANCE_FIELDS,
            texts=_texts(kind, lang, locale),
        )
        return HTMLResponse(html, headers={**_HEADERS, "Vary": "Accept-Language"})

    return render


def _texts(kind: str, lang: str, locale: Locale) -> Markup:
    texts = {
        "kind": kind,
        "lang": lang,
        "done": translate(locale, f"page.{kind}.done") if kind != "assistance" else "",
        "failed": translate(locale, "page.failed"),
        "incomplete": translate(locale, "page.incomplete"),
    }
    # Nothing of a caller's is in it, and what would end the script element is written otherwise.
    return Markup(json.dumps(texts).replace("<", "\\u003c"))  # noqa: S704
