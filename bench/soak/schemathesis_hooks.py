"""What schemathesis does around each of its calls: signs in where it plays a tenant, and looks at every answer.

Loaded by schemathesis itself (`SCHEMATHESIS_HOOKS`), in an environment that has nothing of the gateway's.
"""

import os
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

URL, LABEL, PASSWORD = (os.environ[f"HOSTILE_{name}"] for name in ("URL", "LABEL", "PASSWORD"))
# interface.md's, and nothing else: INTERNAL_SERVER_ERROR is what is looked for.
CODES = frozenset(
    {
        "GRAPHQL_PARSE_FAILED", "BAD_REQUEST", "GRAPHQL_VALIDATION_FAILED", "OPERATION_NOT_FOUND", "BAD_USER_INPUT",
        "QUERY_TOO_EXPENSIVE", "QUERY_TOO_DEEP", "TOO_MANY_ALIASES", "TOO_MANY_ROOT_FIELDS", "TOO_MANY_DIRECTIVES",
        "TOO_MANY_TOKENS", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "NOT_ACCEPTABLE", "METHOD_NOT_ALLOWED",
        "UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT",
        "UPSTREAM_MALFORMED", "UPSTREAM_CLOSED",
    }
)  # fmt: skip
_DECIMALS = st.decimals(-1_000, 1_000, places=2).map(str) | st.sampled_from(
    ["NaN", "1e999999999", "0.001", "", "9" * 5_000]
)
_MONTHS = st.dates().map(lambda date: f"{date:%Y-%m}") | st.sampled_from(["2026-10", "2026-13", "0000-00", "9999-12"])
schemathesis.graphql.scalar("Decimal", _DECIMALS.map(nodes.String))
schemathesis.graphql.scalar("YearMonth", _MONTHS.map(nodes.String))
SIGN_IN = """mutation($label: String!, $password: String!) {
  logIn(input: {accountLabel: $label, password: $password, client: APP}) {
    ... on SignedIn { tokens { accessToken } }
  }
}"""


class Tenant:
    """The tenant's token; a sign-out among the calls, or five minutes, end it."""

    token: str | None = None

    def sign_in(self) -> str:
        body = {"query": SIGN_IN, "variables": {"label": LABEL, "password": PASSWORD}}
        answer = requests.post(URL, json=body, headers={"GraphQL-Preflight": "1"}, timeout=60).json()
        self.token = answer["data"]["logIn"]["tokens"]["accessToken"]
        return self.token


tenant = Tenant()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A token for the tenant; the newer media type, so that statuses tell."""
    case.headers = {
        **(case.headers or {}),
        "Accept": "application/graphql-response+json",
        "GraphQL-Preflight": "1",
    }
    if LABEL:
        case.headers["Authorization"] = f"Bearer {tenant.token or tenant.sign_in()}"


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """A session that has ended is begun anew."""
    if response.status_code == 401:
        tenant.token = None


@schemathesis.check
def every_error_is_masked(ctx: Any, response: Any, case: Any) -> None:
    """No 500; of each error a known code, and a message that tells nothing from inside."""
    answer = response.json()
    assert response.status_code < 500, answer
    assert "data" in answer or answer["errors"], answer
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] in CODES, error
        inside = [word for word in ("Traceback", ".py", "Exception", "object at 0x") if word in error["message"]]
        assert not inside, error
