"""Tokens, limits, batches, ledger, deposits and closures of billing; every answer is held against the contract."""

import aiohttp
import pytest

from gateway.simulator import EXAMPLE_LABEL, Case, Simulator

from .conftest import Clock
from .rest_client import RestClient

DEPOSIT = {
    "numeroCompte": EXAMPLE_LABEL,
    "montant": 369.65,
    "mode": "CBE",
    "referenceExterne": "L0048217-202610",
    "dateValeur": "2026-11-03",
}


async def test_tokens_absent_unknown_expired_and_revoked(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    first, account = rest.token, f"/comptes/{EXAMPLE_LABEL}"
    await rest.create_token()
    rest.token = first
    assert (await rest.get(account)).status == 200
    await rest.create_token()
    assert (simulator.live_tokens, simulator.violations["third_token"]) == (2, 1)
    latest, rest.token = rest.token, first
    assert (await rest.get(account)).json == {"erreur": "JETON_EXPIRE"}
    rest.token = None
    assert (await rest.get(account)).json == {"erreur": "JETON_ABSENT"}
    rest.token = latest
    clock.forward(seconds=899)
    assert (await rest.get(account)).status == 200
    clock.forward(seconds=1)
    assert (await rest.get(account)).status == 401
    wrong = await rest.post("/jetons", {"identifiant": "portail", "secret": "wrong"})
    assert (wrong.status, wrong.json) == (401, {"erreur": "IDENTIFIANTS_REFUSES"})
    assert (await rest.post("/jetons", {})).status == 400


async def test_every_record_of_every_tenant_is_valid(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    numbers = [tenant.account_number for tenant in simulator.landlord.tenants]
    for start in range(0, len(numbers), 25):
        batch = numbers[start : start + 25]
        accounts = await rest.post("/comptes/recherche", {"numerosCompte": batch})
        assert {found["numeroCompte"] for found in accounts.json["comptes"]} == set(batch)
        notices = await rest.post("/avis-echeance/recherche", {"numerosCompte": batch, "depuisPeriode": 190001})
        assert notices.json["erreurs"] == []
    for tenant in simulator.landlord.tenants[:40]:
        ledger = await rest.get(f"/comptes/{tenant.account_number}/mouvements?taille=50")
        assert ledger.json["total"] == len(tenant.account.entries)
        for notice in tenant.account.notices[:1]:
            assert (await rest.get(f"/avis-echeance/{notice.id}")).json["id"] == notice.id


async def test_unknown_references_are_ko(rest: RestClient) -> None:
    for path in (
        "/comptes/L9999999",
        "/comptes/l0048217",
        "/comptes/recherche",
        "/comptes/L9999999/mouvements",
        "/avis-echeance/AE-190001-0048217",
        "/avis-echeance/nonsense",
        "/avis-echeance/AE-190001-0048217/document",
    ):
        answer = await rest.get(path)
        assert (answer.status, answer.json["code"], answer.json["donnees"]) == (200, "FAC-404", None)
    unknown = await rest.get("/encaissements?referenceExterne=never")
    assert unknown.json == {"encaissements": []}


async def test_wrong_paths_are_html(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    for path, status in (("/nowhere", 404), ("/avis-echeance/x/y", 404), ("/jetons", 405)):
        async with http.get(simulator.billing_url + path) as response:
            assert (response.status, response.content_type) == (status, "text/html")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/comptes/recherche", {"numerosCompte": []}),
        ("/comptes/recherche", {"numerosCompte": ["L0048217"] * 101}),
        ("/comptes/recherche", {"numerosCompte": [48217]}),
        ("/comptes/recherche", ["L0048217"]),
        ("/avis-echeance/recherche", {"numerosCompte": ["L0048217"] * 26, "depuisPeriode": 202610}),
        ("/avis-echeance/recherche", {"numerosCompte": ["L0048217"], "depuisPeriode": 202613}),
        ("/avis-echeance/recherche", {"numerosCompte": ["L0048217"], "depuisPeriode": "202610"}),
        ("/encaissements", {}),
        ("/encaissements", DEPOSIT | {"numeroCompte": "l0048217"}),
        ("/encaissements", DEPOSIT | {"montant": 0}),
        ("/encaissements", DEPOSIT | {"montant": 1.005}),
        ("/encaissements", DEPOSIT | {"montant": 100000}),
        ("/encaissements", DEPOSIT | {"montant": True}),
        ("/encaissements", DEPOSIT | {"mode": "CRY"}),
        ("/encaissements", DEPOSIT | {"dateValeur": "2026-02-30"}),
        ("/encaissements", DEPOSIT | {"referenceExterne": "a b"}),
    ],
)
async def test_bad_bodies(rest: RestClient, path: str, body: object) -> None:
    assert (await rest.post(path, body)).status == 400


@pytest.mark.parametrize("query", ["du=2026-13-01", "au=03/11/2026", "page=-1", "page=x", "taille=0", "taille=51"])
async def test_bad_queries(rest: RestClient, query: str) -> None:
    assert (await rest.get(f"/comptes/{EXAMPLE_LABEL}/mouvements?{query}")).status == 400
    assert (await rest.get("/encaissements")).status == 400


async def test_numbers_repeated_are_answered_once(rest: RestClient, simulator: Simulator) -> None:
    found = await rest.post("/comptes/recherche", {"numerosCompte": [EXAMPLE_LABEL] * 100})
    assert len(found.json["comptes"]) == 1
    new = next(simulator.landlord.with_case(Case.NEW_ACCOUNT)).account_number
    none = await rest.post("/avis-echeance/recherche", {"numerosCompte": [new], "depuisPeriode": 190001})
    assert none.json == {"avis": [], "erreurs": []}


async def test_ledger_pages_bounds_and_drift(rest: RestClient, simulator: Simulator) -> None:
    tenant = next(simulator.landlord.with_case(Case.LONG_LEDGER))
    path = f"/comptes/{tenant.account_number}/mouvements"
    first = (await rest.get(f"{path}?taille=50")).json
    assert (len(first["contenu"]), first["total"] > 50, first["dernierePage"]) == (50, True, False)
    keyed = simulator.post_entry(tenant.account_number, "VIR", "-12.34")
    second = (await rest.get(f"{path}?taille=50&page=1")).json
    assert second["contenu"][0]["id"] == first["contenu"][-1]["id"]
    assert second["total"] == first["total"] + 1
    newest = (await rest.get(f"{path}?taille=1")).json["contenu"][0]
    assert (newest["id"], newest["credit"]) == (keyed, 12.34)
    beyond = (await rest.get(f"{path}?page=99")).json
    assert (beyond["contenu"], beyond["dernierePage"], beyond["taille"]) == ([], True, 20)
    dated = (await rest.get(f"{path}?du=2026-03-31&au=2026-04-30&taille=50")).json["contenu"]
    assert dated
    assert all("2026-03-31" <= entry["dateValeur"] <= "2026-04-30" for entry in dated)
    order = [(entry["dateSaisie"], entry["id"]) for entry in first["contenu"]]
    assert order == sorted(order, reverse=True)


async def test_deposit_from_lot_to_balance(rest: RestClient, clock: Clock) -> None:
    taken = await rest.post("/encaissements", DEPOSIT)
    assert (taken.status, taken.json["lot"]) == (202, "20261103-02")
    again = await rest.post("/encaissements", DEPOSIT)
    assert (again.status, again.json) == (200, {"statut": "DOUBLON", "lot": "20261103-02"})
    other = await rest.post("/encaissements", DEPOSIT | {"montant": 1})
    assert (other.status, other.json["code"]) == (200, "FAC-409")
    unknown = await rest.post("/encaissements", DEPOSIT | {"numeroCompte": "L9999999", "referenceExterne": "x"})
    assert unknown.json["code"] == "FAC-404"
    clock.set("2026-11-03T10:30")
    await rest.create_token()
    (tracked,) = (await rest.get("/encaissements?referenceExterne=L0048217-202610")).json["encaissements"]
    assert (tracked["statut"], tracked["idMouvement"]) == ("COMPTABILISE", "M0048217-000089")
    entry = (await rest.get(f"/comptes/{EXAMPLE_LABEL}/mouvements?taille=1")).json["contenu"][0]
    assert (entry["nature"], entry["credit"], entry["soldeApres"]) == ("CBE", 369.65, 0)
    assert entry["referenceExterne"] == "L0048217-202610"
    assert (await rest.get(f"/comptes/{EXAMPLE_LABEL}")).json["solde"] == -369.65
    clock.set("2026-11-04T04:30")
    await rest.create_token()
    account = (await rest.get(f"/comptes/{EXAMPLE_LABEL}")).json
    assert (account["solde"], account["soldeExigible"], account["dateArrete"]) == (0, 0, "2026-11-04T04:30:00")


@pytest.mark.parametrize(
    ("moment", "lot"),
    [
        ("2026-11-04T00:10", "20261104-01"),
        ("2026-11-04T06:29:59", "20261104-01"),
        ("2026-11-04T06:30", "20261104-02"),
        ("2026-11-04T18:29", "20261104-04"),
        ("2026-11-30T18:30", "20261201-01"),
    ],
)
async def test_lots(rest: RestClient, clock: Clock, moment: str, lot: str) -> None:
    clock.set(moment)
    await rest.create_token()
    assert (await rest.post("/encaissements", DEPOSIT)).json["lot"] == lot


async def test_deposit_on_a_closed_account_is_rejected_by_the_lot(
    rest: RestClient, simulator: Simulator, clock: Clock
) -> None:
    closed = next(tenant for tenant in simulator.landlord.tenants if tenant.account.state_code == "CLOS")
    sent = DEPOSIT | {"numeroCompte": closed.account_number, "referenceExterne": "closed"}
    assert (await rest.post("/encaissements", sent)).status == 202
    clock.forward(minutes=14)
    assert (await rest.get("/encaissements?referenceExterne=closed")).json["encaissements"][0]["statut"] == "EN_ATTENTE"
    clock.set("2026-11-03T10:30")
    await rest.create_token()
    (tracked,) = (await rest.get("/encaissements?referenceExterne=closed")).json["encaissements"]
    assert (tracked["statut"], tracked["motifRejet"]) == ("REJETE", "COMPTE_CLOS")


async def test_due_part_of_the_balance_follows_the_date_limit(rest: RestClient, clock: Clock) -> None:
    for moment, due in (("2026-11-10T12:00", -57.1), ("2026-11-11T12:00", -369.65)):
        clock.set(moment)
        await rest.create_token()
        assert (await rest.get(f"/comptes/{EXAMPLE_LABEL}")).json["soldeExigible"] == due


async def test_night_of_deposits_and_of_balances(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    simulator.set_nights(True)
    for moment, status in (("01:59:59", 202), ("02:00", 503), ("04:29:59", 503), ("04:30", 200)):
        clock.set(f"2026-11-04T{moment}")
        await rest.create_token()
        assert (await rest.post("/encaissements", DEPOSIT)).status == status
    clock.set("2026-11-04T03:00")
    assert (await rest.get(f"/comptes/{EXAMPLE_LABEL}")).json["dateArrete"] == "2026-11-03T04:30:00"


async def test_nights_of_the_billing_run(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    simulator.set_nights(True)
    for moment, closed in (
        ("25T04:00", False),
        ("25T21:59", False),
        ("25T22:00", True),
        ("26T04:59", True),
        ("26T05:00", False),
        ("28T04:59", True),
        ("28T22:00", False),
    ):
        clock.set(f"2026-11-{moment}")
        assert (await rest.create_token()).status == 200
        answer = await rest.get(f"/comptes/{EXAMPLE_LABEL}")
        assert answer.status == (503 if closed else 200), moment
        if closed:
            assert answer.json["ErrorMessage"] == "Quittancement en cours"
        assert (await rest.get("/sante")).json["statut"] == "OK"


async def test_limits_per_minute_and_day(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    clock.set("2026-11-03T12:00")
    await rest.create_token()
    for _ in range(499):
        assert (await rest.get("/comptes/L9999999")).status == 200
    refused = await rest.get("/comptes/L9999999")
    assert (refused.status, "Retry-After" in refused.headers) == (429, False)
    assert (await rest.get("/sante")).status == 200
    assert simulator.violations["over_rate"] == 1
    clock.forward(minutes=1)
    assert (await rest.get("/comptes/L9999999")).status == 200
    for _ in range(500):
        await rest.get("/comptes/L9999999")
    assert (await rest.get("/comptes/L9999999")).status == 429
    simulator.set_rate_limits(False)
    assert (await rest.get("/comptes/L9999999")).status == 200


async def test_deposits_are_rejected_by_choice(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    simulator.add_fault("deposerEncaissement", "rejected", times=1, reason="MS03")
    for reference in ("rejected", "booked"):
        assert (await rest.post("/encaissements", DEPOSIT | {"referenceExterne": reference})).status == 202
        assert (await rest.post("/encaissements", DEPOSIT | {"referenceExterne": reference})).json[
            "statut"
        ] == "DOUBLON"
    assert [(each["status"], each["entry_id"]) for each in simulator.deposits()] == [("EN_ATTENTE", None)] * 2
    clock.set("2026-11-03T10:30")
    await rest.create_token()
    (tracked,) = (await rest.get("/encaissements?referenceExterne=rejected")).json["encaissements"]
    assert (tracked["statut"], tracked["motifRejet"], tracked["idMouvement"]) == ("REJETE", "MS03", None)
    found = (await rest.get(f"/comptes/{EXAMPLE_LABEL}/mouvements?du=2026-11-01")).json["contenu"]
    assert [entry["referenceExterne"] for entry in found] == ["booked"]
    assert [(each["status"], each["reject_reason"]) for each in simulator.deposits()] == [
        ("REJETE", "MS03"),
        ("COMPTABILISE", None),
    ]


async def test_lots_may_run_at_once(
    rest: RestClient, simulator: Simulator, clock: Clock, http: aiohttp.ClientSession
) -> None:
    await rest.post("/encaissements", DEPOSIT)
    async with http.post(simulator.admin_url + "/lots") as response:
        assert await response.json() == {"booked": 1}
    assert simulator.run_lots() == 0
    (tracked,) = (await rest.get("/encaissements?referenceExterne=L0048217-202610")).json["encaissements"]
    entry = (await rest.get(f"/comptes/{EXAMPLE_LABEL}/mouvements?taille=1")).json["contenu"][0]
    assert (tracked["statut"], tracked["idMouvement"]) == ("COMPTABILISE", entry["id"])
    assert (entry["dateSaisie"], entry["credit"], entry["soldeApres"]) == ("2026-11-03T10:00:00", 369.65, 0)
    assert (await rest.get(f"/comptes/{EXAMPLE_LABEL}")).json["solde"] == -369.65
    async with http.get(simulator.admin_url + "/deposits") as response:
        (told,) = await response.json()
    assert (told["cents"], told["status"], told["entry_id"]) == (36965, "COMPTABILISE", entry["id"])
    clock.set("2026-11-04T04:30")
    await rest.create_token()
    assert (await rest.get(f"/comptes/{EXAMPLE_LABEL}")).json["solde"] == 0
