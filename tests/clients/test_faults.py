"""Every fault of a legacy system becomes the error that the interface promises, within the deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.models.dates import YearMonth
from gateway.models.due_notice import DocumentPending, DocumentStream
from gateway.models.lease import PaymentMode
from gateway.models.money import Money
from gateway.models.payment import Deposit, DepositReceipt, DepositRefusal, DepositState
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from tests.support import Clients, HeldClock, open_clients

DWELLING = "5701-B-0034"
NOTICE = "AE-202610-0048217"
OCTOBER = YearMonth(2026, 10)

Ask = Callable[[Clients], Awaitable[Any]]


async def of(key: str, batch: Awaitable[dict[str, Any]]) -> Any:
    """The outcome of one key, its error raised."""
    outcome = (await batch)[key]
    if isinstance(outcome, UpstreamError):
        raise outcome
    return outcome


PROPERTY: dict[str, Ask] = {
    "IdentifierTitulaire": lambda c: c.property_management.fetch_identification("l0048217", "Martin", "elodie", None),
    "RechercherContrats": lambda c: c.property_management.fetch_lease_references(agency="57A"),
    "ConsulterContrats": lambda c: of(EXAMPLE_LEASE, c.property_management.fetch_leases([EXAMPLE_LEASE])),
    "ConsulterLogements": lambda c: of(DWELLING, c.property_management.fetch_dwellings([DWELLING])),
    "RelevesCompteurs": lambda c: of(DWELLING, c.property_management.fetch_water([DWELLING], OCTOBER, OCTOBER)),
    "ListerTravaux": lambda c: of(DWELLING, c.property_management.fetch_works([DWELLING], date(2024, 11, 3))),
    "ConsulterConseillers": lambda c: of("MZ3", c.property_management.fetch_advisors(["MZ3"])),
    "ListerContacts": lambda c: c.property_management.fetch_agency("57A"),
}
BILLING: dict[str, Ask] = {
    "lireCompte": lambda c: c.billing.fetch_balance(EXAMPLE_LABEL),
    "rechercherComptes": lambda c: of(EXAMPLE_LABEL, c.billing.fetch_balances([EXAMPLE_LABEL])),
    "listerMouvements": lambda c: c.billing.fetch_ledger_page(EXAMPLE_LABEL, 0),
    "rechercherAvis": lambda c: of(EXAMPLE_LABEL, c.billing.fetch_due_notices([EXAMPLE_LABEL], YearMonth(1900, 1))),
    "lireAvis": lambda c: c.billing.fetch_due_notice(NOTICE),
    "suivreEncaissement": lambda c: c.billing.fetch_deposit_status("never-sent"),
}
ASK = PROPERTY | BILLING

EITHER = [
    ("hang", {}, UpstreamTimeout),
    ("slow", {"seconds": 5}, UpstreamTimeout),
    ("reset", {}, UpstreamUnavailable),
    ("truncated", {}, UpstreamMalformed),
    ("html500", {}, UpstreamUnavailable),
    ("html502", {}, UpstreamUnavailable),
    ("html503", {}, UpstreamUnavailable),
    ("garbage", {}, UpstreamMalformed),
    ("empty", {}, UpstreamMalformed),
]
OF_PROPERTY = [
    ("soap_fault", {"code": "GL-900"}, UpstreamClosed),
    ("soap_fault", {"code": "GL-901"}, UpstreamUnavailable),
    ("soap_fault", {"code": "GL-910"}, UpstreamUnavailable),
    ("code", {"code": 99}, UpstreamUnavailable),
    ("code", {"code": 20}, UpstreamUnavailable),
    ("code", {"code": 77}, UpstreamUnavailable),
    ("expired_session", {}, UpstreamUnavailable),
]
OF_BILLING = [
    ("maintenance503", {}, UpstreamClosed),
    ("too_many", {}, UpstreamUnavailable),
    ("ko", {"code": "FAC-500"}, UpstreamUnavailable),
    ("ko", {"code": "FAC-503"}, UpstreamClosed),
    ("ko", {"code": "FAC-403"}, UpstreamUnavailable),
    ("ko", {"code": "FAC-999"}, UpstreamUnavailable),
    ("expired_token", {}, UpstreamUnavailable),
]
MATRIX = [
    *((operation, *fault) for operation in PROPERTY for fault in EITHER + OF_PROPERTY),
    *((operation, *fault) for operation in BILLING for fault in EITHER + OF_BILLING),
]


@pytest.mark.parametrize(("operation", "kind", "details", "error"), MATRIX)
async def test_a_fault_becomes_its_error(
    simulator: Simulator,
    clock: HeldClock,
    operation: str,
    kind: str,
    details: dict[str, Any],
    error: type[UpstreamError],
) -> None:
    async with open_clients(simulator, clock, deadline_seconds=0.3 if error is UpstreamTimeout else 10) as clients:
        simulator.add_fault(operation, kind, **details)
        with pytest.raises(error) as raised:
            await ASK[operation](clients)
    assert (raised.value.operation, type(raised.value)) == (operation, error)


@pytest.mark.parametrize("operation", ASK)
async def test_a_read_is_sent_once_more_where_the_connection_fails(
    simulator: Simulator, clients: Clients, operation: str
) -> None:
    before = await ASK[operation](clients)
    simulator.reset_counters()
    simulator.add_fault(operation, "reset", times=1)
    assert await ASK[operation](clients) == before
    assert simulator.counters[operation].calls == 2


@pytest.mark.parametrize("operation", ASK)
async def test_a_read_is_sent_twice_at_most(simulator: Simulator, clients: Clients, operation: str) -> None:
    await ASK[operation](clients)  # connections are warm, where aiohttp would repeat of its own accord
    simulator.reset_counters()
    simulator.add_fault(operation, "reset")
    with pytest.raises(UpstreamUnavailable):
        await ASK[operation](clients)
    assert simulator.counters[operation].calls == 2


async def test_openings_whose_answers_are_lost_do_not_use_up_the_landlords_few(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    for operation in ("OuvrirSession", "creerJeton"):
        simulator.add_fault(operation, "reset", after=True)
    for _ in range(8):
        for ask in (PROPERTY["ConsulterContrats"], BILLING["lireCompte"]):
            with pytest.raises(UpstreamUnavailable):
                await ask(clients)
    simulator.clear_faults()
    assert simulator.violations == {}
    assert (simulator.counters["OuvrirSession"].calls, simulator.counters["creerJeton"].calls) == (3, 2)
    clock.advance(minutes=21)
    await PROPERTY["ConsulterContrats"](clients)
    await BILLING["lireCompte"](clients)
    assert simulator.violations == {}


@pytest.mark.parametrize("operation", ["ConsulterContrats", "rechercherComptes", "listerMouvements", "ListerContacts"])
async def test_an_answer_out_of_contract_is_a_failure_that_is_seen(
    simulator: Simulator, clients: Clients, operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.add_fault(operation, "garbage")
    for _ in range(3):
        with pytest.raises(UpstreamMalformed):
            await ASK[operation](clients)
    system = clients.property_management if operation in PROPERTY else clients.billing
    assert system.health.status.state.value == "DOWN"
    assert caplog.text.count(f"{operation} failed") == 3


async def test_items_in_error_are_logged_and_spoil_no_health(
    simulator: Simulator, clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.add_fault("ConsulterContrats", "item_code", code=20)
    with pytest.raises(UpstreamUnavailable):
        await PROPERTY["ConsulterContrats"](clients)
    assert "code 20" in caplog.text
    assert "ours to mend" in caplog.text
    assert clients.property_management.health.status.state.value == "UP"
    assert EXAMPLE_LEASE not in caplog.text


async def test_a_fetch_that_is_asked_again_has_one_deadline(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock, deadline_seconds=0.5) as clients:
        await PROPERTY["ConsulterContrats"](clients)
        simulator.add_fault("ConsulterContrats", "dropped", all=True)
        simulator.set_latency(property_ms=300)
        with pytest.raises(UpstreamTimeout):  # each of the two calls alone would be in time
            await PROPERTY["ConsulterContrats"](clients)


async def test_an_opening_that_hangs_ends_at_the_deadline(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock, deadline_seconds=0.3) as clients:
        simulator.add_fault("OuvrirSession", "hang")
        started = asyncio.get_running_loop().time()
        with pytest.raises(UpstreamTimeout):
            await PROPERTY["ConsulterContrats"](clients)
        assert asyncio.get_running_loop().time() - started < 5


async def test_health_follows_what_calls_met(simulator: Simulator, clients: Clients) -> None:
    health = clients.property_management.health
    await PROPERTY["ConsulterContrats"](clients)
    states = [health.status.state.value]
    simulator.add_fault("ConsulterContrats", "html500")
    for _ in range(3):
        with pytest.raises(UpstreamUnavailable):
            await PROPERTY["ConsulterContrats"](clients)
        states.append(health.status.state.value)
    simulator.clear_faults()
    simulator.add_fault("ConsulterContrats", "soap_fault", code="GL-900", times=1)
    with pytest.raises(UpstreamClosed):
        await PROPERTY["ConsulterContrats"](clients)
    states.append(health.status.state.value)
    await PROPERTY["ConsulterContrats"](clients)
    assert [*states, health.status.state.value] == ["UP", "DEGRADED", "DEGRADED", "DOWN", "CLOSED", "UP"]


async def test_people_are_identified_as_the_contract_says(clients: Clients) -> None:
    identify = clients.property_management.fetch_identification
    found = await identify("l 0048217", "Martin", "elodie", date(1987, 5, 14))
    assert found is not None
    assert (found.lease_reference, found.account_number) == (EXAMPLE_LEASE, EXAMPLE_LABEL)
    assert await identify("L0048217", "Durand", "Élodie", None) is None
    assert await identify("L0048217", "Martin", "Élodie", date(1990, 1, 1)) is None


async def test_another_holder_is_told_apart(simulator: Simulator, clients: Clients) -> None:
    joint = next(
        (tenant, holder)
        for tenant in simulator.landlord.tenants
        for holder in tenant.holders
        if not holder.is_principal and holder.first_name
    )
    tenant, holder = joint
    found = await clients.property_management.fetch_identification(
        tenant.account_number, holder.last_name, holder.first_name or "", None
    )
    assert found is not None
    assert (found.not_principal, found.lease_reference) == (True, None)


def deposit(reference: str, amount: str = "57.10", account: str = EXAMPLE_LABEL) -> Deposit:
    return Deposit(account, Money.of(Decimal(amount)), PaymentMode.CARD, reference, date(2026, 11, 4))


async def test_a_deposit_is_taken_once_and_followed(clients: Clients, clock: HeldClock) -> None:
    first, again = [await clients.billing.post_deposit(deposit("ref-1")) for _ in range(2)]
    assert isinstance(first, DepositReceipt)
    assert isinstance(again, DepositReceipt)
    assert (first.already_known, again.already_known, first.lot) == (False, True, again.lot)
    assert await clients.billing.post_deposit(deposit("ref-1", "57.11")) is DepositRefusal.REFERENCE_TAKEN
    assert await clients.billing.post_deposit(deposit("x", account="L9999999")) is DepositRefusal.UNKNOWN_ACCOUNT
    status = await clients.billing.fetch_deposit_status("ref-1")
    assert status is not None
    assert (status.state, status.amount) == (DepositState.PENDING, Money.of("57.10"))
    clock.advance(days=1)
    status = await clients.billing.fetch_deposit_status("ref-1")
    assert status is not None
    assert (status.state, status.entry_id is not None) == (DepositState.POSTED, True)


async def test_a_deposit_is_never_repeated_by_the_client_itself(simulator: Simulator, clients: Clients) -> None:
    await clients.billing.fetch_balance(EXAMPLE_LABEL)
    simulator.add_fault("deposerEncaissement", "reset")
    with pytest.raises(UpstreamUnavailable):
        await clients.billing.post_deposit(deposit("ref-2"))
    assert simulator.counters["deposerEncaissement"].calls == 1


async def test_a_document_comes_as_a_stream(clients: Clients) -> None:
    async with clients.billing.open_document(NOTICE, {}) as document:
        assert isinstance(document, DocumentStream)
        assert document.status == 200
        whole = b"".join([piece async for piece in document.chunks])
    assert whole.startswith(b"%PDF-")
    etag = document.headers["ETag"]
    async with clients.billing.open_document(NOTICE, {"Range": "bytes=0-4"}) as part:
        assert isinstance(part, DocumentStream)
        assert part.status == 206
        assert b"".join([piece async for piece in part.chunks]) == whole[:5]
    async with clients.billing.open_document(NOTICE, {"If-None-Match": etag}) as unchanged:
        assert isinstance(unchanged, DocumentStream)
        assert unchanged.status == 304
    async with clients.billing.open_document("AE-202610-9999999", {}) as unknown:
        assert unknown is None


async def test_documents_that_are_not_there_yet_or_at_all(simulator: Simulator, clients: Clients) -> None:
    outcomes = set()
    for tenant in simulator.landlord.tenants:
        found = await clients.billing.fetch_due_notices([tenant.account_number], YearMonth(1900, 1))
        notices = found[tenant.account_number]
        assert isinstance(notices, tuple)
        for notice in notices:
            if notice.document_code == "DISPONIBLE" or notice.document_code in outcomes:
                continue
            async with clients.billing.open_document(notice.number, {}) as document:
                outcomes.add(notice.document_code)
                expected = DocumentPending if notice.document_code == "EN_COURS" else type(None)
                assert isinstance(document, expected), notice.document_code
    assert {"ABSENT", "EN_COURS"} <= outcomes
