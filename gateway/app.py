"""The composition root: everything the gateway is made of, put together in reading order."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.account_pages import account_routes, mails_page
from gateway.accounts import Accounts, open_accounts
from gateway.accounts.sender import MailServer
from gateway.advice import load_advice
from gateway.clients.base import Upstream, open_http
from gateway.clients.billing import Billing
from gateway.clients.mail import PrintedMails, SmtpServer
from gateway.clients.property_management import PropertyManagement
from gateway.clock import Clock, system_clock
from gateway.context import Services
from gateway.endpoint import Endpoint
from gateway.graphiql import build_graphiql_page, graphiql_routes
from gateway.loaders import Loaders
from gateway.models.freshness import SourceSystem
from gateway.schema.root import build_schema, executable
from gateway.settings import Settings

PROPERTY_CONNECTIONS = 8  # calls at a time that property management takes from the whole landlord
BILLING_CONNECTIONS = 32


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
            accounts = await stack.enter_async_context(open_accounts(settings, clock))
            property_management = await stack.enter_async_context(open_property_management(settings, clock))
            billing = await stack.enter_async_context(open_billing(settings, clock))
            mails = mail_server or (SmtpServer(settings.smtp_url.get_secret_value()) if settings.smtp_url else None)
            await stack.enter_async_context(accounts.working(property_management, mails))
            services = Services(
                settings=settings,
                clock=clock,
                accounts=accounts,
                advice=load_advice(settings.advice_directory),
                upstream_health=(property_management.health, billing.health),
            )
            app.state.accounts = accounts
            app.state.endpoint = Endpoint(
                schema=executable(build_schema()),
                services=services,
                build_loaders=lambda: Loaders(property_management, billing),
                new_request_id=lambda: uuid.uuid4().hex,
                page=build_graphiql_page(demo_account) if settings.development else None,
            )
            yield

    return Starlette(routes=_routes(settings, mail_server, demo_account), lifespan=lifespan)


@asynccontextmanager
async def open_property_management(settings: Settings, clock: Clock) -> AsyncIterator[PropertyManagement]:
    """The client of property management; its session is closed at the end."""
    async with open_http(connections=PROPERTY_CONNECTIONS) as http:
        upstream = Upstream(
            SourceSystem.PROPERTY_MANAGEMENT, http, deadline_seconds=settings.upstream_deadline_seconds, clock=clock
        )
        client = PropertyManagement(
            upstream,
            settings.property_url,
            company=settings.property_company,
            user=settings.property_user,
            password=settings.property_password.get_secret_value(),
        )
        try:
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def open_billing(settings: Settings, clock: Clock) -> AsyncIterator[Billing]:
    """The client of billing."""
    async with open_http(connections=BILLING_CONNECTIONS) as http:
        upstream = Upstream(
            SourceSystem.BILLING, http, deadline_seconds=settings.upstream_deadline_seconds, clock=clock
        )
        yield Billing(
            upstream,
            settings.billing_url,
            user=settings.billing_user,
            secret=settings.billing_secret.get_secret_value(),
        )


def _routes(
    settings: Settings, mail_server: MailServer | None, demo_account: tuple[str, str] | None
) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/graphql", _GraphQL()),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/.well-known/jwks.json", _jwks),
        *account_routes(settings.landlord_name),
    ]
    if settings.development:
        routes += graphiql_routes(demo_account)
    if isinstance(mail_server, PrintedMails):
        routes.append(Route("/mails", mails_page(mail_server)))
    return routes


class _GraphQL:
    """The endpoint, which exists once the application has started; an object, so that every method reaches it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.endpoint(scope, receive, send)


async def _jwks(request: Request) -> Response:
    """The public keys of access tokens; asked for again after five minutes."""
    accounts: Accounts = request.app.state.accounts
    return JSONResponse(await accounts.jwks(), headers={"Cache-Control": "public, max-age=300"})


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _readyz(request: Request) -> Response:
    """Ready when the gateway's own database answers; a sick legacy system makes no node unready."""
    accounts: Accounts = request.app.state.accounts
    ready = await accounts.is_reachable()
    return JSONResponse({"database": "ready" if ready else "not ready"}, 200 if ready else 503)
