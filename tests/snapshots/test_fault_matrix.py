"""Every fault of the simulator, for every value, with and without a last known one: right, or marked, or an error."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import UpstreamError
from gateway.models.dates import civil_date
from gateway.simulator import Simulator
from gateway.simulator.faults import KINDS
from gateway.snapshots import Snapshots
from gateway.snapshots.kinds import last_months, works_since
from gateway.snapshots.packing import as_stale
from tests.support import Clients, HeldClock, load, open_clients

# By value: the operation, the session's or token's, the key of a tenant, and the hours after which it is not fresh.
SHELVES: dict[str, tuple[str, str, Callable[[Any, HeldClock], Any], float]] = {
    "leases": ("ConsulterContrats", "OuvrirSession", lambda t, _: t.lease_reference, 20),
    "dwellings": ("ConsulterLogements", "OuvrirSession", lambda t, _: t.dwelling_reference, 100),
    "water": (
        "RelevesCompteurs",
        "OuvrirSession",
        lambda t, c: (t.dwelling_reference, last_months(civil_date(c()))),
        20,
    ),
    "works": ("ListerTravaux", "OuvrirSession", lambda t, c: (t.dwelling_reference, works_since(civil_date(c()))), 20),
    "advisors": ("ConsulterConseillers", "OuvrirSession", lambda t, _: t.sector, 100),
    "agencies": ("ListerContacts", "OuvrirSession", lambda t, _: t.agency, 100),
    "balances": ("rechercherComptes", "creerJeton", lambda t, _: t.account_number, 20),
    "due_notices": ("rechercherAvis", "creerJeton", lambda t, _: t.account_number, 20),
    "ledger_pages": ("listerMouvements", "creerJeton", lambda t, _: (t.account_number, 0, None, None), 20),
}
OF_PROPERTY = {"soap_fault", "code", "item_code", "expired_session"}
OF_BILLING = {"ko", "maintenance503", "too_many", "expired_token"}
OF_DEPOSITS = {"rejected"}
ENDLESS = {"hang", "slow", "drip"}
DETAILS: dict[str, list[dict[str, Any]]] = {
    "slow": [{"seconds": 5}],
    "drip": [{"seconds": 0.05}],
    "truncated": [{"how": "length"}, {"how": "content"}, {"how": "chunked"}],
    "soap_fault": [{"code": code} for code in ("GL-900", "GL-901", "GL-910")],
    "code": [{"code": code} for code in (10, 15, 20, 31, 42, 99, 77)],
    "item_code": [{"code": code} for code in (15, 99, 77)],
    "ko": [{"code": code} for code in ("FAC-403", "FAC-404", "FAC-500", "FAC-503", "FAC-999")],
    "dropped": [{}, {"all": True}],
    "doubled": [{}, {"conflicting": True}],
}
# What the systems themselves say of a key: it is nowhere any more. An answer, for which no last known value stands in.
GONE: tuple[Any, ...] = (None, ())


def faults_of(name: str) -> list[tuple[str, dict[str, Any]]]:
    foreign = OF_DEPOSITS | (OF_PROPERTY if SHELVES[name][1] == "creerJeton" else OF_BILLING)
    kinds = sorted(kind for kind in KINDS if kind not in foreign)
    return [(kind, details) for kind in kinds for details in DETAILS.get(kind, [{}])]


# Odd rows of lists are looked at one by one in tests/test_loaders.py.
ODD_ROWS = {"doubled", "foreign", "dropped"}


def same_but_for_age(outcome: Any, truth: Any) -> bool:
    return _ageless(outcome) == _ageless(truth)


def _ageless(value: Any) -> str:
    return re.sub(r"(fetched_at|as_of)=datetime\.datetime\([^)]*\)+", "", repr(as_stale(value)))


def is_marked(value: Any) -> bool:
    return "stale=True" in repr(value) and "stale=False" not in repr(value)


@pytest.mark.parametrize("known", [False, True], ids=["unknown", "known"])
@pytest.mark.parametrize(
    ("name", "opening"), [*((name, False) for name in SHELVES), ("leases", True), ("balances", True)]
)
async def test_an_answer_is_right_or_marked_or_an_error(
    simulator: Simulator, clock: HeldClock, name: str, opening: bool, known: bool
) -> None:
    operation, opener, key_of, hours = SHELVES[name]
    tenants = list(simulator.landlord.tenants[:6])
    simulator.set_rate_limits(False)
    for kind, details in faults_of(name):
        clock.now = (clock.now + timedelta(days=1)).replace(hour=10, minute=0)
        async with open_clients(simulator, clock, deadline_seconds=2 if opening else 10) as clients:
            snapshots, truth = clients.snapshots(), await _truth(clients, name, key_of, tenants, clock)
            if known:
                await _load(snapshots, name, list(truth))
                clock.advance(hours=hours)
            if opening:
                clock.advance(minutes=21)  # session and token have died
            simulator.add_fault(opener if opening else operation, kind, **details)
            found = await _load(snapshots, name, list(truth), seconds=0.3 if kind in ENDLESS else 30)
            simulator.clear_faults()
            await snapshots.close()
            async with open_clients(simulator, clock) as healthy:
                now = await _truth(healthy, name, key_of, tenants, clock)
            for key, outcome in found.items():
                about = kind, details, outcome
                if isinstance(outcome, UpstreamError):
                    assert not known or truth[key] in GONE or isinstance(truth[key], UpstreamError), about
                elif is_marked(outcome):
                    assert known, about
                    assert same_but_for_age(outcome, truth[key]), about
                elif outcome not in GONE and kind not in ODD_ROWS:
                    assert same_but_for_age(outcome, now[key]), about


async def _truth(clients: Clients, name: str, key_of: Any, tenants: list[Any], clock: HeldClock) -> dict[Any, Any]:
    return await _load(clients.snapshots(), name, list(dict.fromkeys(key_of(tenant, clock) for tenant in tenants)))


async def _load(snapshots: Snapshots, name: str, keys: list[Any], *, seconds: float = 30) -> dict[Any, Any]:
    async with asyncio.timeout(60):
        shelf = getattr(snapshots, name)
        outcomes = await asyncio.gather(*(load(shelf, key, seconds=seconds) for key in keys))
        return dict(zip(keys, outcomes, strict=True))
