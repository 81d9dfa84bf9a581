"""Access tokens: short-lived JWTs signed with EdDSA by keys of which each node knows all that are trusted."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cachetools import TLRUCache
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.accounts.moments import MINUTE, SECOND, milliseconds
from gateway.accounts.sealing import NotSealedHere, Secrets, fingerprint, new_id
from gateway.accounts.store import Store, keys
from gateway.accounts.store.rows import SigningKeyRow
from gateway.clock import Clock

AUDIENCE: Final = "tenant-gateway"
ALGORITHM: Final = "EdDSA"
TYPE: Final = "at+jwt"
LIFETIME: Final = 5 * MINUTE
TRUST_AFTER_RETIREMENT: Final = 15 * MINUTE
"""Longer than a node that has not heard of a rotation signs with the old key, and its tokens live."""

_KEYS_FRESH: Final = MINUTE
_SIGNED_WITH_UNCHECKED: Final = 5 * MINUTE
_SKEW_SECONDS: Final = 10
_CACHED_SECONDS: Final = 60
_CLAIMS: Final = ("iss", "aud", "sub", "sid", "jti", "iat", "exp")
_OCTETS: Final = (Encoding.Raw, PrivateFormat.Raw, NoEncryption())


class TokenRefused(Exception):
    """A bearer token is not one of ours, or no longer. The text says which check failed and nothing of the token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says; `expires_at` in seconds."""

    account_id: str
    session_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Key:
    kid: str
    signs: bool
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


class TokenIssuer:
    """Issues and verifies tokens. Other nodes' new keys are learned when their first token comes."""

    def __init__(self, store: Store, secrets: Secrets, clock: Clock, issuer: str) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._issuer = issuer
        self._keys: dict[str, _Key] = {}
        self._loaded_at: int | None = None
        self._verified: TLRUCache[str, Claims] = TLRUCache(
            10_000, ttu=_use_until, timer=lambda: self._now() / SECOND, getsizeof=None
        )

    async def issue_token(self, account_id: str, session_id: str) -> tuple[str, int]:
        """A token of five minutes, and when it expires (milliseconds)."""
        key = await self._signing_key()
        issued = self._now() // SECOND
        expires = issued + LIFETIME // SECOND
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": account_id,
            "sid": session_id,
            "jti": new_id(),
            "iat": issued,
            "exp": expires,
        }
        token = jwt.encode(claims, key.private, ALGORITHM, headers={"typ": TYPE, "kid": key.kid})
        return token, expires * SECOND

    async def verify_token(self, token: str) -> Claims:
        """What the token says. Raises TokenRefused."""
        cached = self._verified.get(fingerprint(token))
        if cached is not None:
            return cached
        key = await self._find_key(_read_kid(token))
        if key is None:
            raise TokenRefused("unknown key")
        try:
            claims = jwt.decode(token, key.public, [ALGORITHM], options=_CHECKED_BY_HAND)
        except jwt.PyJWTError as error:
            raise TokenRefused(type(error).__name__) from None
        verified = self._check(claims)
        self._verified[fingerprint(token)] = verified
        return verified

    async def rotate(self) -> str:
        """A new key signs from now on; tokens of the old one stay good. The new key's id."""
        now = self._now()
        row = self._new_row(now)
        async with self._store.write() as tx:
            await keys.retire_active(tx, now)
            await keys.add_active(tx, row)
        self._loaded_at = None
        return row.kid

    async def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys, for those who verify tokens themselves (RFC 7517, RFC 8037)."""
        await self._signing_key()
        return {"keys": [_public_jwk(key) for key in self._keys.values()]}

    async def refresh_keys(self) -> None:
        """Reads the keys again, so that a rotation elsewhere is known here."""
        now = self._now()
        async with self._store.read() as tx:
            rows = await keys.fetch_trusted(tx, now - TRUST_AFTER_RETIREMENT)
        self._keys = {key.kid: key for key in map(self._opened, rows) if key is not None}
        self._loaded_at = now

    def _check(self, claims: Mapping[str, Any]) -> Claims:
        # By hand, because the clock is injected and because every claim is required in its exact form.
        for name in _CLAIMS:
            kind = int if name in {"iat", "exp"} else str
            if type(claims.get(name)) is not kind or claims[name] == "":
                raise TokenRefused(f"{name} is missing or malformed")
        if claims["iss"] != self._issuer or claims["aud"] != AUDIENCE:
            raise TokenRefused("issued elsewhere or for others")
        now = self._now()
        if claims["exp"] * SECOND <= now:
            raise TokenRefused("expired")
        if claims["iat"] > now // SECOND + _SKEW_SECONDS:
            raise TokenRefused("not yet valid")
        return Claims(claims["sub"], claims["sid"], claims["exp"])

    async def _signing_key(self) -> _Key:
        if self._is_older_than(_SIGNED_WITH_UNCHECKED):
            await self.refresh_keys()
        signing = next((key for key in self._keys.values() if key.signs), None)
        if signing is None:
            async with self._store.write() as tx:
                await keys.add_active(tx, self._new_row(self._now()))
            await self.refresh_keys()
            signing = next((key for key in self._keys.values() if key.signs), None)
        if signing is None:  # there is one, but it was sealed under a secret that is no longer in the list
            await self.rotate()
            await self.refresh_keys()
            signing = next(key for key in self._keys.values() if key.signs)
        return signing

    async def _find_key(self, kid: str) -> _Key | None:
        # An unknown key may be another node's newest; a forged one costs one look into the table, as forged cookies do.
        if self._is_older_than(_KEYS_FRESH) or kid not in self._keys:
            await self.refresh_keys()
        return self._keys.get(kid)

    def _opened(self, row: SigningKeyRow) -> _Key | None:
        try:
            octets = bytes.fromhex(self._secrets.open("signing-keys", row.kid, row.sealed)["private"])
        except NotSealedHere:
            return None
        private = Ed25519PrivateKey.from_private_bytes(octets)
        return _Key(row.kid, row.active == 1, private, private.public_key())

    def _new_row(self, now: int) -> SigningKeyRow:
        private = Ed25519PrivateKey.generate()
        kid = new_id()
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        sealed = self._secrets.seal("signing-keys", kid, {"private": private.private_bytes(*_OCTETS).hex()})
        return SigningKeyRow(kid, 1, public, sealed, now, None)

    def _is_older_than(self, age: int) -> bool:
        return self._loaded_at is None or not 0 <= self._now() - self._loaded_at < age

    def _now(self) -> int:
        return milliseconds(self._clock())


_CHECKED_BY_HAND: Final[Any] = {
    "verify_signature": True,
    **{f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")},
}


def _read_kid(token: str) -> str:
    if not token.isascii():
        raise TokenRefused("not a token")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenRefused(type(error).__name__) from None
    if header.get("typ") != TYPE:
        raise TokenRefused("not an access token")
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("another algorithm")
    # We understand no extension, so a token that insists on one is not for us; keys come from our table only.
    if set(header) != {"typ", "alg", "kid"} or not isinstance(header["kid"], str):
        raise TokenRefused("unexpected header")
    kid: str = header["kid"]
    return kid


def _use_until(_: str, claims: Claims, now: float) -> float:
    return min(float(claims.expires_at), now + _CACHED_SECONDS)


def _public_jwk(key: _Key) -> dict[str, str]:
    octets = key.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": ALGORITHM,
        "kid": key.kid,
        "x": base64.urlsafe_b64encode(octets).decode().rstrip("="),
    }
