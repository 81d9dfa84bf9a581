"""The one door by which errors leave: a message for people, a code for programs, nothing internal."""

import logging
import traceback
from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError

from gateway.errors import CallerError, UpstreamError
from gateway.locale import translate
from gateway.models.money import Locale

MAX_ERRORS = 50

logger = logging.getLogger(__name__)


def present_errors(errors: Iterable[GraphQLError], locale: Locale, request_id: str) -> list[dict[str, Any]]:
    """Errors met while an operation ran. What nobody foresaw is masked and logged with the request's id."""
    return [_present(error, locale, request_id) for error in list(errors)[:MAX_ERRORS]]


def present_refusals(errors: Iterable[GraphQLError], code: str) -> list[dict[str, Any]]:
    """Errors of the document or its variables, found before anything ran; their text is for developers."""
    return [
        _entry(error.message, error, {"code": code} | (error.extensions or {})) for error in list(errors)[:MAX_ERRORS]
    ]


def internal_error(locale: Locale, request_id: str) -> dict[str, Any]:
    """What is shown of a bug."""
    extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}
    return {"message": translate(locale, "INTERNAL_SERVER_ERROR"), "extensions": extensions}


def log_unexpected(error: BaseException, where: str) -> None:
    """Type and place of a bug, for the log. Never its text, which may hold what was being handled."""
    places = traceback.format_tb(error.__traceback__)
    logger.error("%s: unexpected %s\n%s", where, type(error).__name__, "".join(places))


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
    if cause is None or isinstance(cause, GraphQLError):  # graphql-core's own: an argument or a directive got a null
        return _entry(error.message, error, {"code": "BAD_USER_INPUT"})
    log_unexpected(cause, f"request {request_id}, {'.'.join(map(str, error.path or ()))}")
    masked = internal_error(locale, request_id)
    return _entry(masked["message"], error, masked["extensions"])


def _entry(message: str, error: GraphQLError, extensions: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": message}
    if error.locations:
        entry["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        entry["path"] = error.path
    return entry | {"extensions": extensions}
