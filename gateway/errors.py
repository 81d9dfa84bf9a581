"""Every error of the gateway, one code each.

    GatewayError
    ├── UpstreamError            a legacy system could not be asked, or answered nonsense
    │   ├── UpstreamUnavailable  UPSTREAM_UNAVAILABLE
    │   ├── UpstreamTimeout      UPSTREAM_TIMEOUT
    │   ├── UpstreamClosed       UPSTREAM_CLOSED
    │   └── UpstreamMalformed    UPSTREAM_MALFORMED
    ├── Overloaded               OVERLOADED: the gateway itself cannot go on just now
    └── CallerError              the caller can mend it
        ├── BadUserInput         BAD_USER_INPUT
        ├── Unauthenticated      UNAUTHENTICATED
        └── Forbidden            FORBIDDEN

"Not there" is no error: it is None. Anything else that is raised is a bug, shown as INTERNAL_SERVER_ERROR.
"""

from typing import ClassVar

from gateway.models.freshness import SourceSystem


class GatewayError(Exception):
    """An error with a code that front ends may rely on."""

    code: ClassVar[str]


class UpstreamError(GatewayError):
    """A legacy system could not be asked. `detail` is for the log and never shown to a caller.

    With `unanswered` the request went out and no whole answer came back: it may have been carried out all the same.
    What is `passing` may be over a moment later. What was `held_back` never went out.
    """

    def __init__(
        self,
        system: SourceSystem,
        operation: str,
        detail: str,
        *,
        unanswered: bool = False,
        passing: bool = False,
        held_back: bool = False,
    ) -> None:
        super().__init__(f"{system.value} {operation}: {detail}")
        self.system = system
        self.operation = operation
        self.detail = detail
        self.unanswered = unanswered
        self.passing = passing
        self.held_back = held_back


class UpstreamUnavailable(UpstreamError):
    """It is down, refuses us, or fails.

    `ours` marks what only a change on the gateway's side can mend (rights, a request out of contract).
    """

    code = "UPSTREAM_UNAVAILABLE"

    def __init__(
        self,
        system: SourceSystem,
        operation: str,
        detail: str,
        *,
        ours: bool = False,
        unanswered: bool = False,
        passing: bool = False,
        held_back: bool = False,
    ) -> None:
        super().__init__(system, operation, detail, unanswered=unanswered, passing=passing, held_back=held_back)
        self.ours = ours


class UpstreamTimeout(UpstreamError):
    """No whole answer within the deadline."""

    code = "UPSTREAM_TIMEOUT"


class UpstreamClosed(UpstreamError):
    """It says that it is closed for the night or for maintenance."""

    code = "UPSTREAM_CLOSED"


class UpstreamMalformed(UpstreamError):
    """It answered something that its contract does not allow."""

    code = "UPSTREAM_MALFORMED"


class Overloaded(GatewayError):
    """The gateway's own database is away or does not keep up; its text says what was met, for the log."""

    code = "OVERLOADED"


class CallerError(GatewayError):
    """The caller can mend it. `message_id` and `parameters` make a message for people, in their language."""

    def __init__(self, message_id: str | None = None, **parameters: object) -> None:
        super().__init__(message_id or self.code)
        self.message_id = message_id or self.code
        self.parameters = parameters


class BadUserInput(CallerError):
    """An argument is out of range."""

    code = "BAD_USER_INPUT"


class Unauthenticated(CallerError):
    """Nobody is signed in."""

    code = "UNAUTHENTICATED"


class Forbidden(CallerError):
    """Somebody is signed in who may not do that."""

    code = "FORBIDDEN"
