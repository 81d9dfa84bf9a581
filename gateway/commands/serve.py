"""`serve`: the gateway with the settings of the environment, in one process or several."""

import argparse
import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable
from typing import Final

from gateway import tracing
from gateway.advice import load_advice
from gateway.app import create_app
from gateway.commands import CommandError
from gateway.commands.check import database_problem
from gateway.commands.listening import LINGER_SECONDS, Server, address_of, listen
from gateway.commands.workers import Workers
from gateway.logs import configure_logs
from gateway.settings import Settings, load_settings

GRACE_SECONDS: Final = 20
"""So long requests under way may take when a process leaves."""
WORKERS_GRACE_SECONDS: Final = LINGER_SECONDS + GRACE_SECONDS + 10
"""So long workers may take to leave: they end their requests, then what they do in the background."""

logger = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM."""
    settings = load_settings()
    load_advice(settings.advice_directory)  # what is wrong with an article is told before anything listens
    configure_logs(readable=settings.development)
    if settings.traces_url and not tracing.is_installed():
        raise CommandError("GATEWAY_TRACES_URL needs the extra otel: pip install 'tenant-gateway[otel]'")
    if (problem := asyncio.run(database_problem(settings))) is not None:
        raise CommandError(f"the database {problem}")
    sockets = _listen(options.host, options.port, options.workers)
    announce = _announcing(options.host, sockets)
    if settings.smtp_url is None:
        logger.warning("GATEWAY_SMTP_URL is not set: mails wait in the database, unsent")
    if len(sockets) > 1:
        return asyncio.run(Workers(sockets, announce, grace_seconds=WORKERS_GRACE_SECONDS).serve())
    server = build_server(settings, announce)
    server.run(sockets=sockets)
    return 0 if server.started else 1


def build_server(settings: Settings, announce: Callable[[], object]) -> Server:
    """What one process serves."""

    def started() -> None:
        _collect_seldom()
        announce()

    return Server(
        create_app(settings),
        started,
        grace_seconds=GRACE_SECONDS,
        slow_client_seconds=settings.slow_client_seconds,
    )


def _listen(host: str, port: int, workers: int) -> list[socket.socket]:
    """A socket for each worker, all on one port; the kernel spreads connections over them."""
    first = listen(host, port)
    if workers == 1:
        return [first]
    first.close()  # it was there to notice a port in use, which sockets beside others' do not
    first = listen(host, port, beside_others=True)
    return [first, *(listen(host, first.getsockname()[1], beside_others=True) for _ in range(workers - 1))]


def _announcing(host: str, sockets: list[socket.socket]) -> Callable[[], None]:
    count = len(sockets)
    several = f" with {count} workers; SIGHUP to process {os.getpid()} replaces them" if count > 1 else ""
    return lambda: print(f"tenant-gateway serves on {address_of(host, sockets[0])}{several}", flush=True)


def _collect_seldom() -> None:
    """Has the garbage collector leave alone what a process has at its start, and look at the rest less often.

    What is remembered of tenants lives long and refers to nothing that refers back, yet by default all of it is walked
    again and again: a third of the CPU, and pauses of half a second, where much is remembered. What requests leave that
    fail or are given up, circles of some kB, is found among the first ten thousand new objects: a few MB.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 500)
