"""How the gateway logs: one line of JSON an event, on standard error; nothing in it is secret or somebody's own."""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import msgspec
import structlog

REDACTED: Final = "[redacted]"

# What events are about. One mapping rather than structlog's variable a name: two of them a request are set and reset.
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))

# Values with such a word in their name are never written, whoever logs them.
_SECRET_KEYS: Final = re.compile(
    r"password|secret|token|cookie|authorization|label|lease|e_?mail|birth|phone|address|user_agent|(first|last|full)_?name"
    r"|variables|query|body|sealed",
    re.IGNORECASE,
)
# What betrays itself inside a text: mail addresses, signed tokens, what follows Bearer or token=, users in addresses,
# labels and lease references of the kinds that the legacy systems give out.
_SECRET_TEXTS: Final = re.compile(
    r"[^\s@<>\"'(:/]+@[\w-]+(?:\.[\w-]+)+|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|(?<=[Bb]earer )\S+|(?<=token=)[^\s&\"']+"
    r"|(?<=://)[^\s/@]+(?=@)|\b[A-Z]\d{7}\b|\b\d{7}/\d{2}\b"
)
_UNKNOWN: Final = vars(logging.makeLogRecord({"levelno": logging.INFO, "levelname": "INFO"}))
_STANDARD: Final = {*_UNKNOWN, "message", "asctime", "taskName"}  # all else is an event's own
_SUSPECT: Final = re.compile(r"[@.=]|earer|\d{7}")  # without any of these no pattern above can fit


def configure_logs(*, readable: bool = False) -> None:
    """The gateway's own events from INFO on, libraries' from WARNING on; `readable` where a terminal is looked at."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Lines):
            root.removeHandler(handler)
    lines = _Lines(sys.stderr)
    to_be_read = readable and sys.stderr.isatty()
    lines.setFormatter(_Formatter(_readable() if to_be_read else _encode))
    root.addHandler(lines)
    root.setLevel(logging.WARNING)
    logging.getLogger("gateway").setLevel(logging.INFO)
    logging.captureWarnings(True)


class in_log:  # used as a function
    """Events logged within, in tasks that begin within as well, say what they are about; `add` says more of it."""

    __slots__ = ("_about", "_token")

    def __init__(self, **about: str) -> None:
        self._about: dict[str, str] = about

    def __enter__(self) -> "in_log":
        self._about = {**_about.get(), **self._about}
        self._token = _about.set(self._about)
        return self

    def __exit__(self, *_: object) -> None:
        _about.reset(self._token)

    def add(self, name: str, value: str) -> None:
        """From here on they say that, too."""
        self._about[name] = value


def tell(logger: logging.Logger, event: str, about: dict[str, Any]) -> None:
    """Logs an event of level INFO, whose values must be the gateway's own words: they are not looked through.

    It costs a third of what `logger.info` does, which finds out the place in the code, thread, process and more.
    """
    if logger.isEnabledFor(logging.INFO):
        logger.handle(_Told(logger.name, event, about))


class _Told(logging.LogRecord):
    """A record of which nothing had to be found out."""

    def __init__(self, name: str, event: str, about: dict[str, Any]) -> None:
        self.about = about
        vars(self).update(_UNKNOWN)
        vars(self).update(about)
        self.name, self.msg, self.created = name, event, time.time()


class _Lines(logging.StreamHandler[Any]):
    """The handler of `configure_logs`, told from others'."""


class _Formatter(logging.Formatter):
    """Everything is logged by the standard library's loggers: the gateway's own events go the way of libraries'."""

    def __init__(self, render: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        """When (UTC), how grave and by whom, in front; then what it is about."""
        second, part = divmod(record.created, 1)
        introduction = {
            "timestamp": f"{_written(int(second))}.{int(part * 1000):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record, _Told):
            event = {"event": record.msg, **_about.get(), **record.about}
        else:
            own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
            event = _redact({"event": record.getMessage(), **_about.get(), **own, **_place(record)})
        return self._render(introduction | event)


@lru_cache(2)
def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]


def _readable() -> Callable[[dict[str, Any]], str]:
    renderer = structlog.dev.ConsoleRenderer()
    return lambda event: str(renderer(None, "", event))


def _encode(event: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(event).decode()
    except UnicodeEncodeError:  # a file's name, or a library's word, that is no text
        return json.dumps(event)


def _place(record: logging.LogRecord) -> dict[str, Any]:
    """Type and place of an exception, never its text, which may hold what was being handled."""
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    frames = traceback.extract_tb(record.exc_info[2])[-20:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"exception": type(record.exc_info[1]).__name__, "places": places}


def _redact(event: dict[str, Any]) -> dict[str, Any]:
    """Takes out what must never be logged: by the names of values, and by what betrays itself in texts."""
    return {key: REDACTED if _is_secret(key) else _clean(value) for key, value in event.items()}


@lru_cache(1_000)
def _is_secret(key: str) -> bool:
    return _SECRET_KEYS.search(key) is not None


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _SECRET_TEXTS.sub(REDACTED, value) if _SUSPECT.search(value) else value
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {str(key): REDACTED if _is_secret(str(key)) else _clean(each) for key, each in value.items()}
    return _clean(str(value))
