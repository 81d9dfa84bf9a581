"""Whoever runs the gateway sees what it does, and labels stay few and nobody's."""

import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from gateway import metrics
from gateway.accounts import open_accounts
from gateway.models.account import Caller
from gateway.models.money import Locale
from gateway.simulator import EXAMPLE_LABEL, Simulator
from tests.sight.figures import growing, own_figures, read_figures, scrape
from tests.support import HOME, PASSWORD, Gateway, HeldClock, run_gateway, settings_for

LOG_IN = """mutation SignIn($password: String!) {
  logIn(input: {accountLabel: "L0048217", password: $password, client: APP}) { __typename }
}"""


async def test_a_home_screen_is_counted_with_what_it_cost(gateway: Gateway) -> None:
    await gateway.settle()
    async with growing(gateway) as grew:
        token = await gateway.sign_in()
        assert (await gateway.post({"query": HOME}, token=token))[0] == 200
        assert (await gateway.post({"query": HOME}, token=token))[0] == 200

    assert grew("gateway_requests_total", kind="query", status="200") == 2
    assert grew("gateway_request_seconds_count", kind="query") == 2
    for name, counter in gateway.simulator.counters.items():
        assert grew("gateway_upstream_calls_total", operation=name, outcome="ok") == counter.calls, name
        assert grew("gateway_upstream_call_seconds_count", operation=name) == counter.calls, name
    assert grew("gateway_upstream_batch_items_count", operation="ConsulterLogements") == 1
    assert grew("gateway_snapshot_reads_total", kind="dwellings", outcome="fetched") == 1
    assert grew("gateway_snapshot_reads_total", kind="dwellings", outcome="fresh") >= 1


async def test_a_failing_legacy_system_is_seen_failing_and_then_left_alone(gateway: Gateway) -> None:
    await gateway.settle()
    gateway.simulator.add_fault("ListerTravaux", "html500")
    async with growing(gateway) as grew:
        for _ in range(12):
            await gateway.ask("{ me { works { title } } }")

    assert grew("gateway_errors_total", code="UPSTREAM_UNAVAILABLE") == 12
    assert grew("gateway_upstream_calls_total", operation="ListerTravaux", outcome="UPSTREAM_UNAVAILABLE") >= 5
    assert grew("gateway_upstream_held_back_total", operation="ListerTravaux", reason="breaker") >= 1
    assert grew("gateway_breaker_entries_total", operation="ListerTravaux", state="open") == 1
    assert grew.after.sum("gateway_breaker_state", operation="ListerTravaux", state="open") == 1
    assert grew("gateway_snapshot_reads_total", kind="works", outcome="none") == 12


async def test_the_gate_tells_what_it_grants_and_refuses(gateway: Gateway) -> None:
    async with growing(gateway) as grew:
        for password in ("wrong-1", "wrong-2", "wrong-3", PASSWORD):
            await gateway.post({"query": LOG_IN, "variables": {"password": password}})

    assert grew("gateway_gate_events_total", kind="password_granted") == 3
    assert grew("gateway_gate_events_total", kind="password_wrong") == 3
    assert grew("gateway_gate_events_total", kind="password_held") == 1
    assert grew("gateway_gate_events_total", kind="cleared") == 0


async def test_names_that_clients_give_are_few_and_hold_no_label(new_metrics: None, gateway: Gateway) -> None:
    for number in range(metrics.OPERATIONS_KEPT + 20):
        letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        await gateway.post({"query": f"query Op_{letters} {{ __typename }}"})
    for name in ("Of_L0048217", "Born_1984_05_17", "x" * 61):
        await gateway.post({"query": f"query {name} {{ __typename }}"})

    names = (await scrape(gateway)).labels("gateway_requests_total", "operation")
    assert len(names) <= metrics.OPERATIONS_KEPT + 2  # "other", and no name at all
    assert "Op_a" in names
    assert "other" in names
    assert not [name for name in names if "0048217" in name or "1984" in name or len(name) > 60]


async def test_an_unscraped_first_bug_is_still_an_increase(new_metrics: None) -> None:
    assert ("gateway_errors_total", frozenset({("code", "INTERNAL_SERVER_ERROR")})) in own_figures().samples


async def test_what_waits_in_the_database_is_told_with_its_age(
    simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path
) -> None:
    caller = Caller(address="192.0.2.1", user_agent=None, locale=Locale.FR, device_cookie=None)
    shutil.copy(migrated, tmp_path / "gateway.sqlite")
    settings = settings_for(simulator, tmp_path / "gateway.sqlite")
    async with open_accounts(settings, clock) as accounts:
        await accounts.request_password_reset(EXAMPLE_LABEL, caller)
        clock.advance(minutes=20)
        await accounts.tell_queues()

    assert own_figures().sum("gateway_queue_rows", queue="work") == 1
    assert own_figures().sum("gateway_queue_oldest_seconds", queue="work") == 1200
    assert own_figures().sum("gateway_queue_rows", queue="outbox") == 0
    assert own_figures().sum("gateway_queue_oldest_seconds", queue="outbox") == 0


def test_workers_are_told_as_one_and_a_dead_one_keeps_what_it_counted() -> None:
    told = """
import os
from gateway import metrics
metrics.snapshot_read("leases", "fresh")
metrics.batch_sent("ConsulterContrats", 7)
metrics.breaker_entered("BILLING", "rechercherComptes", "open")
print(os.getpid())
"""
    with metrics.shared_by_workers():
        workers = [subprocess.run([sys.executable, "-c", told], check=True, capture_output=True) for _ in range(2)]
        both = own_figures()
        metrics.worker_ended(int(workers[0].stdout))
        one = own_figures()

    assert both.sum("gateway_snapshot_reads_total", kind="leases", outcome="fresh") == 2
    assert both.sum("gateway_upstream_batch_items_count") == 2
    assert both.sum("gateway_breaker_state", state="open") == 2
    assert one.sum("gateway_breaker_state", state="open") == 1
    assert one.sum("gateway_snapshot_reads_total", kind="leases", outcome="fresh") == 2
    assert own_figures().sum("gateway_snapshot_reads_total", kind="leases", outcome="fresh") == 0


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_metrics_are_not_for_who_comes_through_a_proxy(gateway: Gateway, header: str) -> None:
    async with gateway.http.get(f"{gateway.url}/metrics", headers={header: "127.0.0.1"}) as response:
        assert response.status == 404
        assert "gateway_" not in await response.text()


async def test_metrics_are_for_the_networks_of_the_settings_alone(
    simulator: Simulator, clock: HeldClock, migrated: Path
) -> None:
    settings = settings_for(simulator, migrated, metrics_networks="192.0.2.0/24,2001:db8::/32")
    async with (
        run_gateway(simulator, settings, clock) as gateway,
        aiohttp.ClientSession() as http,
        http.get(f"{gateway.url}/metrics") as response,
    ):
        assert response.status == 404


def test_figures_of_tests_are_read_as_prometheus_reads_them() -> None:
    figures = read_figures('x_total{a="1",b="2"} 3\nx_total{a="1",b="3"} 4\n')
    assert (figures.sum("x_total", a="1"), figures.sum("x_total", b="3"), figures.sum("y")) == (7, 4, 0)
