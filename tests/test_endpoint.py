"""GraphQL over HTTP: what is refused, with which status and code, and what headers say."""

import asyncio
import json
from typing import Any

import pytest

from tests.support import Gateway

NEWER = "application/graphql-response+json"
QUERY = {"query": "{ serviceStatus { systems { system } } }"}


async def send(
    gateway: Gateway, body: bytes, *, content_type: str = "application/json", accept: str | None = NEWER, **headers: str
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, JSON and headers of a POST of raw bytes."""
    sent = {"Content-Type": content_type} | ({"Accept": accept} if accept else {}) | headers
    async with gateway.http.post(f"{gateway.url}/graphql", data=body, headers=sent) as response:
        return response.status, json.loads(await response.read()), dict(response.headers)


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


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0"])
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
        + " ".join(f'a{i}: logIn(input: {{accountLabel: "L{i}", password: "b"}}) {{ __typename }}' for i in range(50))
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
