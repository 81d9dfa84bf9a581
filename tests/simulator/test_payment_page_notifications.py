"""What a shop is told and when: repeats, faults on the way, forgeries, later changes; and the truth that is kept."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from gateway.simulator import Outcome, Simulator, SimulatorOptions, run_simulator
from gateway.simulator.payment_page.payment_page import PaymentPage

from .conftest import Clock
from .payment_shop import Shop, form, run_shop, signature


@pytest.fixture
async def shop(simulator: Simulator) -> AsyncIterator[Shop]:
    async with run_shop() as running:
        simulator.payment_page.notification_url = running.url
        yield running


@pytest.fixture
def page(simulator: Simulator, shop: Shop) -> PaymentPage:
    return simulator.payment_page


async def pay(page: PaymentPage, outcome: Outcome = Outcome.PAY) -> str:
    """The order number of a payment made now."""
    return (await page.pay(form(trans_date=f"{page.now():%Y%m%d%H%M%S}"), outcome)).order_id


async def test_an_answer_that_is_no_success_is_asked_again_at_full_quarters(
    page: PaymentPage, shop: Shop, clock: Clock
) -> None:
    clock.set("2026-11-03T10:07")
    shop.answers = [500, 404, 503, 500, 400, 200]
    order = await pay(page)
    times = []
    for minute in range(8, 8 + 90):
        clock.set(f"2026-11-03T{10 + minute // 60}:{minute % 60:02d}")
        before = len(shop.told)
        await page.settle()
        times += [f"{clock.time:%H:%M}"] * (len(shop.told) - before)
    assert times == ["10:15", "10:30", "10:45", "11:00"]
    assert shop.statuses == [("PAY", "AUTHORISED")] + [("RETRY", "AUTHORISED")] * 4
    assert len({each["vads_hash"] for each in shop.told}) == 1
    assert all(each["signature"] == signature(each) for each in shop.told)
    (notification,) = page.transactions.payment(order).notifications
    assert (notification.taken, notification.given_up) == (False, True)
    assert [attempt.status for attempt in notification.attempts] == [500, 404, 503, 500, 400]


@pytest.mark.parametrize("status", [200, 204, 302])
async def test_a_success_is_asked_once(page: PaymentPage, shop: Shop, clock: Clock, status: int) -> None:
    shop.answers = [status]
    await pay(page)
    clock.forward(hours=3)
    await page.settle()
    assert len(shop.told) == 1


async def test_a_shop_that_is_down_is_told_when_it_is_back(simulator: Simulator, clock: Clock) -> None:
    page = simulator.payment_page
    async with run_shop() as gone:
        page.notification_url = gone.url
    order = await pay(page)
    (notification,) = page.transactions.payment(order).notifications
    assert [attempt.status for attempt in notification.attempts] == [None]
    async with run_shop() as shop:
        notification.url = shop.url
        clock.forward(minutes=15)
        await page.settle()
        assert shop.statuses == [("RETRY", "AUTHORISED")]
    assert notification.taken


async def test_the_clock_alone_brings_the_repeat(page: PaymentPage, shop: Shop, clock: Clock) -> None:
    shop.answers = [500]
    await pay(page)
    clock.forward(minutes=15)
    async with asyncio.timeout(10):
        while len(shop.told) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_pattern_may_be_compressed(page: PaymentPage, shop: Shop, clock: Clock) -> None:
    page.notifier.retry_seconds, page.notifier.retries = 2, 9
    shop.answers = [500] * 9
    await pay(page)
    for _ in range(9):
        clock.forward(seconds=2)
        await page.settle()
    assert len(shop.told) == 10


async def test_a_form_may_name_the_address(page: PaymentPage, shop: Shop) -> None:
    await page.pay(form(url_check=shop.url + "/other"))
    assert "vads_url_check" not in shop.told[0]
    page.notification_url = ""
    transaction = await page.pay(form())
    assert (transaction.notifications, transaction.status, len(shop.told)) == ([], "AUTHORISED", 1)


async def test_doubled_dropped_unheard(simulator: Simulator, page: PaymentPage, shop: Shop, clock: Clock) -> None:
    simulator.add_fault("notification", "double", times=1, copies=2)
    await pay(page)
    assert [each["vads_hash"] for each in shop.told] == [shop.told[0]["vads_hash"]] * 3
    shop.told.clear()
    simulator.add_fault("notification", "drop", times=1)
    order = await pay(page)
    assert shop.told == []
    clock.forward(minutes=15)
    await page.settle()
    assert shop.statuses == [("RETRY", "AUTHORISED")]
    (notification,) = page.transactions.payment(order).notifications
    assert [(attempt.fault, attempt.status) for attempt in notification.attempts] == [("drop", None), ("", 200)]
    simulator.add_fault("notification", "drop", times=1, retried=False)
    await pay(page)
    clock.forward(hours=2)
    await page.settle()
    assert len(shop.told) == 1
    simulator.add_fault("notification", "unheard", times=1)
    await pay(page)
    clock.forward(minutes=15)
    await page.settle()
    assert shop.statuses[1:] == [("PAY", "AUTHORISED"), ("RETRY", "AUTHORISED")]


async def test_delayed_reordered_held(simulator: Simulator, page: PaymentPage, shop: Shop, clock: Clock) -> None:
    simulator.add_fault("notification", "delay", times=1, seconds=90)
    first = await pay(page)
    second = await pay(page)
    clock.forward(seconds=90)
    await page.settle()
    simulator.add_fault("notification", "reorder", times=1)
    third = await pay(page)
    await page.change_status(third, "CANCELLED")
    assert [each["vads_order_id"] for each in shop.told] == [second, first, third, third]
    assert shop.statuses[2:] == [("MERCH_BO", "CANCELLED"), ("PAY", "AUTHORISED")]
    simulator.add_fault("notification", "reorder", times=1)
    await pay(page)
    clock.forward(minutes=15)
    await page.settle()
    assert len(shop.told) == 5
    shop.told.clear()
    page.notifier.hold()
    orders = [await pay(page) for _ in range(3)]
    await page.settle()
    assert (shop.told, page.notifier.waiting) == ([], 3)
    await page.notifier.release(backwards=True)
    assert [each["vads_order_id"] for each in shop.told] == orders[::-1]


async def test_forgeries(page: PaymentPage, shop: Shop) -> None:
    order = await pay(page)
    (true,) = shop.told
    shop.told.clear()
    shop.answers = [400] * 9
    for how in ("changed", "added", "removed", "unsigned", "foreign", "sha1", "replayed"):
        assert await page.forge(order, how) == 400
        forged = shop.told.pop()
        assert forged.get("signature") != signature(forged), how
        assert forged != true
    await page.forge(order, "signed", vads_currency="840")
    (signed,) = shop.told
    assert (signed["signature"], signed["vads_currency"]) == (signature(signed), "840")
    with pytest.raises(ValueError, match="unknown forgery"):
        await page.forge(order, "painted")
    transaction = page.transactions.payment(order)
    assert transaction.status == "AUTHORISED"
    assert [each.fault for each in transaction.notifications[0].attempts][:2] == ["", "forge:changed"]


async def test_a_forged_one_may_come_first(simulator: Simulator, page: PaymentPage, shop: Shop) -> None:
    simulator.add_fault("notification", "forge", times=1, how="replayed", fields={"vads_order_id": "another"})
    shop.answers = [400]
    order = await pay(page)
    assert [each["vads_order_id"] for each in shop.told] == ["another", order]
    assert shop.statuses == [("PAY", "AUTHORISED")] * 2
    assert [each["signature"] == signature(each) for each in shop.told] == [False, True]


async def test_later_changes(page: PaymentPage, shop: Shop) -> None:
    order = await pay(page)
    await page.change_status(order, "CAPTURED")
    await page.change_status(order, "EXPIRED")
    await page.change_status(order, "CANCELLED")
    await page.change_status(order, "REFUSED", "BATCH_AUTO")
    assert shop.statuses[1:] == [
        ("BATCH", "CAPTURED"),
        ("BATCH", "EXPIRED"),
        ("MERCH_BO", "CANCELLED"),
        ("BATCH_AUTO", "REFUSED"),
    ]
    assert {each["vads_trans_uuid"] for each in shop.told} == {page.transactions.payment(order).uuid}
    assert page.transactions.paid_cents() == {}
    with pytest.raises(ValueError, match="unknown status"):
        await page.change_status(order, "LOST")
    with pytest.raises(KeyError):
        await page.change_status("nobody's", "CAPTURED")


async def test_a_refund_is_a_transaction_of_its_own(page: PaymentPage, shop: Shop) -> None:
    order = await pay(page)
    await page.refund(order, 6965)
    assert page.transactions.paid_cents() == {order: 30000}
    await page.refund(order)
    assert page.transactions.paid_cents() == {}
    paid, first, second = shop.told
    assert [each["vads_operation_type"] for each in shop.told] == ["DEBIT", "CREDIT", "CREDIT"]
    assert (first["vads_amount"], second["vads_amount"]) == ("6965", "30000")
    assert first["vads_order_id"] == order
    assert first["vads_trans_id"].startswith("9")
    assert len({each["vads_trans_uuid"] for each in (paid, first, second)}) == 3
    with pytest.raises(ValueError, match="cannot be refunded"):
        await page.refund(order)


async def test_one_sent_by_hand_is_not_repeated(page: PaymentPage, shop: Shop, clock: Clock) -> None:
    order = await pay(page)
    shop.answers = [500]
    await page.resend(order)
    clock.forward(hours=1)
    await page.settle()
    assert shop.statuses == [("PAY", "AUTHORISED"), ("BO", "AUTHORISED")]
    assert len({each["vads_hash"] for each in shop.told}) == 2


async def test_manual_validation(page: PaymentPage, shop: Shop) -> None:
    transaction = await page.pay(form(validation_mode="1"))
    assert (transaction.status, transaction.paid_cents) == ("AUTHORISED_TO_VALIDATE", 0)
    await page.change_status(transaction.order_id, "AUTHORISED")
    assert transaction.paid_cents == 36965
    assert shop.statuses == [("PAY", "AUTHORISED_TO_VALIDATE"), ("MERCH_BO", "AUTHORISED")]


async def test_five_hundred_payments_under_faults_all_arrive_and_the_truth_is_kept(
    simulator: Simulator, page: PaymentPage, shop: Shop, clock: Clock
) -> None:
    for kind, probability in (("double", 0.2), ("delay", 0.2), ("reorder", 0.2), ("drop", 0.2), ("unheard", 0.1)):
        simulator.add_fault("notification", kind, probability=probability)
    page.notifier.retries = 50
    outcomes = [(Outcome.PAY, Outcome.PAY, Outcome.REFUSE, Outcome.ABANDON)[number % 4] for number in range(500)]
    await asyncio.gather(*(page.pay(form(), outcome) for outcome in outcomes))
    for _ in range(60):
        clock.forward(minutes=15)
        await page.settle()
    assert page.notifier.waiting == 0
    assert all(each.taken for transaction in page.transactions.all for each in transaction.notifications)
    told = {each["vads_order_id"] for each in shop.told}
    assert told == {transaction.order_id for transaction in page.transactions.all}
    assert len(shop.told) > 500
    assert sum(page.transactions.paid_cents().values()) == 250 * 36965


async def test_the_payer_who_goes_away_does_not_keep_the_shop_from_hearing(
    simulator: Simulator, page: PaymentPage, shop: Shop, http: aiohttp.ClientSession
) -> None:
    async with http.post(simulator.payment_url, data=form()) as response:
        address = str(response.url)
    shop.may_answer.clear()
    choice = asyncio.create_task(http.post(address, data={"outcome": "AUTHORISED"}))
    await shop.arrived.wait()
    choice.cancel()
    shop.may_answer.set()
    await page.settle()
    (notification,) = page.transactions.all[0].notifications
    assert notification.taken


async def test_knobs_and_truth_at_the_admin_port(
    simulator: Simulator, shop: Shop, http: aiohttp.ClientSession, clock: Clock
) -> None:
    async def post(path: str, **body: object) -> tuple[int, dict[str, object]]:
        async with http.post(simulator.admin_url + path, json=body) as response:
            return response.status, await response.json()

    sent = form()
    order = sent["vads_order_id"]
    assert (await post("/payments/notifications", url=shop.url, retries=7, retry_seconds=3, answer_seconds=5))[0] == 200
    notifier = simulator.payment_page.notifier
    assert (notifier.retries, notifier.retry_seconds, notifier.answer_seconds) == (7, 3, 5)
    assert (await post("/payments/notifications", retry_seconds=None))[0] == 200
    assert (notifier.retries, notifier.retry_seconds) == (7, None)
    assert (await post("/faults", operation="notification", kind="double", times=1))[0] == 200
    status, paid = await post("/payments/pay", fields=sent, outcome="AUTHORISED")
    assert (status, paid["status"], len(shop.told)) == (200, "AUTHORISED", 2)
    assert (await post("/payments/pay", fields=sent))[0] == 400
    assert (await post("/payments/status", order_id=order, status="CAPTURED"))[0] == 200
    assert (await post("/payments/refund", order_id=order, cents=965))[1]["direction"] == "CREDIT"
    assert (await post("/payments/resend", order_id=order))[0] == 200
    assert (await post("/payments/forge", order_id=order, how="added", vads_x="1"))[1] == {"status": 200}
    assert shop.told[-1]["vads_x"] == "1"
    assert (await post("/payments/hold"))[0] == 200
    assert (await post("/payments/resend", order_id=order))[0] == 200
    assert (await post("/payments/release", backwards=True))[0] == 200
    assert len(shop.told) == 7
    for path, body in (
        ("/payments/pay", {"fields": {}}),
        ("/payments/pay", {"fields": form(), "outcome": "FREE"}),
        ("/payments/status", {"order_id": "nobody's", "status": "CAPTURED"}),
        ("/payments/notifications", {"colour": 1}),
        ("/faults", {"operation": "notification", "kind": "ko"}),
        ("/faults", {"operation": "*", "kind": "double"}),
    ):
        assert (await post(path, **body))[0] == 400, path
    async with http.get(simulator.admin_url + "/payments") as response:
        truth = await response.json()
    assert truth["paid_cents"] == {order: 36000}
    assert [each["status"] for each in truth["transactions"]] == ["CAPTURED", "AUTHORISED"]
    first = truth["transactions"][0]["notifications"][0]
    assert [attempt["status"] for attempt in first["attempts"]] == [200, 200]
    async with http.get(simulator.admin_url + "/") as response:
        assert "POST   /payments/forge" in await response.text()
    assert simulator.counters["notification"].calls == 7
    assert "1122334455667788" not in repr(simulator.journal) + repr(truth)


async def test_stopping_does_not_wait_for_a_shop_that_does_not_answer(clock: Clock) -> None:
    async with run_shop() as shop:
        shop.may_answer.clear()
        async with run_simulator(SimulatorOptions(now=clock, notification_url=shop.url)) as simulator:
            paying = asyncio.create_task(simulator.payment_page.pay(form()))
            await shop.arrived.wait()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(paying, 20)
