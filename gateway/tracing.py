"""Traces by OpenTelemetry, where they are switched on: request → operation → what fetches → call to a legacy system.

Without an address to send them to nothing of OpenTelemetry is imported, and a span costs one look at a variable. Spans
hold no arguments, keys, texts, nor addresses of callers; their names are the gateway's own words. Legacy systems are
told nothing of a trace: their contracts know no such header.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from gateway.models.freshness import SourceSystem

if TYPE_CHECKING:
    from opentelemetry.trace import Span

SERVICE: Final = "tenant-gateway"
# By the conventions for remote procedure calls: how they are made, and of what service.
_SERVICES: Final = {
    SourceSystem.PROPERTY_MANAGEMENT: ("soap", "GestionLocative"),
    SourceSystem.BILLING: ("rest", "Facturation"),
}
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})


class Fetch(Protocol):
    """A span that outlives its context manager."""

    def end(self) -> None:
        """It is over."""


class _NoFetch:
    def end(self) -> None:
        pass


NOTHING: Final = nullcontext()
NO_FETCH: Final[AbstractContextManager[Fetch]] = nullcontext(_NoFetch())
Traced = AbstractContextManager[object]


def is_installed() -> bool:
    """Whether the extra `otel` is there."""
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.exporter") is not None


@asynccontextmanager
async def open_tracing(url: str | None, version: str) -> AsyncIterator[None]:
    """Meanwhile spans are sent to that OTLP/HTTP address (…/v1/traces); None for no traces. Needs the extra.

    Sampling, headers and more are told by OpenTelemetry's own variables (OTEL_TRACES_SAMPLER, …).
    """
    global _spans  # noqa: PLW0603
    if url is None:
        yield
        return
    spans = _Spans(url, version)
    _spans = spans
    try:
        yield
    finally:
        _spans = None
        await asyncio.to_thread(spans.close)  # sends what is left


def request_span(method: str, scheme: str, route: str, headers: Mapping[str, str] | None = None) -> Traced:
    """An HTTP request that is being answered. `headers` are its own, where their traceparent may be believed."""
    if _spans is None:
        return NOTHING
    known = method if method in _METHODS else "_OTHER"  # anything may stand there
    about = {"http.request.method": known, "http.route": route, "url.scheme": scheme, "url.path": route}
    return _spans.open(f"{'HTTP' if known == '_OTHER' else known} {route}", "SERVER", about, headers)


def operation_span(kind: str, name: str) -> Traced:
    """A GraphQL operation that is being run; `name` as it may be shown."""
    if _spans is None:
        return NOTHING
    about = {"graphql.operation.type": kind} | ({"graphql.operation.name": name} if name else {})
    return _spans.open(kind, "SERVER", about)


def fetch_span(kind: str) -> "AbstractContextManager[Fetch]":
    """A resolver that waits for a value of that kind: what begins within belongs to it, until it is told to end."""
    if _spans is None:
        return NO_FETCH
    return _spans.begin(f"fetch {kind}", {"gateway.values.kind": kind})


def call_span(system: SourceSystem, operation: str) -> Traced:
    """A call to a legacy system, its repetition included."""
    if _spans is None:
        return NOTHING
    protocol, service = _SERVICES[system]
    method = f"{service}/{operation}"
    return _spans.open(method, "CLIENT", {"rpc.system.name": protocol, "rpc.method": method})


def note_call(method: str, url: str, status: int) -> None:
    """The call under way was sent there and answered with that status; of the address only host and port are told."""
    if _spans is None:
        return
    server = urlsplit(url)
    port = server.port or (443 if server.scheme == "https" else 80)
    span = _spans.current()
    span.set_attributes({"http.request.method": method, "http.response.status_code": status})
    span.set_attributes({"server.address": server.hostname or "", "server.port": port})


def note_answer(status: int, codes: Sequence[str]) -> None:
    """The request under way is answered with that status, and with errors of those codes."""
    if _spans is None:
        return
    span = _spans.current()
    span.set_attribute("http.response.status_code", status)
    if codes:
        span.set_attribute("gateway.error.codes", codes)
    if status >= 500:
        _spans.fail(span, str(status))


class _Spans:
    """OpenTelemetry, imported where it is needed."""

    def __init__(self, url: str, version: str) -> None:
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        resource = Resource.create({"service.name": SERVICE, "service.version": version})
        self._trace = trace
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer(SERVICE, version)
        self._callers = TraceContextTextMapPropagator()
        self.current = trace.get_current_span

    def close(self) -> None:
        """Sends what is left; waits for that."""
        self._provider.shutdown()

    @contextmanager
    def open(
        self, name: str, kind: str, about: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """A span within the one under way, or within the caller's by its headers; errors leave their code, no text."""
        with self._tracer.start_as_current_span(
            name,
            context=None if headers is None else self._callers.extract(headers),
            kind=self._trace.SpanKind[kind],
            attributes=about,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                self.fail(span, str(getattr(error, "code", type(error).__name__)))
                raise

    @contextmanager
    def begin(self, name: str, about: Mapping[str, Any]) -> Iterator["Span"]:
        """A span within the one under way, that begins here and is ended by whoever gets it."""
        span = self._tracer.start_span(name, kind=self._trace.SpanKind.INTERNAL, attributes=about)
        with self._trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield span

    def fail(self, span: "Span", code: str) -> None:
        """Marks a span."""
        span.set_attribute("error.type", code)
        span.set_status(self._trace.StatusCode.ERROR)


_spans: _Spans | None = None
