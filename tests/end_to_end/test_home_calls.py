"""What a home screen costs the legacy systems: how many calls, in which order."""

import asyncio
from typing import Any

from tests.support import HOME, Gateway

FIRST_WAVE = {"ConsulterContrats", "rechercherComptes", "rechercherAvis"}
SECOND_WAVE = {"ConsulterLogements", "RelevesCompteurs", "ListerTravaux", "ConsulterConseillers", "ListerContacts"}
HOME_WITH_LEDGER = HOME.replace("balance {", "ledger { nodes { id label } }\n    balance {")


def data_calls(gateway: Gateway) -> dict[str, int]:
    """Calls by operation, without those that open sessions."""
    opening = {"OuvrirSession", "creerJeton"}
    return {
        operation: counter.calls
        for operation, counter in gateway.simulator.counters.items()
        if counter.calls and operation not in opening
    }


async def test_eight_calls_and_a_ninth_for_the_ledger(gateway: Gateway) -> None:
    await gateway.settle()
    await gateway.data(HOME)
    assert data_calls(gateway) == dict.fromkeys(FIRST_WAVE | SECOND_WAVE, 1)
    await gateway.data(HOME_WITH_LEDGER)  # what is fresh is not asked for again
    assert data_calls(gateway) == dict.fromkeys(FIRST_WAVE | SECOND_WAVE | {"listerMouvements"}, 1)
    assert gateway.simulator.violations == {}


async def test_two_waves_and_what_needs_the_account_alone_does_not_wait_for_the_lease(gateway: Gateway) -> None:
    await gateway.settle()
    simulator = gateway.simulator
    simulator.hold()
    asked: asyncio.Task[Any] = asyncio.create_task(gateway.data(HOME_WITH_LEDGER))
    first = await simulator.wait_for_waiting(4)
    await asyncio.sleep(0.05)  # whatever else would come has come
    assert sorted(simulator.waiting) == sorted(first) == sorted(FIRST_WAVE | {"listerMouvements"})
    simulator.release()
    second = await simulator.wait_for_waiting(5)
    await asyncio.sleep(0.05)
    assert sorted(simulator.waiting) == sorted(second) == sorted(SECOND_WAVE)
    simulator.release()
    me = (await asyncio.wait_for(asked, 5))["me"]  # nothing more is asked: the gate still holds
    assert me["advisor"]["agency"]["name"] == "AGENCE DE METZ"
    simulator.open()


async def test_a_light_query_asks_for_what_it_needs_alone(gateway: Gateway) -> None:
    await gateway.settle()
    await gateway.data("{ me { accountLabel } }")
    assert data_calls(gateway) == {}
    await gateway.data("{ me { balance { amount { cents } } } }")
    assert data_calls(gateway) == {"rechercherComptes": 1}


async def test_thirty_home_screens_at_once_stay_within_the_contract(gateway: Gateway) -> None:
    await gateway.sign_in()
    gateway.simulator.set_latency(property_ms=5, billing_ms=2)
    answers = await asyncio.gather(*(gateway.data(HOME) for _ in range(30)))
    assert all(answer == answers[0] for answer in answers)
    counters = gateway.simulator.counters
    assert (counters["OuvrirSession"].calls, counters["creerJeton"].calls) == (1, 1)
    assert gateway.simulator.violations == {}
