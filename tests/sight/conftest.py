"""Metrics that begin at 0."""

from collections.abc import Iterator

import pytest

from gateway import metrics


@pytest.fixture
def new_metrics() -> Iterator[None]:
    """As in the workers of one `serve`, of which this process is the only one."""
    with metrics.shared_by_workers():
        yield
