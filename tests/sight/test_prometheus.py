"""Debian's Prometheus really scrapes a gateway, and finds nothing to complain of."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.sight.prometheus import needed
from tests.support import HOME, Gateway, free_port


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[str]:
    """Scrapes that target every second; its own address."""
    jobs = [{"job_name": "tenant-gateway", "static_configs": [{"targets": [target]}]}]
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus",
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


async def query(gateway: Gateway, prometheus: str, expression: str) -> list[Any]:
    """What Prometheus answers; nothing while it is still starting."""
    try:
        async with gateway.http.get(f"{prometheus}/api/v1/query", params={"query": expression}) as response:
            result: list[Any] = (await response.json())["data"]["result"] if response.status == 200 else []
            return result
    except OSError:
        return []


@needed("prometheus")
async def test_prometheus_scrapes_what_the_gateway_has_done(gateway: Gateway, tmp_path: Path) -> None:
    await gateway.data(HOME)
    async with prometheus(tmp_path, gateway.url.removeprefix("http://")) as server:
        wanted = 'gateway_upstream_calls_total{job="tenant-gateway",operation="rechercherComptes",outcome="ok"}'
        for _ in range(600):
            if found := await query(gateway, server, wanted):
                break
            await asyncio.sleep(0.1)
        assert found, (tmp_path / "prometheus.log").read_text()
        assert float(found[0]["value"][1]) >= 1
        assert (await query(gateway, server, 'up{job="tenant-gateway"}'))[0]["value"][1] == "1"
        quantile = "histogram_quantile(0.5, sum by (le) (gateway_request_seconds_bucket))"
        assert await query(gateway, server, quantile)


@needed("promtool")
async def test_promtool_finds_no_fault_with_names_and_help(gateway: Gateway) -> None:
    await gateway.data(HOME)
    async with gateway.http.get(f"{gateway.url}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.read()
    done = await asyncio.to_thread(
        subprocess.run, ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    # What is not the gateway's own (process_…, python_…) is prometheus_client's to name.
    complaints = [line for line in (done.stdout + done.stderr).decode().splitlines() if "gateway_" in line]
    assert not complaints
    assert done.returncode in {0, 3}, done.stderr
