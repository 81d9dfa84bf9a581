"""Sends requests and waits for answers, as many at once as there are connections, for little CPU."""

import asyncio
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import uvloop


@dataclass
class Outcome:
    """What came of a run: seconds of each request in the order of their ends, and what was not answered as hoped."""

    seconds: float = 0.0
    waits: "array[float]" = field(default_factory=lambda: array("d"))
    refused: int = 0
    with_errors: int = 0
    answers: list[bytes] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the requests stayed below."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def send(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float = 0.0, keep: bool = False
) -> Outcome:
    """Sends the requests one after the other, again from the first while there are seconds left; else each once."""
    return uvloop.run(_send(port, requests, connections, seconds, keep))


async def _send(port: int, requests: Sequence[bytes], connections: int, seconds: float, keep: bool) -> Outcome:
    loop, outcome = asyncio.get_running_loop(), Outcome()
    began = time.perf_counter()
    source = _endless(requests, began + seconds) if seconds else iter(requests)
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: _Client(source, outcome, keep), "127.0.0.1", port)
        clients.append(client)
    began = time.perf_counter()
    for client in clients:
        client.send()
    await asyncio.gather(*(client.done for client in clients))
    outcome.seconds = time.perf_counter() - began
    return outcome


def _endless(requests: Sequence[bytes], until: float) -> Iterator[bytes]:
    while True:
        for request in requests:
            if time.perf_counter() >= until:
                return
            yield request


class _Client(asyncio.Protocol):
    """One connection: the next request leaves when the answer to the last one is whole."""

    def __init__(self, source: Iterator[bytes], outcome: Outcome, keep: bool) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._source = source
        self._outcome = outcome
        self._keep = keep
        self._buffer = bytearray()
        self._whole: _Whole | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def send(self) -> None:
        """Sends the next request, or hangs up."""
        request = next(self._source, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._buffer.clear()
        self._whole = None
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._whole is None:
            self._whole = _read_head(self._buffer)
        if self._whole is None or not self._whole.is_reached(self._buffer):
            return
        outcome = self._outcome
        outcome.waits.append(time.perf_counter() - self._began)
        outcome.refused += not self._buffer.startswith(b"200", 9)
        outcome.with_errors += self._buffer.find(b'"errors"', self._whole.start) >= 0
        if self._keep:
            outcome.answers.append(self._whole.body(self._buffer))
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


@dataclass(frozen=True)
class _Whole:
    """Where an answer's body starts, and where it ends; chunked ones tell the end themselves."""

    start: int
    end: int | None

    def is_reached(self, received: bytearray) -> bool:
        """Whether all of it is there."""
        return len(received) >= self.end if self.end is not None else received.endswith(b"\r\n0\r\n\r\n")

    def body(self, received: bytearray) -> bytes:
        """The body alone."""
        if self.end is not None:
            return bytes(received[self.start :])
        body, start = bytearray(), self.start
        while (size := int(received[start : (line := received.index(b"\r\n", start))], 16)) > 0:
            body += received[line + 2 : line + 2 + size]
            start = line + 4 + size
        return bytes(body)


def _read_head(received: bytearray) -> _Whole | None:
    """What the head says, once it is there."""
    if (end := received.find(b"\r\n\r\n")) < 0:
        return None
    head, start = received[:end].lower(), end + 4
    if (at := head.find(b"\r\ncontent-length:")) < 0:
        return _Whole(start, None)
    return _Whole(start, start + int(head[at + 17 :].split(b"\r\n", 1)[0]))
