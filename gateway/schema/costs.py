"""What fields cost, as the IBM cost directives say it in the schema; and the same as the limits read it."""

import graphql
import strawberry
from strawberry.schema_directive import Location

from gateway.limits import FieldCost, FieldCosts
from gateway.limits import ListSize as Sized


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="How many calls to legacy systems the field may cause, each time that it is asked; 0 where nothing is "
    "said. Each object of an answer is a row.",
)
class Cost:
    """`@cost` of the IBM cost directives."""

    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many items a list is taken to have: as many as its slicing argument says, else the assumed size. "
    "The sized fields are the lists, where they are named.",
)
class ListSize:
    """`@listSize` of the IBM cost directives."""

    assumed_size: int
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET
    require_one_slicing_argument: bool | None = strawberry.UNSET


def cost_directives(calls: int, size: int | None, *, paged: bool = False) -> list[object]:
    """The directives of a field; `size` is a list's usual length or, where it is paged, its page's without `first`."""
    directives: list[object] = [Cost(weight=str(calls))] if calls else []
    if paged and size is not None:
        directives.append(
            ListSize(
                assumed_size=size,
                slicing_arguments=["first"],
                sized_fields=["edges", "nodes"],
                require_one_slicing_argument=False,
            )
        )
    elif size is not None:
        directives.append(ListSize(assumed_size=size))
    return directives


def field_costs(schema: graphql.GraphQLSchema) -> FieldCosts:
    """The costs of all fields that have any."""
    costs = {}
    for type_ in schema.type_map.values():
        for name, field in getattr(type_, "fields", {}).items():
            definition = field.extensions.get("strawberry-definition")
            if cost := _read(getattr(definition, "directives", ())):
                costs[type_.name, name] = cost
    return costs


def _read(directives: object) -> FieldCost | None:
    assert isinstance(directives, list | tuple)
    weight = next((int(each.weight) for each in directives if isinstance(each, Cost)), 0)
    size = next((_sized(each) for each in directives if isinstance(each, ListSize)), None)
    return FieldCost(weight, size) if weight or size else None


def _sized(size: ListSize) -> Sized:
    return Sized(size.assumed_size, tuple(size.slicing_arguments or ()), tuple(size.sized_fields or ()))
