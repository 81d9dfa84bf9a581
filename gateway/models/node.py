"""Ids that are unique across the graph: opaque to front ends, `kind:key` to the gateway."""

import base64
import binascii

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def node_id(kind: str, key: str) -> str:
    """The id of the thing of that kind with that key."""
    encoded = binascii.b2a_base64(f"{kind}:{key}".encode(), newline=False)
    return encoded.rstrip(b"=").translate(_URL_SAFE).decode()


def parse_node_id(text: str) -> tuple[str, str] | None:
    """Kind and key; None for anything that `node_id` did not make."""
    try:
        kind, separator, key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (kind, key) if separator and node_id(kind, key) == text else None
