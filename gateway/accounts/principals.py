"""Who is behind a bearer token or a session cookie, with what each process may remember of it for a moment."""

from collections.abc import Collection, Mapping
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
from gateway.store.gathering import Gathering
from gateway.store.rows import SessionRow
from gateway.store.sessions import Found

REMEMBERED: Final = 5 * SECOND
"""A session that another node has ended may be read with for so long where its news do not come; never changed with."""
SESSIONS_ENDED: Final = "sessions-ended"
"""The news that sessions have ended: whichever they are, nobody should be remembered."""
TOUCHED_EVERY: Final = MINUTE
"""A browser's session is noted to be in use no more often than this."""
NOTED_FIRST: Final = 10 * MINUTE
"""A session with no longer left than this is noted before the answer, others soon after it, many together."""
SOON_SECONDS: Final = 1.0
"""So long browsers' notes gather."""


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    open_until: int


class Principals:
    """Looks sessions up. `changing` asks the database, whatever is remembered."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._known: TTLCache[str, _Known] = TTLCache(10_000, REMEMBERED, timer=tools.now)
        self._times_forgotten = 0
        self._by_id = sessions.find_by_id(tools.store)
        self._by_cookie = sessions.find_by_cookie(tools.store)
        self._notes = tools.store.gathering(self._note_in_use)
        self._notes_for_soon = tools.store.gathering(self._note_in_use, pause_seconds=SOON_SECONDS)
        tools.news.hear(SESSIONS_ENDED, lambda _: self.forget())

    async def for_bearer(self, token: str, *, changing: bool = False) -> Principal:
        """The principal of an access token. Raises Unauthenticated."""
        try:
            claims = await self._tools.tokens.verify_token(token)
        except TokenRefused:
            raise Unauthenticated from None
        known = None if changing else self._recall(claims.session_id)
        if known is None:
            known = await self._look_up(ClientKind.APP, self._by_id, claims.session_id)
        if known is None or known.account_id != claims.account_id:
            raise Unauthenticated
        return known

    async def for_cookie(self, cookie: str, *, changing: bool = False) -> Principal:
        """The principal of a session cookie. Raises Unauthenticated."""
        cookie_hash = fingerprint(cookie)
        known = None if changing else self._recall(cookie_hash)
        if known is None:
            known = await self._look_up(ClientKind.WEB, self._by_cookie, cookie_hash)
        if known is None:
            raise Unauthenticated
        return known

    def forget(self) -> None:
        """What is remembered may have ended, and what is being looked up."""
        self._times_forgotten += 1
        self._known.clear()

    def forget_app(self, session_id: str) -> None:
        """What an app's session may do may have changed."""
        self._times_forgotten += 1  # it may just be being looked up
        self._known.pop(session_id, None)

    def _recall(self, key: str) -> Principal | None:
        known = self._known.get(key)
        return known.principal if known is not None and self._tools.now() < known.open_until else None

    async def _look_up(self, client: ClientKind, lookup: Gathering[str, Found], key: str) -> Principal | None:
        now, times_forgotten = self._tools.now(), self._times_forgotten
        found = await lookup.ask(key)
        if found is None or found[0].client != client.value or now >= (open_until := _open_until(found[0])):
            self._known.pop(key, None)
            return None
        session, account = found
        if client is ClientKind.WEB and now - session.last_used_at >= TOUCHED_EVERY:
            if open_until - now <= NOTED_FIRST:
                await self._notes.ask(session.id)
            else:
                self._notes_for_soon.ask(session.id)
        principal = principal_of(self._tools, session, account)
        if times_forgotten == self._times_forgotten:
            # From when it was read: writing the note may have taken long.
            self._known[key] = _Known(principal, min(open_until, now + REMEMBERED))
        return principal

    async def _note_in_use(self, session_ids: Collection[str]) -> Mapping[str, None]:
        async with self._tools.store.write() as tx:
            await sessions.touch(tx, session_ids, self._tools.now())
        return {}


def _open_until(session: SessionRow) -> int:
    if session.client == ClientKind.WEB.value:
        return min(session.last_used_at + LIFETIMES.web_idle, session.created_at + LIFETIMES.web_total)
    return min(session.last_used_at + LIFETIMES.app_idle, session.created_at + LIFETIMES.app_total)
