"""The pages behind mailed links, as a tenant without much time meets them: create, open the mail, confirm."""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator

import aiohttp
import pytest
from playwright.async_api import Page, async_playwright

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
PASSWORD = "Mirabelles-2026!"
CREATE = """mutation($input: CreateAccountInput!) { createAccount(input: $input) { __typename } }"""
RESET = """mutation($label: String!) { requestPasswordReset(input: {accountLabel: $label}) { __typename } }"""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    if CHROMIUM is None and os.environ.get("CI") != "true":
        pytest.skip("Chromium is not installed (Debian package chromium)")
    assert CHROMIUM is not None, "CI must have Chromium"
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        context = await browser.new_context(locale="fr-FR")
        yield await context.new_page()
        await browser.close()


async def ask(url: str, query: str, **variables: object) -> str:
    async with aiohttp.ClientSession() as http:
        body = {"query": query, "variables": variables}
        async with http.post(f"{url}/graphql", json=body) as response:
            return json.dumps(await response.json(content_type=None))


async def newest_link(page: Page, url: str, kind: str) -> str:
    """The newest mail's link on the demo's page of mails, once it is there."""
    for _ in range(50):
        await page.goto(f"{url}/mails")
        if match := re.search(rf"{re.escape(url)}/account/{kind}#token=[\w-]+", await page.inner_text("body")):
            return match[0]
        await page.wait_for_timeout(200)
    raise AssertionError("no mail came")


async def test_an_account_is_created_confirmed_and_its_password_reset(page: Page, demo_url: str) -> None:
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(demo_url) else None)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    banner = await (await page.goto(f"{demo_url}/mails")).text()  # type: ignore[union-attr]
    assert "None yet" in banner

    form = {"accountLabel": "L0048217", "lastName": "martin", "firstName": "elodie", "email": "e@example.org"}
    assert "AccountRequestAccepted" in await ask(demo_url, CREATE, input=form | {"password": PASSWORD})
    await page.goto(await newest_link(page, demo_url, "confirm"))
    assert page.url == f"{demo_url}/account/confirm"  # the token has left the address
    await page.fill("#password", "not-the-chosen-1!A")
    await page.click("#send")
    await page.wait_for_selector("#outcome.bad")
    await page.fill("#password", PASSWORD)
    await page.click("#send")
    await page.wait_for_selector("#outcome.good")
    assert "Votre compte est confirmé" in await page.inner_text("#outcome")
    cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
    assert cookies["__Host-session"]["httpOnly"]
    assert cookies["__Host-session"]["secure"]
    answer = await page.evaluate(
        """async () => (await (await fetch("/graphql", {method: "POST", headers:
            {"Content-Type": "application/json", "GraphQL-Preflight": "1"},
            body: JSON.stringify({query: "{ me { accountLabel } }"})})).json())"""
    )
    assert answer == {"data": {"me": {"accountLabel": "L0048217"}}}

    await ask(demo_url, RESET, label="L0048217")
    await page.goto(await newest_link(page, demo_url, "reset"))
    await page.fill("#password", "tropfaible")
    await page.click("#send")
    await page.wait_for_selector("#rules li.broken")
    assert await page.locator("#rules li.broken").count() == 3
    await page.fill("#password", "Soleil-de-Metz-57")  # the demo's own again
    await page.click("#send")
    await page.wait_for_selector("#outcome")
    await page.wait_for_function("document.getElementById('outcome').textContent !== ''")
    assert foreign == []
    assert errors == []


async def test_the_assistance_form(page: Page, demo_url: str) -> None:
    await page.goto(f"{demo_url}/assistance")
    await page.fill("#accountLabel", "L0100020")
    await page.fill("#firstName", "Jeanne")
    await page.click("#send")
    await page.wait_for_selector("#outcome.bad")
    invalid = await page.eval_on_selector_all("[aria-invalid=true]", "fields => fields.map((field) => field.id)")
    assert {"lastName"} <= set(invalid) <= {"lastName", "email", "phone"}
    await page.fill("#lastName", "Petit")
    await page.fill("#email", "jeanne@example.org")
    await page.click("#send")
    await page.wait_for_selector("#outcome.good")
    assert "référence" in await page.inner_text("#outcome")


async def test_a_link_without_token(page: Page, demo_url: str) -> None:
    await page.goto(f"{demo_url}/account/confirm")
    assert "incomplet" in await page.inner_text("#outcome")
    assert await page.locator("form").count() == 0
