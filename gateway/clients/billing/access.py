"""Billing's tokens: every request carries one, and a refused one is replaced once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import aiohttp
import msgspec

from gateway.clients.base import Answer, Request, Upstream
from gateway.clients.billing import wire
from gateway.clients.billing.reading import decode
from gateway.clients.billing.refusals import Ko, raise_for_ko, refusal_error, status_error
from gateway.clients.shared_secret import SharedSecret
from gateway.sharing.kept_secrets import Keeper, Secret

A = TypeVar("A", Answer, aiohttp.ClientResponse)


class Access:
    """Sends requests with a token that all calls share, those of other processes too where a keeper is given."""

    def __init__(self, upstream: Upstream, url: str, *, user: str, secret: str, keeper: Keeper | None = None) -> None:
        self._upstream = upstream
        self._url = url
        self._user = user
        self._secret = secret
        self._token = SharedSecret(
            upstream.system,
            "creerJeton",
            self._create_token,
            upstream.clock,
            spare=1,
            lifetime=timedelta(seconds=900),
            keeper=keeper,
        )

    async def send(self, request: Request, send: Callable[[Request], Awaitable[A]]) -> A:
        """What `send` answers to the request with a token. One that is refused is replaced once."""
        token = await self._token.current()
        answer = await send(_authorised(request, token))
        if answer.status != 401:
            return answer
        if isinstance(answer, aiohttp.ClientResponse):
            answer.close()
        return await send(_authorised(request, await self._token.after(token)))

    async def _create_token(self) -> Secret:
        operation = "creerJeton"
        body = msgspec.json.encode({"identifiant": self._user, "secret": self._secret})
        headers = {"Content-Type": "application/json"}
        request = Request(operation, "POST", f"{self._url}/jetons", headers, body, urgent=True)

        async def attempt() -> wire.Jeton:
            answer = await self._upstream.send(request)
            if answer.status != 200:
                raise status_error(operation, answer)
            try:
                raise_for_ko(operation, answer.body)
            except Ko as ko:
                raise refusal_error(operation, ko.code) from None
            return decode(operation, answer.body, wire.Jeton)

        token = await self._upstream.ask(operation, attempt, repeatable=False)
        # Counted from the answer: the old one is dead before the new one is made. The whole landlord has two.
        return Secret(token.jeton, self._upstream.clock() + timedelta(seconds=token.expireDans))


def _authorised(request: Request, token: str) -> Request:
    headers = {**request.headers, "Authorization": f"Bearer {token}"}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return request._replace(headers=headers)
