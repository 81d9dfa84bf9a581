"""The gateway stays useful: last known values while a system is away, nights, a day within billing's limits."""

import random
from datetime import timedelta
from typing import Any

import pytest

from gateway.clients.property_management.client import MAX_DWELLINGS, MAX_REFERENCES
from gateway.errors import UpstreamError
from gateway.models.dates import civil_date
from gateway.models.tenant import Tenant
from gateway.simulator import Simulator, SimulatorOptions, run_simulator
from gateway.snapshots import Snapshots
from gateway.snapshots.kinds import last_months, works_since
from gateway.snapshots.warming import WarmUp
from tests.support import HOME, Gateway, HeldClock, load, open_clients

FRESHNESS = """{ me {
  lease { reference baseRent { cents } freshness { source stale fetchedAt } }
  leaseHolder { fullName freshness { stale } }
  dwelling { residence freshness { stale } }
  waterConsumption { coldTotal freshness { stale } }
  works { reference freshness { stale } }
  advisor { fullName freshness { stale } agency { name freshness { stale } } }
  usefulContacts { label phone freshness { source stale } }
  balance { amount { cents } freshness { stale asOf } }
  dueNotices { nodes { number freshness { stale } } }
  ledger { nodes { id freshness { stale } } }
} }"""
OWN = {"lease", "leaseHolder", "waterConsumption", "works", "balance"}


async def next_morning(gateway: Gateway, clock: HeldClock) -> None:
    """A day later at six: what was read today is not fresh, and not forgotten."""
    clock.advance(hours=20)
    gateway.tokens.clear()


@pytest.mark.parametrize(
    ("kind", "details"),
    [("reset", {}), ("html503", {}), ("garbage", {}), ("soap_fault", {"code": "GL-900"}), ("maintenance503", {})],
)
async def test_what_was_known_yesterday_stands_in_and_says_so(
    gateway: Gateway, clock: HeldClock, kind: str, details: dict[str, Any]
) -> None:
    before = (await gateway.data(FRESHNESS))["me"]
    await next_morning(gateway, clock)
    of_property = ["ConsulterContrats", "ConsulterLogements", "RelevesCompteurs", "ListerTravaux", "ListerContacts"]
    of_billing = ["rechercherComptes", "rechercherAvis", "listerMouvements"]
    operations = (of_property if kind != "maintenance503" else []) + (of_billing if kind != "soap_fault" else [])
    for operation in operations:
        gateway.simulator.add_fault(operation, kind, **details)
    after = (await gateway.data(FRESHNESS))["me"]
    if "ConsulterContrats" in operations:
        assert after["lease"] == before["lease"] | {"freshness": before["lease"]["freshness"] | {"stale": True}}
        assert after["waterConsumption"]["coldTotal"] == before["waterConsumption"]["coldTotal"]
        assert after["works"][0]["freshness"]["stale"]
        assert not after["advisor"]["freshness"]["stale"]  # read yesterday, and good for a day
    if "rechercherComptes" in operations:
        assert after["balance"]["amount"] == before["balance"]["amount"]
        assert after["balance"]["freshness"] == {"stale": True, "asOf": before["balance"]["freshness"]["asOf"]}
        assert all(node["freshness"]["stale"] for node in after["dueNotices"]["nodes"] + after["ledger"]["nodes"])


async def test_a_night_is_answered_and_nothing_is_sent(gateway: Gateway, clock: HeldClock) -> None:
    clock.advance(hours=11)  # 21:00
    gateway.tokens.clear()
    await gateway.data(HOME)
    gateway.simulator.set_nights(True)
    clock.advance(hours=1)
    for _ in range(28):  # every quarter of an hour until 05:00
        gateway.simulator.reset_counters()
        gateway.tokens.clear()
        me = (await gateway.data(FRESHNESS))["me"]
        assert {name for name in OWN if me[name] is None} == set()
        assert me["lease"]["freshness"]["stale"]
        assert [contact["phone"] for contact in me["usefulContacts"]][:4] == ["15", "17", "18", "112"]
        asked = {operation: counter.calls for operation, counter in gateway.simulator.counters.items()}
        assert sum(asked.get(operation, 0) for operation in PROPERTY_OPERATIONS) == 0
        clock.advance(minutes=15)
    gateway.tokens.clear()
    me = (await gateway.data(FRESHNESS))["me"]
    assert not any(me[name]["freshness"]["stale"] for name in OWN - {"works"})


PROPERTY_OPERATIONS = (
    "OuvrirSession",
    "ConsulterContrats",
    "ConsulterLogements",
    "RelevesCompteurs",
    "ListerTravaux",
    "ConsulterConseillers",
    "ListerContacts",
)


async def test_a_day_stays_within_billings_limits(clock: HeldClock) -> None:
    """A hundredth of the landlord: 300 tenants, 600 home screens, 120 of them with the ledger, one after the other.

    Nothing is asked for at the same time, which is the worst that can happen to batches.
    """
    async with run_simulator(SimulatorOptions(tenants=300, now=clock)) as simulator:
        clock.now = clock.now.replace(hour=5, minute=5)
        async with open_clients(simulator, clock, calls_a_minute=500) as clients:
            snapshots = clients.snapshots()
            simulator.reset_counters()
            await warm_up(simulator, snapshots, clock).run_if_due()
            warming = calls_to_billing(simulator)
            rng = random.Random(5)
            for moment in sorted(rng.betavariate(4, 2) for _ in range(600)):
                clock.now = clock.now.replace(hour=6, minute=0) + timedelta(hours=15.9 * moment)
                tenant = rng.choice(simulator.landlord.tenants)
                await home_screen(snapshots, tenant, clock, ledger=rng.random() < 0.2)
            calls = {operation: counter.calls for operation, counter in simulator.counters.items()}
        total = calls_to_billing(simulator)
    assert simulator.violations == {}
    assert warming <= 3 + 2 * 12 + 1  # full batches, those of whom nothing is said once more, and a token
    assert calls["rechercherComptes"] == 3  # all read ahead
    assert calls["listerMouvements"] <= 140  # a fifth of the screens: there is no batch
    tokens = calls["creerJeton"]  # one each quarter of an hour, however many tenants there are
    assert (total - tokens) * 100 + tokens <= 20_000


def warm_up(simulator: Simulator, snapshots: Snapshots, clock: HeldClock) -> WarmUp:
    async def seen() -> Any:
        tenants = [Tenant(each.lease_reference, each.account_number) for each in simulator.landlord.tenants]
        for start in range(0, len(tenants), 500):
            yield tenants[start : start + 500]

    async def always() -> bool:
        return True

    async def pause(seconds: float) -> None:
        clock.advance(seconds=seconds)

    return WarmUp(snapshots, clock, clock.now.time(), seen, may_go_on=always, pause=pause)


def calls_to_billing(simulator: Simulator) -> int:
    names = ("creerJeton", "rechercherComptes", "rechercherAvis", "listerMouvements")
    return sum(simulator.counters[name].calls for name in names if name in simulator.counters)


async def home_screen(snapshots: Snapshots, tenant: Any, clock: HeldClock, *, ledger: bool) -> None:
    """What the resolvers ask for, one thing after the other."""
    today = civil_date(clock())
    keys: list[tuple[Any, Any]] = [
        (snapshots.leases, tenant.lease_reference),
        (snapshots.dwellings, tenant.dwelling_reference),
        (snapshots.water, (tenant.dwelling_reference, last_months(today))),
        (snapshots.works, (tenant.dwelling_reference, works_since(today))),
        (snapshots.balances, tenant.account_number),
        (snapshots.due_notices, tenant.account_number),
    ]
    if ledger:
        keys.append((snapshots.ledger_pages, (tenant.account_number, 0, None, None)))
    for shelf, key in keys:
        outcome = await load(shelf, key)
        assert not isinstance(outcome, UpstreamError) or "code 15" in str(outcome), outcome


async def test_the_warm_up_reads_in_full_batches_once_a_day(clock: HeldClock) -> None:
    async with (
        run_simulator(SimulatorOptions(tenants=120, now=clock)) as simulator,
        open_clients(simulator, clock, calls_a_minute=500) as clients,
    ):
        snapshots = clients.snapshots()
        warming = warm_up(simulator, snapshots, clock)
        assert await warming.run_if_due() == 120
        calls = {operation: counter.calls for operation, counter in simulator.counters.items()}
        assert calls["rechercherComptes"] == 2
        assert 5 <= calls["rechercherAvis"] <= 10  # who has no notice is asked for once more
        assert calls["ConsulterContrats"] == -(-120 // MAX_REFERENCES)
        assert calls["RelevesCompteurs"] <= -(-120 // MAX_DWELLINGS) + 1
        assert await warming.run_if_due() == 0
        clock.advance(days=1)
        assert await warming.run_if_due() == 120


async def test_the_warm_up_stands_back_while_the_budget_is_spent(clock: HeldClock) -> None:
    async with (
        run_simulator(SimulatorOptions(tenants=500, now=clock)) as simulator,
        open_clients(simulator, clock, calls_a_minute=20) as clients,
    ):
        before = clock.now
        assert await warm_up(simulator, clients.snapshots(), clock).run_if_due() == 500
        assert clock.now > before + timedelta(minutes=1)  # 25 calls and a token, ten a minute
        assert 500 <= simulator.counters["rechercherAvis"].items <= 600
        assert simulator.violations == {}
