"""What the balance will be: a payment counts once, before and after it is booked and through the night."""

import pytest

from gateway.payments.lots import day_of, first_lot_of, run_of
from gateway.simulator import Simulator

from .conftest import Office, paris


async def test_from_the_page_through_the_night(office: Office) -> None:
    """At every hour, balance less pending is the same; the payment is in exactly one of the two."""
    assert (await office.expected(), await office.pending()) == ("369.65", [])
    payment, _ = await office.paid("300.00")
    while office.clock.now < paris("2026-11-05T12:00"):
        await office.work()
        balance, pending = await office.balance(), await office.pending()
        in_balance = office.clock.now >= paris("2026-11-04T04:30")
        assert str(balance.amount.amount) == ("69.65" if in_balance else "369.65")
        assert pending == ([] if in_balance else ["300.00"])
        assert await office.expected() == "69.65"
        office.clock.advance(minutes=30)
    assert await office.state(payment) == "BOOKED"


async def test_booked_is_still_pending_until_the_balance_is_computed(office: Office) -> None:
    payment, _ = await office.paid("300.00")
    await office.work()
    office.clock.now = paris("2026-11-03T10:31")
    await office.work()
    assert await office.state(payment) == "BOOKED"
    assert await office.pending() == ["300.00"]


async def test_an_evening_payment_is_booked_the_next_day_and_counts_the_night_after(office: Office) -> None:
    office.clock.now = paris("2026-11-03T18:31")
    await office.paid("300.00")
    await office.work()
    for moment in ("2026-11-04T04:29", "2026-11-04T04:31", "2026-11-04T06:31", "2026-11-05T04:29"):
        office.clock.now = paris(moment)
        await office.work()
        assert (await office.expected(), await office.pending()) == ("69.65", ["300.00"])
    office.clock.now = paris("2026-11-05T04:30")
    assert (await office.expected(), await office.pending()) == ("69.65", [])


async def test_a_gateway_that_has_not_heard_of_the_booking_counts_right(office: Office) -> None:
    """Deposited in the afternoon, then stopped until after the night: the balance holds it, known here or not."""
    payment, _ = await office.paid("300.00")
    await office.work()
    office.clock.now = paris("2026-11-04T04:31")
    assert await office.state(payment) == "AUTHORISED"
    assert (await office.expected(), await office.pending()) == ("69.65", [])


async def test_a_rejection_that_has_not_been_heard_of_is_not_counted(office: Office, simulator: Simulator) -> None:
    simulator.add_fault("deposerEncaissement", "rejected", times=1)
    await office.paid("300.00")
    await office.work()
    assert await office.expected() == "69.65"
    office.clock.now = paris("2026-11-04T04:31")
    assert (await office.expected(), await office.pending()) == ("369.65", [])


async def test_an_older_balance_gets_the_payments_that_it_lacks(office: Office) -> None:
    """What was read before the night and shown after it, as a last known value may be."""
    before = await office.balance()
    await office.paid("300.00")
    await office.work()
    office.clock.now = paris("2026-11-04T12:00")
    await office.work()
    assert str((await office.payments.expect_balance(before)).amount) == "69.65"
    assert await office.expected() == "69.65"


async def test_the_night_when_the_clocks_change(office: Office) -> None:
    """On 28 March 2027 there is no 02:30; 04:30 is one hour earlier than the day before."""
    office.clock.now = paris("2027-03-27T12:00")
    before = await office.expected()
    await office.paid("1.00")
    for moment in ("2027-03-28T04:29", "2027-03-28T04:31"):
        office.clock.now = paris(moment)
        await office.work()
        assert float(await office.expected()) == pytest.approx(float(before) - 1)


def test_runs() -> None:
    assert run_of("20261104-03") == paris("2026-11-04T14:30")
    assert run_of("20260701-01") == paris("2026-07-01T06:30")
    assert str(day_of("20261104-04")) == "2026-11-04"
    assert first_lot_of(paris("2026-11-04T00:00").date()) <= "20261104-01"
    for other in ("20261104-05", "20261304-01", "2026110401", "", "20261104-01 "):
        assert run_of(other) is None
