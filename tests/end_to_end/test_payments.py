"""Paying the rent through HTTP: a tenant, the simulated payment page, billing."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.accounts import create_account_without_mail
from gateway.models.node import node_id
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, PAYMENT_KEY, PAYMENT_SITE, Outcome, Simulator
from tests.payments.conftest import paris
from tests.payments.page import encoded, report
from tests.support import PASSWORD, Gateway, HeldClock, run_gateway, settings_for

RETURN = "https://tenants.example/paiements/retour"
START = """mutation($input: StartRentPaymentInput!) { startRentPayment(input: $input) {
  __typename
  ... on PaymentStarted { payment { id state amount { cents } } formAction formFields { name value } expiresAt }
  ... on PaymentRefused { code reason message maximum { cents } conflictsWith { id state } }
  ... on RateLimited { retryAfterSeconds }
} }"""
SHOWN = """{ me {
  balance { amount { cents } expected { cents } pendingPayments { id state amount { cents } } }
  payments { nodes { id state startedAt authorisedAt bookedOn reason } }
} }"""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def paying(simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway whose tenants can pay, with two accounts."""
    database = tmp_path / "gateway.sqlite"
    shutil.copy(migrated, database)
    settings = settings_for(
        simulator,
        database,
        payment_site_id=PAYMENT_SITE,
        payment_test_key=PAYMENT_KEY,
        payment_page_url=simulator.payment_url,
        payment_return_urls="https://tenants.example/paiements/",
    )
    await create_account_without_mail(settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
    other = simulator.landlord.tenants[1]
    await create_account_without_mail(settings, clock, other.account_number, other.lease_reference, PASSWORD)
    async with run_gateway(simulator, settings, clock) as running:
        simulator.payment_page.notification_url = f"{running.url}/payments/notification"
        yield running


async def start(gateway: Gateway, amount: str = "300.00", key: str = "first-payment", **changes: Any) -> Any:
    given = {"amount": amount, "returnUrl": RETURN, "idempotencyKey": key} | changes
    return (await gateway.data(START, input=given))["startRentPayment"]


def form_of(started: Any) -> dict[str, str]:
    return {field["name"]: field["value"] for field in started["formFields"]}


async def shown_once(gateway: Gateway, state: str) -> Any:
    """What the tenant sees once the newest payment has come to that state."""
    for _ in range(500):
        me = (await gateway.data(SHOWN))["me"]
        if me["payments"]["nodes"][0]["state"] == state:
            return me
        await asyncio.sleep(0.02)
    raise AssertionError(me)


async def tell(gateway: Gateway, body: bytes, **headers: str) -> tuple[int, str]:
    address = f"{gateway.url}/payments/notification"
    async with gateway.http.post(address, data=body, headers=FORM | headers) as response:
        return response.status, (await response.json())["code"]


async def test_from_the_button_into_the_balance(paying: Gateway) -> None:
    started = await start(paying)
    assert (started["__typename"], started["payment"]["state"]) == ("PaymentStarted", "STARTED")
    page = paying.simulator.payment_page
    async with paying.http.post(started["formAction"], data=form_of(started), allow_redirects=False) as response:
        assert response.status == 303  # the page takes the form, and shows itself
    (transaction,) = page.transactions.all
    returned = page.way_back(transaction)
    await page.decide(transaction, Outcome.PAY)
    returned = page.way_back(transaction)
    assert returned is not None and (returned.address, returned.fields) == (RETURN, {})

    me = await shown_once(paying, "AUTHORISED")
    assert me["balance"]["expected"]["cents"] == 6_965
    assert [each["id"] for each in me["balance"]["pendingPayments"]] == [started["payment"]["id"]]
    for _ in range(500):
        if paying.simulator.deposits():
            break
        await asyncio.sleep(0.02)
    paying.clock.now = paris("2026-11-03T10:32")
    paying.tokens.clear()
    me = await shown_once(paying, "BOOKED")
    assert me["payments"]["nodes"][0]["bookedOn"] == "2026-11-03"
    assert (me["balance"]["expected"]["cents"], len(me["balance"]["pendingPayments"])) == (6_965, 1)
    paying.clock.now = paris("2026-11-04T04:45")
    paying.tokens.clear()
    me = await shown_once(paying, "BOOKED")
    balance = me["balance"]
    assert (balance["amount"]["cents"], balance["expected"]["cents"], balance["pendingPayments"]) == (6_965, 6_965, [])


async def test_a_refused_card(paying: Gateway) -> None:
    started = await start(paying)
    await paying.simulator.payment_page.pay(form_of(started), Outcome.REFUSE)
    me = await shown_once(paying, "REFUSED")
    assert me["payments"]["nodes"][0]["reason"] == "Le paiement a été refusé par la banque. Rien n’a été débité."
    assert me["balance"]["expected"] == me["balance"]["amount"]


async def test_the_browsers_return_changes_nothing(paying: Gateway) -> None:
    started = await start(paying)
    paying.simulator.payment_page.notification_url = ""  # the page tells the browser alone
    transaction = await paying.simulator.payment_page.pay(form_of(started))
    assert paying.simulator.payment_page.way_back(transaction) is not None
    me = (await paying.data(SHOWN))["me"]
    assert me["payments"]["nodes"][0]["state"] == "STARTED"


async def test_refusals_in_the_graph(paying: Gateway) -> None:
    too_much = await start(paying, "369.66")
    assert (too_much["code"], too_much["reason"]) == ("PAYMENT_REFUSED", "AMOUNT_ABOVE_BALANCE")
    assert "369,65" in too_much["message"] and too_much["maximum"]["cents"] == 36_965
    elsewhere = await start(paying, returnUrl="https://evil.example/")
    assert elsewhere["reason"] == "RETURN_URL_NOT_ALLOWED"
    foreign = await start(paying, dueNoticeId=node_id("DueNotice", "AE-202610-0000001"))
    assert foreign["reason"] == "DUE_NOTICE_UNKNOWN"
    own = await start(paying, dueNoticeId=node_id("DueNotice", "AE-202610-0048217"))
    assert own["__typename"] == "PaymentStarted"
    conflict = await start(paying, key="second-payment")
    assert (conflict["code"], conflict["conflictsWith"]["id"]) == ("CONFLICT", own["payment"]["id"])


async def test_a_payment_is_seen_by_its_tenant_alone(paying: Gateway) -> None:
    payment_id = (await start(paying))["payment"]["id"]
    query = "query($id: ID!) { payment(id: $id) { id state } node(id: $id) { id ... on Payment { state } } }"
    mine = {"id": payment_id, "state": "STARTED"}
    assert await paying.data(query, id=payment_id) == {"payment": mine, "node": mine}
    other = paying.simulator.landlord.tenants[1].account_number
    nothing = {"payment": None, "node": None}
    assert await paying.data(query, label=other, id=payment_id) == nothing
    for unknown in (node_id("Payment", "0" * 32), node_id("Tenant", EXAMPLE_LEASE), "nonsense"):
        assert (await paying.data(query, id=unknown))["payment"] is None
    answer = await paying.ask(query, label=None, id=payment_id)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_signed_out_or_with_billing_down_nothing_starts(paying: Gateway) -> None:
    given = {"amount": "1.00", "returnUrl": RETURN, "idempotencyKey": "key-of-nobody"}
    answer = await paying.ask(START, label=None, input=given)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    paying.simulator.add_fault("*", "html500")
    answer = await paying.ask(START, input=given)
    assert answer["errors"][0]["extensions"] == {"code": "UPSTREAM_UNAVAILABLE", "upstream": "BILLING"}
    paying.simulator.clear_faults()
    assert (await paying.data(SHOWN))["me"]["payments"]["nodes"] == []


async def test_a_session_that_must_renew_its_password_cannot_pay(
    simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path
) -> None:
    database = tmp_path / "gateway.sqlite"
    shutil.copy(migrated, database)
    settings = settings_for(simulator, database, password_renewal_mandatory=True)
    await create_account_without_mail(settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
    clock.advance(days=366)
    async with run_gateway(simulator, settings, clock) as gateway:
        token = await gateway.sign_in()
        given = {"amount": "1.00", "returnUrl": RETURN, "idempotencyKey": "renewal-only"}
        for query, variables in ((START, {"input": given}), ('{ payment(id: "x") { id } }', {})):
            _, answer = await gateway.post({"query": query, "variables": variables}, token=token)
            assert {each["extensions"]["code"] for each in answer["errors"]} == {"FORBIDDEN"}


async def test_wrong_input_is_told(paying: Gateway) -> None:
    for changes in ({"amount": "1.001"}, {"idempotencyKey": "short"}):
        given = {"amount": "1.00", "returnUrl": RETURN, "idempotencyKey": "long-enough"} | changes
        answer = await paying.ask(START, input=given)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("how", ["changed", "added", "removed", "unsigned", "foreign", "sha1", "replayed"])
async def test_every_kind_of_forgery_is_refused(paying: Gateway, how: str) -> None:
    page = paying.simulator.payment_page
    started = await start(paying)
    page.notification_url, address = "", page.notification_url
    transaction = await page.pay(form_of(started))
    page.notification_url = address
    assert await page.forge(transaction.order_id, how) in {400, 403, 404, 409}
    assert (await paying.data(SHOWN))["me"]["payments"]["nodes"][0]["state"] == "STARTED"


async def test_answers_have_codes(paying: Gateway) -> None:
    form = form_of(await start(paying))
    good = report(form)
    assert await tell(paying, encoded(good | {"vads_amount": "1"})) == (403, "SIGNATURE_INVALID")
    assert await tell(paying, b"nothing") == (400, "MALFORMED")
    assert await tell(paying, encoded(report(form, vads_order_id="unknown"))) == (404, "ORDER_UNKNOWN")
    assert await tell(paying, encoded(report(form, vads_amount="1"))) == (409, "ORDER_DIFFERS")
    assert await tell(paying, b"a=" + b"b" * 40_000) == (413, "PAYLOAD_TOO_LARGE")
    for media_type in (
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=latin1",
    ):
        assert await tell(paying, encoded(good), **{"Content-Type": media_type}) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert await tell(paying, encoded(good)) == (200, "STORED")
    assert await tell(paying, encoded(good)) == (200, "STORED")
    async with paying.http.get(f"{paying.url}/payments/notification") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_what_is_not_stored_is_not_confirmed(paying: Gateway) -> None:
    form = form_of(await start(paying))
    with closing(sqlite3.connect(paying.settings.database_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("ALTER TABLE page_reports RENAME TO gone")
        assert await tell(paying, encoded(report(form))) == (503, "NOT_STORED")
        connection.execute("ALTER TABLE gone RENAME TO page_reports")
    assert await tell(paying, encoded(report(form))) == (200, "STORED")


async def test_gateways_without_payments_say_so(gateway: Gateway) -> None:
    assert (await start(gateway))["reason"] == "NOT_AVAILABLE"
    assert await tell(gateway, b"vads_amount=1&signature=x") == (503, "NOT_AVAILABLE")
