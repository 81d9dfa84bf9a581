"""Every fault as a client meets it."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from gateway.simulator import EXAMPLE_LABEL, Simulator

from .rest_client import RestClient
from .soap_client import NAMESPACE, SoapClient, envelope

LEASE = ("RefContrat", "0048217/01")
ACCOUNT = f"/comptes/{EXAMPLE_LABEL}"


async def raw(rest: RestClient, path: str = ACCOUNT) -> tuple[int, str, bytes]:
    """An answer the contract need not allow."""
    headers = {"Authorization": f"Bearer {rest.token}"}
    async with rest.http.get(rest.url + path, headers=headers) as response:
        return response.status, response.content_type, await response.read()


@pytest.mark.parametrize(("kind", "status"), [("html500", 500), ("html502", 502), ("html503", 503)])
async def test_html_pages(soap: SoapClient, rest: RestClient, simulator: Simulator, kind: str, status: int) -> None:
    simulator.add_fault("*", kind)
    reply = await soap.call("ConsulterContrats", LEASE)
    assert (reply.status, reply.content_type.partition(";")[0]) == (status, "text/html")
    assert (await raw(rest))[:2] == (status, "text/html")
    simulator.clear_faults()
    assert (await soap.call("ConsulterContrats", LEASE)).code == 0


async def test_times_operation_and_probability(soap: SoapClient, simulator: Simulator) -> None:
    simulator.add_fault("ConsulterContrats", "code", times=2, code=99)
    assert (await soap.call("ListerContacts", ("CodeAgence", "57A"))).code == 0
    codes = [(await soap.call("ConsulterContrats", LEASE)).code for _ in range(3)]
    assert codes == [99, 99, 0]
    simulator.add_fault("ConsulterContrats", "code", probability=0.5, code=77)
    codes = [(await soap.call("ConsulterContrats", LEASE)).code for _ in range(40)]
    assert {0, 77} == set(codes)
    with pytest.raises(ValueError, match="unknown kind of fault"):
        simulator.add_fault("*", "earthquake")


async def test_reset_and_cut_connections(rest: RestClient, soap: SoapClient, simulator: Simulator) -> None:
    simulator.add_fault("*", "reset", times=1)
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await soap.call("ConsulterContrats", LEASE)
    for how in ("length", "chunked"):
        simulator.add_fault("*", "truncated", times=1, how=how)
        with pytest.raises(aiohttp.ClientPayloadError):
            await raw(rest)
    simulator.add_fault("*", "truncated", times=1, how="content")
    _, _, body = await raw(rest)
    assert body.startswith(b'{"numeroCompte"')
    assert not body.endswith(b"}")
    simulator.add_fault("*", "truncated", times=1)
    simulator.set_document_size(5_000_000)
    with pytest.raises(aiohttp.ClientPayloadError):
        await raw(rest, "/avis-echeance/AE-202610-0048217/document")


async def test_empty_garbage_and_slow(rest: RestClient, simulator: Simulator) -> None:
    simulator.add_fault("*", "empty", times=1)
    assert (await raw(rest))[2] == b""
    simulator.add_fault("*", "garbage", times=1)
    assert b"\xfe\xff\x00\x01" in (await raw(rest))[2]
    simulator.add_fault("*", "slow", times=1, seconds=0.2)
    started = asyncio.get_running_loop().time()
    assert (await rest.get(ACCOUNT)).status == 200
    assert asyncio.get_running_loop().time() - started >= 0.2


async def test_hang_until_the_client_goes(soap: SoapClient, simulator: Simulator) -> None:
    simulator.add_fault("ConsulterContrats", "hang", times=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await soap.call("ConsulterContrats", LEASE)
    assert (await soap.call("ConsulterContrats", LEASE)).code == 0


async def test_deposit_taken_though_the_answer_never_came(rest: RestClient, simulator: Simulator) -> None:
    sent = {"numeroCompte": EXAMPLE_LABEL, "montant": 5, "mode": "VIR", "dateValeur": "2026-11-03"}
    for reference, after, found in (("before", False, 0), ("after", True, 1)):
        simulator.add_fault("deposerEncaissement", "hang", times=1, after=after)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await rest.post("/encaissements", sent | {"referenceExterne": reference})
        tracked = await rest.get(f"/encaissements?referenceExterne={reference}")
        assert len(tracked.json["encaissements"]) == found


async def test_billing_refusals(rest: RestClient, simulator: Simulator) -> None:
    simulator.add_fault("lireCompte", "maintenance503", times=1)
    assert (await rest.get(ACCOUNT)).json["IsOnline"] is False
    simulator.add_fault("lireCompte", "too_many", times=1)
    assert (await rest.get(ACCOUNT)).status == 429
    simulator.add_fault("lireCompte", "ko", times=1, code="FAC-503")
    assert (await rest.get(ACCOUNT)).json["code"] == "FAC-503"
    simulator.add_fault("lireCompte", "expired_token", times=1)
    assert (await rest.get(ACCOUNT)).json == {"erreur": "JETON_EXPIRE"}
    assert (await rest.get(ACCOUNT)).status == 401
    await rest.create_token()
    assert (await rest.get(ACCOUNT)).status == 200


async def test_property_refusals(soap: SoapClient, simulator: Simulator) -> None:
    simulator.add_fault("ConsulterContrats", "soap_fault", times=1, code="GL-901")
    reply = await soap.call("ConsulterContrats", LEASE)
    assert (reply.status, reply.fault) == (500, "GL-901")
    simulator.add_fault("ConsulterContrats", "expired_session", times=1)
    assert (await soap.call("ConsulterContrats", LEASE)).code == 30
    assert (await soap.call("ConsulterContrats", LEASE)).code == 30
    simulator.add_fault("OuvrirSession", "code", times=1, code=31)
    assert (await soap.open_session()).code == 31


def lease_fields(simulator: Simulator, number: int) -> list[tuple[str, str]]:
    return [("RefContrat", tenant.lease_reference) for tenant in simulator.landlord.tenants[:number]]


async def test_items_dropped_doubled_foreign_reordered(soap: SoapClient, simulator: Simulator) -> None:
    fields = lease_fields(simulator, 10)
    asked = [reference for _, reference in fields]
    simulator.add_fault("ConsulterContrats", "dropped", times=1, keys=["0048217/01"])
    assert set((await soap.call("ConsulterContrats", *fields)).texts("RefContrat")) == set(asked[1:])
    simulator.add_fault("ConsulterContrats", "dropped", times=1, all=True)
    assert (await soap.call("ConsulterContrats", *fields)).texts("RefContrat") == []
    simulator.add_fault("ConsulterContrats", "doubled", times=1)
    assert sorted((await soap.call("ConsulterContrats", *fields)).texts("RefContrat")) == sorted(asked * 2)
    simulator.add_fault("ConsulterContrats", "foreign", times=1)
    (foreign,) = set((await soap.call("ConsulterContrats", *fields)).texts("RefContrat")) - set(asked)
    assert simulator.landlord.by_lease(foreign) is not None
    orders = {tuple((await soap.call("ConsulterContrats", *fields)).texts("RefContrat")) for _ in range(4)}
    assert len(orders) > 1


async def test_second_copy_in_conflict_with_the_first(soap: SoapClient, rest: RestClient, simulator: Simulator) -> None:
    simulator.add_fault("*", "doubled", conflicting=True)
    leases = await soap.call("ConsulterContrats", LEASE)
    assert leases.texts("RefContrat") == ["0048217/01"] * 2
    assert leases.texts("NumeroCompte") == ["L0048217"] * 2
    assert leases.texts("Nom")[0] == "MARTIN" != leases.texts("Nom")[1]
    accounts = await rest.post("/comptes/recherche", {"numerosCompte": [EXAMPLE_LABEL]})
    first, second = accounts.json["comptes"]
    assert first["numeroCompte"] == second["numeroCompte"] == EXAMPLE_LABEL
    assert first["solde"] != second["solde"]
    notices = await rest.post("/avis-echeance/recherche", {"numerosCompte": [EXAMPLE_LABEL], "depuisPeriode": 202610})
    assert [notice["id"] for notice in notices.json["avis"]] == ["AE-202610-0048217"] * 2


async def test_item_codes(soap: SoapClient, rest: RestClient, simulator: Simulator) -> None:
    simulator.add_fault("ConsulterContrats", "item_code", times=1, code=99, keys=["0048217/01"])
    reply = await soap.call("ConsulterContrats", *lease_fields(simulator, 2))
    codes = {item["RefContrat"]: item["CodeRetour"] for item in reply.items("Contrat")}
    assert (reply.code, codes["0048217/01"], sorted(codes.values())) == (4, "99", ["0", "99"])
    simulator.add_fault("rechercherComptes", "item_code", times=1)
    found = (await rest.post("/comptes/recherche", {"numerosCompte": [EXAMPLE_LABEL]})).json
    assert (found["comptes"], found["erreurs"][0]["code"]) == ([], "FAC-500")


async def test_foreign_and_dropped_in_billing(rest: RestClient, simulator: Simulator) -> None:
    simulator.add_fault("*", "foreign", times=2)
    asked = {"numerosCompte": [EXAMPLE_LABEL]}
    assert len((await rest.post("/comptes/recherche", asked)).json["comptes"]) == 2
    ledger = (await rest.get(f"{ACCOUNT}/mouvements")).json["contenu"]
    assert len({entry["id"][:8] for entry in ledger}) == 2
    simulator.add_fault("rechercherAvis", "dropped", times=1, keys=["AE-202609-0048217"])
    notices = await rest.post("/avis-echeance/recherche", asked | {"depuisPeriode": 202609})
    assert [notice["periode"] for notice in notices.json["avis"]] == [202610]


async def test_contacts_doubled_dropped_and_of_another_agency(soap: SoapClient, simulator: Simulator) -> None:
    agency = ("CodeAgence", "57A")
    usual = (await soap.call("ListerContacts", agency)).texts("CodeTheme")
    simulator.add_fault("ListerContacts", "doubled", times=1)
    doubled = await soap.call("ListerContacts", agency)
    assert (doubled.texts("CodeAgence"), doubled.texts("CodeTheme")) == (["57A"], usual * 2)
    simulator.add_fault("ListerContacts", "dropped", times=1, keys=["AST"])
    assert (await soap.call("ListerContacts", agency)).texts("CodeTheme") == usual[1:]
    simulator.add_fault("ListerContacts", "foreign", times=1)
    foreign = await soap.call("ListerContacts", agency)
    (code,) = foreign.texts("CodeAgence")
    found = simulator.landlord.agency(code)
    assert found is not None
    assert (code != "57A", foreign.text("Libelle")) == (True, found.name.replace("–", "\x96"))
    assert (await soap.call("ListerContacts", agency)).texts("CodeTheme") == usual


async def drops(response: aiohttp.ClientResponse, number: int) -> bytes:
    return b"".join([await response.content.readexactly(1) for _ in range(number)])


async def test_a_body_that_drips_for_ever_in_both_systems(
    soap: SoapClient, rest: RestClient, simulator: Simulator
) -> None:
    simulator.add_fault("*", "drip", seconds=0.001)
    body = envelope("ConsulterContrats", LEASE, token=soap.token).encode()
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}/ConsulterContrats"'}
    async with soap.http.post(soap.url, data=body, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/xml"
        assert (await drops(response, 5)) == b"<?xml"
    async with rest.http.get(rest.url + ACCOUNT, headers={"Authorization": f"Bearer {rest.token}"}) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        dripped = await drops(response, 400)
        assert json.loads(dripped)["numeroCompte"] == EXAMPLE_LABEL
        assert dripped.endswith(b"  ")
    simulator.clear_faults()
    simulator.add_fault("*", "drip")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await soap.call("ConsulterContrats", LEASE)
    simulator.clear_faults()
    assert (await soap.call("ConsulterContrats", LEASE)).code == 0


@pytest.mark.parametrize(
    ("kind", "details", "status"),
    [("html502", {}, 502), ("html500", {}, 500), ("ko", {"code": "FAC-500"}, 200), ("reset", {}, None)],
)
async def test_deposit_taken_though_the_answer_was_another(
    rest: RestClient, simulator: Simulator, kind: str, details: dict[str, Any], status: int | None
) -> None:
    rest.checks = False
    sent = {"numeroCompte": EXAMPLE_LABEL, "montant": 5, "mode": "CBE", "dateValeur": "2026-11-03"}
    for reference, after in (("before", False), ("after", True)):
        simulator.add_fault("deposerEncaissement", kind, times=1, after=after, **details)
        if status is None:
            with pytest.raises(aiohttp.ClientError):
                await rest.post("/encaissements", sent | {"referenceExterne": reference})
        else:
            answer = await rest.post("/encaissements", sent | {"referenceExterne": reference})
            assert answer.status == status
            assert b"ACCEPTE" not in answer.body
    assert [each["reference"] for each in simulator.deposits()] == ["after"]
    again = await rest.post("/encaissements", sent | {"referenceExterne": "after"})
    assert again.json["statut"] == "DOUBLON"
