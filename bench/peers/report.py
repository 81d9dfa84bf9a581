"""Measurements as tables in docs/performance.md: medians of all rounds, their spread, and ratios."""

import platform
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from bench.peers.figures import Cell, Measured, Weighed
from bench.peers.plot import bars
from bench.peers.servers import HERE, ROOT, node_program

T = TypeVar("T")

DOCUMENT: Final = ROOT / "docs" / "performance.md"
_PLOTTED: Final = (Cell("home", 16), Cell("home", 64), Cell("home", 16, who="one"))
RIVAL: Final = "Mercurius"
_NPM: Final = {"Mercurius": "mercurius", "GraphQL Yoga": "graphql-yoga", "Apollo Server": "@apollo/server"}
_PYPI: Final = {"Ariadne": "ariadne", "Strawberry": "strawberry-graphql"}


def write_between(name: str, text: str, document: Path = DOCUMENT) -> None:
    """Replaces what stands between the markers of that name."""
    begin, end = f"<!-- {name}: written by `make bench` -->", f"<!-- {name}: end -->"
    content = document.read_text()
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", content, re.DOTALL)
    if found is None:
        raise SystemExit(f"{document} has no place for {name}")
    document.write_text(f"{content[: found.start()]}{begin}\n\n{text.strip()}\n\n{end}{content[found.end() :]}")


def tables(measured: Sequence[Measured], weighed: Sequence[Weighed]) -> str:
    """All of it as Markdown."""
    return "\n\n".join([_circumstances(measured), *_by_cell(measured), _weights(weighed)])


def drawing(measured: Sequence[Measured]) -> str:
    """The plot: CPU of the home screen, by circumstances and server."""
    groups: dict[str, dict[str, float]] = {}
    for cell in _PLOTTED:
        own = [each for each in measured if each.cell == cell]
        names = dict.fromkeys(each.server for each in own)
        found = {name: median(each.cpu_ms for each in own if each.server == name) for name in names}
        if found:
            who = "another tenant each time" if cell.who == "another" else "one tenant again and again"
            groups[f"{who}, {cell.connections} connections"] = dict(sorted(found.items(), key=lambda item: item[1]))
    return bars("CPU for one home screen, milliseconds", "ms", groups)


def _circumstances(measured: Sequence[Measured]) -> str:
    rounds = len({each.round for each in measured})
    node = subprocess.run([node_program(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    versions = [f"{name} {_npm_version(package)}" for name, package in _NPM.items()]
    versions += [f"{name} {metadata.version(package)}" for name, package in _PYPI.items()]
    return (
        f"{datetime.now(UTC):%d %B %Y}; {_processor()}; CPython {platform.python_version()}, Node.js {node}; "
        f"{', '.join(versions)}. Medians of {rounds} rounds, in brackets the least and the most."
    )


def _by_cell(measured: Sequence[Measured]) -> Iterable[str]:
    cells = sorted({each.cell for each in measured}, key=_order)
    for scenario, who, slow in dict.fromkeys((cell.scenario, cell.who, cell.slow) for cell in cells):
        own = [cell for cell in cells if (cell.scenario, cell.who, cell.slow) == (scenario, who, slow)]
        yield f"#### {_title(own[0])}\n\n" + "\n\n".join(_table(cell, measured) for cell in own)


def _table(cell: Cell, measured: Sequence[Measured]) -> str:
    rows: dict[str, list[Measured]] = {}
    for each in measured:
        if each.cell == cell:
            rows.setdefault(each.server, []).append(each)
    rival = median(each.cpu_ms for each in rows[RIVAL]) if RIVAL in rows else None
    at = f"{cell.connections} connection{'s' if cell.connections > 1 else ''}"
    lines = [
        f"| {at} | CPU ms / request | ÷ {RIVAL} | requests / s | p50 ms | p99 ms | legacy calls / request |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for server, found in sorted(rows.items(), key=lambda row: median(each.cpu_ms for each in row[1])):
        cpu = median(each.cpu_ms for each in found)
        ratio = f"{cpu / rival:.2f}" if rival else ""
        figures = [
            _spread(found, lambda each: each.cpu_ms, 2),
            ratio,
            _spread(found, lambda each: each.per_second, 0),
            f"{median(each.p50_ms for each in found):.1f}",
            f"{median(each.p99_ms for each in found):.1f}",
            f"{median(each.legacy_calls for each in found):.2f}",
        ]
        lines.append(f"| {server} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _weights(weighed: Sequence[Weighed]) -> str:
    lines = ["| | resident memory after its cells, MB | first answer after, s |", "| --- | --- | --- |"]
    for server in dict.fromkeys(each.server for each in weighed):
        found = [each for each in weighed if each.server == server]
        megabytes, seconds = (_spread(found, value, places) for value, places in _WEIGHTS)
        lines.append(f"| {server} | {megabytes} | {seconds} |")
    return "#### Memory and start\n\n" + "\n".join(lines)


_WEIGHTS: Final[tuple[tuple[Callable[[Weighed], float], int], ...]] = (
    (lambda each: each.megabytes, 0),
    (lambda each: each.start_seconds, 1),
)


def _spread(found: Sequence[T], value: Callable[[T], float], places: int) -> str:
    values = [value(each) for each in found]
    if len(values) == 1:
        return f"{values[0]:.{places}f}"
    return f"{median(values):.{places}f} ({min(values):.{places}f}–{max(values):.{places}f})"


def _title(cell: Cell) -> str:
    names = {"home": "Home screen", "light": "Light query", "wide": "Wide query"}
    who = "another tenant each time" if cell.who == "another" else "one tenant again and again"
    systems = "legacy systems that take 20 and 10 ms" if cell.slow else "legacy systems that answer at once"
    return f"{names[cell.scenario]}, {who}, {systems}"


def _order(cell: Cell) -> tuple[int, bool, bool, int]:
    return ["home", "light", "wide"].index(cell.scenario), cell.who != "another", cell.slow, cell.connections


def _npm_version(package: str) -> str:
    manifest = (HERE / "node" / "package.json").read_text()
    found = re.search(rf'"{re.escape(package)}": "([^"]+)"', manifest)
    assert found is not None
    return found[1]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else platform.machine()
