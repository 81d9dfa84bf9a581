"""The log tells what happened and nothing that is secret or somebody's."""

import asyncio
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.logs import configure_logs, in_log
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE
from tests.sight.driving import drive
from tests.support import HOME, PASSWORD, Gateway


class Log(io.StringIO):
    """Standard error, written to by nobody else."""

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines read."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """The log as `serve` configures it."""
    root = logging.getLogger()
    before, levels = root.handlers[:], (root.level, logging.getLogger("gateway").level)
    written = Log()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs()
    yield written
    root.handlers[:] = before
    root.setLevel(levels[0])
    logging.getLogger("gateway").setLevel(levels[1])
    logging.captureWarnings(False)


async def test_a_request_is_one_line_that_says_how_it_went(log: Log, gateway: Gateway) -> None:
    await gateway.settle()
    gateway.simulator.add_fault("ListerTravaux", "html500")
    token = await gateway.sign_in()
    log.seek(0)
    log.truncate()
    async with gateway.http.post(
        f"{gateway.url}/graphql",
        json={"query": HOME},
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    ) as response:
        request_id = response.headers["X-Request-Id"]

    [line] = [event for event in log.events if event["event"] == "request"]
    called = sum(gateway.simulator.counters[name].calls for name in gateway.simulator.counters)
    assert line["milliseconds"] > 0
    assert {key: line[key] for key in ("level", "request_id", "operation", "kind", "status", "codes")} == {
        "level": "info",
        "request_id": request_id,
        "operation": "Home",
        "kind": "query",
        "status": 200,
        "codes": ["UPSTREAM_UNAVAILABLE"],
    }
    assert called > 1
    assert line["calls"] == called - 1  # the failing call was made twice and is one
    [failure] = [event for event in log.events if "ListerTravaux failed" in event["event"]]
    assert (failure["request_id"], failure["operation"]) == (request_id, "Home")


def test_a_line_tells_its_moment_in_utc(log: Log) -> None:
    for moment in (1_790_000_000.25, 1_790_000_000.999, 1_790_000_061.0):
        record = logging.makeLogRecord({"name": "gateway", "levelno": logging.INFO, "levelname": "INFO", "msg": "told"})
        record.created = moment
        logging.getLogger("gateway").handle(record)
    assert [line["timestamp"] for line in log.events] == [
        "2026-09-21T14:13:20.250Z",
        "2026-09-21T14:13:20.999Z",
        "2026-09-21T14:14:21.000Z",
    ]


async def test_requests_sent_ahead_on_one_connection_have_a_line_each(log: Log, gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    for operation in ("First", "Second", ""):
        body = json.dumps({"query": f"query {operation} {{ __typename }}"})
        head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    ids = []
    for _ in range(3):
        answer = (await reader.readuntil(b'{"data":{"__typename":"Query"}}')).decode()
        ids.append(answer.partition("x-request-id: ")[2].partition("\r\n")[0])
    writer.close()
    told = [(event["request_id"], event["operation"]) for event in log.events if event["event"] == "request"]
    assert told == [(ids[0], "First"), (ids[1], "Second"), (ids[2], "")]
    assert len(set(ids)) == 3


async def test_names_that_may_hold_something_are_not_written(log: Log, gateway: Gateway) -> None:
    await gateway.post({"query": "query Of_L0048217 { __typename }"})
    assert [event["operation"] for event in log.events if event["event"] == "request"] == ["other"]


async def test_nothing_that_tenants_type_or_own_is_ever_logged(log: Log, gateway: Gateway) -> None:
    secrets = await drive(gateway)

    assert len(secrets) > 15
    events = {event["event"] for event in log.events}
    for told in ("request", "ConsulterContrats failed", "is left alone", "the database is away"):
        assert any(told in event for event in events), told
    assert len([event for event in log.events if event["event"] == "request"]) > 20
    for secret in secrets:
        assert secret not in log.getvalue(), secret


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("550 no such user jean.dupont+x@mail.example.fr here", "dupont"),
        ("header Authorization: Bearer abc.def-ghi", "abc.def"),
        ("got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln in cookie", "eyJ"),
        ("link https://tenants.example.org/reset#token=Zm9vYmFy sent", "Zm9v"),
        ("cannot connect to postgresql://gateway:hunter2@db/gateway", "hunter2"),
        (f"account {EXAMPLE_LABEL} is odd", EXAMPLE_LABEL),
        (f"lease {EXAMPLE_LEASE} is odd", EXAMPLE_LEASE),
    ],
)
def test_libraries_that_say_too_much_are_silenced(log: Log, text: str, secret: str) -> None:
    logging.getLogger("some.library").warning("oh: %s", text)
    logging.getLogger("some.library").warning("oh", extra={"detail": {"lines": [text]}})
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(text, stacklevel=1)

    assert len(log.events) == 4
    assert secret not in log.getvalue()
    assert log.events[2]["exception"] == "ValueError"
    assert log.events[2]["places"][-1].endswith("test_libraries_that_say_too_much_are_silenced")


def test_what_is_no_text_is_written_and_redacted_all_the_same(log: Log) -> None:
    root = logging.getLogger()
    # What pytest keeps of a log it must be able to write down.
    root.handlers[:] = [each for each in root.handlers if getattr(each, "stream", None) is log]
    logging.getLogger("some.library").warning("file %s of someone@example.org", "\udcff")
    [event] = log.events
    assert event["event"] == "file \udcff of [redacted]"


def test_values_with_a_secret_name_are_never_written(log: Log) -> None:
    with in_log(request_id="r-1"):
        logging.getLogger("gateway.x").info(
            "tried", extra={"new_password": PASSWORD, "status": 3, "deep": {"email": 1}}
        )
    logging.getLogger("gateway.x").debug("not at all")

    [event] = log.events
    assert event["new_password"] == event["deep"]["email"] == "[redacted]"
    assert (event["request_id"], event["status"], event["logger"], event["level"]) == ("r-1", 3, "gateway.x", "info")
