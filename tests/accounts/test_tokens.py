"""Access tokens: what is refused, line by line, and rotating keys without signing anybody out."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.accounts.tokens import AUDIENCE, TYPE
from gateway.errors import Unauthenticated
from gateway.models.account import SessionRefreshed

from .conftest import Gateway

Opener = Callable[..., Awaitable[Gateway]]


class Forge:
    """Makes tokens with the gateway's own key, or wrong in one respect."""

    def __init__(self, gateway: Gateway, good: str) -> None:
        self.claims: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
        self.header = jwt.get_unverified_header(good)
        self.key: Any = next(key.private for key in gateway.accounts.tools.tokens.keys._known.values())

    def make(self, *, without: str = "", header: dict[str, Any] | None = None, **changes: Any) -> str:
        claims = {name: value for name, value in (self.claims | changes).items() if name != without}
        headers = {name: value for name, value in (self.header | (header or {})).items() if value is not None}
        return self.sign(claims, headers)

    def sign(self, claims: Any, headers: dict[str, Any] | None = None) -> str:
        signed = ".".join(_part(each) for each in (headers or self.header, claims))
        return f"{signed}.{_encoded(self.key.sign(signed.encode()))}"

    def make_with(self, algorithm: str, key: Any) -> str:
        headers = {"typ": TYPE, "kid": self.header["kid"]}
        return jwt.encode(self.claims, key, algorithm, headers=headers)


def _part(contents: Any) -> str:
    return _encoded(json.dumps(contents).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unsigned(forge: Forge) -> str:
    return f"{_part(forge.header | {'alg': 'none'})}.{_part(forge.claims)}."


def _by_public_key(forge: Forge) -> str:
    public = forge.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signed = f"{_part(forge.header | {'alg': 'HS256'})}.{_part(forge.claims)}"
    import hashlib
    import hmac

    return f"{signed}.{_encoded(hmac.digest(public, signed.encode(), hashlib.sha256))}"


def _with_header(forge: Forge, header: bytes) -> str:
    return ".".join([_encoded(header), *forge.make().split(".")[1:]])


def _next_spelling(token: str) -> str:
    """The same bytes: the last letter holds two bits of the signature and four that mean nothing."""
    assert token[-1] in "AQgw"
    return token[:-1] + chr(ord(token[-1]) + 1)


def _with_another_letter(token: str) -> str:
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "alg none": _unsigned,
    "HS256 with the public key": _by_public_key,
    "another key, our kid": lambda forge: forge.make_with("EdDSA", Ed25519PrivateKey.generate()),
    **{
        f"no {claim}": (lambda forge, claim=claim: forge.make(without=claim))  # type: ignore[misc]
        for claim in ("exp", "aud", "iss", "sub", "jti", "sid", "iat")
    },
    "typ JWT": lambda forge: forge.make(header={"typ": "JWT"}),
    "no typ": lambda forge: forge.make(header={"typ": None}),
    "unknown crit": lambda forge: forge.make(header={"crit": ["b64"], "b64": True}),
    "unknown kid": lambda forge: forge.make(header={"kid": "0" * 32}),
    "no kid": lambda forge: forge.make(header={"kid": None}),
    "kid is a list": lambda forge: forge.make(header={"kid": ["x"]}),
    "a key of its own": lambda forge: forge.make(header={"jwk": {"kty": "OKP"}}),
    "foreign issuer": lambda forge: forge.make(iss="https://elsewhere.example"),
    "foreign audience": lambda forge: forge.make(aud="elsewhere"),
    "audience among others": lambda forge: forge.make(aud=[AUDIENCE, "elsewhere"]),
    "expired just now": lambda forge: forge.make(exp=forge.claims["iat"]),
    "expired within a usual leeway": lambda forge: forge.make(exp=forge.claims["iat"] - 5),
    "expired long ago": lambda forge: forge.make(exp=forge.claims["iat"] - 3_600),
    "issued in the future": lambda forge: forge.make(iat=forge.claims["iat"] + 60),
    "exp is text": lambda forge: forge.make(exp=str(forge.claims["exp"])),
    "exp is true": lambda forge: forge.make(exp=True),
    "exp is no number": lambda forge: forge.make(exp=float("nan")),
    "sub is a number": lambda forge: forge.make(sub=1),
    "sub is empty": lambda forge: forge.make(sub=""),
    "jti is empty": lambda forge: forge.make(jti=""),
    "another account": lambda forge: forge.make(sub="0" * 32),
    "another session": lambda forge: forge.make(sid="0" * 32),
    "empty": lambda _: "",
    "not a token": lambda _: "abc",
    "dots": lambda _: "..",
    "a header nested without end": lambda _: f"{_encoded(b'[' * 40_000)}.e30.AA",
    "an unknown header nested without end": lambda forge: _with_header(forge, b'{"a":' + b"[" * 40_000),
    "a header that is no text": lambda forge: _with_header(forge, b'{"typ":"\xff"}'),
    "garbage": lambda _: "\ud800é.x.y",
    "garbage behind a good header": lambda forge: ".".join([*forge.make().split(".")[:1], "\ud800é", "AA"]),
    "claims that are a list": lambda forge: forge.sign([]),
    "no claims": lambda forge: forge.sign(""),
    "a part too many": lambda forge: f"{forge.make()}.AA",
    "a part too few": lambda forge: forge.make().rpartition(".")[0],
    "no signature": lambda forge: forge.make().rpartition(".")[0] + ".",
    "half a signature": lambda forge: forge.make()[:-43],
    "a signature of impossible length": lambda forge: f"{forge.make()}AAA",
    "the signature spelled with padding": lambda forge: f"{forge.make()}==",
    "the signature spelled with a line feed": lambda forge: f"{forge.make()}\n",
    "the signature spelled with other idle bits": lambda forge: _next_spelling(forge.make()),
    "changed by one letter": lambda forge: _with_another_letter(forge.make()),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgeries_are_refused(gateway: Gateway, name: str) -> None:
    await gateway.add_account()
    tokens = (await gateway.signed_in()).tokens
    assert tokens
    forge = Forge(gateway, tokens.access_token)
    await gateway.accounts.principal_for_bearer(forge.make())  # the forge itself is good
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(FORGERIES[name](forge))


async def test_a_token_lives_for_five_minutes_also_when_remembered(gateway: Gateway) -> None:
    await gateway.add_account()
    tokens = (await gateway.signed_in()).tokens
    assert tokens and tokens.access_token_expires_at - gateway.clock() == timedelta(minutes=5)
    gateway.clock.forward(minutes=5, milliseconds=-1)
    await gateway.accounts.principal_for_bearer(tokens.access_token)
    gateway.clock.forward(milliseconds=1)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(tokens.access_token)


async def test_published_keys_verify_tokens_and_hold_nothing_private(gateway: Gateway) -> None:
    await gateway.add_account()
    tokens = (await gateway.signed_in()).tokens
    published = await gateway.accounts.jwks()
    assert tokens and len(published["keys"]) == 1
    assert set(published["keys"][0]) == {"kty", "crv", "use", "alg", "kid", "x"}
    key = jwt.PyJWK(published["keys"][0])
    claims = jwt.decode(tokens.access_token, key, ["EdDSA"], options={"verify_exp": False}, audience=AUDIENCE)
    assert claims["iss"] == "https://tenants.example"


async def test_rotating_keys_signs_nobody_out_on_any_node(open_gateway: Opener) -> None:
    first, second = await open_gateway(), await open_gateway()
    await first.add_account()
    old = (await first.signed_in()).tokens
    assert old
    await second.accounts.principal_for_bearer(old.access_token)
    kid = await first.accounts.rotate_keys()
    new = (await first.signed_in()).tokens
    assert new and jwt.get_unverified_header(new.access_token)["kid"] == kid
    for node in (first, second):
        await node.accounts.principal_for_bearer(old.access_token)
        await node.accounts.principal_for_bearer(new.access_token)
        assert len((await node.accounts.jwks())["keys"]) == 2
    refreshed = await second.accounts.refresh_session(old.refresh_token, second.caller)
    assert isinstance(refreshed, SessionRefreshed)
    first.clock.forward(minutes=15)
    assert [each["kid"] for each in (await first.accounts.jwks())["keys"]] == [kid]


async def test_nodes_that_start_together_agree_on_one_key(open_gateway: Opener) -> None:
    import asyncio

    nodes = [await open_gateway() for _ in range(3)]
    published = await asyncio.gather(*(node.accounts.jwks() for node in nodes))
    assert len({each["keys"][0]["kid"] for each in published}) == 1


async def test_a_new_secret_key_keeps_sessions_links_and_lockouts(open_gateway: Opener) -> None:
    old_key, new_key = "old-secret-key-" * 3, "new-secret-key-" * 3
    before = await open_gateway(secret_key=old_key)
    await before.add_account()
    signed_in = await before.signed_in()
    tokens = signed_in.tokens
    await before.request_reset()
    link = await before.mailed_token()
    await before.sign_in("wrong")
    await before.sign_in("wrong")
    after = await open_gateway(secret_key=f"{new_key}, {old_key}")
    held = await after.sign_in("wrong")
    assert type(held).__name__ == "PasswordAttemptsExhausted"
    assert tokens
    assert await after.accounts.principal_for_bearer(tokens.access_token) == signed_in.principal
    assert isinstance(await after.accounts.refresh_session(tokens.refresh_token, after.caller), SessionRefreshed)
    assert type(await after.reset(link)).__name__ == "SignedIn"


async def test_without_the_old_secret_key_there_is_a_new_signing_key(open_gateway: Opener) -> None:
    before = await open_gateway(secret_key="old-secret-key-" * 3)
    kid = (await before.accounts.jwks())["keys"][0]["kid"]
    after = await open_gateway(secret_key="new-secret-key-" * 3)
    assert (await after.accounts.jwks())["keys"][0]["kid"] != kid
