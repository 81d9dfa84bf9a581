"""Random histories of payments: words of the page doubled, reordered and late, billing unwell, time passing."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from gateway.accounts import open_accounts
from gateway.accounts.opening import insert_account
from gateway.models.payment import Payment, PaymentStarted
from gateway.models.principal import Principal
from gateway.payments import Payments, Tools
from gateway.payments.notification import Taken
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator, SimulatorOptions, run_simulator
from gateway.store.payment_tables import PAGE_REPORTS, PAYMENTS
from tests.support import HeldClock, open_clients

from .conftest import Office, form_of, payment_settings
from .page import refund, report

TROUBLE = st.sampled_from(
    [
        ("deposerEncaissement", "html500", {"after": True}),
        ("deposerEncaissement", "html500", {}),
        ("deposerEncaissement", "reset", {"after": True}),
        ("deposerEncaissement", "truncated", {}),
        ("deposerEncaissement", "maintenance503", {}),
        ("suivreEncaissement", "html500", {}),
        ("suivreEncaissement", "garbage", {}),
        ("suivreEncaissement", "ko", {"code": "FAC-503"}),
    ]
)
WAITS = st.sampled_from([1, 60, 5 * 60, 20 * 60, 35 * 60, 3 * 3600, 26 * 3600])


@dataclass
class Truth:
    """What has really happened on the page to one payment."""

    payment: Payment
    form: dict[str, str]
    paid: bool = False
    returned: bool = False
    words: list[dict[str, str]] = field(default_factory=list)
    heard: set[int] = field(default_factory=set)


class Histories(RuleBasedStateMachine):
    """One rent account, its payment page and its billing."""

    office: ClassVar[Office]
    simulator: ClassVar[Simulator]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.truths: list[Truth] = []
        self.simulator.clear_faults()
        self.run(forget(self.office))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(coroutine)

    @rule()
    def start(self) -> None:
        outcome = self.run(self.office.start("1.00"))
        if isinstance(outcome, PaymentStarted):
            self.truths.append(Truth(outcome.payment, form_of(outcome)))

    @precondition(lambda self: self.truths)
    @rule(which=st.integers(0, 9), what=st.sampled_from(["AUTHORISED", "REFUSED", "ABANDONED"]))
    def finish(self, which: int, what: str) -> None:
        """The tenant pays, is refused or leaves; once paid, there is nothing more to do on the page."""
        truth = self.truths[which % len(self.truths)]
        if not truth.paid:
            truth.paid = what == "AUTHORISED"
            truth.words.append(report(truth.form, what))

    @precondition(lambda self: any(truth.paid for truth in self.truths))
    @rule(which=st.integers(0, 9), how=st.sampled_from(["refund", "cancel"]))
    def give_back(self, which: int, how: str) -> None:
        truth = self.truths[which % len(self.truths)]
        if truth.paid and not truth.returned:
            truth.returned = True
            truth.words.append(refund(truth.form) if how == "refund" else report(truth.form, "CANCELLED"))

    @precondition(lambda self: any(truth.words for truth in self.truths))
    @rule(which=st.integers(0, 9), word=st.integers(0, 9), source=st.sampled_from(["PAY", "RETRY"]))
    def tell(self, which: int, word: int, source: str) -> None:
        """Any word, for the first time or again."""
        truth = self.truths[which % len(self.truths)]
        if truth.words:
            index = word % len(truth.words)
            truth.heard.add(index)
            again = report_again(truth.words[index], source)
            assert self.run(self.office.notify(again)) is Taken.STORED

    @rule(trouble=TROUBLE)
    def fall_ill(self, trouble: tuple[str, str, dict[str, Any]]) -> None:
        operation, kind, details = trouble
        self.simulator.add_fault(operation, kind, times=1, **details)

    @rule(seconds=WAITS)
    def wait(self, seconds: int) -> None:
        self.office.clock.advance(seconds=seconds)

    @rule()
    def work(self) -> None:
        self.run(self.office.work())

    def teardown(self) -> None:
        """In the end all is heard, billing is well, a day and a half passes; then everything agrees."""
        self.simulator.clear_faults()
        for truth in self.truths:
            for index, word in enumerate(truth.words):
                if index not in truth.heard:
                    self.run(self.office.notify(word))
        for _ in range(36):
            self.office.clock.advance(hours=1)
            self.run(self.office.work())
        for truth in self.truths:
            self.compare(truth)

    def compare(self, truth: Truth) -> None:
        row = self.run(self.office.row(truth.payment))
        deposits = [each for each in self.simulator.deposits() if each["reference"] == truth.payment.key]
        if truth.returned:
            assert row.state == "REFUNDED"
            assert len(deposits) <= 1
            assert not deposits or "REFUNDED_AFTER_BOOKING" in row.flags
        elif truth.paid:
            assert row.state == "BOOKED"
            assert [(each["cents"], each["status"]) for each in deposits] == [(100, "COMPTABILISE")]
        else:
            assert row.state in {"REFUSED", "ABANDONED", "EXPIRED"}
            assert deposits == []


def report_again(word: dict[str, str], source: str) -> dict[str, str]:
    from .page import signed

    return signed(word | {"vads_url_check_src": source})


async def forget(office: Office) -> None:
    async with office.tools.store.write() as tx:
        await tx.execute(PAGE_REPORTS.delete())
        await tx.execute(PAYMENTS.delete())


def test_money_is_booked_once_in_any_order(database_url: str) -> None:
    with asyncio.Runner() as runner:
        clock, stack = HeldClock(), AsyncExitStack()

        async def open_office() -> tuple[Office, Simulator]:
            simulator = await stack.enter_async_context(run_simulator(SimulatorOptions(now=clock, tenants=1)))
            clients = await stack.enter_async_context(open_clients(simulator, clock))
            chosen = payment_settings(database_url, payment_in_advance=True)
            accounts = await stack.enter_async_context(open_accounts(chosen, clock))
            own = accounts.tools
            account_id = await insert_account(own, EXAMPLE_LABEL, EXAMPLE_LEASE, "Soleil-de-Metz-57")
            payments = Payments(Tools(chosen, clock, own.store, own.secrets, clients.billing))
            principal = Principal(account_id, "session", EXAMPLE_LEASE, EXAMPLE_LABEL)
            return Office(payments, clients.billing, clock, principal), simulator

        office, simulator = runner.run(open_office())
        machine = type("Bound", (Histories,), {"office": office, "simulator": simulator, "runner": runner})
        limits = settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(machine, settings=limits)
        runner.run(stack.aclose())
