"""The one door by which errors leave: a message for people, a code for programs, nothing internal."""

import logging
import re
import traceback
from collections.abc import Iterable
from itertools import islice
from typing import Any

from graphql import GraphQLError

from gateway.errors import CallerError, Overloaded, UpstreamError
from gateway.locale import translate
from gateway.models.money import Locale

# Errors may quote what was sent, over and over: an answer must not be many times as long as its request.
MAX_MESSAGE = 500
MAX_LOCATIONS = 10

# How graphql-core quotes the values that it was given, a password among them.
_QUOTES = (
    (re.compile(r"[,;] found: .*", re.DOTALL), "."),
    (re.compile(r"(cannot represent [\w -]*value): .*", re.DOTALL), r"\1."),
    (re.compile(r"Value '.*' does not exist in '", re.DOTALL), "Value does not exist in '"),
    (re.compile(r"\b(found|Unexpected) (\w+) '.*", re.DOTALL), r"\1 \2."),
)

logger = logging.getLogger(__name__)


def present_errors(
    errors: Iterable[GraphQLError], locale: Locale, request_id: str, max_errors: int
) -> list[dict[str, Any]]:
    """Errors met while an operation ran. What nobody foresaw is masked and logged with the request's id."""
    return [_present(error, locale, request_id) for error in islice(errors, max_errors)]


def present_refusals(errors: Iterable[GraphQLError], code: str, max_errors: int) -> list[dict[str, Any]]:
    """Errors of the document or its variables, found before anything ran; their text is for developers."""
    return [
        _entry(_without_values(error), error, {"code": code} | (error.extensions or {}))
        for error in islice(errors, max_errors)
    ]


def internal_error(locale: Locale, request_id: str) -> dict[str, Any]:
    """What is shown of a bug."""
    extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}
    return {"message": translate(locale, "INTERNAL_SERVER_ERROR"), "extensions": extensions}


def log_unexpected(error: BaseException, where: str) -> None:
    """Type and place of a bug, for the log. Never its text, which may hold what was being handled."""
    places = traceback.format_tb(error.__traceback__)
    logger.error("%s: unexpected %s\n%s", where, type(error).__name__, "".join(places))


def log_overloaded(error: Overloaded) -> None:
    """What the database met, for the log."""
    logger.error("the database is away: %s", error)


def describe(error: UpstreamError | CallerError, locale: Locale) -> str:
    """What a person may read of an error."""
    if isinstance(error, UpstreamError):
        return translate(locale, error.code, system=translate(locale, error.system.value))
    return translate(locale, error.message_id, count=None, **error.parameters)


def _present(error: GraphQLError, locale: Locale, request_id: str) -> dict[str, Any]:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, UpstreamError):
        return _entry(describe(cause, locale), error, {"code": cause.code, "upstream": cause.system.value})
    if isinstance(cause, CallerError):
        return _entry(describe(cause, locale), error, {"code": cause.code})
    if isinstance(cause, Overloaded):
        log_overloaded(cause)
        return _entry(translate(locale, cause.code), error, {"code": cause.code})
    if cause is None or isinstance(cause, GraphQLError):  # graphql-core's own: an argument or a directive got a null
        return _entry(_without_values(error), error, {"code": "BAD_USER_INPUT"})
    log_unexpected(cause, f"request {request_id}, {'.'.join(map(str, error.path or ()))}")
    masked = internal_error(locale, request_id)
    return _entry(masked["message"], error, masked["extensions"])


def _without_values(error: GraphQLError) -> str:
    """What graphql-core says of a document or its variables; the place tells which value is meant."""
    message = error.message
    for quote, instead in _QUOTES:
        message = quote.sub(instead, message)
    return message


def _entry(message: str, error: GraphQLError, extensions: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"}
    if error.locations:
        places = error.locations[:MAX_LOCATIONS]
        entry["locations"] = [{"line": place.line, "column": place.column} for place in places]
    if error.path:
        entry["path"] = error.path
    return entry | {"extensions": extensions}
