"""GraphQL over HTTP: what is refused, with which status and code, and what headers say."""

import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import given_settings
from gateway.simulator import EXAMPLE_LABEL, Simulator
from tests.support import PASSWORD, Gateway, HeldClock, run_gateway, settings_for

NEWER = "application/graphql-response+json"
QUERY = {"query": "{ serviceStatus { systems { system } } }"}

OtherGateway = Callable[..., AbstractAsyncContextManager[Gateway]]


@pytest.fixture
def other_gateway(simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path) -> OtherGateway:
    """Runs a gateway with other settings, and without accounts."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[Gateway]:
        database = tmp_path / "other.sqlite"
        shutil.copy(migrated, database)
        async with run_gateway(simulator, settings_for(simulator, database, **settings), clock) as running:
            yield running

    return run


async def send(
    gateway: Gateway, body: bytes, *, content_type: str = "application/json", accept: str | None = NEWER, **headers: str
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Status, JSON and headers of a POST of raw bytes."""
    sent = {"Content-Type": content_type} | ({"Accept": accept} if accept else {}) | headers
    async with gateway.http.post(f"{gateway.url}/graphql", data=body, headers=sent) as response:
        return response.status, json.loads(await response.read()), response.headers


def code_of(answer: dict[str, Any]) -> str:
    code: str = answer["errors"][0]["extensions"]["code"]
    return code


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "BAD_REQUEST"),
        (b"nonsense", 400, "BAD_REQUEST"),
        (b"[]", 400, "BAD_REQUEST"),
        (b'[{"query":"{__typename}"}]', 400, "BAD_REQUEST"),
        (b'"{__typename}"', 400, "BAD_REQUEST"),
        (b"{}", 400, "BAD_REQUEST"),
        (b'{"query": 1}', 400, "BAD_REQUEST"),
        (b'{"query": "{__typename}", "variables": []}', 400, "BAD_REQUEST"),
        (b'{"query": "{__typename}", "variables": {"a": NaN}}', 400, "BAD_REQUEST"),
        (b'{"query": "{__typename}", "operationName": {}}', 400, "BAD_REQUEST"),
        (b"\xff\xfe", 400, "BAD_REQUEST"),
        (b'{"query": "\xff"}', 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","variables":' + b'{"a":' * 5000 + b"1" + b"}" * 5001, 400, "BAD_REQUEST"),
        (b'{"query":"{__typename}","variables":{"a":' + b"[" * 99 + b"]" * 99 + b"}}", 400, "BAD_REQUEST"),
        (b'{"query": ""}', 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{"}', 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "' + b"{a" * 8000 + b'"}', 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "' + b"a " * 8000 + b'"}', 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{ nobody }"}', 422, "GRAPHQL_VALIDATION_FAILED"),
        (b'{"query": "query A { __typename } query B { __typename }"}', 422, "OPERATION_NOT_FOUND"),
        (b'{"query": "query A { __typename }", "operationName": "B"}', 422, "OPERATION_NOT_FOUND"),
        (b'{"query": "fragment F on Query { __typename }"}', 422, "GRAPHQL_VALIDATION_FAILED"),
        (b'{"query": "query($i: ID!) { node(id: $i) { id } }"}', 400, "BAD_USER_INPUT"),
        (b'{"query": "query($i: ID!) { node(id: $i) { id } }", "variables": {"i": {}}}', 400, "BAD_USER_INPUT"),
        (
            b'{"query": "query($m: YearMonth) { me { waterConsumption(from: $m) { to } } }", "variables": {"m": "x"}}',
            400,
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_refused_requests(gateway: Gateway, body: bytes, status: int, code: str) -> None:
    got_status, answer, headers = await send(gateway, body)
    assert (got_status, code_of(answer)) == (status, code)
    assert "data" not in answer
    assert headers["Content-Type"] == f"{NEWER}; charset=utf-8"
    assert all(set(error) <= {"message", "locations", "path", "extensions"} for error in answer["errors"])


async def test_older_clients_get_200_for_every_well_formed_graphql_answer(gateway: Gateway) -> None:
    status, answer, headers = await send(gateway, b'{"query": "{ nobody }"}', accept="application/json")
    assert (status, code_of(answer)) == (200, "GRAPHQL_VALIDATION_FAILED")
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    status, _, _ = await send(gateway, b"nonsense", accept="application/json")
    assert status == 400


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        (NEWER, NEWER),
        (f"{NEWER}, application/json;q=0.9", NEWER),
        (f"application/json, {NEWER};q=0.5", "application/json"),
        ("text/html, application/json;q=0.8", "application/json"),
    ],
)
async def test_the_answers_type_is_negotiated(gateway: Gateway, accept: str | None, media_type: str) -> None:
    _, answer, headers = await send(gateway, json.dumps(QUERY).encode(), accept=accept)
    assert headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert len(answer["data"]["serviceStatus"]["systems"]) == 2


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0", "application/json;q=nan"])
async def test_nothing_else_is_acceptable(gateway: Gateway, accept: str) -> None:
    status, answer, _ = await send(gateway, json.dumps(QUERY).encode(), accept=accept)
    assert (status, code_of(answer)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=latin-1"],
)
async def test_only_json_is_taken(gateway: Gateway, content_type: str) -> None:
    status, answer, _ = await send(gateway, json.dumps(QUERY).encode(), content_type=content_type)
    assert (status, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods(gateway: Gateway, method: str) -> None:
    async with gateway.http.request(method, f"{gateway.url}/graphql?query={{__typename}}") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert code_of(await response.json(content_type=None)) == "METHOD_NOT_ALLOWED"


async def test_a_body_that_is_too_long_is_not_read_to_its_end(gateway: Gateway) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 50_000_000:
            sent += 10_000
            yield b" " * 10_000
            await asyncio.sleep(0)

    headers = {"Content-Type": "application/json", "Accept": NEWER}
    try:
        async with gateway.http.post(f"{gateway.url}/graphql", data=endless(), headers=headers) as response:
            assert (response.status, code_of(await response.json(content_type=None))) == (413, "PAYLOAD_TOO_LARGE")
    except OSError:
        pass  # the connection was closed on us while we were still sending
    assert sent < 20_000_000


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Bearer", "Basic dXNlcjpwYXNz", "Bearer a.b.c", "x"])
async def test_a_bad_bearer_is_refused_before_anything_runs(gateway: Gateway, authorization: str) -> None:
    status, answer, headers = await send(gateway, json.dumps(QUERY).encode(), Authorization=authorization)
    assert (status, code_of(answer)) == (401, "UNAUTHENTICATED")
    assert headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_bug_is_masked_and_found_by_its_request(gateway: Gateway, caplog: Any, monkeypatch: Any) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError(text)

    text = "the secret of L0048217"
    monkeypatch.setattr("gateway.models.balance.Balance.direction", property(explode))
    token = await gateway.sign_in()
    _, answer = await gateway.post({"query": "{ me { balance { direction } } }"}, token=token)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "secret" not in json.dumps(answer) + caplog.text
    assert error["extensions"]["requestId"] in caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize(
    "query",
    [
        'mutation { a: logIn(input: {accountLabel: "A", password: "b"}) { __typename } logOut { endedSessions } }',
        "mutation { "
        + " ".join(f'a{i}: logIn(input: {{accountLabel: "L{i}", password: "b"}}) {{ __typename }}' for i in range(10))
        + " }",
        "mutation { ...F } fragment F on Mutation { ...G logOut { endedSessions } } fragment G on Mutation "
        '{ logIn(input: {accountLabel: "A", password: "b"}) { __typename } }',
        'mutation { ... on Mutation { logIn(input: {accountLabel: "A", password: "b"}) { __typename } } '
        'x: requestPasswordReset(input: {accountLabel: "B"}) { __typename } }',
    ],
)
async def test_what_looks_at_a_secret_stands_alone(gateway: Gateway, query: str) -> None:
    status, answer, _ = await send(gateway, json.dumps({"query": query}).encode())
    assert (status, code_of(answer)) == (422, "GRAPHQL_VALIDATION_FAILED")
    assert "only field" in answer["errors"][0]["message"]


async def test_fragments_that_spread_each_other_over_and_over_cost_nothing(gateway: Gateway) -> None:
    fragments = " ".join(f"fragment F{i} on Mutation {{ ...F{i + 1} ...F{i + 1} }}" for i in range(60))
    query = f"mutation {{ ...F0 }} {fragments} fragment F60 on Mutation {{ logOut {{ endedSessions }} }}"
    status, answer = await asyncio.wait_for(gateway.post({"query": query}), 5)
    assert status == 200
    assert code_of(answer) in {"UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED"}


async def test_health(gateway: Gateway) -> None:
    for path in ("/healthz", "/readyz"):
        async with gateway.http.get(f"{gateway.url}{path}") as response:
            assert response.status == 200


async def test_every_answer_carries_security_headers(gateway: Gateway) -> None:
    for body, accept in ((json.dumps(QUERY).encode(), NEWER), (b"nonsense", NEWER), (b"{}", "text/html")):
        _, _, headers = await send(gateway, body, accept=accept)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers  # the public address is http
        assert headers["X-Request-Id"]


async def test_https_is_kept_to_where_the_public_address_has_it(other_gateway: OtherGateway) -> None:
    async with other_gateway(public_url="https://tenants.example.fr") as gateway:
        _, _, headers = await send(gateway, json.dumps(QUERY).encode())
        assert headers["Strict-Transport-Security"].startswith("max-age=")


async def get(gateway: Gateway, accept: str = NEWER, **parameters: str) -> tuple[int, Any, Mapping[str, str]]:
    async with gateway.http.get(f"{gateway.url}/graphql", params=parameters, headers={"Accept": accept}) as response:
        return response.status, await response.json(content_type=None), response.headers


async def test_queries_by_get_where_they_are_switched_on(other_gateway: OtherGateway) -> None:
    async with other_gateway(get_queries=True) as gateway:
        assert (await get(gateway, query="{ __typename }"))[:2] == (200, {"data": {"__typename": "Query"}})
        query = "query A($p: Platform!) { minimumAppVersion(platform: $p) { minimum } } query B { __typename }"
        status, answer, _ = await get(
            gateway, query=query, operationName="A", variables='{"p": "IOS"}', extensions="{}"
        )
        assert (status, answer["data"]["minimumAppVersion"]["minimum"]) == (200, "0.0.0")
        for name, mutation in (
            ("", "mutation { logOut { ended } }"),
            ("M", "query Q { __typename } mutation M { logOut { ended } }"),
        ):
            status, answer, headers = await get(gateway, query=mutation, operationName=name)
            assert (status, code_of(answer), headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")
        assert (await get(gateway, "application/json", query="mutation { logOut { ended } }"))[0] == 405
        for wrong in ({}, {"query": "{a}", "variables": "[]"}, {"query": "{a}", "variables": '{"a":1,"a":2}'},
                      {"query": "{a}", "variables": "{"}, {"query": "{a}", "extensions": "1"}):  # fmt: skip
            status, answer, _ = await get(gateway, **wrong)
            assert (status, code_of(answer)) == (400, "BAD_REQUEST"), wrong
        deep = "{ me { " + "advisor { agency { " * 10 + "name" + "}}" * 10 + "}}"
        status, answer, _ = await get(gateway, query=deep)
        assert (status, code_of(answer)) == (422, "QUERY_TOO_DEEP")
        async with gateway.http.get(
            f"{gateway.url}/graphql?query={{a}}&query={{b}}", headers={"Accept": NEWER}
        ) as twice:
            assert twice.status == 400
        async with gateway.http.put(f"{gateway.url}/graphql") as other:
            assert (other.status, other.headers["Allow"]) == (405, "GET, POST")


async def test_a_cookie_by_get_needs_the_header_too(other_gateway: OtherGateway) -> None:
    async with other_gateway(get_queries=True) as gateway:
        headers = {"Accept": NEWER, "Cookie": "__Host-session=something"}
        async with gateway.http.get(
            f"{gateway.url}/graphql", params={"query": "{me{id}}"}, headers=headers
        ) as response:
            assert (response.status, code_of(await response.json(content_type=None))) == (403, "FORBIDDEN")


APP = "https://app.example.fr"


async def preflight(gateway: Gateway, origin: str) -> tuple[int, Mapping[str, str]]:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, graphql-preflight",
    }
    async with gateway.http.options(f"{gateway.url}/graphql", headers=headers) as response:
        return response.status, response.headers


def allowed(headers: Mapping[str, str]) -> str | None:
    return headers.get("Access-Control-Allow-Origin")


async def test_pages_of_allowed_origins_may_call_with_cookies(other_gateway: OtherGateway) -> None:
    async with other_gateway(allowed_origins=f"{APP}, https://other.example.fr") as gateway:
        status, headers = await preflight(gateway, APP)
        assert (status, allowed(headers), headers["Access-Control-Allow-Credentials"]) == (204, APP, "true")
        assert "graphql-preflight" in headers["Access-Control-Allow-Headers"]
        assert "POST" in headers["Access-Control-Allow-Methods"]
        assert headers["Vary"] == "Origin"
        cookie = {"Cookie": "__Host-session=old", "GraphQL-Preflight": "1", "Sec-Fetch-Site": "same-site"}
        status, answer, headers = await send(gateway, json.dumps(QUERY).encode(), Origin=APP, **cookie)
        assert (status, code_of(answer)) == (401, "UNAUTHENTICATED")  # believed, and looked up
        assert (allowed(headers), headers["Vary"]) == (APP, "Origin")


@pytest.mark.parametrize("origin", [
    "https://evil.example", f"{APP}.evil.example", "http://app.example.fr", f"{APP}:8443", "null", "https://example.fr",
])  # fmt: skip
async def test_pages_of_other_origins_are_told_nothing(other_gateway: OtherGateway, origin: str) -> None:
    async with other_gateway(allowed_origins=APP) as gateway:
        _, headers = await preflight(gateway, origin)
        assert (allowed(headers), headers["Vary"]) == (None, "Origin")
        status, answer, headers = await send(gateway, json.dumps(QUERY).encode(), Origin=origin)
        assert (status, allowed(headers), headers["Vary"]) == (200, None, "Origin")  # not refused, only not shown
        cookie = {"Cookie": "__Host-session=old", "GraphQL-Preflight": "1"}
        status, answer, _ = await send(gateway, json.dumps(QUERY).encode(), Origin=origin, **cookie)
        assert (status, code_of(answer)) == (403, "FORBIDDEN")


async def test_without_an_allow_list_no_origin_is_told_anything(gateway: Gateway) -> None:
    status, headers = await preflight(gateway, APP)
    assert (status, allowed(headers)) == (405, None)
    assert allowed((await send(gateway, json.dumps(QUERY).encode(), Origin=APP))[2]) is None


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example.fr", "https://a.fr/path", "a.fr", "https://u@a.fr", "null"]
)
def test_an_allow_list_names_origins(origins: str) -> None:
    with pytest.raises(ValueError, match="must be origins"):
        given_settings(allowed_origins=origins)


async def test_a_body_that_does_not_come_is_not_waited_for(other_gateway: OtherGateway) -> None:
    async def never() -> Any:
        yield b'{"query":'
        await asyncio.sleep(3600)

    async with other_gateway(slow_client_seconds=0.2) as gateway:
        headers = {"Content-Type": "application/json", "Accept": NEWER}
        async with gateway.http.post(f"{gateway.url}/graphql", data=never(), headers=headers) as response:
            assert (response.status, code_of(await response.json(content_type=None))) == (408, "REQUEST_TIMEOUT")
            assert response.headers["Connection"] == "close"


async def test_a_body_that_comes_in_pieces_is_waited_for(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n"
    for piece in (head, '{"query":', '"{__typename}"', "}"):
        writer.write(piece.encode())
        await asyncio.sleep(0.05)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert await reader.readuntil(b'{"data":{"__typename":"Query"}}')
    writer.close()


async def test_a_length_that_is_declared_too_long_is_not_waited_for(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n"
    writer.write(head.encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_what_is_told_of_a_request_once_it_is_answered(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.sight")
    for body in (
        b'{"query": "query Status { serviceStatus { systems { system } } }"}',
        b'{"query": "query Me { me { id } }"}',
        b"nonsense",
    ):
        headers = {"Content-Type": "application/json", "Accept": NEWER}
        async with gateway.http.post(f"{gateway.url}/graphql", data=body, headers=headers):
            pass
    told = [vars(record) for record in caplog.records if record.name == "gateway.sight"]
    assert [(each["operation"], each["kind"], each["status"], each["codes"]) for each in told] == [
        ("Status", "query", 200, []),
        ("Me", "query", 200, ["UNAUTHENTICATED"]),
        ("", "", 400, ["BAD_REQUEST"]),
    ]


async def test_who_hangs_up_is_not_worked_for_any_longer_and_ends_nobody_elses_wait(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.sight")
    await gateway.settle()
    token = await gateway.sign_in()
    body = json.dumps({"query": "query Going { me { balance { amount { cents } } } }"})
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    gateway.simulator.hold()
    _, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    await gateway.simulator.wait_for_waiting(1)
    staying = asyncio.create_task(gateway.data("query Staying { me { balance { amount { cents } } } }"))
    await asyncio.sleep(0.1)
    writer.close()
    assert await _told_soon(caplog, "Going") == [499]
    assert not staying.done()
    gateway.simulator.open()
    assert (await staying)["me"]["balance"]["amount"]["cents"] == 36_965
    assert gateway.simulator.counters["rechercherComptes"].calls == 1


async def test_a_change_is_made_to_its_end_whoever_hangs_up(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gateway.sight")
    await gateway.settle()
    mutation = """mutation SigningIn($label: String!, $password: String!) {
      logIn(input: {accountLabel: $label, password: $password, client: APP}) {
        ... on SignedIn { me { balance { amount { cents } } } }
      }
    }"""
    variables = {"label": EXAMPLE_LABEL, "password": PASSWORD}
    body = json.dumps({"query": mutation, "variables": variables})
    head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nGraphQL-Preflight: 1\r\n"
    gateway.simulator.hold()
    _, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    await gateway.simulator.wait_for_waiting(1)
    writer.close()
    await asyncio.sleep(0.3)
    assert _told(caplog, "SigningIn") == []
    gateway.simulator.open()
    assert await _told_soon(caplog, "SigningIn") == [200]


def _told(caplog: pytest.LogCaptureFixture, operation: str) -> list[int]:
    """The statuses of the requests with that operation that are over."""
    told = [vars(record) for record in caplog.records if record.name == "gateway.sight"]
    return [each["status"] for each in told if each["operation"] == operation]


async def _told_soon(caplog: pytest.LogCaptureFixture, operation: str) -> list[int]:
    for _ in range(500):
        if told := _told(caplog, operation):
            return told
        await asyncio.sleep(0.01)
    return []
