"""The arguments that every connection has."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.errors import BadUserInput
from gateway.models.page import Page, page_of

MAX_FIRST = 100

T = TypeVar("T")


def page_size(first: int | None, default: int) -> int:
    """`first` as given, the field's default where null; BadUserInput beyond 1 to 100."""
    size = default if first is None else first
    if not 1 <= size <= MAX_FIRST:
        raise BadUserInput("first_out_of_range", maximum=MAX_FIRST)
    return size


def resolve_page(items: Sequence[T], cursor_of: Callable[[T], str], first: int, after: str | None) -> Page[T]:
    """A page of a list that is at hand; BadUserInput for a cursor that is not of this list."""
    page = page_of(items, cursor_of, first, after)
    if page is None:
        raise BadUserInput("cursor_unknown")
    return page
