"""The parent of worker processes: starts them, replaces those that crash, and all of them, one by one, at SIGHUP."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

from gateway import metrics

START_SECONDS: Final = 60.0
STEADY_SECONDS: Final = 30.0
"""A worker that has lived for so long had no trouble starting."""
CRASHES_IN_ROW: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.25

logger = logging.getLogger(__name__)


class CannotStart(Exception):
    """A worker ended, or said nothing for too long, before it took requests."""


class Worker:
    """One process that serves on a socket. It leaves by itself where its parent is gone."""

    def __init__(self, process: asyncio.subprocess.Process, line: socket.socket) -> None:
        self.pid = process.pid
        self._process = process
        self._line = line
        self.ended = asyncio.ensure_future(self._reap())

    @classmethod
    async def start(cls, listening: socket.socket) -> "Worker":
        """A worker that takes requests. Raises CannotStart."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        numbers = (listening.fileno(), theirs.fileno())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.commands.worker", *map(str, numbers)),
            pass_fds=numbers,
            start_new_session=True,  # Ctrl-C in a terminal is for the parent, which passes it on
        )
        theirs.close()
        worker = cls(process, ours)
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = await asyncio.get_running_loop().sock_recv(ours, 1)
        except TimeoutError:
            ready = b""
        except asyncio.CancelledError:
            worker.signal(signal.SIGKILL)
            raise
        if not ready:
            worker.signal(signal.SIGKILL)
            raise CannotStart(f"worker {worker.pid} ended with {await worker.wait()} before it took requests")
        return worker

    def signal(self, number: int) -> None:
        """Sends a signal, if the process is still there."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def wait(self) -> int:
        """Its exit code, once it has ended; whoever gives up waiting disturbs nobody."""
        return await asyncio.shield(self.ended)

    async def _reap(self) -> int:
        code = await self._process.wait()
        self._line.close()
        metrics.worker_ended(self.pid)
        return code


class Workers:
    """As many workers as there are sockets, one on each.

    The sockets stay open here: what waits on the socket of a worker that has crashed is served by its successor.
    """

    def __init__(self, sockets: list[socket.socket], announce: Callable[[], None], *, grace_seconds: float) -> None:
        self._places = [_Place(each) for each in sockets]
        self._announce = announce
        self._grace_seconds = grace_seconds
        self._ending = signal.SIGTERM

    async def serve(self) -> int:
        """Serves until SIGINT or SIGTERM; 0 then, and 1 where workers cannot be kept alive."""
        with metrics.shared_by_workers():
            running = asyncio.ensure_future(self._run())
            self._end_at_signals(running)
            try:
                await running
            except asyncio.CancelledError:
                return 0
            except ExceptionGroup as errors:
                if errors.split(CannotStart)[1] is not None:
                    raise
                logger.error("%s", errors.exceptions[0])
            finally:
                await self._end()
            return 1

    def _end_at_signals(self, running: asyncio.Future[None]) -> None:
        def stop(number: signal.Signals) -> None:
            self._ending = number
            if not running.cancel():
                self._signal(number)  # once more, for those in a hurry

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop, number)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as starting:
            for place in self._places:
                starting.create_task(place.fill())
        self._announce()
        async with asyncio.TaskGroup() as running:
            for place in self._places:
                running.create_task(place.keep())
            running.create_task(self._replace_at_hangup())

    async def _replace_at_hangup(self) -> None:
        hangup = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
        while await hangup.wait():
            hangup.clear()
            try:
                for place in self._places:
                    await place.replace()
                logger.info("all workers have been replaced")
            except CannotStart as error:
                logger.error("%s; those that serve stay", error)

    async def _end(self) -> None:
        for place in self._places:
            place.close()
        self._signal(self._ending)
        ended = [worker.ended for place in self._places for worker in place.workers]
        if not ended:
            return
        _, late = await asyncio.wait(ended, timeout=self._grace_seconds)
        if late:
            logger.error("%d workers do not end in time", len(late))
            self._signal(signal.SIGKILL)
            await asyncio.wait(late)

    def _signal(self, number: signal.Signals) -> None:
        for place in self._places:
            for worker in place.workers:
                worker.signal(number)


class _Place:
    """A socket and whoever serves on it: one worker, and for a moment one that leaves."""

    def __init__(self, listening: socket.socket) -> None:
        self.workers: list[Worker] = []
        self._listening = listening
        self._changing = asyncio.Lock()

    async def fill(self) -> None:
        """Starts a worker beside those there are. Raises CannotStart."""
        self.workers.append(await Worker.start(self._listening))

    async def replace(self) -> None:
        """Another worker; the one before leaves once it takes requests. Raises CannotStart."""
        async with self._changing:
            before = list(self.workers)
            await self.fill()
            for worker in before:
                worker.signal(signal.SIGTERM)
                await worker.wait()
                self.workers.remove(worker)

    def close(self) -> None:
        """Lets nobody come any more, once the workers have closed their end too."""
        self._listening.close()

    async def keep(self) -> None:
        """Starts another worker whenever one has crashed, later each time. Raises CannotStart in the end."""
        crashes = 0
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            await self._crashed()
            crashes = 1 if clock() - began >= STEADY_SECONDS else crashes + 1
            if crashes == CRASHES_IN_ROW:
                raise CannotStart(f"{crashes} workers have crashed one after the other")
            await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**crashes)
            try:
                async with self._changing:
                    if not self.workers:
                        await self.fill()
            except CannotStart as error:
                logger.error("%s", error)

    async def _crashed(self) -> None:
        """Returns once nobody serves here, and none is about to."""
        while self.workers:
            worker = self.workers[-1]
            code = await worker.wait()
            async with self._changing:
                if worker in self.workers:
                    self.workers.remove(worker)
                    logger.error("worker %d ended with %d", worker.pid, code)
