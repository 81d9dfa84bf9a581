"""`POST /payments/notification`: what the payment page reports. 200 means that it is stored; else it comes again."""

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.payments import Payments
from gateway.payments.notification import Taken
from gateway.presenting import log_unexpected

MAX_BYTES: Final = 32_768
"""Many times what the page sends."""

_STATUSES: Final = {
    Taken.STORED: 200,
    Taken.MALFORMED: 400,
    Taken.SIGNATURE_INVALID: 403,
    Taken.ORDER_UNKNOWN: 404,
    Taken.ORDER_DIFFERS: 409,
    Taken.NOT_AVAILABLE: 503,
}


def notification_route() -> Route:
    """The route; the application's state holds `payments` once it has started."""
    return Route("/payments/notification", _take, methods=["POST"])


async def _take(request: Request) -> Response:
    if not _is_form(request.headers.get("content-type", "")):
        return _answer(415, "UNSUPPORTED_MEDIA_TYPE")
    payments: Payments = request.app.state.payments
    body = bytearray()
    try:
        async with asyncio.timeout(payments.tools.settings.slow_client_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    return _answer(413, "PAYLOAD_TOO_LARGE", Connection="close")
    except ClientDisconnect:
        return Response(status_code=499)
    except TimeoutError:
        return _answer(408, "REQUEST_TIMEOUT", Connection="close")
    try:
        taken = await payments.take_notification(bytes(body))
    except Exception as error:  # the database is away, or a bug: the page must come again
        log_unexpected(error, "payment notification")
        return _answer(503, "NOT_STORED")
    return _answer(_STATUSES[taken], taken.value)


def _is_form(content_type: str) -> bool:
    media_type, _, rest = content_type.partition(";")
    charset = rest.strip().lower()
    known = charset in {"", "charset=utf-8", 'charset="utf-8"'}
    return media_type.strip().lower() == "application/x-www-form-urlencoded" and known


def _answer(status: int, code: str, **headers: str) -> Response:
    return JSONResponse({"code": code}, status, headers={"Cache-Control": "no-store", **headers})
