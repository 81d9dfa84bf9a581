"""What Prometheus may count of the gateway: every metric is named here, and each is told by one function.

Labels are the gateway's own words; what a client can invent (an operation's name) is bounded. Telling takes
microseconds and never raises. Several worker processes are told as one where their parent has entered
`shared_by_workers`.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    multiprocess,
    values,
)

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
OPERATIONS_KEPT: Final = 100
"""So many names of operations are told apart; all beyond them are "other"."""
LONGEST_NAME: Final = 60

BREAKER_STATES: Final = ("closed", "open", "half_open")

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of which nothing is made

# Four digits in a row may be part of a label, a lease or a date.
_NAME: Final = re.compile(r"(?!.*\d{4})[A-Za-z_]\w*", re.ASCII)
_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ITEMS: Final = (1, 2, 3, 5, 10, 20, 30, 50)


class CallsMade:
    """How often legacy systems were asked within, and in tasks that began within, on behalf of one request.

    Who joins another's call makes none.
    """

    __slots__ = ("_token", "count")

    def __enter__(self) -> "CallsMade":
        self.count = 0
        self._token = _calls_made.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _calls_made.reset(self._token)


_calls_made: ContextVar[CallsMade | None] = ContextVar("calls_made", default=None)


def request_finished(operation: str, kind: str, codes: Iterable[str], status: int, seconds: float) -> None:
    """A GraphQL request was answered; `kind` is query, mutation, subscription or empty, `codes` are its errors'."""
    operation = _counted_name(operation)
    _metrics.requests(operation, kind, status).inc()
    _metrics.request_seconds(operation, kind).observe(seconds)
    for code in codes:
        _metrics.errors(code).inc()


def upstream_called(system: str, operation: str, outcome: str, seconds: float) -> None:
    """A legacy system was asked; `outcome` is ok or the error's code."""
    if (made := _calls_made.get()) is not None:
        made.count += 1
    _metrics.upstream_calls(system, operation, outcome).inc()
    _metrics.upstream_seconds(system, operation).observe(seconds)


def upstream_held_back(system: str, operation: str, reason: str) -> None:
    """A call was not made; `reason` is breaker, closed, budget or places."""
    _metrics.held_back(system, operation, reason).inc()


def breaker_entered(system: str, operation: str, state: str) -> None:
    """A breaker is closed, open or half_open; may be told again and again."""
    if _metrics.breakers.get((system, operation), "closed") == state:
        return
    _metrics.breakers[system, operation] = state
    for each in BREAKER_STATES:
        _metrics.breaker_state(system, operation, each).set(each == state)
    _metrics.breaker_entries(system, operation, state).inc()


def batch_sent(operation: str, items: int) -> None:
    """One batch asks for so many keys."""
    _metrics.batch_items(operation).observe(items)


def snapshot_read(kind: str, outcome: str) -> None:
    """A value was read; `outcome` is fresh, joined, fetched, shared, stale or none."""
    _metrics.snapshot_reads(kind, outcome).inc()


def gate_event(kind: str) -> None:
    """What the accounts' gate did, in the words of accounts/lockout.py."""
    _metrics.gate_events(kind).inc()


def node_count(n: int) -> None:
    """So many processes of the gateway are alive on its database, this one included."""
    _metrics.nodes().set(n)


def queue_waiting(queue: str, rows: int, oldest_seconds: float) -> None:
    """So many rows wait in a queue (outbox or work), the oldest for so long."""
    _metrics.queue_rows(queue).set(rows)
    _metrics.queue_seconds(queue).set(oldest_seconds)


def database_answers(answers: bool) -> None:
    """Whether the database has just answered."""
    _metrics.database_up().set(answers)


def readable_name(operation: str | None) -> str:
    """The name that a client gave its operation, where it can only be a name; "other" for all else."""
    if not operation:
        return ""
    return operation if len(operation) <= LONGEST_NAME and _NAME.fullmatch(operation) else "other"


def exposition() -> bytes:
    """All metrics as Prometheus's text format 0.0.4, of all worker processes where there are several."""
    if _DIRECTORY not in os.environ:
        return generate_latest(_metrics.registry)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


@contextmanager
def shared_by_workers() -> Iterator[None]:
    """Processes that are started within, forked or new, are told as one; for their parent, which serves nothing."""
    with tempfile.TemporaryDirectory(prefix="tenant-gateway-metrics-") as folder:
        os.environ[_DIRECTORY] = folder
        _begin_anew()
        try:
            yield
        finally:
            del os.environ[_DIRECTORY]
            _begin_anew()


def worker_ended(pid: int) -> None:
    """A worker process is gone: the states it was in end, what it counted stays; for the workers' parent."""
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


class _Metrics:
    """The metrics of this process; each is a function from its labels to what is told."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.names: set[str] = set()
        self.breakers: dict[tuple[str, str], str] = {}

        self.requests = self._counter("requests", "GraphQL requests answered.", "operation", "kind", "status")
        self.request_seconds = self._histogram(
            "request_seconds", "Time to answer a GraphQL request.", "operation", "kind"
        )
        self.errors = self._counter("errors", "Errors in answers to GraphQL requests.", "code")
        for code in ("INTERNAL_SERVER_ERROR", "OVERLOADED"):
            self.errors(code)  # from 0 on: an alert must see the very first one
        self.upstream_calls = self._counter(
            "upstream_calls", "Calls to a legacy system: ok, or the error's code.", "system", "operation", "outcome"
        )
        self.upstream_seconds = self._histogram(
            "upstream_call_seconds", "Time of a call, its repetition included.", "system", "operation"
        )
        self.held_back = self._counter(
            "upstream_held_back", "Calls that were not made, and why.", "system", "operation", "reason"
        )
        self.breaker_state = self._gauge(
            "breaker_state",
            "Processes whose breaker is in that state; none before its first failure.",
            "system",
            "operation",
            "state",
            across_workers="livesum",
        )
        self.breaker_entries = self._counter(
            "breaker_entries", "How often a breaker changed to a state.", "system", "operation", "state"
        )
        self.batch_items = self._histogram(
            "upstream_batch_items", "Keys that one batch asks for.", "operation", buckets=_ITEMS
        )
        self.snapshot_reads = self._counter("snapshot_reads", "Values read, and where from.", "kind", "outcome")
        self.gate_events = self._counter("gate_events", "What the accounts' gate granted and refused.", "kind")
        self.nodes = self._gauge("nodes", "Processes of the gateway alive on its database, as heard last.")
        self.database_up = self._gauge("database_up", "1 where the database answered at this scrape.")
        self.queue_rows = self._gauge("queue_rows", "Rows waiting in the database.", "queue")
        self.queue_seconds = self._gauge("queue_oldest_seconds", "Age of the oldest row waiting.", "queue")
        if _DIRECTORY not in os.environ:  # else they would be those of whichever worker answers
            ProcessCollector(registry=self.registry)
            GCCollector(registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Callable[..., Counter]:
        # Cached: finding the child by its labels costs more than counting.
        return cache(Counter(f"gateway_{name}", text, labels, registry=self.registry).labels)

    def _histogram(
        self, name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SECONDS
    ) -> Callable[..., Histogram]:
        return cache(Histogram(f"gateway_{name}", text, labels, registry=self.registry, buckets=buckets).labels)

    def _gauge(
        self, name: str, text: str, *labels: str, across_workers: str = "livemostrecent"
    ) -> Callable[..., Gauge]:
        mode: Any = across_workers
        gauge = Gauge(f"gateway_{name}", text, labels, registry=self.registry, multiprocess_mode=mode)
        return cache(gauge.labels) if labels else lambda: gauge


_metrics = _Metrics()


def _begin_anew() -> None:
    global _metrics  # noqa: PLW0603
    # prometheus_client looked at the environment when it was imported.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
    _metrics = _Metrics()


def _counted_name(operation: str) -> str:
    operation = readable_name(operation)
    if operation and operation not in _metrics.names:
        if len(_metrics.names) >= OPERATIONS_KEPT:
            return "other"
        _metrics.names.add(operation)
    return operation
