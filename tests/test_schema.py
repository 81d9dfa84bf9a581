"""The schema as a document: described to the last value, nullable where it crosses to a legacy system, in step."""

import inspect
import typing
from pathlib import Path

import graphql
import pytest

from gateway.schema.fields import SHOWN
from gateway.schema.root import build_schema, executable, print_schema
from tests.support import FIXTURES, crosses

SCHEMA = executable(build_schema())
OWN_TYPES = [type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")]
FETCHING = {"Tenant", "Advisor", "Document"}  # their non-plain fields cross to a legacy system
# What the gateway keeps itself: answered by its own database, without which there is no session either.
OWN = {"Tenant.payments", "Balance.pendingPayments", "Balance.expected"}


def things() -> typing.Iterator[tuple[str, str | None]]:
    """Everything that can carry a description."""
    builtin = {"Int", "String", "Boolean", "Float", "ID"}
    for type_ in OWN_TYPES:
        if type_.name in builtin:
            continue
        yield type_.name, type_.description
        fields = getattr(type_, "fields", {})
        for name, field in fields.items():
            yield f"{type_.name}.{name}", field.description
            for argument, definition in getattr(field, "args", {}).items():
                yield f"{type_.name}.{name}({argument})", definition.description
        if isinstance(type_, graphql.GraphQLEnumType):
            for name, value in type_.values.items():
                yield f"{type_.name}.{name}", value.description


def test_everything_has_a_description() -> None:
    silent = [name for name, description in things() if not (description or "").strip()]
    assert silent == []


@pytest.mark.parametrize("name", sorted(FETCHING))
def test_nothing_is_non_null_where_the_graph_crosses_to_a_legacy_system(name: str) -> None:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, graphql.GraphQLObjectType)
    fields = {f"{name}.{field_name}" for field_name, field in type_.fields.items() if crosses(field)}
    crossing = [field.partition(".")[2] for field in sorted(fields - OWN)]
    assert crossing
    for field_name in crossing:
        assert not isinstance(type_.fields[field_name].type, graphql.GraphQLNonNull), f"{name}.{field_name}"


def test_only_known_types_cross() -> None:
    """A type that begins to fetch must be named in FETCHING, or the test above would pass it by."""
    crossing = set()
    for type_ in OWN_TYPES:
        fields = getattr(type_, "fields", {}).items()
        if any(crosses(field) and f"{type_.name}.{name}" not in OWN for name, field in fields):
            crossing.add(type_.name)
    assert crossing - {"Query", "Mutation", "Account"} == FETCHING  # an account is the gateway's own


@pytest.mark.parametrize("shown", SHOWN, ids=lambda cls: cls.__name__)
def test_a_type_shows_what_its_model_has(shown: type) -> None:
    model = SHOWN[shown]
    has = set(typing.get_type_hints(model)) | {
        name for name, value in inspect.getmembers(model) if isinstance(value, property)
    }
    definition = shown.__strawberry_definition__  # type: ignore[attr-defined]
    plain = {field.python_name for field in definition.fields if field.base_resolver is None}
    assert plain <= has


def test_the_committed_schema_is_the_codes() -> None:
    assert Path("schema.graphql").read_text(encoding="utf-8") == print_schema()


def test_the_home_screen_is_valid() -> None:
    document = graphql.parse((FIXTURES / "home.graphql").read_text())
    assert graphql.validate(SCHEMA, document) == []
