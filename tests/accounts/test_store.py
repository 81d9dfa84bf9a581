"""The database: every column accounted for, migrations in step, nothing readable that must not be."""

import logging
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from gateway.accounts import migrate_database, open_accounts
from gateway.models.account import AssistanceForm, SignedIn
from gateway.moments import DAY
from gateway.store import Store
from gateway.store.tables import METADATA

from .conftest import PASSWORD, Clock, Gateway, settings_for
from .people import KNOWN, UNKNOWN


def test_every_column_says_what_it_holds_and_what_ends_it() -> None:
    for table in METADATA.sorted_tables:
        for column in table.columns:
            assert column.info.get("holds") and column.info.get("until"), f"{table.name}.{column.name}"


async def test_migrations_make_the_tables_of_the_code(gateway: Gateway) -> None:
    async with gateway.accounts.tools.store.read() as tx:
        differences = await tx.run_sync(
            lambda connection: compare_metadata(MigrationContext.configure(connection), METADATA)
        )
    assert differences == []


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/folder/gateway.sqlite"
    migrate_database(url)
    migrate_database(url)


async def test_a_database_without_tables_or_server_is_told_in_plain_words(tmp_path: Path) -> None:
    for url, told in (
        (f"sqlite:///{tmp_path}/empty.sqlite", "tenant-gateway migrate"),
        (f"postgresql://nobody@/none?host={tmp_path}", "GATEWAY_DATABASE_URL"),
    ):
        async with open_accounts(settings_for(url), Clock()) as accounts:
            assert told in (await accounts.find_problem() or "")
            assert not await accounts.is_reachable()


async def test_a_good_database_has_no_problem(gateway: Gateway) -> None:
    assert await gateway.accounts.find_problem() is None
    assert await gateway.accounts.is_reachable()


async def test_errors_show_no_values(gateway: Gateway) -> None:
    async with gateway.accounts.tools.store.read() as tx:
        with pytest.raises(Exception, match="nothing") as caught:
            await tx.execute(text("SELECT * FROM nothing WHERE a = :secret"), {"secret": "planted-value"})
    assert "planted-value" not in str(caught.value)


async def test_nothing_planted_is_in_the_database_or_the_log(
    gateway: Gateway, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    planted = await _live_through_everything(gateway)
    in_files = database_url.startswith("sqlite")
    contents = _read_files(tmp_path) if in_files else await _read_rows(database_url)
    assert len(contents) > 1_000
    for secret in planted:
        assert secret not in contents
        assert secret not in caplog.text


async def _live_through_everything(gateway: Gateway) -> list[str]:
    await gateway.create(email="typed.address@example.org")
    confirm = await gateway.mailed_token()
    signed_in = await gateway.confirm(confirm)
    assert isinstance(signed_in, SignedIn) and signed_in.tokens
    await gateway.sign_in("planted-wrong-password")
    await gateway.sign_in("planted-wrong-password", UNKNOWN)
    await gateway.request_reset()
    reset = await gateway.mailed_token()
    again = await gateway.reset(reset)
    assert isinstance(again, SignedIn) and again.tokens
    await gateway.accounts.refresh_session(again.tokens.refresh_token, gateway.caller)
    for _ in range(3):
        await gateway.create(UNKNOWN, "planted-weak", last_name="Planted-Name")
    form = AssistanceForm(UNKNOWN, "Planted-Name", "Planted", phone="0612345678", message="planted message")
    await gateway.accounts.request_assistance(form, gateway.caller)
    gateway.directory.close()
    gateway.clock.forward(seconds=1)
    await gateway.create(last_name="Waiting-Name")
    await gateway.work()
    return [
        *(confirm, reset, "Neuf-Chemins-88", "Autre-Rivage-31", "planted", "Planted", "Waiting-Name", "0612345678"),
        *(KNOWN, UNKNOWN, "0048217/01", "example.org", PASSWORD),
        *(signed_in.tokens.access_token, signed_in.tokens.refresh_token, again.tokens.refresh_token),
        signed_in.device_cookie,
    ]


def _read_files(folder: Path) -> str:
    return "".join(file.read_bytes().decode("latin-1") for file in folder.glob("gateway.sqlite*"))


async def _read_rows(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        rows = [str(row) for table in METADATA.tables for row in await connection.fetch(f"SELECT * FROM {table}")]
    finally:
        await connection.close()
    return "\n".join(rows)


async def test_a_write_that_fails_leaves_nothing_behind(gateway: Gateway) -> None:
    from gateway.store import events

    tools = gateway.accounts.tools
    with pytest.raises(RuntimeError):
        async with tools.store.write() as tx:
            await events.add(tx, "TEST", 0)
            raise RuntimeError
    async with tools.store.read() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM security_events"))).scalar_one() == 0


def test_moments_fit_into_thirteen_digits_for_long() -> None:
    from gateway.store.gate import DIGITS, digits

    assert len(digits(0)) == len(digits(9_999_999_999_999 - DAY)) == DIGITS


def test_addresses_of_databases_may_ask_for_tls(tmp_path: Path) -> None:
    store = Store("postgresql://user:secret@db.example/gateway?sslmode=verify-full")
    assert store.engine.url.drivername == "postgresql+asyncpg"
    assert "sslmode" not in store.engine.url.query
