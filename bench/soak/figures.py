"""Prints a run's figures, and keeps them with their date in docs/operations.md, each scenario in a place of its own."""

import os
import platform
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
_PART = re.compile(r"(<!-- soak: begin[^>]*-->\n)(.*?)(<!-- soak: end -->)", re.DOTALL)


def report(scenario: str, title: str, figures: Mapping[str, object], *, keep: bool) -> None:
    """Prints the figures; `keep` writes them between the marks of docs/operations.md as well."""
    width = max(map(len, figures))
    print(f"\n{title}\n" + "\n".join(f"  {name:<{width}}  {value}" for name, value in figures.items()), flush=True)
    if keep:
        OPERATIONS.write_text(with_section(OPERATIONS.read_text(), scenario, _section(title, figures)))


def with_section(text: str, scenario: str, section: str) -> str:
    """The document with this scenario's section put in place of its last one; the others stay as they are."""
    part = _PART.search(text)
    if part is None:
        raise ValueError("docs/operations.md has no place for figures")
    between = part[2].replace("Not measured yet on this machine.", "")
    opening, closing = f"<!-- {scenario} -->", f"<!-- /{scenario} -->"
    block = f"{opening}\n{section}\n{closing}"
    pattern = re.compile(f"{re.escape(opening)}.*?{re.escape(closing)}", re.DOTALL)
    if pattern.search(between):
        between = pattern.sub(lambda _: block, between)
    else:
        between = f"{between.strip()}\n\n{block}".strip()
    return f"{text[: part.start()]}{part[1]}\n{between.strip()}\n\n{text[part.start(3) :]}"


def _section(title: str, figures: Mapping[str, object]) -> str:
    today = datetime.now(ZoneInfo("Europe/Paris"))
    machine = f"{today:%-d %B %Y}, CPython {platform.python_version()}, {os.cpu_count()} cores"
    rows = "\n".join(f"| {name} | {value} |" for name, value in figures.items())
    return f"### {title}\n\n{machine}:\n\n| | |\n| --- | --- |\n{rows}"
