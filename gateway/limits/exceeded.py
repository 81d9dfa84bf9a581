"""The limits, and what is raised where a document goes beyond one."""

from dataclasses import dataclass

from graphql import GraphQLError, Node


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document, and each operation of it, may hold at most.

    Fragments count wherever they are spread, aliases each for itself; @skip and @include change nothing. `calls` and
    `rows` are of the fields' costs.
    """

    tokens: int
    depth: int
    aliases: int
    root_fields: int
    directives: int
    calls: int
    rows: int
    introspection: bool


class LimitExceeded(GraphQLError):
    """A document, or an operation with its variables, asks too much; `extensions` hold a code and the limit."""

    def __init__(self, code: str, message: str, limit: int | None = None, node: Node | None = None) -> None:
        extensions: dict[str, object] = {"code": code}
        super().__init__(message, node, extensions=extensions if limit is None else extensions | {"limit": limit})
        self.code = code
