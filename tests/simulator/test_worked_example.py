"""The answers about Mme Martin are those printed in the contract, to the letter where it prints them."""

import json
import re
from pathlib import Path
from typing import Any

from lxml import etree

from .conftest import Clock
from .rest_client import RestClient
from .soap_client import NAMESPACE, Reply, SoapClient

README = (Path(__file__).parents[2] / "docs" / "legacy" / "README.md").read_text("utf-8")
DWELLING = ("RefLogement", "5701-B-0034")


def printed_json(start: str) -> Any:
    """The JSON in the contract that begins like this."""
    return json.JSONDecoder().raw_decode(README, README.index(start))[0]


def printed_xml(tag: str) -> etree._Element:
    match = re.search(f"<{tag}[ >].*?</{tag}>", README, re.DOTALL)
    assert match
    text = match[0] if "xmlns" in match[0] else match[0].replace(f"<{tag}", f'<{tag} xmlns="{NAMESPACE}"', 1)
    return etree.fromstring(text)


def stripped(element: etree._Element) -> Any:
    """Names and trimmed texts, without prefixes, white space, comments and wordings."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return etree.QName(element).localname, (element.text or "").strip()
    found = [stripped(child) for child in children if etree.QName(child).localname != "LibelleRetour"]
    return etree.QName(element).localname, found


def body_of(reply: Reply) -> etree._Element:
    return reply.root[-1][0]


async def test_lease_as_printed(soap: SoapClient) -> None:
    reply = await soap.call("ConsulterContrats", ("RefContrat", "0048217/01"), ("RefContrat", "9999999/01"))
    name, children = stripped(body_of(reply))
    printed_name, printed = stripped(printed_xml("ConsulterContratsReponse"))
    assert name == printed_name
    assert sorted(children, key=str) == sorted(printed, key=str)


async def test_dwelling_as_described(soap: SoapClient) -> None:
    reply = await soap.call("ConsulterLogements", DWELLING)
    described = re.search(r"ConsulterLogements → `(.*?)`", README, re.DOTALL)
    assert described
    (dwelling,) = reply.items("Logement")
    for pair in described[1].replace("\n", " ").split(", "):
        name, _, value = pair.strip().partition(" ")
        assert dwelling[name] == value.strip().replace("(empty)", ""), name


async def test_water_as_printed(soap: SoapClient) -> None:
    reply = await soap.call("RelevesCompteurs", DWELLING, ("PeriodeDebut", "10/2026"), ("PeriodeFin", "10/2026"))
    name, children = stripped(body_of(reply)[1])
    printed_name, printed = stripped(printed_xml("RelevesLogement"))
    hot = children.pop()
    assert (name, children) == (printed_name, printed)
    assert ("TypeFluide", "EC") in hot[1]
    assert ("Releve", [("DateReleve", "31/10/2026"), ("Index", "146,012"), ("NatureReleve", "R")]) in hot[1]
    assert reply.texts("Valeur") == ["6,425", "3,242"]


async def test_thirteen_months_of_water(soap: SoapClient) -> None:
    reply = await soap.call("RelevesCompteurs", DWELLING, ("PeriodeDebut", "10/2025"), ("PeriodeFin", "10/2026"))
    months, values = reply.texts("Mois")[:13], reply.texts("Valeur")[:13]
    assert months == [f"{10 + n if n < 3 else n - 2:02d}/{2025 if n < 3 else 2026}" for n in range(13)]
    year = sum(int(value.replace(",", "")) for month, value in zip(months, values, strict=True) if "2026" in month)
    assert year == 61_240


async def test_works_advisor_contacts_identity(soap: SoapClient) -> None:
    works = await soap.call("ListerTravaux", DWELLING, ("DepuisLe", "01/01/2020"))
    (row,) = works.items("Travaux")
    expected = {
        **{"RefTravaux": "OS-2026-004512", "CodePortee": "L", "CodeNature": "PLB", "CodeEtat": "030"},
        **{"LibelleNature": "Remplacement mécanisme WC", "CodePriorite": "NOR", "DateDemande": "12/10/2026"},
        **{"DateRendezVous": "25/11/2026", "HeureRdvDebut": "08:00", "HeureRdvFin": "12:00"},
    }
    assert expected.items() <= row.items()
    assert works.items("Entreprise") == [{"RaisonSociale": "Proxi-Plomb SARL", "Telephone": "03 53 01 44 10"}]
    assert works.texts("Suite") == ["N"]
    (advisor,) = (await soap.call("ConsulterConseillers", ("CodeSecteur", "MZ3"))).items("Conseiller")
    expected = {
        **{"CodeConseiller": "CH-MZ3", "Nom": "KLEIN", "Prenom": "Aurélie", "Telephone": "03 53 01 22 33"},
        **{"Courriel": "aurelie.klein@bailleur.example", "CodeAgence": "57A", "Horaires": "lun-ven 9h-12h"},
    }
    assert expected.items() <= advisor.items()
    contacts = await soap.call("ListerContacts", ("CodeAgence", "57A"))
    assert contacts.text("Libelle") == "AGENCE DE METZ"
    printed_hours = dict(stripped(printed_xml("Horaire"))[1])
    assert contacts.items("Horaire")[0] == printed_hours
    on_call = {"CodeTheme": "AST", "Libelle": "Astreinte technique", "Telephone": "03 53 01 99 99"}
    assert (on_call | {"Urgence": "O", "Permanence24h": "O"}).items() <= contacts.items("ContactUtile")[0].items()
    identity = ("IntituleCompte", "l0048217"), ("Nom", "Martin"), ("Prenom", "elodie")
    found = await soap.call("IdentifierTitulaire", *identity)
    assert (found.code, found.text("RefContrat")) == (0, "0048217/01")


async def test_account_ledger_and_notice_as_printed(rest: RestClient) -> None:
    found = await rest.post("/comptes/recherche", {"numerosCompte": ["L0048217", "L9999999"]})
    assert found.json == printed_json('{"comptes"')
    ledger = await rest.get("/comptes/L0048217/mouvements?du=2026-09-01&taille=3")
    assert ledger.json == printed_json('{"contenu"')
    notices = await rest.post("/avis-echeance/recherche", {"numerosCompte": ["L0048217"], "depuisPeriode": 202610})
    assert notices.json == printed_json('{"avis"')


async def test_deposit_as_printed(rest: RestClient, clock: Clock) -> None:
    clock.set("2026-11-04T11:15")
    await rest.create_token()
    sent = printed_json('{"numeroCompte":"L0048217","montant"')
    taken = await rest.post("/encaissements", sent)
    assert (taken.status, taken.json) == (202, printed_json('{"statut":"ACCEPTE"'))
    tracked = await rest.get("/encaissements?referenceExterne=L0048217-202610")
    assert tracked.json == printed_json('{"encaissements":[{')
