"""Many payments while everything fails at random, and what must be true in the end.

Real gateways (processes that are killed with SIGKILL and started again), the simulated payment page with notifications
that are doubled, reordered, delayed, dropped, unheard and forged, simulated billing that is down, answers KO, or times
out after it has booked, and a clock that runs through lots and nights.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from gateway.accounts.opening import build_tools, insert_account
from gateway.settings import Settings, given_settings
from gateway.simulator import DEMO_NOW, PAYMENT_KEY, PAYMENT_SITE, Outcome, Simulator, SimulatorOptions, run_simulator
from gateway.simulator.landlord import Tenant
from gateway.store import Store
from gateway.store.payment_tables import PAGE_REPORTS, PAYMENTS
from tests.support import PASSWORD, free_port, settings_for

from .shared_clock import SharedClock

START = """mutation($input: StartRentPaymentInput!) { startRentPayment(input: $input) {
  __typename ... on PaymentStarted { payment { id } formFields { name value } } ... on PaymentRefused { reason }
} }"""
LOG_IN = """mutation($label: String!, $password: String!) {
  logIn(input: {accountLabel: $label, password: $password, client: WEB}) { __typename }
}"""
RETURN = "https://tenants.example/paiements/"
SECONDS_A_TICK, TICK = 10, 0.05
NOTIFICATION_FAULTS: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("double", 0.15, {}),
    ("reorder", 0.1, {}),
    ("delay", 0.1, {"seconds": 900}),
    ("drop", 0.1, {}),
    ("unheard", 0.1, {}),
    ("forge", 0.15, {"how": "changed"}),
)
BILLING_FAULTS: tuple[tuple[str, str, float, dict[str, Any]], ...] = (
    ("deposerEncaissement", "html500", 0.1, {"after": True}),
    ("deposerEncaissement", "reset", 0.1, {"after": True}),
    ("deposerEncaissement", "ko", 0.1, {"code": "FAC-500"}),
    ("deposerEncaissement", "truncated", 0.05, {}),
    ("deposerEncaissement", "maintenance503", 0.05, {}),
    ("suivreEncaissement", "html500", 0.1, {}),
    ("suivreEncaissement", "garbage", 0.05, {}),
    ("rechercherComptes", "html500", 0.05, {}),
)


@dataclass
class Node:
    """A gateway process."""

    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class FaultRun:
    """A run under way. Everything random comes from the seed but the moments at which nodes die."""

    simulator: Simulator
    clock: SharedClock
    clock_file: Path
    settings: dict[str, Any]
    nodes: list[Node]
    rng: random.Random
    http: aiohttp.ClientSession
    outcomes: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    resent: int = 0
    unheard: Counter[str] = field(default_factory=Counter)
    standing_still: bool = False

    async def start_node(self, node: Node) -> None:
        command = [sys.executable, "-m", "tests.payments.fault_node", str(self.clock_file), str(node.port)]
        pipe = asyncio.subprocess.PIPE
        node.process = await asyncio.create_subprocess_exec(
            *command, json.dumps(self.settings), stdout=pipe, stderr=asyncio.subprocess.DEVNULL
        )
        assert node.process.stdout is not None and await node.process.stdout.readline() == b"serves\n"

    async def kill(self, node: Node) -> None:
        """kill -9."""
        if node.process is not None and node.process.returncode is None:
            os.kill(node.process.pid, signal.SIGKILL)
            await node.process.wait()

    async def kill_now_and_then(self, kills: int, pause: float) -> None:
        for _ in range(kills):
            await asyncio.sleep(pause * self.rng.uniform(0.5, 1.5))
            node = self.rng.choice(self.nodes)
            self.standing_still = True  # however long this machine needs to start a process …
            await self.kill(node)
            self.clock.advance(minutes=self.rng.uniform(0, 6))  # … the outage is so long
            await self.start_node(node)
            self.kills += 1
            self.standing_still = False

    async def tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            if not self.standing_still:
                self.clock.advance(seconds=SECONDS_A_TICK)

    async def pay_for(self, tenant: Tenant, payments: int) -> None:
        """A tenant who pays so many times, and asks again with the same key until there is a form."""
        cookie = await self.sign_in(tenant)
        for number in range(payments):
            amount, tries = f"{self.rng.randint(100, 30_000) / 100:.2f}", 0
            while True:
                key = f"{tenant.account_number}-{number}-{tries}"
                given = {"amount": amount, "returnUrl": RETURN, "idempotencyKey": key}
                started = await self.ask(cookie, {"query": START, "variables": {"input": given}})
                if started == "SIGNED_OUT":
                    cookie = await self.sign_in(tenant)
                elif started is not None and started["formFields"]:
                    break
                elif started is not None:
                    tries += 1  # the answer was lost for so long that the form is out of time: another payment
                await asyncio.sleep(0.05)
            form = {each["name"]: each["value"] for each in started["formFields"]}
            self.simulator.payment_page.notification_url = f"{self.rng.choice(self.nodes).url}/payments/notification"
            outcome = self.rng.choices([Outcome.PAY, Outcome.REFUSE, Outcome.ABANDON], [8, 1, 1])[0]
            await self.simulator.payment_page.pay(form, outcome)
            self.outcomes[outcome.value] += 1

    async def sign_in(self, tenant: Tenant) -> str:
        while True:
            body = {"query": LOG_IN, "variables": {"label": tenant.account_number, "password": PASSWORD}}
            try:
                async with self.http.post(f"{self.rng.choice(self.nodes).url}/graphql", json=body) as response:
                    if cookie := response.cookies.get("__Host-session"):
                        return cookie.value
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)

    async def ask(self, cookie: str, body: Any) -> Any:
        """What comes of starting a payment; None where it is to be asked again."""
        headers = {"Cookie": f"__Host-session={cookie}"}
        try:
            async with self.http.post(
                f"{self.rng.choice(self.nodes).url}/graphql", json=body, headers=headers
            ) as response:
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, ValueError):
            return None
        if response.status == 401:
            return "SIGNED_OUT"
        started = (answer.get("data") or {}).get("startRentPayment")
        if started is None:
            return None
        if started["__typename"] == "PaymentStarted":
            return started
        # The one before is still open here: its word is late. And who comes too often waits.
        assert started.get("reason", "OTHER_PAYMENT_OPEN") == "OTHER_PAYMENT_OPEN", started
        return None

    async def settle(self, store: Store) -> None:
        """No more faults; time passes until nothing is on its way. What the page gave up telling, a click tells."""
        self.simulator.clear_faults()
        notifier, told = self.simulator.payment_page.notifier, self.simulator.payment_page.transactions
        for _ in range(2_000):
            await asyncio.sleep(0.05)
            self.clock.advance(minutes=3)
            if notifier.waiting:
                continue
            for transaction in told.all:
                if (last := transaction.notifications[-1]).given_up:
                    self.unheard.update(f"{each.status} {each.fault}".strip() for each in last.attempts)
                    await self.simulator.payment_page.resend(transaction.order_id)
                    self.resent += 1
            async with store.read() as tx:
                states = Counter(row.state for row in await tx.execute(PAYMENTS.select()))
            if not states["STARTED"] + states["AUTHORISED"]:
                return
        raise AssertionError("not settled")

    async def check(self, store: Store) -> dict[str, Any]:
        """The page, the gateway and billing agree, payment by payment and to the cent."""
        paid = {order: cents for order, cents in self.simulator.payment_page.transactions.paid_cents().items() if cents}
        deposits = self.simulator.deposits()
        booked = {each["reference"]: each["cents"] for each in deposits}
        assert len(booked) == len(deposits)
        assert {each["status"] for each in deposits} == {"COMPTABILISE"}
        assert booked == paid, set(booked.items()) ^ set(paid.items())
        async with store.read() as tx:
            rows = list(await tx.execute(PAYMENTS.select()))
            reports = len(list(await tx.execute(PAGE_REPORTS.select())))
        assert {row.id: row.cents for row in rows if row.state == "BOOKED"} == paid
        assert {row.flags for row in rows} == {""}
        return {
            "payments": sum(self.outcomes.values()),
            "outcomes": dict(self.outcomes),
            "booked_cents": sum(booked.values()),
            "reports": reports,
            "kills": self.kills,
            "resent": self.resent,
            "unheard": dict(self.unheard),
            "deposit_calls": self.simulator.counters["deposerEncaissement"].calls,
        }


async def run(
    *, payments: int, database_url: str, folder: Path, nodes: int = 1, kills: int = 2, pause: float = 2.0, seed: int = 1
) -> dict[str, Any]:
    """Runs so many payments on a migrated database, with so many kills, and says what came of them."""
    rng = random.Random(seed)
    clock_file = folder / "clock"
    clock = SharedClock(clock_file, DEMO_NOW)
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(
            run_simulator(SimulatorOptions(now=clock, seed=7, rate_limits=False))
        )
        settings = _settings(simulator, database_url)
        tenants = [each for each in simulator.landlord.tenants if _can_pay(each)]
        rng.shuffle(tenants)
        payers = tenants[: min(len(tenants), max(4, payments // 4))]
        await _add_accounts(given_settings(**settings), clock, payers)
        http = await stack.enter_async_context(aiohttp.ClientSession(headers={"GraphQL-Preflight": "1"}))
        group = [Node(free_port()) for _ in range(nodes)]
        under_way = FaultRun(simulator, clock, clock_file, settings, group, rng, http)
        for node in group:
            await under_way.start_node(node)
            stack.push_async_callback(under_way.kill, node)
        for operation, kind, probability, details in BILLING_FAULTS:
            simulator.add_fault(operation, kind, probability=probability, **details)
        for kind, probability, details in NOTIFICATION_FAULTS:
            simulator.add_fault("notification", kind, probability=probability, **details)
        ticking = asyncio.create_task(under_way.tick())
        killing = asyncio.create_task(under_way.kill_now_and_then(kills, pause))
        await _pay_all(under_way, payers, payments)
        await killing
        ticking.cancel()
        store = Store(database_url)
        stack.push_async_callback(store.close)
        await under_way.settle(store)
        return await under_way.check(store)


async def _pay_all(under_way: FaultRun, payers: list[Tenant], payments: int) -> None:
    share, rest = divmod(payments, len(payers))
    places = asyncio.Semaphore(8)

    async def pay(tenant: Tenant, number: int) -> None:
        async with places:
            await under_way.pay_for(tenant, number)

    await asyncio.gather(*(pay(tenant, share + (index < rest)) for index, tenant in enumerate(payers)))


def _settings(simulator: Simulator, database_url: str) -> dict[str, Any]:
    chosen = settings_for(simulator, Path("unused"))
    given = {name: getattr(chosen, name) for name in chosen.model_fields_set}
    plain = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else value for name, value in given.items()
    }
    return plain | {
        "database_url": database_url,
        "payment_site_id": PAYMENT_SITE,
        "payment_test_key": PAYMENT_KEY,
        "payment_page_url": simulator.payment_url,
        "payment_return_urls": RETURN,
        "payment_in_advance": True,
        "property_closure": "",
        "billing_closure": "",
    }


def _can_pay(tenant: Tenant) -> bool:
    return tenant.account.state_code == "OUVERT" and tenant.account.direct_debit_on is None


async def _add_accounts(settings: Settings, clock: SharedClock, payers: list[Tenant]) -> None:
    tools = build_tools(settings, clock)
    for tenant in payers:
        await insert_account(tools, tenant.account_number, tenant.lease_reference, PASSWORD)
    tools.passwords.close()
    await tools.store.close()
