"""Random valid operations for a schema: fragments, aliases, variables, @skip and @include wherever they may be."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import graphql
from graphql import (
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

VALUES: dict[str, list[str]] = {
    "Int": ["0", "1", "3"],
    "Float": ["0.5"],
    "String": ['"a"', '"é\\\\n"'],
    "Boolean": ["true", "false"],
    "ID": ['"x"', "7"],
    "Decimal": ['"1.5"'],
    "Date": ['"2026-03-01"'],
}


@dataclass
class Asked:
    """A document with values for its variables."""

    text: str
    variables: dict[str, Any]


@dataclass
class Writer:
    """Writes one operation with the dice, a mutation in so many cases."""

    schema: GraphQLSchema
    dice: Random
    changes: float = 0.2
    fields_left: int = 60
    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def operation(self) -> Asked:
        """An operation that is valid, or nearly always."""
        kind = "mutation" if self.schema.mutation_type and self.dice.random() < self.changes else "query"
        root = self.schema.mutation_type if kind == "mutation" else self.schema.query_type
        assert root is not None
        selection = self.selection(root, 0)
        declared = ", ".join(f"${name}: {type_}" for name, type_ in self.declared.items())
        head = f"{kind} Asked({declared})" if declared else kind
        return Asked("\n".join([f"{head} {selection}", *self.fragments]), self.variables)

    def selection(self, type_: Any, depth: int) -> str:
        parts = [self.part(type_, depth) for _ in range(self.dice.randrange(1, 6 if depth < 2 else 4))]
        return "{ " + " ".join(parts) + " }"

    def part(self, type_: Any, depth: int) -> str:
        chance = self.dice.random()
        if chance < 0.12 and depth < 5:
            return f"...{self.condition(type_)}{self.directives()} {self.selection(self.narrowed, depth + 1)}"
        if chance < 0.22 and depth < 5:
            name = f"F{len(self.fragments)}"
            self.fragments.append("")  # its place: those within it come behind it
            place = len(self.fragments) - 1
            condition = self.condition(type_, always=True)
            self.fragments[place] = f"fragment {name}{condition} {self.selection(self.narrowed, depth + 1)}"
            return f"...{name}{self.directives()}" + self.dice.choice(["", f" ...{name}"])
        if chance < 0.32 or not getattr(type_, "fields", None):
            return self.alias("__typename") + self.directives()
        return self.field(type_, depth)

    def condition(self, type_: Any, *, always: bool = False) -> str:
        """A type condition; `narrowed` is the type that then holds."""
        options = [type_]
        if is_abstract_type(type_):
            options += self.schema.get_possible_types(type_)
        options += getattr(type_, "interfaces", ())
        self.narrowed = self.dice.choice(options)
        if not always and self.narrowed is type_ and self.dice.random() < 0.5:
            return ""
        return f" on {self.narrowed.name}"

    def field(self, type_: Any, depth: int) -> str:
        self.fields_left -= 1
        composite = depth < 6 and self.fields_left > 0
        names = [name for name, each in type_.fields.items() if composite or is_leaf_type(get_named_type(each.type))]
        if not names:
            return "__typename"
        name = self.dice.choice(names)
        definition = type_.fields[name]
        given = [
            f"{each}: {self.value(argument)}" for each, argument in definition.args.items() if self.gives(argument)
        ]
        arguments = f"({', '.join(given)})" if given else ""
        named = get_named_type(definition.type)
        below = "" if is_leaf_type(named) else " " + self.selection(named, depth + 1)
        return f"{self.alias(name, bool(definition.args))}{arguments}{self.directives()}{below}"

    def alias(self, name: str, always: bool = False) -> str:
        """Fields with arguments never merge, so that the document is valid; others often do."""
        if always:
            return f"a{self.dice.randrange(10**9)}: {name}"
        return f"{name}_{self.dice.randrange(3)}: {name}" if self.dice.random() < 0.2 else name

    def directives(self) -> str:
        if self.dice.random() > 0.15:
            return ""
        value = self.dice.choice(["true", "false"])
        condition = value if self.dice.random() < 0.3 else self.variable("Boolean!", value == "true")
        return f" @{self.dice.choice(['skip', 'include'])}(if: {condition})"

    def gives(self, argument: Any) -> bool:
        return graphql.is_required_argument(argument) or self.dice.random() < 0.5

    def value(self, argument: Any) -> str:
        text = self.literal(argument.type)
        if self.dice.random() < 0.5:
            return text
        value = graphql.value_from_ast_untyped(graphql.parse_value(text))
        return self.variable(str(argument.type), value, omit=not graphql.is_required_argument(argument))

    def variable(self, type_: str, value: Any, *, omit: bool = False) -> str:
        known = [name for name, each in self.declared.items() if each == type_]
        if known and self.dice.random() < 0.6:
            return f"${self.dice.choice(known)}"
        name = f"v{len(self.declared)}"
        self.declared[name] = type_
        if type_.endswith("!") or not omit or self.dice.random() < 0.7:
            self.variables[name] = value
        return f"${name}"

    def literal(self, type_: GraphQLInputType | GraphQLNamedType) -> str:
        if is_non_null_type(type_):
            return self.literal(type_.of_type)
        if is_list_type(type_):
            return f"[{', '.join(self.literal(type_.of_type) for _ in range(self.dice.randrange(3)))}]"
        if is_input_object_type(type_):
            given = [
                f"{name}: {self.literal(each.type)}" for name, each in type_.fields.items() if self.dice.random() < 0.6
            ]
            return "{" + ", ".join(given) + "}"
        if is_enum_type(type_):
            return str(self.dice.choice([*type_.values]))
        return self.dice.choice(VALUES[type_.name])  # type: ignore[union-attr]
