"""The payment page as a payer and a shop meet it: forms, choices, the way back, and what the shop is told."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from lxml import html

from gateway.simulator import PAYMENT_PASSWORD, FormRefused, Outcome, Simulator, SimulatorOptions, run_simulator
from gateway.simulator.payment_page.signing import is_signed, sign

from .conftest import Clock
from .payment_shop import KEY, Shop, form, run_shop, signature


@pytest.fixture
async def shop(simulator: Simulator) -> AsyncIterator[Shop]:
    async with run_shop() as running:
        simulator.payment_page.notification_url = running.url
        yield running


def test_the_documented_vector() -> None:
    fields = {
        "vads_action_mode": "INTERACTIVE",
        "vads_amount": "5124",
        "vads_ctx_mode": "TEST",
        "vads_currency": "978",
        "vads_page_action": "PAYMENT",
        "vads_payment_config": "SINGLE",
        "vads_site_id": "12345678",
        "vads_trans_date": "20170129130025",
        "vads_trans_id": "123456",
        "vads_version": "V2",
        "signature": "ycA5Do5tNvsnKdc/eP1bj2xa19z9q3iWPy9/rpesfS0=",
        "pay": "not signed: no vads_ in front",
    }
    assert sign(fields, "1122334455667788") == fields["signature"]
    assert is_signed(fields, "1122334455667788")
    assert not is_signed(fields | {"vads_anything": ""}, "1122334455667788")


@pytest.mark.parametrize(
    ("outcome", "result", "words"),
    [
        ("AUTHORISED", ("AUTHORISED", "00", "00"), "Paiement accepté"),
        ("REFUSED", ("REFUSED", "05", "05"), "Paiement refusé"),
        ("ABANDONED", ("ABANDONED", "17", ""), "Paiement abandonné"),
    ],
)
async def test_a_payer_pays_is_refused_or_leaves(
    simulator: Simulator, shop: Shop, http: aiohttp.ClientSession, outcome: str, result: tuple[str, ...], words: str
) -> None:
    sent = form()
    async with http.post(simulator.payment_url, data=sent) as response:
        address, page = str(response.url), html.fromstring(await response.text())
    assert page.get("lang") == "fr"
    text = "".join(str(part) for part in page.itertext())
    assert "369,65\u00a0€" in text
    assert sent["vads_order_id"] in text
    assert {button.get("value") for button in page.iter("button")} == {"AUTHORISED", "REFUSED", "ABANDONED"}
    async with http.post(address, data={"outcome": outcome, "brand": "VISA"}) as response:
        page = html.fromstring(await response.text())
    assert page.findtext(".//h1") == words
    (told,) = shop.told
    assert told["signature"] == signature(told)
    assert (told["vads_trans_status"], told["vads_result"], told["vads_auth_result"]) == result
    assert (told["vads_url_check_src"], told["vads_order_id"]) == ("PAY", sent["vads_order_id"])
    assert told["vads_cust_first_name"] == "Élodie"
    assert told.get("vads_operation_type") == (None if outcome == "ABANDONED" else "DEBIT")
    assert told["vads_card_brand"] == ("" if outcome == "ABANDONED" else "VISA")


async def test_a_choice_is_made_once(simulator: Simulator, shop: Shop, http: aiohttp.ClientSession) -> None:
    async with http.post(simulator.payment_url, data=form()) as response:
        address = str(response.url)
    for outcome in ("AUTHORISED", "REFUSED", "AUTHORISED"):
        async with http.post(address, data={"outcome": outcome}) as response:
            assert "Paiement accepté" in await response.text()
    assert shop.statuses == [("PAY", "AUTHORISED")]
    for nonsense in ({"outcome": "FREE"}, {"outcome": "AUTHORISED", "brand": "GOLD"}, {}):
        async with http.post(address, data=nonsense) as response:
            assert response.status == 400


@pytest.mark.parametrize("mode", ["GET", "POST", "NONE", None])
async def test_the_way_back_carries_signed_fields_when_the_form_asks(
    simulator: Simulator, shop: Shop, http: aiohttp.ClientSession, mode: str | None
) -> None:
    transaction = await simulator.payment_page.pay(form(return_mode=mode))
    address = simulator.payment_url + f"exec/{transaction.token}"
    async with http.get(address) as response:
        page, policy = html.fromstring(await response.text()), response.headers["Content-Security-Policy"]
    if mode == "POST":
        (way,) = page.iter("form")
        assert (way.get("method"), way.get("action")) == ("post", "http://127.0.0.1:9/retour?onglet=loyer")
        fields = {str(each.get("name")): str(each.get("value")) for each in way.iter("input")}
        assert policy.endswith("form-action 'self' http://127.0.0.1:9")
    else:
        (link,) = page.iter("a")
        query = dict(parse_qsl(urlsplit(str(link.get("href"))).query, keep_blank_values=True))
        assert query.pop("onglet") == "loyer"
        assert list(page.iter("form")) == []
        fields = query
    if mode in {"GET", "POST"}:
        assert fields["signature"] == signature(fields)
        assert fields["vads_trans_status"] == "AUTHORISED"
        assert not {"vads_hash", "vads_url_check_src"} & set(fields)
    else:
        assert fields == {}


async def test_each_outcome_has_its_own_way_back(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    ways = {f"url_{name}": f"http://shop.example/{name}" for name in ("success", "refused", "cancel")}
    for outcome, name in ((Outcome.PAY, "success"), (Outcome.REFUSE, "refused"), (Outcome.ABANDON, "cancel")):
        back = simulator.payment_page.way_back(await simulator.payment_page.pay(form(**ways), outcome))
        assert back is not None
        assert back.address == f"http://shop.example/{name}"
    transaction = await simulator.payment_page.pay(form(url_return=None))
    async with http.get(simulator.payment_url + f"exec/{transaction.token}") as response:
        assert "Vous pouvez fermer cette page" in await response.text()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("version", "V1", "01"),
        ("site_id", "87654321", "02"),
        ("site_id", "1234", "02"),
        ("ctx_mode", "PRODUCTION", "11"),
        ("trans_id", "900000", "03"),
        ("trans_id", "12345", "03"),
        ("trans_id", "aB34cd", "03"),
        ("trans_id", None, "03"),
        ("trans_date", "2026110309000", "04"),
        ("trans_date", "20261103250000", "04"),
        ("trans_date", "20261103082959", "04"),
        ("trans_date", "20261103103001", "04"),
        ("payment_config", "MULTI:first=1", "07"),
        ("amount", "0", "09"),
        ("amount", "-100", "09"),
        ("amount", "369,65", "09"),
        ("amount", "", "09"),
        ("amount", "1" * 13, "09"),
        ("currency", "840", "10"),
        ("order_id", "L0048217/01", "13"),
        ("order_id", "x" * 65, "13"),
        ("cust_email", "nobody", "15"),
        ("url_return", "javascript:alert(1)", "28"),
        ("url_check", "ftp://shop.example", "33"),
        ("page_action", "REGISTER", "46"),
        ("action_mode", "SILENT", "47"),
        ("return_mode", "PUT", "48"),
    ],
)
async def test_a_form_that_breaks_a_rule_gets_a_page_with_the_code(
    simulator: Simulator, shop: Shop, http: aiohttp.ClientSession, field: str, value: str | None, code: str
) -> None:
    async with http.post(simulator.payment_url, data=form(**{field: value})) as response:
        page = html.fromstring(await response.text())
        assert response.status == 400
    assert page.findtext(".//strong") == code
    assert page.findtext(".//code") == f"vads_{field}"
    assert simulator.violations == {f"payment_form_{code}": 1}
    assert simulator.payment_page.transactions.all == []
    assert shop.told == []


async def test_what_the_rules_allow(simulator: Simulator) -> None:
    page = simulator.payment_page
    for changes in (
        {"trans_date": "20261103083000", "trans_id": "000000"},
        {"trans_date": "20261103103000", "trans_id": "899999"},
        {"order_id": "a_B-9" + "x" * 59},
        {"order_id": None},
        {"url_return": ""},
        {"amount": "1"},
        {"ext_info_something": "new", "user_info": ""},
    ):
        transaction = await page.pay(form(**changes))
        assert transaction.status == "AUTHORISED"


@pytest.mark.parametrize(
    "tamper",
    [
        {"vads_amount": "1"},
        {"vads_ext_info_note": "1"},
        {"signature": ""},
        {"signature": "é"},
        {"signature": signature(form(), "8877665544332211")},
    ],
)
async def test_a_form_that_is_not_signed_as_it_stands(simulator: Simulator, tamper: dict[str, str]) -> None:
    with pytest.raises(FormRefused) as refused:
        simulator.payment_page.open(form() | tamper)
    assert refused.value.code == "00"


async def test_a_transaction_number_serves_once_a_day(simulator: Simulator, clock: Clock) -> None:
    page = simulator.payment_page
    page.open(form(trans_id="000042"))
    for outcome in (None, Outcome.ABANDON):
        if outcome:
            await page.decide(page.transactions.all[0], outcome)
        with pytest.raises(FormRefused) as refused:
            page.open(form(trans_id="000042"))
        assert refused.value.code == "03"
    clock.forward(days=1)
    page.open(form(trans_id="000042", trans_date="20261104090000"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"vads_cust_name=%E9lodie", "application/x-www-form-urlencoded"),
        (b"vads_amount=1&vads_amount=2", "application/x-www-form-urlencoded"),
        (b"vads_amount=" + b"1" * 70_000, "application/x-www-form-urlencoded"),
        ("vads_cust_name=é".encode(), "application/x-www-form-urlencoded"),
        (b"&".join(b"vads_%d=1" % number for number in range(300)), "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_is_no_form(
    simulator: Simulator, http: aiohttp.ClientSession, body: bytes, kind: str
) -> None:
    async with http.post(simulator.payment_url, data=body, headers={"Content-Type": kind}) as response:
        assert response.status == 400
        assert "Demande de paiement refusée" in await response.text()


async def test_what_a_form_says_is_shown_and_never_run(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    ways = {"url_return": "https://shop.example/?a=1&b='", "return_mode": "POST", "cust_last_name": "<script>"}
    async with http.post(simulator.payment_url, data=form(**ways)) as response:
        address, text, headers = str(response.url), await response.text(), response.headers
    assert "<script" not in text
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    assert headers["Content-Security-Policy"] == policy
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    async with http.post(address, data={"outcome": "AUTHORISED"}) as response:
        (way,) = html.fromstring(await response.text()).iter("form")
    assert way.get("action") == "https://shop.example/?a=1&b='"
    assert {each.get("name"): each.get("value") for each in way.iter("input")}["vads_cust_last_name"] == "<script>"


async def test_a_payer_has_ten_minutes(
    simulator: Simulator, shop: Shop, http: aiohttp.ClientSession, clock: Clock
) -> None:
    addresses = []
    for _ in range(2):
        async with http.post(simulator.payment_url, data=form()) as response:
            addresses.append(str(response.url))
    clock.forward(minutes=9, seconds=59)
    async with http.post(addresses[0], data={"outcome": "AUTHORISED"}) as response:
        assert "Paiement accepté" in await response.text()
    clock.forward(seconds=1)
    async with http.post(addresses[1], data={"outcome": "AUTHORISED"}) as response:
        assert "Paiement abandonné" in await response.text()
    await simulator.payment_page.settle()
    assert shop.statuses == [("PAY", "AUTHORISED"), ("PAY", "ABANDONED")]


async def test_addresses_that_lead_nowhere(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    for path in ("exec/" + "0" * 24, "exec/", "nowhere", "exec/" + "0" * 24 + "/x"):
        async with http.get(simulator.payment_url + path) as response:
            assert response.status == 404
    async with http.get(simulator.payment_url) as response:
        assert response.status == 404


async def test_the_journal_of_transactions(simulator: Simulator, http: aiohttp.ClientSession, clock: Clock) -> None:
    page = simulator.payment_page
    paid, refused, left = form(), form(), form()
    await page.pay(paid)
    await page.pay(refused, "REFUSED", "VISA")
    await page.pay(left, "ABANDONED")
    page.open(form())
    clock.forward(days=1)
    await page.refund(paid["vads_order_id"], 1000)
    merchant = {"Authorization": aiohttp.encode_basic_auth("12345678", PAYMENT_PASSWORD)}

    async def rows(query: str) -> list[list[str]]:
        async with http.get(simulator.payment_journal_url + query, headers=merchant) as response:
            assert response.status == 200
            title, names, *lines = (line.split(";") for line in (await response.text()).splitlines())
        assert title[0] == "TITRE"
        wanted = ("ORDER_ID", "OPERATION_DIRECTION", "TRANSACTION_STATUS", "AMOUNT", "CURRENCY", "PAYMENT_METHOD")
        return [[line[names.index(name)] for name in wanted] for line in lines]

    first = [
        [paid["vads_order_id"], "DEBIT", "AUTHORISED", "36965", "978", "CB"],
        [refused["vads_order_id"], "DEBIT", "REFUSED", "36965", "978", "VISA"],
    ]
    second = [[paid["vads_order_id"], "CREDIT", "AUTHORISED", "1000", "978", "CB"]]
    assert await rows("?du=2026-11-03&au=2026-11-03") == first
    assert await rows("") == second
    assert await rows("?du=2026-11-01") == first + second
    assert await rows("?au=2026-11-02&du=2026-11-01") == []
    async with http.get(simulator.payment_journal_url + "?du=03/11/2026", headers=merchant) as response:
        assert response.status == 400
    for user, password in (("12345678", KEY), ("admin", PAYMENT_PASSWORD), ("", "")):
        wrong = {"Authorization": aiohttp.encode_basic_auth(user, password)} if user else {}
        async with http.get(simulator.payment_journal_url, headers=wrong) as response:
            assert response.status == 401
    assert page.transactions.paid_cents() == {paid["vads_order_id"]: 35965}


async def test_two_simulators_of_one_seed_agree(clock: Clock) -> None:
    seen = []
    sent = form()
    for _ in range(2):
        async with run_simulator(SimulatorOptions(now=clock)) as simulator:
            transaction = await simulator.payment_page.pay(sent)
            seen.append((transaction.uuid, transaction.token, simulator.payment_page.way_back(transaction)))
    assert seen[0] == seen[1]
