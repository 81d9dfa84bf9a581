"""A REST client that validates every answer against the OpenAPI file."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from jsonschema import Draft202012Validator

from gateway.simulator import BILLING_SECRET, BILLING_USER

CONTRACT = Path(__file__).parents[2] / "docs" / "legacy" / "facturation.openapi.yaml"


@dataclass
class Answer:
    """An answer of billing that the contract allows."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RestClient:
    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http
        self.token: str | None = None
        self.checks = True

    async def create_token(self) -> Answer:
        answer = await self.post("/jetons", {"identifiant": BILLING_USER, "secret": BILLING_SECRET})
        if answer.status == 200:
            self.token = answer.json["jeton"]
        return answer

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.send("GET", path, headers=headers)

    async def post(self, path: str, body: Any) -> Answer:
        return await self.send("POST", path, data=json.dumps(body).encode())

    async def send(
        self, method: str, path: str, *, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if data is not None:
            sent["Content-Type"] = "application/json"
        async with self.http.request(method, self.url + path, data=data, headers=sent) as response:
            answer = Answer(response.status, response.headers, await response.read())
        if self.checks:
            check(method, path, answer)
        return answer


def check(method: str, path: str, answer: Answer) -> None:
    """Fails when the contract does not allow the answer."""
    operation = _operation(method, path.partition("?")[0])
    response = operation["responses"].get(str(answer.status))
    assert response is not None, f"{method} {path} may not answer {answer.status}"
    response = _resolved(response)
    for name, header in response.get("headers", {}).items():
        assert not header.get("required") or name in answer.headers
    contents = response.get("content")
    if contents is None:
        assert answer.body == b""
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind in contents, f"{method} {path} may not answer {kind}"
    if kind == "application/json":
        schema = contents[kind]["schema"] | {"components": contract()["components"]}
        Draft202012Validator(schema).validate(answer.json)


@cache
def contract() -> Any:
    return yaml.safe_load(CONTRACT.read_text("utf-8"))


def _operation(method: str, path: str) -> Any:
    for template, operations in sorted(contract()["paths"].items(), key=lambda each: "{" in each[0]):
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, "/api/v1" + path) and method.lower() in operations:
            return operations[method.lower()]
    raise AssertionError(f"{method} {path} is not in the contract")


def _resolved(node: Any) -> Any:
    while "$ref" in node:
        found = contract()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node
