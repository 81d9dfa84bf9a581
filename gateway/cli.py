"""The command `tenant-gateway`: parses arguments, nothing else."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from datetime import date, datetime
from importlib import metadata
from pathlib import Path

from gateway.advice import AdviceError
from gateway.commands import CommandError
from gateway.models.dates import PARIS
from gateway.settings import SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; what is wrong with settings or ports is one plain line, never a stack trace."""
    options = _parser().parse_args(arguments)
    try:
        command = importlib.import_module(f"gateway.commands.{options.command}")
        return int(command.run(options))
    except AdviceError as error:
        print(f"tenant-gateway: GATEWAY_ADVICE_DIRECTORY: {error}", file=sys.stderr)
        return 2
    except (SettingsError, CommandError) as error:
        print(f"tenant-gateway: {error}".replace("\n", "\ntenant-gateway: "), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tenant-gateway", description="One tenant graph over two legacy systems.")
    parser.add_argument("--version", action="version", version=f"tenant-gateway {metadata.version('tenant-gateway')}")
    subparsers = parser.add_subparsers(required=True, metavar="command")

    demo = subparsers.add_parser("demo", help="the gateway with both legacy systems simulated, nothing to set up")
    _listening(demo)
    _landlord(demo)
    demo.set_defaults(command="demo")

    serve = subparsers.add_parser("serve", help="the gateway; settings from GATEWAY_… variables or .env")
    _listening(serve)
    serve.add_argument("--workers", type=_workers, default=1, help="processes on one port, 1 to 8 (default 1)")
    serve.set_defaults(command="serve")

    simulate = subparsers.add_parser("simulate", help="both legacy systems and the payment page, simulated, alone")
    simulate.add_argument("--host", default="127.0.0.1")
    simulate.add_argument("--property-port", type=_port, default=8101)
    simulate.add_argument("--billing-port", type=_port, default=8102)
    simulate.add_argument("--admin-port", type=_port, default=8103)
    simulate.add_argument("--payment-port", type=_port, default=8104)
    simulate.add_argument("--notification-url", default="", help="where the payment page notifies the gateway")
    _landlord(simulate)
    simulate.add_argument("--now", type=_moment, help="the moment to begin at, ISO 8601, Paris time by default")
    simulate.set_defaults(command="simulate")

    schema = subparsers.add_parser("schema", help="prints the schema")
    schema.add_argument("--check", action="store_true", help="fails where schema.graphql is out of step with the code")
    schema.set_defaults(command="schema")

    _add_administration(subparsers)
    return parser


def _add_administration(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    migrate = subparsers.add_parser("migrate", help="brings the database to the newest form")
    migrate.set_defaults(command="migrate")

    check = subparsers.add_parser("check", help="tries settings, database and both legacy systems")
    check.set_defaults(command="check")

    assistance = subparsers.add_parser("assistance", help="requests of people who cannot create their account")
    actions = assistance.add_subparsers(required=True, dest="action", metavar="action")
    actions.add_parser("list", help="the open ones")
    for action, text in (
        ("accept", "releases the label and mails that"),
        ("refuse", "closes the request and mails that"),
    ):
        handle = actions.add_parser(action, help=text)
        handle.add_argument("reference", help="of the request, as listed")
        handle.add_argument("--operator", help="who decides; the user of this machine unless named")
    assistance.set_defaults(command="assistance")

    payments = subparsers.add_parser("payments", help="rent paid on line")
    reconcile = payments.add_subparsers(required=True, dest="action", metavar="action").add_parser(
        "reconcile", help="what is paid on the payment page against what billing shows"
    )
    reconcile.add_argument("report", nargs="?", type=Path, help="the page's transaction report; else its notifications")
    reconcile.add_argument("--from", dest="since", type=_day, help="first UTC day, 2026-11-03 (default a week ago)")
    reconcile.add_argument("--to", dest="until", type=_day, help="last UTC day (default today)")
    payments.set_defaults(command="payments")

    keys = subparsers.add_parser("keys", help="the keys that sign access tokens")
    keys.add_subparsers(required=True, dest="action", metavar="action").add_parser("rotate", help="a new one signs")
    keys.set_defaults(command="keys")


def _listening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=8000)


def _landlord(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenants", type=_positive, default=200, help="how many tenants there are (default 200)")
    parser.add_argument("--seed", type=int, default=7, help="another seed is another landlord (default 7)")
    parser.add_argument("--latency", choices=["none", "realistic"], default="none")
    parser.add_argument("--nights", action="store_true", help="closes the systems at night, as the contracts say")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return int(text)


def _workers(text: str) -> int:
    """Property management has eight places, and each process needs one."""
    if not text.isdecimal() or not 1 <= int(text) <= 8:
        raise argparse.ArgumentTypeError("must be a number from 1 to 8")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a day is written 2026-11-03") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a moment is written 2026-11-03T10:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)
