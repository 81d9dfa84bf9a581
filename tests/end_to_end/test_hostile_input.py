"""What comes from people who mean no good: refused with a code and a 4xx, without a stack trace or much work."""

import asyncio
import gzip
import json
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import graphql
import pytest

from gateway.accounts.opening import create_account_without_mail
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from tests.support import HOME, PASSWORD, Gateway, HeldClock, run_gateway, settings_for

NEWER = "application/graphql-response+json"
HEADERS = {"Content-Type": "application/json", "Accept": NEWER, "GraphQL-Preflight": "1"}


@asynccontextmanager
async def gateway_with(
    simulator: Simulator, clock: HeldClock, database: Path, **settings: Any
) -> AsyncIterator[Gateway]:
    """A gateway with such settings, and no accounts."""
    database.parent.mkdir(exist_ok=True, parents=True)
    async with run_gateway(simulator, settings_for(simulator, database, **settings), clock) as running:
        yield running


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Path:
    """A database of its own."""
    copy = tmp_path / "other.sqlite"
    copy.write_bytes(migrated.read_bytes())
    return copy


async def ask(
    gateway: Gateway, query: str, *, token: str | None = None, **variables: Any
) -> tuple[int, list[str], Any]:
    """Status, codes, answer."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"query": query, "variables": variables}
    async with gateway.http.post(f"{gateway.url}/graphql", json=body, headers=HEADERS | bearer) as response:
        answer = await response.json(content_type=None)
        return response.status, [each["extensions"]["code"] for each in answer.get("errors", [])], answer


LEDGER = "nodes { debit { cents } }"
BEYOND: list[tuple[str, dict[str, Any], str]] = [
    ("{ me { " + "advisor { agency { " * 10 + "name" + "}}" * 10 + "}}", {}, "QUERY_TOO_DEEP"),
    (
        "{ me { ...F } } fragment F on Tenant { advisor { ...G } } fragment G on Advisor { agency { ...F } }",
        {},
        "QUERY_TOO_DEEP",
    ),
    ("{ me { " + " ".join(f"a{n}: accountLabel" for n in range(31)) + " } }", {}, "TOO_MANY_ALIASES"),
    ("{ " + " ".join(f"a{n}: __typename" for n in range(21)) + " }", {}, "TOO_MANY_ROOT_FIELDS"),
    ("{ me { accountLabel " + "@include(if: true) " * 51 + "} }", {}, "TOO_MANY_DIRECTIVES"),
    ("{ me { " + "accountLabel " * 1_000 + " } }", {}, "TOO_MANY_TOKENS"),
    ("{ me { " + " ".join(f"a{n}: ledger {{ {LEDGER} }}" for n in range(14)) + " } }", {}, "QUERY_TOO_EXPENSIVE"),
    (
        "{ " + " ".join(f'a{n}: node(id: "{n}") {{ ...F }}' for n in range(10)) + " } "
        "fragment F on Tenant { lease { status } dwelling { floor } works { title } }",
        {},
        "QUERY_TOO_EXPENSIVE",
    ),
    (f"{{ me {{ ledger(first: 1000000) {{ {LEDGER} }} }} }}", {}, "QUERY_TOO_EXPENSIVE"),
    (f"query($n: Int) {{ me {{ ledger(first: $n) {{ {LEDGER} }} }} }}", {"n": 1_000_000}, "QUERY_TOO_EXPENSIVE"),
    (f"query($n: Int = 1000000) {{ me {{ ledger(first: $n) {{ {LEDGER} }} }} }}", {}, "QUERY_TOO_EXPENSIVE"),
    (
        "query($n: Int, $no: Boolean = false) { me { ...F @include(if: $no) } } "
        "fragment F on Tenant { ledger(first: $n) { edges { node { debit { cents } } } } }",
        {"n": 1_000_000},
        "QUERY_TOO_EXPENSIVE",
    ),
]


async def test_beyond_a_limit(gateway: Gateway) -> None:
    token = await gateway.sign_in()
    gateway.simulator.reset_counters()
    for query, variables, code in BEYOND:
        status, codes, answer = await ask(gateway, query, token=token, **variables)
        assert (status, codes) == (422, [code]), query
        assert "data" not in answer
    assert gateway.simulator.counters["listerMouvements"].calls == 0


async def test_the_home_screen_has_room_to_spare(
    simulator: Simulator, clock: HeldClock, database: Path, tmp_path: Path
) -> None:
    """With every limit at two fifths of its default it still passes."""
    names = ["tokens", "depth", "aliases", "root_fields", "directives", "legacy_calls", "rows", "errors"]
    defaults = {f"max_{name}": settings_for(simulator, database).model_dump()[f"max_{name}"] for name in names}
    smaller = {name: max(value * 2 // 5, 1) for name, value in defaults.items()}
    async with gateway_with(simulator, clock, database, **smaller) as gateway:
        status, codes, _ = await ask(gateway, HOME)
        assert (status, codes) == (200, ["UNAUTHENTICATED"])


@pytest.mark.parametrize("setting", ["tokens", "depth", "rows", "legacy_calls"])
async def test_each_limit_is_a_setting(simulator: Simulator, clock: HeldClock, database: Path, setting: str) -> None:
    smallest = {"max_tokens": 100} if setting == "tokens" else {f"max_{setting}": 5}
    async with gateway_with(simulator, clock, database, **smallest) as gateway:
        status, codes, answer = await ask(gateway, HOME)
        expected = {"tokens": "TOO_MANY_TOKENS", "depth": "QUERY_TOO_DEEP"}.get(setting, "QUERY_TOO_EXPENSIVE")
        assert (status, codes) == (422, [expected])
        assert answer["errors"][0]["extensions"]["limit"] == next(iter(smallest.values()))


async def test_introspection_and_suggestions_are_for_development(
    simulator: Simulator, clock: HeldClock, database: Path, gateway: Gateway
) -> None:
    typos = [
        "{ mee { id } }",
        "{ me { accountLabl } }",
        "{ me { works(stats: []) { id } } }",
        "{ me { ...on Tennant { id } } }",
        "{ me { works(states: [DON]) { id } } }",
        "mutation { logIn(input: {accountLabl: 1}) { __typename } }",
    ]
    coerced: tuple[str, dict[str, Any]] = (
        "query($s: [WorkState!]) { me { works(states: $s) { id } } }",
        {"s": ["DON"]},
    )
    introspection = graphql.get_introspection_query()
    status, codes, answer = await ask(gateway, introspection)
    assert (status, codes) == (200, [])
    graphql.build_client_schema(answer["data"])
    assert "Did you mean" in json.dumps((await ask(gateway, typos[0]))[2])
    async with gateway_with(simulator, clock, database, environment="production") as production:
        for query in (
            introspection,
            '{ a: __type(name: "Tenant") { name } }',
            "{ ...F } fragment F on Query { __schema { description } }",
        ):
            status, codes, answer = await ask(production, query)
            assert (status, codes) == (422, ["GRAPHQL_VALIDATION_FAILED"])
            assert "Introspection is off" in answer["errors"][0]["message"]
        assert (await ask(production, "{ __typename }"))[:2] == (200, [])
        answers = [(await ask(production, query))[2] for query in typos]
        answers.append((await ask(production, coerced[0], **coerced[1]))[2])
        assert all(answer["errors"] for answer in answers)
        assert "Did you mean" not in json.dumps(answers)


@pytest.mark.parametrize(
    "document",
    ["subscription { accountEvents { __typename } }", "subscription S { a } query Q { __typename }"],
)
async def test_a_subscription_by_plain_post_is_told_so(gateway: Gateway, document: str) -> None:
    body = {"query": document, "operationName": "S" if " S " in document else None}
    async with gateway.http.post(f"{gateway.url}/graphql", json=body, headers=HEADERS) as response:
        answer = await response.json(content_type=None)
        assert (response.status, answer["errors"][0]["extensions"]["code"]) == (422, "GRAPHQL_VALIDATION_FAILED")
        assert "subscription" in answer["errors"][0]["message"]
        assert "data" not in answer


SECRET = "Hunter2-hunter2"
BY_VARIABLE = "mutation($i: LogInInput!) { logIn(input: $i) { __typename } }"
WITH_SECRETS: list[tuple[str, dict[str, Any]]] = [
    *((f"mutation {{ logIn(input: {literal}) {{ __typename }} }}", {}) for literal in (
        f'{{accountLabel: "A", password: "{SECRET}", x: 1}}', f'{{accountLabel: "A", password: ["{SECRET}"]}}',
        f'"{SECRET}"', f'{{password: "a" "{SECRET}"}}',
        f'{{accountLabel: "A", password: "{SECRET}", client: "{SECRET}"}}',
        f'{{accountLabel: "A", password """{SECRET}"""}}', f'{{password: "{SECRET}"}}', f'{{password: "{SECRET}}}',
    )),
    *((BY_VARIABLE, {"i": given}) for given in (
        SECRET, [SECRET], {"password": SECRET}, {"accountLabel": "A", "password": [SECRET]},
        {"accountLabel": "A", "password": {"a": SECRET}}, {"accountLabel": "A", "password": SECRET, "x": 1},
        {"accountLabel": "A", "password": "b", "client": SECRET},
    )),
    (f'query($i: Int = "{SECRET}") {{ me {{ ledger(first: $i) {{ __typename }} }} }}', {}),
    ("query($i: YearMonth) { me { waterConsumption(from: $i) { __typename } } }", {"i": SECRET}),
    (f'{{ me {{ ledger(from: "{SECRET}") {{ __typename }} }} }}', {}),
]  # fmt: skip


async def test_errors_do_not_quote_what_was_given(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    """A password is written inline, or in the wrong place, sooner or later."""
    for query, variables in WITH_SECRETS:
        status, codes, answer = await ask(gateway, query, **variables)
        assert status in {400, 422}, query
        assert codes
        assert SECRET not in json.dumps(answer), query
        assert len(answer["errors"][0]["message"]) > 20
    assert SECRET not in caplog.text


async def test_errors_are_counted_and_short(gateway: Gateway) -> None:
    """An answer is not many times as long as its request."""
    long = "x" * 3_000
    query = "{ me { " + " ".join(f"{long}{n}" for n in range(15)) + " } }"
    status, codes, answer = await ask(gateway, query)
    assert status == 422
    assert 0 < len(codes) <= 11
    assert len(json.dumps(answer)) < 10_000
    repeated = "{ me { ledger(" + "first: 1 " * 200 + ") { __typename } } }"
    _, _, answer = await ask(gateway, repeated)
    assert all(len(error["locations"]) <= 10 for error in answer["errors"])


async def test_errors_of_an_answer_are_capped(simulator: Simulator, clock: HeldClock, database: Path) -> None:
    async with gateway_with(simulator, clock, database, max_errors=3) as gateway:
        _, codes, answer = await ask(gateway, "{ " + " ".join(f"a{n}: me {{ id }}" for n in range(8)) + " }")
        assert codes == ["UNAUTHENTICATED"] * 3
        assert len(answer["data"]) == 8


TRAPS: list[tuple[str, bytes]] = [
    ("nested objects", b'{"query":"{__typename}","variables":' + b'{"a":' * 9_000 + b"1" + b"}" * 9_001),
    ("nested lists, not closed", b'{"query":"{__typename}","variables":{"a":' + b"[" * 60_000),
    ("nothing but brackets", b"[" * 65_000),
    ("NaN", b'{"query":"{__typename}","variables":{"a":NaN}}'),
    ("Infinity", b'{"query":"{__typename}","variables":{"a":-Infinity}}'),
    ("huge integer", b'{"query":"{__typename}","variables":{"a":' + b"9" * 60_000 + b"}}"),
    ("huge exponent", b'{"query":"{__typename}","variables":{"a":1e99999}}'),
    ("query twice", b'{"query":"{__typename}","query":"mutation{logOut{ended}}"}'),
    ("query twice, escaped", b'{"query":"{__typename}","qu\\u0065ry":"mutation{logOut{ended}}"}'),
    ("a variable twice", b'{"query":"{__typename}","variables":{"a":{"b":1,"b":2}}}'),
    ("broken UTF-8", b'{"query":"{__typename}","variables":{"a":"\xc3\x28"}}'),
    ("UTF-8 of a surrogate", b'{"query":"{__typename}","variables":{"a":"\xed\xa0\x80"}}'),
    ("lone surrogate", b'{"query":"{__typename}","variables":{"a":"\\ud800"}}'),
    ("byte order mark", b'\xef\xbb\xbf{"query":"{__typename}"}'),
    ("UTF-16", '{"query":"{__typename}"}'.encode("utf-16")),
    ("UTF-32", '{"query":"{__typename}"}'.encode("utf-32-le")),
    ("NUL", b'{"query":"{__typename}\x00"}'),
    ("two bodies", b'{"query":"{__typename}"}{"query":"{__typename}"}'),
    ("batch", b'[{"query":"{__typename}"},{"query":"{__typename}"}]'),
    ("comment", b'{"query":"{__typename}"/* */}'),
    ("trailing comma", b'{"query":"{__typename}",}'),
    ("variables as text", b'{"query":"{__typename}","variables":"{}"}'),
]


async def test_traps_of_json(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    for name, body in TRAPS:
        async with gateway.http.post(f"{gateway.url}/graphql", data=body, headers=HEADERS) as response:
            answer = await response.json(content_type=None)
            assert (response.status, answer["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST"), name
    assert "Traceback" not in caplog.text


async def test_compressed_bodies_are_not_unpacked(gateway: Gateway) -> None:
    bomb = gzip.compress(b'{"query":"{__typename}"' + b" " * 10_000_000 + b"}")
    for coding in ("gzip", "br", "deflate", "gzip, identity", "nonsense"):
        headers = HEADERS | {"Content-Encoding": coding}
        async with gateway.http.post(f"{gateway.url}/graphql", data=bomb, headers=headers) as response:
            answer = await response.json(content_type=None)
            assert (response.status, answer["errors"][0]["extensions"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


WRONG_VARIABLES: list[tuple[str, dict[str, Any]]] = [
    ("query($n: Int) { me { ledger(first: $n) { __typename } } }", {"n": 10**18}),
    ("query($n: Int) { me { ledger(first: $n) { __typename } } }", {"n": 1e300}),
    ("query($n: Int) { me { ledger(first: $n) { __typename } } }", {"n": 10**4_000}),
    ("query($n: Int) { me { ledger(first: $n) { __typename } } }", {"n": {"a": [1]}}),
    ("query($d: Date) { me { ledger(from: $d) { __typename } } }", {"d": "9" * 60_000}),
    ("query($d: YearMonth) { me { waterConsumption(from: $d) { __typename } } }", {"d": "٢٠٢٦-٠١"}),
    ("query($d: YearMonth) { me { waterConsumption(from: $d) { __typename } } }", {"d": ["2026-01"] * 5_000}),
    ("query($s: [WorkState!]) { me { works(states: $s) { __typename } } }", {"s": ["X"] * 10_000}),
    ("query($s: [WorkState!]) { me { works(states: $s) { __typename } } }", {"s": [[["DONE"]]]}),
    ("query($i: LogInInput!) { a: __typename }", {"i": {f"a{n}": n for n in range(3_000)}}),
    ("query($i: LogInInput!) { a: __typename }", {"i": []}),
]


async def test_variables_of_the_wrong_kind(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    for query, variables in WRONG_VARIABLES:
        status, codes, answer = await ask(gateway, query, **variables)
        assert status in {400, 422}, query
        assert set(codes) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST"}
        assert len(json.dumps(answer)) < 10_000
    assert "Traceback" not in caplog.text


async def test_who_sends_slowly_sheds_nobody(simulator: Simulator, clock: HeldClock, database: Path) -> None:
    async with gateway_with(simulator, clock, database, max_requests_at_once=1) as gateway:

        async def slowly() -> AsyncIterator[bytes]:
            yield b'{"query":'
            assert (await ask(gateway, "{ __typename }"))[:2] == (200, [])
            yield b'"{ __typename }"}'

        async with gateway.http.post(f"{gateway.url}/graphql", data=slowly(), headers=HEADERS) as first:
            assert first.status == 200


async def test_too_many_requests_at_once_are_shed(simulator: Simulator, clock: HeldClock, database: Path) -> None:
    async with gateway_with(simulator, clock, database, max_requests_at_once=1) as gateway:
        await create_account_without_mail(gateway.settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
        token, url = await gateway.sign_in(), f"{gateway.url}/graphql"
        simulator.hold()
        first = asyncio.create_task(gateway.post({"query": "{ me { balance { due { cents } } } }"}, token=token))
        for _ in range(500):
            if {"creerJeton", "rechercherComptes"} & set(simulator.waiting):
                break
            await asyncio.sleep(0.02)
        async with gateway.http.post(url, json={"query": "{ __typename }"}, headers=HEADERS) as second:
            answer = await second.json(content_type=None)
            assert (second.status, answer["errors"][0]["extensions"]["code"]) == (503, "OVERLOADED")
            assert second.headers["Retry-After"] == "1"
        simulator.open()
        assert (await first)[0] == 200
        assert (await ask(gateway, "{ __typename }"))[:2] == (200, [])


class Mischief:
    """Malformed requests, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.makers = [
            self.noise, self.cut, self.flipped, self.deep, self.number, self.encoded, self.wrong_types, self.document,
            self.variables,
            self.invalid, self.headers,
        ]  # fmt: skip

    def request(self) -> tuple[bytes, dict[str, str]]:
        """A body and its headers."""
        return self.random.choice(self.makers)()

    def valid(self) -> bytes:
        query = self.random.choice(
            ["{ me { id } }", HOME, "mutation { logOut { ended } }", "{ advice { nodes { id } } }"]
        )
        return json.dumps({"query": query, "variables": {"from": "2026-01"}, "operationName": None}).encode()

    def noise(self) -> tuple[bytes, dict[str, str]]:
        return self.random.randbytes(self.random.randrange(300)), HEADERS

    def cut(self) -> tuple[bytes, dict[str, str]]:
        body = self.valid()
        return body[: self.random.randrange(len(body))], HEADERS

    def flipped(self) -> tuple[bytes, dict[str, str]]:
        """A byte within the JSON's own frame is another one."""
        body = bytearray(self.valid())
        body[self.random.choice([0, 1, 7, 8, len(body) - 1])] = self.random.choice(b"\x00\x80\xff#~")
        return bytes(body), HEADERS

    def deep(self) -> tuple[bytes, dict[str, str]]:
        opening, closing = self.random.choice([(b"[", b"]"), (b'{"a":', b"}")])
        depth = self.random.randrange(1_100, 9_000)
        nested = opening * depth + b"1" + closing * self.random.choice([depth, depth - 1, 0])
        return b'{"query":"{__typename}","variables":{"a":' + nested + b"}}", HEADERS

    def number(self) -> tuple[bytes, dict[str, str]]:
        digits = b"9" * self.random.randrange(4_400, 30_000)
        text = self.random.choice(
            [digits, b"-" + digits, b"1e" + digits, b"0x1", b"01", b"1.", b".5", b"NaN", b"-Infinity"]
        )
        return b'{"query":"{__typename}","variables":{"a":' + text + b"}}", HEADERS

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        text = self.valid().decode()
        coding = self.random.choice(["utf-16", "utf-16-be", "utf-32", "utf-7", "utf-8-sig"])
        body = "é".encode("latin-1") + self.valid() if coding == "utf-7" else text.encode(coding)
        return body, HEADERS

    def wrong_types(self) -> tuple[bytes, dict[str, str]]:
        wrong = self.random.choice([1, 1.5, True, [], [{}], ["a"], "a"])
        name = self.random.choice(["query", "variables", "operationName", "extensions"])
        if name in {"query", "operationName"} and isinstance(wrong, str):
            wrong = {}
        return json.dumps({"query": "{__typename}"} | {name: wrong}).encode(), HEADERS

    def document(self) -> tuple[bytes, dict[str, str]]:
        characters = '{}()[]:!$@=|&..."\\abc_ 1-9#\n\ufeff\u2028é🏃'
        text = "".join(self.random.choices(characters, k=self.random.randrange(1, 200)))
        return json.dumps({"query": "?" + text}).encode(), HEADERS

    def invalid(self) -> tuple[bytes, dict[str, str]]:
        query = self.random.choice(
            ["{ nonsense }", "{ me }", "{ me { id { id } } }", "{ me { ...F } }", "query A { a } query A { a }",
             "{ me(id: 1) { id } }", "fragment F on Tenant { ...F }", "{ me @nonsense { id } }", "subscription { a }",
             "{ node { id } }", "query($a: Int) { __typename }", "{ node(id: $a) { id } }", "type A { a: Int }",
             "{ me { works(states: A) { id } } }", "{ a: me { id } a: advice { nodes { id } } }"]
        )  # fmt: skip
        return json.dumps({"query": query}).encode(), HEADERS

    def variables(self) -> tuple[bytes, dict[str, str]]:
        type_, wrong = self.random.choice(
            [("Int!", ["a", 2**31, 1.5, [], {}, None, True]), ("ID!", [1.5, {}, [[]], None, True]),
             ("Boolean!", [0, "true", None]), ("Date!", ["x", 1, "2026-02-30", "", None]),
             ("YearMonth!", ["2026-13", "x", 5, None]), ("LogInInput!", [{}, 1, {"a": 1}, [], None]),
             ("[WorkState!]!", ["X", [None], [[]], 5, None])]
        )  # fmt: skip
        body = {"query": f"query($v: {type_}) {{ __typename }}", "variables": {"v": self.random.choice(wrong)}}
        return json.dumps(body).encode(), HEADERS

    def headers(self) -> tuple[bytes, dict[str, str]]:
        wrong = self.random.choice(
            [{"Content-Type": "text/plain"}, {"Content-Type": ""}, {"Content-Type": "application/json; charset=x"},
             {"Accept": "image/png"}, {"Content-Encoding": "gzip"}, {"Authorization": "é" * 100},
             {"Authorization": "Bearer " + "a." * 500}, {"Cookie": "__Host-session=\xff;;=;"},
             {"Authorization": "Bearer", "Cookie": "__Host-session=a"}]
        )  # fmt: skip
        return self.valid(), HEADERS | wrong


async def test_a_thousand_malformed_requests(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    mischief = Mischief(20261124)
    met = set()
    for number in range(1_000):
        body, headers = mischief.request()
        async with gateway.http.post(f"{gateway.url}/graphql", data=body, headers=headers) as response:
            answer = await response.json(content_type=None)
            assert 400 <= response.status < 500, (number, body[:300], headers, answer)
            assert all(error["extensions"]["code"] for error in answer["errors"])
            assert "INTERNAL_SERVER_ERROR" not in {error["extensions"]["code"] for error in answer["errors"]}
            met.add(response.status)
    assert met >= {400, 401, 406, 415, 422}
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
