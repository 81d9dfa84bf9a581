"""Sessions of property management: four at most, dead after 20 idle minutes and at 22:00."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.simulator.windows import last_evening

MAXIMUM_OPEN: Final = 4
VALIDITY_MINUTES: Final = 20


@dataclass(slots=True)
class Paging:
    """What a CleReprise stands for."""

    operation: str
    criteria: tuple[str, ...]
    start: int


@dataclass(slots=True)
class Session:
    """An open session; its paging keys live as long as it does."""

    token: str
    last_used: datetime
    pages: dict[str, Paging] = field(default_factory=dict)


class Sessions:
    """The open sessions of the one identifiant."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def open(self, now: datetime, *, nights: bool) -> Session | None:
        """A new session; None when there are four."""
        if self.count(now, nights=nights) >= MAXIMUM_OPEN:
            return None
        session = Session(secrets.token_hex(12).upper(), now)
        self._open[session.token] = session
        return session

    def use(self, token: str | None, now: datetime, *, nights: bool) -> Session | None:
        """The session of a token, its idle time begun anew; None when it is dead."""
        self._bury(now, nights=nights)
        session = self._open.get(token or "")
        if session is not None:
            session.last_used = now
        return session

    def close(self, token: str | None) -> None:
        """Ends a session."""
        self._open.pop(token or "", None)

    def count(self, now: datetime, *, nights: bool) -> int:
        """How many are open."""
        self._bury(now, nights=nights)
        return len(self._open)

    def _bury(self, now: datetime, *, nights: bool) -> None:
        oldest = now - timedelta(minutes=VALIDITY_MINUTES)
        evening = last_evening(now) if nights else None
        for token, session in list(self._open.items()):
            if session.last_used <= oldest or (evening is not None and session.last_used < evening):
                del self._open[token]
