"""What machines ask a node: whether it lives, whether it may be sent requests, what it counts."""

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway import metrics
from gateway.accounts import Accounts
from gateway.clients.health import Health
from gateway.models.service import SystemStatus

DATABASE_SECONDS: Final = 2.0
"""Who probes waits no longer than this for the database."""
# Who comes through a proxy is not who stands at the other end of the connection.
_SIGNS_OF_A_PROXY: Final = ("x-forwarded-for", "forwarded", "x-real-ip")


def probe_routes(scrapers: Sequence[IPv4Network | IPv6Network]) -> list[BaseRoute]:
    """`/healthz`, `/readyz` and `/metrics`; the last for scrapers of those networks that come without a proxy."""

    async def metrics_page(request: Request) -> Response:
        if not _may_scrape(request, scrapers):
            return PlainTextResponse("Not Found", 404)
        await _tell_database(request.app.state.accounts)
        text = await asyncio.to_thread(metrics.exposition)
        return Response(text, media_type=metrics.CONTENT_TYPE)

    return [Route("/healthz", _healthz), Route("/readyz", _readyz), Route("/metrics", metrics_page)]


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _readyz(request: Request) -> Response:
    """Ready when the gateway's own database answers; a sick legacy system makes no node unready.

    While a process leaves, its server answers instead (commands/listening.py): 503.
    """
    state = request.app.state
    health: tuple[Health, ...] = state.upstream_health
    systems = {each.status.system.value: _shown(each.status) for each in health}
    ready = await _database_answers(state.accounts)
    parts = {"ready": ready, "database": "ready" if ready else "not ready", "legacySystems": systems}
    return JSONResponse(parts, 200 if ready else 503)


def _shown(status: SystemStatus) -> dict[str, Any]:
    return {"state": status.state.value, "since": status.since.isoformat() if status.since else None}


async def _database_answers(accounts: Accounts) -> bool:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            return await accounts.is_reachable()
    except TimeoutError:
        return False


async def _tell_database(accounts: Accounts) -> None:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await accounts.tell_queues()
    except Exception:  # whatever a driver raises; the other metrics are told all the same
        metrics.database_answers(False)
    else:
        metrics.database_answers(True)


def _may_scrape(request: Request, scrapers: Sequence[IPv4Network | IPv6Network]) -> bool:
    if request.client is None or any(sign in request.headers for sign in _SIGNS_OF_A_PROXY):
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    return any(address in network for network in scrapers)
