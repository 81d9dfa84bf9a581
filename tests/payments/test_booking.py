"""A paid payment is in the ledger once, whatever billing goes through."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.models.lease import PaymentMode
from gateway.models.money import Locale, Money
from gateway.models.payment import Deposit
from gateway.payments.rows import Particulars
from gateway.simulator import Simulator
from gateway.store import payments

from .conftest import RETURN, Office, Opener, paris
from .page import report

TODAY = date(2026, 11, 3)


def references(simulator: Simulator) -> list[str]:
    return [deposit["reference"] for deposit in simulator.deposits()]


async def test_from_the_page_into_the_ledger(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started("369.65")
    assert await office.state(payment) == "STARTED"
    await office.notify(report(form))
    assert await office.state(payment) == "AUTHORISED"
    await office.work()
    (deposit,) = simulator.deposits()
    assert (deposit["reference"], deposit["cents"], deposit["mode"]) == (payment.key, 36965, "CBE")
    assert str(deposit["value_date"]) == "2026-11-03"
    assert await office.state(payment) == "AUTHORISED"
    office.clock.now = paris("2026-11-03T10:31")
    await office.work()
    found = await office.find(payment)
    assert (found.state.value, str(found.booked_on)) == ("BOOKED", "2026-11-03")
    page = await office.billing.fetch_ledger_page(office.principal.account_number, 0)
    assert page is not None
    entries = [entry for entry in page.entries if entry.external_reference == payment.key]
    assert [str(entry.credit and entry.credit.amount) for entry in entries] == ["369.65"]


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("html500", {"after": True}),
        ("html503", {}),
        ("reset", {"after": True}),
        ("reset", {}),
        ("truncated", {}),
        ("garbage", {}),
        ("ko", {"code": "FAC-500", "after": True}),
        ("ko", {"code": "FAC-503"}),
        ("ko", {"code": "FAC-403"}),
        ("maintenance503", {}),
        ("too_many", {}),
    ],
)
async def test_a_sick_billing_books_once_all_the_same(
    office: Office, simulator: Simulator, kind: str, details: dict[str, Any]
) -> None:
    payment, _ = await office.paid()
    simulator.add_fault("deposerEncaissement", kind, times=3, **details)
    for _ in range(3):
        await office.work()
        assert await office.state(payment) == "AUTHORISED"
        office.clock.advance(minutes=5)
    await office.work()
    assert references(simulator) == [payment.key]
    office.clock.advance(hours=5)
    await office.work()
    assert await office.state(payment) == "BOOKED"
    assert (await office.row(payment)).flags == ""


async def test_a_sick_tracking_is_asked_again(office: Office, simulator: Simulator) -> None:
    payment, _ = await office.paid()
    await office.work()
    office.clock.advance(hours=5)
    simulator.add_fault("suivreEncaissement", "html500", times=4)
    await office.work()
    office.clock.advance(minutes=5)
    await office.work()
    office.clock.advance(minutes=5)
    await office.work()
    assert await office.state(payment) == "BOOKED"


async def test_the_night_is_waited_for(office: Office, simulator: Simulator) -> None:
    simulator.set_nights(True)
    office.clock.now = paris("2026-11-04T01:50")
    payment, form = await office.started()
    office.clock.now = paris("2026-11-04T02:00")
    await office.notify(report(form))
    simulator.reset_counters()
    while office.clock.now < paris("2026-11-04T04:30"):
        await office.work()
        assert await office.state(payment) == "AUTHORISED"
        office.clock.advance(minutes=10)
    await office.work()
    assert references(simulator) == [payment.key]
    assert simulator.counters["deposerEncaissement"].calls <= 17


async def test_one_refusal_of_a_closed_billing_speaks_for_all(
    open_office: Opener, simulator: Simulator, neighbour: tuple[str, str]
) -> None:
    office, other = await open_office(), await open_office(label=neighbour[0], lease=neighbour[1])
    first, _ = await office.paid()
    second, _ = await other.paid("5.00")
    simulator.add_fault("deposerEncaissement", "maintenance503", times=1)
    await office.work()
    await office.work()
    assert simulator.counters["deposerEncaissement"].calls == 1
    office.clock.advance(minutes=5)
    await office.work()
    assert sorted(references(simulator)) == sorted([first.key, second.key])


async def test_a_rejected_payment_is_told_to_tenant_and_staff(
    office: Office, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.add_fault("deposerEncaissement", "rejected", times=1, reason="COMPTE_CLOS")
    payment, _ = await office.paid()
    await office.work()
    assert await office.expected() == "269.65"
    office.clock.advance(hours=5)
    await office.work()
    row = await office.row(payment)
    assert (row.state, row.reason, row.flags) == ("REJECTED", "COMPTE_CLOS", "NOT_BOOKED")
    assert await office.expected() == "369.65"
    assert f"payment {payment.key}: NOT_BOOKED is to be looked at" in caplog.text


async def test_an_account_that_billing_does_not_know(office: Office, simulator: Simulator) -> None:
    simulator.add_fault("deposerEncaissement", "ko", code="FAC-404", times=1)
    payment, _ = await office.paid()
    await office.work()
    row = await office.row(payment)
    assert (row.state, row.reason, row.flags) == ("REJECTED", "UNKNOWN_ACCOUNT", "NOT_BOOKED")


async def test_a_deposit_that_billing_calls_malformed(office: Office) -> None:
    payment, _ = await office.paid()
    sealed = Particulars("no account", None, RETURN, Locale.FR).seal(office.tools.secrets, payment.key)
    async with office.tools.store.write() as tx:
        await payments.change(tx, payment.key, sealed=sealed)
    await office.work()
    row = await office.row(payment)
    assert (row.state, row.reason, row.flags) == ("REJECTED", "MALFORMED", "NOT_BOOKED")


async def test_a_reference_that_stands_for_other_money(office: Office, simulator: Simulator) -> None:
    payment, _ = await office.paid()
    stranger = simulator.landlord.tenants[5].account_number
    await office.billing.post_deposit(Deposit(stranger, Money.of("1.00"), PaymentMode.CARD, payment.key, TODAY))
    await office.work()
    row = await office.row(payment)
    assert (row.state, row.reason, row.flags) == ("REJECTED", "REFERENCE_TAKEN", "NOT_BOOKED")


async def test_a_reference_that_stands_for_the_same_money_otherwise(office: Office) -> None:
    payment, _ = await office.paid()
    eve = TODAY - timedelta(days=1)
    await office.billing.post_deposit(Deposit("L0048217", Money.of("100.00"), PaymentMode.CARD, payment.key, eve))
    await office.work()
    office.clock.advance(hours=5)
    await office.work()
    row = await office.row(payment)
    assert (row.state, row.flags) == ("BOOKED", "BOOKED_DIFFERENTLY")


async def test_a_deposit_that_billing_has_lost_is_sent_again_without_haste(
    office: Office, simulator: Simulator
) -> None:
    payment, _ = await office.paid()
    await office.work()
    simulator._billing.books.deposits.clear()
    office.clock.advance(hours=5)
    await office.work()
    assert simulator.deposits() == []
    office.clock.advance(minutes=1)
    await office.work()
    assert references(simulator) == [payment.key]
    assert simulator.counters["deposerEncaissement"].calls == 2


async def test_a_payment_that_cannot_be_read_stops_no_other_and_is_flagged(
    open_office: Opener, simulator: Simulator, neighbour: tuple[str, str]
) -> None:
    office, other = await open_office(), await open_office(label=neighbour[0], lease=neighbour[1])
    broken, _ = await office.paid()
    async with office.tools.store.write() as tx:
        await payments.change(tx, broken.key, sealed="not to be opened")
    good, _ = await other.paid("5.00")
    await office.work()
    assert references(simulator) == [good.key]
    office.clock.advance(days=1, minutes=1)
    await office.work()
    assert (await office.row(broken)).flags == "BOOKED_LATE"


async def test_a_payment_that_waits_too_long_is_flagged(office: Office, simulator: Simulator) -> None:
    payment, _ = await office.paid()
    simulator.add_fault("deposerEncaissement", "html500")
    office.clock.advance(days=1, minutes=1)
    await office.work()
    row = await office.row(payment)
    assert (row.state, row.flags) == ("AUTHORISED", "BOOKED_LATE")


async def test_one_node_books_at_a_time(open_office: Opener, simulator: Simulator) -> None:
    nodes: list[Office] = [await open_office() for _ in range(3)]
    payment, _ = await nodes[0].paid()
    await asyncio.gather(*(node.work() for node in nodes))
    assert simulator.counters["deposerEncaissement"].calls == 1
    assert references(simulator) == [payment.key]


async def test_what_was_left_on_the_page_expires(office: Office) -> None:
    payment, _ = await office.started()
    office.clock.advance(minutes=60, milliseconds=-1)
    await office.work()
    assert await office.state(payment) == "STARTED"
    office.clock.advance(milliseconds=1)
    await office.work()
    assert await office.state(payment) == "EXPIRED"


async def test_money_that_is_heard_of_late_is_booked(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started()
    office.clock.advance(hours=3)
    await office.work()
    assert await office.state(payment) == "EXPIRED"
    await office.notify(report(form))
    await office.work()
    assert references(simulator) == [payment.key]
    assert str(simulator.deposits()[0]["value_date"]) == "2026-11-03"
    assert (await office.row(payment)).flags == "PAID_AFTER_ALL"


async def test_what_the_payer_has_confirmed_does_not_expire(office: Office) -> None:
    payment, form = await office.started()
    await office.notify(report(form, vads_trans_status="UNDER_VERIFICATION"))
    office.clock.advance(hours=3)
    await office.work()
    assert await office.state(payment) == "STARTED"
    await office.notify(report(form))
    assert await office.state(payment) == "AUTHORISED"


async def test_a_deposit_whose_answer_was_lost_is_not_taken_for_refused(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started()
    simulator.add_fault("deposerEncaissement", "reset", after=True, times=1)
    await office.notify(report(form))
    await office.work()
    simulator.add_fault("deposerEncaissement", "ko", code="FAC-404", times=1)
    office.clock.advance(minutes=1)
    await office.work()
    assert references(simulator) == [payment.key]
    assert await office.state(payment) == "AUTHORISED"


async def test_a_payment_before_midnight_counts_from_its_day(office: Office, simulator: Simulator) -> None:
    office.clock.now = paris("2026-11-10T23:50")
    _, form = await office.started()
    office.clock.advance(minutes=20)
    await office.notify(report(form, vads_effective_creation_date="20261110225500"))
    await office.work()
    assert str(simulator.deposits()[0]["value_date"]) == "2026-11-10"
