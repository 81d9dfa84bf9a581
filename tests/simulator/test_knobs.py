"""Holding, counting, latency, the admin port, starting and stopping."""

import asyncio
import re
import socket
import time
from pathlib import Path
from random import Random
from statistics import quantiles

import aiohttp
import pytest

from gateway.simulator import EXAMPLE_LABEL, Simulator, SimulatorOptions, run_simulator
from gateway.simulator.timing import BILLING, PROPERTY

from .conftest import Clock
from .rest_client import RestClient
from .soap_client import SoapClient

LEASE = ("RefContrat", "0048217/01")


async def test_hold_release_open(soap: SoapClient, rest: RestClient, simulator: Simulator) -> None:
    simulator.hold()
    first = asyncio.create_task(soap.call("ConsulterContrats", LEASE))
    await simulator.wait_for_waiting(1)
    second = asyncio.create_task(rest.get(f"/comptes/{EXAMPLE_LABEL}"))
    assert await simulator.wait_for_waiting(2, timeout=2) == ["ConsulterContrats", "lireCompte"]
    assert (await soap.open_session()).code == 0
    assert (await rest.get("/sante")).status == 200
    simulator.release()
    assert ((await first).code, (await second).status) == (0, 200)
    third = asyncio.create_task(soap.call("ConsulterContrats", LEASE))
    assert await simulator.wait_for_waiting(1) == ["ConsulterContrats"]
    simulator.open()
    assert (await third).code == 0
    assert (await soap.call("ConsulterContrats", LEASE)).code == 0
    with pytest.raises(TimeoutError):
        await simulator.wait_for_waiting(1, timeout=0.05)


async def test_a_held_client_that_goes_away_waits_no_longer(soap: SoapClient, simulator: Simulator) -> None:
    simulator.hold()
    call = asyncio.create_task(soap.call("ConsulterContrats", LEASE))
    await simulator.wait_for_waiting(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(2):
        while simulator.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_counters_violations_journal(soap: SoapClient, rest: RestClient, simulator: Simulator) -> None:
    simulator.reset_counters()
    assert simulator.counters["ListerTravaux"].calls == 0
    await soap.call("ConsulterContrats", LEASE, LEASE)
    await rest.post("/comptes/recherche", {"numerosCompte": [EXAMPLE_LABEL]})
    await rest.create_token()
    await soap.open_session()
    counter = simulator.counters["ConsulterContrats"]
    assert (counter.calls, counter.items, counter.most_at_once) == (1, 2, 1)
    assert [(entry.operation, entry.keys) for entry in simulator.journal] == [
        ("ConsulterContrats", ("0048217/01", "0048217/01")),
        ("rechercherComptes", (EXAMPLE_LABEL,)),
        ("creerJeton", ()),
        ("OuvrirSession", ()),
    ]
    orders = [entry.order for entry in simulator.journal]
    assert orders == sorted(orders)
    assert "simulation" not in repr(simulator.journal)
    assert simulator.violations == {}


async def test_eight_calls_at_a_time_the_ninth_waits(soap: SoapClient, simulator: Simulator) -> None:
    simulator.set_latency(property_ms=100)
    started = time.monotonic()
    await asyncio.gather(*(soap.call("ConsulterContrats", LEASE) for _ in range(8)))
    assert time.monotonic() - started < 0.19
    assert simulator.violations["too_many_at_once"] == 0
    replies = await asyncio.gather(*(soap.call("ConsulterContrats", LEASE) for _ in range(9)))
    assert [reply.code for reply in replies] == [0] * 9
    assert time.monotonic() - started >= 0.3
    assert simulator.violations["too_many_at_once"] == 1
    assert simulator.counters["ConsulterContrats"].most_at_once == 9


async def test_the_ninth_call_gives_up_with_html(http: aiohttp.ClientSession) -> None:
    async with run_simulator(SimulatorOptions(waiting_seconds=0.05)) as simulator:
        soap = SoapClient(simulator.property_url, http)
        await soap.open_session()
        simulator.set_latency(property_ms=200)
        replies = await asyncio.gather(*(soap.call("ConsulterContrats", LEASE) for _ in range(9)))
        assert sorted(reply.status for reply in replies) == [200] * 8 + [503]


def test_realistic_latency_has_the_contract_s_quantiles() -> None:
    rng = Random(1)
    for distribution, median, high in ((PROPERTY, 0.35, 1.2), (BILLING, 0.12, 0.6)):
        drawn = [distribution.draw(rng, 0) for _ in range(40_000)]
        cuts = quantiles(drawn, n=100)
        assert cuts[49] == pytest.approx(median, rel=0.05)
        assert cuts[94] == pytest.approx(high, rel=0.12)
    slow = sum(PROPERTY.draw(rng, 0) > 4 for _ in range(40_000)) / 40_000
    assert slow == pytest.approx(0.01, abs=0.003)
    assert PROPERTY.draw(Random(2), 10) - PROPERTY.draw(Random(2), 0) == pytest.approx(0.15)


async def test_admin_port(simulator: Simulator, soap: SoapClient, http: aiohttp.ClientSession) -> None:
    url = simulator.admin_url

    async def post(path: str, body: object = None) -> int:
        async with http.post(url + path, json=body or {}) as response:
            return response.status

    async with http.get(url + "/") as response:
        assert "POST   /faults" in await response.text()
    fault = {"operation": "ConsulterContrats", "kind": "code", "times": 1, "code": 99}
    assert await post("/faults", fault) == 200
    assert (await soap.call("ConsulterContrats", LEASE)).code == 99
    assert await post("/faults", {"operation": "*", "kind": "nonsense"}) == 400
    assert await post("/faults", {"kind": "code"}) == 400
    assert await post("/nights", {"on": True}) == 200
    assert await post("/limits", {"on": False}) == 200
    assert await post("/latency", {"profile": "realistic", "billing_ms": 3}) == 200
    assert await post("/latency", {"profile": "quick"}) == 400
    assert await post("/documents", {"size": 1000}) == 200
    assert await post("/entries", {"account": EXAMPLE_LABEL}) == 200
    assert await post("/entries", {"account": "L9999999"}) == 400
    assert await post("/hold") == 200
    async with http.get(url + "/state") as response:
        state = await response.json()
    assert (state["nights"], state["holding"], state["rate_limits"]) == (True, True, False)
    assert state["latency"] == {"profile": "realistic", "property_ms": 0, "billing_ms": 3}
    async with http.get(url + "/journal") as response:
        assert (await response.json())[-1]["operation"] == "ConsulterContrats"
    assert await post("/release") == await post("/open") == await post("/reset") == 200
    async with http.delete(url + "/faults") as response:
        assert response.status == 200
    assert await post("/nowhere") == 404
    assert simulator.journal == []


async def test_a_port_in_use_is_an_os_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for name in ("property_port", "billing_port", "admin_port"):
            with pytest.raises(OSError, match="address already in use"):
                async with run_simulator(SimulatorOptions(**{name: taken.getsockname()[1]})):
                    pass


async def test_stopping_is_immediate_with_hanging_and_held_calls(http: aiohttp.ClientSession) -> None:
    async with run_simulator(SimulatorOptions()) as simulator:
        soap = SoapClient(simulator.property_url, http)
        await soap.open_session()
        simulator.add_fault("ConsulterContrats", "hang")
        hanging = asyncio.create_task(soap.call("ConsulterContrats", LEASE))
        simulator.hold()
        held = asyncio.create_task(soap.call("ListerContacts", ("CodeAgence", "57A")))
        await simulator.wait_for_waiting(1)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    for task in (hanging, held):
        with pytest.raises(aiohttp.ClientError):
            await task


async def test_thirty_thousand_tenants_start_at_once(http: aiohttp.ClientSession, clock: Clock) -> None:
    started = time.monotonic()
    async with run_simulator(SimulatorOptions(tenants=30_000, now=clock)) as simulator:
        assert time.monotonic() - started < 1
        rest = RestClient(simulator.billing_url, http)
        await rest.create_token()
        last = simulator.landlord.tenants[-1]
        assert (await rest.get(f"/comptes/{last.account_number}")).json["numeroCompte"] == last.account_number
        assert len(simulator.landlord.tenants) == 30_000


def test_the_simulator_imports_nothing_else_of_the_gateway() -> None:
    folder = Path(__file__).parents[2] / "gateway" / "simulator"
    for source in folder.rglob("*.py"):
        for name in re.findall(r"^\s*(?:from|import) (gateway[\w.]*)", source.read_text("utf-8"), re.MULTILINE):
            assert name.startswith("gateway.simulator"), source
