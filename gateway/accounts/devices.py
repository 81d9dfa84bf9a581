"""Device cookies: what a device that has signed in with a label shows to have a gate of its own for it."""

import secrets
from typing import Final

from gateway.accounts.moments import DAY
from gateway.accounts.tools import Tools

LIFETIME: Final = 365 * DAY
_PURPOSE: Final = "device-cookie"


def read_device(tools: Tools, label: str, cookie: str | None) -> str | None:
    """The device that the cookie names; None unless the cookie was made here, for that label, less than a year ago."""
    device, _, rest = (cookie or "").partition(".")
    made_at, _, signature = rest.partition(".")
    if not tools.secrets.proves(_PURPOSE, f"{label}/{device}/{made_at}", signature):
        return None
    return device if tools.now() < int(made_at) + LIFETIME else None


def write_device(tools: Tools, label: str, device: str | None) -> str:
    """A cookie for a device, known or new."""
    device = device or secrets.token_urlsafe(16)
    made_at = tools.now()
    return f"{device}.{made_at}.{tools.secrets.signature(_PURPOSE, f'{label}/{device}/{made_at}')}"
