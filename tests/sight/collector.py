"""An OpenTelemetry collector that keeps what it is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True)
class Seen:
    """One span as it arrived."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    failed: bool
    events: int

    @classmethod
    def of(cls, span: Span) -> "Seen":
        attributes = {each.key: _value(each.value) for each in span.attributes}
        return cls(
            span.name,
            Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            attributes,
            span.status.code == Status.STATUS_CODE_ERROR,
            len(span.events),
        )


@dataclass
class Collector:
    """Where it listens, and what has come."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list)
    resource: dict[str, Any] = field(default_factory=dict)
    bodies: bytes = b""

    def chain(self, span: Seen) -> list[str]:
        """The names from the first span down to this one."""
        above = [each for each in self.spans if each.span_id == span.parent_id]
        return [*(self.chain(above[0]) if above else []), span.name]

    async def take(self, request: web.Request) -> web.Response:
        """POST /v1/traces, in protobuf."""
        body = await request.read()
        self.bodies += body
        sent = ExportTraceServiceRequest.FromString(body)
        for group in sent.resource_spans:
            self.resource = {each.key: _value(each.value) for each in group.resource.attributes}
            self.spans += [Seen.of(span) for scope in group.scope_spans for span in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a free port."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
