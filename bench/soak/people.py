"""Tenants of a soak run: they sign in, look at their home screen, and know what must be on it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from bench.soak.cluster import PASSWORD, Cluster, contact
from gateway.simulator import Tenant
from tests.support import HOME

LIGHT = "{ me { accountLabel balance { amount { cents } } } }"
TOKEN_GOOD_FOR_SECONDS = 200.0
"""A token lives five minutes; it is renewed well before."""

_SIGN_IN = """mutation($label: String!, $password: String!) {
  logIn(input: {accountLabel: $label, password: $password, client: APP}) {
    __typename ... on SignedIn { tokens { accessToken } } } }"""
_RENEW = """mutation($current: String!, $new: String!) {
  renewPassword(input: {currentPassword: $current, newPassword: $new}) {
    __typename ... on PasswordRenewed { tokens { accessToken } } } }"""
_RESET = """mutation($label: String!) {
  requestPasswordReset(input: {accountLabel: $label}) { __typename } }"""


class Verdict(Enum):
    """What an answer was worth."""

    RIGHT = "right"
    FAILED = "failed"
    WRONG = "wrong"


class NotAcknowledged(Exception):
    """Whether a change was made is not known: no answer, or one that tells of trouble."""


@dataclass
class Person:
    """One tenant with an account."""

    cluster: Cluster
    tenant: Tenant
    password: str = PASSWORD
    token: str = ""
    token_since: float = float("-inf")
    home: dict[str, Any] = field(default_factory=dict)
    """What the home screen must show, as learnt in calm and checked against the landlord."""

    async def learn(self) -> None:
        """Reads the home screen in calm, until it is whole, and checks it against what the landlord knows."""
        await self.sign_in()
        answer = await self._post(HOME)
        while "errors" in answer:
            print(f"{self.tenant.account_number} once more: {_codes(answer)}", flush=True)
            answer = await self._post(HOME)
        self.home = _without_freshness(answer["data"]["me"])
        check_against_landlord(self.home, self.tenant)

    async def ask(self, query: str) -> dict[str, Any]:
        """The answer to a query. Raises NotAcknowledged."""
        await self._keep_token()
        return await self._post(query)

    async def read(self, query: str) -> tuple[Verdict, str]:
        """Asks, and says what the answer is worth and what is amiss with it."""
        try:
            answer = await self.ask(query)
        except NotAcknowledged as trouble:
            return Verdict.FAILED, str(trouble)
        return judge(answer, self.home)

    async def sign_in(self, password: str | None = None) -> str:
        """Signs in; the name of the outcome. Raises NotAcknowledged."""
        variables = {"label": self.tenant.account_number, "password": password or self.password}
        outcome = (await self._change(_SIGN_IN, variables, token=""))["logIn"]
        if outcome["__typename"] == "SignedIn":
            self.token, self.token_since = outcome["tokens"]["accessToken"], time.monotonic()
        return str(outcome["__typename"])

    async def renew_password(self, new: str) -> str:
        """Changes the password; the name of the outcome. Raises NotAcknowledged."""
        await self._keep_token()
        variables = {"current": self.password, "new": new}
        outcome = (await self._change(_RENEW, variables, token=self.token))["renewPassword"]
        if outcome["__typename"] == "PasswordRenewed":
            self.password = new
            self.token, self.token_since = outcome["tokens"]["accessToken"], time.monotonic()
        return str(outcome["__typename"])

    async def request_reset(self) -> str:
        """Asks for a link; the name of the outcome. Raises NotAcknowledged."""
        outcome = await self._change(_RESET, {"label": self.tenant.account_number}, token="")
        return str(outcome["requestPasswordReset"]["__typename"])

    async def _keep_token(self) -> None:
        if time.monotonic() - self.token_since > TOKEN_GOOD_FOR_SECONDS:
            try:
                await self.sign_in()
            except NotAcknowledged:
                if time.monotonic() - self.token_since > 290:
                    raise

    async def _change(self, query: str, variables: dict[str, Any], *, token: str) -> dict[str, Any]:
        answer = await self._post(query, variables, token=token, again=False)
        if "errors" in answer or not answer.get("data"):
            raise NotAcknowledged(_codes(answer))
        data: dict[str, Any] = answer["data"]
        return data

    async def _post(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None, again: bool = True
    ) -> dict[str, Any]:
        bearer = self.token if token is None else token
        headers = {"GraphQL-Preflight": "1"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        body = {"query": query} | ({"variables": variables} if variables else {})
        try:
            async with self.cluster.http.post(f"{self.cluster.url}/graphql", json=body, headers=headers) as response:
                answer: dict[str, Any] = await response.json()
                if response.status != 200:
                    raise NotAcknowledged(f"{response.status} {_codes(answer)}")
                return answer
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            # A proxy may close an idle connection just as a request is sent on it (nginx does when it is given a new
            # configuration). Browsers and apps send what only reads once more then; so does this.
            if again:
                self.cluster.sent_again += 1
                return await self._post(query, variables, token=token, again=False)
            raise NotAcknowledged(type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotAcknowledged(type(error).__name__) from error


async def in_calm(actions: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Does all of it, four at a time."""
    places = asyncio.Semaphore(4)

    async def act(action: Callable[[], Awaitable[object]]) -> None:
        async with places:
            await action()

    await asyncio.gather(*map(act, actions))


def judge(answer: dict[str, Any], home: dict[str, Any]) -> tuple[Verdict, str]:
    """Right where everything asked for is there and true; failed where something is missing and said to be."""
    me = (answer.get("data") or {}).get("me")
    if me is None:
        return (Verdict.FAILED, _codes(answer)) if answer.get("errors") else (Verdict.WRONG, "nothing, without a word")
    excused = {error["path"][1] for error in answer.get("errors", ()) if len(error.get("path") or ()) > 1}
    verdict, amiss = Verdict.RIGHT, ""
    for name, value in _without_freshness(me).items():
        if value is None and name in excused:
            verdict, amiss = Verdict.FAILED, _codes(answer)
        elif not _agrees(value, home[name]):
            return Verdict.WRONG, f"{name}: {value!r}, not {home[name]!r}"
    return verdict, amiss


def check_against_landlord(home: dict[str, Any], tenant: Tenant) -> None:
    """Fails where a home screen is not this tenant's by what the landlord itself knows."""
    principal, lease = tenant.principal, tenant.lease
    assert home["accountLabel"] == tenant.account_number
    assert home["lease"]["reference"] == tenant.lease_reference
    assert home["lease"]["startsOn"] == lease.start_date.isoformat()
    assert lease.rent_cents is None or home["lease"]["baseRent"]["cents"] == lease.rent_cents
    assert home["leaseHolder"]["lastName"] == principal.last_name
    assert home["leaseHolder"]["email"] == contact(tenant)
    assert home["dwelling"]["reference"] == tenant.dwelling_reference
    balanced_until = last_balance_run()
    entries = [entry for entry in tenant.account.entries if entry.posted_at <= balanced_until]
    assert home["balance"]["amount"]["cents"] == (entries[-1].balance_after_cents if entries else 0)
    issued = [notice for notice in tenant.account.notices if notice.issued_on <= balanced_until.date()][:12]
    shown = [(each["amountDue"]["cents"], each["periodTotal"]["cents"]) for each in home["dueNotices"]["nodes"]]
    assert shown == [(notice.amount_due_cents, notice.total_cents) for notice in issued]


def last_balance_run() -> datetime:
    """When billing last computed its balances, as it writes it: local time without offset. A run must not span one."""
    now = datetime.now(ZoneInfo("Europe/Paris")).replace(tzinfo=None)
    today = now.replace(hour=4, minute=30, second=0, microsecond=0)
    return today if now >= today else today - timedelta(days=1)


def _agrees(value: Any, known: Any) -> bool:
    """Whether what was asked for, which may be less than the home screen, is what is known."""
    if isinstance(value, dict) and isinstance(known, dict):
        return all(name in known and _agrees(each, known[name]) for name, each in value.items())
    return bool(value == known)


def _without_freshness(me: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: each for key, each in value.items() if key != "freshness"} if isinstance(value, dict) else value
        for name, value in me.items()
    }


def _codes(answer: dict[str, Any]) -> str:
    errors = answer.get("errors") or [{}]
    return ", ".join(sorted({str(error.get("extensions", {}).get("code")) for error in errors}))
