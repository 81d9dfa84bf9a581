"""What a usual value of a type is: of exactly the class that the type is made of, so that it needs no second look."""

from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from inspect import getattr_static
from types import GeneratorType, MemberDescriptorType, NoneType
from typing import Any, Generic, TypeVar

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLScalarType
from graphql.pyutils import UndefinedType

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

STRAWBERRY = "strawberry.schema.schema_converter"


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """An `is_type_of` that needs no call where a value's class is exactly `model`.

    The model's attributes and properties say the same, and do nothing else, however often they are read.
    """

    model: type

    def __call__(self, value: object, _: object) -> bool:
        """Whether the value may be shown as the type."""
        return isinstance(value, self.model)


@dataclass(frozen=True, slots=True)
class TextOf(Generic[T]):
    """A scalar's `serialize` that writes values of exactly `model`, the same way each time and to no other effect."""

    model: type[T]
    write: Callable[[T], str]

    def __call__(self, value: T) -> str:
        """The value's text."""
        return self.write(value)


class Texts(dict[K, str]):
    """The texts of values that are equal only where their texts are, at most so many; `[value]` looks one up.

    Half the time of `lru_cache`: but for new ones it is a dictionary's own look-up.
    """

    def __init__(self, write: Callable[[K], str], most: int) -> None:
        self._write, self._most = write, most

    def __missing__(self, value: K) -> str:
        if len(self) >= self._most:
            self.clear()
        text = self[value] = self._write(value)
        return text


def usual_source(type_: GraphQLObjectType, bind: Callable[[Any], str]) -> str | None:
    """The test that `v` is surely a source of that type; None where only graphql-core can tell."""
    test = type_.is_type_of
    if test is None:
        return "tame[type(v)]"
    if isinstance(test, InstanceOf):
        return f"type(v) is {bind(test.model)}" if tame[test.model] else None
    if getattr(test, "__module__", None) == STRAWBERRY:  # Strawberry's own look at nothing but the value
        return f"tame[type(v)] and {bind(test)}(v, None)"
    return None


def usual_names(type_: GraphQLEnumType) -> dict[int, str]:
    """What an enum's own values are called, by identity; they live as long as the type."""
    values = [*getattr(type_, "wrapped_cls", ()), *(each.value for each in type_.values.values())]
    names = {}
    for value in values:
        if tame[type(value)]:
            with suppress(Exception):  # one that has no name is looked at where it comes up
                names[id(value)] = type_.coerce_output_value(value)
    return names


def decimal_text(number: Decimal) -> str:
    """A scalar's `serialize` for decimal numbers: never with an exponent."""
    text = str(number)
    return text if "E" not in text else format(number, "f")


@dataclass(frozen=True, slots=True)
class Writing:
    """How a custom scalar's usual `{v}` is written, the same each time: its test, its text, when that is in doubt."""

    test: str
    text: str
    doubt: str = ""


def usual_text(type_: GraphQLScalarType, bind: Callable[[Any], str]) -> Writing | None:
    """How usual values of a scalar are written; None where nobody knows."""
    write: Any = type_.coerce_output_value
    if isinstance(write, TextOf):
        return Writing(f"type({{v}}) is {bind(write.model)}", f"{bind(write.write)}({{v}})", "type({v}) is not str")
    if write is decimal_text:
        return Writing(f"type({{v}}) is {bind(Decimal)}", "str({v})", "'E' in {v}")
    if write is date.isoformat:
        return Writing(f"type({{v}}) is {bind(date)}", f"{bind(_DATES)}[{{v}}]")
    if write is str:
        return Writing(f"type({{v}}) in {bind(_WRITTEN)}", "str({v})")
    return None


def reads_alike(model: type, name: str) -> bool:
    """Whether an attribute of exactly that class may be read twice: a slot, a property, or what an instance holds."""
    found = getattr_static(model, name, None)
    return type(found) in {MemberDescriptorType, property} or not hasattr(type(found), "__get__")


_WRITTEN = frozenset({str, int, float, bool, Decimal, date, datetime, time, timedelta})
_DATES = Texts(date.isoformat, 4_096)
_OPEN = {*_WRITTEN, object, bytes, list, tuple, dict, set, frozenset}


class Tame(dict[type, bool]):
    """By class: whether its values are surely neither None, nor undefined, nor errors, nor awaitable."""

    def __missing__(self, cls: type) -> bool:
        wild = issubclass(cls, (NoneType, UndefinedType, BaseException, Awaitable, GeneratorType, type))
        self[cls] = not wild and not any(map(_hides, cls.__mro__))
        return self[cls]


def _hides(cls: type) -> bool:
    """Whether the class may make attributes up, `__await__` among them."""
    return cls not in _OPEN and ("__getattr__" in vars(cls) or "__getattribute__" in vars(cls))


tame = Tame()
