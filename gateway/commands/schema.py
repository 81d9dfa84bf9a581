"""`schema` and `migrate`: the two documents that must be in step with the code, the graph's and the database's."""

import argparse
import difflib
import sys
from pathlib import Path

from gateway.accounts import migrate_database
from gateway.schema.root import print_schema
from gateway.settings import load_settings

SCHEMA_FILE = Path("schema.graphql")


def run_schema(options: argparse.Namespace) -> int:
    """Prints the schema; with --check compares it with schema.graphql of this folder instead."""
    printed = print_schema()
    if not options.check:
        sys.stdout.write(printed)
        return 0
    committed = SCHEMA_FILE.read_text(encoding="utf-8") if SCHEMA_FILE.exists() else ""
    if committed == printed:
        return 0
    lines = difflib.unified_diff(committed.splitlines(), printed.splitlines(), str(SCHEMA_FILE), "the code", "", "", 2)
    print("\n".join(lines))
    print(f"{SCHEMA_FILE} is out of step; `tenant-gateway schema > {SCHEMA_FILE}` mends it", file=sys.stderr)
    return 1


def run_migrate(_: argparse.Namespace) -> int:
    """Brings the database of the settings to the newest form."""
    migrate_database(load_settings().database_url)
    return 0
