"""What the simulated systems have seen: counters, contract violations, a bounded journal; never a secret."""

from collections import Counter as Tally
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

JOURNAL_LENGTH: Final = 20_000


@dataclass(slots=True)
class Counter:
    """The calls of one operation, the keys they asked for, the most at once."""

    calls: int = 0
    items: int = 0
    most_at_once: int = 0


class Counters(dict[str, Counter]):
    """Counters by operation name; zeros for an operation never called."""

    def __missing__(self, operation: str) -> Counter:
        return Counter()


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One call: its place in the order of arrival, its operation, the keys asked for, its other parameters."""

    order: int
    operation: str
    keys: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)


class Records:
    """Counts calls as they arrive and leave."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.violations: Tally[str] = Tally()
        self.journal: deque[JournalEntry] = deque(maxlen=JOURNAL_LENGTH)
        self._order = count(1)
        self._running: Tally[str] = Tally()

    @contextmanager
    def call(
        self, operation: str, keys: tuple[str, ...] = (), parameters: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """One call, from its arrival to its end."""
        counter = self.counters.setdefault(operation, Counter())
        counter.calls += 1
        counter.items += len(keys)
        self._running[operation] += 1
        counter.most_at_once = max(counter.most_at_once, self._running[operation])
        self.journal.append(JournalEntry(next(self._order), operation, keys, parameters or {}))
        try:
            yield
        finally:
            self._running[operation] -= 1

    def violation(self, name: str) -> None:
        """Notes that a caller broke the contract."""
        self.violations[name] += 1

    def reset(self) -> None:
        """Forgets everything but the calls that still run."""
        self.counters.clear()
        self.violations.clear()
        self.journal.clear()
