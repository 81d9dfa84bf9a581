"""Billing's tokens: two alive at most, dead 900 seconds after their creation, used or not."""

import secrets
from datetime import datetime, timedelta
from typing import Final

LIFETIME_SECONDS: Final = 900
MAXIMUM_ALIVE: Final = 2


class Tokens:
    """The tokens of the one identifiant."""

    def __init__(self) -> None:
        self._created: dict[str, datetime] = {}

    def issue(self, now: datetime) -> tuple[str, bool]:
        """A new token, and whether a living one was revoked for it."""
        self._bury(now)
        revoked = len(self._created) >= MAXIMUM_ALIVE
        if revoked:
            self.revoke(next(iter(self._created)))
        token = secrets.token_urlsafe(24)
        self._created[token] = now
        return token, revoked

    def is_alive(self, token: str, now: datetime) -> bool:
        """Whether a token is accepted."""
        self._bury(now)
        return token in self._created

    def revoke(self, token: str) -> None:
        """Ends a token."""
        self._created.pop(token, None)

    def count(self, now: datetime) -> int:
        """How many are alive."""
        self._bury(now)
        return len(self._created)

    def _bury(self, now: datetime) -> None:
        oldest = now - timedelta(seconds=LIFETIME_SECONDS)
        for token, created in list(self._created.items()):
            if created <= oldest:
                del self._created[token]
