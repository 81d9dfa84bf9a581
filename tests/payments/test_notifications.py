"""The page's word counts once, in any order; nobody else's word counts at all."""

import asyncio
import logging

import pytest

from gateway.payments.notification import Taken
from gateway.simulator import Simulator

from .conftest import Office, Opener
from .page import encoded, refund, report, signed


async def test_one_word_said_often_counts_once(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started()
    fields = report(form)
    again = report(form, vads_url_check_src="RETRY")
    taken = await asyncio.gather(*(office.notify(each) for each in (fields, fields, again, fields, again)))
    assert set(taken) == {Taken.STORED}
    await office.work()
    await office.notify(report(form, "CAPTURED"))
    await office.work()
    assert len(simulator.deposits()) == 1
    assert len(await office.reports(payment)) == 3
    assert (await office.row(payment)).flags == ""


async def test_forged_words_change_nothing_and_are_logged(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    payment, form = await office.started()
    before = await office.row(payment)
    good = report(form)
    forged = [
        *(good | {name: value + "0"} for name, value in good.items()),
        good | {"vads_added": "1"},
        good | {"added": "1"},
        report(form, key="8877665544332211"),
        {name: value for name, value in good.items() if name != "vads_trans_status"},
        form,
    ]
    for fields in forged:
        assert await office.notify(fields) is not Taken.STORED
    assert await office.row(payment) == before
    assert await office.reports(payment) == []
    assert caplog.text.count("was refused") == len(forged)
    assert form["vads_order_id"] not in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"vads_amount": "10001"},
        {"vads_amount": "1"},
        {"vads_currency": "840"},
        {"vads_site_id": "87654321"},
        {"vads_trans_id": "000001"},
        {"vads_trans_date": "20261103090001"},
    ],
)
async def test_a_signed_word_about_something_else_is_kept_and_flagged(
    office: Office, changes: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    payment, form = await office.started()
    assert await office.notify(report(form, **changes)) is Taken.ORDER_DIFFERS
    row = await office.row(payment)
    assert (row.state, row.flags) == ("STARTED", "MISMATCH")
    assert [each.flag for each in await office.reports(payment)] == ["MISMATCH"]
    assert "differs from what was sent" in caplog.text


async def test_a_word_of_the_other_mode(open_office: Opener) -> None:
    office: Office = await open_office(payment_production_key="9988776655443322")
    payment, form = await office.started()
    other = report(form, vads_ctx_mode="PRODUCTION", key="9988776655443322")
    assert await office.notify(other) is Taken.ORDER_DIFFERS
    assert await office.state(payment) == "STARTED"


async def test_a_replay_for_another_order(open_office: Opener, neighbour: tuple[str, str]) -> None:
    office, other = await open_office(), await open_office(label=neighbour[0], lease=neighbour[1])
    _, form = await office.started()
    mine, mine_form = await other.started()
    replayed = report(form) | {"vads_order_id": mine_form["vads_order_id"]}
    assert await other.notify(replayed) is Taken.SIGNATURE_INVALID
    # And if the page itself mixed them up: its transaction is not the one that was sent.
    assert await other.notify(signed(replayed)) is Taken.ORDER_DIFFERS
    assert await other.state(mine) == "STARTED"


async def test_an_order_that_nobody_placed(office: Office) -> None:
    _, form = await office.started()
    assert await office.notify(report(form, vads_order_id="somebody-elses-shop")) is Taken.ORDER_UNKNOWN


async def test_without_keys_nothing_is_believed(open_office: Opener) -> None:
    office, closed = await open_office(), await open_office(payment_test_key=None)
    _, form = await office.started()
    assert await closed.notify(report(form)) is Taken.NOT_AVAILABLE


async def test_contradictions_are_kept(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started()
    await office.notify(report(form))
    await office.notify(report(form, "REFUSED"))
    await office.notify(report(form, "SOMETHING_NEW"))
    await office.work()
    row = await office.row(payment)
    assert (row.state, row.flags) == ("AUTHORISED", "CONTRADICTED STATUS_UNKNOWN")
    assert [each.status for each in await office.reports(payment)] == ["AUTHORISED", "REFUSED", "SOMETHING_NEW"]
    assert len(simulator.deposits()) == 1


async def test_paid_after_all_is_booked_and_flagged_beside_the_next_payment(
    office: Office, simulator: Simulator
) -> None:
    first, form = await office.started()
    await office.notify(report(form, "REFUSED"))
    second, second_form = await office.started("50.00")
    await office.notify(report(form))
    await office.notify(report(second_form))
    await office.work()
    assert sorted(each["cents"] for each in simulator.deposits()) == [5_000, 10_000]
    assert (await office.row(first)).flags == "PAID_AFTER_ALL"
    assert (await office.row(second)).flags == ""
    assert await office.expected() == "219.65"


async def test_money_given_back_before_it_was_booked_is_not_booked(office: Office, simulator: Simulator) -> None:
    payment, form = await office.paid()
    await office.notify(refund(form))
    await office.work()
    assert simulator.deposits() == []
    assert (await office.row(payment)).flags == ""
    assert await office.state(payment) == "REFUNDED"
    assert await office.expected() == "369.65"


async def test_cancelled_before_the_word_that_it_was_paid(office: Office, simulator: Simulator) -> None:
    payment, form = await office.started()
    await office.notify(report(form, "CANCELLED"))
    await office.notify(report(form))
    await office.work()
    assert simulator.deposits() == []
    row = await office.row(payment)
    assert (row.state, row.flags) == ("REFUNDED", "CONTRADICTED")


async def test_money_given_back_after_it_was_booked_is_for_staff(office: Office) -> None:
    payment, form = await office.paid()
    await office.work()
    office.clock.advance(hours=5)
    await office.work()
    assert await office.state(payment) == "BOOKED"
    await office.notify(refund(form, 4_000))
    row = await office.row(payment)
    assert (row.state, row.flags) == ("BOOKED", "REFUNDED_IN_PART")
    await office.notify(refund(form))
    row = await office.row(payment)
    assert (row.state, row.flags) == ("REFUNDED", "REFUNDED_AFTER_BOOKING REFUNDED_IN_PART")


async def test_given_back_while_billing_is_being_told(office: Office, simulator: Simulator) -> None:
    payment, form = await office.paid()
    simulator.hold()
    working = asyncio.create_task(office.work())
    await simulator.wait_for_waiting(1)
    await office.notify(refund(form))
    simulator.open()
    await working
    row = await office.row(payment)
    assert (row.state, row.flags) == ("REFUNDED", "REFUNDED_AFTER_BOOKING")
    assert row.lot is not None and len(simulator.deposits()) == 1


async def test_nothing_readable_is_kept_or_logged(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gateway")
    payment, _ = await office.paid()
    await office.work()
    kept = str(await office.row(payment)) + str(await office.reports(payment)) + caplog.text
    for secret in ("497010", "L0048217", "tenants.example", "1122334455667788", "Tilleuls"):
        assert secret not in kept


async def test_a_foreign_payment_is_nobodys(open_office: Opener, neighbour: tuple[str, str]) -> None:
    office, other = await open_office(), await open_office(label=neighbour[0], lease=neighbour[1])
    payment, _ = await office.started()
    assert await office.payments.find("L0048217", payment.key) == payment
    assert await other.payments.find(neighbour[0], payment.key) is None
    assert (await other.payments.list_page(neighbour[0], 10, None)).nodes == ()


async def test_payments_are_listed_newest_first(office: Office) -> None:
    keys = []
    for _ in range(5):
        payment, form = await office.started("1.00")
        await office.notify(report(form, "ABANDONED"))
        office.clock.advance(minutes=1)
        keys.append(payment.key)
    first = await office.payments.list_page("L0048217", 2, None)
    assert ([each.key for each in first.nodes], first.has_next_page) == (keys[:-3:-1], True)
    rest = await office.payments.list_page("L0048217", 3, first.page_info.end_cursor)
    assert ([each.key for each in rest.nodes], rest.has_next_page) == (keys[2::-1], False)


async def test_bytes_of_any_kind_do_no_harm(office: Office) -> None:
    for body in (b"\x00", b"=" * 5_000, b"&" * 500, b"%", encoded({"vads_ctx_mode": "TEST", "signature": "é"})):
        assert await office.payments.take_notification(body) in {Taken.MALFORMED, Taken.SIGNATURE_INVALID}
