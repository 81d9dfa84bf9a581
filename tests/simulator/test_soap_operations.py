"""Sessions, return codes, batches, identification, search and paging of property management."""

import aiohttp
import pytest

from gateway.simulator import Case, Simulator, SimulatorOptions, run_simulator
from gateway.simulator.landlord.places import number_of
from gateway.simulator.property_management.name_keys import name_key

from .conftest import Clock
from .soap_client import SoapClient, envelope

LEASE = ("RefContrat", "0048217/01")
MONTHS = ("PeriodeDebut", "10/2025"), ("PeriodeFin", "10/2026")


async def test_header_and_credentials(soap: SoapClient) -> None:
    for old, new in ((">01<", ">02<"), (">TESTS<", "> <"), (">TESTS<", ">SEVENTEEN_LETTERS<")):
        body = envelope("ConsulterContrats", LEASE, token=soap.token).replace(old, new)
        assert (await soap.send(body.encode(), "ConsulterContrats")).code == 20
    wrong = envelope("OuvrirSession", ("Identifiant", "x"), ("MotDePasse", "y"))
    assert (await soap.send(wrong.encode(), "OuvrirSession")).code == 20


async def test_fifth_session_is_refused_and_the_others_live(soap: SoapClient, simulator: Simulator) -> None:
    first = soap.token
    for _ in range(3):
        assert (await soap.open_session()).code == 0
    assert (await soap.open_session()).code == 31
    assert simulator.open_sessions == 4
    assert simulator.violations["fifth_session"] == 1
    soap.token = first
    assert (await soap.call("ConsulterContrats", LEASE)).code == 0
    assert (await soap.call("FermerSession")).code == 0
    assert (await soap.call("FermerSession")).code == 30
    assert (await soap.open_session()).code == 0


async def test_session_dies_after_twenty_idle_minutes_and_at_ten_in_the_evening(
    soap: SoapClient, simulator: Simulator, clock: Clock
) -> None:
    for _ in range(3):
        clock.forward(minutes=19)
        assert (await soap.call("ConsulterContrats", LEASE)).code == 0
    clock.forward(minutes=20)
    reply = await soap.call("ConsulterContrats", LEASE)
    assert (reply.code, reply.items("Contrat")) == (30, [])
    simulator.set_nights(True)
    clock.set("2026-11-03T21:59")
    await soap.open_session()
    assert simulator.open_sessions == 1
    clock.set("2026-11-03T22:00")
    assert simulator.open_sessions == 0


async def test_order_of_checks(soap: SoapClient) -> None:
    """Session before batch size, batch size before formats."""
    too_many = [("RefLogement", "x")] * 21
    bad = ("PeriodeDebut", "13/2026"), ("PeriodeFin", "x")
    assert (await soap.call("RelevesCompteurs", *too_many, *bad)).code == 42
    assert (await soap.call("RelevesCompteurs", *bad)).code == 40
    assert (await soap.call("RelevesCompteurs", ("RefLogement", "x"), *bad)).code == 44
    soap.token = "dead"
    assert (await soap.call("RelevesCompteurs", *too_many, *bad)).code == 30


@pytest.mark.parametrize(
    ("operation", "tag", "limit", "after"),
    [
        ("ConsulterContrats", "RefContrat", 50, ()),
        ("ConsulterLogements", "RefLogement", 50, ()),
        ("RelevesCompteurs", "RefLogement", 20, MONTHS),
        ("ListerTravaux", "RefLogement", 20, (("DepuisLe", "01/01/2020"),)),
        ("ConsulterConseillers", "CodeSecteur", 50, ()),
    ],
)
async def test_batch_limits_count_repeats(
    soap: SoapClient, simulator: Simulator, operation: str, tag: str, limit: int, after: tuple[tuple[str, str], ...]
) -> None:
    full = await soap.call(operation, *[(tag, "UNKNOWN")] * limit, *after)
    assert full.code in {0, 4}
    too_many = await soap.call(operation, *[(tag, "UNKNOWN")] * (limit + 1), *after)
    assert too_many.code == 42
    assert too_many.texts(tag) == []
    assert (await soap.call(operation, *after)).code == 40
    assert simulator.violations == {"batch_too_large": 1, "empty_batch": 1}


async def test_repeated_padded_and_unknown_references(soap: SoapClient) -> None:
    leases = await soap.call("ConsulterContrats", LEASE, ("RefContrat", " 0048217/01  "), ("RefContrat", "0048217/1"))
    assert leases.code == 4
    assert sorted(leases.texts("RefContrat")) == ["0048217/01", "0048217/1"]
    dwellings = await soap.call("ConsulterLogements", ("RefLogement", "5701-b-0034"), ("RefLogement", "5701-B-0034"))
    assert (dwellings.code, dwellings.texts("RefLogement")) == (0, ["5701-B-0034"])
    works = await soap.call("ListerTravaux", ("RefLogement", "NOWHERE"), ("DepuisLe", "01/01/2020"))
    assert (works.code, works.texts("RefTravaux")) == (0, [])
    advisors = await soap.call("ConsulterConseillers", ("CodeSecteur", "ZZ9"), ("CodeSecteur", "MZ3"))
    assert (advisors.code, sorted(item["CodeRetour"] for item in advisors.items("Conseiller"))) == (4, ["0", "10"])
    assert (await soap.call("ListerContacts", ("CodeAgence", "99Z"))).code == 10


async def test_keys_are_padded(soap: SoapClient) -> None:
    reply = await soap.call("ConsulterContrats", LEASE)
    raw = {name: next(reply.root.iter(f"{{*}}{name}")).text for name in ("RefContrat", "NumeroCompte", "RefLogement")}
    assert raw == {"RefContrat": "0048217/01  ", "NumeroCompte": "L0048217  ", "RefLogement": "5701-B-0034   "}


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("10/2025", "10/2026", 0),
        ("09/2025", "10/2026", 44),
        ("10/2026", "09/2026", 44),
        ("1/2026", "10/2026", 44),
        ("00/2026", "10/2026", 44),
    ],
)
async def test_periods(soap: SoapClient, first: str, last: str, code: int) -> None:
    reply = await soap.call(
        "RelevesCompteurs", ("RefLogement", "5701-B-0034"), ("PeriodeDebut", first), ("PeriodeFin", last)
    )
    assert reply.code == code


@pytest.mark.parametrize(
    ("label", "last", "first", "birth", "code"),
    [
        ("L 0048217", "Martín", "ELODIE", None, 0),
        ("L0048217", "MARTIN", "Élodie", "14/05/1987", 0),
        ("L0048217", "MARTIN", "Élodie", "01/01/1900", 0),
        ("L0048217", "MARTIN", "Élodie", "15/05/1987", 10),
        ("L0048217", "MARTIN", "Élodie", "31/02/1987", 44),
        ("L0048217", "MARTINE", "Élodie", None, 10),
        ("L9999999", "MARTIN", "Élodie", None, 10),
    ],
)
async def test_identification(
    soap: SoapClient, label: str, last: str, first: str, birth: str | None, code: int
) -> None:
    born = (("DateNaissance", birth),) if birth else ()
    fields = ("IntituleCompte", label), ("Nom", last), ("Prenom", first), *born
    assert (await soap.call("IdentifierTitulaire", *fields)).code == code


async def test_every_holder_is_identified_by_the_start_of_the_name(soap: SoapClient, simulator: Simulator) -> None:
    """Also long names, cut, œ spelt OE, companies without first name, ended leases; others get 11."""
    for tenant in simulator.landlord.tenants[:60]:
        for holder in tenant.holders:
            last, first = name_key(holder.last_name)[:24], name_key(holder.first_name)[:16]
            fields = ("IntituleCompte", tenant.account_number), ("Nom", last + "   "), ("Prenom", first.lower())
            reply = await soap.call("IdentifierTitulaire", *fields)
            assert reply.code == (0 if holder.is_principal else 11), (tenant, holder)


def test_name_keys() -> None:
    assert name_key("D\u0092\u009cuvre-Ætna  Straß") == "D OEUVRE AETNA STRASS"


async def test_search_criteria(soap: SoapClient, simulator: Simulator) -> None:
    assert (await soap.call("RechercherContrats")).code == 41
    assert (await soap.call("RechercherContrats", ("Nom", "É "))).code == 44
    unknown = await soap.call("RechercherContrats", ("CodeSecteur", "ZZ9"))
    assert (unknown.code, unknown.texts("RefContrat")) == (0, [])
    named = await soap.call("RechercherContrats", ("CodeSecteur", "MZ3 "), ("Nom", "mart"), ("CodeAgence", "57A"))
    assert "0048217/01" in named.texts("RefContrat")
    joint = next(simulator.landlord.with_case(Case.JOINT_TENANCY))
    other = next(holder for holder in joint.holders if not holder.is_principal)
    found = await soap.call("RechercherContrats", ("Nom", other.last_name))
    assert joint.lease_reference in found.texts("RefContrat")
    assert found.texts("RefContrat") == sorted(found.texts("RefContrat"))


async def test_search_pages(http: aiohttp.ClientSession, clock: Clock) -> None:
    async with run_simulator(SimulatorOptions(tenants=5_000, now=clock)) as simulator:
        soap = SoapClient(simulator.property_url, http)
        await soap.open_session()
        agency = ("CodeAgence", "57A")
        found, key = [], None
        while True:
            reply = await soap.call("RechercherContrats", agency, *((("CleReprise", key),) if key else ()))
            found += reply.texts("RefContrat")
            if reply.texts("Suite") != ["O"]:
                break
            assert len(reply.texts("RefContrat")) == 200
            key = reply.text("CleReprise")
        expected = [tenant.lease_reference for tenant in simulator.landlord.tenants if tenant.agency == "57A"]
        assert found == sorted(expected)
        other = await soap.call("RechercherContrats", ("CodeAgence", "57B"), ("CleReprise", key or ""))
        assert other.code == 43
        assert (await soap.call("RechercherContrats", agency, ("CleReprise", "nonsense"))).code == 43
        await soap.open_session()
        assert (await soap.call("RechercherContrats", agency, ("CleReprise", key or ""))).code == 43


async def test_works_pages_cover_every_row_once(soap: SoapClient, simulator: Simulator) -> None:
    """A busy building: the same works under each of its twelve dwellings."""
    building = [tenant for tenant in simulator.landlord.tenants if tenant.dwelling_reference.startswith("5705-")]
    fields = *(("RefLogement", tenant.dwelling_reference) for tenant in building), ("DepuisLe", "01/01/2020")
    first = await soap.call("ListerTravaux", *fields)
    assert (len(first.items("Travaux")), first.text("Suite")) == (200, "O")
    second = await soap.call("ListerTravaux", *fields, ("CleReprise", first.text("CleReprise")))
    rows = [(row["RefTravaux"], row["RefLogement"]) for page in (first, second) for row in page.items("Travaux")]
    expected = {(works.reference, tenant.dwelling_reference) for tenant in building for works in tenant.works}
    assert len(rows) == len(set(rows)) == len(expected)
    assert set(rows) == expected
    wrong = await soap.call("ListerTravaux", *fields[1:], ("CleReprise", first.text("CleReprise")))
    assert wrong.code == 43
    assert (await soap.call("ListerTravaux", ("RefLogement", "x"), ("DepuisLe", "2020-01-01"))).code == 44


async def test_meters_follow_the_clock(soap: SoapClient, clock: Clock) -> None:
    clock.set("2026-12-24T12:00")
    await soap.open_session()
    reply = await soap.call("RelevesCompteurs", ("RefLogement", "5701-B-0034"), *MONTHS)
    assert reply.text("DateArrete") == "23/12/2026"


def test_numbers_do_not_collide_with_the_example() -> None:
    assert len({number_of(index) for index in range(30_000)}) == 30_000
