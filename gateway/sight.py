"""What is seen of a request from outside: one line in the log, its metrics, its span."""

import logging
import re
from collections.abc import Mapping

from gateway import metrics, tracing
from gateway.logs import in_log, tell

_REQUEST_ID = re.compile(r"[0-9a-f]{32}")

logger = logging.getLogger(__name__)


class Served:
    """A request, seen from its beginning to its end, when all about it must be filled in.

    `operation` is what the client calls it, as far as that may be shown; `kind` is empty where nothing could be parsed.
    """

    __slots__ = ("_about", "_made", "_span", "codes", "kind", "operation", "request_id", "seconds", "status")

    def __init__(
        self, request_id: str, method: str, scheme: str, route: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """`headers` as for `tracing.request_span`."""
        self.request_id = request_id
        self.operation = self.kind = ""
        self.status, self.codes, self.seconds = 0, tuple[str, ...](), 0.0
        self._about, self._made = in_log(request_id=request_id), metrics.CallsMade()
        self._span = tracing.request_span(method, scheme, route, headers)

    def run(self, operation: str | None, kind: str) -> None:
        """That operation is going to be run."""
        self.operation, self.kind = metrics.readable_name(operation), kind

    def running(self) -> tracing.Traced:
        """The operation's own span; from here on the log says what is being run, too."""
        self._about.add("operation", self.operation or "anonymous")
        return tracing.operation_span(self.kind, self.operation)

    def __enter__(self) -> "Served":
        self._about.__enter__()
        self._made.__enter__()
        self._span.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                self._tell()
        finally:
            self._span.__exit__(*error)  # type: ignore[arg-type]
            self._made.__exit__()
            self._about.__exit__()

    def _tell(self) -> None:
        codes = sorted(set(self.codes))
        tracing.note_answer(self.status, codes)
        metrics.request_finished(self.operation, self.kind, self.codes, self.status, self.seconds)
        about = {
            "operation": self.operation,
            "kind": self.kind,
            "status": self.status,
            "codes": codes,
            "milliseconds": round(self.seconds * 1000, 1),
            "calls": self._made.count,
        }
        tell(logger, "request", about)


def known_request_id(headers: Mapping[str, str]) -> str | None:
    """The id that a proxy gave the request by such headers, so that its log and this one can be read together."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None
