"""`serve`: the gateway with the settings of the environment."""

import argparse
import asyncio
import logging

import uvicorn
from uvicorn.supervisors import Multiprocess

from gateway.advice import load_advice
from gateway.app import create_app
from gateway.commands import CommandError
from gateway.commands.check import database_problem
from gateway.commands.listening import Server, listen
from gateway.logs import configure_logs
from gateway.settings import load_settings

logger = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM, in one process or several."""
    settings = load_settings()
    load_advice(settings.advice_directory)  # what is wrong with an article is told before anything listens
    configure_logs()
    if (problem := asyncio.run(database_problem(settings))) is not None:
        raise CommandError(f"the database {problem}")
    sock = listen(options.host, options.port)
    address = f"http://{options.host}:{sock.getsockname()[1]}"
    if settings.smtp_url is None:
        logger.warning("GATEWAY_SMTP_URL is not set: mails wait in the database, unsent")
    if options.workers > 1:
        config = uvicorn.Config(
            "gateway.app:app_from_environment",
            factory=True,
            workers=options.workers,
            access_log=False,
            server_header=False,
        )
        print(f"tenant-gateway serves on {address} in {options.workers} processes", flush=True)
        Multiprocess(config, sockets=[sock]).run()
        return 0
    server = Server(create_app(settings), lambda: print(f"tenant-gateway serves on {address}", flush=True))
    asyncio.run(server.serve(sockets=[sock]))
    return 0 if server.started else 1
