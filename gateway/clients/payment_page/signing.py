"""The protocol's signature: Base64 of HMAC-SHA-256 over the values of all `vads_` fields, sorted by name."""

import base64
import hmac
from collections.abc import Mapping
from typing import Final

SIGNED: Final = "vads_"
SIGNATURE: Final = "signature"


def sign(fields: Mapping[str, str], key: str) -> str:
    """The signature of the `vads_` fields, known or not; others do not count. The key is also the last value."""
    values = [value for name, value in sorted(fields.items()) if name.startswith(SIGNED)]
    message = "+".join([*values, key])
    return base64.b64encode(hmac.digest(key.encode(), message.encode(), "sha256")).decode()


def is_signed(fields: Mapping[str, str], key: str) -> bool:
    """Whether the field `signature` is right; takes as long whichever character is wrong."""
    return hmac.compare_digest(sign(fields, key).encode(), fields.get(SIGNATURE, "").encode())
