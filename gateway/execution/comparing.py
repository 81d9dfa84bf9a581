"""Whether two ways of running an operation gave the same, and where they differ; without a word of what they gave."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from graphql import ExecutionResult, GraphQLError

MAX_PLACES = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """A live query that did not come out as graphql-core has it.

    `places` are response paths (`data.me.works.0.title`, `errors.1`), a few: keys that the client chose, no values.
    """

    document_sha256: str
    operation: str | None
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparing:
    """One in `every` compiled queries is run by graphql-core too, and answered so; `report` is told differences."""

    every: int
    report: Callable[[Difference], None]


def differing_places(expected: ExecutionResult, actual: ExecutionResult) -> tuple[str, ...]:
    """Where the results differ, keys and their order included; empty where they do not."""
    places = _differing("data", expected.data, actual.data)
    # Errors come in the order in which what they waited for did, which is another each time.
    wanted, got = (sorted(map(_plain, each.errors or [])) for each in (expected, actual))
    errors = _differing("errors", wanted, got)
    return (*islice(places, MAX_PLACES), *islice(errors, MAX_PLACES))


def _plain(error: GraphQLError) -> str:
    return repr((error.message, error.path, error.locations, error.extensions))


def _differing(place: str, expected: Any, actual: Any) -> Iterator[str]:
    if type(expected) is not type(actual):
        yield place
    elif isinstance(expected, dict):
        if list(expected) != list(actual):
            yield place
        for key in expected.keys() & actual.keys():
            yield from _differing(f"{place}.{key}", expected[key], actual[key])
    elif isinstance(expected, list):
        if len(expected) != len(actual):
            yield place
        for index, (one, other) in enumerate(zip(expected, actual, strict=False)):
            yield from _differing(f"{place}.{index}", one, other)
    elif expected != actual:
        yield place
