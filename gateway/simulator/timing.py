"""How long answers take: the contract's distributions, plus a fixed time."""

import asyncio
import math
from dataclasses import dataclass
from random import Random
from typing import Final

from gateway.simulator.options import LatencyProfile


@dataclass(frozen=True, slots=True)
class Distribution:
    """Log-normal by median and 95th percentile; a small share beyond a limit; a cost per item."""

    median: float
    percentile_95: float
    per_item: float
    tail_share: float = 0.0
    tail_seconds: float = 0.0

    def draw(self, rng: Random, items: int, per_item: float | None = None) -> float:
        """Seconds for one call."""
        each = self.per_item if per_item is None else per_item
        if rng.random() < self.tail_share:
            return self.tail_seconds + rng.expovariate(0.5) + items * each
        spread = math.log(self.percentile_95 / self.median) / _QUANTILE_95
        return rng.lognormvariate(math.log(self.median), spread) + items * each


_QUANTILE_95: Final = 1.6449
PROPERTY: Final = Distribution(0.350, 1.2, 0.015, tail_share=0.01, tail_seconds=4.0)
BILLING: Final = Distribution(0.120, 0.6, 0.004)
METER_SECONDS: Final = 0.045
"""RelevesCompteurs takes longer per item."""


class Timing:
    """Delays calls as configured."""

    def __init__(self, profile: LatencyProfile, rng: Random) -> None:
        self.profile = profile
        self.property_ms = 0.0
        self.billing_ms = 0.0
        self._rng = rng

    async def property_delay(self, operation: str, items: int) -> None:
        """Waits as long as property management takes for one call."""
        per_item = METER_SECONDS if operation == "RelevesCompteurs" else None
        await self._wait(PROPERTY, self.property_ms, items, per_item)

    async def billing_delay(self, items: int) -> None:
        """Waits as long as billing takes for one call."""
        await self._wait(BILLING, self.billing_ms, items, None)

    async def _wait(self, distribution: Distribution, fixed_ms: float, items: int, per_item: float | None) -> None:
        seconds = fixed_ms / 1000
        if self.profile == "realistic":
            seconds += distribution.draw(self._rng, items, per_item)
        if seconds:
            await asyncio.sleep(seconds)
