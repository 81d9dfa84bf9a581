"""Spans really arrive, hang together, and hold nothing of anybody."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.accounts import create_account_without_mail
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from tests.sight.collector import Collector, collecting
from tests.support import HOME, PASSWORD, HeldClock, run_gateway, settings_for

FROM_CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "gateway.sqlite"))


async def trace_home(
    simulator: Simulator, clock: HeldClock, database: Path, *, trusted_proxies: str = "", fault: str | None = None
) -> Collector:
    """What arrives of a home screen, asked for by who says to be within a trace."""
    async with collecting() as collector:
        settings = settings_for(simulator, database, traces_url=collector.url, trusted_proxies=trusted_proxies)
        await create_account_without_mail(settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
        async with run_gateway(simulator, settings, clock) as gateway:
            token = await gateway.sign_in()
            if fault is not None:
                simulator.add_fault("rechercherComptes", fault)
            await gateway.post({"query": HOME}, token=token, traceparent=FROM_CALLER)
        return collector


async def test_a_home_screen_is_one_trace_from_the_request_down_to_each_call(
    simulator: Simulator, clock: HeldClock, database: Path
) -> None:
    collector = await trace_home(simulator, clock, database)

    [operation] = [span for span in collector.spans if span.attributes.get("graphql.operation.name") == "Home"]
    home = [span for span in collector.spans if span.trace_id == operation.trace_id]
    chains = {tuple(collector.chain(span)) for span in home}
    for kind, call in (
        ("balances", "Facturation/rechercherComptes"),
        ("dwellings", "GestionLocative/ConsulterLogements"),
        ("works", "GestionLocative/ListerTravaux"),
    ):
        assert ("POST /graphql", "query", f"fetch {kind}", call) in chains

    [request] = [span for span in home if span.name == "POST /graphql"]
    assert (request.kind, request.parent_id, operation.kind) == ("SERVER", "", "SERVER")
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "url.scheme": "http",
        "url.path": "/graphql",
        "http.response.status_code": 200,
    }
    assert operation.attributes == {"graphql.operation.type": "query", "graphql.operation.name": "Home"}
    [asked] = [span for span in home if span.name == "GestionLocative/ConsulterLogements"]
    assert asked.kind == "CLIENT"
    assert asked.attributes == {
        "rpc.system.name": "soap",
        "rpc.method": "GestionLocative/ConsulterLogements",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": int(simulator.property_url.split(":")[2].split("/")[0]),
    }
    assert collector.resource["service.name"] == "tenant-gateway"
    assert not any(span.failed for span in home)


async def test_a_failed_call_says_its_code_and_no_more(simulator: Simulator, clock: HeldClock, database: Path) -> None:
    collector = await trace_home(simulator, clock, database, fault="html500")

    failed = [span for span in collector.spans if span.failed]
    assert {span.name for span in failed} == {"Facturation/rechercherComptes"}
    assert all(span.attributes["error.type"] == "UPSTREAM_UNAVAILABLE" for span in failed)
    assert not any(span.events for span in collector.spans)  # no exception with its text
    [request] = [span for span in collector.spans if "gateway.error.codes" in span.attributes]
    assert request.attributes["gateway.error.codes"] == ["UPSTREAM_UNAVAILABLE"]


async def test_nothing_of_anybody_is_in_a_span(simulator: Simulator, clock: HeldClock, database: Path) -> None:
    collector = await trace_home(simulator, clock, database)

    assert len(collector.spans) > 10
    for secret in (EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD, "elodie", "MARTIN", "eyJ", "logIn(", "127.0.0.1:"):
        assert secret.encode() not in collector.bodies, secret


async def test_a_trace_goes_on_from_who_comes_by_a_trusted_proxy_alone(
    simulator: Simulator, clock: HeldClock, database: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copy(database, tmp_path / "other.sqlite"))
    from_anybody = await trace_home(simulator, clock, database)
    from_proxy = await trace_home(simulator, clock, other, trusted_proxies="127.0.0.0/8")

    _, trace_id, parent_id, _ = FROM_CALLER.split("-")
    assert trace_id not in {span.trace_id for span in from_anybody.spans}
    [request] = [span for span in from_proxy.spans if span.parent_id == parent_id]
    assert (request.name, request.trace_id) == ("POST /graphql", trace_id)


@pytest.mark.parametrize("installed", [True, False])
def test_without_an_address_nothing_of_opentelemetry_is_imported(installed: bool) -> None:
    script = """
import sys, asyncio
if sys.argv[1] == "False":
    sys.modules["opentelemetry"] = None
from gateway import tracing
import gateway.app
from gateway.models.freshness import SourceSystem

async def main():
    async with tracing.open_tracing(None, "1"):
        with tracing.request_span("POST", "http", "/graphql"), tracing.operation_span("query", "Home"):
            with tracing.fetch_span("leases"), tracing.call_span(SourceSystem.BILLING, "rechercherComptes"):
                tracing.note_call("POST", "http://127.0.0.1/", 200)
        tracing.note_answer(200, [])

asyncio.run(main())
print([name for name, module in sys.modules.items() if name.startswith("opentelemetry") and module is not None])
"""
    done = subprocess.run([sys.executable, "-c", script, str(installed)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
