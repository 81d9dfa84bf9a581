"""Access tokens: short-lived JWTs signed with EdDSA, every claim required and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cachetools import TLRUCache

from gateway.accounts.signing_keys import ALGORITHM, SigningKeys
from gateway.clock import Clock
from gateway.moments import MINUTE, SECOND, milliseconds
from gateway.sealing import fingerprint, new_id

AUDIENCE: Final = "tenant-gateway"
TYPE: Final = "at+jwt"
LIFETIME: Final = 5 * MINUTE

_SKEW_SECONDS: Final = 10
_CACHED_SECONDS: Final = 60
_CLAIMS: Final = ("iss", "aud", "sub", "sid", "jti", "iat", "exp")
_CHECKED_BY_HAND: Final[Any] = {
    "verify_signature": True,
    **{f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")},
}


class TokenRefused(Exception):
    """A bearer token is not one of ours, or no longer. The text says which check failed and nothing of the token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says; `expires_at` in seconds."""

    account_id: str
    session_id: str
    expires_at: int


class TokenIssuer:
    """Issues tokens and verifies them; a verified one is remembered by its digest for a minute at most."""

    def __init__(self, keys: SigningKeys, clock: Clock, issuer: str) -> None:
        self.keys = keys
        self._clock = clock
        self._issuer = issuer
        self._verified: TLRUCache[str, Claims] = TLRUCache(
            10_000, ttu=_use_until, timer=lambda: self._now() / SECOND, getsizeof=None
        )

    async def issue_token(self, account_id: str, session_id: str) -> tuple[str, int]:
        """A token of five minutes, and when it expires (milliseconds)."""
        key = await self.keys.signing()
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
        remembered = self._verified.get(fingerprint(token))
        if remembered is not None:
            return remembered
        key = await self.keys.find(_read_kid(token))
        if key is None:
            raise TokenRefused("unknown key")
        try:
            claims = jwt.decode(token, key.public, [ALGORITHM], options=_CHECKED_BY_HAND)
        except jwt.PyJWTError as error:
            raise TokenRefused(type(error).__name__) from None
        verified = self._check(claims)
        self._verified[fingerprint(token)] = verified
        return verified

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

    def _now(self) -> int:
        return milliseconds(self._clock())


def _read_kid(token: str) -> str:
    if not token.isascii():
        raise TokenRefused("not a token")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError) as error:
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
