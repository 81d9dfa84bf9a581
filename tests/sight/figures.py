"""What a gateway's metrics say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import exposition
from tests.support import Gateway


@dataclass
class Figures:
    """Samples by name and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def sum(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name that have those labels."""
        wanted = set(labels.items())
        return sum(value for (each, own), value in self.samples.items() if each == name and wanted <= own)

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label has."""
        return {dict(own)[label] for each, own in self.samples if each == name}


@dataclass
class Growth:
    """What has grown between two looks."""

    before: Figures
    after: Figures = field(init=False)

    def __call__(self, name: str, **labels: str) -> float:
        return self.after.sum(name, **labels) - self.before.sum(name, **labels)


def read_figures(text: str) -> Figures:
    """Figures of an exposition."""
    families = text_string_to_metric_families(text)
    return Figures({(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples})


def own_figures() -> Figures:
    """Figures of this process."""
    return read_figures(exposition().decode())


async def scrape(gateway: Gateway) -> Figures:
    """Figures as Prometheus gets them."""
    async with gateway.http.get(f"{gateway.url}/metrics") as response:
        assert response.status == 200
        return read_figures(await response.text())


@asynccontextmanager
async def growing(gateway: Gateway) -> AsyncIterator[Growth]:
    """What grows meanwhile."""
    growth = Growth(await scrape(gateway))
    yield growth
    growth.after = await scrape(gateway)
