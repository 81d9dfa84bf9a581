"""The demo, running as anybody would run it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def demo_url() -> Iterator[str]:
    """The address of a demo that runs as long as the browser tests."""
    command = [
        sys.executable,
        "-c",
        "import sys; from gateway.cli import main; sys.exit(main())",
        "demo",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        match = re.search(r"(http://\S+)/graphql", printed)
        assert match
        yield match[1]
        process.send_signal(signal.SIGINT)
        process.wait(10)
