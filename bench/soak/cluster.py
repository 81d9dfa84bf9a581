"""Two nodes behind nginx with all they need, as plain processes: PostgreSQL, Valkey, the simulator, a mail server."""

import asyncio
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench.soak import processes
from bench.soak.processes import Program
from gateway.accounts import migrate_database
from gateway.accounts.opening import build_tools, insert_account
from gateway.clock import system_clock
from gateway.settings import Settings, given_settings
from gateway.simulator import (
    BILLING_SECRET,
    BILLING_USER,
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_USER,
    Case,
    Landlord,
    Tenant,
)
from gateway.simulator.options import BILLING_PATH, PROPERTY_PATH
from tests.accounts.smtp import SmtpBox, running_box

SEED = 7
PASSWORD = "Tilleuls-57000!"
NGINX = Path(__file__).parents[2] / "deploy" / "nginx" / "nginx.conf"


@dataclass
class Cluster:
    """All that runs. `tenants` have accounts, each with the password PASSWORD and the contact that is on file."""

    nodes: list[Program]
    nginx: Program
    database: Program
    valkey: Program
    simulator: Program
    mails: SmtpBox
    tenants: list[Tenant]
    http: aiohttp.ClientSession
    folder: Path
    sent_again: int = 0
    """How often a read was sent once more because a connection had been closed while idle."""

    @property
    def url(self) -> str:
        """Where tenants reach it: nginx."""
        return f"http://127.0.0.1:{self.nginx.port}"

    async def turn(self, knob: str, **values: Any) -> None:
        """Turns one of the simulator's knobs."""
        async with self.http.post(f"http://127.0.0.1:{self.simulator.port}/{knob}", json=values) as response:
            response.raise_for_status()

    async def end_faults(self) -> None:
        """Ends every fault of the simulator."""
        async with self.http.delete(f"http://127.0.0.1:{self.simulator.port}/faults") as response:
            response.raise_for_status()

    async def simulator_state(self) -> dict[str, Any]:
        """What the simulator has counted."""
        async with self.http.get(f"http://127.0.0.1:{self.simulator.port}/state") as response:
            state: dict[str, Any] = await response.json()
            return state

    async def legacy_calls(self, operations: Sequence[str] | None = None) -> int:
        """How often the simulator's operations, or these of them, have been called."""
        counters = (await self.simulator_state())["counters"]
        return sum(each["calls"] for name, each in counters.items() if operations is None or name in operations)

    def take_in(self, *nodes: Program) -> None:
        """From now on nginx sends new requests to these nodes alone; what is under way is finished where it is."""
        self.write_nodes(*nodes)
        self.nginx.tell(signal.SIGHUP)

    def write_nodes(self, *nodes: Program) -> None:
        """The file by which nginx knows the nodes, read when it is told to."""
        lines = [
            f"server 127.0.0.1:{node.port} max_fails=3 fail_timeout=5s{'' if node in nodes else ' down'};\n"
            for node in self.nodes
        ]
        (self.folder / "nginx" / "nodes.conf").write_text("".join(lines))


@asynccontextmanager
async def running_cluster(
    *, tenants: int, latency: str = "realistic", logs: Path | None = None, **settings: Any
) -> AsyncIterator[Cluster]:
    """Everything started, the accounts opened; `settings` differ from the defaults. All of it ends with the block.

    What the programs printed goes with it, but for a copy in `logs`.
    """
    folder = _folder()
    async with AsyncExitStack() as stack:
        stack.callback(_clear, folder, logs)

        async def run(program: Program) -> Program:
            stack.push_async_callback(asyncio.to_thread, program.stop)
            return await asyncio.to_thread(program.start)

        database = await run(processes.database(folder))
        valkey = await run(processes.valkey(folder))
        # More tenants than accounts: some cannot be used (see _with_contact).
        landlord = Landlord(SEED, tenants * 2 + 20)
        program, ports = processes.simulator(folder, tenants=len(landlord.tenants), seed=SEED, latency=latency)
        simulator = await run(program)
        mails = await stack.enter_async_context(running_box())
        values = _values(ports, database.port, valkey.port, mails.port, settings)
        await asyncio.to_thread(migrate_database, values["database_url"])
        chosen = _with_contact(landlord, tenants)
        await _open_accounts(values, chosen)
        environment = {f"GATEWAY_{name.upper()}": str(value) for name, value in values.items()}
        nodes = [await run(processes.node(folder, f"node {number}", environment)) for number in (1, 2)]
        nginx = processes.nginx(folder, NGINX)
        http = await stack.enter_async_context(_client())
        cluster = Cluster(nodes, nginx, database, valkey, simulator, mails, chosen, http, folder)
        cluster.write_nodes(*nodes)
        await run(nginx)
        yield cluster


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gateway-soak-"))
    folder.chmod(0o755)  # nginx's workers and PostgreSQL are other users
    return folder


def _clear(folder: Path, logs: Path | None) -> None:
    if logs:
        logs.mkdir(parents=True, exist_ok=True)
        for log in folder.glob("*.log"):
            shutil.copy(log, logs)
    shutil.rmtree(folder, ignore_errors=True)


def _client() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=25)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=128), timeout=timeout)


def _values(
    ports: processes.SimulatorPorts, database: int, valkey: int, smtp: int, changed: dict[str, Any]
) -> dict[str, Any]:
    values = {
        "property_url": f"http://127.0.0.1:{ports.property_management}{PROPERTY_PATH}",
        "property_user": PROPERTY_USER,
        "property_password": PROPERTY_PASSWORD,
        "property_company": PROPERTY_COMPANY,
        "billing_url": f"http://127.0.0.1:{ports.billing}{BILLING_PATH}",
        "billing_user": BILLING_USER,
        "billing_secret": BILLING_SECRET,
        "database_url": f"postgresql://gateway@127.0.0.1:{database}/postgres",
        "valkey_url": f"valkey://127.0.0.1:{valkey}/0",
        "smtp_url": f"smtp://127.0.0.1:{smtp}",
        "public_url": "https://tenants.example.org",
        "secret_key": secrets.token_urlsafe(48),
        "trusted_proxies": "127.0.0.0/8",
        "property_closure": "",
        "billing_closure": "",
        "address_calls": 1_000_000,  # all tenants of a run come from one address
    }
    return values | changed


def contact(tenant: Tenant) -> str:
    """The mail address on file."""
    return (tenant.principal.email or "").strip()


def _with_contact(landlord: Landlord, count: int) -> list[Tenant]:
    """Tenants with a mail address of their own, a lease that runs, and nothing that property management fails on."""
    found: dict[str, Tenant] = {}
    for tenant in landlord.tenants:
        email = contact(tenant)
        if "@" in email and tenant.lease.state_code == "A" and tenant.dwelling and not tenant.shows(Case.FEED_DOWN):
            found.setdefault(email.lower(), tenant)
    assert len(found) >= count, "too few tenants have an address of their own"
    return list(found.values())[:count]


async def _open_accounts(values: dict[str, Any], tenants: list[Tenant]) -> None:
    known = {name: value for name, value in values.items() if name in Settings.model_fields}
    tools = build_tools(given_settings(**known), system_clock)
    try:
        for first in range(0, len(tenants), 8):
            await asyncio.gather(
                *(
                    insert_account(tools, each.account_number, each.lease_reference, PASSWORD, email=contact(each))
                    for each in tenants[first : first + 8]
                )
            )
    finally:
        tools.passwords.close()
        await tools.store.close()
