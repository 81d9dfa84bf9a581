"""Who is behind a bearer token or a session cookie, with what each process may remember of it for a moment."""

from dataclasses import dataclass
from typing import Final

from cachetools import TTLCache

from gateway.accounts.sessions import LIFETIMES, principal_of
from gateway.accounts.tokens import TokenRefused
from gateway.accounts.tools import Tools
from gateway.errors import Unauthenticated
from gateway.models.account import ClientKind
from gateway.models.principal import Principal
from gateway.moments import MINUTE, SECOND
from gateway.sealing import fingerprint
from gateway.store import sessions
from gateway.store.rows import SessionRow

REMEMBERED: Final = 5 * SECOND
"""A session that another node has ended may be read with for so long where its news do not come; never changed with."""
SESSIONS_ENDED: Final = "sessions-ended"
"""The news that sessions have ended: whichever they are, nobody should be remembered."""
TOUCHED_EVERY: Final = MINUTE
"""A browser's session is noted to be in use no more often than this."""


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    open_until: int


class Principals:
    """Looks sessions up. `changing` asks the database, whatever is remembered."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._known: TTLCache[str, _Known] = TTLCache(10_000, REMEMBERED, timer=tools.now)
        tools.news.hear(SESSIONS_ENDED, lambda _: self.forget())

    async def for_bearer(self, token: str, *, changing: bool = False) -> Principal:
        """The principal of an access token. Raises Unauthenticated."""
        try:
            claims = await self._tools.tokens.verify_token(token)
        except TokenRefused:
            raise Unauthenticated from None
        known = None if changing else self._recall(claims.session_id)
        if known is None:
            known = await self._look_up(ClientKind.APP, session_id=claims.session_id)
        if known is None or known.account_id != claims.account_id:
            raise Unauthenticated
        return known

    async def for_cookie(self, cookie: str, *, changing: bool = False) -> Principal:
        """The principal of a session cookie. Raises Unauthenticated."""
        cookie_hash = fingerprint(cookie)
        known = None if changing else self._recall(cookie_hash)
        if known is None:
            known = await self._look_up(ClientKind.WEB, cookie_hash=cookie_hash)
        if known is None:
            raise Unauthenticated
        return known

    def forget(self) -> None:
        """What is remembered may have ended."""
        self._known.clear()

    def _recall(self, key: str) -> Principal | None:
        known = self._known.get(key)
        return known.principal if known is not None and self._tools.now() < known.open_until else None

    async def _look_up(
        self, client: ClientKind, *, session_id: str | None = None, cookie_hash: str | None = None
    ) -> Principal | None:
        now = self._tools.now()
        async with self._tools.store.read() as tx:
            found = await sessions.fetch_with_account(
                tx, LIFETIMES, now, session_id=session_id, cookie_hash=cookie_hash
            )
        if found is None or found[0].client != client.value:
            return None
        session, account = found
        if client is ClientKind.WEB and now - session.last_used_at >= TOUCHED_EVERY:
            async with self._tools.store.write() as tx:
                await sessions.touch(tx, session.id, now)
        principal = principal_of(self._tools, session, account)
        self._known[session_id or cookie_hash or ""] = _Known(principal, _open_until(session))
        return principal


def _open_until(session: SessionRow) -> int:
    if session.client == ClientKind.WEB.value:
        return min(session.last_used_at + LIFETIMES.web_idle, session.created_at + LIFETIMES.web_total)
    return min(session.last_used_at + LIFETIMES.app_idle, session.created_at + LIFETIMES.app_total)
