"""A connection that does not wait for ever: not for what is to come, nor for a client to take what it is sent."""

import asyncio
import math
import socket
import struct
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Final, cast

_INT: Final = struct.Struct("i")


class Patience(asyncio.Protocol):
    """What has to come by a moment is waited for no longer; one timer looks at that moment at least every `seconds`.

    So long a client has to take some bytes, too, of an answer under way as of what is left when a connection is closed.
    """

    seconds: float

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.writable: asyncio.Event | None = None  # set once the client takes something again, if it does not now
        self._loop = loop
        self._until = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None  # where there is something for the client to take

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one but in name
        self.wait(self.seconds)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, whoever ended it."""
        for timer in (self._timer, self._taking):
            if timer is not None:
                timer.cancel()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The client takes too little."""
        self.writable = asyncio.Event()
        self._see_it_taken(math.inf)

    def resume_writing(self) -> None:
        """The client takes more again, or nothing any more."""
        if self.writable is not None:
            self.writable.set()
            self.writable = None
        if self._taking is not None and not self._transport.is_closing():  # else there is a rest to take
            self._taking.cancel()
            self._taking = None

    def wait(self, seconds: float) -> None:
        """Waits for so long, at least `self.seconds`; infinity is for what is the gateway's own turn."""
        self._until = self._loop.time() + seconds

    def write(self, data: bytes) -> None:
        """Sends bytes, or keeps them until the client takes them; none of them where it is over."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def late(self) -> None:
        """What had to come has not."""
        self.close()

    def close(self) -> None:
        """Ends the connection once what was written is taken."""
        self._transport.close()

    def abort(self) -> None:
        """Ends the connection at once by a reset: nobody takes what was sent for all there is."""
        now = struct.pack("ii", 1, 0)
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        self._transport.abort()

    def _look(self) -> None:
        if self._transport.is_closing():
            if self._taking is None:
                self._see_it_taken(math.inf)
            return
        now = self._loop.time()
        if now >= self._until:
            self.late()
        soon = now + self.seconds
        self._timer = self._loop.call_at(self._until if now < self._until < soon else soon, self._look)

    def _see_it_taken(self, before: float) -> None:
        """Gives the connection up where no less is left for the client to take than there was before."""
        left = self._transport.get_write_buffer_size() + self._in_socket()
        if left < before:
            self._taking = self._loop.call_later(self.seconds, self._see_it_taken, left)
        else:
            self.abort()

    def _in_socket(self) -> int:
        """Bytes that the other end has not acknowledged: a socket takes more only once a good part of them is gone."""
        try:
            return _INT.unpack(ioctl(self._transport.get_extra_info("socket").fileno(), TIOCOUTQ, bytes(_INT.size)))[0]  # type: ignore[no-any-return]
        except OSError:  # not every system tells
            return 0
