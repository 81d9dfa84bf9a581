"""Every request that the client writes to property management is one that the WSDL and the contract allow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from aiohttp import web
from lxml import etree

from gateway.clients.base import Upstream, open_http
from gateway.clients.places import Places
from gateway.clients.property_management import PropertyManagement
from gateway.errors import UpstreamError
from gateway.models.dates import YearMonth
from gateway.models.freshness import SourceSystem
from tests.support import HeldClock

CONTRACT = Path(__file__).parents[2] / "docs" / "legacy" / "gestion-locative.wsdl"
NAMESPACE = "http://ws.gestion-locative.example/2013/03"
BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"

SESSION = "6F2A<77>&\"'"
RESUME_KEY = "P<2>&1"
PASSWORD = "œuf & <jambon> l'été"
ODD = ("D'HAUTEVILLE-O’CONNOR", "LEBŒUF & <FILS>", 'É"]]>Ñ', "Łódź \U0001f3e0")
OPERATIONS = {
    *("OuvrirSession", "FermerSession", "IdentifierTitulaire", "RechercherContrats", "ConsulterContrats"),
    *("ConsulterLogements", "RelevesCompteurs", "ListerTravaux", "ConsulterConseillers", "ListerContacts"),
}


@dataclass
class Sent:
    """A request as it came."""

    action: str
    content_type: str
    body: bytes

    @property
    def element(self) -> etree._Element:
        """What stands first under soap:Body."""
        body = etree.fromstring(self.body).find(BODY)
        assert body is not None
        assert len(body) == 1
        return body[0]

    @property
    def operation(self) -> str:
        return etree.QName(self.element).localname

    def texts(self, name: str) -> list[str]:
        return [found.text or "" for found in self.element.iter(f"{{{NAMESPACE}}}{name}")]


@dataclass
class Listener:
    """Opens sessions, answers the first page of works, and is out of order otherwise."""

    sent: list[Sent] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        came = Sent(request.headers["SOAPAction"], request.headers["Content-Type"], await request.read())
        self.sent.append(came)
        if came.operation == "OuvrirSession":
            return answer("OuvrirSession", JetonSession=SESSION, DureeValiditeMinutes="20")
        if came.operation == "ListerTravaux" and not came.texts("CleReprise"):
            return answer("ListerTravaux", Suite="O", CleReprise=RESUME_KEY)
        return web.Response(status=404)

    def of(self, operation: str) -> list[Sent]:
        return [each for each in self.sent if each.operation == operation]


def answer(operation: str, **fields: str) -> web.Response:
    envelope = etree.Element("{http://schemas.xmlsoap.org/soap/envelope/}Envelope")
    reply = etree.SubElement(etree.SubElement(envelope, BODY), f"{{{NAMESPACE}}}{operation}Reponse")
    code = etree.SubElement(etree.SubElement(reply, f"{{{NAMESPACE}}}Retour"), f"{{{NAMESPACE}}}CodeRetour")
    code.text = "0"
    for name, text in fields.items():
        etree.SubElement(reply, f"{{{NAMESPACE}}}{name}").text = text
    return web.Response(body=etree.tostring(envelope), headers={"Content-Type": "text/xml; charset=ISO-8859-1"})


@cache
def schema() -> etree.XMLSchema:
    types = etree.parse(CONTRACT).getroot().find(f".//{SCHEMA}")
    assert types is not None
    return etree.XMLSchema(etree.fromstring(etree.tostring(types)))  # on its own, with the prefixes of the whole


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(listener.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ws/GestionLocative"
    finally:
        await runner.cleanup()


@pytest.fixture
async def listener(clock: HeldClock) -> AsyncIterator[Listener]:
    """What came when every operation was called, with many keys and odd texts."""
    listener = Listener()
    async with listening(listener) as url, open_http() as http:
        upstream = Upstream(
            SourceSystem.PROPERTY_MANAGEMENT, http, deadline_seconds=5, clock=clock, places=Places(lambda: 8)
        )
        client = PropertyManagement(upstream, url, company="01", user="PORTAIL", password=PASSWORD)
        await call_everything(client)
        await client.close()
        yield listener


async def call_everything(client: PropertyManagement) -> None:
    references = [f"{number:07d}/01" for number in range(130)] + list(ODD)
    dwellings = [f"{number:04d}-B-0001" for number in range(45)] + list(ODD)
    months = YearMonth(2025, 9), YearMonth(2026, 9)
    for text in ODD:
        for born in (None, date(1987, 5, 4)):
            with suppress(UpstreamError):
                await client.fetch_identification(text, text, text, born)
        for criteria in ({"sector": text}, {"last_name": text}, {"agency": text}):
            with suppress(UpstreamError):
                await client.fetch_lease_references(**criteria)
        with suppress(UpstreamError):
            await client.fetch_lease_references(agency=text, last_name=text, resume_key=text, sector=text)
        with suppress(UpstreamError):
            await client.fetch_agency(text)
    for keys in (references, references[:1]):
        await client.fetch_leases(keys)
        await client.fetch_dwellings(keys)
        await client.fetch_advisors(keys)
    for keys in (dwellings, dwellings[:1]):
        await client.fetch_water(keys, *months)
        await client.fetch_works(keys, date(2024, 3, 2))


async def test_every_request_is_valid_by_the_wsdl(listener: Listener) -> None:
    assert {sent.operation for sent in listener.sent} == OPERATIONS
    for sent in listener.sent:
        assert schema().validate(sent.element), (schema().error_log, sent.body)


async def test_every_request_has_the_contracts_headers(listener: Listener) -> None:
    for sent in listener.sent:
        assert sent.action == f'"{NAMESPACE}/{sent.operation}"'
        media_type, _, charset = sent.content_type.partition(";")
        assert media_type == "text/xml"
        assert charset.strip().lower() in {"charset=utf-8", "charset=iso-8859-1"}
        assert len(sent.body) <= 256 * 1024
        assert b"<!DOCTYPE" not in sent.body


async def test_the_session_is_named_everywhere_but_where_it_is_opened(listener: Listener) -> None:
    for sent in listener.sent:
        assert sent.texts("CodeSociete") == ["01"]
        (source,) = sent.texts("SystemeSource")
        assert 1 <= len(source) <= 16
        assert sent.texts("JetonSession") == ([] if sent.operation == "OuvrirSession" else [SESSION])


async def test_texts_arrive_as_they_were_given(listener: Listener) -> None:
    (opened,) = listener.of("OuvrirSession")
    assert (opened.texts("Identifiant"), opened.texts("MotDePasse")) == (["PORTAIL"], [PASSWORD])
    named = listener.of("IdentifierTitulaire")
    for tag in ("IntituleCompte", "Nom", "Prenom"):
        assert [text for sent in named for text in sent.texts(tag)] == [text for text in ODD for _ in range(2)]
    assert [sent.texts("DateNaissance") for sent in named] == [[], ["04/05/1987"]] * len(ODD)
    assert [sent.texts("CodeAgence") for sent in listener.of("ListerContacts")] == [[text] for text in ODD]
    leases = {text for sent in listener.of("ConsulterContrats") for text in sent.texts("RefContrat")}
    assert leases == {f"{number:07d}/01" for number in range(130)} | set(ODD)
    for sent in listener.of("RelevesCompteurs"):
        assert (sent.texts("PeriodeDebut"), sent.texts("PeriodeFin")) == (["09/2025"], ["09/2026"])
    works = listener.of("ListerTravaux")
    assert all(sent.texts("DepuisLe") == ["02/03/2024"] for sent in works)
    assert {tuple(sent.texts("CleReprise")) for sent in works} == {(), (RESUME_KEY,)}
