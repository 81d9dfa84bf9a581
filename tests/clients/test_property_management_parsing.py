"""What becomes of property management's texts: models by the contract's rules, or UpstreamMalformed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.base import Answer
from gateway.clients.property_management.advisors import parse_advisors, parse_agency
from gateway.clients.property_management.envelope import Refused, open_answer, write_request
from gateway.clients.property_management.parsing import (
    parse_dwellings,
    parse_identification,
    parse_lease_references,
    parse_leases,
    parse_session,
)
from gateway.clients.property_management.reading import NAMESPACE, Element
from gateway.clients.property_management.values import DATE, MONEY, Values
from gateway.clients.property_management.water import parse_water
from gateway.clients.property_management.works import parse_works
from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamUnavailable
from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.lease import Lease, LeaseStatus, PaymentMode, Title
from gateway.models.money import Money
from gateway.models.water import LeakKind, ReadingMethod, WaterConsumption, WaterKind

FRESH = Freshness(SourceSystem.PROPERTY_MANAGEMENT, datetime(2026, 11, 3, 9, tzinfo=UTC))
OCTOBER = YearMonth(2026, 10)
parse_october = partial(parse_water, from_month=YearMonth(2025, 10), to_month=OCTOBER)


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, "text/xml; charset=ISO-8859-1", body)


def opened(operation: str, inner: str, status: int = 200) -> Element:
    return open_answer(operation, answer(envelope(operation, inner), status), ())


def envelope(operation: str, inner: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<{operation}Reponse xmlns="{NAMESPACE}">{inner}</{operation}Reponse></s:Body></s:Envelope>'
    ).encode()


def read(name: str, operation: str) -> Element:
    body = (Path(__file__).parent.parent / "fixtures" / "property_management" / name).read_bytes()
    return open_answer(operation, answer(body), ())


def leases() -> dict[str, Lease | UpstreamError | None]:
    return parse_leases(read("contrats.xml", "ConsulterContrats"), FRESH)


def lease(reference: str) -> Lease:
    found = leases()[reference]
    assert isinstance(found, Lease)
    return found


def test_the_worked_example_of_the_contract() -> None:
    example = lease("0048217/01")
    assert example.account_number == "L0048217"
    assert example.dwelling_reference == "5701-B-0034"
    assert (example.sector, example.agency_code) == ("MZ3", "57A")
    assert example.starts_on == date(2019, 9, 1)
    assert example.ends_on is None
    assert example.notice_given_on is None
    assert (example.status, example.payment_mode, example.paid_in_arrears) == (
        LeaseStatus.ACTIVE,
        PaymentMode.CARD,
        True,
    )
    assert (example.base_rent, example.deposit) == (Money.of("412.37"), Money.of("1234.50"))
    holder = example.holder
    assert (holder.title, holder.full_name, holder.birth_date) == (Title.MRS, "Élodie MARTIN", date(1987, 5, 14))
    assert (holder.email, holder.phone) == ("elodie.martin@example.org", "0639981234")


def test_a_lease_given_twice_is_the_first() -> None:
    assert lease("0048217/01").status is LeaseStatus.ACTIVE


def test_unknown_is_none_and_an_item_in_error_spoils_no_other() -> None:
    found = leases()
    assert found["9999999/01"] is None
    assert isinstance(found["0000003/01"], UpstreamMalformed)
    assert isinstance(found["0000004/01"], UpstreamUnavailable)
    assert isinstance(found["0048217/01"], Lease)


def test_unlisted_codes_are_other_with_the_raw_code_kept() -> None:
    odd = lease("0000002/01")
    assert (odd.status, odd.status_code) == (LeaseStatus.OTHER, "Z")
    assert (odd.payment_mode, odd.payment_mode_code) == (PaymentMode.OTHER, "BTC")


def test_the_principal_holder_need_not_be_first_nor_have_a_first_name() -> None:
    holder = lease("0000002/01").holder
    assert (holder.full_name, holder.first_name, holder.title) == ("SCI DES LILAS", None, None)
    assert (holder.email, holder.phone) == (None, "+33353012233")
    assert [each.full_name for each in holder.co_holders] == ["Jean LEBŒUF D’AVRIL"]
    assert holder.co_holders[0].title is Title.OTHER


def test_water_by_the_contracts_rules() -> None:
    found = parse_october(read("releves.xml", "RelevesCompteurs"), FRESH)
    water = found["5701-B-0034"]
    assert isinstance(water, WaterConsumption)
    cold, hot = water.meters
    assert (cold.kind, hot.kind) == (WaterKind.COLD, WaterKind.HOT)
    assert (water.unit_price_cold, water.unit_price_hot) == (Decimal("4.1250"), None)
    assert water.as_of == date(2026, 11, 2)
    assert [reading.index for reading in cold.readings] == [Decimal("312.481"), Decimal("318.906")]
    assert [month.volume for month in cold.months] == [Decimal("-0.500"), Decimal("6.425")]
    assert cold.months[1].same_month_last_year == Decimal("-0.500")
    assert [month.building_average for month in cold.months] == [None, Decimal("5.800")]
    assert (cold.calendar_year_to_date, hot.calendar_year_to_date) == (Decimal("61.240"), None)
    assert (hot.months[0].volume, hot.months[0].estimated) == (Decimal("3.242"), True)
    assert (hot.readings[0].index, hot.readings[0].method) == (None, ReadingMethod.MISSING)
    assert (str(water.cold_total), str(water.hot_total)) == ("5.925", "3.242")


def test_alerts_that_say_there_is_none_are_dropped_and_the_first_of_a_doubled_hour_is_taken() -> None:
    found = parse_october(read("releves.xml", "RelevesCompteurs"), FRESH)
    water = found["5701-B-0034"]
    assert isinstance(water, WaterConsumption)
    (alert,) = water.leak_alerts
    assert (alert.kind, alert.meter_serial, alert.open) == (LeakKind.LEAK, "EC-18-1", True)
    assert alert.since == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_no_meter_is_no_consumption_and_a_dead_feed_is_an_error() -> None:
    found = parse_october(read("releves.xml", "RelevesCompteurs"), FRESH)
    without = found["NO-METER"]
    assert isinstance(without, WaterConsumption)
    assert (without.meters, str(without.cold_total), str(without.hot_total)) == ((), "0.000", "0.000")
    assert isinstance(found["FEED-DOWN"], UpstreamUnavailable)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"", UpstreamMalformed),
        (200, b"<html><body>Oops</body></html>", UpstreamMalformed),
        (200, b"\x00\xff\xfe", UpstreamMalformed),
        (200, envelope("ConsulterContrats", "")[:-30], UpstreamMalformed),
        (200, envelope("ConsulterContrats", ""), UpstreamMalformed),
        (200, envelope("ListerTravaux", "<Retour><CodeRetour>0</CodeRetour></Retour>"), UpstreamMalformed),
        (200, envelope("ConsulterContrats", "<Retour><CodeRetour>77</CodeRetour></Retour>"), UpstreamUnavailable),
        (500, b"<html><body>Oops</body></html>", UpstreamUnavailable),
        (500, b"", UpstreamUnavailable),
        (503, b"<html>maintenance</html>", UpstreamUnavailable),
        (502, b"", UpstreamUnavailable),
    ],
)
def test_what_is_no_answer(status: int, body: bytes, error: type[UpstreamError]) -> None:
    with pytest.raises(error):
        open_answer("ConsulterContrats", answer(body, status), ())


@pytest.mark.parametrize(
    ("code", "error", "ours"),
    [("GL-900", UpstreamClosed, None), ("GL-901", UpstreamUnavailable, False), ("GL-910", UpstreamUnavailable, True)],
)
def test_faults(code: str, error: type[UpstreamError], ours: bool | None) -> None:
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:Server</faultcode>'
        f'<faultstring>x</faultstring><detail><g:ErreurTechnique xmlns:g="{NAMESPACE}"><g:code>{code}</g:code>'
        "<g:libelle>x</g:libelle><g:severite>2</g:severite></g:ErreurTechnique></detail></e:Fault></e:Body></e:Envelope>"
    )
    with pytest.raises(error) as raised:
        open_answer("ConsulterContrats", answer(body.encode(), 500), ())
    if isinstance(raised.value, UpstreamUnavailable):
        assert raised.value.ours is ours


def test_entities_and_document_types_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' + envelope("ConsulterContrats", "")[38:]
    with pytest.raises(UpstreamMalformed):
        open_answer("ConsulterContrats", answer(bomb), ())


def test_a_request_refuses_text_that_xml_cannot_carry() -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        write_request("IdentifierTitulaire", [], [("Nom", "Mar\x00tin")])
    assert b"<Nom>&lt;Martin&gt; &amp; O'Neil</Nom>" in write_request("X", [], [("Nom", "<Martin> & O'Neil")])


@pytest.mark.parametrize("sent", ["01/09/2019", " " * 100_000 + "01/09/2019", "\u00a001/09/2019\r\n"])
def test_a_text_means_the_same_every_time(sent: str) -> None:
    assert [DATE[sent] for _ in range(2)] == [date(2019, 9, 1)] * 2


def test_what_texts_mean_is_remembered_within_bounds() -> None:
    values = Values(str, "", kept=3)
    for number in range(100):
        assert values[f"{number} "] == f"{number}"
        assert values[" " * 100 + f"{number}"] == f"{number}"
        assert len(values) <= 3
        assert max(map(len, filter(None, values))) < 100


def test_what_is_a_tenants_own_is_not_remembered() -> None:
    assert MONEY["1\u00a0234,5"] == Money.of("1234.50")
    assert not MONEY


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x0b\x0c\ufffe\uffff"), max_size=30),
    st.sampled_from(
        ["", " ", "0", "O", "N", "01/01/1900", "31/12/9999", "9999,99", "1 234,50", "-1", "12/2026", "25:00"]
    ),
    st.from_regex(r"[0-9]{2}/[0-9]{2}/[0-9]{4}( [0-9]{2}:[0-9]{2})?", fullmatch=True),
    st.from_regex(r"-?[0-9 ]{1,20}(,[0-9]{1,8})?", fullmatch=True),
)
xml_texts = texts.map(lambda text: "".join(char for char in text if char in "\t\n\r" or char >= " "))


def elements(names: dict[str, object]) -> st.SearchStrategy[str]:
    """XML with some of these children, each any number of times, holding any text or more such children."""
    return st.lists(st.one_of([element(name, inner) for name, inner in names.items()]), max_size=12).map("".join)


def element(name: str, inner: object) -> st.SearchStrategy[str]:
    content = elements(inner) if isinstance(inner, dict) else xml_texts.map(escape)
    return content.map(lambda text: f"<{name}>{text}</{name}>")


def leaf(*names: str) -> dict[str, object]:
    return dict.fromkeys(names, "")


HOLDER = leaf("CodeCivilite", "Nom", "Prenom", "DateNaissance", "Principal", "Courriel", "Telephone")
METER = leaf("NumeroCompteur", "TypeFluide", "Telereleve", "Unite", "DatePose", "CumulAnneeCivile") | {
    "Releve": leaf("DateReleve", "Index", "NatureReleve"),
    "Consommation": leaf("Mois", "Valeur", "Estimee", "NombreJours", "MoyenneImmeuble"),
    "Alerte": leaf("CodeAlerte", "LibelleAlerte", "Depuis", "DebitLitresHeure", "EtatAlerte"),
}
SHAPES: dict[str, tuple[object, dict[str, object]]] = {
    "OuvrirSession": (parse_session, leaf("JetonSession", "DureeValiditeMinutes")),
    "IdentifierTitulaire": (parse_identification, leaf("RefContrat", "NumeroCompte")),
    "RechercherContrats": (parse_lease_references, leaf("RefContrat", "Suite", "CleReprise")),
    "ConsulterContrats": (
        lambda element: parse_leases(element, FRESH),
        {"Contrat": leaf("CodeRetour", "RefContrat", "DateFin", "LoyerPrincipal", "TermeEchu") | {"Titulaire": HOLDER}},
    ),
    "ConsulterLogements": (
        lambda element: parse_dwellings(element, FRESH),
        {"Logement": leaf("CodeRetour", "RefLogement", "Etage", "SurfaceHabitable", "DateDpe", "CodePostal", "Ville")},
    ),
    "RelevesCompteurs": (
        lambda element: parse_october(element, FRESH),
        {"RelevesLogement": leaf("CodeRetour", "RefLogement", "DateArrete", "PrixM3Froide") | {"Compteur": METER}},
    ),
    "ListerTravaux": (
        lambda element: parse_works([element], FRESH),
        {"Travaux": leaf("RefTravaux", "RefLogement", "DateDemande", "DateRendezVous", "HeureRdvDebut", "CodeEtat")},
    ),
    "ConsulterConseillers": (
        lambda element: parse_advisors(element, FRESH),
        {
            "Conseiller": leaf(
                "CodeRetour", "CodeSecteur", "CodeConseiller", "Nom", "AbsenceDu", "AbsenceAu", "Telephone"
            )
        },
    ),
    "ListerContacts": (
        lambda element: parse_agency(element, FRESH, "57A"),
        {
            "Agence": leaf("CodeAgence", "Libelle", "CodePostal", "Telephone") | {"Horaire": leaf("Jour", "MatinDe")},
            "ContactUtile": leaf("CodeTheme", "Libelle", "Telephone", "Urgence", "Permanence24h"),
        },
    ),
}


@pytest.mark.parametrize("operation", SHAPES)
@given(data=st.data())
def test_whatever_the_legacy_system_sends_is_a_model_or_malformed(operation: str, data: st.DataObject) -> None:
    parse, shape = SHAPES[operation]
    inner = data.draw(elements(leaf("Other") | shape))
    code = data.draw(st.sampled_from(["0", "0", "0", "4", "10", "x", ""]))
    body = envelope(operation, f"<Retour><CodeRetour>{code}</CodeRetour></Retour>{inner}")
    try:
        found = parse(open_answer(operation, answer(body), {10}))  # type: ignore[operator]
    except (UpstreamMalformed, Refused):
        return
    if isinstance(found, dict):
        assert all(key and key == key.strip() for key in found)


@given(body=st.binary(max_size=300), status=st.sampled_from([200, 202, 301, 400, 413, 500, 503]))
def test_whatever_bytes_come_are_an_upstream_error(body: bytes, status: int) -> None:
    with pytest.raises(UpstreamError):
        open_answer("ConsulterContrats", answer(body, status), ())
