"""The command line as an operator meets it: plain lines when something is wrong, a clean end at Ctrl-C."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.accounts import migrate_database
from gateway.simulator import BILLING_SECRET, BILLING_USER, PROPERTY_PASSWORD, PROPERTY_USER, Simulator
from tests.support import free_port

COMMAND = [sys.executable, "-c", "import sys; from gateway.cli import main; sys.exit(main())"]
SECRET = "a secret of the tests that is long enough"


def environment(simulator: Simulator | None, folder: Path, **changes: str) -> dict[str, str]:
    """The variables of a gateway over that simulator; what the machine has of its own is left out."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    if simulator is None:
        return clean | changes
    return clean | {
        "GATEWAY_PROPERTY_URL": simulator.property_url,
        "GATEWAY_PROPERTY_USER": PROPERTY_USER,
        "GATEWAY_PROPERTY_PASSWORD": PROPERTY_PASSWORD,
        "GATEWAY_BILLING_URL": simulator.billing_url,
        "GATEWAY_BILLING_USER": BILLING_USER,
        "GATEWAY_BILLING_SECRET": BILLING_SECRET,
        "GATEWAY_DATABASE_URL": f"sqlite:///{folder / 'gateway.sqlite'}",
        "GATEWAY_PUBLIC_URL": "http://127.0.0.1:8000",
        "GATEWAY_SECRET_KEY": SECRET,
        "GATEWAY_PROPERTY_CLOSURE": "",  # the tests run by night, too
        "GATEWAY_BILLING_CLOSURE": "",
        **changes,
    }


async def run(*arguments: str, env: dict[str, str], cwd: Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=env, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def running(*arguments: str, env: dict[str, str], cwd: Path, until: str) -> AsyncIterator[tuple[Any, str]]:
    """A command that serves, once it has printed `until`; stopped by Ctrl-C at the end, which must be clean."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=env, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    printed = ""
    async with asyncio.timeout(60):
        while until not in printed:
            line = await process.stdout.readline()
            assert line, (printed, await process.stderr.read() if process.stderr else b"")
            printed += line.decode()
    try:
        yield process, printed
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode in {0, 130}
        assert b"Traceback" not in err, err


@pytest.fixture
def nothing(tmp_path: Path) -> dict[str, str]:
    return environment(None, tmp_path)


async def test_missing_and_wrong_settings_are_one_line_each(
    nothing: dict[str, str], simulator: Simulator, tmp_path: Path
) -> None:
    code, _, err = await run("serve", env=nothing, cwd=tmp_path)
    assert code == 2
    assert "GATEWAY_PROPERTY_URL is not set: SOAP address of property management" in err
    assert all(line.startswith("tenant-gateway: GATEWAY_") for line in err.splitlines())
    wrong = environment(simulator, tmp_path, GATEWAY_SECRET_KEY="short", GATEWAY_BILLING_URL="ftp://x")
    code, _, err = await run("serve", env=wrong, cwd=tmp_path)
    assert code == 2
    assert err.splitlines() == [
        "tenant-gateway: GATEWAY_BILLING_URL: must be an address that begins with http:// or https://",
        "tenant-gateway: GATEWAY_SECRET_KEY: must have at least 32 characters (each of them, where there are several)",
    ]
    assert "short" not in err.replace("short characters", "")


async def test_a_database_that_is_not_there_or_not_ready_is_one_line(simulator: Simulator, tmp_path: Path) -> None:
    env = environment(simulator, tmp_path)
    code, _, err = await run("serve", "--port", "0", env=env, cwd=tmp_path)
    assert (code, err.count("\n"), "run `tenant-gateway migrate`" in err) == (2, 1, True)
    gone = env | {"GATEWAY_DATABASE_URL": f"postgresql://u:p@127.0.0.1:{free_port()}/x"}
    for command in ("serve", "migrate"):
        code, _, err = await run(command, env=gone, cwd=tmp_path)
        assert (code, err.count("\n"), "database" in err) == (2, 1, True), err


async def test_the_demo_does_not_mind_the_environment(nothing: dict[str, str], tmp_path: Path) -> None:
    odd = nothing | {"GATEWAY_MAX_BODY_BYTES": "abc", "GATEWAY_ADVICE_DIRECTORY": "/nonexistent"}
    async with running("demo", "--port", "0", "--tenants", "1", env=odd, cwd=tmp_path, until="Ctrl-C") as (_, printed):
        assert "L0048217" in printed


async def test_settings_that_make_no_sense_are_lines_not_traces(simulator: Simulator, tmp_path: Path) -> None:
    good = environment(simulator, tmp_path)
    for change in (
        {"GATEWAY_DATABASE_URL": "postgresql://u:p@127.0.0.1:abc/x"},
        {"GATEWAY_DATABASE_URL": "sqlite:////proc/nonexistent/x.sqlite"},
        {"GATEWAY_PROPERTY_PASSWORD": ""},
        {"GATEWAY_MAX_BODY_BYTES": "abc"},
        {"GATEWAY_PROPERTY_CLOSURE": "at night"},
        {"GATEWAY_TRUSTED_PROXIES": "my-proxy"},
    ):
        code, out, err = await run("serve", "--port", "0", env=good | change, cwd=tmp_path)
        assert (code, err.count("\n"), out) == (2, 1, ""), err
    (tmp_path / ".env").write_bytes(b"GATEWAY_X=\xff")
    code, _, err = await run("serve", env=good, cwd=tmp_path)
    assert (code, err) == (2, "tenant-gateway: .env is not written in UTF-8\n")


async def test_an_env_file_is_read(simulator: Simulator, tmp_path: Path) -> None:
    settings = environment(simulator, tmp_path)
    lines = [f"{name}={value}" for name, value in settings.items() if name.startswith("GATEWAY_")]
    (tmp_path / ".env").write_text("\n".join(lines))
    code, _, err = await run("migrate", env=environment(None, tmp_path), cwd=tmp_path)
    assert (code, err) == (0, "")
    assert (tmp_path / "gateway.sqlite").stat().st_mode & 0o077 == 0


async def test_check_says_what_is_wrong(simulator: Simulator, tmp_path: Path) -> None:
    good = environment(simulator, tmp_path)
    code, out, _ = await run("check", env=good, cwd=tmp_path)
    assert (code, "run `tenant-gateway migrate`" in out) == (1, True)
    await asyncio.to_thread(migrate_database, good["GATEWAY_DATABASE_URL"])
    code, out, err = await run("check", env=good, cwd=tmp_path)
    assert (code, err) == (0, ""), out
    assert out.count("answers") == 3
    for change, expected in [
        ({"GATEWAY_PROPERTY_PASSWORD": "wrong"}, "property management    code 20"),
        ({"GATEWAY_BILLING_SECRET": "wrong"}, "billing                HTTP 401"),
        ({"GATEWAY_PROPERTY_URL": f"http://127.0.0.1:{free_port()}/ws"}, "does anything listen there?"),
        ({"GATEWAY_PROPERTY_URL": simulator.billing_url}, "property management"),
    ]:
        code, out, _ = await run("check", env=good | change, cwd=tmp_path)
        assert (code, expected in out) == (1, True), out
        assert "wrong" not in out


async def test_a_port_in_use_is_one_line(simulator: Simulator, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        env = environment(simulator, tmp_path)
        await asyncio.to_thread(migrate_database, env["GATEWAY_DATABASE_URL"])
        for arguments in (
            ("simulate", "--property-port", port),
            ("simulate", "--admin-port", port, "--property-port", "0", "--billing-port", "0", "--payment-port", "0"),
            ("demo", "--port", port),
            ("serve", "--port", port),
        ):
            code, _, err = await run(*arguments, env=env, cwd=tmp_path)
            assert (code, len(err.splitlines())) == (2, 1), err
            assert "cannot listen" in err


async def test_simulate_serves_both_systems_and_stops_at_once(nothing: dict[str, str], tmp_path: Path) -> None:
    free = ("--property-port", "0", "--billing-port", "0", "--admin-port", "0", "--payment-port", "0")
    ports = (*free, "--now", "2026-11-03T10:00")
    async with running("simulate", *ports, env=nothing, cwd=tmp_path, until="Ctrl-C") as (process, printed):
        wsdl, billing = re.findall(r"(http://\S+\?wsdl|http://\S+/api/v1)\s", printed)[:2]
        async with aiohttp.ClientSession() as http:
            async with http.get(wsdl) as answer:
                assert "wsdl:definitions" in await answer.text()
            async with http.get(f"{billing}/sante") as answer:
                assert answer.status == 200
            # A call under way does not keep it from stopping.
            hanging = asyncio.create_task(hang(http, printed, billing))
            await asyncio.sleep(0.5)
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), 30)  # the hanging call would take a minute
            await asyncio.gather(hanging, return_exceptions=True)


async def hang(http: aiohttp.ClientSession, printed: str, billing: str) -> None:
    admin = re.findall(r"http://\S+", printed)[3]
    await (await http.post(f"{admin}/faults", json={"operation": "*", "kind": "hang"})).read()
    await (await http.post(f"{billing}/jetons", json={"identifiant": "a", "secret": "b"})).read()


async def test_the_demo_from_start_to_end(nothing: dict[str, str], tmp_path: Path) -> None:
    async with running("demo", "--port", "0", env=nothing, cwd=tmp_path, until="Ctrl-C") as (_, printed):
        script = printed[printed.index("  TOKEN=") : printed.index("Ctrl-C")]
        shell = await asyncio.create_subprocess_shell(script, stdout=asyncio.subprocess.PIPE)
        out, _ = await asyncio.wait_for(shell.communicate(), 20)
        assert "Élodie MARTIN" in out.decode()
        assert "369,65\u00a0€" in out.decode()


async def test_serve_and_stop(simulator: Simulator, tmp_path: Path) -> None:
    env = environment(simulator, tmp_path)
    await asyncio.to_thread(migrate_database, env["GATEWAY_DATABASE_URL"])
    async with running("serve", "--port", "0", env=env, cwd=tmp_path, until="serves on") as (_, printed):
        address = re.findall(r"http://\S+", printed)[0]
        async with aiohttp.ClientSession() as http, http.get(f"{address}/readyz") as answer:
            assert (answer.status, (await answer.json())["database"]) == (200, "ready")


async def test_the_schema_is_printed_and_checked(nothing: dict[str, str], tmp_path: Path) -> None:
    code, printed, _ = await run("schema", env=nothing, cwd=tmp_path)
    assert code == 0
    code, _, err = await run("schema", "--check", env=nothing, cwd=tmp_path)
    assert (code, "out of step" in err) == (1, True)
    (tmp_path / "schema.graphql").write_text(printed)
    code, _, _ = await run("schema", "--check", env=nothing, cwd=tmp_path)
    assert code == 0
