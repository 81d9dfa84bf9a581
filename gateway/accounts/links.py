"""Mailed links: 256 random bits of which the database keeps a digest, once usable, for an hour, the newest only."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from gateway.accounts.shapes import LONGEST_TYPED
from gateway.accounts.tools import Tools
from gateway.moments import HOUR, MINUTE
from gateway.sealing import fingerprint, new_id, new_token
from gateway.store import Transaction, links
from gateway.store.rows import LinkRow

LIFETIME: Final = HOUR
MAILED_EVERY: Final = 5 * MINUTE
"""A link so young stands for every request that comes meanwhile: no label is mailed one more often."""
PASSWORD_TRIES: Final = 5
"""How often the password chosen at creation may be mistyped with one link."""


class LinkKind(Enum):
    """What a link is for."""

    CREATION = "CREATION"
    RESET = "RESET"
    EMAIL = "EMAIL"


async def issue_link(tx: Transaction, tools: Tools, kind: LinkKind, label: str, contents: Mapping[str, Any]) -> str:
    """A new link's token; earlier links of its kind are dead."""
    token, link_id, now = new_token(), new_id(), tools.now()
    keys = tools.label_keys(label)
    row = LinkRow(
        id=link_id,
        kind=kind.value,
        label_key=keys[0],
        token_hash=fingerprint(token),
        sealed=tools.secrets.seal("link", link_id, {"label": label} | dict(contents)),
        created_at=now,
        expires_at=now + LIFETIME,
        tries=0,
        used_at=None,
        superseded_at=None,
    )
    await links.issue(tx, row, keys)
    return token


async def find_recent(tx: Transaction, tools: Tools, kind: LinkKind, label_keys: tuple[str, ...]) -> LinkRow | None:
    """The link of that kind which the label was mailed a few minutes ago, where it can still be used."""
    now = tools.now()
    return await links.find_newest(tx, label_keys, kind.value, now - MAILED_EVERY, now)


async def find_link(tools: Tools, token: str) -> LinkRow | None:
    """The link of a token, where it can be used; none of its tries is spent."""
    if len(token) > LONGEST_TYPED:
        return None
    async with tools.store.read() as tx:
        return await links.find(tx, fingerprint(token), tools.now())


async def try_link(tools: Tools, token: str) -> LinkRow | None:
    """The link of a token, where it can be used and has a try left; that try is spent when this returns."""
    if len(token) > LONGEST_TYPED:
        return None
    async with tools.store.write() as tx:
        return await links.try_once(tx, fingerprint(token), tools.now(), PASSWORD_TRIES)


async def use_link(tx: Transaction, tools: Tools, link: LinkRow) -> bool:
    """Uses a link up; true for one caller only."""
    return await links.use(tx, link.id, tools.now())


def open_link(tools: Tools, link: LinkRow) -> dict[str, Any]:
    """What was sealed in the link's row."""
    return tools.secrets.open("link", link.id, link.sealed)
