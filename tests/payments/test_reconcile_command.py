"""`tenant-gateway payments reconcile` as an operator meets it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gateway.simulator import BILLING_SECRET, BILLING_USER, Simulator

from .conftest import Office

COMMAND = [sys.executable, "-c", "import sys; from gateway.cli import main; sys.exit(main())", "payments", "reconcile"]
HEAD = "TITRE;2026-11-04T02:00Z\r\nORDER_ID;OPERATION_DIRECTION;TRANSACTION_STATUS;AMOUNT;CURRENCY\r\n"


@pytest.fixture
def environment(office: Office, simulator: Simulator) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    settings = office.tools.settings
    return clean | {
        "GATEWAY_PROPERTY_URL": simulator.property_url,
        "GATEWAY_PROPERTY_USER": "unused",
        "GATEWAY_PROPERTY_PASSWORD": "unused",
        "GATEWAY_BILLING_URL": simulator.billing_url,
        "GATEWAY_BILLING_USER": BILLING_USER,
        "GATEWAY_BILLING_SECRET": BILLING_SECRET,
        "GATEWAY_BILLING_CLOSURE": "",
        "GATEWAY_DATABASE_URL": settings.database_url,
        "GATEWAY_PUBLIC_URL": "http://127.0.0.1:8000",
        "GATEWAY_SECRET_KEY": settings.secret_key.get_secret_value(),
    }


async def reconcile(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, env=environment, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_reconciling(office: Office, environment: dict[str, str], tmp_path: Path) -> None:
    payment, _ = await office.paid("369.65")
    await office.work()
    days = ("--from", "2026-11-03", "--to", "2026-11-03")
    assert await reconcile(environment, *days) == (
        0,
        "2026-11-03 to 2026-11-03: 1 agree, 0 on their way, 0 to look at\n",
        "",
    )
    report = tmp_path / "report.csv"
    report.write_text(HEAD + f"{payment.key};DEBIT;CAPTURED;36964;978\r\nlost;DEBIT;CAPTURED;500;978\r\n")
    code, out, _ = await reconcile(environment, *days, str(report))
    assert code == 1
    assert out.splitlines() == [
        f"AMOUNTS_DIFFER    {payment.key}  L0048217  2026-11-03  paid 369.64  booked 369.65  AUTHORISED",
        "PAID_NOT_BOOKED   lost  not placed here  -  paid 5.00  booked 0.00",
        "2026-11-03 to 2026-11-03: 0 agree, 0 on their way, 2 to look at",
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_wrong_is_one_line(environment: dict[str, str], simulator: Simulator, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.write_text("something else\r\n")
    code, _, err = await reconcile(environment, str(report))
    assert (code, err.count("\n")) == (2, 1)
    assert "is no transaction report of the payment page" in err
    code, _, err = await reconcile(environment, str(tmp_path / "missing.csv"))
    assert (code, err.count("\n"), "cannot be read" in err) == (2, 1, True)
