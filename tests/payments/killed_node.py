"""A node that takes one notification and does its work until it is killed, at the n-th step that others can see.

`python -m tests.payments.killed_node DATABASE BILLING ADMIN BODY STEP`; a step is a write to the database or a call
of billing, each counted before and after. Prints how far it came where it lives to the end.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.accounts import open_accounts
from gateway.clients.base import Upstream, open_http
from gateway.clients.billing import Billing
from gateway.clients.places import Places
from gateway.models.freshness import SourceSystem
from gateway.payments import Payments, Tools
from gateway.payments.booking import work_once
from gateway.simulator import BILLING_SECRET, BILLING_USER
from gateway.store import Store, Transaction
from tests.support import HeldClock

from .conftest import payment_settings


class Steps:
    """Counts, and kills this process at the last one."""

    def __init__(self, last: int) -> None:
        self.done, self.last = 0, last

    def take(self) -> None:
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


class CountedStore(Store):
    """Counts before and after each commit."""

    steps: Steps

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        async with super().write() as tx:
            yield tx
            self.steps.take()
        self.steps.take()


class CountedBilling(Billing):
    """Counts before and after each call."""

    steps: Steps

    async def post_deposit(self, deposit: Any) -> Any:
        self.steps.take()
        answer = await super().post_deposit(deposit)
        self.steps.take()
        return answer

    async def fetch_deposit_status(self, external_reference: str) -> Any:
        self.steps.take()
        answer = await super().fetch_deposit_status(external_reference)
        self.steps.take()
        return answer


async def main(database: str, billing_url: str, admin_url: str, body: str, last: int) -> int:
    clock, steps = HeldClock(), Steps(last)
    settings = payment_settings(database)
    store = CountedStore(database)
    store.steps = steps
    async with open_http() as http, open_accounts(settings, clock) as accounts:
        upstream = Upstream(SourceSystem.BILLING, http, deadline_seconds=10, clock=clock, places=Places(lambda: 8))
        billing = CountedBilling(upstream, billing_url, user=BILLING_USER, secret=BILLING_SECRET)
        billing.steps = steps
        payments = Payments(Tools(settings, clock, store, accounts.tools.secrets, billing))
        await payments.take_notification(body.encode())
        duty = payments.tools.duty()
        while await work_once(payments.tools, duty):
            pass
        async with http.session.post(f"{admin_url}/lots", json={}) as response:
            assert response.status < 300
        clock.advance(hours=5)
        while await work_once(payments.tools, duty):
            pass
        await store.close()
    return steps.done


if __name__ == "__main__":
    database, billing, admin, notification, step = sys.argv[1:]
    print(asyncio.run(main(database, billing, admin, notification, int(step))))
