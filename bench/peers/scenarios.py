"""What is asked: three queries, as every server gets them, and whether two servers answer them alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.models.dates import PARIS, YearMonth
from tests.support import HOME

_LIGHT = "{ me { balance { amount { cents } } } }"
_WIDE = """query Wide($from: YearMonth, $to: YearMonth) {
  me {
    dueNotices(first: 36) {
      nodes {
        id number period issuedOn dueOn
        previousBalance { cents } amountDue { amount cents } periodTotal { amount cents }
        lines { code label category amount { amount cents } quantity unit }
      }
    }
    waterConsumption(from: $from, to: $to) {
      coldTotal hotTotal meters { serial kind months { month volume estimated } }
    }
  }
}"""


@dataclass(frozen=True)
class Tenant:
    """Whom a request is for: the keys that a peer is told, and the token that the gateway asks for."""

    lease: str
    account: str
    token: str = ""


def _bodies() -> dict[str, bytes]:
    month = YearMonth.of(datetime.now(PARIS).date())
    months = {"from": str(month.plus(-12)), "to": str(month)}
    questions: dict[str, dict[str, Any]] = {
        "home": {"query": HOME, "variables": months},
        "light": {"query": _LIGHT},
        "wide": {"query": _WIDE, "variables": months},
    }
    return {name: json.dumps(question).encode() for name, question in questions.items()}


BODIES: Mapping[str, bytes] = _bodies()
"""The bodies of requests by scenario: home screen, light query, wide query; 13 months of water up to now."""


def request(body: bytes, tenant: Tenant) -> bytes:
    """A whole HTTP request: all servers get the same headers but for the token, which peers do not look at."""
    authorization = f"Authorization: Bearer {tenant.token}\r\n" if tenant.token else ""
    return (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        f"{authorization}X-Lease: {tenant.lease}\r\nX-Account: {tenant.account}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def meaning(answer: bytes) -> tuple[Any, list[str]]:
    """What an answer says, whoever gave it: its data, and where it has errors (their wording is each server's own)."""
    content = json.loads(answer)
    return content.get("data"), sorted(str(error.get("path")) for error in content.get("errors", ()))
