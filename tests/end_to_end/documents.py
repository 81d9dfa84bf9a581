"""Asking for documents as a front end does: addresses from the graph, then plain GETs without a bearer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from multidict import CIMultiDict

from gateway.accounts import create_account_without_mail
from gateway.simulator import Tenant
from tests.support import PASSWORD, Gateway

DOCUMENTS = """{ me { dueNotices(first: 3) { nodes { number period receipt
  document { url contentType title fileName expiresAt ready } } } } }"""


@dataclass(frozen=True)
class Fetched:
    """An answer; `Date` is not among the headers."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


async def notices(gateway: Gateway, token: str | None = None) -> list[dict[str, Any]]:
    """The newest three notices of who shows the token, else of the worked example's tenant."""
    token = token or await gateway.sign_in()
    _, answer = await gateway.post({"query": DOCUMENTS}, token=token)
    assert "errors" not in answer, answer["errors"]
    found: list[dict[str, Any]] = answer["data"]["me"]["dueNotices"]["nodes"]
    return found


async def newest_path(gateway: Gateway, token: str | None = None) -> str:
    """The path of the newest notice's document."""
    return path_of(await notices(gateway, token))


def path_of(nodes: list[dict[str, Any]], place: int = 0) -> str:
    """The path of one of them."""
    url: str = nodes[place]["document"]["url"]
    public = "http://127.0.0.1:8000"
    assert url.startswith(f"{public}/documents/")
    return url.removeprefix(public)


async def fetch(gateway: Gateway, path: str, method: str = "GET", **headers: str) -> Fetched:
    """One request; underscores in names of headers stand for hyphens."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with gateway.http.request(method, gateway.url + path, headers=sent, allow_redirects=False) as response:
        received = CIMultiDict(response.headers)
        del received["Date"]
        return Fetched(response.status, received, await response.read())


async def open_account(gateway: Gateway, tenant: Tenant) -> str:
    """An access token of a tenant who had no account."""
    label, lease = tenant.account_number, tenant.lease_reference
    await create_account_without_mail(gateway.settings, gateway.clock, label, lease, PASSWORD)
    return await gateway.sign_in(label)


def neighbours(gateway: Gateway) -> Iterator[Tenant]:
    """Other tenants whose newest notice has a document."""
    for tenant in gateway.simulator.landlord.tenants:
        issued = [each for each in tenant.account.notices if each.issued_on <= gateway.clock().date()]
        if tenant.account_number != "L0048217" and issued and issued[0].document == "DISPONIBLE":
            yield tenant


@contextmanager
def fault(gateway: Gateway, kind: str, **details: Any) -> Iterator[None]:
    """Meanwhile billing's documents fail like that."""
    gateway.simulator.add_fault("telechargerDocument", kind, **details)
    try:
        yield
    finally:
        gateway.simulator.clear_faults()
