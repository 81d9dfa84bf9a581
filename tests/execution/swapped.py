"""A pytest plugin: graphql-core runs every operation through the compiled executor; what became of each is counted."""

import importlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.execution.incremental.incremental_executor import IncrementalExecutor

from gateway.execution.plans import Plans
from gateway.execution.running import CompiledExecutor

COUNTS = Counter[str]()


class Swapped(CompiledExecutor):
    """Compiles at the first use."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        self.plans = Plans(runs_before=0)
        try:
            return super().execute_operation(serially)
        finally:
            COUNTS["compiled" if self.plan is not None else self._why_not()] += 1

    def _why_not(self) -> str:
        """Why graphql-core ran it, as far as the specification says that it shall."""
        if self.operation.operation.value == "subscription":
            return "subscription"
        if self.abort_signal is not None:
            return "abort signal"
        if self.middleware_manager is not None:
            return "middleware"
        source = "" if self.operation.loc is None else self.operation.loc.source.body
        return "incremental" if "@defer" in source or "@stream" in source else "eligible"


class SwappedIncremental(Swapped, IncrementalExecutor):
    """In place of the one that `execute` uses."""


class SwappedThrowing(Swapped, ExecutorThrowingOnIncremental):
    """In place of the one that `subscribe` uses."""


def pytest_configure(config: pytest.Config) -> None:
    module: Any = importlib.import_module("graphql.execution.execute")
    module.IncrementalExecutor, module.ExecutorThrowingOnIncremental = SwappedIncremental, SwappedThrowing


def pytest_sessionfinish(session: pytest.Session) -> None:
    COUNTS["passed"] = session.testscollected - session.testsfailed
    Path(os.environ["SWAPPED_COUNTS"]).write_text(json.dumps(COUNTS))
