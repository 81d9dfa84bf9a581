"""Billing over REST: keep-alive, one token, batches, KO answers. Contract: docs/legacy."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import msgspec

UNKNOWN = "FAC-404"

Item = dict[str, Any]


class Failed(Exception):
    """Billing did not answer, or not for this account."""


class Billing:
    """Every read of billing that the graph needs."""

    def __init__(self, url: str, user: str, secret: str) -> None:
        self._url = url
        self._credentials = {"identifiant": user, "secret": secret}
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=32), cookie_jar=aiohttp.DummyCookieJar()
        )
        self._token: asyncio.Task[str] | None = None

    async def accounts(self, numbers: Sequence[str]) -> list[Item | Failed | None]:
        """An account for every number in its order: None where unknown, Failed where it failed."""
        found: dict[str, Item | Failed | None] = {}
        for some in _chunks(numbers, 100):
            answer = await self._ask("/comptes/recherche", {"numerosCompte": some})
            _note_errors(answer, found)
            for account in answer["comptes"]:
                found.setdefault(account["numeroCompte"], account)
        return [found.get(number, Failed("no answer for an account")) for number in numbers]

    async def notices(self, numbers: Sequence[str]) -> list[list[Item] | Failed | None]:
        """All notices for every number in its order."""
        found: dict[str, Any] = {}
        for some in _chunks(numbers, 25):
            question = {"numerosCompte": some, "depuisPeriode": 190001}
            answer = await self._ask("/avis-echeance/recherche", question)
            _note_errors(answer, found)
            for notice in answer["avis"]:
                found.setdefault(notice["numeroCompte"], []).append(notice)
        return [found.get(number, []) for number in numbers]

    async def close(self) -> None:
        await self._http.close()

    async def _ask(self, path: str, question: Item) -> Item:
        token = self._token = self._token or asyncio.create_task(self._create())
        status, answer = await self._send(path, question, await asyncio.shield(token))
        if status == 401:
            if self._token is token:
                self._token = asyncio.create_task(self._create())
            status, answer = await self._send(path, question, await asyncio.shield(self._token))
        if status != 200:
            raise Failed(f"{path}: HTTP {status}")
        if answer.get("statut") == "KO":
            raise Failed(f"{path}: KO {answer.get('code')}")
        return answer

    async def _create(self) -> str:
        try:
            status, answer = await self._send("/jetons", self._credentials, None)
            if status != 200:
                raise Failed(f"/jetons: HTTP {status}")
        except Exception:
            self._token = None
            raise
        return str(answer["jeton"])

    async def _send(self, path: str, question: Item, token: str | None) -> tuple[int, Item]:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self._http.post(self._url + path, data=msgspec.json.encode(question), headers=headers) as response:
            content = await response.read()
            return response.status, msgspec.json.decode(content) if response.status == 200 else {}


def _note_errors(answer: Item, found: dict[str, Any]) -> None:
    for error in answer["erreurs"]:
        found.setdefault(error["numeroCompte"], None if error["code"] == UNKNOWN else Failed(error["code"]))


def _chunks(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
