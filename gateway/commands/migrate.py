"""`migrate`: the database of the settings in its newest form."""

import argparse

from gateway.accounts import migrate_database
from gateway.settings import load_settings


def run(_: argparse.Namespace) -> int:
    """Runs every migration that has not run yet."""
    migrate_database(load_settings().database_url)
    return 0
