"""How a field gets its value, decided from its Strawberry definition; never guessed."""

import keyword
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from inspect import isasyncgenfunction
from types import GeneratorType, NoneType
from typing import Any

from graphql import GraphQLEnumType, GraphQLField, GraphQLObjectType, GraphQLSchema, TypeNameMetaFieldDef
from graphql.pyutils import UndefinedType
from strawberry import Info
from strawberry.relay import GlobalID
from strawberry.schema.compat import is_scalar
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

_BACKREF = "strawberry-definition"
_STRAWBERRY = "strawberry.schema.schema_converter"


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """An `is_type_of` that needs no call where a value's class is exactly `model`."""

    model: type

    def __call__(self, value: object, _: object) -> bool:
        """Whether the value may be shown as the type."""
        return isinstance(value, self.model)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A plain attribute of the source."""

    name: str


@dataclass(frozen=True, slots=True)
class Direct:
    """A resolver without permissions, extensions or error handlers: the function itself is called.

    `source_names` are the keywords that get the source; `positional` says that it comes first as well.
    """

    function: Callable[..., Any]
    positional: bool
    source_names: tuple[str, ...]
    info_name: str | None
    field: StrawberryField
    convert: Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Anything else: the field's own `resolve`, or the executor's default where it has none."""

    resolve: Callable[..., Any] | None


@dataclass(frozen=True, slots=True)
class Typename:
    """`__typename`, which the plan knows."""


Kind = Attribute | Direct | Wrapped | Typename


def kind_of(definition: GraphQLField, schema: GraphQLSchema) -> Kind:
    """The kind of a field."""
    if definition is TypeNameMetaFieldDef:
        return Typename()
    field, resolve = definition.extensions.get(_BACKREF), definition.resolve
    if not isinstance(field, StrawberryField) or resolve is None:
        return Wrapped(resolve)
    # Strawberry's own wrappers look like this; whatever replaced them is called as it is.
    if type(field).get_result is not StrawberryField.get_result or resolve.__module__ != _STRAWBERRY:
        return Wrapped(resolve)
    if resolve.__name__ == "_get_basic_result" and field.default_resolver is getattr and _is_name(field.python_name):
        return Attribute(field.python_name)
    return _direct(field, schema) or Wrapped(resolve)


def usual_source(type_: GraphQLObjectType, bind: Callable[[Any], str]) -> str | None:
    """The test that `v` is surely a source of that type; None where only graphql-core can tell."""
    test = type_.is_type_of
    if test is None:
        return "tame[type(v)]"
    if isinstance(test, InstanceOf):
        return f"type(v) is {bind(test.model)}" if tame[test.model] else None
    if getattr(test, "__module__", None) == _STRAWBERRY:  # Strawberry's own look at nothing but the value
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


def _direct(field: StrawberryField, schema: GraphQLSchema) -> Direct | None:
    resolver = field.base_resolver
    # A Strawberry schema keeps itself on graphql-core's.
    converter, config = (owner := vars(schema)["_strawberry_schema"]).schema_converter, owner.config
    if (
        resolver is None
        or field.extensions
        or field.permission_classes
        or converter._get_field_exception_handlers(field)
        or config.info_class is not Info
        or isinstance(resolver.wrapped_func, (staticmethod, classmethod))
        or isasyncgenfunction(resolver._unbound_wrapped_func)
        or not all(_is_leaf(argument.type, converter.scalar_registry) for argument in field.arguments)
    ):
        return None

    def convert(arguments: dict[str, Any]) -> dict[str, Any]:
        return convert_arguments(arguments, field.arguments, converter.scalar_registry, config)

    sources = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each is not None]
    info = None if resolver.info_parameter is None else resolver.info_parameter.name
    names = (*sources, *([] if info is None else [info]))
    if len(set(names)) < len(names) or not all(map(_is_name, names)):
        return None
    positional = resolver.self_parameter is not None
    return Direct(resolver.wrapped_func, positional, tuple(sources), info, field, convert)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _is_leaf(type_: Any, registry: Mapping[object, Any]) -> bool:
    """Whether converting a value of the type cannot fail and needs no info."""
    while type(type_) in {StrawberryList, StrawberryOptional}:
        type_ = type_.of_type
    return type_ is not GlobalID and (isinstance(type_, StrawberryEnumDefinition) or is_scalar(type_, registry))


_OPEN = {
    object,
    str,
    bytes,
    int,
    float,
    bool,
    Decimal,
    date,
    datetime,
    time,
    timedelta,
    list,
    tuple,
    dict,
    set,
    frozenset,
}


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
