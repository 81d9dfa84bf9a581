"""Transport of property management: media types, encodings, shapes, limits, the night."""

from pathlib import Path

import aiohttp
import pytest

from gateway.simulator import Case, Simulator

from .conftest import Clock
from .soap_client import NAMESPACE, SoapClient, envelope

WSDL = Path(__file__).parents[2] / "docs" / "legacy" / "gestion-locative.wsdl"


async def test_wsdl_is_the_contract_at_our_address(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{simulator.property_url}?wsdl") as response:
        text = await response.text()
    assert simulator.property_url in text
    assert text == WSDL.read_text("utf-8").replace("http://127.0.0.1:18071/ws/GestionLocative", simulator.property_url)


async def test_other_media_types_and_large_bodies_get_html(soap: SoapClient) -> None:
    body = envelope("FermerSession", token=soap.token).encode()
    wrong = await soap.send(body, "FermerSession", content_type="application/soap+xml")
    assert (wrong.status, wrong.content_type.partition(";")[0]) == (415, "text/html")
    large = await soap.send(b"<a>" + b" " * 256 * 1024 + b"</a>", "FermerSession")
    assert (large.status, large.content_type.partition(";")[0]) == (413, "text/html")


async def test_paths_and_methods(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    async with http.get(simulator.property_url) as response:
        assert response.status == 405
    async with http.post(simulator.property_url + "/x") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("head", "content_type", "encoding"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "text/xml; charset=utf-8", "iso-8859-1"),
        ("", "text/xml; charset=ISO-8859-1", "iso-8859-1"),
        ("", "text/xml", "utf-8"),
        ('<?xml version="1.0"?>', "text/xml; charset=utf-8", "utf-8"),
    ],
)
async def test_encoding_is_the_declared_then_charset_then_utf8(
    soap: SoapClient, head: str, content_type: str, encoding: str
) -> None:
    fields = ("IntituleCompte", "L0048217"), ("Nom", "MARTIN"), ("Prenom", "Élodie")
    body = envelope("IdentifierTitulaire", *fields, token=soap.token, head=head).encode(encoding)
    reply = await soap.send(body, "IdentifierTitulaire", content_type=content_type)
    assert reply.code == 0


def broken_bodies(token: str) -> list[bytes]:
    lease = envelope("ConsulterContrats", ("RefContrat", "0048217/01"), token=token)
    months = ("PeriodeFin", "10/2026"), ("PeriodeDebut", "10/2026")
    dtd = '<!DOCTYPE x [<!ENTITY e "L0048217">]>'
    return [
        b"",
        b"not xml",
        lease.encode()[:-9],
        (dtd + lease).encode(),
        lease.replace("RefContrat", "RefBail").encode(),
        lease.replace("ConsulterContrats", "ConsulterBaux").encode(),
        lease.replace("<g:CodeSociete>01</g:CodeSociete>", "").encode(),
        lease.replace(NAMESPACE, "http://other.example").encode(),
        lease.replace("0048217/01", "<g:Sous/>").encode(),
        ('<?xml version="1.0" encoding="koi8-r"?>' + lease).encode(),
        envelope("RelevesCompteurs", ("RefLogement", "5701-B-0034"), *months, token=token).encode(),
        envelope("ListerContacts", token=token).encode(),
    ]


async def test_broken_requests_are_gl_910(soap: SoapClient, simulator: Simulator) -> None:
    bodies = broken_bodies(soap.token or "")
    for body in bodies:
        operation = "RelevesCompteurs" if b"Releves" in body else "ListerContacts" if b"ListerC" in body else ""
        reply = await soap.send(body, operation or "ConsulterContrats")
        assert (reply.status, reply.fault) == (500, "GL-910"), body
        assert b":Client</faultcode>" in reply.body
    assert simulator.violations["refused_gl_910"] == len(bodies)
    assert simulator.violations["wrong_encoding"] == 1


@pytest.mark.parametrize("action", [f"{NAMESPACE}/FermerSession", f'"{NAMESPACE}/OuvrirSession"', '""'])
async def test_soap_action_must_be_quoted_and_right(soap: SoapClient, action: str) -> None:
    body = envelope("FermerSession", token=soap.token).encode()
    assert (await soap.send(body, "FermerSession", action=action)).fault == "GL-910"


async def test_windows_1252_under_an_iso_8859_1_label(soap: SoapClient, simulator: Simulator) -> None:
    tenant = next(simulator.landlord.with_case(Case.WINDOWS_1252_NAME))
    reply = await soap.call("ConsulterContrats", ("RefContrat", tenant.lease_reference))
    assert reply.content_type == "text/xml; charset=ISO-8859-1"
    assert reply.body.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    raw = reply.text("Nom")
    assert any("\x80" <= letter <= "\x9f" for letter in raw)
    assert raw.encode("latin-1").decode("cp1252") == tenant.principal.last_name


async def test_prefixes_and_white_space_change(soap: SoapClient) -> None:
    bodies = [(await soap.call("ListerContacts", ("CodeAgence", "57A"))).body for _ in range(30)]
    assert len({body[44:80] for body in bodies}) > 3
    assert {b"\r\n" in body for body in bodies} == {True, False}
    assert {f'xmlns="{NAMESPACE}"'.encode() in body for body in bodies} == {True, False}


async def test_night_answers_gl_900_before_anything_else(
    soap: SoapClient, simulator: Simulator, clock: Clock, http: aiohttp.ClientSession
) -> None:
    simulator.set_nights(True)
    for moment, closed in (("21:59:59", False), ("22:00:00", True), ("04:59:59", True), ("05:00:00", False)):
        clock.set(f"2026-11-03T{moment}")
        reply = await soap.send(b"not xml", "OuvrirSession")
        assert reply.fault == ("GL-900" if closed else "GL-910")
    clock.set("2026-11-03T23:00")
    reply = await soap.open_session()
    assert (reply.status, reply.fault) == (500, "GL-900")
    assert reply.text("libelle") == "Service indisponible de 22h00 à 05h00 (quittancement)"
    async with http.get(f"{simulator.property_url}?wsdl") as response:
        assert response.status == 200
    assert simulator.violations["call_inside_night"] == 3
