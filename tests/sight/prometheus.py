"""Debian's Prometheus, where it is installed; in CI it must be."""

import os
import shutil

import pytest


def needed(program: str) -> pytest.MarkDecorator:
    """Skips a test where the program is missing, anywhere but in CI."""
    missing = shutil.which(program) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{program} is not installed (Debian's package prometheus)")
