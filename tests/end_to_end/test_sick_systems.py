"""One legacy system down, hanging or talking nonsense: its fields are null with a code, the others are there."""

from typing import Any

import pytest

from tests.support import HOME, Gateway, HeldClock, run_gateway

BILLING_FIELDS = {"balance", "dueNotices"}
PROPERTY_FIELDS = {"leaseHolder", "lease", "dwelling", "waterConsumption", "advisor", "usefulContacts", "works"}
INTERNAL = ("127.0.0.1", "http", "Traceback", "html", "FAC-", "GL-", "Retour", "gateway.", "aiohttp", "Error(")

SICK = [
    ("PROPERTY_MANAGEMENT", "reset", {}, "UPSTREAM_UNAVAILABLE"),
    ("PROPERTY_MANAGEMENT", "html500", {}, "UPSTREAM_UNAVAILABLE"),
    ("PROPERTY_MANAGEMENT", "hang", {}, "UPSTREAM_TIMEOUT"),
    ("PROPERTY_MANAGEMENT", "garbage", {}, "UPSTREAM_MALFORMED"),
    ("PROPERTY_MANAGEMENT", "truncated", {}, "UPSTREAM_MALFORMED"),
    ("PROPERTY_MANAGEMENT", "soap_fault", {"code": "GL-900"}, "UPSTREAM_CLOSED"),
    ("BILLING", "reset", {}, "UPSTREAM_UNAVAILABLE"),
    ("BILLING", "too_many", {}, "UPSTREAM_UNAVAILABLE"),
    ("BILLING", "hang", {}, "UPSTREAM_TIMEOUT"),
    ("BILLING", "garbage", {}, "UPSTREAM_MALFORMED"),
    ("BILLING", "maintenance503", {}, "UPSTREAM_CLOSED"),
]
OPERATIONS = {
    "PROPERTY_MANAGEMENT": [
        "ConsulterContrats",
        "ConsulterLogements",
        "RelevesCompteurs",
        "ListerTravaux",
        "ConsulterConseillers",
        "ListerContacts",
    ],
    "BILLING": ["rechercherComptes", "rechercherAvis"],
}


def check_errors(errors: list[dict[str, Any]], fields: set[str], code: str, upstream: str) -> None:
    """Each field in error once, with the code, and nothing internal in the message."""
    assert {error["path"][1] for error in errors} == fields
    for error in errors:
        assert error["extensions"] == {"code": code, "upstream": upstream}
        assert not any(word in error["message"] for word in INTERNAL), error["message"]


@pytest.mark.parametrize(("upstream", "kind", "details", "code"), SICK)
async def test_a_sick_system_costs_its_fields_and_no_more(
    gateway: Gateway, clock: HeldClock, upstream: str, kind: str, details: dict[str, Any], code: str
) -> None:
    waits_in_vain = {"upstream_deadline_seconds": 1.0} if code == "UPSTREAM_TIMEOUT" else {}
    settings = gateway.settings.model_copy(update=waits_in_vain)
    healthy = (await gateway.data(HOME))["me"]
    async with run_gateway(gateway.simulator, settings, clock) as impatient:
        impatient.tokens = gateway.tokens
        for operation in OPERATIONS[upstream]:
            gateway.simulator.add_fault(operation, kind, **details)
        answer = await impatient.ask(HOME)
    sick = BILLING_FIELDS if upstream == "BILLING" else PROPERTY_FIELDS
    check_errors(answer["errors"], sick, code, upstream)
    assert {name for name in sick if answer["data"]["me"][name] is not None} == set()
    well = {name: value for name, value in healthy.items() if name not in sick}
    assert {name: answer["data"]["me"][name] for name in well} == well


async def test_both_systems_refused_connections(gateway: Gateway, clock: HeldClock) -> None:
    await gateway.sign_in()
    dead = {"property_url": "http://127.0.0.1:9/ws/GestionLocative", "billing_url": "http://127.0.0.1:9/api/v1"}
    async with run_gateway(gateway.simulator, gateway.settings.model_copy(update=dead), clock) as lonely:
        lonely.tokens = gateway.tokens
        answer = await lonely.ask("{ me { accountLabel lease { reference } balance { due { cents } } } }")
        assert answer["data"]["me"] == {"accountLabel": "L0048217", "lease": None, "balance": None}
        assert {error["extensions"]["upstream"] for error in answer["errors"]} == {"PROPERTY_MANAGEMENT", "BILLING"}
        status = await lonely.data("{ serviceStatus { systems { system state } } }")
        assert {each["state"] for each in status["serviceStatus"]["systems"]} == {"DEGRADED"}


async def test_the_night(gateway: Gateway, clock: HeldClock) -> None:
    gateway.simulator.set_nights(True)
    clock.advance(hours=13)  # 23:00 in Paris
    gateway.tokens.clear()
    answer = await gateway.ask(HOME)
    check_errors(answer["errors"], PROPERTY_FIELDS, "UPSTREAM_CLOSED", "PROPERTY_MANAGEMENT")
    assert answer["data"]["me"]["balance"]["amount"]["cents"] == 36965
    status = await gateway.data("{ serviceStatus { systems { system state since } } }")
    assert {each["system"]: each["state"] for each in status["serviceStatus"]["systems"]} == {
        "PROPERTY_MANAGEMENT": "CLOSED",
        "BILLING": "UP",
    }


async def test_the_message_is_in_the_callers_language(gateway: Gateway) -> None:
    gateway.simulator.add_fault("rechercherComptes", "html500")
    token = await gateway.sign_in()
    query = {"query": "{ me { balance { due { cents } } } }"}
    _, french = await gateway.post(query, token=token)
    _, english = await gateway.post(query, token=token, **{"Accept-Language": "en-GB,en;q=0.9"})
    assert french["errors"][0]["message"].startswith("La facturation ne répond pas")
    assert english["errors"][0]["message"].startswith("Billing does not answer")


async def test_settings_of_another_company_are_ours_to_mend(gateway: Gateway, clock: HeldClock, caplog: Any) -> None:
    settings = gateway.settings.model_copy(update={"property_company": "99"})
    async with run_gateway(gateway.simulator, settings, clock) as foreign:
        foreign.tokens = {"L0048217": await gateway.sign_in()}
        answer = await foreign.ask("{ me { lease { reference } } }")
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert "ours to mend" in caplog.text
