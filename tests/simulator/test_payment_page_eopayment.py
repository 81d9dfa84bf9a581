"""The page against an independent implementation of the protocol: Entr'ouvert's eopayment (GPL, only in tests)."""

import os
from collections.abc import AsyncIterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from gateway.simulator import FormRefused, Simulator, SimulatorOptions, run_simulator

from .payment_shop import Shop, run_shop

KEY = "1122334455667788"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """On the real clock, as eopayment dates its forms itself."""
    async with run_simulator(SimulatorOptions()) as running:
        yield running


@pytest.fixture
async def shop(simulator: Simulator) -> AsyncIterator[Shop]:
    async with run_shop() as running:
        simulator.payment_page.notification_url = running.url
        yield running


@pytest.fixture
def eopayment() -> Any:
    """The library; a CI that does not have it fails, other machines may do without."""
    if find_spec("eopayment") is None:
        reason = "eopayment is not installed (requirements/independent.txt)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return import_module("eopayment")


def backend(eopayment: Any, simulator: Simulator, trans_id: str, key: str = KEY, **options: str) -> Any:
    """eopayment for the simulated shop; its own transaction numbers may have letters, ours are digits."""
    settings = {
        "vads_site_id": "12345678",
        "vads_ctx_mode": "TEST",
        "secret_test": key,
        "signature_algo": "hmac_sha256",
        "service_url": simulator.payment_url,
        "normal_return_url": "http://127.0.0.1:9/retour",
    }
    payment = eopayment.Payment("systempayv2", settings | options)
    payment.backend._vads_trans_id = trans_id
    return payment


def fields_of(payment: Any) -> tuple[str, dict[str, str]]:
    """eopayment's name for a payment of 369,65 €, and the form it makes."""
    number, _, form = payment.request(369.65, orderid="L0048217-9", email="elodie.martin@example.org", info1="Loyer")
    return number, {each["name"]: each["value"] for each in form.fields}


@pytest.mark.parametrize(
    ("outcome", "result"), [("AUTHORISED", "PAID"), ("REFUSED", "DENIED"), ("ABANDONED", "CANCELLED")]
)
async def test_the_page_takes_its_forms_and_it_takes_the_notifications(
    eopayment: Any, simulator: Simulator, shop: Shop, http: aiohttp.ClientSession, outcome: str, result: str
) -> None:
    payment = backend(eopayment, simulator, "000123", automatic_return_url=shop.url)
    number, form = fields_of(payment)
    async with http.post(payment.backend.service_url, data=form) as response:
        address = str(response.url)
        assert response.status == 200
    async with http.post(address, data={"outcome": outcome}) as response:
        assert response.status == 200
    (told,) = shop.told
    answer = payment.response(urlencode(told))
    assert answer.result == getattr(eopayment, result)
    assert (answer.signed, answer.test, answer.order_id) == (True, True, number)
    assert (answer.bank_data["vads_amount"], answer.bank_data["vads_order_id"]) == ("36965", "L0048217-9")


async def test_it_takes_what_the_browser_brings_back(eopayment: Any, simulator: Simulator) -> None:
    payment = backend(eopayment, simulator, "000123")
    number, form = fields_of(payment)
    transaction = await simulator.payment_page.pay(form)
    back = simulator.payment_page.way_back(transaction)
    assert back is not None
    answer = payment.response(urlencode(back.fields))
    assert (answer.result, answer.signed, answer.transaction_id) == (eopayment.PAID, True, number)
    assert parse_qs(urlsplit(back.address).query) == {}


async def test_it_refuses_what_is_forged(eopayment: Any, simulator: Simulator, shop: Shop) -> None:
    payment = backend(eopayment, simulator, "000123")
    _, form = fields_of(payment)
    await simulator.payment_page.pay(form)
    shop.told.clear()
    for how in ("changed", "added", "removed", "foreign", "sha1", "replayed"):
        await simulator.payment_page.forge("L0048217-9", how)
        assert not payment.response(urlencode(shop.told.pop())).signed, how
    await simulator.payment_page.forge("L0048217-9", "signed", vads_amount="1")
    assert payment.response(urlencode(shop.told.pop())).signed


async def test_the_page_refuses_forms_of_another_key_or_algorithm(eopayment: Any, simulator: Simulator) -> None:
    for wrong in (
        backend(eopayment, simulator, "000123", key="8877665544332211"),
        backend(eopayment, simulator, "000123", signature_algo="sha1"),
    ):
        with pytest.raises(FormRefused) as refused:
            simulator.payment_page.open(fields_of(wrong)[1])
        assert refused.value.code == "00"
