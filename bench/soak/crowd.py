"""200 tenants who ask at 64 connections, hang up now and then, and compare every answer with what is true of them."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import aiohttp

from bench.peers import scenarios
from bench.peers.tenants import SignedIn, insert
from bench.soak.people import LIGHT
from bench.soak.truth import ageless, difference, judge, strange
from gateway.accounts.opening import open_tools
from gateway.clock import Clock
from gateway.settings import Settings
from gateway.simulator import Case, Tenant
from tests.support import HOME

TENANTS, CONNECTIONS = 200, 64
HUNG_UP, FAULTY_AT_ONCE, ANSWERS_A_WEATHER = 0.1, 3, 25

_LEDGER: Final = """query($first: Int, $after: String) { me { accountLabel ledger(first: $first, after: $after) {
  nodes { id valueDate label debit { cents } credit { cents } runningBalance { cents } }
  pageInfo { hasNextPage endCursor } } } }"""
_NODE: Final = """query($id: ID!) { me { accountLabel } node(id: $id) { __typename
  ... on Work { id reference title } ... on DueNotice { id period amountDue { amount cents } } } }"""
_TRUTH: Final = HOME.replace("first: 12", "first: 36").replace("works {", "works { id ")

_OF_ALL: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    *(("slow", {"seconds": 0.05}), ("hang", {"seconds": 0.1}), ("reset", {}), ("reset", {"after": True})),
    *(("truncated", {"how": how}) for how in ("length", "chunked", "content")),
    *(("html500", {}), ("html502", {}), ("html503", {"after": True}), ("garbage", {}), ("empty", {})),
    *(("dropped", {}), ("dropped", {"all": True}), ("doubled", {}), ("reordered", {}), ("foreign", {})),
)
_OF_PROPERTY: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    *(("code", {"code": 99}), ("item_code", {"code": 15}), ("soap_fault", {"code": "GL-901"})),
    ("expired_session", {}),
)
_OF_BILLING: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    *(("ko", {"code": "FAC-500"}), ("item_code", {"code": "FAC-500"}), ("maintenance503", {})),
    *(("expired_token", {}), ("too_many", {})),
)
FAULTS: Final[Mapping[str, Sequence[tuple[str, dict[str, Any]]]]] = {
    **dict.fromkeys(("ConsulterContrats", "ConsulterLogements", "RelevesCompteurs"), _OF_ALL + _OF_PROPERTY),
    **dict.fromkeys(("ListerTravaux", "ConsulterConseillers", "ListerContacts"), _OF_ALL + _OF_PROPERTY),
    **dict.fromkeys(("rechercherComptes", "rechercherAvis", "listerMouvements"), _OF_ALL + _OF_BILLING),
}
"""What is asked for, and what may happen to it: all kinds of fault but those that never end. Conflicting doubles are
left out, since a system that files a stranger's row as this tenant's cannot be found out."""

Fault = Mapping[str, Any]


@dataclass
class Known:
    """A tenant who is signed in, and what is true of them."""

    tenant: Tenant
    signed_in: SignedIn
    token: str = ""
    me: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)


class Question(NamedTuple):
    """A query with its variables."""

    query: str
    variables: Mapping[str, Any]


@dataclass
class Crowd:
    """Tenants who ask at 64 connections, and what came of it; `set_faults` has only these in force from then on."""

    url: str
    known: Sequence[Known]
    set_faults: Callable[[Sequence[Fault]], Awaitable[None]]
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    counts: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    async def learn(self, pause: Callable[[], Awaitable[None]]) -> None:
        """What is true, in calm: by the landlord, and the same as whatever was learnt before.

        Whoever's answer is not whole asks again after a pause.
        """
        left = list(self.known)
        async with _connections() as http:
            for _ in range(100):
                learnt = await asyncio.gather(*(self._learn(http, each) for each in left))
                left = [each for each, whole in zip(left, learnt, strict=True) if not whole]
                if not left:
                    return
                await pause()
        raise AssertionError(f"{len(left)} tenants are never answered as a whole")

    async def storm(self, goes_on: Callable[[], bool]) -> None:
        """All connections ask, each one question after the other, under faults that change all the time."""

        async def ask() -> None:
            while goes_on():
                await self._ask(http)

        async with _connections() as http:
            await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
        await self.set_faults([])

    async def _ask(self, http: aiohttp.ClientSession) -> None:
        if self.counts["asked"] % ANSWERS_A_WEATHER == 0:
            await self.set_faults(self._weather(self.counts["asked"] // ANSWERS_A_WEATHER))
        self.counts["asked"] += 1
        known, hangs_up = self.dice.choice(self.known), self.dice.random() < HUNG_UP
        question, patience = self._question(known), self.dice.uniform(0.001, 0.03) if hangs_up else None
        try:
            async with asyncio.timeout(patience):
                status, answer = await _post(self.url, http, known, question)
        except TimeoutError:
            self.counts["hung up"] += 1
            return
        self.counts["whole" if "errors" not in answer else "with errors"] += 1
        amiss = f"status {status}: {answer}" if status != 200 else judge(answer, known.me, known.nodes)
        if amiss:
            self.wrong.append(f"{known.tenant.account_number}: {amiss}")

    def _question(self, known: Known) -> Question:
        stranger = self.dice.choice(self.known)
        ids = [*known.nodes, *stranger.nodes] or [known.tenant.account_number]
        questions = (
            Question(HOME, {}),
            Question(LIGHT, {}),
            Question(_LEDGER, {"first": self.dice.choice((5, 20, 60))}),
            Question(_NODE, {"id": self.dice.choice(ids)}),
        )
        return self.dice.choice(questions)

    def _weather(self, number: int) -> list[Fault]:
        faults: list[Fault] = []
        for operation in self.dice.sample(list(FAULTS), FAULTY_AT_ONCE):
            kind, details = self.dice.choice(FAULTS[operation])
            if kind == "too_many":  # after which billing is left alone for a minute: only now and then, see below
                continue
            faults.append(
                {"operation": operation, "kind": kind, "probability": self.dice.choice((0.3, 1.0)), **details}
            )
        if number % 500 == 15:
            faults.append({"operation": "rechercherAvis", "kind": "too_many", "times": 1})
        self.kinds |= {fault["kind"] for fault in faults}
        return faults

    async def _learn(self, http: aiohttp.ClientSession, known: Known) -> bool:
        _, home = await _post(self.url, http, known, Question(_TRUTH, {}))
        feedless = known.tenant.shows(Case.FEED_DOWN) or known.tenant.dwelling is None
        missing = {error["path"][1] for error in home.get("errors", ())}
        ledger = await self._learn_ledger(http, known)
        if (missing and not (missing == {"waterConsumption"} and feedless)) or ledger is None:
            return False
        me = ageless(home["data"]["me"]) | {"ledger": {"nodes": ledger}}
        amiss = difference(me, known.me, ("me",), set()) if known.me else ""
        if known.me and me != known.me and not amiss:
            return False  # less than before: what a fault has left of a list stands in until there is a new one
        wrong = [*strange(me, known.tenant), *filter(None, [amiss])]
        self.wrong += [f"in calm, {known.tenant.account_number}: {each}" for each in wrong]
        known.me = known.me or me
        known.nodes = {each["id"]: each for each in (*me["dueNotices"]["nodes"], *(me["works"] or ()))}
        return True

    async def _learn_ledger(self, http: aiohttp.ClientSession, known: Known) -> list[Any] | None:
        """All of it; None where some cannot be had."""
        entries, after = list[Any](), None
        while True:
            _, answer = await _post(self.url, http, known, Question(_LEDGER, {"first": 100, "after": after}))
            if "errors" in answer:
                return None
            ledger = answer["data"]["me"]["ledger"]
            entries += ledger["nodes"]
            if not ledger["pageInfo"]["hasNextPage"]:
                return entries
            after = ledger["pageInfo"]["endCursor"]


async def sign_in(settings: Settings, clock: Clock, tenants: Sequence[Tenant]) -> list[Known]:
    """Accounts and sessions of these tenants, in a database that is migrated."""
    async with open_tools(settings, clock) as tools, tools.store.write() as tx:
        inserted = [
            await insert(tx, tools, scenarios.Tenant(each.lease_reference, each.account_number)) for each in tenants
        ]
    return [Known(tenant, signed_in) for tenant, signed_in in zip(tenants, inserted, strict=True)]


async def renew_tokens(settings: Settings, clock: Clock, known: Sequence[Known]) -> None:
    """Tokens for the next five minutes."""
    async with open_tools(settings, clock) as tools:
        for each in known:
            each.token, _ = await tools.tokens.issue_token(each.signed_in.account_id, each.signed_in.session_id)


async def _post(url: str, http: aiohttp.ClientSession, known: Known, question: Question) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {known.token}", "GraphQL-Preflight": "1"}
    async with http.post(f"{url}/graphql", json=question._asdict(), headers=headers) as response:
        return response.status, await response.json(content_type=None)


def _connections() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
