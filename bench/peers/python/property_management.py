"""Property management over SOAP: keep-alive, one session, batches, return codes. Contract: docs/legacy."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

import aiohttp
from lxml import etree

NAMESPACE = "http://ws.gestion-locative.example/2013/03"
OK, PARTIAL, UNKNOWN, SESSION_EXPIRED = 0, 4, 10, 30
PLACES = 8  # what the system takes at a time; the connector queues the rest
WINDOWS_1252 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}

Item = dict[str, Any]


class Failed(Exception):
    """Property management did not answer, or not for this key."""


class PropertyManagement:
    """Every read of property management that the graph needs."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._opening = _element("Identifiant", user) + _element("MotDePasse", password)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=PLACES), cookie_jar=aiohttp.DummyCookieJar()
        )
        self._session: asyncio.Task[str] | None = None

    async def leases(self, references: Sequence[str]) -> list[Item | Failed | None]:
        return await self._items("ConsulterContrats", "Contrat", "RefContrat", references, 50)

    async def dwellings(self, references: Sequence[str]) -> list[Item | Failed | None]:
        return await self._items("ConsulterLogements", "Logement", "RefLogement", references, 50)

    async def advisors(self, sectors: Sequence[str]) -> list[Item | Failed | None]:
        return await self._items("ConsulterConseillers", "Conseiller", "CodeSecteur", sectors, 50)

    async def water(self, dwellings: Sequence[str], first: str, last: str) -> list[Item | Failed | None]:
        after = _element("PeriodeDebut", first) + _element("PeriodeFin", last)
        return await self._items("RelevesCompteurs", "RelevesLogement", "RefLogement", dwellings, 20, after)

    async def works(self, dwellings: Sequence[str], since: str) -> list[list[Item]]:
        """Rows of works for each dwelling, all pages."""
        found: dict[str, list[Item]] = {dwelling: [] for dwelling in dwellings}
        for some in _chunks(dwellings, 20):
            fields, key = _elements("RefLogement", some) + _element("DepuisLe", since), ""
            while True:
                answer = await self._ask("ListerTravaux", fields + key)
                for row in answer.get("Travaux", ()):
                    found.get(row.get("RefLogement", ""), []).append(row)
                if answer.get("Suite") != "O":
                    break
                key = _element("CleReprise", answer["CleReprise"])
        return [found[dwelling] for dwelling in dwellings]

    async def agency(self, code: str) -> Item | None:
        """The whole answer about an agency; None where unknown."""
        answer = await self._ask("ListerContacts", _element("CodeAgence", code), UNKNOWN)
        return answer if "Agence" in answer else None

    async def close(self) -> None:
        if self._session is not None:
            await self._send("FermerSession", await self._session, "")
        await self._http.close()

    async def _items(
        self, operation: str, name: str, key_name: str, keys: Sequence[str], limit: int, after: str = ""
    ) -> list[Item | Failed | None]:
        """An item for every key in its order: None where unknown, Failed where it failed or nothing was said of it."""
        found: dict[str, Item | Failed | None] = {}
        for some in _chunks(keys, limit):
            answer = await self._ask(operation, _elements(key_name, some) + after)
            for item in answer.get(name, ()):
                found.setdefault(item[key_name], _outcome(operation, item))
        silent = None if operation == "ConsulterLogements" else Failed(f"{operation}: no answer for a key")
        return [found.get(key, silent) for key in keys]

    async def _ask(self, operation: str, fields: str, meaningful: int = OK) -> Item:
        session = self._session = self._session or asyncio.create_task(self._open())
        answer = await self._send(operation, await asyncio.shield(session), fields)
        if (code := _return_code(answer)) == SESSION_EXPIRED:
            if self._session is session:
                self._session = asyncio.create_task(self._open())
            answer = await self._send(operation, await asyncio.shield(self._session), fields)
            code = _return_code(answer)
        if code not in {OK, PARTIAL, meaningful}:
            raise Failed(f"{operation}: code {code}")
        return answer

    async def _open(self) -> str:
        try:
            answer = await self._send("OuvrirSession", None, self._opening)
            if _return_code(answer) != OK:
                raise Failed(f"OuvrirSession: code {_return_code(answer)}")
        except Exception:
            self._session = None
            raise
        return str(answer["JetonSession"])

    async def _send(self, operation: str, session: str | None, fields: str) -> Item:
        token = _element("JetonSession", session) if session else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<{operation} xmlns="{NAMESPACE}"><Entete><CodeSociete>01</CodeSociete>'
            f"<SystemeSource>PORTAIL</SystemeSource>{token}</Entete>{fields}</{operation}></s:Body></s:Envelope>"
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}/{operation}"'}
        async with self._http.post(self._url, data=body.encode(), headers=headers) as response:
            content = await response.read()
            if response.status != 200:
                raise Failed(f"{operation}: HTTP {response.status}")
        envelope = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
        return _read(envelope[-1][0])


def _read(node: etree._Element) -> Item:
    """Leaves as trimmed texts, absent where blank; everything else as lists of the same, by local name."""
    found: Item = {}
    for child in node:
        name = child.tag.rpartition("}")[2]
        if len(child):
            found.setdefault(name, []).append(_read(child))
        elif (text := child.text) is not None:
            if not text.isascii():
                text = text.translate(WINDOWS_1252)
            if text := text.strip():
                found.setdefault(name, text)
    return found


def _outcome(operation: str, item: Item) -> Item | Failed | None:
    code = int(item["CodeRetour"])
    if code == OK:
        return item
    return None if code == UNKNOWN else Failed(f"{operation}: item code {code}")


def _return_code(answer: Item) -> int:
    return int(answer["Retour"][0]["CodeRetour"])


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _elements(name: str, texts: Sequence[str]) -> str:
    return "".join(_element(name, text) for text in texts)


def _chunks(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
