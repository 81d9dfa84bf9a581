"""How a field gets its value, decided from its Strawberry definition; never guessed."""

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import isasyncgenfunction
from typing import Any

from graphql import GraphQLField, GraphQLSchema, TypeNameMetaFieldDef
from strawberry import Info
from strawberry.relay import GlobalID
from strawberry.schema.compat import is_scalar
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from gateway.execution.usual import STRAWBERRY

_BACKREF = "strawberry-definition"

# Where a resolver keeps a function that does the same by `(context, source, **arguments)`: no info is made for it.
BY_CONTEXT = "by_context"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A plain attribute of the source."""

    name: str


@dataclass(frozen=True, slots=True)
class Direct:
    """A resolver without permissions, extensions or error handlers: the function itself is called.

    `source_names` are the keywords that get the source; `positional` says that it comes first as well, and
    `by_context` that the context does, and the source second. `taken_as_is` has the keywords of those arguments, by
    their names in the graph, whose values need no conversion.
    """

    function: Callable[..., Any]
    by_context: bool
    positional: bool
    source_names: tuple[str, ...]
    info_name: str | None
    field: StrawberryField
    convert: Callable[[dict[str, Any]], dict[str, Any]]
    taken_as_is: Mapping[str, str]


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
    if type(field).get_result is not StrawberryField.get_result or resolve.__module__ != STRAWBERRY:
        return Wrapped(resolve)
    if resolve.__name__ == "_get_basic_result" and field.default_resolver is getattr and is_name(field.python_name):
        return Attribute(field.python_name)
    return _direct(field, schema) or Wrapped(resolve)


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

    as_is = {
        config.name_converter.from_argument(argument): argument.python_name
        for argument in field.arguments
        if not _is_list(argument.type)
    }
    by_context = getattr(resolver.wrapped_func, BY_CONTEXT, None)
    if by_context is not None:
        return Direct(by_context, True, True, (), None, field, convert, as_is)
    sources = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each is not None]
    info = None if resolver.info_parameter is None else resolver.info_parameter.name
    names = (*sources, *([] if info is None else [info]))
    if len(set(names)) < len(names) or not all(map(is_name, names)):
        return None
    positional = resolver.self_parameter is not None
    return Direct(resolver.wrapped_func, False, positional, tuple(sources), info, field, convert, as_is)


def is_name(text: str) -> bool:
    """Whether Python takes it for a name."""
    return text.isidentifier() and not keyword.iskeyword(text)


def _is_list(type_: Any) -> bool:
    return type(type_) is StrawberryList or (type(type_) is StrawberryOptional and _is_list(type_.of_type))


def _is_leaf(type_: Any, registry: Mapping[object, Any]) -> bool:
    """Whether converting a value of the type cannot fail and needs no info."""
    while type(type_) in {StrawberryList, StrawberryOptional}:
        type_ = type_.of_type
    return type_ is not GlobalID and (isinstance(type_, StrawberryEnumDefinition) or is_scalar(type_, registry))
