"""What is measured: the cells of the benchmark, and what a server did in each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """What is asked, how much at once, over legacy systems that answer at once or slowly, by whom.

    `who` is "another" where each request is another tenant's, "one" where it is always the same.
    """

    scenario: str
    connections: int
    slow: bool = False
    who: str = "another"


@dataclass(frozen=True)
class Measured:
    """What one server did in one cell of one round; milliseconds, per request where not said otherwise."""

    server: str
    cell: Cell
    round: int
    requests: int
    cpu_ms: float
    per_second: float
    p50_ms: float
    p99_ms: float
    legacy_calls: float
    simulator_cpu_ms: float
    refused: int
    with_errors: int


@dataclass(frozen=True)
class Weighed:
    """What one server weighed in one round: seconds until it answered first, megabytes after all its cells."""

    server: str
    round: int
    start_seconds: float
    megabytes: float
