"""All that is secret, derived from GATEWAY_SECRET_KEY by purpose; the first key signs, each of them is believed."""

import base64
import hashlib
import hmac
import itertools
import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12
_written = itertools.count()


class NotSealedHere(Exception):
    """Something sealed cannot be opened with any of the keys, or belongs elsewhere."""


class Secrets:
    """Keyed digests and seals."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._masters = tuple(key.encode() for key in keys)
        self._keys = cache(self._derive)
        self._ciphers = cache(lambda purpose: tuple(AESGCM(key) for key in self._keys(purpose)))

    def digest(self, purpose: str, message: str) -> str:
        """The keyed digest of a message, as hexadecimal digits."""
        return self.digests(purpose, message)[0]

    def digests(self, purpose: str, message: str) -> tuple[str, ...]:
        """The digest under each key, the signing one first."""
        return tuple(hmac.digest(key, _octets(message), "sha256").hex() for key in self._keys(purpose))

    def signature(self, purpose: str, message: str) -> str:
        """A digest for what people carry: short to write, for cookies and tokens."""
        return _encode(hmac.digest(self._keys(purpose)[0], _octets(message), "sha256"))

    def proves(self, purpose: str, message: str, signature: str) -> bool:
        """Whether one of the keys made that signature."""
        given = _octets(signature)
        known = [_encode(hmac.digest(key, _octets(message), "sha256")).encode() for key in self._keys(purpose)]
        return any(hmac.compare_digest(given, each) for each in known)

    def seal(self, purpose: str, about: str, contents: Mapping[str, Any]) -> str:
        """Encrypts JSON; `about` (the row's id) ties it to its place."""
        plain = json.dumps(contents, ensure_ascii=False, separators=(",", ":")).encode()
        return _encode(self.seal_bytes(purpose, about, plain))

    def seal_bytes(self, purpose: str, about: str, plain: bytes) -> bytes:
        """Encrypts bytes; `about` ties them to their place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._ciphers(purpose)[0].encrypt(nonce, plain, about.encode())

    def open(self, purpose: str, about: str, sealed: str) -> dict[str, Any]:
        """What was sealed. Raises NotSealedHere."""
        try:
            box = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        except ValueError as error:
            raise NotSealedHere from error
        contents: dict[str, Any] = json.loads(self.open_bytes(purpose, about, box))
        return contents

    def open_bytes(self, purpose: str, about: str, box: bytes) -> bytes:
        """What was sealed as bytes. Raises NotSealedHere."""
        for cipher in self._ciphers(purpose):
            try:
                return cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], about.encode())
            except (InvalidTag, ValueError):
                continue
        raise NotSealedHere

    def _derive(self, purpose: str) -> tuple[bytes, ...]:
        return tuple(hmac.digest(master, f"tenant-gateway/{purpose}".encode(), "sha256") for master in self._masters)


def new_token() -> str:
    """256 random bits for a link or a cookie."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """128 random bits that name something."""
    return secrets.token_hex(16)


def new_ordered_id(now: int) -> str:
    """An id for a row of a queue; the rows that one process writes come in the order of their ids."""
    return f"{now:012x}{next(_written) % 0x1_0000_0000:08x}{secrets.token_hex(6)}"


def fingerprint(token: str) -> str:
    """The SHA-256 of a token that is random itself, so that it need not be kept."""
    return hashlib.sha256(_octets(token)).hexdigest()


def _octets(text: str) -> bytes:
    # JSON can hold halves of characters; they must make no difference but that nothing fits them.
    return text.encode("utf-8", "surrogatepass")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
