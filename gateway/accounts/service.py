"""Accounts: everything that the rest of the gateway asks of them, one method each."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final, TypeVar

from gateway import metrics
from gateway.accounts import assistance, confirmation, refreshing, registration, renewal, resets, sessions, signing_in
from gateway.accounts.assistance import Handled
from gateway.accounts.directory import Directory
from gateway.accounts.holders import open_holder, present_account
from gateway.accounts.principals import SESSIONS_ENDED, Principals
from gateway.accounts.refresh_tokens import read_refresh_token
from gateway.accounts.sender import MailServer, send_once
from gateway.accounts.tools import Tools
from gateway.accounts.worker import work_once
from gateway.background import repeating
from gateway.errors import Overloaded, Unauthenticated
from gateway.models.account import (
    Account,
    AccountForm,
    AssistanceForm,
    AssistanceOutcome,
    AssistanceRequest,
    AssistanceState,
    Caller,
    ClientKind,
    ConfirmationOutcome,
    CreationOutcome,
    PasswordRenewed,
    RefreshOutcome,
    RenewalOutcome,
    ResetOutcome,
    ResetRequestOutcome,
    Session,
    SignedIn,
    SignInOutcome,
)
from gateway.models.principal import Principal
from gateway.models.tenant import Tenant
from gateway.moments import DAY, SECOND
from gateway.store import accounts, is_migrated, waiting

T = TypeVar("T")

POLLED_EVERY_SECONDS: Final = 2.0
SEEN_WITHIN: Final = 30 * DAY
SEEN_AT_ONCE: Final = 500


class Accounts:
    """The gateway's accounts. What is typed is checked first: every use case may raise BadUserInput."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self._principals = Principals(tools)

    async def sign_in(self, label: str, password: str, client: ClientKind, caller: Caller) -> SignInOutcome:
        """A session for who knows the password."""
        outcome = await signing_in.sign_in(self.tools, label, password, client, caller)
        return self._ring(outcome)

    async def create_account(self, form: AccountForm, caller: Caller) -> CreationOutcome:
        """Asks for an account, the first time or again."""
        return self._ring(await registration.create_account(self.tools, form, caller))

    async def confirm_account(
        self, token: str, password: str, client: ClientKind, caller: Caller
    ) -> ConfirmationOutcome:
        """Confirms a creation, or an address, with the mailed link and the password."""
        return self._ended(await confirmation.confirm_account(self.tools, token, password, client, caller))

    async def request_password_reset(self, label: str, caller: Caller) -> ResetRequestOutcome:
        """Asks for a link that lets a new password be chosen."""
        return self._ring(await resets.request_password_reset(self.tools, label, caller))

    async def complete_password_reset(
        self, token: str, new_password: str, client: ClientKind, caller: Caller
    ) -> ResetOutcome:
        """Chooses a new password with the mailed link."""
        return self._ended(await resets.complete_password_reset(self.tools, token, new_password, client, caller))

    async def renew_password(self, principal: Principal, current: str, new: str, caller: Caller) -> RenewalOutcome:
        """Changes the password of who is signed in. Raises Unauthenticated."""
        return self._ended(await renewal.renew_password(self.tools, principal, current, new, caller))

    async def request_assistance(self, form: AssistanceForm, caller: Caller) -> AssistanceOutcome:
        """Sends the assistance form."""
        return await assistance.request_assistance(self.tools, form, caller)

    async def refresh_session(self, refresh_token: str, caller: Caller) -> RefreshOutcome:
        """New tokens for the app."""
        outcome = await refreshing.refresh(self.tools, refresh_token, caller)
        if (shown := read_refresh_token(self.tools, refresh_token)) is not None:
            self._principals.forget_app(shown[0])  # no news, for it happens all the time
        return self._ring(outcome)

    async def principal_for_bearer(self, token: str, *, changing: bool = False) -> Principal:
        """Who shows an access token; `changing` where no answer some seconds old will do. Raises Unauthenticated."""
        return await self._principals.for_bearer(token, changing=changing)

    async def principal_for_cookie(self, cookie: str, *, changing: bool = False) -> Principal:
        """Who shows a session cookie; `changing` as above. Raises Unauthenticated."""
        return await self._principals.for_cookie(cookie, changing=changing)

    async def log_out(self, principal: Principal, caller: Caller) -> None:
        """Ends this session."""
        await self.end_session(principal, principal.session_id, caller)

    async def log_out_everywhere(self, principal: Principal, caller: Caller) -> None:
        """Ends every session of the tenant, this one too."""
        await sessions.end_all_sessions(self.tools, principal, caller)
        self.tools.news.tell(SESSIONS_ENDED)

    async def end_session(self, principal: Principal, session_id: str, caller: Caller) -> bool:
        """Ends one of the tenant's sessions; false where there is none of that id."""
        ended = await sessions.end_session(self.tools, principal, session_id, caller)
        if ended:
            self.tools.news.tell(SESSIONS_ENDED)
        return self._ring(ended)

    async def list_sessions(self, principal: Principal) -> tuple[Session, ...]:
        """Where the tenant is signed in, the last used first."""
        return await sessions.list_sessions(self.tools, principal)

    async def account_of(self, principal: Principal) -> Account:
        """The tenant's account. Raises Unauthenticated where it has been closed."""
        async with self.tools.store.read() as tx:
            account = await accounts.fetch(tx, principal.account_id)
        if account is None or account.closed_at is not None:
            raise Unauthenticated
        return present_account(self.tools, account)

    async def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys of access tokens."""
        return await self.tools.tokens.keys.jwks()

    async def rotate_keys(self) -> str:
        """A new key signs access tokens from now on, and nobody is signed out; its id."""
        return await self.tools.tokens.keys.rotate()

    async def list_assistance(self, state: AssistanceState = AssistanceState.OPEN) -> tuple[AssistanceRequest, ...]:
        """Requests for assistance, the oldest first."""
        return await assistance.list_requests(self.tools, state)

    async def accept_assistance(self, reference: str, operator: str) -> Handled:
        """Releases the label and mails that the account can be created again."""
        return self._ring(await assistance.accept(self.tools, reference, operator))

    async def refuse_assistance(self, reference: str, operator: str) -> Handled:
        """Closes a request and mails how to go on."""
        return self._ring(await assistance.refuse(self.tools, reference, operator))

    async def seen_of_late(self) -> AsyncIterator[tuple[Tenant, ...]]:
        """The tenants who were here within 30 days, in pages."""
        since, last_id = self.tools.now() - SEEN_WITHIN, ""
        while True:
            async with self.tools.store.read() as tx:
                rows = await accounts.fetch_seen(tx, since, last_id, SEEN_AT_ONCE)
            if not rows:
                return
            holders = [open_holder(self.tools.secrets, row) for row in rows]
            yield tuple(Tenant(holder.lease_reference, holder.account_number) for holder in holders)
            last_id = rows[-1].id

    async def is_reachable(self) -> bool:
        """Whether the database answers and has the form that this version needs."""
        return await self.find_problem() is None

    async def find_problem(self) -> str | None:
        """What is wrong with the database, in plain words."""
        try:
            if not await is_migrated(self.tools.store):
                return "is not in the form that this version needs; run `tenant-gateway migrate`"
        except Exception as error:  # whatever a driver raises
            met = str(error) if isinstance(error, Overloaded) else type(error).__name__
            return f"does not answer ({met}); is GATEWAY_DATABASE_URL right?"
        return None

    async def tell_queues(self) -> None:
        """Tells the metrics how much mail and work waits, and for how long. Raises what the database does."""
        async with self.tools.store.read() as tx:
            found = await waiting.find_waiting(tx)
        now = self.tools.now()
        for queue, (rows, since) in found.items():
            metrics.queue_waiting(queue, rows, 0.0 if since is None else (now - since) / SECOND)

    @asynccontextmanager
    async def working(self, directory: Directory, mail_server: MailServer | None) -> AsyncIterator[None]:
        """Meanwhile work is taken up and mails are sent, by one node at a time; without server they wait."""
        worker, sender = (
            self.tools.duty("worker"),
            self.tools.duty("sender"),
        )

        async def work() -> int:
            done = await work_once(self.tools, directory, worker)
            await self.tools.tokens.keys.refresh()
            self.tools.mail_bell.ring()
            return done

        async with AsyncExitStack() as stack:
            for duty in (worker, sender):
                stack.push_async_callback(duty.leave)
            await stack.enter_async_context(
                repeating("worker", work, self.tools.work_bell, every_seconds=POLLED_EVERY_SECONDS)
            )
            if mail_server is not None:
                send = partial(send_once, self.tools, mail_server, sender)
                await stack.enter_async_context(
                    repeating("sender", send, self.tools.mail_bell, every_seconds=POLLED_EVERY_SECONDS)
                )
            yield

    def _ring(self, outcome: T) -> T:
        # Mails and work may have been written.
        self.tools.work_bell.ring()
        self.tools.mail_bell.ring()
        return outcome

    def _ended(self, outcome: T) -> T:
        # Sessions may have ended, too; but what strangers try must not make all nodes forget everybody.
        if isinstance(outcome, SignedIn | PasswordRenewed):
            self.tools.news.tell(SESSIONS_ENDED)
        return self._ring(outcome)
