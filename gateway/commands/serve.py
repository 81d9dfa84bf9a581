"""`serve`: the gateway with the settings of the environment."""

import argparse
import asyncio
import logging

from gateway.advice import load_advice
from gateway.app import create_app
from gateway.commands import CommandError
from gateway.commands.check import database_problem
from gateway.commands.listening import Server, address_of, listen
from gateway.logs import configure_logs
from gateway.settings import load_settings

GRACE_SECONDS = 20

logger = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM, in one process."""
    settings = load_settings()
    load_advice(settings.advice_directory)  # what is wrong with an article is told before anything listens
    configure_logs()
    if (problem := asyncio.run(database_problem(settings))) is not None:
        raise CommandError(f"the database {problem}")
    sock = listen(options.host, options.port)
    address = address_of(options.host, sock)
    if settings.smtp_url is None:
        logger.warning("GATEWAY_SMTP_URL is not set: mails wait in the database, unsent")
    server = Server(
        create_app(settings),
        lambda: print(f"tenant-gateway serves on {address}", flush=True),
        grace_seconds=GRACE_SECONDS,
    )
    asyncio.run(server.serve(sockets=[sock]))
    return 0 if server.started else 1
