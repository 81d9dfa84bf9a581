"""The data: deterministic, arithmetic that agrees, every edge case of the contract somewhere on the wire."""

import json
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from gateway.simulator import EXAMPLE_LABEL, Case, Landlord, Simulator, Tenant
from gateway.simulator.landlord.advisors import ABSENT_POSITIONS, REPLACED_POSITIONS, VACANT_POSITIONS
from gateway.simulator.landlord.places import SECTOR_POSITIONS

from .conftest import Clock
from .rest_client import RestClient
from .soap_client import NAMESPACE, SoapClient

LANDLORD = Landlord(7, 200)
TENANTS = LANDLORD.tenants


def everything(tenant: Tenant) -> object:
    return (tenant.lease, tenant.holders, tenant.dwelling, tenant.water, tenant.works, tenant.account)


def test_same_seed_same_data_however_many_tenants() -> None:
    for index in (0, 1, 57, 199):
        assert everything(TENANTS[index]) == everything(Landlord(7, 30_000).tenants[index])
    assert everything(TENANTS[1]) != everything(Landlord(8, 200).tenants[1])


def test_every_reference_leads_back_to_its_tenant() -> None:
    for tenant in Landlord(7, 2_000).tenants:
        assert LANDLORD.by_lease(tenant.lease_reference) is (TENANTS[tenant.index] if tenant.index < 200 else None)
        for found in (LANDLORD.by_account(tenant.account_number), LANDLORD.by_dwelling(tenant.dwelling_reference)):
            assert found is (TENANTS[tenant.index] if tenant.index < 200 else None)
    assert TENANTS[0].account_number == EXAMPLE_LABEL
    references = [tenant.lease_reference for tenant in TENANTS]
    assert references == sorted(set(references))
    assert all(tenant.lease.reference == tenant.lease_reference for tenant in TENANTS)


@pytest.mark.parametrize("tenant", TENANTS, ids=repr)
def test_ledger_and_notices_agree(tenant: Tenant) -> None:
    balance = 0
    for entry in tenant.account.entries:
        assert (entry.debit_cents is None) != (entry.credit_cents is None)
        balance += entry.signed_cents
        assert entry.balance_after_cents == balance
    posted = [(entry.posted_at, entry.id) for entry in tenant.account.entries]
    assert posted == sorted(posted)
    calls = {entry.period: entry for entry in tenant.account.entries if entry.kind == "QUI"}
    for notice in tenant.account.notices:
        if notice.period not in calls:
            assert tenant.index == 0
            continue
        call = calls[notice.period]
        assert call.signed_cents == notice.total_cents
        assert call.balance_after_cents == notice.amount_due_cents
    assert len(tenant.account.notices) == len({notice.period for notice in tenant.account.notices}) <= 36


@pytest.mark.parametrize("tenant", TENANTS, ids=repr)
def test_meters_agree(tenant: Tenant) -> None:
    for meter in tenant.water.meters:
        known = [reading.index_litres for reading in meter.readings if reading.index_litres is not None]
        missing = meter.readings[-1].index_litres is not None and len(known) < len(meter.readings)
        if not missing:
            assert known[-1] - known[0] == sum(month.litres for month in meter.months)
        assert [reading.day for reading in meter.readings] == sorted(reading.day for reading in meter.readings)


def test_every_case_applies_to_somebody() -> None:
    for case in Case:
        assert list(LANDLORD.with_case(case)), case
        assert not case.applies_to(0)


def habits(test: Callable[[Tenant], object]) -> list[Tenant]:
    return [tenant for tenant in TENANTS if test(tenant)]


IN_THE_DATA: dict[str, Callable[[Tenant], object]] = {
    "principal not first": lambda t: len(t.holders) > 1 and not t.holders[0].is_principal,
    "three holders": lambda t: len(t.holders) == 3,
    "no first name": lambda t: t.principal.first_name is None,
    "long name": lambda t: len(t.principal.last_name) > 24,
    "unknown dwelling": lambda t: t.dwelling is None,
    "no meter": lambda t: not t.water.meters,
    "meter replaced": lambda t: [m.fluid_code for m in t.water.meters].count("EF") == 2,
    "feed down": lambda t: t.water.feed_down,
    "negative month": lambda t: any(m.litres < 0 for meter in t.water.meters for m in meter.months),
    "shared works": lambda t: any(w.scope_code in "CI" for w in t.works),
    "more than 50 entries": lambda t: len(t.account.entries) > 50,
    "36 notices": lambda t: len(t.account.notices) == 36,
    "no notice": lambda t: not t.account.notices,
    "in credit": lambda t: t.account.entries[-1].balance_after_cents < 0,
    "settled": lambda t: t.account.entries[-1].balance_after_cents == 0,
    "owing": lambda t: t.account.entries[-1].balance_after_cents > 0,
    "paid in advance": lambda t: not t.lease.paid_in_arrears,
    "rejected debit": lambda t: any(entry.reject_reason for entry in t.account.entries),
}


@pytest.mark.parametrize("name", IN_THE_DATA)
def test_oddity_is_in_the_data(name: str) -> None:
    assert habits(IN_THE_DATA[name])


async def soap_values(soap: SoapClient) -> dict[str, set[str]]:
    """Every text property management says about all tenants, by element."""
    found: dict[str, set[str]] = {}

    def note(root: etree._Element) -> None:
        for element in root.iter():
            if isinstance(element.tag, str) and not len(element):
                name = etree.QName(element).localname
                parent = element.getparent()
                owner = etree.QName(parent).localname if parent is not None else ""
                found.setdefault(name, set()).add(element.text or "")
                found.setdefault(f"{owner}.{name}", set()).add((element.text or "").strip())

    for start in range(0, len(TENANTS), 20):
        batch = TENANTS[start : start + 20]
        dwellings = [("RefLogement", tenant.dwelling_reference) for tenant in batch]
        leases = [("RefContrat", tenant.lease_reference) for tenant in batch]
        note((await soap.call("ConsulterContrats", *leases)).root)
        note((await soap.call("ConsulterLogements", *dwellings)).root)
        months = ("PeriodeDebut", "10/2025"), ("PeriodeFin", "10/2026")
        note((await soap.call("RelevesCompteurs", *dwellings, *months)).root)
        note((await soap.call("ListerTravaux", *dwellings, ("DepuisLe", "01/01/2020"))).root)
    note((await soap.call("ConsulterConseillers", *(("CodeSecteur", s) for s in SECTOR_POSITIONS))).root)
    for agency in sorted({tenant.agency for tenant in TENANTS}):
        note((await soap.call("ListerContacts", ("CodeAgence", agency))).root)
    assert all(f"{{{NAMESPACE}}}" not in name for name in found)
    return found


ON_THE_SOAP_WIRE = {
    "Titulaire.CodeCivilite": {"1", "2", "9"},
    "Contrat.CodeEtat": {"A", "P", "R", "X"},
    "Contrat.ModePaiement": {"PRL", "CBE", "VIR", "TIP", "CHQ", "ESP", "CRY"},
    "Contrat.DateFin": {"31/12/9999"},
    "Contrat.DateConge": {"01/01/1900", ""},
    "Titulaire.Courriel": {"NEANT", "neant", ""},
    "Titulaire.Telephone": {"0000000000", ""},
    "Titulaire.DateNaissance": {"01/01/1900"},
    "Logement.TypeLogement": {"T1", "T1B", "T2", "T3", "T4", "T5", "T6", "T7", "STU"},
    "Logement.NatureConstruction": {"C", "I", "M"},
    "Logement.ClasseDpe": set("ABCDEFGN"),
    "Logement.Etage": {"00", "-1", "999"},
    "Logement.NombrePieces": {"999"},
    "Logement.SurfaceHabitable": {"9999,99", "999,99"},
    "Logement.AnneeConstruction": {"9999", "0000"},
    "Logement.CodeInsee": {"01053"},
    "Compteur.TypeFluide": {"EF", "EC", "ER"},
    "Compteur.Unite": {"M3", "L"},
    "Compteur.CumulAnneeCivile": {"9999,99"},
    "Releve.NatureReleve": {"R", "M", "E", "A", "X"},
    "Releve.Index": {"999999,999"},
    "Consommation.Estimee": {"O", "N"},
    "Consommation.Valeur": {"-1,240"},
    "Consommation.MoyenneImmeuble": {"9999,99"},
    "RelevesLogement.PrixM3Froide": {"9999,99"},
    "RelevesLogement.PrixM3Chaude": {"9999,99"},
    "RelevesLogement.CodeRetour": {"0", "10", "15"},
    "Alerte.CodeAlerte": {"FUI", "SUR", "RET", "NOS", "AUC", "GEL"},
    "Alerte.EtatAlerte": {"O", "F", "S"},
    "Alerte.LibelleAlerte": {"pas de fuite", "Pas de fuite"},
    "Travaux.CodePortee": {"L", "C", "I", "X"},
    "Travaux.CodeNature": {"PLB", "ELE", "CHF", "MEN", "RAV", "VMC", "ASC", "PEI", "DES"},
    "Travaux.CodeEtat": {"010", "020", "030", "040", "050", "060", "090", "075"},
    "Travaux.CodePriorite": {"U24", "U72", "NOR", "PRG", "ZZZ"},
    "Conseiller.Nom": {"POSTE VACANT"},
    "Horaire.ApresMidiDe": {""},
    "ContactUtile.CodeTheme": {"AST", "ASC", "CHF", "ROB", "ANT", "GAZ", "ELE", "GAR", "PAR"},
    "ContactUtile.Telephone": {"0000000000", ""},
}


async def test_every_code_and_sentinel_is_on_the_soap_wire(soap: SoapClient) -> None:
    found = await soap_values(soap)
    missing = {name: wanted - found.get(name, set()) for name, wanted in ON_THE_SOAP_WIRE.items()}
    assert {name: values for name, values in missing.items() if values} == {}
    everything = "".join(text for texts in found.values() for text in texts)
    for code in (0x9C, 0x8C, 0x92, 0x80, 0x96):
        assert chr(code) in everything
    assert any("\u00a0" in text for text in found["Index"] | found["DepotGarantie"])
    assert any(text.endswith("  ") for text in found["Nom"])


def test_advisor_posts_of_every_kind_belong_to_tenants() -> None:
    positions = {SECTOR_POSITIONS[tenant.sector] for tenant in TENANTS}
    for kind in (VACANT_POSITIONS, REPLACED_POSITIONS, ABSENT_POSITIONS):
        assert positions & kind


def walk(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from walk(child, key)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child, name)
    else:
        yield name, value


ON_THE_REST_WIRE: dict[str, set[object]] = {
    "etat": {"OUVERT", "CLOS", "CONTENTIEUX"},
    "nature": {
        "QUI",
        "PRL",
        "CBE",
        "VIR",
        "TIP",
        "CHQ",
        "ESP",
        "APL",
        "REJ",
        "RGC",
        "RGE",
        "SLS",
        "DDG",
        "RBT",
        "ANV",
        "ZZE",
    },
    "motifRejet": {"AM04", "MD01", "AC04", "MS03", "ZZ99", None},
    "mode": {"PRL", "CBE", "VIR", "TIP", "CHQ", "ESP", "CRY"},
    "rubrique": {
        "LOY",
        "PCG",
        "PEF",
        "PEC",
        "PCH",
        "GAR",
        "SLS",
        "RLS",
        "APL",
        "RGC",
        "RGE",
        "RAP",
        "PLA",
        "DIV",
        "ZZT",
    },
    "document": {"DISPONIBLE", "EN_COURS", "ABSENT", "ARCHIVE"},
    "quittance": {"AUCUNE", "PARTIELLE", "TOTALE", None},
    "unite": {"m3", None},
    "prochainPrelevement": {None},
    "planApurement": {None},
    "debit": {None},
    "credit": {None},
    "periode": {None},
}


async def test_every_code_is_on_the_rest_wire(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    found: dict[str, set[object]] = {}
    answers = []
    rest.checks = False  # the same answers are held against the contract elsewhere
    for start in range(0, len(TENANTS), 25):
        numbers = {"numerosCompte": [tenant.account_number for tenant in TENANTS[start : start + 25]]}
        answers.append((await rest.post("/comptes/recherche", numbers)).json)
        answers.append((await rest.post("/avis-echeance/recherche", numbers | {"depuisPeriode": 190001})).json)
    for tenant in TENANTS:
        answers.append((await rest.get(f"/comptes/{tenant.account_number}/mouvements?taille=50")).json)
    for name, value in (pair for answer in answers for pair in walk(answer)):
        found.setdefault(name, set()).add(value)
    missing = {name: wanted - found.get(name, set()) for name, wanted in ON_THE_REST_WIRE.items()}
    assert {name: values for name, values in missing.items() if values} == {}
    for name in ("referenceTip", "rum", "quantite", "mensualite", "montant"):
        assert any(value is not None for value in found[name]), name
    text = json.dumps(answers, ensure_ascii=False)
    assert all(letter in text for letter in "œ’€–")
    later = {entry["numeroCompte"]: entry["solde"] for answer in answers for entry in answer.get("comptes", ())}
    keyed = next(simulator.landlord.with_case(Case.KEYED_AFTER_BALANCE))
    assert later[keyed.account_number] * -100 != keyed.account.entries[-1].balance_after_cents
