"""graphql-http's own audit: every MUST, SHOULD and MAY of GraphQL over HTTP that it knows."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from gateway.simulator import Simulator
from tests.support import HeldClock, run_gateway, settings_for

HERE = Path(__file__).parent
AUDITS = 61


def node() -> str:
    """Node.js: this machine's, or the one that `make audit` brought."""
    found = shutil.which("node") or shutil.which("node", path=str(HERE.parent.parent / ".venv" / "bin"))
    installed = (HERE / "node_modules" / "graphql-http").is_dir()
    if (found is None or not installed) and os.environ.get("CI") != "true":
        pytest.skip("graphql-http is not installed (`make audit` does it)")
    assert found is not None, "CI must have Node.js"
    assert installed, "CI must have graphql-http"
    return found


async def test_the_audit_passes_in_full(simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path) -> None:
    program = node()
    database = tmp_path / "gateway.sqlite"
    shutil.copy(migrated, database)
    settings = settings_for(simulator, database, get_queries=True)
    async with run_gateway(simulator, settings, clock) as gateway:
        audit = await asyncio.create_subprocess_exec(
            program, str(HERE / "audit.mjs"), f"{gateway.url}/graphql", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await audit.communicate()
    results = json.loads(output)
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS
