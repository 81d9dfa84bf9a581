"""The keys that sign access tokens: in a table, sealed, one of them signing, the former ones trusted for a while."""

import base64
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.clock import Clock
from gateway.moments import MINUTE, milliseconds
from gateway.sealing import NotSealedHere, Secrets, new_id
from gateway.store import Store, keys
from gateway.store.rows import SigningKeyRow

ALGORITHM: Final = "EdDSA"
TRUST_AFTER_RETIREMENT: Final = 15 * MINUTE
"""Longer than a node that has not heard of a rotation signs with the old key, and its tokens live."""

_FRESH: Final = MINUTE
_SIGNED_WITH_UNCHECKED: Final = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair; `signs` for the one that signs now."""

    kid: str
    signs: bool
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


class SigningKeys:
    """What this process knows of the table. Other nodes' new keys are learned when their first token comes."""

    def __init__(self, store: Store, secrets: Secrets, clock: Clock) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._known: dict[str, SigningKey] = {}
        self._read_at: int | None = None

    async def signing(self) -> SigningKey:
        """The key that signs now; the first process makes it."""
        if self._is_older_than(_SIGNED_WITH_UNCHECKED):
            await self.refresh()
        if (found := self._signing()) is not None:
            return found
        async with self._store.write() as tx:
            await keys.add_active(tx, self._new_row())
        await self.refresh()
        if (found := self._signing()) is not None:
            return found
        # There is one, but it was sealed under a secret that is no longer in the list.
        await self.rotate()
        await self.refresh()
        return next(key for key in self._known.values() if key.signs)

    async def find(self, kid: str) -> SigningKey | None:
        """The trusted key of that id."""
        # An unknown key may be another node's newest; a forged one costs one look into the table, as forged cookies do.
        if self._is_older_than(_FRESH) or kid not in self._known:
            await self.refresh()
        return self._known.get(kid)

    async def rotate(self) -> str:
        """A new key signs from now on; tokens of the old one stay good. The new key's id."""
        row = self._new_row()
        async with self._store.write() as tx:
            await keys.retire_active(tx, row.created_at)
            await keys.add_active(tx, row)
        self._read_at = None
        return row.kid

    async def refresh(self) -> None:
        """Reads the table again, so that a rotation elsewhere is known here."""
        now = milliseconds(self._clock())
        async with self._store.read() as tx:
            rows = await keys.fetch_trusted(tx, now - TRUST_AFTER_RETIREMENT)
        self._known = {key.kid: key for key in map(self._opened, rows) if key is not None}
        self._read_at = now

    async def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys, for those who verify tokens themselves (RFC 7517, RFC 8037)."""
        await self.signing()
        return {"keys": [_public_jwk(key) for key in self._known.values()]}

    def _signing(self) -> SigningKey | None:
        return next((key for key in self._known.values() if key.signs), None)

    def _opened(self, row: SigningKeyRow) -> SigningKey | None:
        try:
            octets = bytes.fromhex(self._secrets.open("signing-keys", row.kid, row.sealed)["private"])
        except NotSealedHere:
            return None
        private = Ed25519PrivateKey.from_private_bytes(octets)
        return SigningKey(row.kid, row.active == 1, private, private.public_key())

    def _new_row(self) -> SigningKeyRow:
        private, kid = Ed25519PrivateKey.generate(), new_id()
        octets = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        sealed = self._secrets.seal("signing-keys", kid, {"private": octets.hex()})
        return SigningKeyRow(kid, 1, _x(private.public_key()), sealed, milliseconds(self._clock()), None)

    def _is_older_than(self, age: int) -> bool:
        return self._read_at is None or not 0 <= milliseconds(self._clock()) - self._read_at < age


def _public_jwk(key: SigningKey) -> dict[str, str]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": ALGORITHM,
        "kid": key.kid,
        "x": _x(key.public),
    }


def _x(public: Ed25519PublicKey) -> str:
    octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
