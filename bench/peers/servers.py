"""The servers that are measured and the simulator behind them: each a process of its own on 127.0.0.1."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.simulator import (
    BILLING_SECRET,
    BILLING_USER,
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_USER,
)

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
MOST_SECONDS_TO_START = 60.0


@dataclass
class Process:
    """A process that listens on a port, started by `start` and ended by `stop`."""

    name: str
    command: Sequence[str]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    start_seconds: float = 0.0
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> "Process":
        """Returns when a first request is answered; how long that took is in `start_seconds`."""
        began = time.perf_counter()
        outside = {name: value for name, value in os.environ.items() if not name.upper().startswith("GATEWAY_")}
        environment = outside | {"PORT": str(self.port)} | dict(self.environment)
        # What servers say of tenants with odd data is of interest only if they do not start.
        log = tempfile.TemporaryFile()  # noqa: SIM115
        self._running = subprocess.Popen(self.command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        while not self._answers():
            if self._running.poll() is not None or time.perf_counter() - began > MOST_SECONDS_TO_START:
                log.seek(0)
                raise RuntimeError(f"{self.name} did not start:\n{log.read().decode(errors='replace')[-2000:]}")
            time.sleep(0.01)
        self.start_seconds = time.perf_counter() - began
        return self

    def stop(self) -> None:
        """Ends it gently, so that it gives its session at property management back."""
        if self._running is None or self._running.poll() is not None:
            return
        self._running.send_signal(signal.SIGTERM)
        try:
            self._running.wait(15)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()

    def cpu_seconds(self) -> float:
        """What all threads of the process, and its children, have used of processors so far."""
        return sum(sum(map(int, _stat(pid)[11:15])) for pid in self._pids()) / TICKS

    def resident_megabytes(self) -> float:
        """Memory of the process and its children."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self._pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2

    def _pids(self) -> list[int]:
        assert self._running is not None
        found, looked_at = [self._running.pid], 0
        while looked_at < len(found):
            for children in Path(f"/proc/{found[looked_at]}/task").glob("*/children"):
                found += map(int, children.read_text().split())
            looked_at += 1
        return found

    def _answers(self) -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", b'{"query":"{__typename}"}')
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError:
            return False
        except OSError:
            return False


@dataclass
class Simulator(Process):
    """Both legacy systems, with the knobs and counters of the admin port."""

    def _answers(self) -> bool:
        try:
            return "tenants" in self.state()
        except OSError:
            return False

    def state(self) -> dict[str, Any]:
        """What the admin port says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/state", timeout=5) as response:
            return dict(json.loads(response.read()))

    def tell(self, knob: str, **fields: object) -> None:
        """Turns a knob."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{knob}", json.dumps(fields).encode())
        urllib.request.urlopen(request, timeout=5).close()

    def calls(self) -> int:
        """How many data calls both systems have taken."""
        access = {"OuvrirSession", "FermerSession", "creerJeton"}
        counters = self.state()["counters"]
        return sum(counter["calls"] for name, counter in counters.items() if name not in access)


@dataclass(frozen=True)
class Addresses:
    """Where the simulated systems listen."""

    property_port: int
    billing_port: int

    @property
    def property_url(self) -> str:
        return f"http://127.0.0.1:{self.property_port}/ws/GestionLocative"

    @property
    def billing_url(self) -> str:
        return f"http://127.0.0.1:{self.billing_port}/api/v1"


def simulator(tenants: int, seed: int) -> tuple[Simulator, Addresses]:
    """The simulator, not started yet."""
    addresses, admin_port = Addresses(free_port(), free_port()), free_port()
    options = {
        "--tenants": tenants,
        "--seed": seed,
        "--property-port": addresses.property_port,
        "--billing-port": addresses.billing_port,
        "--payment-port": free_port(),
        "--admin-port": admin_port,
    }
    words = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "-c", "import sys; from gateway.cli import main; sys.exit(main())", "simulate", *words]
    return Simulator("simulator", command, admin_port), addresses


def gateway(settings: Mapping[str, str], *options: str) -> Process:
    """The gateway with these settings."""
    port = free_port()
    command = [sys.executable, "-m", "bench.peers.own", "--port", str(port), *options]
    environment = {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    return Process("tenant-gateway", command, port, environment | {"PYTHONPATH": str(ROOT)})


def settings_for(addresses: Addresses, folder: Path) -> dict[str, str]:
    """Settings of a gateway in production over that simulator, by name."""
    return {
        "environment": "production",
        "property_url": addresses.property_url,
        "property_user": PROPERTY_USER,
        "property_password": PROPERTY_PASSWORD,
        "property_company": PROPERTY_COMPANY,
        "billing_url": addresses.billing_url,
        "billing_user": BILLING_USER,
        "billing_secret": BILLING_SECRET,
        "database_url": f"sqlite:///{folder / 'gateway.sqlite'}",
        "public_url": "https://gateway.example",
        "secret_key": "of a benchmark and long enough for one",
        "property_closure": "",
        "billing_closure": "",
        "warm_up_at": "",
    }


def node_peer(name: str, script: str, addresses: Addresses) -> Process:
    """A server of the npm world."""
    environment = _peer_environment(addresses) | {"NODE_ENV": "production"}
    return Process(name, [str(node_program()), script], free_port(), environment, HERE / "node")


def python_peer(name: str, module: str, addresses: Addresses) -> Process:
    """A server of the PyPI world on uvicorn with uvloop and httptools."""
    port = free_port()
    options = ["--port", str(port), "--no-access-log", "--log-level", "critical"]
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", *options]
    return Process(name, command, port, _peer_environment(addresses), HERE / "python")


def node_program() -> Path:
    """Node.js as install.sh has chosen it."""
    return Path((HERE / "node" / "node_modules" / ".node").read_text().strip())


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _peer_environment(addresses: Addresses) -> dict[str, str]:
    return {
        "PEER_PROPERTY_URL": addresses.property_url,
        "PEER_PROPERTY_USER": PROPERTY_USER,
        "PEER_PROPERTY_PASSWORD": PROPERTY_PASSWORD,
        "PEER_BILLING_URL": addresses.billing_url,
        "PEER_BILLING_USER": BILLING_USER,
        "PEER_BILLING_SECRET": BILLING_SECRET,
    }


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
