"""Operations: parsed and checked once, compiled at their second use, run as graphql-core runs them."""

from gateway.execution.comparing import Comparing, Difference
from gateway.execution.kinds import InstanceOf
from gateway.execution.operations import BadVariables, Checks, Document, Invalid, Operation, Operations

__all__ = [
    "BadVariables",
    "Checks",
    "Comparing",
    "Difference",
    "Document",
    "InstanceOf",
    "Invalid",
    "Operation",
    "Operations",
]
