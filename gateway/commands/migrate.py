"""`migrate`: the database of the settings in its newest form."""

import argparse

from gateway.accounts import migrate_database
from gateway.commands import CommandError
from gateway.errors import Overloaded
from gateway.settings import load_settings


def run(_: argparse.Namespace) -> int:
    """Runs every migration that has not run yet."""
    settings = load_settings()
    try:
        migrate_database(settings.database_url)
    except Exception as error:  # whatever a driver raises
        met = str(error) if isinstance(error, Overloaded) else type(error).__name__
        raise CommandError(f"the database does not answer ({met}); is GATEWAY_DATABASE_URL right?") from None
    print("the database has the form that this version needs")
    return 0
