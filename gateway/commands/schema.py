"""`schema`: the graph as a document, and whether the committed one is in step with the code."""

import argparse
import difflib
import sys
from pathlib import Path

from gateway.schema.root import print_schema

SCHEMA_FILE = Path("schema.graphql")


def run(options: argparse.Namespace) -> int:
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
