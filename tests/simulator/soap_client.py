"""A SOAP client as bare as possible: it sends exactly what a test says."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

import aiohttp
from lxml import etree

from gateway.simulator import PROPERTY_PASSWORD, PROPERTY_USER

NAMESPACE = "http://ws.gestion-locative.example/2013/03"
_SERVICE = f"{{{NAMESPACE}}}"


@dataclass
class Reply:
    """An answer of property management."""

    status: int
    content_type: str
    body: bytes

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.body)

    def texts(self, name: str) -> list[str]:
        return [(found.text or "").strip() for found in self.root.iter(_SERVICE + name)]

    def text(self, name: str) -> str:
        return self.texts(name)[0]

    @property
    def code(self) -> int:
        return int(self.text("CodeRetour"))

    @property
    def fault(self) -> str:
        return self.text("code")

    def items(self, name: str) -> list[dict[str, str]]:
        """The simple children of every element of this name."""
        return [
            {etree.QName(child).localname: (child.text or "").strip() for child in found}
            for found in self.root.iter(_SERVICE + name)
        ]


def envelope(operation: str, *fields: tuple[str, str], token: str | None = None, head: str = "") -> str:
    def element(name: str, text: str) -> str:
        return f"<g:{name}>{escape(text)}</g:{name}>"

    header = element("CodeSociete", "01") + element("SystemeSource", "TESTS")
    header += element("JetonSession", token) if token is not None else ""
    inner = "".join(element(name, text) for name, text in fields)
    return (
        f'{head}<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:g="{NAMESPACE}"><s:Body>'
        f"<g:{operation}><g:Entete>{header}</g:Entete>{inner}</g:{operation}></s:Body></s:Envelope>"
    )


class SoapClient:
    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http
        self.token: str | None = None

    async def send(
        self,
        body: bytes,
        operation: str,
        *,
        content_type: str = "text/xml; charset=utf-8",
        action: str | None = None,
    ) -> Reply:
        headers = {"Content-Type": content_type, "SOAPAction": action or f'"{NAMESPACE}/{operation}"'}
        async with self.http.post(self.url, data=body, headers=headers) as response:
            return Reply(response.status, response.headers.get("Content-Type", ""), await response.read())

    async def call(self, operation: str, *fields: tuple[str, str]) -> Reply:
        return await self.send(envelope(operation, *fields, token=self.token).encode(), operation)

    async def open_session(self) -> Reply:
        credentials = ("Identifiant", PROPERTY_USER), ("MotDePasse", PROPERTY_PASSWORD)
        reply = await self.send(envelope("OuvrirSession", *credentials).encode(), "OuvrirSession")
        if reply.status == 200 and reply.code == 0:
            self.token = reply.text("JetonSession")
        return reply
