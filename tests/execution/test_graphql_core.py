"""graphql-core's own tests of execution, from its source distribution, run through the compiled executor."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import graphql
import pytest

VERSION = "3.3.2"
HASH = "sha256:15d6eee7d4364fbc202833bc6bd0d504004d8ae7c0aaf620fa884d8e437622f2"
SUITES = [
    *("tests/execution", "tests/test_star_wars_query.py", "tests/test_star_wars_introspection.py"),
    *("tests/test_user_registry.py", "tests/type/test_introspection.py", "tests/utilities/test_build_client_schema.py"),
]
HERE = Path(__file__).parent


@pytest.fixture
def sources(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """The unpacked source distribution: downloaded once by pip, held against its hash, kept in pytest's cache.

    `GRAPHQL_CORE_SDIST` names a copy for machines without a package index.
    """
    assert graphql.version == VERSION, "another graphql-core: its tests belong to another source distribution"
    kept = pytestconfig.cache.mkdir("graphql-core")
    archive = Path(os.environ.get("GRAPHQL_CORE_SDIST", kept / f"graphql_core-{VERSION}.tar.gz"))
    if not archive.exists():
        wanted = tmp_path / "wanted.txt"
        wanted.write_text(f"graphql-core=={VERSION} --hash={HASH}\n")
        options = [
            "--quiet",
            "--no-deps",
            "--no-binary",
            "graphql-core",
            "--require-hashes",
            "-r",
            str(wanted),
            "-d",
            str(kept),
        ]
        subprocess.run([sys.executable, "-m", "pip", "download", *options], check=True, timeout=300)
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / f"graphql_core-{VERSION}"


def test_they_pass_and_most_of_what_they_run_is_compiled(sources: Path, tmp_path: Path) -> None:
    counted = tmp_path / "counts.json"
    options = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "-W", "ignore", "-p", "swapped"]
    environment = os.environ | {"PYTHONPATH": f"{HERE.parents[1]}:{HERE}", "SWAPPED_COUNTS": str(counted)}
    command = [sys.executable, "-m", "pytest", *options, *SUITES]
    ran = subprocess.run(
        command, cwd=sources, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stdout[-5_000:] + ran.stderr[-2_000:]
    counts = json.loads(counted.read_text())
    assert counts["passed"] >= 780
    assert counts["compiled"] > 0.9 * (counts["compiled"] + counts["eligible"]), counts
