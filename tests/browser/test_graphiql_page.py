"""The GraphiQL page in a real browser: it works, signs in by one click, and calls no address but the gateway's."""

import os
import shutil
from collections.abc import AsyncIterator
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from playwright.async_api import ConsoleMessage, Page, Request, Route, async_playwright, expect

from gateway.graphiql import BUILT

pytestmark = pytest.mark.browser

# Chromium itself must keep quiet too.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def chromium() -> str:
    if not (BUILT / "index.html").exists():
        unavailable("the GraphiQL page is not built: make graphiql")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    unavailable("no Chromium on this machine")


@pytest.fixture
async def page(chromium: str, demo_url: str) -> AsyncIterator[Page]:
    """GraphiQL, opened. What it must not do is looked for when the test is over."""
    foreign: list[str] = []
    complaints: list[str] = []

    async def keep_at_home(route: Route, request: Request) -> None:
        if request.url.startswith(f"{demo_url.rstrip('/')}/"):
            await route.continue_()
        else:
            await route.abort()

    def note_request(request: Request) -> None:
        # data: and blob: come from the page itself.
        url = urlsplit(request.url)
        if url.scheme not in {"data", "blob"} and url.netloc != urlsplit(demo_url).netloc:
            foreign.append(request.url)

    def note_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.type}: {message.text}")

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            # Requests of workers pass through the context, not through the page.
            context = await browser.new_context(viewport={"width": 1280, "height": 800})
            context.on("request", note_request)
            await context.route("**/*", keep_at_home)
            page = await context.new_page()
            page.on("console", note_console)
            page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
            response = await page.goto(f"{demo_url.rstrip('/')}/graphql")
            assert response is not None
            assert "default-src 'none'" in response.headers["content-security-policy"]
            await editor_ready(page)
            yield page
        finally:
            await browser.close()
    assert foreign == []
    assert complaints == []


async def editor_ready(page: Page) -> None:
    await expect(page.locator(".graphiql-query-editor .view-lines")).to_contain_text("query", timeout=20_000)


async def open_tab(page: Page, title: str) -> None:
    # Tabs are named after their operations.
    await page.locator(".graphiql-tab-button", has_text=title).click()
    await expect(page.locator(".graphiql-query-editor .view-lines")).to_contain_text(title)


async def run(page: Page) -> None:
    await page.get_by_role("button", name="Execute query").click()


async def sign_in(page: Page) -> None:
    await page.get_by_role("button", name="Sign in as the demo tenant").click()
    await expect(page.get_by_role("status").first).to_contain_text("Signed in as")


async def test_an_open_question_needs_no_sign_in(page: Page) -> None:
    await open_tab(page, "ServiceStatus")
    await run(page)
    await expect(page.locator(".graphiql-response .view-lines")).to_contain_text("PROPERTY_MANAGEMENT")


async def test_one_click_signs_in_and_the_example_shows_its_result(page: Page) -> None:
    await expect(page.get_by_role("status").first).to_have_text("Not signed in")
    await open_tab(page, "BalanceAndLedger")
    result = page.locator(".graphiql-response .view-lines")
    await run(page)
    await expect(result).to_contain_text("UNAUTHENTICATED")

    await sign_in(page)
    await run(page)
    await expect(result).to_contain_text('"direction"')
    await expect(result).not_to_contain_text("UNAUTHENTICATED")

    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("status").first).to_have_text("Not signed in")
    await run(page)
    await expect(result).to_contain_text("UNAUTHENTICATED")


async def test_the_session_outlasts_a_reload_and_an_expired_token(page: Page) -> None:
    await sign_in(page)
    await page.evaluate(
        """() => {
            const key = "tenant-gateway:session";
            const kept = JSON.parse(sessionStorage.getItem(key));
            kept.tokens.expiresAt = 0;
            sessionStorage.setItem(key, JSON.stringify(kept));
        }"""
    )
    await page.reload()
    await editor_ready(page)
    await expect(page.locator(".graphiql-tab-button")).to_have_count(6)
    await expect(page.get_by_role("status").first).to_contain_text("Signed in as")
    await open_tab(page, "BalanceAndLedger")
    await run(page)
    await expect(page.locator(".graphiql-response .view-lines")).to_contain_text('"direction"')


async def test_the_editor_knows_the_schema(page: Page) -> None:
    await page.get_by_role("button", name="Show Documentation Explorer").click()
    await expect(page.locator(".graphiql-doc-explorer")).to_contain_text("Query")
    await page.locator(".graphiql-doc-explorer").get_by_role("link", name="Query", exact=True).click()
    await expect(page.locator(".graphiql-doc-explorer")).to_contain_text("serviceStatus")
