"""The composition root: everything the gateway is made of, put together in reading order."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.account_pages import account_routes, mails_page
from gateway.accounts import Accounts, open_accounts
from gateway.accounts.sender import MailServer
from gateway.advice import load_advice
from gateway.background import Bell, repeating
from gateway.clients.mail import PrintedMails, SmtpServer
from gateway.clock import Clock, system_clock
from gateway.context import Services
from gateway.document_route import DocumentEndpoint, document_route
from gateway.endpoint import Endpoint
from gateway.graphiql import build_graphiql_page, graphiql_routes
from gateway.loaders import Loaders
from gateway.models.principal import Principal
from gateway.notice_documents import NoticeDocuments
from gateway.payment_notification import notification_route
from gateway.payments import Payments
from gateway.payments import Tools as PaymentTools
from gateway.probes import probe_routes
from gateway.schema.root import build_schema, executable
from gateway.security_headers import SecurityHeaders
from gateway.settings import Settings
from gateway.sharing.opening import open_sharing
from gateway.tracing import open_tracing
from gateway.upstreams import build_snapshots, open_billing, open_property_management, warming_up

SWEPT_EVERY_SECONDS = 1_800
"""What may not be kept any longer is dropped within the hour."""
ACCOUNT_CHANGED = "account-changed"
"""News to all nodes: what is known of a rent account is not fresh any more."""


def create_app(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    mail_server: MailServer | None = None,
    demo_account: tuple[str, str] | None = None,
) -> Starlette:
    """The ASGI application. Legacy systems are not asked at start; the database must be there and migrated.

    Mails go to `mail_server` where one is given, else to the settings' one, else they wait.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(open_tracing(settings.traces_url, version("tenant-gateway")))
            sharing = await stack.enter_async_context(open_sharing(settings, clock))
            accounts = await stack.enter_async_context(open_accounts(settings, clock, sharing))
            property_management = await stack.enter_async_context(open_property_management(settings, clock, sharing))
            billing = await stack.enter_async_context(open_billing(settings, clock, sharing))
            await stack.enter_async_context(sharing.nodes.beating())
            snapshots = build_snapshots(settings, clock, property_management, billing, sharing)
            stack.push_async_callback(snapshots.close)
            await stack.enter_async_context(
                repeating("memory", snapshots.sweep, Bell(), every_seconds=SWEPT_EVERY_SECONDS)
            )
            sharing.news.hear(
                ACCOUNT_CHANGED, lambda number: snapshots.end_account(number.decode()) if number else None
            )
            await stack.enter_async_context(sharing.news.listening())
            mails = mail_server or (SmtpServer(settings.smtp_url.get_secret_value()) if settings.smtp_url else None)
            await stack.enter_async_context(accounts.working(property_management, mails))
            own = accounts.tools

            def account_changed(account_number: str) -> None:
                sharing.news.tell(ACCOUNT_CHANGED, account_number.encode())

            payments = Payments(PaymentTools(settings, clock, own.store, own.secrets, billing, account_changed))
            await stack.enter_async_context(payments.working())
            if settings.warm_up_at:
                await stack.enter_async_context(warming_up(settings, clock, accounts, snapshots, sharing))

            def new_loaders(renewing: Principal | None = None) -> Loaders:
                """Those of a request; for who wants the own values anew, they are read anew, once a minute."""
                not_before = snapshots.renew(renewing.account_number) if renewing else None
                return Loaders(snapshots, until=_now() + settings.request_deadline_seconds, not_before=not_before)

            services = Services(
                settings=settings,
                clock=clock,
                accounts=accounts,
                payments=payments,
                documents=NoticeDocuments(accounts, billing),
                advice=load_advice(settings.advice_directory),
                upstream_health=(property_management.health, billing.health),
            )
            app.state.accounts = accounts
            app.state.upstream_health = services.upstream_health
            app.state.payments = payments
            app.state.documents = DocumentEndpoint(services, new_loaders)
            app.state.endpoint = Endpoint(
                schema=executable(build_schema()),
                services=services,
                build_loaders=new_loaders,
                new_request_id=_request_ids(),
                page=build_graphiql_page(demo_account) if settings.development else None,
            )
            yield

    routes = _routes(settings, mail_server, demo_account)
    return _App(https=settings.public_origin.startswith("https:"), routes=routes, lifespan=lifespan)


def _request_ids() -> Callable[[], str]:
    """Ids that differ, which is all they need: no secret, and not worth a call of the system each."""
    draw = random.Random(secrets.randbits(256)).getrandbits  # noqa: S311
    return lambda: f"{draw(128):032x}"


def _now() -> float:
    return asyncio.get_running_loop().time()


def _routes(
    settings: Settings, mail_server: MailServer | None, demo_account: tuple[str, str] | None
) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        *probe_routes(settings.scraping_networks),
        Route("/.well-known/jwks.json", _jwks),
        *account_routes(settings.landlord_name),
        notification_route(),
        document_route(),
    ]
    if settings.development:
        routes += graphiql_routes(demo_account)
    if isinstance(mail_server, PrintedMails):
        routes.append(Route("/mails", mails_page(mail_server)))
    return routes


class _App(Starlette):
    """GraphQL goes straight to its endpoint, whatever the method: Starlette's way there costs as much as a look-up."""

    def __init__(self, *, https: bool, **options: Any) -> None:
        super().__init__(middleware=[Middleware(SecurityHeaders, https=https)], **options)
        self.router.redirect_slashes = False  # its redirects repeat the Host that a client sends, and say http
        self._graphql = SecurityHeaders(self._ask, https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self._graphql(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _ask(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        scope["app"] = self
        endpoint: Endpoint = self.state.endpoint
        return endpoint(scope, receive, send)


async def _jwks(request: Request) -> Response:
    """The public keys of access tokens; asked for again after five minutes."""
    accounts: Accounts = request.app.state.accounts
    return JSONResponse(await accounts.jwks(), headers={"Cache-Control": "public, max-age=300"})
