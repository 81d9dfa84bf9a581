"""What is seen of a request from outside: one line in the log, its metrics, its span."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gateway import metrics, tracing
from gateway.logs import in_log

_REQUEST_ID = re.compile(r"[0-9a-f]{32}")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Served:
    """A request as it went. `operation` is the client's own word, `kind` is empty where nothing could be parsed."""

    request_id: str
    operation: str = ""
    kind: str = ""
    status: int = 0
    codes: tuple[str, ...] = ()
    seconds: float = 0.0


@contextmanager
def seen(
    served: Served, method: str, scheme: str, route: str, headers: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Sees a request through; when it is over, `served` must be filled in. `headers` as for `tracing.request_span`."""
    with (
        in_log(request_id=served.request_id),
        metrics.calls_made() as made,
        tracing.request_span(method, scheme, route, headers),
    ):
        yield
        codes = sorted(set(served.codes))
        tracing.note_answer(served.status, codes)
        metrics.request_finished(served.operation, served.kind, served.codes, served.status, served.seconds)
        about = {
            "operation": metrics.readable_name(served.operation),
            "kind": served.kind,
            "status": served.status,
            "codes": codes,
            "milliseconds": round(served.seconds * 1000, 1),
            "calls": made.count,
        }
        logger.info("request", extra=about)


def known_request_id(headers: Mapping[str, str]) -> str | None:
    """The id that a proxy gave the request by such headers, so that its log and this one can be read together."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None


@contextmanager
def seen_operation(served: Served) -> Iterator[None]:
    """The operation of that request, known by now, is being run."""
    name = metrics.readable_name(served.operation)
    with in_log(operation=name or "anonymous"), tracing.operation_span(served.kind, name):
        yield
