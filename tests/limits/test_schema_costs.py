"""The schema says what its fields cost: over all of it, so that a new list or a new call is not forgotten."""

import graphql
import pytest

from gateway.documents import limits_of
from gateway.limits import Price, parse
from gateway.limits import inspect as inspect_document
from gateway.schema.costs import field_costs
from gateway.schema.root import build_schema, executable, print_schema
from gateway.settings import given_settings
from tests.support import HOME, crosses

SCHEMA = executable(build_schema())
COSTS = field_costs(SCHEMA)
FIELDS = [
    (type_.name, name, field)
    for type_ in SCHEMA.type_map.values()
    if isinstance(type_, graphql.GraphQLObjectType) and not type_.name.startswith("__")
    for name, field in type_.fields.items()
]
# Answered from the gateway's own database.
OWN = {"account", "payments", "supportAccesses"}


def is_list(field: graphql.GraphQLField) -> bool:
    named = graphql.get_named_type(field.type)
    return graphql.is_list_type(graphql.get_nullable_type(field.type)) and graphql.is_composite_type(named)


def test_every_list_has_a_size() -> None:
    sized = {key for key, cost in COSTS.items() if cost.size and not cost.size.sized_fields}
    for type_name, name, field in FIELDS:
        cost = COSTS.get((type_name, name))
        if cost is not None and cost.size is not None:
            sized |= {(graphql.get_named_type(field.type).name, each) for each in cost.size.sized_fields}
    lists = {(type_name, name) for type_name, name, field in FIELDS if is_list(field)}
    assert lists <= sized


def test_every_page_is_as_long_as_its_argument_says() -> None:
    paged = {(type_name, name) for type_name, name, field in FIELDS if "first" in field.args}
    sliced = {key for key, cost in COSTS.items() if cost.size and cost.size.slicing_arguments == ("first",)}
    assert paged == sliced
    for type_name, name, field in FIELDS:
        if (type_name, name) in paged:
            size = COSTS[type_name, name].size
            assert size is not None
            assert size.assumed == field.args["first"].default_value


@pytest.mark.parametrize("type_name", ["Tenant", "Advisor"])
def test_what_crosses_to_a_legacy_system_costs_a_call(type_name: str) -> None:
    crossing = set()
    for of_type, name, field in FIELDS:
        if of_type == type_name and crosses(field):
            crossing.add(name)
    assert crossing
    assert crossing - OWN == {name for of_type, name in COSTS if of_type == type_name and COSTS[of_type, name].calls}


def test_the_home_screen_costs_a_fraction_of_what_it_may() -> None:
    limits = limits_of(given_settings(**_settings()))
    (cost,) = inspect_document(SCHEMA, COSTS, limits, parse(HOME, limits)).costs.values()
    price = cost.price({})
    assert price == Price(calls=10, rows=price.rows)
    assert price.calls * 3 < limits.calls
    assert price.rows * 5 < limits.rows


def test_front_ends_read_it_in_the_schema() -> None:
    printed = print_schema()
    assert "directive @cost(weight: String!) on FIELD_DEFINITION" in printed
    assert '@cost(weight: "3") @listSize(assumedSize: 20, slicingArguments: ["first"]' in printed
    graphql.build_schema(printed)


def _settings() -> dict[str, str]:
    names = ["property_user", "property_password", "billing_user", "billing_secret"]
    addresses = ["property_url", "billing_url", "public_url"]
    return dict.fromkeys(names, "a") | dict.fromkeys(addresses, "http://localhost") | {"secret_key": "x" * 32}
