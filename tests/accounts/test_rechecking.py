"""The lease behind an account is looked at once a day and after each sign-in."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.errors import Unauthenticated, UpstreamError, UpstreamMalformed
from gateway.models.account import InvalidCredentials, SignedIn
from gateway.models.freshness import SourceSystem
from gateway.models.lease import Lease, LeaseStatus
from gateway.store.tables import LINKS

from .conftest import EMAIL, PASSWORD, Gateway
from .people import KNOWN, LEASED


async def confirmed(gateway: Gateway) -> SignedIn:
    await gateway.create(password=PASSWORD)
    signed_in = await gateway.confirm(await gateway.mailed_token(), PASSWORD)
    assert isinstance(signed_in, SignedIn)
    return signed_in


async def test_a_lease_is_asked_for_once_a_day_and_after_sign_in(gateway: Gateway) -> None:
    await confirmed(gateway)
    gateway.directory.calls.clear()
    await gateway.work()
    assert gateway.directory.calls == []
    await gateway.sign_in()
    await gateway.work()
    await gateway.work()
    assert gateway.directory.calls == ["leases"]
    gateway.clock.forward(days=1)
    await gateway.work()
    assert gateway.directory.calls == ["leases", "leases"]


async def test_another_principal_holder_closes_the_account(gateway: Gateway) -> None:
    signed_in = await confirmed(gateway)
    gateway.directory.change_holder(KNOWN, first_name="Karim", last_name="HADDAD", birth_date=date(1990, 1, 1))
    gateway.clock.forward(days=1)
    await gateway.work()
    assert (gateway.mails[-1].recipient, gateway.subjects[-1]) == (EMAIL, "Votre compte est fermé")
    assert signed_in.tokens
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await gateway.accounts.account_of(signed_in.principal)
    assert await gateway.sign_in() == InvalidCredentials(2)


@pytest.mark.parametrize(
    "change", [{"last_name": "DURAND"}, {"first_name": "ELODIE", "last_name": "Martin"}, {"birth_date": None}]
)
async def test_a_changed_spelling_or_name_closes_nothing(gateway: Gateway, change: dict[str, object]) -> None:
    signed_in = await confirmed(gateway)
    gateway.directory.change_holder(KNOWN, **change)
    gateway.clock.forward(days=1)
    await gateway.work()
    await gateway.accounts.account_of(signed_in.principal)


async def test_an_ended_lease_has_an_account_for_twelve_months(gateway: Gateway) -> None:
    signed_in = await confirmed(gateway)
    lease = gateway.directory.leases[KNOWN]
    gateway.directory.leases[KNOWN] = replace(lease, status=LeaseStatus.ENDED, ends_on=date(2026, 11, 30))
    gateway.clock.set("2027-11-30T12:00")
    await gateway.work()
    await gateway.accounts.account_of(signed_in.principal)
    gateway.clock.set("2027-12-01T12:00")
    await gateway.work()
    with pytest.raises(Unauthenticated):
        await gateway.accounts.account_of(signed_in.principal)
    await gateway.create()
    before = len(gateway.mails)
    await gateway.work()
    assert len(gateway.mails) == before


async def test_closed_property_management_is_left_alone_for_a_while(gateway: Gateway) -> None:
    signed_in = await confirmed(gateway)
    gateway.directory.close()
    gateway.clock.forward(days=1)
    gateway.directory.calls.clear()
    await gateway.work()
    await gateway.work()
    assert gateway.directory.calls == ["leases"]
    gateway.clock.forward(minutes=10)
    await gateway.work()
    assert gateway.directory.calls == ["leases", "leases"]
    await gateway.accounts.account_of(signed_in.principal)


async def test_a_lease_that_always_errors_holds_up_no_other(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in = await confirmed(gateway)
    await gateway.add_account(LEASED)
    fetch = gateway.directory.fetch_leases

    async def fetch_leases(references: Sequence[str]) -> Mapping[str, Lease | UpstreamError | None]:
        broken = UpstreamMalformed(SourceSystem.PROPERTY_MANAGEMENT, "LireBail", "no lease")
        return dict(await fetch(references)) | {each: broken for each in references if each == "0050001/01"}

    monkeypatch.setattr(gateway.directory, "fetch_leases", fetch_leases)
    gateway.directory.change_holder(KNOWN, first_name="Karim", last_name="HADDAD", birth_date=date(1990, 1, 1))
    gateway.clock.forward(days=1)
    gateway.directory.calls.clear()
    await gateway.work()
    with pytest.raises(Unauthenticated):
        await gateway.accounts.account_of(signed_in.principal)
    await gateway.work()
    assert gateway.directory.calls == ["leases"]  # the broken one waits ten minutes
    gateway.clock.forward(minutes=10)
    await gateway.work()
    assert gateway.directory.calls == ["leases", "leases"]


async def test_closing_ends_links_under_a_newer_secret(open_gateway: Callable[..., Any]) -> None:
    former = await open_gateway()
    await confirmed(former)
    gateway = await open_gateway(
        secret_key="second-secret-key-of-the-tests-0123456789,first-secret-key-of-the-tests-0123456789"
    )
    await gateway.request_reset()
    await gateway.work()
    gateway.directory.change_holder(KNOWN, first_name="Karim", last_name="HADDAD", birth_date=date(1990, 1, 1))
    gateway.clock.forward(days=1)
    await gateway.work()
    async with gateway.accounts.tools.store.read() as tx:
        rows = (await tx.execute(LINKS.select())).all()
    assert len(rows) == 2 and all(row.superseded_at or row.used_at for row in rows)


async def test_an_account_made_without_mail_learns_its_holder(gateway: Gateway) -> None:
    await gateway.add_account(email=None)
    signed_in = await gateway.signed_in()
    await gateway.work()
    assert (await gateway.accounts.account_of(signed_in.principal)).email == EMAIL


async def test_a_lease_that_is_gone_is_logged_and_closes_nothing(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    signed_in = await confirmed(gateway)
    del gateway.directory.leases[KNOWN]
    gateway.clock.forward(days=1)
    await gateway.work()
    assert "does not know its lease" in caplog.text
    await gateway.accounts.account_of(signed_in.principal)
