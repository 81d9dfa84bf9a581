"""« J'ai oublié mon mot de passe », and changing the password while signed in."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gateway.errors import Unauthenticated
from gateway.models.account import (
    AccountBlocked,
    ClientKind,
    InvalidCredentials,
    LinkInvalid,
    PasswordAttemptsExhausted,
    PasswordRejected,
    PasswordRenewal,
    PasswordRenewed,
    PasswordRule,
    ResetRequestAccepted,
    SessionExpired,
    SessionRefreshed,
    SignedIn,
)
from gateway.models.money import Locale

from .conftest import EMAIL, PASSWORD, Gateway
from .people import LEASED, UNKNOWN

CHANGED = "Autre-Rivage-31"
ROTATED = "second-secret-key-of-the-tests-0123456789,first-secret-key-of-the-tests-0123456789"


async def reset_token(gateway: Gateway) -> str:
    assert await gateway.request_reset() == ResetRequestAccepted()
    return await gateway.mailed_token()


async def test_a_reset_from_request_to_session(gateway: Gateway) -> None:
    await gateway.add_account()
    before = await gateway.signed_in()
    token = await reset_token(gateway)
    assert gateway.mails[-1].recipient == EMAIL
    assert f"https://tenants.example/account/reset#token={token}" in gateway.mails[-1].text
    assert isinstance(await gateway.reset(token), SignedIn)
    assert before.tokens
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(before.tokens.access_token)
    assert isinstance(await gateway.sign_in(CHANGED), SignedIn)
    assert await gateway.sign_in(PASSWORD) == InvalidCredentials(2)
    await gateway.work()
    assert gateway.subjects == ["Choisissez un nouveau mot de passe", "Votre mot de passe a été modifié"]


@pytest.mark.parametrize("label", [LEASED, UNKNOWN])
async def test_a_label_without_account_is_mailed_nothing(gateway: Gateway, label: str) -> None:
    assert await gateway.request_reset(label) == ResetRequestAccepted()
    await gateway.work()
    assert gateway.mails == []


async def test_one_of_twenty_resets_wins(gateway: Gateway) -> None:
    await gateway.add_account()
    token = await reset_token(gateway)
    outcomes = await asyncio.gather(*(gateway.reset(token, f"Autre-Rivage-{number}") for number in range(20)))
    assert sorted(type(each).__name__ for each in outcomes) == ["LinkInvalid"] * 19 + ["SignedIn"]
    winner = next(number for number, each in enumerate(outcomes) if isinstance(each, SignedIn))
    assert isinstance(await gateway.sign_in(f"Autre-Rivage-{winner}"), SignedIn)


async def test_a_reset_link_ends_after_an_hour_a_newer_one_and_use(gateway: Gateway) -> None:
    await gateway.add_account()
    first = await reset_token(gateway)
    gateway.clock.forward(minutes=5)
    second = await reset_token(gateway)
    assert await gateway.reset(first) == LinkInvalid()
    gateway.clock.forward(hours=1)
    assert await gateway.reset(second) == LinkInvalid()
    third = await reset_token(gateway)
    gateway.clock.forward(hours=1, milliseconds=-1)
    assert isinstance(await gateway.reset(third), SignedIn)
    assert await gateway.reset(third) == LinkInvalid()


async def test_a_link_does_what_it_is_for_and_nothing_else(gateway: Gateway) -> None:
    await gateway.add_account()
    token = await reset_token(gateway)
    assert await gateway.confirm(token, PASSWORD) == LinkInvalid()
    await gateway.create()
    creation = await gateway.mailed_token()
    assert await gateway.reset(creation) == LinkInvalid()
    assert isinstance(await gateway.reset(token), SignedIn)
    assert await gateway.confirm(creation) == LinkInvalid()  # a changed password ends every other link


@pytest.mark.parametrize("token", ["", "x", "\ud800", "x" * 2_000])
async def test_made_up_links_are_invalid(gateway: Gateway, token: str) -> None:
    hashes = gateway.accounts.tools.passwords.hashes_done
    assert await gateway.reset(token) == await gateway.confirm(token) == LinkInvalid()
    assert gateway.accounts.tools.passwords.hashes_done == hashes


async def test_a_reset_works_and_opens_the_gate_while_blocked(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(3):
        await gateway.create(password="weak")
    assert isinstance(await gateway.sign_in(), AccountBlocked)
    token = await reset_token(gateway)
    assert isinstance(await gateway.sign_in(), AccountBlocked)  # asking for the link opens nothing
    assert isinstance(await gateway.reset(token), SignedIn)
    assert isinstance(await gateway.sign_in(CHANGED), SignedIn)


async def test_a_weak_password_leaves_the_link_as_it_is(gateway: Gateway) -> None:
    await gateway.create()
    await gateway.confirm(await gateway.mailed_token())
    token = await reset_token(gateway)
    assert await gateway.reset(token, "short") == PasswordRejected(
        (
            PasswordRule.MIN_LENGTH,
            PasswordRule.DIGIT,
            PasswordRule.UPPERCASE,
            PasswordRule.SPECIAL_CHARACTER,
        ),
        None,
    )
    # Of the holder's name the account knows digests only.
    personal = PasswordRejected((PasswordRule.CONTAINS_PERSONAL_DATA,), None)
    assert await gateway.reset(token, "xMartin-2026!") == personal
    assert await gateway.reset(token, "ÉLODIE-bleue-9") == personal
    assert isinstance(await gateway.reset(token), SignedIn)


async def test_no_label_is_mailed_without_end(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(60):  # an hour of it
        for _ in range(3):
            await gateway.request_reset()
        await gateway.work()
        gateway.clock.forward(minutes=1)
    assert len(gateway.mails) == 12
    token = await reset_token(gateway)
    assert len(gateway.mails) == 13  # whoever asks after the window is always mailed
    assert isinstance(await gateway.reset(token), SignedIn)


async def test_requests_soon_after_another_leave_its_link_alone(gateway: Gateway) -> None:
    await gateway.add_account()
    token = await reset_token(gateway)
    gateway.clock.forward(minutes=5, milliseconds=-1)
    assert await reset_token(gateway) == token
    assert len(gateway.mails) == 1
    gateway.clock.forward(milliseconds=1)
    newer = await reset_token(gateway)
    assert newer != token
    assert await gateway.reset(token) == LinkInvalid()
    assert isinstance(await gateway.reset(newer), SignedIn)
    assert await reset_token(gateway) != newer  # a link that was used stands for no other


async def test_a_changed_password_ends_links_under_a_newer_secret(open_gateway: Callable[..., Any]) -> None:
    former = await open_gateway()
    await former.add_account()
    here = await former.signed_in()
    gateway = await open_gateway(secret_key=ROTATED)
    token = await reset_token(gateway)
    renewed = await gateway.accounts.renew_password(here.principal, PASSWORD, CHANGED, gateway.caller)
    assert isinstance(renewed, PasswordRenewed)
    assert await gateway.reset(token, "Encore-Autre-31") == LinkInvalid()


async def test_mails_speak_the_callers_language(gateway: Gateway) -> None:
    await gateway.add_account()
    gateway.caller = replace(gateway.caller, locale=Locale.EN)
    await reset_token(gateway)
    assert gateway.mails[-1].subject == "Choose a new password"
    assert gateway.mails[-1].language == "en"


async def test_renewing_ends_the_other_sessions_and_keeps_this_one(gateway: Gateway) -> None:
    await gateway.add_account()
    other = await gateway.signed_in()
    here = await gateway.signed_in()
    outcome = await gateway.accounts.renew_password(here.principal, PASSWORD, CHANGED, gateway.caller)
    assert isinstance(outcome, PasswordRenewed) and outcome.tokens and here.tokens and other.tokens
    assert outcome.tokens.refresh_token == here.tokens.refresh_token
    for token in (here.tokens.access_token, outcome.tokens.access_token):
        await gateway.accounts.principal_for_bearer(token)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(other.tokens.access_token)
    assert isinstance(await gateway.sign_in(CHANGED), SignedIn)
    await gateway.work()
    assert gateway.subjects == ["Votre mot de passe a été modifié"]


async def test_renewing_asks_for_the_current_password_through_the_gate(gateway: Gateway) -> None:
    await gateway.add_account()
    here = await gateway.signed_in(client=ClientKind.WEB)

    async def renew(current: str, new: str = CHANGED) -> object:
        return await gateway.accounts.renew_password(here.principal, current, new, gateway.caller)

    assert await renew(PASSWORD, PASSWORD) == PasswordRejected((PasswordRule.SAME_AS_CURRENT,), None)
    assert [await renew("wrong") for _ in range(2)] == [InvalidCredentials(2), InvalidCredentials(1)]
    held = await renew("wrong")
    assert isinstance(held, PasswordAttemptsExhausted)
    assert await renew(PASSWORD) == held == await gateway.sign_in()
    for _ in range(3):
        await gateway.create(password="weak")
    blocked = await gateway.sign_in()
    assert isinstance(blocked, AccountBlocked)
    assert await renew(PASSWORD) == PasswordAttemptsExhausted(blocked.unblock_at)
    gateway.clock.forward(minutes=10)
    renewed = await renew(PASSWORD)
    assert isinstance(renewed, PasswordRenewed) and renewed.tokens is None


async def test_the_anniversary_invites_to_renew(gateway: Gateway) -> None:
    gateway.clock.set("2024-02-29T08:00")
    await gateway.add_account()
    gateway.clock.set("2025-02-27T22:59")
    signed_in = await gateway.signed_in()
    assert signed_in.renewal is None and signed_in.tokens
    gateway.clock.set("2025-02-27T23:00")  # midnight in Paris
    renewal = PasswordRenewal(date(2025, 2, 28), mandatory=False)
    refreshed = await gateway.accounts.refresh_session(signed_in.tokens.refresh_token, gateway.caller)
    assert isinstance(refreshed, SessionRefreshed) and refreshed.renewal == renewal
    signed_in = await gateway.signed_in()
    assert signed_in.renewal == renewal and not signed_in.principal.renewal_only
    await gateway.accounts.renew_password(signed_in.principal, PASSWORD, CHANGED, gateway.caller)
    assert (await gateway.signed_in(password=CHANGED)).renewal is None
    gateway.clock.set("2028-02-29T08:00")
    assert (await gateway.signed_in(password=CHANGED)).renewal == PasswordRenewal(date(2028, 2, 29), mandatory=False)


async def test_a_mandatory_renewal_restricts_the_session_until_done(open_gateway: object) -> None:
    gateway = await open_gateway(password_renewal_mandatory=True)  # type: ignore[operator]
    await gateway.add_account()
    here = await gateway.signed_in()
    assert not here.principal.renewal_only
    gateway.clock.forward(days=365)
    expired = await gateway.accounts.refresh_session(here.tokens.refresh_token, gateway.caller)
    assert expired == SessionExpired()
    here = await gateway.signed_in()
    assert here.principal.renewal_only and here.renewal.mandatory
    refreshed = await gateway.accounts.refresh_session(here.tokens.refresh_token, gateway.caller)
    assert refreshed.principal.renewal_only
    await gateway.accounts.renew_password(here.principal, PASSWORD, CHANGED, gateway.caller)
    principal = await gateway.accounts.principal_for_bearer(refreshed.tokens.access_token)
    assert not principal.renewal_only
