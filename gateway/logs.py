"""How the gateway logs: one line an event, on standard error."""

import logging


def configure_logs() -> None:
    """The gateway's own events from INFO on, libraries' from WARNING on."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("gateway").setLevel(logging.INFO)
