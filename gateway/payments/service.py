"""Payments: everything that the rest of the gateway asks of them, one method each."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Final

from gateway.background import repeating
from gateway.errors import BadUserInput
from gateway.models.balance import Balance
from gateway.models.money import Locale, Money
from gateway.models.page import Edge, Page
from gateway.models.payment import Payment, RentPaymentOrder
from gateway.models.principal import Principal
from gateway.payments.booking import work_once
from gateway.payments.notification import Taken, take_notification
from gateway.payments.pending import expect_balance, list_pending
from gateway.payments.reconciliation import Reconciliation, reconcile
from gateway.payments.rows import present
from gateway.payments.starting import Facts, StartOutcome, start_payment
from gateway.payments.tools import Tools
from gateway.store import payments

POLLED_EVERY_SECONDS: Final = 2.0
_KEY: Final = re.compile(r"[0-9a-f]{32}")

logger = logging.getLogger(__name__)


class Payments:
    """The payments of rent accounts. Whoever asks for an account's has been let in before."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    async def start(self, principal: Principal, order: RentPaymentOrder, locale: Locale, facts: Facts) -> StartOutcome:
        """A payment to be made on the page. Raises BadUserInput, Unauthenticated, UpstreamError."""
        return await start_payment(self.tools, principal, order, locale, facts)

    async def take_notification(self, body: bytes) -> Taken:
        """What the page reports; kept when this returns."""
        return await take_notification(self.tools, body)

    async def list_pending(self, balance: Balance) -> tuple[Payment, ...]:
        """What has been paid and is not in that balance yet, the earliest first."""
        return await list_pending(self.tools, balance)

    async def expect_balance(self, balance: Balance) -> Money:
        """That balance once pending payments are booked."""
        return await expect_balance(self.tools, balance)

    async def find(self, account_number: str, key: str) -> Payment | None:
        """The account's payment of that key; None for anybody else's."""
        if not _KEY.fullmatch(key):
            return None
        async with self.tools.store.read() as tx:
            row = await payments.fetch(tx, key)
        own = row is not None and row.account_key in self.tools.account_keys(account_number)
        return present(row) if row is not None and own else None

    async def list_page(self, account_number: str, first: int, after: str | None) -> Page[Payment]:
        """The account's payments, newest first; the cursor is the payment's key. Raises BadUserInput."""
        if after is not None and not _KEY.fullmatch(after):
            raise BadUserInput("cursor_unknown")
        async with self.tools.store.read() as tx:
            rows = await payments.fetch_page(tx, self.tools.account_keys(account_number), after, first + 1)
        edges = tuple(Edge(row.id, present(row)) for row in rows[:first])
        return Page(edges, has_next_page=len(rows) > first, follows=after is not None)

    async def reconcile(self, since: date, until: date, journal: Mapping[str, int] | None = None) -> Reconciliation:
        """The page against billing, for these UTC days; `journal` as the page reports it. Raises UpstreamError."""
        return await reconcile(self.tools, since, until, journal)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Meanwhile paid payments are booked and forgotten ones expire, by one node at a time."""
        lack = self.tools.settings.payments_lack
        if lack and self.tools.settings.payment_site_id:
            logger.warning("nobody can pay: GATEWAY_%s is not set", lack[0].upper())
        if not lack and self.tools.settings.payment_mode == "TEST" and not self.tools.settings.development:
            logger.warning("payments are made with test cards and booked all the same: GATEWAY_PAYMENT_MODE is TEST")
        duty = self.tools.duty()
        step = partial(work_once, self.tools, duty)
        try:
            async with repeating("payments", step, self.tools.bell, every_seconds=POLLED_EVERY_SECONDS):
                yield
        finally:
            await duty.leave()
