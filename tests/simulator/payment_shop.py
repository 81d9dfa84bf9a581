"""A shop that uses the payment page: it signs forms by its own code and keeps every notification that reaches it."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from aiohttp import web

KEY = "1122334455667788"
numbers = count(1)


def signature(fields: Mapping[str, str], key: str = KEY) -> str:
    text = "+".join(value for name, value in sorted(fields.items()) if name.startswith("vads_")) + "+" + key
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def form(**changes: str | None) -> dict[str, str]:
    """A signed form of 369,65 €, sent on 3 November 2026, 10:00 in Paris; None leaves a field out."""
    number = next(numbers)
    fields: dict[str, str | None] = {
        "vads_site_id": "12345678",
        "vads_ctx_mode": "TEST",
        "vads_version": "V2",
        "vads_action_mode": "INTERACTIVE",
        "vads_page_action": "PAYMENT",
        "vads_payment_config": "SINGLE",
        "vads_trans_id": f"{number:06d}",
        "vads_trans_date": "20261103090000",
        "vads_amount": "36965",
        "vads_currency": "978",
        "vads_order_id": f"L0048217-{number}",
        "vads_cust_last_name": "Martin",
        "vads_cust_first_name": "Élodie",
        "vads_url_return": "http://127.0.0.1:9/retour?onglet=loyer",
    }
    fields |= {f"vads_{name}": value for name, value in changes.items()}
    kept = {name: value for name, value in fields.items() if value is not None}
    return kept | {"signature": signature(kept)}


@dataclass
class Shop:
    """What it has been told, and what it answers next: statuses in turn, then 200."""

    url: str = ""
    told: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    """Set unless a test wants the shop to take its time."""

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """Of every notification: what triggered it, and the status of the payment."""
        return [(each["vads_url_check_src"], each["vads_trans_status"]) for each in self.told]

    async def hear(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(text="Le bailleur")
        self.told.append({name: str(value) for name, value in (await request.post()).items()})
        self.arrived.set()
        await self.may_answer.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@asynccontextmanager
async def run_shop() -> AsyncIterator[Shop]:
    shop = Shop()
    shop.may_answer.set()
    runner = web.ServerRunner(web.Server(shop.hear), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}/notification"
    try:
        yield shop
    finally:
        await runner.cleanup()
