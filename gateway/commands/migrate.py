"""`migrate`: the database of the settings in its newest form."""

import argparse

from gateway.accounts import migrate_database
from gateway.commands import CommandError
from gateway.settings import load_settings


def run(_: argparse.Namespace) -> int:
    """Runs every migration that has not run yet."""
    try:
        migrate_database(load_settings().database_url)
    except Exception as error:  # whatever a driver raises
        raise CommandError(
            f"the database does not answer ({type(error).__name__}); is GATEWAY_DATABASE_URL right?"
        ) from None
    print("the database has the form that this version needs")
    return 0
