"""Measures the gateway against other GraphQL servers over the same two legacy systems; `make bench` runs it.

First every server answers every scenario for 200 tenants, and all must say the same. Then, round by round and in
another order each time, each server is started, warmed up, and measured in each cell. Nothing leaves this machine.
"""

import argparse
import itertools
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.peers import servers
from bench.peers.figures import Cell, Measured, Weighed
from bench.peers.load import Outcome, send
from bench.peers.report import DOCUMENT, drawing, tables, write_between
from bench.peers.scenarios import BODIES, Tenant, meaning, request
from bench.peers.servers import Addresses, Process, Simulator
from bench.peers.tenants import SignedIn, sign_in, with_tokens
from gateway.settings import Settings, given_settings

SEED: Final = 7
COMPARED: Final = 200
"""Tenants whose answers are compared; every edge case of the simulator is among them."""
POOL: Final = 12_000
"""Tenants that there are: enough that the gateway, which remembers, is asked for another each time; the simulator keeps
as many."""
LATENCY: Final = {"property_ms": 20, "billing_ms": 10}
WARM_UP_REQUESTS: Final = 400
MOST_WITH_ERRORS: Final = 0.1
"""Some tenants have odd data that all servers answer with an error; more than that is a server that fails."""


HOME, LIGHT, WIDE = (
    tuple(Cell(scenario, connections, slow) for slow in (False, True) for connections in (1, 16, 64))
    for scenario in ("home", "light", "wide")
)
WARM: Final = tuple(
    Cell(name, connections, who="one") for name, connections in (("home", 1), ("home", 16), ("home", 64), ("light", 16))
)


@dataclass(frozen=True)
class Contestant:
    """A server, how it is made, and the cells it takes part in."""

    name: str
    make: Callable[[Addresses, Mapping[str, str]], Process]
    cells: tuple[Cell, ...]

    @classmethod
    def peer(cls, make: Callable[[str, str, Addresses], Process], name: str, program: str) -> "Contestant":
        """One of the others, which knows nothing of the gateway's settings."""
        return cls(name, lambda addresses, _: make(name, program, addresses), HOME + LIGHT + WIDE + WARM)


GATEWAY: Final = "tenant-gateway"
CONTESTANTS: Final = (
    Contestant(GATEWAY, lambda _, settings: servers.gateway(settings), HOME + WARM),
    Contestant(
        f"{GATEWAY}, nothing cached", lambda _, settings: servers.gateway(settings, "--forgetful"), HOME + LIGHT + WIDE
    ),
    Contestant(
        f"{GATEWAY}, nothing cached, no sign-in",
        lambda _, settings: servers.gateway(settings, "--forgetful", "--trusting"),
        HOME + LIGHT + WIDE,
    ),
    Contestant.peer(servers.node_peer, "Mercurius", "mercurius.js"),
    Contestant.peer(servers.node_peer, "GraphQL Yoga", "yoga.js"),
    Contestant.peer(servers.node_peer, "Apollo Server", "apollo.js"),
    Contestant.peer(servers.python_peer, "Ariadne", "ariadne_server"),
    Contestant.peer(servers.python_peer, "Strawberry", "strawberry_server"),
)


@dataclass
class Bench:
    """The simulator, the gateway's database with everybody signed in, and who has been asked for so far."""

    simulator: Simulator
    addresses: Addresses
    values: Mapping[str, str]
    settings: Settings
    people: Sequence[SignedIn]
    seconds: float

    def tenants(self, count: int, start: int = 0) -> list[Tenant]:
        """So many tenants with tokens."""
        return with_tokens(self.settings, self.people[start : start + count])

    def requests(self, scenario: str, tenants: Sequence[Tenant]) -> list[bytes]:
        """A request of each."""
        return [request(BODIES[scenario], tenant) for tenant in tenants]

    def warm_up(self, server: Process) -> None:
        """Everything has been compiled, and every connection opened, before anything is timed."""
        tenants = self.tenants(COMPARED)
        for scenario in BODIES:
            wanted = itertools.islice(itertools.cycle(self.requests(scenario, tenants)), WARM_UP_REQUESTS)
            send(server.port, list(wanted), connections=16)

    def measure(self, contestant: Contestant, server: Process, cell: Cell, tenants: Sequence[Tenant]) -> Outcome:
        """One cell; `tenants` are asked for in turn."""
        self.simulator.tell("latency", profile="none", **(LATENCY if cell.slow else {}))
        try:
            return send(
                server.port,
                self.requests(cell.scenario, tenants),
                connections=cell.connections,
                seconds=self.seconds,
            )
        finally:
            self.simulator.tell("latency", profile="none")


def main() -> None:
    options = _options()
    chosen = [each for each in CONTESTANTS if not options.only or each.name in options.only]
    with bench(options.seconds, options.tenants) as ground:
        compare(ground, chosen)
        invent(ground)
        results: list[Measured | Weighed] = []
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds} …", flush=True)
            results += _round(ground, chosen, number)
    figures = [each for each in results if isinstance(each, Measured)]
    weights = [each for each in results if isinstance(each, Weighed)]
    if not figures:
        return
    text = tables(figures, weights)
    print(text)
    if options.json is not None:
        found = {"measured": [asdict(each) for each in figures], "weighed": [asdict(each) for each in weights]}
        options.json.write_text(json.dumps(found))
    if options.document:
        (DOCUMENT.parent / f"{options.document}.svg").write_text(drawing(figures))
        write_between(options.document, text)


def compare(ground: Bench, contestants: Sequence[Contestant]) -> None:
    """Every server must answer every scenario for every tenant as the first one does. SystemExit otherwise."""
    truth: dict[tuple[str, str], object] = {}
    for contestant in contestants:
        with running(contestant, ground) as server:
            tenants = ground.tenants(COMPARED)
            for scenario in BODIES:
                answers = send(server.port, ground.requests(scenario, tenants), connections=1, keep=True).answers
                for tenant, answer in zip(tenants, answers, strict=True):
                    said, key = meaning(answer), (scenario, tenant.account)
                    if truth.setdefault(key, said) != said:
                        raise SystemExit(f"{contestant.name} answers {key} otherwise:\n{said}\n{truth[key]}")
            if "nothing cached" in contestant.name:
                _check_forgetful(ground, server, tenants[0])
        print(f"{contestant.name}: {len(truth)} answers alike", flush=True)


def invent(ground: Bench) -> None:
    """Has the simulator make up every tenant, and write what it says of them, so that nobody is charged for that."""
    with running(CONTESTANTS[0], ground) as server:
        for scenario in ("home", "wide"):
            print(f"the simulator's {len(ground.people)} tenants are made up for {scenario} …", flush=True)
            send(server.port, ground.requests(scenario, ground.tenants(len(ground.people))), connections=64)


def _check_forgetful(ground: Bench, server: Process, tenant: Tenant) -> None:
    """Whoever caches nothing asks the legacy systems as often the second time."""
    counts = []
    for _ in range(2):
        before = ground.simulator.calls()
        send(server.port, ground.requests("home", [tenant]), connections=1)
        counts.append(ground.simulator.calls() - before)
    if counts[0] != counts[1]:
        raise SystemExit(f"the forgetful gateway remembers: {counts} legacy calls for the same home screen")


def _round(ground: Bench, contestants: Sequence[Contestant], number: int) -> Iterator[Measured | Weighed]:
    order = [contestants[(number + place) % len(contestants)] for place in range(len(contestants))]
    for contestant in order:
        with running(contestant, ground) as server:
            ground.warm_up(server)
            start = COMPARED
            for cell in contestant.cells:
                count = 1 if cell.who == "one" else len(ground.people) // (15 if cell.connections == 1 else 6)
                if start + count > len(ground.people):
                    start = COMPARED
                yield measured(ground, contestant, server, cell, number, ground.tenants(count, start))
                start += count
            yield Weighed(contestant.name, number, server.start_seconds, server.resident_megabytes())


def measured(
    ground: Bench, contestant: Contestant, server: Process, cell: Cell, number: int, tenants: Sequence[Tenant]
) -> Measured:
    random.Random(number).shuffle(tenants := list(tenants))
    if cell.who == "one":
        send(server.port, ground.requests(cell.scenario, tenants), connections=1)
    watched: tuple[Process, ...] = (server, ground.simulator)
    before, calls = [each.cpu_seconds() for each in watched], ground.simulator.calls()
    outcome = ground.measure(contestant, server, cell, tenants)
    cpu, simulator_cpu = (each.cpu_seconds() - then for each, then in zip(watched, before, strict=True))
    count = len(outcome.waits)
    if contestant.name == GATEWAY and cell.who == "another" and count > len(tenants):
        raise SystemExit(f"{cell} ran out of tenants: measure with more --tenants, or fewer --seconds")
    if outcome.refused or outcome.with_errors > MOST_WITH_ERRORS * count:
        raise SystemExit(
            f"{contestant.name}, {cell}: {outcome.refused} refused, {outcome.with_errors} of {count} in error"
        )
    return Measured(
        server=contestant.name,
        cell=cell,
        round=number,
        requests=count,
        cpu_ms=cpu / count * 1000,
        per_second=count / outcome.seconds,
        p50_ms=outcome.percentile(0.5),
        p99_ms=outcome.percentile(0.99),
        legacy_calls=(ground.simulator.calls() - calls) / count,
        simulator_cpu_ms=simulator_cpu / count * 1000,
        refused=outcome.refused,
        with_errors=outcome.with_errors,
    )


@contextmanager
def bench(seconds: float, tenants: int = POOL) -> Iterator[Bench]:
    simulator, addresses = servers.simulator(tenants, SEED)
    with tempfile.TemporaryDirectory(prefix="tenant-gateway-bench-") as folder:
        values = servers.settings_for(addresses, Path(folder))
        settings = given_settings(**values)
        people = sign_in(settings, SEED, tenants)
        simulator.start()
        simulator.tell("limits", on=False)
        try:
            yield Bench(simulator, addresses, values, settings, people, seconds)
        finally:
            simulator.stop()


@contextmanager
def running(contestant: Contestant, ground: Bench) -> Iterator[Process]:
    server = contestant.make(ground.addresses, ground.values)
    try:
        yield server.start()
    finally:
        server.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [each.name for each in CONTESTANTS]
    parser.add_argument("--rounds", type=int, default=5, help="0 compares answers only; %(default)s unless told")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each question and number of connections")
    parser.add_argument("--tenants", type=int, default=POOL, help="fewer do for short runs; at least 200")
    parser.add_argument("--only", action="append", choices=names, metavar="SERVER", help=f"{'; '.join(names)}")
    parser.add_argument("--json", type=Path, help="where all figures go")
    parser.add_argument(
        "--document", nargs="?", const="peers", help="puts tables and plot into docs/ where that name is"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
