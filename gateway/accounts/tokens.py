"""Access tokens: short-lived JWTs signed with EdDSA, every claim required and checked."""

import base64
from typing import Annotated, Final, TypeVar

import jwt
import msgspec
from cachetools import TLRUCache
from cryptography.exceptions import InvalidSignature

from gateway.accounts.signing_keys import ALGORITHM, SigningKeys
from gateway.clock import Clock
from gateway.moments import MINUTE, SECOND, milliseconds
from gateway.sealing import fingerprint, new_id

AUDIENCE: Final = "tenant-gateway"
TYPE: Final = "at+jwt"
LIFETIME: Final = 5 * MINUTE

_SKEW_SECONDS: Final = 10
_CACHED_SECONDS: Final = 60

T = TypeVar("T")


class TokenRefused(Exception):
    """A bearer token is not one of ours, or no longer. The text says which check failed and nothing of the token."""


_Filled = Annotated[str, msgspec.Meta(min_length=1)]


class Claims(msgspec.Struct, frozen=True):
    """What a verified token says: every claim required and of exactly this type; moments in seconds."""

    issuer: _Filled = msgspec.field(name="iss")
    audience: _Filled = msgspec.field(name="aud")
    account_id: _Filled = msgspec.field(name="sub")
    session_id: _Filled = msgspec.field(name="sid")
    token_id: _Filled = msgspec.field(name="jti")
    issued_at: int = msgspec.field(name="iat")
    expires_at: int = msgspec.field(name="exp")


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    # We understand no extension, so a token that insists on one is not for us; keys come from our table only.
    typ: str
    alg: str
    kid: str


_HEADER: Final = msgspec.json.Decoder(_Header)
_CLAIMS: Final = msgspec.json.Decoder(Claims)


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
        if not token.isascii():
            raise TokenRefused("not a token")
        digest = fingerprint(token)
        remembered = self._verified.get(digest)
        if remembered is not None:
            return remembered
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        key = await self.keys.find(_read_kid(header))
        if key is None:
            raise TokenRefused("unknown key")
        try:
            key.public.verify(_decoded_signature(signature), signed.encode())
        except InvalidSignature:
            raise TokenRefused("signed by another") from None
        claims = _read(_CLAIMS, payload)
        self._check(claims)
        self._verified[digest] = claims
        return claims

    def _check(self, claims: Claims) -> None:
        # By hand, because the clock is injected.
        if claims.issuer != self._issuer or claims.audience != AUDIENCE:
            raise TokenRefused("issued elsewhere or for others")
        now = self._now()
        if claims.expires_at * SECOND <= now:
            raise TokenRefused("expired")
        if claims.issued_at > now // SECOND + _SKEW_SECONDS:
            raise TokenRefused("not yet valid")

    def _now(self) -> int:
        return milliseconds(self._clock())


def _read_kid(segment: str) -> str:
    header = _read(_HEADER, segment)
    if header.typ != TYPE:
        raise TokenRefused("not an access token")
    if header.alg != ALGORITHM:
        raise TokenRefused("another algorithm")
    return header.kid


def _read(decoder: msgspec.json.Decoder[T], segment: str) -> T:
    try:
        return decoder.decode(_decoded(segment))
    except (ValueError, msgspec.DecodeError) as error:
        raise TokenRefused(type(error).__name__) from None


def _decoded_signature(segment: str) -> bytes:
    try:
        signature = _decoded(segment)
    except ValueError:
        raise TokenRefused("not a signature") from None
    # Base64 can write the same bytes in many ways; header and payload are signed as they are written, this is not.
    if base64.urlsafe_b64encode(signature).rstrip(b"=") != segment.encode():
        raise TokenRefused("not a signature")
    return signature


def _decoded(segment: str) -> bytes:
    """The bytes of unpadded Base64. Raises ValueError."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _use_until(_: str, claims: Claims, now: float) -> float:
    return min(float(claims.expires_at), now + _CACHED_SECONDS)
