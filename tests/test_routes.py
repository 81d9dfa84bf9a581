"""Addresses that nothing answers to: they lead nowhere, whatever host a client names."""

import pytest

from tests.support import Gateway


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account/reset/"),
        ("GET", "/account/assets"),
        ("GET", "/healthz/"),
        ("POST", "/payments/notification/"),
        ("GET", "/graphql/"),
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_nearly_right(gateway: Gateway, method: str, path: str) -> None:
    headers = {"Host": "evil.example"}
    async with gateway.http.request(method, gateway.url + path, headers=headers, allow_redirects=False) as answer:
        assert (answer.status, answer.headers.get("Location")) == (404, None)
