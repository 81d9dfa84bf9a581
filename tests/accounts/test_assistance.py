"""The assistance form: kept for staff, who open the label again or do not."""

from dataclasses import asdict, replace
from datetime import date

import pytest

from gateway.accounts.assistance import Handled
from gateway.models.account import (
    AssistanceForm,
    AssistanceRequested,
    AssistanceState,
    FormField,
    InvalidForm,
    SignedIn,
)

from .conftest import Gateway
from .people import KNOWN, NO_CONTACT

FORM = AssistanceForm(
    account_label=" l0048217",
    last_name="Martin",
    first_name="Élodie",
    birth_date=date(1987, 5, 14),
    email="elodie.martin@example.org",
    message="Mon compte est bloqué.\nMerci !",
)


async def requested(gateway: Gateway, form: AssistanceForm = FORM) -> str:
    outcome = await gateway.accounts.request_assistance(form, gateway.caller)
    assert isinstance(outcome, AssistanceRequested)
    return outcome.reference


async def test_a_request_is_listed_with_all_that_was_written(gateway: Gateway) -> None:
    reference = await requested(gateway)
    (listed,) = await gateway.accounts.list_assistance()
    assert (listed.reference, listed.state) == (reference, AssistanceState.OPEN)
    assert listed.form and asdict(listed.form) == asdict(replace(FORM, account_label=KNOWN))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"account_label": ""}, [FormField.ACCOUNT_LABEL]),
        ({"last_name": " ", "first_name": ""}, [FormField.LAST_NAME, FormField.FIRST_NAME]),
        ({"email": None}, [FormField.EMAIL, FormField.PHONE]),
        ({"email": "nonsense"}, [FormField.EMAIL]),
        ({"message": "x" * 2_001}, [FormField.MESSAGE]),
        ({"phone": "\x00"}, [FormField.PHONE]),
        ({"birth_date": date(2100, 1, 1)}, [FormField.BIRTH_DATE]),
    ],
)
async def test_unreadable_fields_are_named(
    gateway: Gateway, changes: dict[str, object], fields: list[FormField]
) -> None:
    form = replace(FORM, **changes)  # type: ignore[arg-type]
    assert await gateway.accounts.request_assistance(form, gateway.caller) == InvalidForm(tuple(fields))
    assert await gateway.accounts.list_assistance() == ()


async def test_accepting_releases_the_label_and_mails(gateway: Gateway) -> None:
    for _ in range(3):
        await gateway.create(password="weak")
    gateway.clock.forward(minutes=10)
    await gateway.create()
    await gateway.work()
    assert gateway.mails == []
    reference = await requested(gateway)
    assert await gateway.accounts.accept_assistance(reference, "operator") is Handled.DONE
    await gateway.work()
    assert gateway.subjects == ["Vous pouvez créer votre compte"]
    assert reference in gateway.mails[0].text
    gateway.clock.forward(seconds=1)
    await gateway.create()
    assert isinstance(await gateway.confirm(await gateway.mailed_token()), SignedIn)


async def test_accepting_lifts_a_block(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(3):
        await gateway.create(password="weak")
    await gateway.accounts.accept_assistance(await requested(gateway), "operator")
    assert isinstance(await gateway.sign_in(), SignedIn)


async def test_sending_the_form_opens_nothing_nor_does_refusing(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(3):
        await gateway.create(password="weak")
    blocked = await gateway.sign_in()
    reference = await requested(gateway)
    assert await gateway.sign_in() == blocked
    assert await gateway.accounts.refuse_assistance(reference, "operator") is Handled.DONE
    assert await gateway.sign_in() == blocked
    await gateway.work()
    assert "Votre demande d’assistance" in gateway.subjects


async def test_a_request_is_handled_once(gateway: Gateway) -> None:
    reference = await requested(gateway)
    assert await gateway.accounts.refuse_assistance(reference, "operator") is Handled.DONE
    assert await gateway.accounts.accept_assistance(reference, "operator") is Handled.CLOSED_ALREADY
    assert await gateway.accounts.accept_assistance("AS-NOTTHERE", "operator") is Handled.UNKNOWN
    (closed,) = await gateway.accounts.list_assistance(AssistanceState.REFUSED)
    assert closed.closed_at == gateway.clock()


async def test_an_accepted_address_stands_in_for_a_contact_that_is_missing(gateway: Gateway) -> None:
    names = {"last_name": "Diaz", "first_name": "Rosa"}
    await gateway.create(NO_CONTACT, **names)
    await gateway.work()
    assert gateway.mails == []
    form = replace(FORM, account_label=NO_CONTACT, email="rosa@example.org", **names)  # type: ignore[arg-type]
    await gateway.accounts.accept_assistance(await requested(gateway, form), "operator")
    await gateway.create(NO_CONTACT, email="rosa@example.org", **names)
    signed_in = await gateway.confirm(await gateway.mailed_token())
    assert isinstance(signed_in, SignedIn)
    assert {mail.recipient for mail in gateway.mails} == {"rosa@example.org"}
