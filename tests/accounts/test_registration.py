"""Creating an account, the first time and again: only the mailbox on file and the chosen password make it real."""

import asyncio
from datetime import date
from typing import Any

import pytest

from gateway.accounts.passwords import HashingOverloaded
from gateway.errors import BadUserInput, Unauthenticated
from gateway.models.account import (
    AccountBlocked,
    AccountRequestAccepted,
    ClientKind,
    InvalidCredentials,
    LinkInvalid,
    PasswordAttemptsExhausted,
    PasswordRejected,
    PasswordRule,
    RateLimited,
    SignedIn,
)

from .conftest import EMAIL, PASSWORD, Gateway, token_in
from .people import CO_HELD, KNOWN, LEASED, NO_CONTACT, UNKNOWN

NEW = "Neuf-Chemins-88"


async def test_a_first_creation_from_form_to_session(gateway: Gateway) -> None:
    assert await gateway.create() == AccountRequestAccepted()
    token = await gateway.mailed_token()
    mail = gateway.mails[-1]
    assert mail.recipient == EMAIL
    assert f"https://tenants.example/account/confirm#token={token}" in mail.html
    assert isinstance(await gateway.sign_in(NEW), InvalidCredentials)  # nothing exists yet
    signed_in = await gateway.confirm(token)
    assert isinstance(signed_in, SignedIn) and signed_in.tokens
    assert signed_in.principal.lease_reference == "0048217/01"
    assert signed_in.principal.account_number == KNOWN
    account = await gateway.accounts.account_of(signed_in.principal)
    assert (account.created_on, account.email, account.renewal) == (date(2026, 11, 3), EMAIL, None)
    assert isinstance(await gateway.sign_in(NEW), SignedIn)
    await gateway.work()
    assert gateway.subjects == ["Confirmez la création de votre compte", "Votre compte est créé"]


async def test_a_browser_is_given_a_cookie(gateway: Gateway) -> None:
    await gateway.create()
    signed_in = await gateway.confirm(await gateway.mailed_token(), client=ClientKind.WEB)
    assert signed_in.session_cookie and signed_in.tokens is None


@pytest.mark.parametrize(
    ("label", "names"),
    [
        (KNOWN, {"last_name": "Durand"}),
        (UNKNOWN, {}),
        (NO_CONTACT, {"last_name": "Diaz", "first_name": "Rosa"}),
    ],
)
async def test_whoever_is_not_found_is_told_nothing(gateway: Gateway, label: str, names: dict[str, str]) -> None:
    assert await gateway.create(label, **names) == AccountRequestAccepted()
    await gateway.work()
    assert gateway.mails == []
    assert not await is_work_left(gateway)


async def is_work_left(gateway: Gateway) -> bool:
    from gateway.store import queues

    async with gateway.accounts.tools.store.read() as tx:
        return await queues.find_due_work(tx, 2**60) is not None


@pytest.mark.parametrize(
    ("last_name", "first_name"),
    [("L'Hopital", "Jean Noel"), ("l’hôpital", "JEAN-NOËL"), (" L'HÔPITAL ", " jean-noël ")],
)
async def test_spellings_of_a_name_find_its_lease(gateway: Gateway, last_name: str, first_name: str) -> None:
    await gateway.create(LEASED, last_name=last_name, first_name=first_name)
    await gateway.work()
    assert [mail.recipient for mail in gateway.mails] == ["jn@example.org"]


async def test_the_wrong_password_beside_the_link_makes_nothing(gateway: Gateway) -> None:
    await gateway.create()
    token = await gateway.mailed_token()
    for _ in range(4):
        assert await gateway.confirm(token, "not-the-one") == LinkInvalid()
    assert isinstance(await gateway.confirm(token), SignedIn)


async def test_a_link_dies_with_its_fifth_wrong_password(gateway: Gateway) -> None:
    await gateway.create()
    token = await gateway.mailed_token()
    for _ in range(5):
        await gateway.confirm(token, "not-the-one")
    hashes = gateway.accounts.tools.passwords.hashes_done
    assert await gateway.confirm(token) == LinkInvalid()
    assert gateway.accounts.tools.passwords.hashes_done == hashes


async def test_links_end_after_an_hour_after_use_and_with_a_newer_one(gateway: Gateway) -> None:
    await gateway.create()
    first = await gateway.mailed_token()
    gateway.clock.forward(minutes=5)
    await gateway.create()
    second = await gateway.mailed_token()
    assert await gateway.confirm(first) == LinkInvalid()
    gateway.clock.forward(hours=1)
    assert await gateway.confirm(second) == LinkInvalid()
    await gateway.create()
    third = await gateway.mailed_token()
    gateway.clock.forward(hours=1, milliseconds=-1)
    assert isinstance(await gateway.confirm(third), SignedIn)
    assert await gateway.confirm(third) == LinkInvalid()


async def test_one_of_twenty_confirmations_wins(gateway: Gateway) -> None:
    await gateway.create()
    token = await gateway.mailed_token()
    outcomes = await asyncio.gather(*(gateway.confirm(token) for _ in range(20)))
    assert sorted(type(each).__name__ for each in outcomes) == ["LinkInvalid"] * 19 + ["SignedIn"]


async def test_a_re_creation_changes_nothing_until_it_is_confirmed(gateway: Gateway) -> None:
    await gateway.add_account(email="own.address@example.org")
    signed_in = await gateway.signed_in()
    for _ in range(3):
        await gateway.sign_in("wrong")
    await gateway.create(email="stranger@example.org")
    token = await gateway.mailed_token()
    # To the account's own address, never to the one typed in.
    assert [mail.recipient for mail in gateway.mails] == ["own.address@example.org"]
    assert signed_in.tokens
    await gateway.accounts.principal_for_bearer(signed_in.tokens.access_token)
    again = await gateway.confirm(token)
    assert isinstance(again, SignedIn) and again.principal.account_id == signed_in.principal.account_id
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(signed_in.tokens.access_token)
    assert isinstance(await gateway.sign_in(NEW), SignedIn)  # the gate is open, too
    assert await gateway.sign_in(PASSWORD) == InvalidCredentials(2)


async def test_a_strangers_creation_is_not_the_victims_click(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.create(password="Stranger-Danger-1")
    token = await gateway.mailed_token()
    assert await gateway.confirm(token, PASSWORD) == LinkInvalid()
    assert isinstance(await gateway.sign_in(PASSWORD), SignedIn)


async def test_the_typed_address_becomes_the_accounts_by_its_own_link(gateway: Gateway) -> None:
    await gateway.create(email="elodie@new.example")
    signed_in = await gateway.confirm(await gateway.mailed_token())
    await gateway.work()
    assert [mail.recipient for mail in gateway.mails] == [EMAIL, EMAIL, "elodie@new.example"]
    assert (await gateway.accounts.account_of(signed_in.principal)).email == EMAIL
    token = token_in(gateway.mails[-1])
    assert await gateway.confirm(token, "not-the-one") == LinkInvalid()
    assert isinstance(await gateway.confirm(token), SignedIn)
    assert (await gateway.accounts.account_of(signed_in.principal)).email == "elodie@new.example"
    await gateway.work()
    notice = gateway.mails[-1]
    assert (notice.recipient, notice.subject) == (EMAIL, "Votre adresse e-mail a été modifiée")


async def test_a_changed_address_ends_the_links_in_the_former_mailbox(gateway: Gateway) -> None:
    await gateway.create(email="elodie@new.example")
    await gateway.confirm(await gateway.mailed_token())
    token = await gateway.mailed_token()
    await gateway.request_reset()
    reset = await gateway.mailed_token()
    assert gateway.mails[-1].recipient == EMAIL
    assert isinstance(await gateway.confirm(token), SignedIn)
    assert await gateway.reset(reset) == LinkInvalid()


async def test_the_link_of_an_address_asks_for_the_password_through_the_gate(gateway: Gateway) -> None:
    await gateway.create(email="elodie@new.example")
    await gateway.confirm(await gateway.mailed_token())
    token = await gateway.mailed_token()
    assert await gateway.sign_in("wrong") == InvalidCredentials(2)
    assert await gateway.confirm(token, "wrong") == LinkInvalid()
    held = await gateway.sign_in("wrong")
    assert isinstance(held, PasswordAttemptsExhausted)
    gateway.clock.forward(seconds=0.5)
    hashes = gateway.accounts.tools.passwords.hashes_done
    for _ in range(6):
        assert await gateway.confirm(token, "wrong") == await gateway.confirm(token) == RateLimited(600)
    assert gateway.accounts.tools.passwords.hashes_done == hashes
    assert await gateway.sign_in(NEW) == held
    gateway.clock.forward(minutes=10)
    assert await gateway.sign_in("wrong") == InvalidCredentials(2)
    assert isinstance(await gateway.confirm(token), SignedIn)
    assert await gateway.sign_in("wrong") == InvalidCredentials(2)  # the right password cleared the gate


async def test_creations_are_mailed_in_turn_and_no_faster(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(24):  # two hours of it, as often as the gate lets
        for _ in range(3):
            await gateway.create(password="Stranger-Danger-1")
        await gateway.work()
        gateway.clock.forward(minutes=5)
    assert len([subject for subject in gateway.subjects if "bloqué" not in subject]) == 24
    for _ in range(24):  # what waits is mailed in turn for an hour, then dropped
        await gateway.work()
        gateway.clock.forward(minutes=5)
    assert len(gateway.mails) <= 24 + 13 + 1 and not await is_work_left(gateway)


async def test_a_strangers_creation_leaves_the_pending_link_alone_for_its_window(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.create()
    token = await gateway.mailed_token()
    await gateway.create(password="Stranger-Danger-1")
    gateway.clock.forward(minutes=5, milliseconds=-1)
    assert await gateway.mailed_token() == token
    assert isinstance(await gateway.confirm(token), SignedIn)
    gateway.clock.forward(minutes=10)
    assert await gateway.mailed_token() == token  # the stranger's was overtaken
    assert not await is_work_left(gateway)


async def test_a_creation_after_a_strangers_is_mailed_when_its_turn_comes(gateway: Gateway) -> None:
    await gateway.create(password="Stranger-Danger-1")
    strangers = await gateway.mailed_token()
    await gateway.create()
    assert await gateway.mailed_token() == strangers
    assert await gateway.confirm(strangers) == LinkInvalid()
    gateway.clock.forward(minutes=5)
    token = await gateway.mailed_token()
    assert await gateway.confirm(strangers, "Stranger-Danger-1") == LinkInvalid()
    assert isinstance(await gateway.confirm(token), SignedIn)


async def test_a_block_is_told_though_the_hashing_was_overloaded(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gateway.add_account()
    await gateway.create(password="weak")
    await gateway.create(password="weak")

    async def overloaded(_: str) -> str:
        raise HashingOverloaded

    monkeypatch.setattr(gateway.accounts.tools.passwords, "hash", overloaded)
    assert isinstance(await gateway.create(), RateLimited)
    assert isinstance(await gateway.create(), AccountBlocked)
    await gateway.work()
    assert gateway.subjects == ["Votre compte est momentanément bloqué"]


async def test_the_third_creation_blocks_and_its_link_lifts_the_block(gateway: Gateway) -> None:
    for _ in range(3):
        assert await gateway.create() == AccountRequestAccepted()
    assert isinstance(await gateway.create(), AccountBlocked)
    token = await gateway.mailed_token()
    assert isinstance(await gateway.sign_in(NEW), AccountBlocked)
    assert isinstance(await gateway.confirm(token), SignedIn)
    assert isinstance(await gateway.sign_in(NEW), SignedIn)


async def test_never_created_labels_stay_on_hold_in_private(gateway: Gateway) -> None:
    for _ in range(3):
        await gateway.create(password="weak")
    gateway.clock.forward(minutes=10)
    assert await gateway.create() == AccountRequestAccepted()  # in public it looks like any other label
    await gateway.work()
    assert gateway.mails == []
    gateway.clock.forward(days=40)
    await gateway.create()
    await gateway.work()
    assert gateway.mails == []


async def test_a_label_with_an_account_is_not_held_in_private(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(3):
        await gateway.create(password="weak")
    gateway.clock.forward(minutes=10)
    await gateway.create()
    assert isinstance(await gateway.confirm(await gateway.mailed_token()), SignedIn)


async def test_the_holder_is_mailed_when_the_label_blocks_once_a_day(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(3):
        for _ in range(3):
            await gateway.create(password="weak")
        await gateway.work()
        gateway.clock.forward(minutes=10)
    assert gateway.subjects == ["Votre compte est momentanément bloqué"]
    gateway.clock.forward(days=1)
    for _ in range(3):
        await gateway.create(password="weak")
    await gateway.work()
    assert len(gateway.mails) == 2


async def test_names_and_label_may_not_stand_in_the_password(gateway: Gateway) -> None:
    for password in ("Bleu-Martin-26!", "L0048217-Azur!", "Elodie-Bleue-9", "Bailleur-Bleu-9"):
        gateway.clock.forward(days=1)
        rejected = await gateway.create(password=password)
        assert rejected == PasswordRejected((PasswordRule.CONTAINS_PERSONAL_DATA,), 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "no-address"},
        {"email": "a@b.example\r\nBcc: c@d.example"},
        {"email": "a" * 250 + "@b.example"},
        {"last_name": ""},
        {"first_name": "x" * 81},
        {"last_name": "a\x01"},
        {"birth_date": date(2027, 1, 1)},
        {"birth_date": date(1899, 12, 31)},
    ],
)
async def test_unreadable_forms_cost_no_try(gateway: Gateway, changes: dict[str, Any]) -> None:
    with pytest.raises(BadUserInput):
        await gateway.create(**changes)
    assert (await gateway.create(password="weak")).attempts_left == 2


async def test_closed_property_management_is_asked_again_when_it_opens(gateway: Gateway) -> None:
    gateway.directory.close()
    assert await gateway.create() == AccountRequestAccepted()
    for _ in range(15):
        await gateway.work()
        gateway.clock.forward(minutes=28)
    assert gateway.mails == []
    gateway.directory.error = None
    gateway.clock.forward(minutes=10)
    assert isinstance(await gateway.confirm(await gateway.mailed_token()), SignedIn)


async def test_the_co_holders_name_opens_nothing(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.models.lease import Identification

    async def not_principal(*_: object) -> Identification:
        return Identification(None, None, not_principal=True)

    monkeypatch.setattr(gateway.directory, "fetch_identification", not_principal)
    await gateway.create(CO_HELD)
    await gateway.work()
    assert gateway.mails == [] and not await is_work_left(gateway)


async def test_another_lease_holder_gets_an_account_of_their_own(gateway: Gateway) -> None:
    await gateway.create()
    former = await gateway.confirm(await gateway.mailed_token())
    await gateway.work()
    gateway.directory.change_holder(
        KNOWN, first_name="Karim", last_name="HADDAD", birth_date=date(1990, 1, 1), email="karim@example.org"
    )
    await gateway.create(last_name="Haddad", first_name="Karim", email="karim@example.org")
    token = await gateway.mailed_token()
    assert [mail.recipient for mail in gateway.mails[-2:]] == [EMAIL, "karim@example.org"]
    assert gateway.subjects[-2] == "Votre compte est fermé"
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(former.tokens.access_token, changing=True)
    signed_in = await gateway.confirm(token)
    assert signed_in.principal.account_id != former.principal.account_id
