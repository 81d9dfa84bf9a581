"""Time for connections that goes on only when a test says so."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class HeldTime:
    """A loop as connections use it, whose time stands still until it is moved."""

    def __init__(self) -> None:
        self.call_soon = asyncio.get_running_loop().call_soon
        self._now, self._timers = 0.0, list["Timer"]()

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, call: Callable[..., object], *args: Any) -> "Timer":
        self._timers.append(timer := Timer(when, lambda: call(*args)))
        return timer

    def call_later(self, seconds: float, call: Callable[..., object], *args: Any) -> "Timer":
        return self.call_at(self._now + seconds, call, *args)

    def advance(self, seconds: float) -> None:
        until = self._now + seconds
        while due := [each for each in self._timers if not each.cancelled and each.when <= until]:
            self._timers.remove(first := min(due, key=lambda each: each.when))
            self._now = first.when
            first.call()
        self._now = until


@dataclass
class Timer:
    """What goes off at a moment, unless it is cancelled."""

    when: float
    call: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True
