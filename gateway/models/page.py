"""A page of a longer list, as Relay's connections show it."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class PageInfo(Struct, frozen=True):
    """Where a page lies in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Edge(Struct, Generic[T], frozen=True):
    """An item and the cursor that stands for its place."""

    cursor: str
    node: T


class Page(Struct, Generic[T], frozen=True):
    """Some items in order. `follows` where it is not the first page."""

    edges: tuple[Edge[T], ...]
    has_next_page: bool
    follows: bool

    @property
    def nodes(self) -> tuple[T, ...]:
        """The items without their cursors."""
        return tuple([edge.node for edge in self.edges])

    @property
    def page_info(self) -> PageInfo:
        """What a front end needs to ask for more."""
        ends = (self.edges[0].cursor, self.edges[-1].cursor) if self.edges else (None, None)
        return PageInfo(self.has_next_page, self.follows, *ends)


def page_of(items: Sequence[T], cursor_of: Callable[[T], str], first: int, after: str | None) -> Page[T] | None:
    """The `first` items behind the one whose cursor is `after`; None where no item has that cursor."""
    start = 0
    if after is not None:
        cursors = [cursor_of(item) for item in items]
        if after not in cursors:
            return None
        start = cursors.index(after) + 1
    edges = tuple([Edge(cursor_of(item), item) for item in items[start : start + first]])
    return Page(edges, has_next_page=start + first < len(items), follows=start > 0)
