"""What billing's refusals mean: KO answers inside HTTP 200, and every HTTP status that is not an answer."""

import re

import msgspec

from gateway.clients.base import Answer
from gateway.clients.billing import wire
from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamUnavailable
from gateway.models.freshness import SourceSystem

UNKNOWN = "FAC-404"
REFERENCE_TAKEN = "FAC-409"
DOCUMENT_MISSING = "FAC-410"

_SYSTEM = SourceSystem.BILLING


class Ko(Exception):
    """The whole answer is a KO of that code; what it means depends on the operation."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refusal_error(operation: str, code: str) -> UpstreamError:
    """What a KO code means where the operation gives it no meaning of its own."""
    if code == "FAC-503":
        return UpstreamClosed(_SYSTEM, operation, "KO FAC-503")
    shown = code if re.fullmatch(r"FAC-[0-9]{3}", code) else "of an unknown form"
    passing = code == "FAC-500"
    return UpstreamUnavailable(_SYSTEM, operation, f"KO {shown}", ours=not passing, passing=passing)


def status_error(operation: str, answer: Answer) -> UpstreamError:
    """What an HTTP status other than those of an answer means."""
    if answer.status == 503 and _is_maintenance(answer.body):
        return UpstreamClosed(_SYSTEM, operation, "HTTP 503, maintenance")
    if 200 <= answer.status < 400:
        return UpstreamMalformed(_SYSTEM, operation, answer.summary)
    ours = answer.status < 500 and answer.status not in {401, 429}
    return UpstreamUnavailable(_SYSTEM, operation, answer.summary, ours=ours, passing=answer.status in {500, 502})


def raise_for_ko(operation: str, body: bytes) -> None:
    """Raises Ko where the answer says so; its other fields are then meaningless."""
    # Almost always; saves a second decoding. One byte is looked for forty times as fast as four.
    if b"K" not in body or b'"KO"' not in body:
        return
    try:
        ko = msgspec.json.decode(body, type=wire.Ko)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamMalformed(_SYSTEM, operation, "not JSON") from error
    if ko.statut == "KO":
        raise Ko(ko.code or "")


def _is_maintenance(body: bytes) -> bool:
    try:
        return not msgspec.json.decode(body, type=wire.Maintenance).online
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
