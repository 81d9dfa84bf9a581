"""The payment page in a real browser without JavaScript: by keyboard, on a narrow screen, and home again."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright, expect

from gateway.simulator import Simulator

from .payment_shop import Shop, form, run_shop, signature

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture
async def shop(simulator: Simulator) -> AsyncIterator[Shop]:
    async with run_shop() as running:
        simulator.payment_page.notification_url = running.url
        yield running


@pytest.fixture
async def page(shop: Shop) -> AsyncIterator[Page]:
    """A narrow browser, closed before its shop; what it complained of or fetched elsewhere is looked at in the end."""
    if CHROMIUM is None:
        reason = "Chromium is not installed (Debian package chromium)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            context = await browser.new_context(
                java_script_enabled=False, viewport={"width": 360, "height": 740}, locale="fr-FR"
            )
            page = await context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("requestfailed", lambda request: complaints.append(request.url))
            page.on("request", lambda request: _note_foreign(request.url, complaints))
            yield page
        finally:
            await browser.close()
    assert complaints == []


def _note_foreign(url: str, complaints: list[str]) -> None:
    if not url.startswith("http://127.0.0.1:"):
        complaints.append(f"foreign: {url}")


async def open_form(page: Page, simulator: Simulator, shop: Shop, **changes: str) -> None:
    """What a shop's page does: a form of hidden fields and a button."""
    fields = form(url_return=shop.url + "?from=page", **changes)
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    inputs += "<button>Payer</button>"
    await page.set_content(f'<form method="post" action="{simulator.payment_url}">{inputs}</form>')
    await page.get_by_role("button", name="Payer").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Paiement par carte")


async def test_paying_by_keyboard_and_home_again(page: Page, simulator: Simulator, shop: Shop) -> None:
    await open_form(page, simulator, shop, return_mode="POST")
    await expect(page.get_by_text("369,65\u00a0€", exact=True)).to_be_visible()
    await page.get_by_label("MASTERCARD").check()
    await page.get_by_role("button", name="Payer 369,65").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Votre paiement est accepté")
    await page.reload()
    await expect(page.get_by_role("status")).to_contain_text("Votre paiement est accepté")
    await page.get_by_role("button", name="Retourner à la boutique").click()
    await page.wait_for_url(shop.url + "?from=page")
    told, brought = shop.told
    assert (told["vads_url_check_src"], told["vads_card_brand"]) == ("PAY", "MASTERCARD")
    assert "vads_hash" not in brought
    assert brought["signature"] == signature(brought)


@pytest.mark.parametrize(
    ("button", "status", "words"),
    [
        ("Faire refuser la carte par la banque", "REFUSED", "La banque a refusé le paiement"),
        ("Annuler et retourner à la boutique", "ABANDONED", "Le paiement est abandonné"),
    ],
)
async def test_refused_and_left(
    page: Page, simulator: Simulator, shop: Shop, button: str, status: str, words: str
) -> None:
    await open_form(page, simulator, shop, return_mode="GET")
    await page.get_by_role("button", name=button).click()
    await expect(page.get_by_role("status")).to_contain_text(words)
    assert shop.statuses == [("PAY", status)]
    await page.get_by_role("link", name="Retourner à la boutique").click()
    await page.wait_for_url(lambda url: f"vads_trans_status={status}" in url)


async def test_everything_fits_and_is_named(page: Page, simulator: Simulator, shop: Shop) -> None:
    await open_form(page, simulator, shop, order_id="L" * 64)
    await expect(page).to_have_title("Paiement par carte – simulation")
    body = await page.locator("body").bounding_box()
    assert body is not None
    assert body["width"] <= 360
    for element in await page.locator("button, dd").all():
        box = await element.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 360
    for button in await page.get_by_role("button").all():
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    await expect(page.get_by_role("group", name="Carte de démonstration").get_by_role("radio")).to_have_count(3)
