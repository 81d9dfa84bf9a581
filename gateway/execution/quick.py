"""Python source for values that are plain all the way down: no resolver is called below them, nothing waits.

Such a value is completed in one go, lists in lists and objects in objects in line. Where anything is odd, the function
gives up: graphql-core then completes the whole value, and reads anew what was read (`InstanceOf` says that it may).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_scalar_type,
)

from gateway.execution.kinds import Attribute, Typename
from gateway.execution.plan import Selection, Step
from gateway.execution.usual import InstanceOf, reads_alike, tame, usual_names, usual_text

# What a built-in scalar serialises as itself; such a value is surely neither an error nor awaitable.
SCALARS = {
    GraphQLString: "type({v}) is str",
    GraphQLID: "type({v}) is str",
    GraphQLInt: "type({v}) is int and -2147483648 <= {v} <= 2147483647",
    GraphQLFloat: "type({v}) is float and -inf < {v} < inf",
    GraphQLBoolean: "type({v}) is bool",
}
# Python nests no more than 20 loops and 100 blocks: what is deeper has a function of its own.
MAX_DEPTH = 12

Lines = list[str]


@dataclass(slots=True)
class Quick:
    """Writes functions `f(v)` that complete a value, or give None where it is odd (or null).

    `bind` names a constant, `write` writes a function of these parameters and lines and names it.
    """

    bind: Callable[[Any], str]
    write: Callable[..., str]
    _functions: dict[tuple[str, Selection | Step], str | None] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)
    _lists: list[str] = field(default_factory=list)

    def function(self, step: Step, type_: Any) -> str | None:
        """The name of the function for a field's values of that type, null aside; None where they are not plain."""
        type_ = _nullable(type_)
        key = str(type_), step.selections.get(type_, step)
        if key not in self._functions:
            plain = not is_leaf_type(type_) and self._is_plain(step, type_)
            self._functions[key] = self._function(step, type_) if plain else None
        return self._functions[key]

    def _function(self, step: Step, type_: GraphQLOutputType) -> str:
        others, self._lists = self._lists, []
        lines, value = self._composite(step, type_, "v", 0)
        lines = [*(f"{each} = None" for each in self._lists), *lines, f"return {value}"]
        self._lists = others
        return self.write("v", "try:", *(f" {line}" for line in lines), "except Exception:", " pass")

    def _is_plain(self, step: Step, type_: GraphQLOutputType) -> bool:
        """Whether a usual value of the type is known by its class, as is all that is asked of it."""
        type_ = _nullable(type_)
        if is_list_type(type_):
            return self._is_plain(step, type_.of_type)
        if is_object_type(type_):
            model = type_.is_type_of.model if isinstance(type_.is_type_of, InstanceOf) else None
            return model is not None and tame[model] and self._is_all_plain(step.selections[type_], model)
        return type_ in SCALARS or is_enum_type(type_) or (is_scalar_type(type_) and bool(usual_text(type_, str)))

    def _is_all_plain(self, selection: Selection, model: type) -> bool:
        if selection.plain is None:
            selection.plain = all(self._is_read_alike(each, model) for each in selection.steps)
        return selection.plain

    def _is_read_alike(self, step: Step, model: type) -> bool:
        if isinstance(step.kind, Attribute):
            return reads_alike(model, step.kind.name) and self._is_plain(step, step.definition.type)
        return isinstance(step.kind, Typename)

    def _complete(self, step: Step, type_: GraphQLOutputType, v: str, depth: int) -> tuple[Lines, str]:
        """The lines that look at `v`, which any of them may leave, and the expression of what becomes of it."""
        nullable = not is_non_null_type(type_)
        type_ = _nullable(type_)
        if is_leaf_type(type_):
            return self._leaf(type_, v, nullable)
        if depth == MAX_DEPTH or (is_object_type(type_) and step.selections[type_].shared):
            lines = [f"{v} = {self.function(step, type_)}({v})", f"if {v} is None: return"]
            value = v
        else:
            lines, value = self._composite(step, type_, v, depth)
        if nullable:
            return [f"if {v} is not None:", *(f" {line}" for line in [*lines, f"{v} = {value}"])], v
        return lines, value

    def _leaf(self, type_: Any, v: str, nullable: bool) -> tuple[Lines, str]:
        if is_enum_type(type_):  # what is no value of it raises KeyError
            name = f"{self.bind(usual_names(type_))}[id({v})]"
            return [], f"None if {v} is None else {name}" if nullable else name
        writing = None if type_ in SCALARS else usual_text(type_, self.bind)
        lines = [f"if not ({(SCALARS[type_] if writing is None else writing.test).format(v=v)}): return"]
        if writing is not None:
            lines += [f"{v} = {writing.text.format(v=v)}"]
            lines += [f"if {writing.doubt.format(v=v)}: return"] if writing.doubt else []
        if nullable:
            lines = [f"if {v} is not None:", *(f" {line}" for line in lines)]
        return lines, v

    def _composite(self, step: Step, type_: GraphQLOutputType, v: str, depth: int) -> tuple[Lines, str]:
        if is_list_type(type_):
            out, item = f"r{next(self._numbers)}", f"v{next(self._numbers)}"
            lines, value = self._complete(step, type_.of_type, item, depth + 1)
            lines = [
                f"if type({v}) is not tuple and type({v}) is not list: return",
                f"{out} = []",
                f"for {item} in {v}:",
                *(f" {line}" for line in [*lines, f"{out}.append({value})"]),
            ]
            if depth == 0:
                return lines, out
            # In a loop the list that was met last is often met again, as notices share their lines.
            self._lists.append(met := f"m{next(self._numbers)}")
            return [f"if {v} is not {met}:", *(f" {line}" for line in [*lines, f"{met} = {v}"])], out
        assert isinstance(type_, GraphQLObjectType)
        return self._object(step.selections[type_], type_.is_type_of.model, v, depth)  # type: ignore[union-attr]

    def _object(self, selection: Selection, model: type, v: str, depth: int) -> tuple[Lines, str]:
        lines, values = [f"if type({v}) is not {self.bind(model)}: return"], []
        for step in selection.steps:
            if isinstance(step.kind, Typename):
                value = self.bind(step.parent.name)
            else:
                assert isinstance(step.kind, Attribute)
                a = f"v{next(self._numbers)}"
                lines.append(f"{a} = {v}.{step.kind.name}")
                more, value = self._complete(step, step.definition.type, a, depth + 1)
                lines += more
            values.append(f"{self.bind(step.key)}: {value}")
        return lines, f"{{{', '.join(values)}}}"


def _nullable(type_: GraphQLOutputType) -> Any:
    return type_.of_type if is_non_null_type(type_) else type_
