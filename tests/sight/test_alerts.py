"""Dashboard, alert rules and operations guide speak of what the gateway really tells."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import metrics
from tests.sight.figures import own_figures
from tests.sight.prometheus import needed

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/alerts.yaml"
DASHBOARD = ROOT / "deploy/grafana/tenant-gateway.json"
_NAME = re.compile(r"\b(?:gateway|process|python)_[a-z_]+")
_SUFFIXES = re.compile(r"_(bucket|sum|count)$")


@pytest.fixture
def told() -> set[str]:
    """The names of all metrics, each told once."""
    metrics.request_finished("Home", "query", ["INTERNAL_SERVER_ERROR"], 200, 0.1)
    metrics.upstream_called("BILLING", "rechercherComptes", "ok", 0.1)
    metrics.upstream_held_back("BILLING", "rechercherComptes", "budget")
    metrics.breaker_entered("BILLING", "rechercherComptes", "open")
    metrics.breaker_entered("BILLING", "rechercherComptes", "closed")
    metrics.batch_sent("rechercherComptes", 3)
    metrics.snapshot_read("balances", "fresh")
    metrics.gate_event("password_granted")
    metrics.queue_waiting("outbox", 0, 0)
    return {_SUFFIXES.sub("", name) for name, _ in own_figures().samples}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def dashboard_names() -> set[str]:
    expressions = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    return {_SUFFIXES.sub("", name) for name in _NAME.findall(expressions)}


def test_rules_and_dashboard_name_no_metric_that_is_not_told(told: set[str]) -> None:
    named = {_SUFFIXES.sub("", name) for rule in rules() for name in _NAME.findall(rule["expr"])}
    assert named
    assert named <= told
    assert dashboard_names() <= told


def test_every_metric_of_the_gateway_is_on_the_dashboard(told: set[str]) -> None:
    assert {name for name in told if name.startswith("gateway_")} <= dashboard_names()


def test_every_alert_says_how_grave_it_is_and_has_its_section() -> None:
    sections = re.findall(r"^### (\w+)\n\n\*(Page|Ticket)\.\*", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    assert sections == [(rule["alert"], rule["labels"]["severity"].capitalize()) for rule in rules()]


def test_every_panel_stands_by_itself() -> None:
    places = [panel["gridPos"] for panel in panels()]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert all(panel["title"] and panel["targets"] for panel in panels())


@needed("promtool")
def test_rules_fire_when_they_should_and_not_otherwise(tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    shutil.copy(ROOT / "deploy/prometheus/prometheus.yaml", tmp_path)
    shutil.copy(Path(__file__).with_name("alerts_story.yaml"), tmp_path)
    for command in (["check", "config", "prometheus.yaml"], ["test", "rules", "alerts_story.yaml"]):
        done = subprocess.run(["promtool", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
