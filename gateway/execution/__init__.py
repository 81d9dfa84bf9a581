"""Operations: parsed and checked once, compiled at their second use, run as graphql-core runs them."""

from gateway.execution.comparing import Comparing, Difference
from gateway.execution.kinds import BY_CONTEXT
from gateway.execution.operations import BadVariables, Checks, Document, Invalid, Operation, Operations
from gateway.execution.usual import InstanceOf, TextOf, Texts, decimal_text

__all__ = [
    "BY_CONTEXT",
    "BadVariables",
    "Checks",
    "Comparing",
    "Difference",
    "Document",
    "InstanceOf",
    "Invalid",
    "Operation",
    "Operations",
    "TextOf",
    "Texts",
    "decimal_text",
]
