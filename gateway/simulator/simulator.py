"""Runs both simulated systems, the payment page and their admin port, and holds every knob."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any, get_args

from aiohttp import web

from gateway.simulator.admin import create_admin
from gateway.simulator.billing.server import BillingServer
from gateway.simulator.counting import Counters, JournalEntry, Records
from gateway.simulator.faults import BILLING_OPERATIONS, KINDS, PROPERTY_OPERATIONS, Faults
from gateway.simulator.gate import Gate
from gateway.simulator.landlord import Landlord
from gateway.simulator.options import BILLING_PATH, PAYMENT_PATH, PROPERTY_PATH, LatencyProfile, SimulatorOptions
from gateway.simulator.payment_page import notifications
from gateway.simulator.payment_page.payment_page import PaymentPage
from gateway.simulator.payment_page.server import JOURNAL_PATH, PaymentServer
from gateway.simulator.property_management.server import PropertyServer
from gateway.simulator.timing import Timing

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Simulator:
    """The two running systems and the payment page with their knobs and what they have seen."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.landlord = Landlord(options.seed, options.tenants)
        self.property_url = ""
        self.billing_url = ""
        self.payment_url = ""
        """Where payment forms go."""
        self.payment_journal_url = ""
        """Where the shop gets the page's transactions."""
        self.admin_url = ""
        rng = Random(f"{options.seed}/knobs")  # noqa: S311 -- reproducible trouble, nothing secret
        self._records = Records()
        self._faults = Faults(rng, (*PROPERTY_OPERATIONS, *BILLING_OPERATIONS), KINDS)
        payment_rng = Random(f"{options.seed}/notifications")  # noqa: S311 -- reproducible trouble as well
        self._payment_faults = Faults(payment_rng, (notifications.OPERATION,), notifications.KINDS)
        self._gate = Gate()
        self._timing = Timing(options.latency, rng)
        parts = (options, self.landlord, self._records, self._faults, self._gate, self._timing)
        self._property = PropertyServer(*parts)
        self._billing = BillingServer(*parts)
        self.payment_page = PaymentPage(options, self._records, self._payment_faults)

    @property
    def counters(self) -> Counters:
        """Counters by operation name; zeros for an operation never called."""
        return self._records.counters

    @property
    def violations(self) -> dict[str, int]:
        """How often callers broke the contract, by rule."""
        return self._records.violations

    @property
    def journal(self) -> list[JournalEntry]:
        """The latest calls in order of arrival."""
        return list(self._records.journal)

    @property
    def waiting(self) -> list[str]:
        """The operations held on arrival."""
        return self._gate.waiting

    @property
    def open_sessions(self) -> int:
        """Property management's open sessions."""
        return self._property.sessions.count(self.options.now(), nights=self._property.nights)

    @property
    def live_tokens(self) -> int:
        """Billing's living tokens."""
        return self._billing.tokens.count(self.options.now())

    def add_fault(
        self, operation: str, kind: str, *, times: int | None = None, probability: float = 1.0, **details: object
    ) -> None:
        """Puts a fault in force for an operation or "*" (any but notifications); the admin page tells the kinds."""
        faults = self._payment_faults if operation == notifications.OPERATION else self._faults
        faults.add(operation, kind, times=times, probability=probability, **details)

    def clear_faults(self) -> None:
        """Ends every fault."""
        self._faults.clear()
        self._payment_faults.clear()

    def reset_counters(self) -> None:
        """Forgets counters, violations and journal."""
        self._records.reset()

    def set_latency(self, profile: LatencyProfile = "none", *, property_ms: float = 0, billing_ms: float = 0) -> None:
        """How long calls take: the contract's distributions or nothing, plus fixed milliseconds."""
        if profile not in get_args(LatencyProfile):
            raise ValueError(f"unknown latency profile {profile!r}")
        self._timing.profile = profile
        self._timing.property_ms = property_ms
        self._timing.billing_ms = billing_ms

    def set_nights(self, on: bool) -> None:
        """Switches the closures on or off."""
        self._property.nights = on
        self._billing.nights = on

    def set_rate_limits(self, on: bool) -> None:
        """Switches billing's call limits on or off."""
        self._billing.rate_limits = on

    def set_document_size(self, size: int, notice_id: str = "*") -> None:
        """Pads the document of a notice, or of all, to at least so many bytes."""
        self._billing.documents.sizes[notice_id] = size

    def post_entry(self, account_number: str, kind: str = "VIR", amount: str = "-10.00") -> str:
        """Keys a ledger entry in now (a debit if positive) and returns its id; pages drift."""
        tenant = self.landlord.by_account(account_number)
        if tenant is None:
            raise KeyError(account_number)
        cents = int(Decimal(amount) * 100)
        return self._billing.books.post(tenant, kind, cents, self.options.now()).id

    def run_lots(self) -> int:
        """Books every pending deposit now instead of at its lot's time; returns how many."""
        return self._billing.books.run_lots(self.options.now())

    def deposits(self) -> list[dict[str, Any]]:
        """The truth of billing: every deposit taken, and the entry that the ledger has of it by now."""
        now = self.options.now()
        return [
            {
                "reference": each.reference,
                "account": each.account_number,
                "cents": each.cents,
                "mode": each.mode,
                "value_date": each.value_date,
                "status": each.status(now),
                "entry_id": each.entry_id if each.is_booked(now) else None,
                "reject_reason": each.reject_reason if each.is_booked(now) else None,
            }
            for each in self._billing.books.deposits.values()
        ]

    def hold(self) -> None:
        """Makes every data call wait on arrival."""
        self._gate.hold()

    def release(self) -> None:
        """Lets the waiting calls go; new ones still wait."""
        self._gate.release()

    def open(self) -> None:
        """Ends holding."""
        self._gate.open()

    async def wait_for_waiting(self, number: int, timeout: float = 5.0) -> list[str]:  # noqa: ASYNC109
        """Returns once so many calls wait; TimeoutError if that takes too long."""
        return await self._gate.wait_for_waiting(number, timeout)

    def state(self) -> dict[str, Any]:
        """Everything the knobs and counters say, as JSON can hold it."""
        counters = self._records.counters
        return {
            "tenants": len(self.landlord.tenants),
            "seed": self.options.seed,
            "now": self.options.now().isoformat(),
            "nights": self._property.nights,
            "rate_limits": self._billing.rate_limits,
            "latency": {
                "profile": self._timing.profile,
                "property_ms": self._timing.property_ms,
                "billing_ms": self._timing.billing_ms,
            },
            "holding": self._gate.holding,
            "waiting": self.waiting,
            "open_sessions": self.open_sessions,
            "live_tokens": self.live_tokens,
            "faults": [
                {"operation": each.operation, "kind": each.kind, "times": each.times, "probability": each.probability}
                | dict(each.details)
                for each in (*self._faults.active, *self._payment_faults.active)
            ],
            "counters": {
                name: {"calls": each.calls, "items": each.items, "most_at_once": each.most_at_once}
                for name, each in counters.items()
            },
            "violations": dict(self.violations),
        }


@asynccontextmanager
async def run_simulator(options: SimulatorOptions | None = None) -> AsyncIterator[Simulator]:
    """Both systems, the payment page and the admin port, running; OSError when a port is in use."""
    options = options or SimulatorOptions()
    simulator = Simulator(options)
    async with AsyncExitStack() as stack:
        host = options.host

        async def serve(handler: Handler, port: int) -> str:
            return f"http://{host}:{await stack.enter_async_context(_listening(handler, host, port))}"

        simulator.property_url = await serve(simulator._property.handle, options.property_port) + PROPERTY_PATH
        simulator.billing_url = await serve(simulator._billing.handle, options.billing_port) + BILLING_PATH
        payment = await serve(PaymentServer(simulator.payment_page).handle, options.payment_port)
        simulator.payment_url, simulator.payment_journal_url = payment + PAYMENT_PATH, payment + JOURNAL_PATH
        simulator.admin_url = await serve(create_admin(simulator), options.admin_port)
        notifying = asyncio.create_task(simulator.payment_page.run())
        try:
            yield simulator
        finally:
            notifying.cancel()
            await asyncio.wait([notifying])


@asynccontextmanager
async def _listening(handler: Handler, host: str, port: int) -> AsyncIterator[int]:
    """A bare HTTP server; its calls under way are cancelled when it ends."""
    under_way: set[asyncio.Task[Any]] = set()

    async def tracked(request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            return await handler(request)
        finally:
            under_way.discard(task)

    # A client that goes away ends its call: a held or hanging call must not keep a place for ever.
    server = web.Server(tracked, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        for task in list(under_way):
            task.cancel()
        await asyncio.sleep(0)
        await runner.cleanup()
