"""The signature of the protocol: every ``vads_`` field, sorted by name, under HMAC-SHA-256."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def sign(fields: Mapping[str, str], key: str) -> str:
    """The signature: the values of all ``vads_`` fields in order of their names, and the key, joined with ``+``."""
    values = [fields[name] for name in sorted(fields) if name.startswith("vads_")]
    text = "+".join([*values, key])
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def is_signed(fields: Mapping[str, str], key: str) -> bool:
    """Whether the ``signature`` among the fields is theirs."""
    return hmac.compare_digest(fields.get("signature", "").encode(), sign(fields, key).encode())


def signed(fields: Mapping[str, str], key: str) -> dict[str, str]:
    """The fields with their signature."""
    return {**fields, "signature": sign(fields, key)}
