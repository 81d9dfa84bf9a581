"""How the schema is written down: types that show models, plain fields, fetched fields, described enums and scalars."""

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, TypeVar

import strawberry
from strawberry import Info
from strawberry.types.enum import StrawberryEnumDefinition

from gateway.execution import BY_CONTEXT, InstanceOf
from gateway.schema.costs import cost_directives

T = TypeVar("T")

# Every type that shows a model, for the tests that hold the one against the other.
SHOWN: dict[type, type] = {}


def shows(model: type, description: str, *, name: str | None = None) -> Callable[[type[T]], type[T]]:
    """The class is an object type whose values are instances of `model`; nothing is copied from one to the other."""

    def decorate(cls: type[T]) -> type[T]:
        cls.is_type_of = InstanceOf(model)  # type: ignore[attr-defined]
        SHOWN[cls] = model
        return strawberry.type(cls, name=name, description=description)

    return decorate


def plain(description: str, *, name: str | None = None, size: int | None = None) -> Any:
    """An attribute or property of the model, of the same name in Python; `size` is a list's usual length."""
    return strawberry.field(description=description, name=name, directives=cost_directives(0, size))


def fetched(
    resolve: Callable[..., Any], description: str, *, calls: int = 0, size: int | None = None, **arguments: str
) -> Any:
    """A field answered by `resolve(context, model, …)`, its arguments described one by one.

    `calls` says how many legacy calls it may cause, `size` how long a list (or a page, without `first`) usually is.
    An argument that Python has no name for (`from`) is written with an underscore behind.
    """
    parameters = list(inspect.signature(resolve).parameters.values())[2:]
    signature = [
        inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
        *(_described(parameter, arguments[parameter.name]) for parameter in parameters),
    ]
    resolver = _async_resolver(resolve) if inspect.iscoroutinefunction(resolve) else _resolver(resolve)
    resolver.__name__, resolver.__wrapped__ = resolve.__name__, resolve  # type: ignore[attr-defined]
    resolver.__annotations__ = {each.name: each.annotation for each in signature[1:]}
    resolver.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    setattr(resolver, BY_CONTEXT, resolve)
    directives = cost_directives(calls, size, paged="first" in arguments)
    return strawberry.field(resolver=resolver, description=description, directives=directives)


def described(enum: type[Enum], description: str, *, name: str | None = None, **values: str) -> None:
    """The model's enum is an enum of the graph, each value described; before or after fields use it."""
    if "__strawberry_definition__" not in vars(enum):
        strawberry.enum(enum)
    definition: StrawberryEnumDefinition = vars(enum)["__strawberry_definition__"]
    definition.name = name or definition.name
    definition.description = description
    for value in definition.values:
        value.description = values[value.name]


def _described(parameter: inspect.Parameter, description: str) -> inspect.Parameter:
    name = parameter.name.rstrip("_") if parameter.name.endswith("_") else None
    argument = strawberry.argument(description=description, name=name)
    annotation = strawberry.ID if parameter.name == "id" else parameter.annotation
    return parameter.replace(annotation=Annotated[annotation, argument])


def _resolver(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolver(root: Any, info: Info, **arguments: Any) -> Any:
        return resolve(info.context, root, **arguments)

    return resolver


def _async_resolver(resolve: Callable[..., Any]) -> Callable[..., Any]:
    async def resolver(root: Any, info: Info, **arguments: Any) -> Any:
        return await resolve(info.context, root, **arguments)

    return resolver
