"""What the page holds to be paid against what billing shows."""

from datetime import date

import aiohttp
import pytest

from gateway.clients.payment_page.journal import JournalMalformed, parse_journal
from gateway.payments.reconciliation import Reconciliation
from gateway.simulator import PAYMENT_PASSWORD, PAYMENT_SITE, Outcome, Simulator

from .conftest import Office, Opener
from .page import refund, report

DAY = date(2026, 11, 3)


def found(reconciliation: Reconciliation) -> list[tuple[str, str, int, int]]:
    return [
        (each.difference.value, each.reference, each.paid_cents, each.booked_cents) for each in reconciliation.findings
    ]


async def journal(simulator: Simulator) -> dict[str, int]:
    """The page's report, fetched as a back office's file."""
    login = {"Authorization": aiohttp.encode_basic_auth(PAYMENT_SITE, PAYMENT_PASSWORD)}
    days = {"du": "2026-11-03", "au": "2026-11-04"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(simulator.payment_journal_url, params=days, headers=login) as response,
    ):
        assert response.status == 200
        return parse_journal(await response.text())


async def test_all_is_well(office: Office, simulator: Simulator) -> None:
    _, form = await office.started("369.65")
    await simulator.payment_page.pay(form)
    await office.notify(report(form))
    before = await office.payments.reconcile(DAY, DAY, await journal(simulator))
    assert (found(before), before.on_their_way) == ([], 1)
    await office.work()
    office.clock.advance(hours=5)
    await office.work()
    for told in (None, await journal(simulator)):
        after = await office.payments.reconcile(DAY, DAY, told)
        assert (found(after), after.agreed, after.on_their_way) == ([], 1, 0)


async def test_paid_and_never_heard_of(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started()
    await simulator.payment_page.pay(form)
    office.clock.advance(hours=3)
    await office.work()
    reconciliation = await office.payments.reconcile(DAY, DAY, await journal(simulator))
    assert found(reconciliation) == [("PAID_NOT_BOOKED", payment.key, 10_000, 0)]
    (finding,) = reconciliation.findings
    assert (finding.account_number, finding.state, finding.started_on) == ("L0048217", "EXPIRED", DAY)
    assert found(await office.payments.reconcile(DAY, DAY)) == []  # by notifications alone it cannot be known


async def test_booked_and_not_paid(office: Office, simulator: Simulator) -> None:
    payment, form = await office.paid()
    await office.work()
    await simulator.payment_page.pay(form, Outcome.REFUSE)
    reconciliation = await office.payments.reconcile(DAY, DAY, await journal(simulator))
    assert found(reconciliation) == [("BOOKED_NOT_PAID", payment.key, 0, 10_000)]


async def test_given_back_after_booking(office: Office, simulator: Simulator) -> None:
    payment, form = await office.paid()
    await office.work()
    await simulator.payment_page.pay(form)
    await simulator.payment_page.refund(payment.key, 4_000)
    assert found(await office.payments.reconcile(DAY, DAY, await journal(simulator))) == [
        ("AMOUNTS_DIFFER", payment.key, 6_000, 10_000)
    ]
    await office.notify(refund(form))
    assert found(await office.payments.reconcile(DAY, DAY)) == [("BOOKED_NOT_PAID", payment.key, 0, 10_000)]


async def test_rejected_by_billing(office: Office, simulator: Simulator) -> None:
    simulator.add_fault("deposerEncaissement", "rejected", times=1)
    payment, _ = await office.paid()
    await office.work()
    office.clock.advance(hours=5)
    await office.work()
    assert found(await office.payments.reconcile(DAY, DAY)) == [("PAID_NOT_BOOKED", payment.key, 10_000, 0)]


async def test_an_order_of_somebody_else_and_a_flag(open_office: Opener, simulator: Simulator) -> None:
    office: Office = await open_office()
    payment, form = await office.paid()
    await office.work()
    await office.notify(report(form, "REFUSED"))
    told = {payment.key: 10_000, "another-shops-order": 500, "unpaid": 0}
    assert found(await office.payments.reconcile(DAY, DAY, told)) == [
        ("FLAGGED", payment.key, 10_000, 10_000),
        ("PAID_NOT_BOOKED", "another-shops-order", 500, 0),
    ]


async def test_a_payment_over_midnight_belongs_to_the_day_on_which_it_was_paid(office: Office) -> None:
    office.clock.advance(hours=14, minutes=50)  # 23:50 UTC
    _, form = await office.started()
    office.clock.advance(minutes=12)
    await office.notify(report(form, vads_effective_creation_date="20261104000100"))
    next_day = date(2026, 11, 4)
    assert (await office.payments.reconcile(DAY, DAY)).on_their_way == 0
    assert (await office.payments.reconcile(next_day, next_day)).on_their_way == 1


HEAD = "TITRE;2026-11-04T02:00Z;V1;12345678\r\nORDER_ID;OPERATION_DIRECTION;TRANSACTION_STATUS;AMOUNT;CURRENCY\r\n"


def test_a_report_is_read() -> None:
    lines = ["a;DEBIT;CAPTURED;1000;978", "a;CREDIT;AUTHORISED;300;978", "b;DEBIT;REFUSED;500;978", ""]
    assert parse_journal("\ufeff" + HEAD + "\r\n".join(lines)) == {"a": 700, "b": 0}


@pytest.mark.parametrize(
    "text", ["", "ORDER_ID;AMOUNT\r\n", HEAD + "a;DEBIT;CAPTURED;10,00;978", HEAD + "a;UP;CAPTURED;1;978", HEAD + "a"]
)
def test_what_is_no_report(text: str) -> None:
    with pytest.raises(JournalMalformed):
        parse_journal(text)


async def test_what_was_paid_days_after_its_start_is_found_on_both_days(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started("100.00")
    office.clock.advance(days=3)
    await office.work()
    simulator.add_fault("deposerEncaissement", "ko", code="FAC-404")
    await office.notify(report(form, vads_effective_creation_date="20261106080000"))
    await office.work()
    for day in (DAY, date(2026, 11, 6)):
        reconciliation = await office.payments.reconcile(day, day)
        assert found(reconciliation) == [("PAID_NOT_BOOKED", payment.key, 10000, 0)]


async def test_where_nobody_says_anything_nothing_agrees(office: Office) -> None:
    await office.started("100.00")
    reconciliation = await office.payments.reconcile(DAY, DAY)
    assert (found(reconciliation), reconciliation.agreed) == ([], 0)


def test_a_line_that_is_too_short_is_told() -> None:
    with pytest.raises(JournalMalformed, match="line 2"):
        parse_journal("AMOUNT;OPERATION_DIRECTION;TRANSACTION_STATUS;CURRENCY;ORDER_ID\n100;DEBIT;CAPTURED;978\n")
