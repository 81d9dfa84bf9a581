"""Whose word on the caller's address is believed."""

from typing import Any

import pytest

from gateway.callers import Asked, read_caller
from gateway.settings import Settings


def request(peer: str, *forwarded: str) -> Asked:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": headers, "client": (peer, 1)}

    async def receive() -> Any:
        raise AssertionError

    return Asked(scope, receive)


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        ("", "192.0.2.9", [], "192.0.2.9"),
        ("", "127.0.0.1", ["6.6.6.6"], "127.0.0.1"),
        ("10.0.0.0/8", "192.0.2.9", ["6.6.6.6"], "192.0.2.9"),
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["6.6.6.6, 203.0.113.9, 10.2.2.2"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.1.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.0/8", "10.1.1.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.0/8", "10.1.1.1", ["nonsense"], "10.1.1.1"),
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.9, unknown"], "10.1.1.1"),
    ],
)
def test_the_trusted_proxies_word_alone(proxies: str, peer: str, forwarded: list[str], address: str) -> None:
    networks = Settings.model_construct(trusted_proxies=proxies).trusted_networks
    assert read_caller(request(peer, *forwarded), networks).address == address
