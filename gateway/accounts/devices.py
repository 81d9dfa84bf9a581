"""Device cookies: what a device that has signed in with a label shows to have a gate of its own for it.

A cookie names the account and how often its password had changed; after the next change it is worth nothing.
"""

import secrets
from typing import Final

from gateway.accounts.tools import Tools
from gateway.moments import DAY
from gateway.store import accounts

LIFETIME: Final = 365 * DAY
_PURPOSE: Final = "device-cookie"
_PARTS: Final = 5


async def find_device(tools: Tools, label: str, cookie: str | None) -> str | None:
    """The device that the cookie names; None unless it was made here, for that label and its present password.

    The account is looked up for cookies only that were made here: whoever shows one has known the password before.
    """
    parts = (cookie or "").split(".")
    if len(parts) != _PARTS:
        return None
    device, account_id, epoch, made_at, signature = parts
    if not tools.secrets.proves(_PURPOSE, _signed(label, device, account_id, epoch, made_at), signature):
        return None
    if tools.now() >= int(made_at) + LIFETIME:
        return None
    async with tools.store.read() as tx:
        account = await accounts.find(tx, tools.label_keys(label))
    return device if account and (account.id, str(account.device_epoch)) == (account_id, epoch) else None


def write_device(tools: Tools, label: str, device: str | None, account_id: str, epoch: int) -> str:
    """A cookie for a device, known or new."""
    device = device or secrets.token_urlsafe(16)
    parts = (device, account_id, str(epoch), str(tools.now()))
    return ".".join((*parts, tools.secrets.signature(_PURPOSE, _signed(label, *parts))))


def _signed(label: str, device: str, account_id: str, epoch: str, made_at: str) -> str:
    return f"{label}/{device}/{account_id}/{epoch}/{made_at}"
