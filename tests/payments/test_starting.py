"""Who may start a payment of how much, once."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import BadUserInput, Unauthenticated, UpstreamError
from gateway.models.account import RateLimited
from gateway.models.payment import PaymentRefusalReason, PaymentRefused, PaymentStarted
from gateway.simulator import Simulator
from gateway.store import accounts, payments

from .conftest import Office, Opener, form_of
from .page import refund, report


def reason(outcome: object) -> str:
    assert isinstance(outcome, PaymentRefused), outcome
    return outcome.reason.value


async def test_the_form_leads_to_the_page(office: Office) -> None:
    outcome = await office.start("369.65")
    assert isinstance(outcome, PaymentStarted)
    form = form_of(outcome)
    assert outcome.form_action == "https://secure.payzen.eu/vads-payment/"
    assert form["vads_amount"] == "36965"
    assert form["vads_order_id"] == outcome.payment.key
    assert form["vads_trans_id"] == "000000"
    assert (outcome.expires_at - office.clock.now).total_seconds() == 20 * 60


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "AMOUNT_OUT_OF_RANGE"),
        ("0.00", "AMOUNT_OUT_OF_RANGE"),
        ("-1", "AMOUNT_OUT_OF_RANGE"),
        ("100000", "AMOUNT_OUT_OF_RANGE"),
        ("369.66", "AMOUNT_ABOVE_BALANCE"),
    ],
)
async def test_amounts_that_are_refused(office: Office, amount: str, expected: str) -> None:
    assert reason(await office.start(amount)) == expected


@pytest.mark.parametrize("amount", ["0.01", "369.65", "369.650000", "100"])
async def test_amounts_that_are_taken(office: Office, amount: str) -> None:
    assert isinstance(await office.start(amount), PaymentStarted)


async def test_what_is_typed_wrong_is_told(office: Office) -> None:
    with pytest.raises(BadUserInput, match="amount_malformed"):
        await office.start("1.001")
    for key in ("short", "a" * 129, "blank in it", "accentuée", "new\nline"):
        with pytest.raises(BadUserInput, match="idempotency_key_malformed"):
            await office.start(key=key)


async def test_what_is_on_its_way_counts(office: Office) -> None:
    await office.paid("300.00")
    refused = await office.start("69.66")
    assert isinstance(refused, PaymentRefused) and refused.maximum
    assert (refused.reason.value, str(refused.maximum.amount)) == ("AMOUNT_ABOVE_BALANCE", "69.65")
    assert isinstance(await office.start("69.65"), PaymentStarted)


async def test_more_may_be_paid_where_the_setting_says_so(open_office: Opener) -> None:
    office = await open_office(payment_in_advance=True)
    assert isinstance(await office.start("1000"), PaymentStarted)


async def test_the_same_key_gives_the_same_payment(office: Office, simulator: Simulator) -> None:
    first = await office.start(key="once-and-again")
    office.asked.clear()
    simulator.add_fault("*", "html500")  # not asked anew, so billing may be down
    again = await office.start(key="once-and-again")
    assert first == again
    assert office.asked == []


async def test_a_payment_that_is_over_gives_no_form(office: Office) -> None:
    payment, form = await office.started(key="once-and-again")
    await office.notify(report(form))
    again = await office.start(key="once-and-again")
    assert isinstance(again, PaymentStarted)
    assert (again.payment.id, again.payment.state.value, again.form_fields) == (payment.id, "AUTHORISED", ())


@pytest.mark.parametrize(
    "changes",
    [{"amount": "99.99"}, {"due_notice_id": "own"}, {"return_url": "https://tenants.example/paiements/autre"}],
)
async def test_a_key_stands_for_one_thing(office: Office, changes: dict[str, Any]) -> None:
    payment, _ = await office.started(key="once-and-again")
    refused = await office.start(**({"amount": "100.00"} | changes), key="once-and-again")
    assert isinstance(refused, PaymentRefused) and refused.conflicts_with
    assert (refused.reason.value, refused.problem_code.value) == ("KEY_REUSED", "CONFLICT")
    assert refused.conflicts_with.id == payment.id


async def test_another_tenants_key_is_another_key(open_office: Opener, neighbour: tuple[str, str]) -> None:
    office, other = await open_office(), await open_office(label=neighbour[0], lease=neighbour[1])
    payment, _ = await office.started(key="the-same-key")
    others, _ = await other.started(key="the-same-key")
    assert payment.id != others.id


async def test_another_open_payment_is_in_the_way(office: Office) -> None:
    payment, form = await office.started()
    refused = await office.start("5.00")
    assert isinstance(refused, PaymentRefused) and refused.conflicts_with
    assert (refused.reason.value, refused.problem_code.value) == ("OTHER_PAYMENT_OPEN", "CONFLICT")
    assert refused.conflicts_with.id == payment.id
    await office.notify(report(form, "ABANDONED"))
    assert isinstance(await office.start("5.00"), PaymentStarted)


async def test_a_forgotten_payment_is_in_the_way_until_it_expires(office: Office) -> None:
    await office.started()
    office.clock.advance(minutes=60, milliseconds=-1)
    assert reason(await office.start("5.00")) == "OTHER_PAYMENT_OPEN"
    office.clock.advance(milliseconds=1)
    assert isinstance(await office.start("5.00"), PaymentStarted)  # though no worker has run


async def test_two_at_once_on_two_nodes(open_office: Opener) -> None:
    nodes = [await open_office(), await open_office()]
    outcomes = await asyncio.gather(*(node.start("200.00") for node in nodes for _ in range(5)))
    started = [each for each in outcomes if isinstance(each, PaymentStarted)]
    refused = [each for each in outcomes if isinstance(each, PaymentRefused)]
    assert (len(started), len(refused)) == (1, 9)
    assert {each.conflicts_with and each.conflicts_with.id for each in refused} == {started[0].payment.id}


async def test_one_key_at_once_on_two_nodes(open_office: Opener) -> None:
    nodes = [await open_office(), await open_office()]
    outcomes = await asyncio.gather(*(node.start(key="pressed-ten-times") for node in nodes for _ in range(5)))
    assert all(each == outcomes[0] for each in outcomes)
    assert isinstance(outcomes[0], PaymentStarted)


async def test_a_direct_debit_covers_it(open_office: Opener, simulator: Simulator) -> None:
    tenant = next(
        each
        for each in simulator.landlord.tenants
        if each.account.direct_debit_on is not None and each.account.entries[-1].balance_after_cents > 1_000
    )
    office: Office = await open_office(label=tenant.account_number, lease=tenant.lease_reference)
    assert (await office.balance()).next_direct_debit is not None
    refused = await office.start("1.00")
    assert isinstance(refused, PaymentRefused) and refused.maximum
    assert (refused.reason.value, str(refused.maximum.amount)) == ("DIRECT_DEBIT_PLANNED", "0.00")


async def test_a_closed_account_takes_nothing(open_office: Opener, simulator: Simulator) -> None:
    tenant = next(each for each in simulator.landlord.tenants if each.account.state_code == "CLOS")
    office = await open_office(label=tenant.account_number, lease=tenant.lease_reference)
    assert reason(await office.start("1.00")) == "ACCOUNT_CLOSED"


async def test_a_balance_that_cannot_be_read_starts_nothing(office: Office, simulator: Simulator) -> None:
    simulator.add_fault("lireCompte", "html500")
    with pytest.raises(UpstreamError):
        await office.start()
    simulator.clear_faults()
    balance = await office.balance()
    for unknown in (None, replace(balance, freshness=replace(balance.freshness, stale=True))):

        async def load_balance(unknown: object = unknown) -> object:
            return unknown

        from decimal import Decimal

        from gateway.models.money import Locale
        from gateway.models.payment import RentPaymentOrder
        from gateway.payments.starting import Facts

        order = RentPaymentOrder(
            Decimal("1.00"), None, "https://tenants.example/paiements/", "a key of its own".replace(" ", "-")
        )
        facts = Facts(load_balance, load_balance)  # type: ignore[arg-type]
        outcome = await office.payments.start(office.principal, order, Locale.FR, facts)
        assert reason(outcome) == "BALANCE_UNKNOWN"
    assert isinstance(await office.start(), PaymentStarted)


async def test_a_notice_must_be_the_tenants_own(office: Office) -> None:
    assert reason(await office.start(due_notice_id="somebody else's")) == "DUE_NOTICE_UNKNOWN"
    assert isinstance(await office.start(due_notice_id="own"), PaymentStarted)


async def test_a_return_elsewhere_is_refused(office: Office) -> None:
    assert reason(await office.start(return_url="https://evil.example/")) == "RETURN_URL_NOT_ALLOWED"


@pytest.mark.parametrize(
    "lacking", [{"payment_site_id": None}, {"payment_test_key": None}, {"payment_mode": "PRODUCTION"}]
)
async def test_payments_that_are_not_set_up(open_office: Opener, lacking: dict[str, str | None]) -> None:
    office = await open_office(**lacking)
    assert reason(await office.start()) == "NOT_AVAILABLE"


async def test_numbers_are_the_shops_and_the_days(open_office: Opener, neighbour: tuple[str, str]) -> None:
    office, other = await open_office(), await open_office(label=neighbour[0], lease=neighbour[1])
    numbers = [(await each.started("1.00"))[1]["vads_trans_id"] for each in (office, other)]
    assert numbers == ["000000", "000001"]
    office.clock.advance(hours=15)
    _, form = await office.started("1.00")
    assert (form["vads_trans_date"], form["vads_trans_id"]) == ("20261104000000", "000000")


async def test_numbers_that_are_used_up(office: Office) -> None:
    async with office.tools.store.write() as tx:
        await payments.reserve_number(tx, "12345678", "20261103", 899_999)
        from sqlalchemy import update

        from gateway.store.payment_tables import PAYMENT_NUMBERS

        await tx.execute(update(PAYMENT_NUMBERS).values(last=899_998))
    _, form = await office.started("1.00")
    assert form["vads_trans_id"] == "899999"
    await office.notify(report(form))
    assert reason(await office.start("1.00")) == "NOT_AVAILABLE"


async def test_nobody_starts_without_end(office: Office) -> None:
    outcomes: Counter[str] = Counter()
    for _ in range(13):
        outcome = await office.start("1.00")
        outcomes[type(outcome).__name__] += 1
        if isinstance(outcome, PaymentStarted):
            await office.notify(report(form_of(outcome), "ABANDONED"))
        office.clock.advance(minutes=1)
    assert outcomes == {"PaymentStarted": 12, "RateLimited": 1}
    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_seconds == 48 * 60
    office.clock.advance(minutes=47)
    assert isinstance(await office.start("1.00"), PaymentStarted)


async def test_a_closed_on_line_account_pays_nothing(office: Office) -> None:
    async with office.tools.store.write() as tx:
        await accounts.change(tx, office.principal.account_id, closed_at=office.tools.now())
    with pytest.raises(Unauthenticated):
        await office.start()


async def test_a_rotated_secret_loses_no_payment(open_office: Opener) -> None:
    office = await open_office()
    payment, form = await office.started(key="before-rotation")
    rotated = await open_office(
        secret_key="newer-secret-key-of-the-tests-0123456789,first-secret-key-of-the-tests-0123456789"
    )
    again = await rotated.start(key="before-rotation")
    assert isinstance(again, PaymentStarted) and form_of(again) == form
    assert reason(await rotated.start()) == PaymentRefusalReason.OTHER_PAYMENT_OPEN.value
    await rotated.notify(report(form))
    await rotated.notify(refund(form))
    assert await rotated.state(payment) == "REFUNDED"
