"""Paying the rent in a real browser: sign in, read the notice, pay on the page, come back, and see it booked."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright, expect
from pypdf import PdfReader

from gateway.accounts import create_account_without_mail
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, PAYMENT_KEY, PAYMENT_SITE, Simulator
from tests.payments.conftest import paris
from tests.support import PASSWORD, Gateway, HeldClock, run_gateway, settings_for

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
# Another site than the payment page's 127.0.0.1: the way back crosses sites, as it does for tenants.
PUBLIC = "http://localhost:8000"
# The landlord's page, in the gateway's origin; the gateway's own pages let no form out.
FRONT_END = f"{PUBLIC}/mon-loyer"
FRONT_PAGE = '<!doctype html><html lang="fr"><title>Mon loyer</title><link rel="icon" href="data:,"><h1>Mon loyer</h1>'

ASK = """async ([query, variables]) => (await fetch("/graphql", {
  method: "POST",
  headers: {"Content-Type": "application/json", "GraphQL-Preflight": "1"},
  body: JSON.stringify({query, variables}),
})).json()"""
SHOW_LINK = """([href, text]) => {
  const link = Object.assign(document.createElement("a"), {href, textContent: text});
  document.body.append(link);
}"""
SHOW_FORM = """([action, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action});
  for (const {name, value} of fields)
    form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
  form.append(Object.assign(document.createElement("button"), {textContent: "Payer mon loyer"}));
  document.body.append(form);
}"""

SIGN_IN = """mutation($label: String!, $password: String!) {
  logIn(input: {accountLabel: $label, password: $password, client: WEB}) {
    __typename ... on SignedIn { tokens { accessToken } }
  }
}"""
NOTICE = "{ me { dueNotices(first: 1) { nodes { id receipt document { url title fileName ready } } } } }"
START = """mutation($input: StartRentPaymentInput!) { startRentPayment(input: $input) {
  __typename ... on PaymentStarted { payment { id } formAction formFields { name value } }
} }"""
SHOWN = """{ me {
  balance { amount { cents } expected { cents } pendingPayments { state amount { cents } } }
  payments { nodes { id state amount { cents } bookedOn } }
} }"""


@pytest.fixture
async def paying(simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway whose one tenant can pay, under an address that only the browser below knows the way to."""
    database = tmp_path / "gateway.sqlite"
    shutil.copy(migrated, database)
    settings = settings_for(
        simulator,
        database,
        public_url=PUBLIC,
        payment_site_id=PAYMENT_SITE,
        payment_test_key=PAYMENT_KEY,
        payment_page_url=simulator.payment_url,
        payment_return_urls=FRONT_END,
    )
    await create_account_without_mail(settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
    async with run_gateway(simulator, settings, clock) as running:
        simulator.payment_page.notification_url = f"{running.url}/payments/notification"
        yield running


@pytest.fixture
async def page(paying: Gateway) -> AsyncIterator[Page]:
    """A browser on the landlord's page, closed before the gateway; what it complained of is looked at in the end."""
    if CHROMIUM is None:
        reason = "Chromium is not installed (Debian package chromium)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    # As a proxy in front: the public address leads to where the gateway really listens.
    public, real = urlsplit(PUBLIC).netloc, urlsplit(paying.url).netloc
    arguments = [*ARGUMENTS, f"--host-resolver-rules=MAP {public} {real}"]
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            context = await browser.new_context(locale="fr-FR", viewport={"width": 800, "height": 900})
            await context.route(
                lambda url: url.partition("?")[0] == FRONT_END,
                lambda route: route.fulfill(body=FRONT_PAGE, content_type="text/html; charset=utf-8"),
            )
            page = await context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
            await page.goto(FRONT_END)
            yield page
        finally:
            await browser.close()
    # Sessions that have ended are part of the story.
    assert [each for each in complaints if "401 (Unauthorized)" not in each] == []


async def ask(page: Page, query: str, **variables: object) -> Any:
    """The data of an answer that the page fetched with its cookies."""
    answer = await page.evaluate(ASK, [query, variables])
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


async def sign_in(page: Page) -> None:
    answer = await ask(page, SIGN_IN, label=EXAMPLE_LABEL, password=PASSWORD)
    assert answer["logIn"] == {"__typename": "SignedIn", "tokens": None}  # a cookie, out of the page's reach


async def sign_in_again(page: Page) -> None:
    """Half an hour without a call has ended the session: the next call says so, and takes the cookie away."""
    answer = await page.evaluate(ASK, [SHOWN, {}])
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["UNAUTHENTICATED"]
    await sign_in(page)


async def shown_once(page: Page, state: str) -> Any:
    """What the tenant sees once the payment has come to that state: balance and payments."""
    for _ in range(500):
        me = (await ask(page, SHOWN))["me"]
        if me["payments"]["nodes"][0]["state"] == state:
            return me
        await asyncio.sleep(0.02)
    raise AssertionError(me)


async def deposited(simulator: Simulator) -> None:
    """Once billing has the money."""
    for _ in range(500):
        if simulator.deposits():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was deposited")


async def read_notice(page: Page) -> str:
    """Opens the newest notice's PDF by a link, and returns the notice's id."""
    (notice,) = (await ask(page, NOTICE))["me"]["dueNotices"]["nodes"]
    document = notice["document"]
    assert (notice["receipt"], document["ready"]) == ("NONE", True)  # still to be paid
    await page.evaluate(SHOW_LINK, [document["url"], document["title"]])
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name=document["title"]).click()
    download = await downloading.value
    assert download.suggested_filename == document["fileName"]
    assert len(PdfReader(await download.path(), strict=True).pages) == 1
    return str(notice["id"])


async def pay(page: Page, notice_id: str) -> None:
    """From the button on the landlord's page to the payment page, and home again."""
    back = f"{FRONT_END}?paiement=fini"
    given = {"amount": "300.00", "dueNoticeId": notice_id, "returnUrl": back, "idempotencyKey": "rent-of-october"}
    started = (await ask(page, START, input=given))["startRentPayment"]
    assert started["__typename"] == "PaymentStarted"
    await page.evaluate(SHOW_FORM, [started["formAction"], started["formFields"]])
    await page.get_by_role("button", name="Payer mon loyer").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Paiement par carte")
    await page.get_by_role("button", name="Payer 300,00").click()
    await expect(page.get_by_role("status")).to_contain_text("Votre paiement est accepté")
    await page.get_by_role("link", name="Retourner à la boutique").click()
    await page.wait_for_url(back)


async def test_from_the_notice_to_the_payment_page_and_into_the_balance(page: Page, paying: Gateway) -> None:
    payment_page = paying.simulator.payment_page
    await sign_in(page)
    notice_id = await read_notice(page)
    payment_page.notifier.hold()
    await pay(page, notice_id)

    # The browser is back, the page has told nobody yet: nothing is paid.
    assert (payment_page.notifier.waiting, paying.simulator.deposits()) == (1, [])
    me = (await ask(page, SHOWN))["me"]
    assert me["balance"] == {"amount": {"cents": 36_965}, "expected": {"cents": 36_965}, "pendingPayments": []}
    (payment,) = me["payments"]["nodes"]
    assert payment == {"id": payment["id"], "state": "STARTED", "amount": {"cents": 30_000}, "bookedOn": None}

    await payment_page.notifier.release()
    await payment_page.settle()
    me = await shown_once(page, "AUTHORISED")
    pending = {"state": "AUTHORISED", "amount": {"cents": 30_000}}
    assert me["balance"] == {"amount": {"cents": 36_965}, "expected": {"cents": 6_965}, "pendingPayments": [pending]}

    await deposited(paying.simulator)
    paying.clock.now = paris("2026-11-03T10:32")  # past the lot's run
    await sign_in_again(page)
    me = await shown_once(page, "BOOKED")
    assert me["payments"]["nodes"] == [payment | {"state": "BOOKED", "bookedOn": "2026-11-03"}]
    assert me["balance"] == {
        "amount": {"cents": 36_965},
        "expected": {"cents": 6_965},
        "pendingPayments": [pending | {"state": "BOOKED"}],
    }

    paying.clock.now = paris("2026-11-04T04:45")  # past the night's computation
    await sign_in_again(page)
    me = await shown_once(page, "BOOKED")
    assert me["balance"] == {"amount": {"cents": 6_965}, "expected": {"cents": 6_965}, "pendingPayments": []}
