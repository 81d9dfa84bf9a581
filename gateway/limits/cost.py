"""What fields cost, by the reading of the IBM cost directives (`@cost`, `@listSize`), and sums of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, IntValueNode, Node, VariableNode


@dataclass(frozen=True, slots=True)
class ListSize:
    """`@listSize`: how many items a list has.

    As many as the slicing argument says, else `assumed`. Where `sized_fields` are named, it is these fields of the
    object below that are lists.
    """

    assumed: int
    slicing_arguments: tuple[str, ...] = ()
    sized_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldCost:
    """`@cost`: how many calls to other systems the field may cause, each time it is asked; and its list's size."""

    calls: int = 0
    size: ListSize | None = None


FieldCosts = Mapping[tuple[str, str], FieldCost]
"""By name of type and field; what is not there calls nobody, and lists there are taken to have one item."""

FREE = FieldCost()


@dataclass(frozen=True, slots=True)
class Price:
    """Calls to other systems, and rows: objects in the answer."""

    calls: int
    rows: int


@dataclass(frozen=True, slots=True)
class Size:
    """Items of a list: as many as the variable says, else `assumed`."""

    assumed: int
    variable: str | None = None

    def of(self, variables: Mapping[str, Any]) -> int:
        """The size with these coerced variables."""
        given = variables.get(self.variable) if self.variable is not None else None
        return max(given, 0) if type(given) is int else self.assumed


ONE = Size(1)


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """What is known without variables, and parts that depend on them, each so many times.

    Parts are shared, as fragments are: a sum that goes into each only once is as long as the document, no longer.
    """

    calls: int = 0
    rows: int = 0
    parts: tuple[tuple[Size, "Cost"], ...] = ()

    def price(self, variables: Mapping[str, Any]) -> Price:
        """The price with these coerced variables."""
        return self._price(variables, {})

    def _price(self, variables: Mapping[str, Any], known: dict["Cost", Price]) -> Price:
        if self not in known:
            calls, rows = self.calls, self.rows
            for size, cost in self.parts:
                times, price = size.of(variables), cost._price(variables, known)
                calls, rows = calls + times * price.calls, rows + times * price.rows
            known[self] = Price(calls, rows)
        return known[self]


def total(calls: int, rows: int, below: list[tuple[Size, Cost]]) -> Cost:
    """The sum of these and what lies below; what no variable changes is added up at once."""
    parts = []
    for size, cost in below:
        if size.variable is None and not cost.parts:
            calls, rows = calls + size.assumed * cost.calls, rows + size.assumed * cost.rows
        else:
            parts.append((size, cost))
    return Cost(calls, rows, tuple(parts))


def size_of(size: ListSize, node: FieldNode) -> Size:
    """A list's size by the slicing arguments of a field; of several the first that is given."""
    for name in size.slicing_arguments:
        value = next((each.value for each in node.arguments or () if each.name.value == name), None)
        if value is not None:
            return _given(value, size.assumed)
    return Size(size.assumed)


def _given(value: Node, assumed: int) -> Size:
    if isinstance(value, VariableNode):
        return Size(assumed, value.name.value)
    if isinstance(value, IntValueNode) and not value.value.startswith("-"):
        return Size(int(value.value[:_DIGITS]))
    return Size(assumed)


_DIGITS = 12  # no number of the graph has more, and Python is slow to read thousands of them
